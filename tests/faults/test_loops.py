"""Bots that answer bots come to an end (G39), and what one of ours says survives a crash."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from core.models.scripted import Scripted
from core.ports import ModelRequest
from tests.fakes.clock import TurnedClock
from tests.fakes.databases import in_use
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.faults.process import GatewayProcess, gateway_process
from tests.flows.rooms import BOTH, Room, room
from tests.flows.talk import reply, speaker, until

MOST = 20
MINUTE = 60.0
STEP = 2.5
"""Seconds between two lines of the foreign bot."""

Row = Mapping[str, Any]


def talkers(request: ModelRequest) -> str:
    """Models that always talk, and always to everybody."""
    others = [one for one in ("Ada", "Bert", "Robo") if one != speaker(request)]
    return reply(f"And what do you say, {others[0]}, and you, {others[1]}?")


def is_done_with(here: Room, lines: int) -> bool:
    """Whether everybody has made up their mind about so many lines of the foreign bot."""
    assert here.foreign is not None
    [row] = in_use.now.ask(
        here.data,
        "SELECT sum(CASE WHEN kind = 'message' AND author = "
        f"'{here.foreign.id}' THEN 1 ELSE 0 END) AS heard, "
        "sum(CASE WHEN status = 'new' THEN 1 ELSE 0 END) AS still FROM inbox",
    )
    return (row["heard"] or 0) >= lines * len(here.bots) and not row["still"]


def answered(here: Room, name: str, whom: str) -> list[Row]:
    return [
        row
        for row in here.rows(name)
        if row["author"] == whom and row["status"] in ("answered", "answered-by")
    ]


def bursts(times: Sequence[float]) -> Iterator[int]:
    """How many fall into the minute that each of them begins."""
    for start in times:
        yield sum(start <= one < start + MINUTE for one in times)


@pytest.mark.parametrize("platform", BOTH)
async def test_g39_two_characters_and_a_foreign_bot_talk_for_ten_minutes(
    tmp_path: Path, platform: str
) -> None:
    open_minded = {"TROUPE_ANSWER_BOTS": True}
    cast: list[Any] = [
        {"name": "Ada", "bio": "Talks.", "settings": open_minded},
        {"name": "Bert", "bio": "Talks.", "settings": open_minded},
        {"name": "Cleo", "bio": "Answers no bots."},
    ]
    clock = TurnedClock()
    async with room(
        platform, *cast, model=Scripted(talkers), data=tmp_path, foreign="Robo", clock=clock
    ) as here:
        assert here.foreign is not None
        robo, spoken = str(here.foreign.id), 0
        for line in range(1, int(600 / STEP) + 1):
            if line % 60 == 1:
                here.zoe.says(here.chat, "Ada, Bert, go on")
                spoken += 1
                await here.settled()
            here.foreign_says("Ada, Bert, Cleo: what do you say?")
            await until(partial(is_done_with, here, line))
            clock.turn(STEP)
        await here.settled()
        ours = {name: str(bot.id) for name, bot in here.bots.items()}
        for name in ("Ada", "Bert"):
            times = [row["received_at"] / 1000 for row in answered(here, name, robo)]
            assert max(bursts(times)) == MOST, "it is answered, and no more than that"
            pauses = [after - before for before, after in pairwise(times)]
            assert sum(pause >= MINUTE for pause in pauses) >= 4
            assert ("silent", "enough-exchanged") in here.rules(name)
        among = [
            row for name in ours for whom in ours.values() for row in answered(here, name, whom)
        ]
        assert 0 < len(among) <= 3 * spoken, "never deeper than three"
        assert {row["rule"] for row in here.rows("Cleo") if row["author"] == robo} == {"bot"}
        assert here.said("Cleo") == []


# --- what the others hear, however the process ends ----------------------------------------------


def script(request: dict[str, Any]) -> Script:
    """Ada passes on to Bert, Bert says what he has heard; both take a while."""
    system, last = request["messages"][0]["content"], request["messages"][-1]["content"]
    number = ledgers.TAG.findall(last)[-1][1]
    ada = "# About Ada" in system
    return Script(f"Bert, m0.{number}" if ada else f"noted m0.{number}", before=0.03)


def one_turn_each(stage: Stage, gateway: GatewayProcess, chat: Any) -> dict[str, list[str]]:
    names = {bot: name for name, bot in gateway.bots.items()}
    said: dict[str, list[str]] = {name: [] for name in gateway.bots}
    for one in stage.messages(chat):
        if one.sender in names:
            said[names[one.sender]].append(one.text)
    return said


def overheard(gateway: GatewayProcess) -> list[Row]:
    return [row for row in ledgers.read(gateway.data).inbox if row["kind"] == "overheard"]


async def at_rest(gateway: GatewayProcess, stage: Stage) -> None:
    def is_over() -> bool:
        found = ledgers.read(gateway.data)
        return (
            not any(stage.pending(bot) for bot in gateway.bots.values())
            and all(row["status"] != "new" for row in found.inbox)
            and all(row["status"] in ("sent", "failed") for row in found.deliveries)
        )

    await ledgers.until(is_over, lambda: str(ledgers.read(gateway.data).statuses()))


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "rounds", [3, pytest.param(8, marks=pytest.mark.soak)], ids="{}-kills".format
)
async def test_what_ada_says_is_heard_and_answered_once_however_often_the_gateway_is_killed(
    rounds: int,
    tmp_path: Path,
) -> None:
    """On Telegram, which shows no bot what another one says."""
    chance = random.Random(39)
    async with Stage(limits=False) as stage, ModelServer(script, keep_calls=False) as model:
        stage.faults.delay(0.02, 0.1, method="sendMessage")
        variables = {"OPENAI_API_KEY": "a-key-for-nothing", "OPENAI_BASE_URL": model.base_url}
        async with gateway_process(tmp_path, stage, "Ada", "Bert", **variables) as gateway:
            await gateway.until()
            zoe = stage.person("Zoe")
            club = stage.group("Club", [zoe], gateway.bots.values())
            zoe.says(club, "m0.999 Good morning")
            await at_rest(gateway, stage)
            for number in range(rounds):
                zoe.says(club, f"Ada, m0.{number}")
                await asyncio.sleep(chance.uniform(0.03, 0.3))
                await gateway.kill()
                await gateway.start()
                await gateway.until()
                await at_rest(gateway, stage)
            assert await gateway.end() == 0
        assert "Traceback" not in gateway.log
        rows = ledgers.read(gateway.data)
        for name, wording in (("Ada", "Bert, m0.{}"), ("Bert", "noted m0.{}")):
            own = [row for row in rows.memories if _is_by(row, name, gateway)]
            texts = [json.loads(row["content"])["text"] for row in own]
            wanted = [wording.format(number) for number in range(rounds)]
            assert texts == wanted, "everything is answered, and once"
            shown = one_turn_each(stage, gateway, club)[name]
            assert len(shown) == len(set(shown)), "nobody sees an answer twice"
        heard = overheard(gateway)
        assert {row["status"] for row in heard} <= ledgers.FINAL_IN
        assert len(heard) == 2 * rounds, "each hears the other once"
        kept = [json.loads(row["content"])["text"] for row in rows.memories]
        assert all(kept.count(f"Bert, m0.{number}") == 2 for number in range(rounds))


def _is_by(row: Row, name: str, gateway: GatewayProcess) -> bool:
    metadata = json.loads(row["metadata"])
    return bool(row["entity_id"] == row["character_id"] and metadata["entityName"] == name)
