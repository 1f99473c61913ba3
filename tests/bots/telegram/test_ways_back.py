"""An answer goes back the way the question came: to a guest's summons, an inline query, a business,
with the words that it answers quoted, in silence, to one person alone."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import orjson
import pytest

from bots.telegram.rendering import render
from core.errors import Unsendable
from core.messages import Button, DeliveryKind, DeliveryStatus, Inbound, Live, Reply
from tests.bots.telegram.conftest import delivery


@pytest.fixture
def bob(stage: Any) -> Any:
    return stage.person("Bob")


@pytest.fixture
def eve(stage: Any) -> Any:
    return stage.person("Eve")


@pytest.fixture
def dm(stage: Any, bob: Any, ada: Any) -> Any:
    return stage.dm(bob, ada)


async def heard(link: Any, listening: Any, act: Any) -> tuple[Inbound, Any]:
    """What came of an act, and what the act gave."""
    async with listening(link) as notebook:
        given = act()
        received = await notebook.until(1)
        return link.read(received[-1]), given


async def answers(link: Any, inbound: Inbound, text: str, **how: Any) -> str | None:
    (payload,) = link.render(Reply(text, via=inbound.via, **how))
    where = delivery(link, inbound.address.room, payload, thread=inbound.address.thread)
    return (await link.perform(where)).message


# --- guests -------------------------------------------------------------------------------------


async def test_a_guest_s_summons_is_answered_where_it_was_said(
    stage, link, ada, bob, eve, listening
):
    ada.may("guests")
    tea = stage.supergroup("Tea", [bob, eve], [])
    inbound, _ = await heard(link, listening, lambda: bob.summons(tea, ada, "how long?"))
    assert inbound.via.startswith("guest:")
    number = await answers(link, inbound, "**Two** minutes.", buttons=(Button("More", "more"),))
    said = stage.messages(tea)[-1]
    assert (said.sender, said.text, [e["type"] for e in said.entities]) == (
        ada,
        "Two minutes.",
        ["bold"],
    )
    assert said.markup is not None
    # What was said there can be mended, by the number that Telegram gave.
    (payload,) = link.render(Reply("Three minutes."))
    edit = delivery(link, tea.id, payload, kind=DeliveryKind.EDIT, target=number, thread="guest")
    await link.perform(edit)
    assert stage.messages(tea)[-1].text == "Three minutes."


async def test_a_summons_is_answered_once(stage, link, ada, bob, listening):
    ada.may("guests")
    tea = stage.supergroup("Tea", [bob], [])
    inbound, _ = await heard(link, listening, lambda: bob.summons(tea, ada, "how long?"))
    await answers(link, inbound, "Two minutes.")
    with pytest.raises(Unsendable, match="too late"):
        await answers(link, inbound, "Three.")
    assert len(stage.messages(tea)) == 2


async def test_nothing_else_can_be_said_there(stage, link, bob):
    tea = stage.supergroup("Tea", [bob], [])
    for thread in ("guest", "inline"):
        with pytest.raises(Unsendable, match="only what is asked"):
            await link.perform(delivery(link, tea.id, thread=thread))
    assert not stage.journal.of("sendMessage")


# --- inline queries -----------------------------------------------------------------------------


async def test_an_inline_query_is_offered_one_answer_for_that_person(
    stage, link, ada, bob, eve, listening
):
    ada.may("inline")
    tea = stage.group("Tea", [bob, eve])
    inbound, query = await heard(link, listening, lambda: bob.types_inline(ada, "tea?", tea))
    assert inbound.via == f"inline:{query}"
    await answers(link, inbound, "Green tea:\n\ntwo **minutes**, 80 °C.")
    (call,) = stage.journal.of("answerInlineQuery")
    assert (call.params["is_personal"], call.params["cache_time"]) == (True, 0)
    (result,) = call.params["results"]
    assert (result["title"], result["description"]) == ("Green tea:", "two minutes, 80 °C.")
    assert result["input_message_content"]["link_preview_options"] == {"is_disabled": True}
    bob.chooses(tea, ada, query, "1", "tea?")
    assert stage.messages(tea)[-1].text == "Green tea:\n\ntwo minutes, 80 °C."


async def test_a_query_that_is_too_old_gets_no_answer(link, dm):
    payload = orjson.dumps({"text": "Hm.", "via": "inline:4711"})
    with pytest.raises(Unsendable, match="too late"):
        await link.perform(delivery(link, dm.id, payload, thread="inline"))


@pytest.mark.parametrize("via", ["guest:", "smoke:1", "x"])
async def test_a_way_back_that_is_none_of_ours_is_not_taken(stage, link, dm, via):
    payload = orjson.dumps({"text": "Hm.", "via": via})
    with pytest.raises(Unsendable, match="not one of ours"):
        await link.perform(delivery(link, dm.id, payload))
    assert not stage.messages(dm)


def test_such_an_answer_is_one_and_of_words():
    (payload,) = map(orjson.loads, render(Reply("Tea. " * 3000, via="guest:1")))
    assert payload["text"].endswith("…")
    assert render(Reply("", via="guest:1", buttons=(Button("A", "a"),))) == ()


async def test_a_repeat_of_such_an_answer_bears_no_mark(stage, link, ada, bob, listening):
    ada.may("guests")
    tea = stage.supergroup("Tea", [bob], [])
    inbound, _ = await heard(link, listening, lambda: bob.summons(tea, ada, "how long?"))
    (payload,) = link.render(Reply("Two minutes.", via=inbound.via))
    row = delivery(link, inbound.address.room, payload, thread="guest")
    await link.perform(replace(row, status=DeliveryStatus.UNCERTAIN))
    assert stage.messages(tea)[-1].text == "Two minutes."


# --- business chats -----------------------------------------------------------------------------


async def test_for_a_business_everything_goes_by_its_connection(
    stage, link, ada, bob, eve, listening
):
    ada.may("business")
    connection = bob.connects(ada)
    shop = stage.business(bob, eve)
    async with listening(link) as notebook:
        eve.says(shop, "are you open?")
        received = [one for one in await notebook.until(2) if one.kind == "message"]
        inbound = link.read(received[0])
    assert inbound.address.thread == f"b:{connection}"
    where = {"thread": inbound.address.thread}
    await link.show(Live(inbound.address, 1))
    with pytest.raises(Unsendable, match="no drafts"):
        await link.show(Live(inbound.address, 1, "Y"))
    (payload,) = link.render(Reply("Yes.", inbound.message))
    number = (await link.perform(delivery(link, inbound.address.room, payload, **where))).message
    assert stage.messages(shop)[-1].text == "Yes."
    (payload,) = link.render(Reply("Until nine."))
    change = delivery(
        link, inbound.address.room, payload, kind=DeliveryKind.EDIT, target=number, **where
    )
    await link.perform(change)
    assert stage.messages(shop)[-1].text == "Until nine."
    await link.perform(replace(change, kind=DeliveryKind.DELETE, payload=b"{}"))
    calls = [
        call
        for name in ("sendMessage", "editMessageText", "deleteBusinessMessages", "sendChatAction")
        for call in stage.journal.of(name)
    ]
    assert {call.params["business_connection_id"] for call in calls} == {connection}
    assert {call.status for call in calls} == {200}
    assert not stage.journal.of("sendMessageDraft")
    assert [one.text for one in stage.messages(shop) if not one.deleted] == ["are you open?"]


# --- quotes -------------------------------------------------------------------------------------


@pytest.fixture
def tea(stage: Any, bob: Any, eve: Any, ada: Any) -> Any:
    return stage.supergroup("Tea", [bob, eve], [ada], admins=[ada])


async def test_the_words_that_are_answered_are_quoted(stage, link, bob, tea):
    asked = bob.says(tea, "I like tea. How long should it draw? And owls.")
    (payload,) = link.render(Reply("Two minutes.", str(asked.id), quote="How long should it draw?"))
    await link.perform(delivery(link, tea.id, payload))
    (call,) = stage.journal.of("sendMessage")
    assert call.params["reply_parameters"]["quote"] == "How long should it draw?"
    assert stage.messages(tea)[-1].more["quote"]["text"] == "How long should it draw?"


async def test_words_that_do_not_stand_there_any_more_are_not_quoted(stage, link, bob, tea):
    asked = bob.says(tea, "How long should it draw?")
    bob.edits(asked, "How many cups?")
    (payload,) = link.render(Reply("Two minutes.", str(asked.id), quote="How long should it draw?"))
    await link.perform(delivery(link, tea.id, payload))
    said = stage.messages(tea)[-1]
    assert (said.text, said.reply_to, said.more.get("quote")) == ("Two minutes.", asked.id, None)
    assert [call.status for call in stage.journal.of("sendMessage")] == [400, 200]


def test_a_quote_needs_what_it_quotes():
    (payload,) = map(orjson.loads, render(Reply("Two.", quote="How long?")))
    assert "quote" not in payload
    long, _ = map(orjson.loads, render(Reply("Two. " * 1000, "7", quote="🦉" * 2000)))
    assert len(long["quote"].encode("utf-16-le")) // 2 <= 1024


# --- silence, and one person alone --------------------------------------------------------------


async def test_in_silence_nobody_s_telephone_rings(stage, link, dm):
    for payload in link.render(Reply("Hush. " * 1000, silent=True)):
        await link.perform(delivery(link, dm.id, payload))
    calls = stage.journal.of("sendMessage")
    assert [call.params["disable_notification"] for call in calls] == [True, True]
    (payload,) = link.render(Reply("Hear."))
    await link.perform(delivery(link, dm.id, payload))
    assert "disable_notification" not in stage.journal.of("sendMessage")[-1].params


async def test_in_a_group_something_is_said_to_one_person(stage, link, bob, eve, tea, dm):
    (payload,) = link.render(Reply("That was much for today.", only_for=str(bob.id)))
    receipt = await link.perform(delivery(link, tea.id, payload))
    assert receipt.message is None  # there is no message of the group that could be changed
    (call,) = stage.journal.of("sendMessage")
    assert call.params["ephemeral_message_parameters"] == {"receiver_user_id": bob.id}
    assert [one.text for one in stage.whispers(tea, bob)] == ["That was much for today."]
    assert not stage.whispers(tea, eve)
    assert not stage.messages(tea)
    await link.perform(delivery(link, dm.id, payload))
    assert "ephemeral_message_parameters" not in stage.journal.of("sendMessage")[-1].params


async def test_where_that_is_not_allowed_it_is_said_to_all(stage, link, ada, bob):
    tea = stage.supergroup("Tea", [bob], [ada])  # she is no admin there
    (payload,) = link.render(Reply("That was much for today.", only_for=str(bob.id)))
    await link.perform(delivery(link, tea.id, payload))
    first, second = stage.journal.of("sendMessage")
    assert (first.status, second.status) == (400, 200)
    assert "ephemeral_message_parameters" not in second.params
    assert stage.messages(tea)[-1].text == "That was much for today."


# --- previews -----------------------------------------------------------------------------------


@pytest.mark.parametrize("previews", [False, True])
async def test_addresses_are_looked_at_by_telegram_only_where_that_is_set(
    stage, make_link, dm, previews
):
    async with make_link(previews=previews) as link:
        (payload,) = link.render(Reply("see https://example.org"))
        await link.perform(delivery(link, dm.id, payload))
    (call,) = stage.journal.of("sendMessage")
    assert call.params["link_preview_options"] == {"is_disabled": not previews}


# --- buttons of every kind ----------------------------------------------------------------------


async def test_buttons_stand_in_their_rows_and_do_what_they_say(stage, link, dm):
    """T-56."""
    buttons = (
        Button("Yes", "yes", row=0),
        Button("No", "no", row=0),
        Button("Read", "no", url="https://example.org/tea", row=1),
        Button("Copy", copy="tea", row=2),
        Button("Open", app="https://example.org/app", row=2),
    )
    (payload,) = link.render(Reply("Tea?", buttons=buttons))
    await link.perform(delivery(link, dm.id, payload))
    (said,) = stage.messages(dm)
    assert said.markup["inline_keyboard"] == [
        [{"text": "Yes", "callback_data": "yes"}, {"text": "No", "callback_data": "no"}],
        [{"text": "Read", "url": "https://example.org/tea"}],
        [
            {"text": "Copy", "copy_text": {"text": "tea"}},
            {"text": "Open", "web_app": {"url": "https://example.org/app"}},
        ],
    ]


async def test_in_a_group_a_page_opens_outside(stage, link, tea):
    (payload,) = link.render(Reply("Tea?", buttons=(Button("Open", app="https://example.org/a"),)))
    await link.perform(delivery(link, tea.id, payload))
    ((key,),) = stage.messages(tea)[-1].markup["inline_keyboard"]
    assert key == {"text": "Open", "url": "https://example.org/a"}
    assert len(stage.journal.of("sendMessage")) == 1


@pytest.mark.parametrize(
    "odd",
    [
        Button("Long", "é" * 33),
        Button("Much", copy="x" * 257),
        Button("Plain", app="http://example.org"),
        Button("Run", "run", url="javascript:alert(1)"),
    ],
)
def test_a_button_that_telegram_would_refuse_is_named_in_the_log(odd, caplog):
    caplog.set_level(logging.INFO)
    (payload,) = map(orjson.loads, render(Reply("Tea?", buttons=(odd, Button("Yes", "yes")))))
    assert payload["keyboard"] == [[{"text": "Yes", "callback_data": "yes"}]]
    assert "is left out" in caplog.text
    assert odd.label not in caplog.text
