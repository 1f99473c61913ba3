"""Answers on Telegram while they are made: drafts, messages that grow, a button that ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Bot
from bots.sandbox.journal import Call
from bots.sandbox.world import Chat, Message
from bots.testkit import Play
from core.models.scripted import Line, Scripted
from tests.fakes.databases import in_use
from tests.fakes.model_server import ModelServer, Script
from tests.flows.talk import outcomes, playing, reply, settled, until

WORDS = "One two three four five six seven eight nine ten. "
LONG = (WORDS * 12).strip()
BEGINNING = f"<response><actions>REPLY</actions><text>{WORDS * 2}"


def slowly(request: dict[str, Any]) -> Script:
    return Script(reply(LONG), before=0.3, between=0.15, size=20)


def at_once_then_nothing() -> Scripted:
    """Says the beginning in one go; what comes after it never comes."""
    return Scripted([Line((BEGINNING,), hangs=True)])


@asynccontextmanager
async def speaking(
    data: Path, answer: Any = slowly, **settings: str
) -> AsyncIterator[tuple[Play, ModelServer]]:
    async with ModelServer(answer) as server:
        own = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        async with playing("Ada", data=data, settings=own | settings) as play:
            yield play, server


def hers(play: Play, chat: Chat) -> list[Message]:
    return [one for one in play.stage.messages(chat) if one.sender is play.bots["Ada"]]


def calls(play: Play, method: str) -> list[Call]:
    return play.stage.journal.of(method, bot=play.bots["Ada"].id)


def buttons(said: Message) -> list[str]:
    rows = (said.markup or {}).get("inline_keyboard", [])
    return [button["callback_data"] for row in rows for button in row]


# --- in private ------------------------------------------------------------------------------


async def test_the_first_words_are_seen_though_no_others_come_after_them(tmp_path: Path) -> None:
    async with playing("Ada", model=at_once_then_nothing(), data=tmp_path) as play:
        bob = play.stage.person("Bob")
        dm = play.stage.dm(bob, play.bots["Ada"])
        bob.says(dm, "count")
        await until(lambda: play.stage.drafts(dm))
        (draft,) = play.stage.drafts(dm)
        assert draft.text.startswith(WORDS)
        assert hers(play, dm) == []
        bob.stops(dm)
        await settled(play, 2)


async def test_stop_ends_the_model_call_and_keeps_what_was_said(tmp_path: Path) -> None:
    model = at_once_then_nothing()
    async with playing("Ada", model=model, data=tmp_path) as play:
        bob = play.stage.person("Bob")
        dm = play.stage.dm(bob, play.bots["Ada"])
        bob.says(dm, "count")
        await until(lambda: play.stage.drafts(dm))
        bob.stops(dm)
        said = await play.stage.next_from(play.bots["Ada"], dm)
        assert said.text == (WORDS * 2).strip()
        assert model.closed == 1
        assert (await settled(play, 2))[0] == ("answered", "stopped")
        assert play.stage.drafts(dm) == []
        bob.says(dm, "and then?")
        await until(lambda: len(model.requests) == 2)
        before = [one.text for one in model.requests[1].messages]
        assert any((WORDS * 2).strip() in text for text in before), "it is remembered"
        await until(lambda: play.stage.drafts(dm))
        bob.stops(dm)
        await settled(play, 4)


async def test_what_stands_open_when_it_is_stopped_is_closed(tmp_path: Path) -> None:
    beginning = "<response><actions>REPLY</actions><text>Well, **this is bold and it goes on "
    async with playing(
        "Ada", model=Scripted([Line((beginning,), hangs=True)]), data=tmp_path
    ) as play:
        bob = play.stage.person("Bob")
        dm = play.stage.dm(bob, play.bots["Ada"])
        bob.says(dm, "count")
        await until(lambda: play.stage.drafts(dm))
        assert "*" not in play.stage.drafts(dm)[0].text
        bob.stops(dm)
        said = await play.stage.next_from(play.bots["Ada"], dm)
        assert said.text.startswith("Well, this is bold and it goes")
        assert [one["type"] for one in said.entities] == ["bold"]


async def test_what_a_stopped_answer_has_cost_is_written_down(tmp_path: Path) -> None:
    async with speaking(tmp_path) as (play, server):
        bob = play.stage.person("Bob")
        dm = play.stage.dm(bob, play.bots["Ada"])
        bob.says(dm, "count")
        await until(lambda: play.stage.drafts(dm))
        bob.stops(dm)
        await play.stage.next_from(play.bots["Ada"], dm)
        await settled(play, 2)
        assert server.calls[0].closed_by_client
        (row,) = in_use.now.ask(tmp_path, "SELECT * FROM spendings")
        assert row["prompt_tokens"] > row["completion_tokens"] > 0


async def test_stop_before_a_word_was_said_is_silence(tmp_path: Path) -> None:
    model = Scripted([Line((), hangs=True)])
    async with playing("Ada", model=model, data=tmp_path) as play:
        bob, ada = play.stage.person("Bob"), play.bots["Ada"]
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "count")
        await until(lambda: model.requests)
        ada.inject(
            {
                "stopped_message_generation": {
                    "chat": {"id": bob.id, "type": "private", "first_name": "Bob"},
                    "user": {"id": bob.id, "is_bot": False, "first_name": "Bob"},
                    "draft_id": 1,
                }
            }
        )
        assert (await settled(play, 2))[0] == ("silent", "stopped")
        assert hers(play, dm) == []
        assert model.closed == 1


# --- in groups -------------------------------------------------------------------------------


async def test_in_a_group_one_message_grows_and_is_whole_in_the_end(tmp_path: Path) -> None:
    async with speaking(tmp_path) as (play, _):
        bob, ada = play.stage.person("Bob"), play.bots["Ada"]
        group = play.stage.group("Friends", [bob], [ada])
        bob.says(group, "Ada, count")
        await until(lambda: hers(play, group))
        (begun,) = hers(play, group)
        assert LONG.startswith(begun.text)
        assert buttons(begun) == ["stop"]
        await until(lambda: calls(play, "editMessageText"))
        assert buttons(hers(play, group)[0]) == ["stop"]
        await settled(play, 1)
        await until(lambda: hers(play, group)[0].text == LONG)
        (whole,) = hers(play, group)
        assert whole.id == begun.id
        assert buttons(whole) == []
        assert len(calls(play, "sendMessage")) == 1
        assert outcomes(play) == [("answered", "named")]


async def test_the_button_below_a_growing_message_stops_it_for_who_asked_only(
    tmp_path: Path,
) -> None:
    async with speaking(tmp_path) as (play, server):
        bob, eve, ada = play.stage.person("Bob"), play.stage.person("Eve"), play.bots["Ada"]
        group = play.stage.group("Friends", [bob, eve], [ada])
        bob.says(group, "Ada, count")
        await until(lambda: hers(play, group))
        eve.presses(hers(play, group)[0], "stop")
        await until(lambda: calls(play, "editMessageText"))
        assert not server.calls[0].ended.is_set()
        bob.presses(hers(play, group)[0], "stop")
        await settled(play, 3)
        await until(lambda: not buttons(hers(play, group)[0]))
        (said,) = hers(play, group)
        assert LONG.startswith(said.text)
        assert len(said.text) < len(LONG)
        assert ("answered", "stopped") in outcomes(play)
        assert server.calls[0].closed_by_client
        assert len(calls(play, "sendMessage")) == 1


async def test_a_short_answer_is_sent_once_and_never_edited(tmp_path: Path) -> None:
    def short(request: dict[str, Any]) -> Script:
        return Script(reply(WORDS.strip()), before=1.0, between=0.1, size=10)

    async with speaking(tmp_path, short) as (play, _):
        bob, ada = play.stage.person("Bob"), play.bots["Ada"]
        group = play.stage.group("Friends", [bob], [ada])
        bob.says(group, "Ada, count")
        said = await play.stage.next_from(ada, group)
        assert said.text == WORDS.strip()
        assert buttons(said) == []
        assert not calls(play, "editMessageText")


async def test_a_line_that_breaks_as_the_first_words_go_out_costs_a_group_no_answer(
    tmp_path: Path,
) -> None:
    """Nobody knows whether they arrived: the whole comes all the same, and once."""
    async with speaking(tmp_path) as (play, _):
        bob, ada = play.stage.person("Bob"), play.bots["Ada"]
        group = play.stage.group("Friends", [bob], [ada])
        play.stage.faults.cut(after=True, method="sendMessage")
        bob.says(group, "Ada, count")
        await until(lambda: [one for one in hers(play, group) if one.text == LONG])
        beginning, whole = hers(play, group)
        assert LONG.startswith(beginning.text)
        assert whole.text == LONG


async def test_an_answer_whose_beginning_somebody_deletes_is_said_all_the_same(
    tmp_path: Path,
) -> None:
    async with speaking(tmp_path) as (play, _):
        bob, ada = play.stage.person("Bob"), play.bots["Ada"]
        group = play.stage.supergroup("Friends", [bob], [ada])
        bob.says(group, "Ada, count")
        await until(lambda: hers(play, group))
        bob.deletes(hers(play, group)[0])
        await until(lambda: [one for one in hers(play, group) if one.text == LONG])
        assert len(calls(play, "sendMessage")) == 2


# --- seen ------------------------------------------------------------------------------------


def marks(play: Play, said: Message, ada: Bot) -> list[str]:
    """What was put on a message and taken away again, in order."""
    return [
        "".join(one["emoji"] for one in call.params.get("reaction") or ())
        for call in play.stage.journal.of("setMessageReaction", bot=ada.id)
        if call.params["message_id"] == said.id
    ]


async def test_whoever_asks_in_a_group_sees_that_it_was_heard_until_the_answer_is_there(
    tmp_path: Path,
) -> None:
    ready = asyncio.Event()
    model = Scripted([Line((reply("Here."),), after=ready.wait)])
    async with playing("Ada", model=model, data=tmp_path) as play:
        bob, ada = play.stage.person("Bob"), play.bots["Ada"]
        group = play.stage.group("Friends", [bob], [ada])
        asked = bob.says(group, "Ada, are you there?")
        await until(lambda: marks(play, asked, ada) == ["👀"])
        ready.set()
        await play.stage.next_from(ada, group)
        await until(lambda: marks(play, asked, ada) == ["👀", ""])


@pytest.mark.parametrize("where", ["none", "in private", "at once"])
async def test_no_mark_is_put_where_nobody_wants_or_needs_it(tmp_path: Path, where: str) -> None:
    async def pause() -> None:
        await asyncio.sleep(0 if where == "at once" else 2.5)

    model = Scripted([Line((reply("Here."),), after=pause)])
    seen = {"TROUPE_SEEN": "none"} if where == "none" else {}
    async with playing("Ada", model=model, data=tmp_path, settings=seen) as play:
        bob, ada = play.stage.person("Bob"), play.bots["Ada"]
        dm = play.stage.dm(bob, ada)
        group = play.stage.group("Friends", [bob], [ada])
        chat = dm if where == "in private" else group
        asked = bob.says(chat, "Ada, are you there?")
        await play.stage.next_from(ada, chat)
        await settled(play, 1)
        assert marks(play, asked, ada) == []
