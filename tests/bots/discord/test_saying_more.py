"""Polls, places, stickers, ready answers, threads: what is no text, as people on Discord get it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from bots.discord.rendering import render
from bots.sandbox.faults import Fault
from core.errors import Throttled, Unsendable
from core.messages import (
    Address,
    Button,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Live,
    Location,
    Poll,
    Reply,
)
from tests.bots.discord.conftest import delivery

SILENT = 1 << 12


def payloads(reply: Reply) -> list[dict[str, Any]]:
    return [orjson.loads(one) for one in render(reply)]


def rows(link: Any, room: Any, reply: Reply, **more: Any) -> list[Delivery]:
    row = delivery(link, room, **more)
    return [
        replace(row, payload=payload, nonce=f"{row.nonce}.{number}", ordinal=number)
        for number, payload in enumerate(link.render(reply))
    ]


async def says(link: Any, room: Any, reply: Reply, **more: Any) -> list[str]:
    return [str((await link.perform(row)).message) for row in rows(link, room, reply, **more)]


def texts(stage: Any, room: Any) -> list[str]:
    """A thread begins with a message that only shows what it hangs from."""
    return [one.text for one in stage.messages(room) if one.text]


def sends(stage: Any) -> list[Any]:
    return [call.params for call in stage.discord.journal if call.method == "create_message"]


def labels(shown: dict[str, Any]) -> list[list[str]]:
    return [[key["label"] for key in row["components"]] for row in shown["components"]]


# --- words in place of what Discord has not ----------------------------------------------------


def test_a_place_is_a_line_with_a_map() -> None:
    (shown,) = payloads(Reply("Come!", location=Location(52.5, -13.25, "Tea house", "Main St")))
    first, place, link = (line for line in shown["content"].split("\n") if line)
    assert (first, place) == ("Come!", "📍 Tea house, Main St")
    assert link == "https://www.openstreetmap.org/?mlat=52.5&mlon=-13.25#map=16/52.5/-13.25"
    assert payloads(Reply("", location=Location(200, 0))) == []


def test_ready_answers_are_buttons_that_say_themselves() -> None:
    (shown,) = payloads(Reply("Tea?", keyboard=(("Yes", "No"), ("stop",))))
    assert labels(shown) == [["Yes", "No"], ["stop"]]
    keys = [key for row in shown["components"] for key in row["components"]]
    assert [key["custom_id"] for key in keys] == ["say:Yes", "say:No", "say:stop"]


def test_buttons_keep_their_rows_as_long_as_they_fit() -> None:
    two = (Button("A", "a", row=0), Button("B", "b", row=1), Button("C", "c", row=1))
    assert labels(payloads(Reply("?", buttons=two))[0]) == [["A"], ["B", "C"]]
    many = tuple(Button(str(n), f"n{n}", row=n) for n in range(7))
    assert labels(payloads(Reply("?", buttons=many))[0]) == [["0", "1", "2", "3", "4"], ["5", "6"]]


def test_what_would_be_copied_is_written_and_a_page_is_an_address() -> None:
    buttons = (Button("Code", copy="T-1"), Button("Open", app="https://tea.org/"))
    (shown,) = payloads(Reply("Here.", buttons=buttons))
    assert shown["content"] == "Here.\n\nCode: `T-1`"
    (row,) = shown["components"]
    assert row["components"] == [
        {"type": 2, "label": "Open", "style": 5, "url": "https://tea.org/"}
    ]


# --- messages of their own ---------------------------------------------------------------------


async def test_a_poll_is_one_of_discords_own(link, stage, general) -> None:
    poll = Poll("Tea?" * 100, ("Green" * 20, "Black", "Black", *map(str, range(20))), several=True)
    await says(link, general, Reply("Vote!", poll=poll))
    words, asked = sends(stage)
    assert words["content"] == "Vote!"
    assert len(asked["poll"]["answers"]) == 10
    assert asked["poll"]["allow_multiselect"] is True
    assert payloads(Reply("", poll=Poll("Tea?", ("Yes",)))) == []


async def test_where_no_polls_may_be_held_it_is_asked_in_words(link, stage, general) -> None:
    stage.discord.faults.add(Fault("refuse", method="create_message", status=403, code=50013))
    await says(link, general, Reply("", poll=Poll("Tea?", ("Green", "Black"))))
    assert [one.text for one in stage.messages(general)] == ["**Tea?**\n- Green\n- Black"]


def test_a_sticker_of_another_platform_is_left_out() -> None:
    assert payloads(Reply("", sticker="CAACAgIAAxkBAAE")) == []
    (words, sticker) = payloads(Reply("Hm.", sticker="1" * 18))
    assert sticker["stickers"] == ["1" * 18]
    assert words["content"] == "Hm."


async def test_nobodys_telephone_rings_for_what_is_said_silently(link, stage, general) -> None:
    await says(link, general, Reply("Psst.", silent=True))
    assert sends(stage)[0]["flags"] & SILENT


# --- an answer that grows ----------------------------------------------------------------------


async def test_an_answer_that_grows_can_be_stopped_until_it_is_whole(link, stage, general) -> None:
    (row,) = rows(link, general, Reply("Once"))
    begun = await link.perform(replace(row, status=DeliveryStatus.GROWING))
    (said,) = stage.messages(general)
    assert labels(said.more) == [["⏹ Stop"]]
    await link.show(Live(row.address, 1, "Once upon", begun.message or ""))
    (said,) = stage.messages(general)
    assert labels(said.more) == [["⏹ Stop"]], "it grows, and can still be stopped"
    (end,) = rows(link, general, Reply("Once upon a time."))
    await link.perform(replace(end, kind=DeliveryKind.EDIT, target=begun.message))
    (said,) = stage.messages(general)
    assert (said.text, said.more["components"]) == ("Once upon a time.", [])


async def test_a_beginning_that_was_all_is_not_left_with_its_stop(link, stage, general) -> None:
    (row,) = rows(link, general, Reply("Once."))
    await link.perform(replace(row, status=DeliveryStatus.GROWING))
    await link.perform(replace(row, status=DeliveryStatus.UNCERTAIN))  # nobody knew of it
    (said,) = stage.messages(general)
    assert not said.more["components"]


async def test_a_mark_is_put_on_a_message_and_taken_away(link, stage, general, ed) -> None:
    said = ed.says(general, "nice")
    where = Address("discord", link.account, str(general.id))
    await link.show(Live(where, 1, message=str(said.id), reaction="👀"))
    methods = [call.method for call in stage.discord.journal]
    assert "add_my_message_reaction" in methods
    await link.show(Live(where, 1, message=str(said.id), reaction=""))
    methods = [call.method for call in stage.discord.journal]
    assert "delete_my_message_reaction" in methods


# --- threads -----------------------------------------------------------------------------------


@pytest.fixture
def question(ed: Any, general: Any) -> Any:
    return ed.says(general, "what is tea?")


def thread_of(guild: Any, said: Any) -> Any:
    return guild.channels[said.id]


async def test_it_is_said_in_a_thread_that_hangs_from_what_is_answered(
    link, stage, guild, general, question
) -> None:
    reply = Reply("Tea. " * 600, str(question.id), thread="what is tea?")
    await says(link, general, reply)
    room = thread_of(guild, question)
    assert room.title == "what is tea?"
    assert len(texts(stage, room)) == 2
    assert [one.text for one in stage.messages(general)] == ["what is tea?"]
    opened = [c for c in stage.discord.journal if c.method == "create_thread_from_message"]
    assert len(opened) == 1


async def test_a_thread_that_is_there_already_is_found(
    link, make_link, stage, guild, general, question
) -> None:
    reply = Reply("Tea.", str(question.id), thread="tea")
    (row,) = rows(link, general, reply)
    first = await link.perform(row)
    async with make_link() as restarted:
        assert await restarted.perform(replace(row, status=DeliveryStatus.UNCERTAIN)) == first
        await restarted.perform(replace(row, nonce="other"))
    assert len(texts(stage, thread_of(guild, question))) == 2


async def test_what_stands_in_a_thread_grows_and_ends_there(
    link, stage, guild, general, question
) -> None:
    (row,) = rows(link, general, Reply("Once", str(question.id), thread="tea"))
    begun = await link.perform(replace(row, status=DeliveryStatus.GROWING))
    await link.show(Live(row.address, 1, "Once upon", begun.message or ""))
    (end,) = rows(link, general, Reply("Once upon a time.", str(question.id), thread="tea"))
    await link.perform(replace(end, kind=DeliveryKind.EDIT, target=begun.message))
    assert texts(stage, thread_of(guild, question)) == ["Once upon a time."]


async def test_where_no_thread_can_be_it_is_said_in_the_room(
    link, stage, guild, general, question, ada, ed
) -> None:
    fault = Fault("refuse", method="create_thread_from_message", status=403, code=50013)
    stage.discord.faults.add(fault)
    await says(link, general, Reply("Tea.", str(question.id), thread="tea"))
    said = stage.messages(general)[-1]
    assert said.text == "Tea."
    assert said.reply_to is not None
    room = stage.discord.dm(ed, ada)
    asked = ed.says(room, "and here?")
    await says(link, room, Reply("Milk.", str(asked.id), thread="milk"), direct=True)
    assert [one.text for one in stage.messages(room)][-1] == "Milk."


async def test_where_the_thread_is_closed_it_is_said_in_the_room(
    link, stage, guild, general, question
) -> None:
    reply = Reply("Tea.", str(question.id), thread="tea")
    await says(link, general, reply)
    room = thread_of(guild, question)
    fact = {"fact": "room_changed", "chat": room.key, "more": {"archived": True, "locked": True}}
    stage.world.commit(fact)
    for number in range(2):
        await says(
            link, general, Reply("Milk.", str(question.id), thread="tea"), nonce=f"m{number}"
        )
    assert texts(stage, room) == ["Tea."]
    assert texts(stage, general)[1:] == ["Milk.", "Milk."]


async def test_in_a_thread_there_is_no_other_one(
    link, stage, guild, general, question, ed, listening
) -> None:
    async with listening(link):
        await says(link, general, Reply("Tea.", str(question.id), thread="tea"))
        room = thread_of(guild, question)
        again = ed.says(room, "and milk?")
        await says(link, room, Reply("Milk.", str(again.id), thread="milk"), nonce="m")
    assert [one.text for one in stage.messages(room)][-1] == "Milk."


# --- what a room does not bear -----------------------------------------------------------------


async def test_slow_mode_is_waited_for(link, stage, general) -> None:
    stage.discord.faults.add(Fault("refuse", method="create_message", status=400, code=20016))
    with pytest.raises(Throttled) as caught:
        await says(link, general, Reply("Tea."))
    assert caught.value.seconds > 0
    await says(link, general, Reply("Tea."))
    assert [one.text for one in stage.messages(general)] == ["Tea."]


async def test_an_answer_in_a_thread_that_was_archived_meanwhile_is_made_whole(
    link, stage, guild, general, question
) -> None:
    (number,) = await says(link, general, Reply("Once", str(question.id), thread="tea"))
    room = thread_of(guild, question)
    fact = {"fact": "room_changed", "chat": room.key, "more": {"archived": True}}
    stage.world.commit(fact)
    (end,) = rows(link, general, Reply("Once upon a time.", str(question.id), thread="tea"))
    await link.perform(replace(end, kind=DeliveryKind.EDIT, target=number))
    assert texts(stage, room) == ["Once upon a time."]


async def test_where_we_are_not_known_to_be_typing_is_tried_once(link, stage) -> None:
    refuses = Fault("refuse", method="trigger_typing_indicator", status=403, code=50001, times=None)
    stage.discord.faults.add(refuses)
    where = Address("discord", link.account, "77")
    with pytest.raises(Unsendable):
        await link.show(Live(where, 1))
    for _ in range(3):
        await link.show(Live(where, 1))
    tried = [c for c in stage.discord.journal if c.method == "trigger_typing_indicator"]
    assert len(tried) == 1
