"""One flooded chat harms only itself, and Telegram's rates are kept: G10, G11."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from bots.sandbox.journal import Call
from bots.sandbox.world import Chat
from bots.testkit import playing
from core.models.scripted import Line, Scripted
from core.ports import ModelRequest
from tests.fakes.databases import in_use
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.faults.ledgers import Crowd
from tests.faults.process import gateway_process
from tests.flows.talk import question, reply, until


def answer(request: ModelRequest) -> str:
    return reply(f"re {question(request).strip()}")


def sends(stage: Stage, chat: int) -> list[Call]:
    return [call for call in stage.journal.of("sendMessage") if call.chat == chat]


@pytest.mark.parametrize(
    ("penalty", "seconds"),
    [
        pytest.param(4, 3, id="4-seconds"),
        pytest.param(30, 20, id="30-seconds", marks=pytest.mark.soak),
    ],
)
async def test_g10_a_flooded_chat_waits_its_time_and_the_others_do_not(
    penalty: int, seconds: int, tmp_path: Path, stage: Stage
) -> None:
    """In full: a penalty of 30 seconds while 50 other chats get 20 messages a second."""
    async with playing("Ada", model=Scripted(answer), data=tmp_path, stage=stage) as play:
        crowd = Crowd.of(stage, play.bots["Ada"], 51)
        flooded = crowd.rooms[0][1].id
        stage.faults.flood(penalty, method="sendMessage", chat=flooded)
        crowd.says(rooms=[0])
        await until(lambda: sends(stage, flooded))
        for second in range(seconds * 2):
            crowd.says(rooms=[1 + (second * 10 + one) % 50 for one in range(10)])
            await asyncio.sleep(0.5)
        others = seconds * 20
        await crowd.until_answered(others, timeout=30)
        assert crowd.answers(0) == [], "not before its time"
        await crowd.until_answered(others + 1, timeout=penalty + 30)
        refused, taken = sends(stage, flooded)
        assert refused.status == 429
        assert taken.at - refused.at >= penalty
    ledgers.check(crowd, tmp_path)
    assert crowd.doubles == []


async def test_g10_a_restart_does_not_forget_the_penalty(tmp_path: Path, stage: Stage) -> None:
    async with gateway_process(tmp_path, stage, "Ada") as gateway:
        await gateway.until()
        bob = stage.person("Bob")
        dm = stage.dm(bob, gateway.bots["Ada"])
        stage.faults.flood(3, method="sendMessage", chat=dm.id)
        bob.says(dm, "hello")
        await until(lambda: any(row["not_before"] for row in rows(gateway.data)))
        await gateway.kill()
        await gateway.start()
        await gateway.until()
        await stage.next_from(gateway.bots["Ada"], dm, timeout=15)
        assert await gateway.end() == 0
    refused, taken = sends(stage, dm.id)
    assert taken.at - refused.at >= 3
    assert [row["status"] for row in rows(gateway.data)] == ["sent"]


def rows(data: Path) -> list[dict[str, object]]:
    return [dict(row) for row in ledgers.read(data).deliveries]


@pytest.mark.parametrize(
    ("chat", "group", "chats", "each"),
    [
        pytest.param(12, 26, 50, 3, id="beyond-each-window"),
        pytest.param(
            100, 60, 200, 5, id="1160-messages", marks=[pytest.mark.soak, pytest.mark.timeout(400)]
        ),
    ],
)
async def test_g11_no_rate_of_telegrams_is_ever_exceeded(
    chat: int, group: int, chats: int, each: int, tmp_path: Path
) -> None:
    """In full: 100 messages to one chat, 60 to one group and 1,000 to 200 chats.

    What the group's minute does not hold must not have been tried when the rest has arrived.
    """

    def thinks(request: ModelRequest) -> Line:
        # Long enough for signs of life, which count against the bot's rate as well.
        return Line((answer(request),), after=lambda: asyncio.sleep(0.4))

    async with (
        Stage(limits=True) as stage,
        playing(
            "Ada",
            model=Scripted(thinks),
            data=tmp_path,
            stage=stage,
            paces=True,
            settings={
                "BASIC_CAPABILITIES_KEEP_RESP": "true",
                "SHOULD_RESPOND_BYPASS_TYPES": "GROUP",
                "SEND_PATIENCE": "0",
            },
        ) as play,
    ):
        ada, bob = play.bots["Ada"], stage.person("Bob")
        friends = stage.group("Friends", [bob], [ada])
        crowd = Crowd.of(stage, ada, chats + 1)
        crowd.says(chat, rooms=[0])
        crowd.says(each, rooms=range(1, chats + 1))
        for number in range(group):
            bob.says(friends, f"g{number}")

        def in_group() -> list[str]:
            return [one.text for one in stage.messages(friends) if one.sender is ada]

        full = group if group > 50 else min(group, 20)
        await crowd.until_answered(chat + each * chats, timeout=200)
        await until(lambda: len(in_group()) >= full, timeout=240)
        if full < group:
            await asyncio.sleep(3)
        assert stage.violations == {}
        assert len(in_group()) == full
        assert not [call for call in stage.journal if call.status == 429]
        for room in range(chats + 1):
            assert ledgers.ordered(crowd.answers(room))


# --- everything that is shown beside the messages ------------------------------------------------

SLOW = "One two three four five six seven eight nine ten. " * 8


def slowly(request: dict[str, Any]) -> Script:
    return Script(reply(SLOW), before=0.3, between=0.25, size=20)


def quickly(request: dict[str, Any]) -> Script:
    """Made before any penalty ends."""
    return Script(reply(SLOW), before=0.3, between=0.1, size=20)


def from_model(model: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}


@pytest.mark.parametrize(
    ("method", "direct"),
    [
        ("sendMessageDraft", True),
        ("sendChatAction", True),
        ("editMessageText", False),
        ("setMessageReaction", False),
    ],
)
async def test_g10_whatever_is_refused_its_chat_hears_nothing_until_the_end_of_the_penalty(
    method: str, direct: bool, tmp_path: Path, stage: Stage
) -> None:
    """And the answer is neither lost nor sent anew: it goes out when the chat may hear again."""
    async with (
        ModelServer(quickly) as model,
        playing("Ada", data=tmp_path, stage=stage, settings=from_model(model)) as play,
    ):
        ada, bob = play.bots["Ada"], stage.person("Bob")
        chat = stage.dm(bob, ada) if direct else stage.group("Friends", [bob], [ada])
        stage.faults.flood(4, method=method, chat=chat.id)
        bob.says(chat, "Ada, count")
        await until(lambda: [call for call in stage.journal.of(method) if call.status == 429])
        await until(lambda: [one.text for one in stage.messages(chat)][-1:] == [SLOW.strip()])
        here = [call for call in stage.journal if call.chat == chat.id]
        (refused,) = [call for call in here if call.status == 429]
        after = [call for call in here if call.at > refused.at + 0.1]
        assert after[0].at - refused.at >= 4
        assert len([one for one in stage.messages(chat) if one.sender is ada]) == 1


async def test_g10_a_penalty_for_a_sign_of_life_outlives_the_process(
    tmp_path: Path, stage: Stage
) -> None:
    """No row of the ledger knows of it: nothing had been said yet."""
    async with (
        ModelServer(slowly) as model,
        gateway_process(tmp_path, stage, "Ada", **from_model(model)) as gateway,
    ):
        await gateway.until()
        bob = stage.person("Bob")
        dm = stage.dm(bob, gateway.bots["Ada"])
        stage.faults.flood(6, method="sendMessageDraft", chat=dm.id)
        bob.says(dm, "count")
        kept = "SELECT * FROM cache WHERE key = 'penalties'"
        await until(lambda: in_use.now.ask(gateway.data, kept))
        await gateway.kill()
        model.answer = lambda request: reply("Here.")
        await gateway.start()
        said = await stage.next_from(gateway.bots["Ada"], dm, timeout=20)
        assert said.text == "Here."
        assert await gateway.end() == 0
    (refused,) = stage.journal.of("sendMessageDraft")
    (taken,) = stage.journal.of("sendMessage")
    assert refused.status == 429
    assert taken.at - refused.at >= 6


async def test_g10_where_many_chats_are_refused_the_whole_account_waits(
    tmp_path: Path, stage: Stage
) -> None:
    async with (
        ModelServer(slowly) as model,
        playing("Ada", data=tmp_path, stage=stage, settings=from_model(model)) as play,
    ):
        ada = play.bots["Ada"]
        people = [stage.person(f"Person {number}") for number in range(4)]
        chats = [stage.dm(person, ada) for person in people]
        for chat in chats[:3]:
            stage.faults.flood(4, method="sendMessageDraft", chat=chat.id)
        for person, chat in list(zip(people, chats, strict=True))[:3]:
            person.says(chat, "count")

        def refused() -> list[Call]:
            return [call for call in stage.journal if call.status == 429]

        await until(lambda: len(refused()) == 3)
        model.answer = lambda request: reply("Here.")
        people[3].says(chats[3], "are you there?")
        said = await stage.next_from(ada, chats[3], timeout=10)
        assert said.text == "Here."
        (taken,) = sends(stage, chats[3].id)
        assert taken.at - refused()[-1].at >= 4


async def test_g11_what_is_shown_while_answers_are_made_exceeds_no_rate_either(
    tmp_path: Path,
) -> None:
    """Drafts, edits, typing and marks, in groups and chats at once; every answer is whole."""
    async with (
        ModelServer(slowly) as model,
        Stage(limits=True) as stage,
        playing(
            "Ada",
            data=tmp_path,
            stage=stage,
            paces=True,
            settings=from_model(model) | {"BASIC_CAPABILITIES_KEEP_RESP": "true"},
        ) as play,
    ):
        ada = play.bots["Ada"]
        people = [stage.person(f"Person {number}") for number in range(16)]
        groups = [stage.group(f"Group {one.id}", [one], [ada]) for one in people[:8]]
        chats = [stage.dm(one, ada) for one in people[8:]]
        for person, chat in zip(people, [*groups, *chats], strict=True):
            person.says(chat, "Ada, count")
            person.says(chat, "Ada, once more")

        def whole(chat: Chat) -> int:
            said = [one.text for one in stage.messages(chat) if one.sender is ada]
            return said.count(SLOW.strip())

        await until(lambda: all(whole(chat) == 2 for chat in (*groups, *chats)), timeout=90)
        assert stage.violations == {}
        assert not [call for call in stage.journal if call.status == 429]
        for method in ("sendMessageDraft", "sendChatAction", "setMessageReaction"):
            assert stage.journal.of(method), "or it has not been counted in"
        edits = Counter(call.chat for call in stage.journal.of("editMessageText"))
        assert edits.keys() <= {group.id for group in groups}
        assert max(edits.values()) > 2, "more than the last words of two answers"
