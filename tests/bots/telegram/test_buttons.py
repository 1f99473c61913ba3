"""Buttons below a message: drawn as far as Telegram can, heard when pressed, answered at once."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import orjson
import pytest

from bots.sandbox import Stage
from bots.sandbox.faults import Fault
from bots.telegram.rendering import render
from core.errors import LinkRejected, Unsendable
from core.messages import Button, DeliveryKind, DeliveryStatus, Kind, Reply
from tests.bots.telegram.conftest import delivery

YES, NO = Button("Yes", "yes"), Button("No", "no")


@pytest.fixture
def bob(stage: Stage):
    return stage.person("Bob", username="bob")


@pytest.fixture
def dm(stage: Stage, bob, ada):
    return stage.dm(bob, ada)


def rows(*buttons: Button, text: str = "Tea?"):
    return orjson.loads(render(Reply(text, buttons=buttons))[-1]).get("keyboard")


def words(*buttons: Button) -> list[list[str]]:
    return [[key["text"] for key in row] for row in rows(*buttons) or ()]


async def until(stage: Stage, method: str, number: int = 1):
    async with asyncio.timeout(20):
        while len(stage.journal.of(method)) < number:  # noqa: ASYNC110 - the stage has no event for it
            await asyncio.sleep(0.01)
    return stage.journal.of(method)


# --- what is drawn -----------------------------------------------------------------------------


def test_short_words_stand_side_by_side_and_long_ones_below_one_another():
    assert words(*(Button(str(n), f"n{n}") for n in range(7))) == [
        ["0", "1", "2"],
        ["3", "4", "5"],
        ["6"],
    ]
    long = "Yes, with a little milk and"
    assert words(Button(long, "a"), Button(long, "b"), YES) == [[long], [long, "Yes"]]


def test_buttons_stand_below_the_last_part():
    first, *_, last = render(Reply("Tea is good. " * 700, buttons=(YES, NO)))
    assert "keyboard" not in orjson.loads(first)
    assert orjson.loads(last)["keyboard"] == [
        [{"text": "Yes", "callback_data": "yes"}, {"text": "No", "callback_data": "no"}]
    ]


def test_a_message_without_buttons_or_without_words_has_none():
    assert rows() is None
    assert render(Reply("", buttons=(YES,))) == ()


def test_a_long_word_is_cut_between_signs():
    (row,) = rows(Button("é" * 10 + "👩‍🚀" * 40, "a"))
    assert len(row[0]["text"]) <= 64
    assert row[0]["text"].endswith("👩‍🚀…")


def test_an_address_makes_a_button_that_leads_there():
    assert rows(Button("Read", url="https://example.org/tea")) == [
        [{"text": "Read", "url": "https://example.org/tea"}]
    ]


@pytest.mark.parametrize(
    "odd",
    [
        Button("", "a"),
        Button(" \u200b", "a"),
        Button("Nothing"),
        Button("Long", "é" * 33),
        Button("Run", url="javascript:alert(1)"),
        Button("Nowhere", url="https://"),
        Button("Split", url="https://example.org/a b"),
    ],
)
def test_what_telegram_would_refuse_is_left_out(odd):
    assert words(odd, YES) == [["Yes"]]
    assert rows(odd) is None


def test_only_as_many_are_drawn_as_fit():
    assert sum(map(len, rows(*(Button(str(n), f"n{n}") for n in range(300))))) == 100


def test_half_an_emoji_in_a_button_can_be_sent():
    assert words(Button("cup \ud83d", "a")) == [["cup \ufffd"]]


# --- what is sent ------------------------------------------------------------------------------


async def test_buttons_are_sent_and_an_edit_changes_or_removes_them(stage, link, dm):
    (payload,) = link.render(Reply("Tea?", buttons=(YES, Button("Read", url="https://tea.org"))))
    receipt = await link.perform(delivery(link, dm.id, payload))
    (asked,) = stage.messages(dm)
    assert asked.markup == {"inline_keyboard": orjson.loads(payload)["keyboard"]}

    async def becomes(reply: Reply) -> tuple[str, object]:
        (payload,) = link.render(reply)
        kind = DeliveryKind.EDIT
        await link.perform(delivery(link, dm.id, payload, kind=kind, target=receipt.message))
        (asked,) = stage.messages(dm)
        return asked.text, asked.markup

    no = {"inline_keyboard": [[{"text": "No", "callback_data": "no"}]]}
    assert await becomes(Reply("Tea or milk?", buttons=(NO,))) == ("Tea or milk?", no)
    assert await becomes(Reply("Tea it is.")) == ("Tea it is.", None)


async def test_an_edit_done_twice_leaves_the_buttons_where_they_are(stage, link, dm):
    (payload,) = link.render(Reply("Tea?", buttons=(YES,)))
    sent = await link.perform(delivery(link, dm.id))
    edit = delivery(link, dm.id, payload, kind=DeliveryKind.EDIT, target=sent.message)
    for _ in range(2):
        await link.perform(edit)
    assert stage.messages(dm)[0].markup is not None
    assert len(stage.journal.of("editMessageText")) == 2


async def test_a_repeat_has_the_buttons_of_the_first_try(stage, link, dm):
    (payload,) = link.render(Reply("**Tea**?", buttons=(YES,)))
    again = replace(delivery(link, dm.id, payload), status=DeliveryStatus.UNCERTAIN)
    await link.perform(again)
    (asked,) = stage.messages(dm)
    assert asked.text.endswith("Tea?")
    assert asked.markup is not None


async def test_words_are_said_without_the_buttons_that_telegram_refuses(stage, link, dm):
    payload = orjson.dumps(
        {
            "text": "Tea?",
            "entities": [{"type": "bold", "offset": 0, "length": 3}],
            "keyboard": [[{"text": "Yes", "callback_data": "é" * 40}]],
        }
    )
    await link.perform(delivery(link, dm.id, payload))
    (asked,) = stage.messages(dm)
    assert (asked.text, asked.markup) == ("Tea?", None)
    assert [entity["type"] for entity in asked.entities] == ["bold"]


async def test_no_address_in_an_answer_is_fetched_by_telegram(stage, link, dm):
    (payload,) = link.render(Reply("see https://example.org/?q=what+it+was+told"))
    receipt = await link.perform(delivery(link, dm.id, payload))
    change = delivery(
        link, dm.id, b'{"text":"https://a.org"}', kind=DeliveryKind.EDIT, target=receipt.message
    )
    await link.perform(change)
    calls = [*stage.journal.of("sendMessage"), *stage.journal.of("editMessageText")]
    assert [call.params["link_preview_options"] for call in calls] == [{"is_disabled": True}] * 2


async def test_a_refusal_that_has_nothing_to_do_with_buttons_is_told(stage, link):
    (payload,) = link.render(Reply("Tea?", buttons=(YES,)))
    with pytest.raises(Unsendable, match="chat not found"):
        await link.perform(delivery(link, 424242, payload))
    assert len(stage.journal.of("sendMessage")) == 1


# --- what is pressed ---------------------------------------------------------------------------


async def test_a_press_is_heard_with_its_word_and_answered(stage, link, bob, dm, listening):
    (payload,) = link.render(Reply("Tea?", buttons=(YES, NO)))
    receipt = await link.perform(delivery(link, dm.id, payload))
    async with listening(link) as notebook:
        press = bob.presses(stage.messages(dm)[0], "no")
        inbound = link.read((await notebook.until(1))[0])
        (call,) = await until(stage, "answerCallbackQuery")
    assert (inbound.kind, inbound.press, inbound.text) == (Kind.PRESS, "no", "No")
    assert (inbound.message, inbound.author.id) == (receipt.message, str(bob.id))
    assert inbound.is_direct
    assert call.params["callback_query_id"] == press
    assert call.status == 200


async def test_a_press_is_not_answered_before_it_is_written_down(
    stage, link, bob, dm, listening, ada
):
    stage.world.say(
        ada, dm, "Tea?", markup={"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}
    )
    async with listening(link) as notebook:
        notebook.open.clear()
        bob.presses(stage.messages(dm)[0], "y")
        await until(stage, "getUpdates", 1)
        await asyncio.sleep(0.1)
        assert not stage.journal.of("answerCallbackQuery")
        notebook.open.set()
        await until(stage, "answerCallbackQuery")


async def test_a_press_that_cannot_be_answered_is_said_once_and_holds_up_nobody(
    stage, link, bob, dm, listening, ada, caplog
):
    stage.world.say(
        ada, dm, "Tea?", markup={"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}
    )
    stage.faults.add(Fault("hang", method="answerCallbackQuery"))
    for status in (400, 502, 403):
        stage.faults.add(Fault("refuse", method="answerCallbackQuery", status=status))
    caplog.set_level(logging.INFO)
    async with listening(link) as notebook:
        for _ in range(5):
            bob.presses(stage.messages(dm)[0], "y")
        bob.says(dm, "hello")
        received = await notebook.until(6)
        calls = await until(stage, "answerCallbackQuery", 5)
        async with asyncio.timeout(20):
            while not all(call.status for call in calls[1:]):  # noqa: ASYNC110 - no event for it
                await asyncio.sleep(0.01)
    assert [one.kind for one in received] == [Kind.PRESS] * 5 + [Kind.MESSAGE]
    assert caplog.text.count("could not answer the press") == 1
    assert ada.token not in caplog.text


async def test_a_press_of_yesterday_is_stored_and_nothing_is_said_of_it(
    stage, link, bob, dm, listening, ada, caplog
):
    query = {"id": "4711", "from": {"id": bob.id, "is_bot": False, "first_name": "Bob"}}
    query |= {"chat_instance": "1", "data": "from another time"}
    caplog.set_level(logging.INFO)
    async with listening(link) as notebook:
        ada.inject({"callback_query": query})
        ada.inject({"callback_query": {"id": 5}})
        ada.inject({"callback_query": None})
        received = await notebook.until(3)
        calls = await until(stage, "answerCallbackQuery")
        async with asyncio.timeout(20):
            while not calls[0].status:  # noqa: ASYNC110 - no event for it
                await asyncio.sleep(0.01)
    assert calls[0].status == 400
    assert received[0].kind is Kind.PRESS
    assert link.read(received[0]).press == "from another time"
    assert "press" not in caplog.text


async def test_answers_under_way_do_not_hold_up_the_end_of_a_link(
    stage, link, bob, dm, listening, ada
):
    (payload,) = link.render(Reply("Tea?", buttons=(YES,)))
    await link.perform(delivery(link, dm.id, payload))
    stage.faults.add(Fault("hang", method="answerCallbackQuery"))
    with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012 - one story
        async with asyncio.timeout(20), listening(link):
            bob.presses(stage.messages(dm)[0], "yes")
            await until(stage, "answerCallbackQuery")
            stage.new_token(ada)
            await asyncio.sleep(4)
    assert caught.group_contains(LinkRejected)
