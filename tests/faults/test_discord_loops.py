"""A bot, its face and a bot of somebody else's do not talk for ever: G39 with faces."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox.discord.permissions import MANAGE_WEBHOOKS
from bots.testkit import Play
from core.models.scripted import Scripted
from tests.fakes.clock import TurnedClock
from tests.fakes.databases import in_use
from tests.faults import ledgers
from tests.faults.test_loops import MINUTE, MOST, STEP, bursts, talkers
from tests.flows.on_discord import Server, bot_says, on_discord
from tests.flows.talk import until

Row = Mapping[str, Any]
BOTS = {"TROUPE_ANSWER_BOTS": True}
FACE = {"DISCORD_FACE_OF": "Ada"}
TALK = ("message", "overheard")


def heard(play: Play, account: str, whom: str) -> list[Row]:
    return [
        row
        for row in ledgers.read(play.data).inbox
        if (row["account"], row["author"]) == (account, whom) and row["kind"] in TALK
    ]


def answered(play: Play, account: str, whom: str) -> list[Row]:
    ends = ("answered", "answered-by")
    return [row for row in heard(play, account, whom) if row["status"] in ends]


def is_done_with(play: Play, robo: str, number: int) -> bool:
    """Whether everybody has made up their mind about so many lines of the foreign bot."""
    [row] = in_use.now.ask(
        play.data,
        f"SELECT sum(CASE WHEN kind = 'message' AND author = '{robo}' THEN 1 ELSE 0 END) AS heard, "
        "sum(CASE WHEN status = 'new' THEN 1 ELSE 0 END) AS still FROM inbox",
    )
    return (row["heard"] or 0) >= number and not row["still"]


def is_at_rest(play: Play, person: str, number: int) -> bool:
    """Whether so much that a person has said is answered, and whatever was said upon that."""
    found = ledgers.read(play.data)
    theirs = [row for row in found.inbox if row["author"] == person and row["kind"] in TALK]
    busy = any(row["status"] == "new" for row in found.inbox) or play.gateway.ready()["owed"]
    return len(theirs) >= number and not busy


@pytest.mark.parametrize(
    "minutes",
    [
        pytest.param(2.5, id="2.5-minutes"),
        pytest.param(10, id="10-minutes", marks=[pytest.mark.soak, pytest.mark.timeout(300)]),
    ],
)
async def test_g39_a_bot_its_faces_and_a_foreign_bot_come_to_an_end(
    minutes: float, tmp_path: Path
) -> None:
    """Ada and Bert, her face, answer bots; Cleo, another face of hers, does not."""
    cast: list[dict[str, Any]] = [
        {"name": "Ada", "bio": "Talks.", "settings": BOTS},
        {"name": "Bert", "bio": "Talks.", "settings": BOTS | FACE},
        {"name": "Cleo", "bio": "Answers no bots.", "settings": FACE},
    ]
    clock = TurnedClock()
    async with on_discord(*cast, model=Scripted(talkers), data=tmp_path, clock=clock) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        foreign = stage.discord.bot("Robo")
        server = Server.of(stage, [ada, foreign], stage.person("Zoe"))
        stage.discord.role(server.guild, "Hands", [ada], permissions=MANAGE_WEBHOOKS)
        ids = {one.name: f"{ada.id}/{one.id}" for one in play.roster.loaded} | {"Ada": str(ada.id)}
        accounts = {name: f"discord:{number}" for name, number in ids.items()}
        robo, zoe, spoken = str(foreign.id), str(server.owner.snowflake), 0
        for line in range(1, int(minutes * MINUTE / STEP) + 1):
            if line % 60 == 1:
                server.owner.says(server.general, "Ada, Bert, go on")
                spoken += 1
                await until(partial(is_at_rest, play, zoe, spoken * len(cast)))
            bot_says(stage, foreign, server.general, "Ada, Bert, Cleo: what do you say?")
            await until(partial(is_done_with, play, robo, line * len(cast)))
            clock.turn(STEP)
        await until(lambda: not play.gateway.ready()["owed"])
        await until(partial(is_done_with, play, robo, line * len(cast)))
        for name in ("Ada", "Bert"):
            times = [row["received_at"] / 1000 for row in answered(play, accounts[name], robo)]
            assert max(bursts(times)) == MOST, "it is answered, and no more than that"
            pauses = [after - before for before, after in pairwise(times)]
            assert sum(pause >= MINUTE for pause in pauses) >= int(minutes) // 2
            rules = {row["rule"] for row in heard(play, accounts[name], robo)}
            assert "enough-exchanged" in rules
        among = [
            row
            for account in accounts.values()
            for whom in ids.values()
            for row in answered(play, account, whom)
        ]
        assert 0 < len(among) <= 3 * spoken, "never deeper than three"
        assert {row["rule"] for row in heard(play, accounts["Cleo"], robo)} == {"bot"}
        said = [one.spoken_as for one in stage.messages(server.general)]
        assert "Cleo" not in said
        assert {"Ada", "Bert"} <= set(said)
