"""Updates of any shape: the bad ones are put aside with a reason, the good ones answered: G29."""

from __future__ import annotations

import asyncio
import copy
import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from core.models.scripted import Scripted
from tests.bots.telegram.samples import MORE
from tests.faults import ledgers
from tests.flows.talk import echo, playing, reply, until, update

ODD: list[Any] = [
    None, True, False, 0, -1, 2**31, 2**63, -(2**63), 10**400, 1.5, "", "x", "\ud83d", "\0", [], {},
    [[]], {"id": None}, [None, 1, "x"], "9" * 5000, {"": {"": {"": {}}}},
]  # fmt: skip


def shapes(stage: Stage) -> list[dict[str, Any]]:
    """One good update of each kind, to be spoilt."""
    bob, ada = stage.person("Spoilt"), stage.bot("Ada")
    dm, group = stage.dm(bob, ada), stage.group("Spoilt", [bob], [ada])
    message = update(dm, bob, 5000, "Ada, hello")["message"]
    more = {
        "entities": [{"type": "mention", "offset": 0, "length": 3}],
        "reply_to_message": dict(message),
        "photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}],
        "forward_origin": {"type": "hidden_user", "sender_user_name": "x", "date": 1},
    }
    sender = message["from"]
    return [
        {"message": message | more},
        {"edited_message": {**message, "edit_date": message["date"]}},
        update(group, bob, 5001, "/help@ada_bot"),
        {"callback_query": {"id": "1", "from": sender, "chat_instance": "1", "data": "x"}},
        {
            "my_chat_member": {
                "chat": message["chat"],
                "from": sender,
                "date": message["date"],
                "old_chat_member": {"status": "member", "user": sender},
                "new_chat_member": {"status": "kicked", "user": sender, "until_date": 0},
            }
        },
        {
            "message_reaction": {
                "chat": message["chat"],
                "message_id": 1,
                "user": sender,
                "date": message["date"],
                "old_reaction": [],
                "new_reaction": [{"type": "emoji", "emoji": "👍"}],
            }
        },
        {"channel_post": {**message, "chat": {"id": -100, "type": "channel", "title": "C"}}},
        {"something_new": {"of": "next year"}},
        *({k: v for k, v in raw.items() if k != "update_id"} for raw in MORE),
    ]


def spoilt(good: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A copy with one to three places replaced, removed or doubled."""
    bad = copy.deepcopy(good)
    for _ in range(chance.randint(1, 3)):
        at: Any = bad
        while True:
            key = chance.choice(list(at) if isinstance(at, dict) else range(len(at)))
            below = at[key]
            if isinstance(below, dict | list) and below and chance.random() < 0.8:
                at = below
                continue
            match chance.randint(0, 2):
                case 0 if isinstance(at, dict) and len(at) > 1:
                    del at[key]
                case 1 if isinstance(at, dict):
                    at[f"{key}_of_tomorrow"] = below
                case _:
                    at[key] = copy.deepcopy(chance.choice(ODD))
            break
    return bad


def written(raw: dict[str, Any], number: int) -> bytes:
    """As the wire has it; numbers that no JSON library of ours would write are let through."""
    return json.dumps({"update_id": number, **raw}).encode()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("seed", "number"),
    [
        (1, 250),
        (2, 250),
        pytest.param(3, 10_000, marks=[pytest.mark.soak, pytest.mark.timeout(600)]),
    ],
)
async def test_g29_spoilt_updates_are_put_aside_and_every_good_one_is_answered(
    seed: int, number: int, tmp_path: Path, stage: Stage
) -> None:
    """In full 10,000 through the whole gateway; as many meet the mapping alone in its own tests."""
    chance = random.Random(seed)
    async with playing(
        "Ada",
        model=Scripted(echo),
        data=tmp_path,
        stage=stage,
        settings={"BASIC_CAPABILITIES_KEEP_RESP": "true"},
    ) as play:
        ada, bob = play.bots["Ada"], stage.person("Bob")
        dm = stage.dm(bob, ada)
        good = shapes(stage)
        started = time.monotonic()
        for one in range(number):
            stage_number = stage.desk(ada).queue.next_id
            ada.inject(written(spoilt(chance.choice(good), chance), stage_number))
            if one % 25 == 0:
                bob.says(dm, f"question {one}")
                await asyncio.sleep(0)
        for one in range(0, number, 25):
            said = await stage.next_from(ada, dm, timeout=120)
            assert said.text.endswith(f"question {one}")
        await until(lambda: not stage.pending(ada), timeout=120)
        await until(lambda: "new" not in ledgers.read(tmp_path).statuses(), timeout=120)
        spent = time.monotonic() - started
        polls = len(stage.journal.of("getUpdates"))
        assert play.gateway.ready()["links"][0]["phase"] == "live"
    rows = ledgers.read(tmp_path).inbox
    dead = [row for row in rows if row["status"] == "dead"]
    assert dead, "the seed must spoil something for good"
    assert all(row["rule"] and "hello" not in row["rule"] for row in dead)
    # Where the sender has taken it back in the same breath, nothing of it is kept.
    gone = {(row["room"], row["thread"]) for row in rows if row["kind"] == "delete"}
    left = [row for row in dead if (row["room"], row["thread"]) not in gone]
    assert left
    assert all(row["payload"] for row in left), "kept as it came, for whoever looks"
    assert polls <= len(rows) / 10 + 2 * spent + 10


async def test_g29_an_update_that_cannot_be_confirmed_makes_no_hot_loop(
    tmp_path: Path, stage: Stage
) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path, stage=stage) as play:
        ada, bob = play.bots["Ada"], stage.person("Bob")
        dm = stage.dm(bob, ada)
        for raw in (b"7", b'"words"', b"null", b'{"no": "number"}', b'{"update_id": "x"}'):
            ada.inject(raw)
        before, started = len(stage.journal.of("getUpdates")), time.monotonic()
        await asyncio.sleep(3)
        polls = len(stage.journal.of("getUpdates")) - before
        assert polls <= 2 * (time.monotonic() - started) + 2
        bob.says(dm, "are you there?")
        await stage.next_from(ada, dm, timeout=20)
        await until(lambda: not stage.pending(ada))
    assert len(ledgers.read(tmp_path).inbox) == 6, "each kept once, however often it came"


async def test_an_answer_that_is_no_answer_is_tried_again(tmp_path: Path, stage: Stage) -> None:
    """A proxy's page instead of updates, half a list, and a cut line."""
    async with playing("Ada", model=Scripted([reply("here")]), data=tmp_path, stage=stage) as play:
        ada, bob = play.bots["Ada"], stage.person("Bob")
        dm = stage.dm(bob, ada)
        stage.faults.garbage(method="getUpdates")
        stage.faults.garbage(b'{"ok":true,"result":[{"update_id":', method="getUpdates")
        stage.faults.cut(method="getUpdates")
        bob.says(dm, "are you there?")
        assert (await stage.next_from(ada, dm, timeout=30)).text == "here"
        await until(lambda: play.gateway.ready()["status"] == "ok")
    assert len([one for one in stage.messages(dm) if one.sender is ada]) == 1
