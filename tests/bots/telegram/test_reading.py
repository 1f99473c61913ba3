"""What an update means, whatever it looks like."""

from __future__ import annotations

import copy
import logging
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from bots.telegram.envelope import envelope
from bots.telegram.mapping import Us, read
from core.errors import Unreadable
from core.ids import Account
from core.messages import ChannelType, Inbound, Kind, Received
from tests.bots.telegram.updates import (
    ADA,
    AUDIO,
    CHANNEL,
    DATE,
    DOCUMENT,
    ELIZA,
    EVE,
    FORUM,
    GROUP,
    PHOTO,
    REAL,
    STICKER,
    VIDEO,
    VOICE,
    message,
    tag,
    update,
)

ACCOUNT = Account("telegram:110201543")
US = Us(110201543, "Ada_Bot")


def received(raw: object) -> Received:
    return envelope(raw, ACCOUNT)


def heard(raw: object) -> Inbound:
    return read(received(raw), US)


def group(text: str, *entities: dict[str, Any], **more: Any) -> Inbound:
    return heard(update(message=message(text, chat=GROUP, entities=list(entities), **more)))


# --- the envelope ------------------------------------------------------------------------------


def test_a_message_is_known_by_its_chat_and_number():
    stored = received(update(31, message=message(chat=GROUP)))
    assert stored.event_key == "m:-100500:5"
    assert stored.seq == 31
    assert stored.author == "77"
    assert stored.address == ("telegram", ACCOUNT, "-100500", "")
    assert stored.kind is Kind.MESSAGE
    assert orjson.loads(stored.payload)["message"]["text"] == "hello"


def test_two_supergroups_with_the_same_message_number_do_not_collide():
    here = received(update(1, message=message(chat=GROUP)))
    there = received(update(2, message=message(chat=FORUM)))
    assert here.event_key != there.event_key


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"edited_message": message("again", edit_date=DATE)}, Kind.EDIT),
        ({"message_reaction": REAL[13]["message_reaction"]}, Kind.REACTION),
        ({"callback_query": REAL[12]["callback_query"]}, Kind.PRESS),
        ({"my_chat_member": REAL[14]["my_chat_member"]}, Kind.MEMBER),
        ({"a_kind_of_2031": {}}, Kind.OTHER),
    ],
)
def test_what_is_not_a_message_is_known_by_its_update(content, kind):
    stored = received({"update_id": 12, **content})
    assert (stored.event_key, stored.kind) == ("u:12", kind)


def test_a_channel_post_and_a_service_message_have_their_kinds():
    post = received(
        update(channel_post={"message_id": 3, "date": DATE, "chat": CHANNEL, "text": "x"})
    )
    assert (post.kind, post.event_key, post.author) == (Kind.MESSAGE, "m:-100700:3", "")
    assert received(REAL[8]).kind is Kind.MEMBER
    assert received(REAL[9]).kind is Kind.MOVED
    assert received(update(message=message(None, pinned_message={}))).kind is Kind.OTHER


def test_only_a_real_topic_makes_a_room_of_its_own():
    topic = message(chat=FORUM, message_thread_id=4, is_topic_message=True)
    assert received(update(message=topic)).address.thread == "4"
    replies = message(chat=GROUP, message_thread_id=4)
    assert received(update(message=replies)).address.thread == ""


def test_an_anonymous_admin_is_the_group_and_not_the_stand_in_bot():
    stand_in = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    raw = update(message=message(chat=GROUP, sender_chat=GROUP, **{"from": stand_in}))
    assert received(raw).author == "-100500"
    author = heard(raw).author
    assert (author.id, author.name, author.is_bot) == ("-100500", "Tea room", False)


@pytest.mark.parametrize("broken", [None, 5, [], {}, {"update_id": True}, {"update_id": "7"}, "x"])
def test_an_update_without_a_number_has_the_same_key_each_time(broken):
    first, again = received(broken), received(copy.deepcopy(broken))
    assert first.event_key == again.event_key
    assert first.event_key.startswith("x:")
    assert first.kind is Kind.OTHER


# --- texts and who they are for ----------------------------------------------------------------


def test_a_private_message_is_direct():
    inbound = heard(REAL[0])
    assert inbound.text == "hello"
    assert inbound.is_direct
    assert inbound.author.name == "Bob Stone"
    assert inbound.author.username == "bob"
    assert inbound.place.channel is ChannelType.DM
    assert inbound.sent_at == datetime.fromtimestamp(DATE, UTC)
    assert inbound.message == "5"


def test_our_name_in_any_case_and_behind_an_emoji_tags_us():
    text = "👋🏽 hello @ADA_bot"
    inbound = group(text, tag("mention", text, "@ADA_bot"))
    assert inbound.mentions_us
    assert not inbound.mentions_others
    assert not inbound.is_direct


def test_a_person_without_a_username_can_tag_us_too():
    text = "Ada, tea?"
    assert group(text, tag("text_mention", text, "Ada", user=ADA)).mentions_us
    assert group(text, tag("text_mention", text, "Ada", user=EVE)).mentions_others


def test_somebody_else_is_tagged():
    text = "@eliza_bot and @bob"
    inbound = group(text, tag("mention", text, "@eliza_bot"), tag("mention", text, "@bob"))
    assert (inbound.mentions_us, inbound.mentions_others) == (False, True)


def test_tagged_together_with_somebody_else_we_are_meant():
    text = "@eliza_bot and @ada_bot"
    inbound = group(text, tag("mention", text, "@eliza_bot"), tag("mention", text, "@ada_bot"))
    assert (inbound.mentions_us, inbound.mentions_others) == (True, False)


def test_our_name_inside_code_is_no_mention():
    text = "run ping @ada_bot"
    inbound = group(text, tag("code", text, "ping @ada_bot"), tag("mention", text, "@ada_bot"))
    assert not inbound.mentions_us


def test_a_command_is_split_from_its_arguments():
    inbound = heard(REAL[1])
    assert (inbound.kind, inbound.command, inbound.arguments) == (Kind.COMMAND, "start", "now")


def test_a_command_for_us_and_one_for_another_bot():
    ours, theirs = "/Reset@ada_bot", "/reset@eliza_bot all"
    inbound = group(ours, tag("bot_command", ours, ours))
    assert (inbound.command, inbound.mentions_us) == ("reset", True)
    inbound = group(theirs, tag("bot_command", theirs, "/reset@eliza_bot"))
    assert inbound.kind is Kind.COMMAND
    assert (inbound.command, inbound.mentions_us) == ("reset", False)
    assert inbound.mentions_others


@pytest.mark.parametrize("text", ["/etc/passwd", "/ slash", "/", "a /start"])
def test_a_slash_alone_makes_no_command(text):
    assert group(text).kind is Kind.MESSAGE


def test_an_answer_to_us_carries_what_it_answers():
    inbound = heard(REAL[2])
    assert inbound.replies_to_us
    assert inbound.reply_to is not None
    assert (inbound.reply_to.message, inbound.reply_to.text) == ("5", "earlier")


def test_an_answer_to_another_is_not_to_us():
    other = message("earlier", chat=GROUP, **{"from": ELIZA})
    assert not group("yes", reply_to_message=other).replies_to_us


def test_the_first_message_of_a_topic_is_not_what_is_answered():
    opened = {
        "message_id": 4,
        "date": DATE,
        "chat": FORUM,
        "from": ADA,
        "forum_topic_created": {"name": "Books", "icon_color": 1},
    }
    inbound = heard(
        update(
            message=message(
                chat=FORUM, message_thread_id=4, is_topic_message=True, reply_to_message=opened
            )
        )
    )
    assert inbound.reply_to is None
    assert not inbound.replies_to_us
    assert inbound.place.channel is ChannelType.THREAD
    assert (inbound.place.name, inbound.place.world) == ("Books", "-100600")
    assert inbound.place.world_name == "Reading club"


# --- everything that is not text ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "ref", "mime"),
    [
        ({"photo": PHOTO}, "large-file", "image/jpeg"),
        ({"voice": VOICE}, "voice-file", "audio/ogg"),
        ({"audio": AUDIO}, "audio-file", "audio/mpeg"),
        ({"document": DOCUMENT}, "document-file", "text/plain"),
        ({"video": VIDEO}, "video-file", "video/mp4"),
        ({"sticker": STICKER}, "sticker-file", "image/webp"),
    ],
)
def test_a_file_arrives_with_its_caption(content, ref, mime):
    inbound = heard(update(message=message(None, caption="see this", **content)))
    assert inbound.kind is Kind.MESSAGE
    assert inbound.text == "see this"
    assert [(file.ref, file.mime) for file in inbound.attachments] == [(ref, mime)]


def test_an_animation_is_one_file_although_it_comes_as_two():
    clip = {**VIDEO, "file_name": "cat.mp4"}
    inbound = heard(update(message=message(None, animation=clip, document={**DOCUMENT, **clip})))
    assert [file.name for file in inbound.attachments] == ["cat.mp4"]


def test_an_edit_is_told_from_a_new_message():
    inbound = heard(REAL[10])
    assert (inbound.kind, inbound.message, inbound.text) == (Kind.EDIT, "5", "hello!")
    assert inbound.sent_at == datetime.fromtimestamp(DATE + 5, UTC)


def test_a_group_that_moved_names_its_new_address():
    assert heard(REAL[9]).moved_to == "-100999"


def test_a_press_a_reaction_and_a_block_are_read():
    press, reaction, blocked = heard(REAL[12]), heard(REAL[13]), heard(REAL[14])
    assert (press.kind, press.press, press.text) == (Kind.PRESS, "again", "Once more")
    assert (press.message, press.author.id, press.is_direct) == ("5", "77", True)
    assert (reaction.kind, reaction.text, reaction.message) == (Kind.REACTION, "👍", "5")
    assert (blocked.kind, blocked.author.id, blocked.is_direct) == (Kind.MEMBER, "77", True)


def pressed(**query: Any) -> Inbound:
    whole = REAL[12]["callback_query"] | query
    return heard(update(callback_query={k: v for k, v in whole.items() if v is not None}))


def test_a_press_below_an_old_message_is_read_without_its_word():
    gone = {"chat": GROUP, "message_id": 5, "date": 0}
    inbound = pressed(message=gone)
    assert (inbound.press, inbound.text, inbound.message) == ("again", "", "5")
    assert (inbound.address.room, inbound.is_direct) == ("-100500", False)


def test_a_press_in_a_topic_belongs_to_it():
    said = message("choose", chat=FORUM, message_thread_id=4, is_topic_message=True)
    inbound = pressed(message=said)
    assert inbound.address.thread == "4"
    assert inbound.place.channel is ChannelType.THREAD


@pytest.mark.parametrize("data", [None, "", 5, ["again"], "gone\0"])
def test_a_press_with_data_of_another_shape_is_a_press_all_the_same(data):
    inbound = pressed(data=data)
    assert (inbound.kind, inbound.text) == (Kind.PRESS, "")


def test_a_press_below_no_message_of_a_chat_has_no_room():
    inbound = pressed(message=None, inline_message_id="AAA")
    assert (inbound.kind, inbound.press, inbound.message) == (Kind.PRESS, "again", "")
    assert (inbound.address.room, inbound.is_direct) == ("", False)


def test_a_channel_post_is_a_feed():
    inbound = heard(REAL[11])
    assert inbound.place.channel is ChannelType.FEED
    assert inbound.text == "news"


def test_half_an_emoji_becomes_a_sign_that_any_database_takes():
    raw = update(message=message("cut \ud83d here\0"))
    inbound = heard(raw)
    inbound.text.encode()
    assert "\0" not in inbound.text
    assert inbound.text.startswith("cut ")


def test_what_cannot_be_read_says_why_without_the_words(caplog):
    caplog.set_level(logging.DEBUG)
    raw = update(message=message("my secret", chat={"id": 3}, date="never"))
    with pytest.raises(Unreadable) as caught:
        heard(raw)
    assert "secret" not in str(caught.value) + caplog.text
    assert caught.value.__cause__ is None
