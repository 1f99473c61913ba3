"""The link speaks: every message arrives once, or we know what became of it."""

from __future__ import annotations

import asyncio
import logging

import orjson
import pytest

from bots.sandbox import Stage
from core.errors import (
    LinkRejected,
    Moved,
    SendDelayed,
    SendUncertain,
    Throttled,
    Unsendable,
)
from core.messages import Address, DeliveryKind, Live, Reply
from tests.bots.telegram.conftest import delivery


@pytest.fixture
def bob(stage: Stage):
    return stage.person("Bob", username="bob")


@pytest.fixture
def dm(stage: Stage, bob, ada):
    return stage.dm(bob, ada)


async def test_a_reply_arrives_with_its_style_and_what_it_answers(stage, link, ada, bob, dm):
    said = bob.says(dm, "hello")
    (payload,) = link.render(Reply("**Hello** [Bob](https://example.org)", reply_to=str(said.id)))
    receipt = await link.perform(delivery(link, dm.id, payload))
    answer = await stage.next_from(ada, dm)
    assert answer.text == "Hello Bob"
    assert {entity["type"] for entity in answer.entities} == {"bold", "text_link"}
    assert answer.reply_to == said.id
    assert receipt.message == str(answer.id)
    (call,) = stage.journal.of("sendMessage")
    assert call.params["link_preview_options"] == {"is_disabled": True}


async def test_an_answer_to_a_message_that_is_gone_is_still_sent(stage, link, ada, bob, dm):
    said = bob.says(dm, "hello")
    bob.deletes(said)
    payload = orjson.dumps({"text": "too late?", "reply_to": str(said.id)})
    await link.perform(delivery(link, dm.id, payload))
    assert (await stage.next_from(ada, dm)).text == "too late?"


async def test_what_is_asked_in_a_topic_is_answered_in_it(stage, link, ada, bob, listening):
    club = stage.forum("Club", [bob], [ada], topics=["Books"])
    async with listening(link) as notebook:
        bob.says(club, "hello", topic="Books")
        inbound = link.read((await notebook.until(1))[0])
    assert inbound.address.thread
    await link.perform(delivery(link, club.id, thread=inbound.address.thread))
    answer = await stage.next_from(ada, club)
    assert answer.topic is not None
    assert str(answer.topic) == inbound.address.thread


async def test_general_is_left_out_when_sending_and_named_when_typing(stage, link, ada, bob):
    club = stage.forum("Club", [bob], [ada], topics=["Books"])
    await link.perform(delivery(link, club.id, thread="1"))
    await link.show(Live(Address("telegram", link.account, str(club.id), "1"), 1))
    assert "message_thread_id" not in stage.journal.of("sendMessage")[0].params
    assert stage.journal.of("sendChatAction")[0].params["message_thread_id"] == 1


async def test_a_hundred_thousand_characters_are_five_messages(stage, link, ada, dm):
    stage.faults.clear()
    payloads = link.render(Reply("Tea is **good** 🍵. " * 6_000))
    assert len(payloads) == 5
    for payload in payloads[:3]:  # three at once is what the chat allows
        await link.perform(delivery(link, dm.id, payload))
        assert (await stage.next_from(ada, dm)).text


async def test_styles_that_telegram_refuses_become_plain_words(stage, link, ada, dm):
    wrong = {"text": "hi 🍵", "entities": [{"type": "bold", "offset": 4, "length": 1}]}
    await link.perform(delivery(link, dm.id, orjson.dumps(wrong)))
    answer = await stage.next_from(ada, dm)
    assert (answer.text, list(answer.entities)) == ("hi 🍵", [])


async def test_edits_reactions_and_deletions_reach_the_message(stage, link, ada, bob, dm):
    receipt = await link.perform(delivery(link, dm.id))
    said = bob.says(dm, "hello")
    edit = delivery(link, dm.id, b'{"text":"ho"}', kind=DeliveryKind.EDIT, target=receipt.message)
    await link.perform(edit)
    await link.perform(edit)  # once more changes nothing, and that is no failure
    assert stage.messages(dm)[0].text == "ho"
    react = DeliveryKind.REACT
    await link.perform(
        delivery(link, dm.id, '{"emoji":"👍"}'.encode(), kind=react, target=str(said.id))
    )
    assert stage.messages(dm)[1].reactions == {ada.id: "👍"}
    gone = delivery(link, dm.id, b"{}", kind=DeliveryKind.DELETE, target=receipt.message)
    await link.perform(gone)
    await link.perform(gone)
    assert [m.text for m in stage.messages(dm)] == ["hello"]


async def test_an_edit_of_what_is_gone_is_given_up(link, dm):
    with pytest.raises(Unsendable):
        await link.perform(delivery(link, dm.id, kind=DeliveryKind.EDIT, target="4711"))


async def test_a_429_names_its_seconds(stage, link, dm):
    stage.faults.flood(17, method="sendMessage")
    with pytest.raises(Throttled) as caught:
        await link.perform(delivery(link, dm.id))
    assert caught.value.seconds == 17


async def test_who_blocked_us_is_not_written_to_again(link, ada, bob, dm):
    bob.blocks(ada)
    with pytest.raises(Unsendable, match="blocked"):
        await link.perform(delivery(link, dm.id))


async def test_unknown_chats_and_empty_texts_are_unsendable(link, dm):
    for wrong in (
        delivery(link, 999_999),
        delivery(link, "nowhere"),
        delivery(link, dm.id, b'{"text":" "}'),
        delivery(link, dm.id, orjson.dumps({"text": "x" * 5000})),
        delivery(link, dm.id, kind=DeliveryKind.EDIT),
        delivery(link, dm.id, b"[]"),
    ):
        with pytest.raises(Unsendable):
            await link.perform(wrong)


async def test_a_group_that_became_a_supergroup_has_moved(stage, link, ada, bob, listening):
    tea = stage.group("Tea", [bob], [ada])
    new = stage.migrate(tea)
    with pytest.raises(Moved) as caught:
        await link.perform(delivery(link, tea.id))
    assert caught.value.room == str(new.id)
    async with listening(link) as notebook:
        moved = [r for r in await notebook.until(2) if r.kind == "moved"]
    # The old chat tells of it and the new one too; both are the old one's news.
    assert {(link.read(r).address.room, link.read(r).moved_to) for r in moved} == {
        (str(tea.id), str(new.id))
    }


@pytest.mark.parametrize("after", [False, True])
async def test_a_line_that_is_cut_in_mid_send_leaves_it_open(stage, link, ada, dm, after):
    stage.faults.cut(after=after, method="sendMessage")
    with pytest.raises(SendUncertain):
        await link.perform(delivery(link, dm.id))
    assert len(stage.messages(dm)) == after


async def test_a_server_error_leaves_it_open(stage, link, dm):
    for trouble in (stage.faults.fail, stage.faults.garbage):
        trouble(method="sendMessage")
        with pytest.raises(SendUncertain):
            await link.perform(delivery(link, dm.id))


async def test_what_may_be_done_twice_is_only_delayed_by_a_cut_line(stage, link, dm):
    receipt = await link.perform(delivery(link, dm.id))
    stage.faults.cut(after=True, method="editMessageText")
    edit = delivery(link, dm.id, b'{"text":"ho"}', kind=DeliveryKind.EDIT, target=receipt.message)
    with pytest.raises(SendDelayed):
        await link.perform(edit)
    await link.perform(edit)


async def test_without_a_connection_it_surely_did_not_arrive(stage, link, ada, dm):
    async with stage.outage():
        await asyncio.sleep(0.05)  # the login's connection notices that it is gone
        with pytest.raises(SendDelayed, match="unreachable"):
            await link.perform(delivery(link, dm.id))
    await link.perform(delivery(link, dm.id))
    assert len(stage.messages(dm)) == 1


async def test_a_token_that_was_taken_back_ends_the_link(stage, link, ada, dm, caplog):
    caplog.set_level(logging.INFO)
    old = ada.token
    stage.new_token(ada)
    with pytest.raises(LinkRejected) as caught:
        await link.perform(delivery(link, dm.id))
    assert old not in f"{caught.value!r}{caplog.text}"
    with pytest.raises(SendDelayed):
        await link.show(Live(Address("telegram", link.account, str(dm.id)), 1))


async def test_a_closed_link_sends_nothing(make_link, dm):
    link = make_link()
    async with link:
        pass
    with pytest.raises(SendDelayed, match="closed"):
        await link.perform(delivery(link, dm.id))


# --- while it is being written -----------------------------------------------------------------


async def test_a_draft_is_shown_as_the_message_will_look(stage, link, dm):
    here = Address("telegram", link.account, str(dm.id))
    for text in ("**Hel", "**Hello** Bob", "**Hello** Bob", "**Hello** Bob, tea?"):
        await link.show(Live(here, 7, text))
    drafts = [call.params for call in stage.journal.of("sendMessageDraft")]
    assert [draft["text"] for draft in drafts] == ["**Hel", "Hello Bob", "Hello Bob, tea?"]
    assert {draft["draft_id"] for draft in drafts} == {7}
    (shown,) = stage.drafts(dm)
    assert shown.text == "Hello Bob, tea?"


async def test_a_long_draft_stays_within_one_message(stage, link, dm):
    here = Address("telegram", link.account, str(dm.id))
    await link.show(Live(here, 7, "word " * 2000))
    (call,) = stage.journal.of("sendMessageDraft")
    assert len(call.params["text"]) <= 4096


async def test_groups_see_typing_where_a_private_chat_sees_the_words(stage, link, ada, bob):
    tea = stage.supergroup("Tea", [bob], [ada])
    here = Address("telegram", link.account, str(tea.id))
    await link.show(Live(here, 7))
    with pytest.raises(Unsendable):  # told once, it is not tried there again
        await link.show(Live(here, 7, "Hello"))
    assert [call.params["action"] for call in stage.journal.of("sendChatAction")] == ["typing"]
    assert not stage.journal.of("sendMessageDraft")


async def test_a_sign_of_life_that_is_throttled_says_so(stage, link, dm):
    stage.faults.flood(3, method="sendChatAction")
    with pytest.raises(Throttled):
        await link.show(Live(Address("telegram", link.account, str(dm.id)), 7))
