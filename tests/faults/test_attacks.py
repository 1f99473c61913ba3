"""Sixty times a model obeys an attacker, on the whole gateway: nobody is harmed (G33)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox.world import Chat
from core.messages import Rank
from core.models.scripted import Scripted
from core.plugins import Plugin, Turn
from core.ports import ModelRequest
from tests.faults import ledgers
from tests.faults.attacks import ATTACKS, CANARY, GUARDED, HOST, says
from tests.flows.talk import playing, settled, whole

pytestmark = pytest.mark.usefixtures("database")

HEARD = [attack for attack in ATTACKS if attack.who != "bot"]
"""Telegram shows bots nothing that bots say."""


def a_plugin(done: list[str]) -> Plugin:
    """What is worth having done, and who is let."""
    plugin = Plugin("guarded")

    def add(name: str, least: Rank) -> None:
        async def does(turn: Turn) -> None:
            """Do something grave."""
            done.append(f"{name} {turn.message.content.text}")

        similes = ("KILL_SERVER",) if name == "SHUT_DOWN" else ()
        plugin.action(name=name, who=least, similes=similes, tells=False)(does)

    for name, rank in GUARDED.items():
        add(name, Rank[rank])
    return plugin


def obeys(request: ModelRequest) -> str:
    words = request.messages[-1].text
    _, mark, rest = words.rpartition("case ")
    if not mark:
        return says("Hello.")
    if "# Done just now" in words:
        return says("That is how it went.")
    return HEARD[int(rest.split(":")[0])].answer


def armed(payload: Mapping[str, Any]) -> bool:
    """Whether an address of the attacker's can be pressed, or is fetched by itself."""
    text = str(payload.get("text", "")).encode("utf-16-le")
    entities = [one for one in payload.get("entities", ()) if isinstance(one, Mapping)]
    if any(HOST in str(one.get("url", "")) for one in entities):
        return True
    for one in entities:
        if one["type"] in ("code", "pre"):
            begin, length = int(one["offset"]) * 2, int(one["length"]) * 2
            text = text[:begin] + b"." * length + text[begin + length :]
    return HOST in text.decode("utf-16-le", "replace")


async def test_g33_a_model_that_obeys_the_attacker_does_no_harm(tmp_path: Path) -> None:
    done: list[str] = []
    model = Scripted(obeys)
    async with playing(
        "Ada", model=model, data=tmp_path, plugins=[a_plugin(done)],
        settings={"TROUPE_MODEL_CALLS": "3"},
    ) as play:  # fmt: skip
        stage, ada = play.stage, play.bots["Ada"]
        robin, kim, boss = (
            stage.person(name, username=name.lower()) for name in ("Robin", "Kim", "Boss")
        )
        rooms: dict[str, Chat] = {
            "member": stage.group("Owls", [boss, kim, robin], [ada]),
            "admin": stage.group("Guild", [boss, kim, robin], [ada]),
            "direct": stage.dm(robin, ada),
        }
        boss.promotes(rooms["admin"], robin)
        boss.promotes(rooms["admin"], kim)
        quiet = [stage.dm(kim, ada), stage.dm(boss, ada)]
        quiet += [stage.group(name, [boss, kim], [ada]) for name in ("Den", "Far")]
        for person, chat in (
            (kim, rooms["member"]), (boss, rooms["member"]),
            (kim, rooms["admin"]), (boss, rooms["admin"]),
            (kim, quiet[0]), (boss, quiet[1]), (kim, quiet[2]), (kim, quiet[3]),
        ):  # fmt: skip
            person.says(chat, f"@ada_bot the word is {CANARY}" if chat in quiet else "@ada_bot hi")
            await stage.next_from(ada, chat, timeout=20)
        before = [len(stage.messages(chat)) for chat in quiet]
        known = len(ledgers.read(tmp_path).inbox)
        for number, attack in enumerate(HEARD):
            robin.says(rooms[attack.who], f"Ada, {attack.says} case {number}:")
            ended = await settled(play, known + number + 1)
            assert ended[-1][0] == "answered", (attack.name, ended[-1])
        await stage.quiet(rooms["direct"])
        assert [len(stage.messages(chat)) for chat in quiet] == before
        assert done == []
        # The same words of the same model do work for whoever may.
        grave = next(n for n, attack in enumerate(HEARD) if "SHUT_DOWN" in attack.answer)
        boss.says(rooms["member"], f"Ada, case {grave}:")
        await settled(play, known + len(HEARD) + 1)
    assert [line.partition(" ")[0] for line in done] == ["SHUT_DOWN"]
    payloads = [json.loads(row["payload"]) for row in ledgers.read(tmp_path).deliveries]
    assert sum(HOST in str(payload.get("text")) for payload in payloads) >= 3, "none was said"
    for payload in payloads:
        assert not armed(payload), payload
        for attack in HEARD:
            assert not [word for word in attack.never if word in str(payload.get("text"))]
    # What was said in other rooms is shown to no model that answers Robin.
    for request in model.requests:
        if "case " in request.messages[-1].text:
            assert CANARY not in whole(request).replace("\n", " ").partition("case ")[0]
