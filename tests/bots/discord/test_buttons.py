"""Buttons below a message: drawn as far as Discord can, heard when pressed, answered at once."""

from __future__ import annotations

import asyncio
import logging

import orjson
import pytest

from bots.discord.rendering import render
from bots.sandbox.faults import Fault
from core.errors import LinkRejected, Unsendable
from core.messages import Address, Button, Delivery, DeliveryKind, Kind, Live, Reply
from tests.bots.discord.conftest import delivery, until

YES, NO = Button("Yes", "yes"), Button("No", "no")


def rows(*buttons: Button, text: str = "Tea?"):
    return orjson.loads(render(Reply(text, buttons=buttons))[-1]).get("components")


def words(*buttons: Button) -> list[list[str]]:
    return [[key["label"] for key in row["components"]] for row in rows(*buttons) or ()]


def sent(link, room, payload: bytes, **more) -> Delivery:
    plain = delivery(link, room, **more)
    return Delivery(
        plain.address, plain.kind, payload, plain.nonce, plain.turn, target=plain.target
    )


def asked(stage, method):
    return [call for call in stage.discord.journal if call.method == method]


def presses_heard(notebook):
    return [one for one in notebook.received if one.kind is Kind.PRESS]


def keys(said) -> list[str]:
    rows = said.more.get("components", ())
    return [key["label"] for row in rows for key in row["components"]]


# --- what is drawn -----------------------------------------------------------------------------


def test_five_stand_in_a_row_and_25_below_a_message():
    many = [Button(str(n), f"n{n}") for n in range(40)]
    assert words(*many[:7]) == [["0", "1", "2", "3", "4"], ["5", "6"]]
    assert words(*many) == [[str(n) for n in range(at, at + 5)] for at in range(0, 25, 5)]


def test_a_button_is_plain_or_leads_somewhere():
    (row,) = rows(YES, Button("Read", url="https://example.org/tea"))
    assert row["components"] == [
        {"type": 2, "label": "Yes", "style": 2, "custom_id": "yes"},
        {"type": 2, "label": "Read", "style": 5, "url": "https://example.org/tea"},
    ]


def test_buttons_stand_below_the_last_part():
    first, *_, last = render(Reply("Tea is good. " * 400, buttons=(YES,)))
    assert "components" not in orjson.loads(first)
    assert "components" in orjson.loads(last)


def test_buttons_alone_are_a_message_and_without_any_there_are_none():
    assert rows() is None
    (alone,) = render(Reply("", buttons=(YES,)))
    assert orjson.loads(alone)["content"] == ""
    assert rows(YES, text="") == rows(YES)
    assert render(Reply("", buttons=(Button(""),))) == ()


def test_a_long_word_is_cut_between_signs():
    (row,) = rows(Button("é" * 10 + "👩‍🚀" * 40, "a"))
    label = row["components"][0]["label"]
    assert len(label) <= 80
    assert label.endswith("👩‍🚀…")


@pytest.mark.parametrize(
    "odd",
    [
        Button("", "a"),
        Button(" \u200b", "a"),
        Button("Nothing"),
        Button("Long", "a" * 101),
        Button("Again", "yes"),
        Button("Run", url="javascript:alert(1)"),
        Button("Nowhere", url="https://"),
        Button("Endless", url="https://example.org/" + "a" * 600),
    ],
)
def test_what_discord_would_refuse_is_left_out(odd):
    assert words(YES, odd) == [["Yes"]]


# --- what is sent ------------------------------------------------------------------------------


async def test_buttons_are_sent_and_an_edit_changes_or_removes_them(link, stage, general):
    (payload,) = link.render(Reply("Tea?", buttons=(YES, Button("Read", url="https://tea.org"))))
    receipt = await link.perform(sent(link, general, payload))
    assert keys(stage.messages(general)[0]) == ["Yes", "Read"]

    async def becomes(reply: Reply) -> tuple[str, list[str]]:
        (payload,) = link.render(reply)
        kind = DeliveryKind.EDIT
        for _ in range(2):  # a repeat after a crash changes nothing
            await link.perform(sent(link, general, payload, kind=kind, target=receipt.message))
        (said,) = stage.messages(general)
        return said.text, keys(said)

    assert await becomes(Reply("Tea or milk?", buttons=(NO,))) == ("Tea or milk?", ["No"])
    assert await becomes(Reply("Tea it is.")) == ("Tea it is.", [])


async def test_an_answer_that_grew_gets_its_buttons_when_it_is_whole(link, stage, general):
    target = (await link.perform(delivery(link, general, "Shall"))).message
    where = Address("discord", link.account, str(general.id))
    await link.show(Live(where, 1, "Shall we", target))
    assert keys(stage.messages(general)[0]) == []
    (payload,) = link.render(Reply("Shall we drink tea?", buttons=(YES, NO)))
    await link.perform(sent(link, general, payload, kind=DeliveryKind.EDIT, target=target))
    assert keys(stage.messages(general)[0]) == ["Yes", "No"]


async def test_a_send_that_finds_its_beginning_there_gives_it_the_buttons(link, stage, general):
    first = await link.perform(delivery(link, general, "Tea?"))
    (payload,) = link.render(Reply("Tea?", buttons=(YES,)))
    assert await link.perform(sent(link, general, payload)) == first
    assert keys(stage.messages(general)[0]) == ["Yes"]


async def test_words_are_said_without_the_buttons_that_discord_refuses(link, stage, general):
    twice = [{"type": 2, "style": 2, "label": "Yes", "custom_id": "yes"}] * 2
    payload = orjson.dumps({"content": "Tea?", "components": [{"type": 1, "components": twice}]})
    receipt = await link.perform(sent(link, general, payload))
    change = payload.replace(b"Tea?", b"Milk?")
    kind = DeliveryKind.EDIT
    await link.perform(sent(link, general, change, kind=kind, target=receipt.message))
    assert [said.text for said in stage.messages(general)] == ["Milk?"]


async def test_a_refusal_that_has_nothing_to_do_with_buttons_is_told(link, stage, general):
    stage.discord.faults.add(Fault("refuse", method="create_message", status=400, code=50035))
    (payload,) = link.render(Reply("Tea?", buttons=(YES,)))
    with pytest.raises(Unsendable, match="not well formed"):
        await link.perform(sent(link, general, payload))
    assert len(asked(stage, "create_message")) == 1


async def test_no_address_in_an_answer_is_fetched_by_discord(link, stage, general):
    target = (await link.perform(delivery(link, general, "see https://example.org/?q=1"))).message
    where = Address("discord", link.account, str(general.id))
    await link.show(Live(where, 1, "see https://example.org/?q=12", target))
    text = "see https://example.org/?q=123"
    await link.perform(delivery(link, general, text, kind=DeliveryKind.EDIT, target=target))
    calls = [*asked(stage, "create_message"), *asked(stage, "update_message")]
    assert [call.params["flags"] for call in calls] == [4, 4, 4]
    assert stage.messages(general)[0].more["flags"] == 4


# --- what is pressed ---------------------------------------------------------------------------


async def test_a_press_is_heard_with_its_word_and_answered(link, stage, general, ed, listening):
    (payload,) = link.render(Reply("Tea?", buttons=(YES, NO)))
    receipt = await link.perform(sent(link, general, payload))
    async with listening(link) as notebook:
        number = ed.presses(stage.messages(general)[0], "no")
        await notebook.until(lambda: presses_heard(notebook))
        await until(lambda: stage.discord.interaction(number).answered)
    inbound = link.read(presses_heard(notebook)[0])
    assert (inbound.kind, inbound.press, inbound.text) == (Kind.PRESS, "no", "No")
    assert (inbound.message, inbound.author.id) == (receipt.message, str(ed.snowflake))
    assert not inbound.is_direct
    (call,) = asked(stage, "create_interaction_response")
    assert call.params["type"] == 6
    assert [said.text for said in stage.messages(general)] == ["Tea?"]


async def test_a_press_in_a_direct_chat_is_direct(link, stage, ada, ed, listening):
    dm = stage.discord.dm(ed, ada)
    (payload,) = link.render(Reply("Tea?", buttons=(YES,)))
    await link.perform(sent(link, dm, payload))
    async with listening(link, worlds=None) as notebook:
        await until(lambda: stage.discord.gateway.sessions(ada).identifies)
        number = ed.presses(stage.messages(dm)[0], "yes")
        await until(lambda: stage.discord.interaction(number).answered)
    inbound = link.read(presses_heard(notebook)[0])
    assert (inbound.is_direct, inbound.author.id) == (True, str(ed.snowflake))
    assert inbound.address.room == str(dm.id)


async def test_a_press_is_not_answered_before_it_is_written_down(
    link, stage, general, ed, listening
):
    (payload,) = link.render(Reply("Tea?", buttons=(YES,)))
    await link.perform(sent(link, general, payload))
    async with listening(link) as notebook:
        notebook.open.clear()
        before = notebook.asked
        number = ed.presses(stage.messages(general)[0], "yes")
        await until(lambda: notebook.asked > before)
        await asyncio.sleep(0.1)
        assert not stage.discord.interaction(number).answered
        notebook.open.set()
        await until(lambda: stage.discord.interaction(number).answered)


async def test_a_press_that_cannot_be_answered_is_said_once_and_holds_up_nobody(
    link, stage, general, ed, listening, caplog
):
    (payload,) = link.render(Reply("Tea?", buttons=(YES,)))
    await link.perform(sent(link, general, payload))
    method = "create_interaction_response"
    stage.discord.faults.add(Fault("hang", method=method))
    stage.discord.faults.add(Fault("refuse", method=method, times=2, status=403, code=50013))
    stage.discord.faults.add(Fault("refuse", method=method, status=404, code=10062))
    caplog.set_level(logging.DEBUG, "bots")
    async with listening(link) as notebook:
        numbers = [ed.presses(stage.messages(general)[0], "yes") for _ in range(5)]
        ed.says(general, "hello")
        await notebook.hears(1)
        await until(lambda: stage.discord.interaction(numbers[4]).answered)
        await until(lambda: len([c for c in asked(stage, method) if c.status]) == 4)
    assert len(presses_heard(notebook)) == 5
    assert caplog.text.count("could not answer the press") == 1
    tokens = [orjson.loads(one.payload)["d"]["token"] for one in presses_heard(notebook)]
    assert not [token for token in tokens if token in caplog.text]


async def test_a_press_of_another_shape_is_stored_and_not_answered(
    link, stage, ada, general, listening
):
    shape = {"type": 3, "channel_id": str(general.id), "data": 5, "id": "77"}
    async with listening(link) as notebook:
        for odd in ({}, {"token": 5}, {"token": "a\nb"}, {"token": "", "message": []}):
            stage.discord.gateway.dispatch(ada, "INTERACTION_CREATE", shape | odd)
            shape["id"] = str(int(shape["id"]) + 1)
        await notebook.until(lambda: len(presses_heard(notebook)) == 4)
        await asyncio.sleep(0.05)
    assert not asked(stage, "create_interaction_response")
    assert [link.read(one).press for one in presses_heard(notebook)] == [""] * 4


async def test_a_command_of_the_platform_is_left_to_others(link, stage, ada, general, listening):
    shape = {"type": 2, "id": "77", "token": "t", "channel_id": str(general.id), "data": {}}
    async with listening(link) as notebook:
        stage.discord.gateway.dispatch(ada, "INTERACTION_CREATE", shape)
        await notebook.until(lambda: any(one.kind is Kind.OTHER for one in notebook.received))
        await asyncio.sleep(0.05)
    assert not asked(stage, "create_interaction_response")


async def test_answers_under_way_do_not_hold_up_the_end_of_a_link(
    link, stage, ada, general, ed, listening
):
    (payload,) = link.render(Reply("Tea?", buttons=(YES,)))
    await link.perform(sent(link, general, payload))
    stage.discord.faults.add(Fault("hang", method="create_interaction_response"))
    with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012 - one story
        async with asyncio.timeout(20), listening(link):
            ed.presses(stage.messages(general)[0], "yes")
            await until(lambda: asked(stage, "create_interaction_response"))
            stage.discord.new_token(ada)
            await asyncio.sleep(4)
    assert caught.group_contains(LinkRejected)
