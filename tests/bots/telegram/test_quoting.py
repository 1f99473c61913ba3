"""What is answered, and whose words are passed on."""

from __future__ import annotations

import pytest

from bots.telegram.spoken import units
from core.messages import Kind
from tests.bots.telegram.samples import FORWARDS, STORY
from tests.bots.telegram.test_reading import group, heard, received
from tests.bots.telegram.updates import ADA, CHANNEL, EVE, FORUM, GROUP, PHOTO, message, update


@pytest.mark.parametrize("name", list(FORWARDS))
def test_a_forward_names_its_source(name: str):
    origin, source = FORWARDS[name]
    raw = update(message=message("theirs", forward_origin=origin))
    assert heard(raw).forwarded == source
    assert received(raw).rests == 0.5


def test_what_is_not_passed_on_has_no_source():
    assert heard(update(message=message("mine"))).forwarded == ""


def test_a_channels_post_in_its_discussion_group_is_the_channels_own():
    raw = update(
        message=message(
            "post",
            chat=GROUP,
            sender_chat=CHANNEL,
            is_automatic_forward=True,
            forward_origin=FORWARDS["a channel"][0],
        )
    )
    inbound = heard(raw)
    assert (inbound.author.id, inbound.author.name) == ("-100700", "News")
    assert (inbound.forwarded, received(raw).rests) == ("", 0.0)


def test_chosen_words_are_told_from_the_whole():
    answered = message("all of it, and more", chat=GROUP, **{"from": EVE})
    chosen = {"text": "some of it", "position": 0, "is_manual": True}
    quote = group("this?", reply_to_message=answered, quote=chosen).reply_to
    assert quote is not None
    assert (quote.text, quote.exact) == ("some of it", True)
    whole = group("this?", reply_to_message=answered).reply_to
    assert whole is not None
    assert (whole.text, whole.exact) == ("all of it, and more", False)


def test_what_hangs_on_the_answered_message_is_there():
    answered = message(None, chat=GROUP, photo=PHOTO, **{"from": EVE})
    quote = group("who is that?", reply_to_message=answered).reply_to
    assert quote is not None
    assert [one.ref for one in quote.attachments] == ["large-file"]


def test_an_answer_to_another_chat_has_the_words_and_no_number_of_ours():
    elsewhere = {"origin": FORWARDS["a channel"][0], "chat": CHANNEL, "message_id": 3}
    quote = group(
        "true?", external_reply=elsewhere, quote={"text": "it rains", "position": 0}
    ).reply_to
    assert quote is not None
    assert quote.author is not None
    assert (quote.message, quote.author.name, quote.text) == ("", "News (Kim)", "it rains")


def test_an_answer_to_another_topic_of_the_same_chat_has_its_number():
    elsewhere = {
        "origin": {"type": "user", "date": 1, "sender_user": ADA},
        "chat": GROUP,
        "message_id": 3,
    }
    inbound = group("true?", external_reply=elsewhere)
    assert inbound.reply_to is not None
    assert inbound.reply_to.message == "3"
    assert inbound.replies_to_us


def test_an_answer_to_a_story_says_whose():
    quote = group("nice", reply_to_story=STORY).reply_to
    assert quote is not None
    assert [one.about for one in quote.attachments] == ["of News"]


def test_who_answers_the_opening_of_a_topic_answers_nobody():
    opened = message(None, chat=FORUM, forum_topic_created={"name": "B"}, **{"from": EVE})
    assert group("hi", reply_to_message=opened).reply_to is None


@pytest.mark.parametrize("maker", ["via_bot", "sender_business_bot", "from"])
def test_our_own_words_are_not_heard_when_they_come_back(maker: str):
    raw = update(message=message("my words", chat=GROUP, **{maker: ADA}))
    assert received(raw).kind is Kind.OTHER
    assert heard(raw).text == ""


@pytest.mark.parametrize("text", ["plain", "ä", "👍🏽", "\ud83d", "a\u0301"])
def test_texts_are_measured_as_telegram_does(text: str):
    assert units(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2
