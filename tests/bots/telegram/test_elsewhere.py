"""Where something is said: business chats, guests, inline queries, channels, topics."""

from __future__ import annotations

from datetime import UTC, datetime

from bots.telegram.places import send_fields
from core.messages import ChannelType, Kind
from tests.bots.telegram.samples import BUSINESS, INLINE, OWNER
from tests.bots.telegram.test_reading import heard, received
from tests.bots.telegram.updates import (
    ADA,
    BOB,
    CHANNEL,
    DATE,
    EVE,
    FORUM,
    GROUP,
    PRIVATE,
    message,
    update,
)


def test_a_business_chat_is_a_room_of_its_own():
    raw = update(business_message=message("is it open?", **BUSINESS))
    stored, inbound = received(raw), heard(raw)
    assert (stored.address.room, stored.address.thread) == ("77", "b:conn1")
    assert stored.event_key == "u:9", "its numbers are not those of our chat with the same person"
    assert inbound.is_direct
    assert inbound.place.channel is ChannelType.DM
    assert inbound.place.world not in ("77", "")


def test_what_the_owner_of_a_business_account_writes_is_for_somebody_else():
    inbound = heard(update(business_message=message("we are", **BUSINESS, **{"from": OWNER})))
    assert inbound.author.id == "500"
    assert inbound.mentions_others
    assert not inbound.is_direct
    assert inbound.place.channel is not ChannelType.DM


def test_what_we_have_said_for_a_business_is_not_heard_again():
    ours = message("we are", sender_business_bot=ADA, **BUSINESS, **{"from": OWNER})
    assert received(update(business_message=ours)).kind is Kind.OTHER


def test_an_edit_and_a_deletion_in_a_business_chat_find_their_room():
    edited = update(edited_business_message=message("open??", edit_date=DATE + 1, **BUSINESS))
    gone = update(deleted_business_messages={**BUSINESS, "chat": PRIVATE, "message_ids": [5, 6]})
    assert received(edited).address == received(gone).address
    assert (received(edited).kind, heard(edited).message) == (Kind.EDIT, "5")
    assert (heard(gone).kind, heard(gone).gone) == (Kind.DELETE, ("5", "6"))


def test_a_press_in_a_business_chat_belongs_to_it():
    below = message("choose", **BUSINESS, **{"from": OWNER})
    press = {"id": "1", "from": BOB, "chat_instance": "1", "data": "x", "message": below}
    assert received(update(callback_query=press)).address.thread == "b:conn1"


def test_a_guest_is_asked_once_and_answers_that_question():
    raw = update(guest_message=message("@ada_bot hi", chat=GROUP, guest_query_id="g1"))
    stored, inbound = received(raw), heard(raw)
    assert (stored.address.room, stored.address.thread) == ("-100500", "guest")
    assert stored.keep is True
    assert (inbound.via, inbound.mentions_us) == ("guest:g1", True)
    assert not inbound.is_direct


def test_what_is_typed_behind_our_name_is_asked_by_that_person():
    raw = update(inline_query=INLINE)
    stored, inbound = received(raw), heard(raw)
    assert (stored.kind, stored.address.room, stored.address.thread) == (
        Kind.MESSAGE,
        "77",
        "inline",
    )
    assert (stored.author, stored.keep, stored.rests) == ("77", False, 0.7)
    assert (inbound.text, inbound.via, inbound.fleeting) == ("tea", "inline:q1", True)
    assert inbound.is_direct


def test_the_stop_button_of_a_draft_stops_whoever_it_was_shown_to():
    stopped = {"chat": PRIVATE, "draft_id": 7}
    stored = received(update(stopped_message_generation=stopped))
    assert (stored.kind, stored.author, stored.address.room) == (Kind.STOP, "77", "77")
    in_a_topic = received(update(stopped_message_generation={**stopped, "message_thread_id": 4}))
    assert in_a_topic.address.thread == "4"
    assert heard(update(stopped_message_generation=stopped)).author.id == "77"


def test_our_own_stop_button_stops_for_whoever_presses_it():
    below = message("so far", chat=GROUP, **{"from": ADA})
    for data in ("stop", "stop:7"):
        press = {"id": "1", "from": EVE, "chat_instance": "1", "data": data, "message": below}
        stored = received(update(callback_query=press))
        assert (stored.kind, stored.author, stored.address.room) == (Kind.STOP, "78", "-100500")
        assert heard(update(callback_query=press)).author.name == "Eve"
    other = {"id": "1", "from": EVE, "chat_instance": "1", "data": "stopwatch", "message": below}
    assert received(update(callback_query=other)).kind is Kind.PRESS


def test_a_channel_post_is_the_channels():
    raw = update(
        channel_post={
            "message_id": 3, "date": DATE, "chat": CHANNEL, "sender_chat": CHANNEL, "text": "news",
            "author_signature": "Kim",
        }
    )  # fmt: skip
    inbound = heard(raw)
    assert (inbound.author.name, inbound.place.channel) == ("News", ChannelType.FEED)


def test_a_topic_of_a_direct_chat_is_a_direct_room_of_its_own():
    raw = update(message=message("hi", message_thread_id=4, is_topic_message=True))
    stored, inbound = received(raw), heard(raw)
    assert stored.address.thread == "4"
    assert inbound.is_direct
    assert inbound.place.channel is ChannelType.DM


def test_what_somebody_writes_to_a_channel_is_a_room_of_its_own_and_answered_there():
    topic = {"topic_id": 77, "user": BOB}
    chat = {**GROUP, "is_direct_messages": True}
    raw = update(message=message("hello", chat=chat, direct_messages_topic=topic))
    stored, inbound = received(raw), heard(raw)
    assert (stored.address.room, stored.address.thread) == ("-100500", "d:77")
    assert (inbound.place.name, inbound.place.channel) == ("Bob Stone", ChannelType.THREAD)
    assert send_fields(stored.address) == {"chat_id": -100500, "direct_messages_topic_id": 77}


def test_the_public_name_of_a_group_is_told_and_that_of_a_person_is_none():
    assert heard(update(message=message(chat={**GROUP, "username": "tea"}))).place.handle == "tea"
    assert heard(update(message=message(chat=FORUM))).place.handle == ""
    assert heard(update(message=message())).place.handle == ""


def test_the_authors_language_is_told():
    raw = update(message=message(**{"from": {**BOB, "language_code": "de"}}))
    assert heard(raw).language == "de"


def test_a_deep_link_brings_its_payload():
    start = "/start ref_42"
    entities = [{"type": "bot_command", "offset": 0, "length": 6}]
    inbound = heard(update(message=message(start, entities=entities)))
    assert (inbound.command, inbound.arguments) == ("start", "ref_42")


def test_a_scheduled_message_without_a_number_yet_is_known_by_its_update():
    first = received(update(1, message=message(message_id=0)))
    second = received(update(2, message=message(message_id=0)))
    assert first.event_key != second.event_key


def test_an_edit_is_dated_when_it_was_made():
    raw = update(edited_message=message("hello!", edit_date=DATE + 5))
    assert heard(raw).sent_at == datetime.fromtimestamp(DATE + 5, UTC)
