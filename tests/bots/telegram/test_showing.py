"""Signs of life on Telegram: drafts that can be stopped, messages that grow, a reaction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bots.sandbox import Fault
from bots.telegram.client import TelegramLink
from core.errors import SendFailed, Throttled, Unsendable
from core.messages import Address, DeliveryKind, DeliveryStatus, Live, Reply
from tests.bots.telegram.conftest import delivery

STOP = {"inline_keyboard": [[{"text": "⏹ Stop", "callback_data": "stop"}]]}


@pytest.fixture
def bob(stage: Any) -> Any:
    return stage.person("Bob")


@pytest.fixture
def dm(stage: Any, bob: Any, ada: Any) -> Any:
    return stage.dm(bob, ada)


@pytest.fixture
def tea(stage: Any, bob: Any, ada: Any) -> Any:
    return stage.supergroup("Tea", [bob], [ada])


def live(link: TelegramLink, room: Any, text: str = "", thread: str = "", **more: Any) -> Live:
    return Live(Address("telegram", link.account, str(room.id), thread), 5, text, **more)


async def begun(link: TelegramLink, room: Any, text: str = "It") -> str:
    """The number of a message that grows."""
    (payload,) = link.render(Reply(text))
    row = replace(delivery(link, room.id, payload), status=DeliveryStatus.GROWING)
    number = (await link.perform(row)).message
    assert number
    return number


async def test_a_draft_can_be_stopped(stage, link, dm):
    await link.show(live(link, dm, "Thinking **hard**"))
    (call,) = stage.journal.of("sendMessageDraft")
    assert (call.status, call.params["can_stop"], call.params["text"]) == (
        200,
        True,
        "Thinking hard",
    )


async def test_a_draft_goes_into_its_topic(stage, link, ada, bob, dm):
    ada.may("topics")
    bob.says(dm, "hello")
    topic = stage.topic(dm, "Books", ada)
    await link.show(live(link, dm, "Hm", str(topic)))
    (call,) = stage.journal.of("sendMessageDraft")
    assert (call.status, call.params["message_thread_id"]) == (200, topic)


async def test_in_a_group_an_answer_grows_above_a_button_that_stops_it(stage, link, tea):
    number = await begun(link, tea)
    (said,) = stage.messages(tea)
    assert (said.text, said.markup) == ("It", STOP)
    await link.show(live(link, tea, "It **grows**", message=number))
    (said,) = stage.messages(tea)
    assert (said.text, said.markup) == ("It grows", STOP)
    assert [one["type"] for one in said.entities] == ["bold"]
    (payload,) = link.render(Reply("It **grows** no more."))
    await link.perform(delivery(link, tea.id, payload, kind=DeliveryKind.EDIT, target=number))
    (said,) = stage.messages(tea)
    assert (said.text, said.markup) == ("It grows no more.", None)


async def test_in_a_direct_chat_what_grows_has_no_button_of_ours(stage, link, dm):
    number = await begun(link, dm)
    await link.show(live(link, dm, "It grows", message=number))
    (said,) = stage.messages(dm)
    assert (said.text, said.markup) == ("It grows", None)


async def test_the_same_is_not_shown_twice(stage, link, dm, tea):
    number = await begun(link, tea)
    for _ in range(3):
        await link.show(live(link, tea, "It grows", message=number))
        await link.show(live(link, dm, "Hm"))
    assert len(stage.journal.of("editMessageText")) == 1
    assert len(stage.journal.of("sendMessageDraft")) == 1


async def test_what_stands_there_already_is_no_trouble(stage, link, tea):
    number = await begun(link, tea)
    await link.show(live(link, tea, "It", message=number))
    assert stage.journal.of("editMessageText")[0].status == 400


async def test_no_address_is_fetched_while_an_answer_grows(stage, link, tea):
    number = await begun(link, tea)
    await link.show(live(link, tea, "see https://example.org/?q=told", message=number))
    (call,) = stage.journal.of("editMessageText")
    assert call.params["link_preview_options"] == {"is_disabled": True}


async def test_a_message_that_is_gone_or_a_flood_is_told_to_whoever_may_forget_it(stage, link, tea):
    with pytest.raises(SendFailed):
        await link.show(live(link, tea, "It grows", message="4711"))
    number = await begun(link, tea)
    stage.faults.flood(9, method="editMessageText")
    with pytest.raises(Throttled) as caught:
        await link.show(live(link, tea, "It grows", message=number))
    assert caught.value.seconds == 9


# --- a reaction ---------------------------------------------------------------------------------


async def test_a_message_is_marked_as_seen_and_the_mark_taken_away(stage, link, bob, ada, tea):
    said = bob.says(tea, "@ada_bot tea?")
    await link.show(live(link, tea, message=str(said.id), reaction="👀"))
    assert stage.messages(tea)[0].reactions == {ada.id: "👀"}
    await link.show(live(link, tea, message=str(said.id), reaction=""))
    assert not stage.messages(tea)[0].reactions


async def test_a_mark_that_the_chat_does_not_allow_is_forgotten(stage, link, bob, tea):
    said = bob.says(tea, "tea?")
    await link.show(live(link, tea, message=str(said.id), reaction="🫖"))
    await link.show(live(link, tea, message="4711", reaction="👀"))
    assert [call.status for call in stage.journal.of("setMessageReaction")] == [400, 400]


async def test_a_mark_in_a_flood_is_told(stage, link, bob, tea):
    said = bob.says(tea, "tea?")
    stage.faults.flood(7, method="setMessageReaction")
    with pytest.raises(Throttled):
        await link.show(live(link, tea, message=str(said.id), reaction="👀"))


# --- where there is nothing to show -------------------------------------------------------------


@pytest.mark.parametrize("thread", ["guest", "inline"])
async def test_nothing_is_shown_to_whoever_has_asked_from_elsewhere(stage, link, tea, thread):
    await link.show(live(link, tea, thread=thread))
    await link.show(live(link, tea, "Hm", thread))
    assert not [call for call in stage.journal if call.method.lower().startswith("send")]


async def test_where_there_are_no_drafts_that_is_said(stage, link, dm, tea):
    """A server of one's own may be older than drafts; whoever shows them stops trying."""
    stage.faults.add(Fault("refuse", method="sendMessageDraft", status=404))
    for room in (dm, tea):
        with pytest.raises(Unsendable):
            await link.show(live(link, room, "Hm"))
    assert stage.journal.of("sendChatAction") == []
