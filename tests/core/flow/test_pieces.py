"""What was one message before the platform cut it is one message again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.flow.pieces import pieced
from core.messages import Attachment, Author, Inbound, Kind, Quote
from tests.core.scenes import message

EVE = Author("8", "Eve")


def said(number: int, text: str = "", **more: Any) -> Inbound:
    return replace(message(text, **more), id=number, message=str(number))


def photo(number: int, text: str = "", album: str = "album:1", **more: Any) -> Inbound:
    return said(number, text, attachments=(Attachment(f"p{number}"),), bundle=album, **more)


def test_an_album_is_one_message_with_all_its_pictures():
    (whole,) = pieced([photo(1, "look"), photo(2), photo(3, "at these")])
    assert [one.ref for one in whole.attachments] == ["p1", "p2", "p3"]
    assert whole.text == "look\nat these"
    assert (whole.id, whole.message) == (3, "1")


def test_two_albums_and_two_people_stay_apart():
    assert len(pieced([photo(1), photo(2, album="album:2"), photo(3, album="album:2")])) == 2
    assert len(pieced([photo(1), photo(2, author=EVE)])) == 2


def test_what_an_album_is_told_goes_for_all_of_it():
    quote = Quote("4", text="which one?")
    (whole,) = pieced([photo(1, mentions_us=True, reply_to=quote, replies_to_us=True), photo(2)])
    assert whole.mentions_us
    assert whole.replies_to_us
    assert whole.reply_to == quote


def test_a_text_that_was_cut_goes_on_in_the_next_message():
    (whole,) = pieced([said(1, "one", goes_on="\n"), said(2, "two", goes_on=""), said(3, "three")])
    assert whole.text == "one\ntwothree"
    assert whole.message == "1"
    assert whole.goes_on is None


def test_what_begins_anew_is_not_the_rest_of_a_text():
    long = said(1, "one", goes_on="\n")
    for other in (
        said(2, "I mean this", reply_to=Quote("1")),
        said(2, "theirs", forwarded="News"),
        photo(2, "see"),
        said(2, "not mine", author=EVE),
        replace(said(2, "/help"), kind=Kind.COMMAND),
    ):
        assert pieced([long, other]) == [long, other]


def test_messages_that_were_sent_whole_stay_so():
    both = [said(1, "one"), said(2, "two")]
    assert pieced(both) == both


def test_a_forwarded_album_keeps_its_source():
    (whole,) = pieced([photo(1, forwarded="News"), photo(2, forwarded="News")])
    assert whole.forwarded == "News"
