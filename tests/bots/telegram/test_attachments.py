"""What hangs on a message is known by what people call it, and told in words where it has no bytes."""

from __future__ import annotations

from typing import Any

import pytest

from core.messages import Inbound, Kind
from tests.bots.telegram.samples import MORE, NOTE, RICH, THINGS, THUMBNAIL, thing
from tests.bots.telegram.test_reading import heard, received
from tests.bots.telegram.updates import (
    AUDIO,
    DOCUMENT,
    EVE,
    GROUP,
    PHOTO,
    STICKER,
    VIDEO,
    VOICE,
    message,
    update,
)


def sent(**content: Any) -> Inbound:
    return heard(update(message=message(None, **content)))


@pytest.mark.parametrize("name", list(THINGS))
def test_what_has_no_bytes_is_told_in_words(name: str):
    inbound = heard(thing(name))
    assert inbound.kind is Kind.MESSAGE
    (attachment,) = inbound.attachments
    assert (attachment.ref, attachment.kind, attachment.about) == ("", *THINGS[name][1:])


def test_a_venue_comes_with_its_location_and_is_told_once():
    (attachment,) = sent(venue=THINGS["venue"][0], location=THINGS["location"][0]).attachments
    assert attachment.about.startswith("Café X")


def test_a_photo_is_taken_in_its_largest_size():
    (photo,) = sent(photo=PHOTO).attachments
    assert (photo.ref, photo.kind, photo.width, photo.about) == ("large-file", "photo", 900, "")


@pytest.mark.parametrize(
    ("content", "kind", "seconds"),
    [
        ({"voice": VOICE}, "voice", 3),
        ({"audio": AUDIO}, "audio", 3),
        ({"video": VIDEO}, "video", 3),
        ({"video_note": NOTE}, "video note", 8),
        ({"document": DOCUMENT}, "document", 0),
    ],
)
def test_a_file_is_called_what_people_call_it_and_lasts_as_long(content, kind, seconds):
    (file,) = sent(**content).attachments
    assert (file.kind, file.seconds) == (kind, seconds)


def test_a_video_has_a_still_of_it():
    assert sent(video_note=NOTE).attachments[0].preview == "thumb-file"
    with_cover = {**VIDEO, "thumbnail": THUMBNAIL, "cover": PHOTO}
    assert sent(video=with_cover).attachments[0].preview == "large-file"


def test_a_sticker_is_its_emoji_and_its_set():
    (sticker,) = sent(sticker={**STICKER, "set_name": "Cats"}).attachments
    assert sticker.about == "👍 from the set Cats"


def test_a_song_is_told_by_who_plays_it():
    (song,) = sent(audio={**AUDIO, "performer": "Trio", "title": "Waltz"}).attachments
    assert (song.name, song.about) == ("Trio – Waltz", ""), "nobody has listened to it"
    assert sent(audio=AUDIO).attachments[0].name == "song.mp3"


def test_the_words_spoken_with_a_voice_message_are_kept():
    inbound = sent(voice=VOICE, caption="listen to this")
    assert inbound.text == "listen to this"
    assert [one.kind for one in inbound.attachments] == ["voice"]


def test_a_live_photo_is_one_thing_with_its_still():
    (live,) = sent(photo=PHOTO, live_photo={**VIDEO, "photo": PHOTO}).attachments
    assert (live.kind, live.ref, live.preview) == ("live photo", "video-file", "large-file")


def test_of_paid_media_what_may_be_seen_is_there():
    media = {
        "star_count": 5,
        "paid_media": [{"type": "photo", "photo": PHOTO}, {"type": "preview"}],
    }
    photo, told = sent(paid_media=media).attachments
    assert (photo.ref, told.about) == ("large-file", "2 for 5 stars")


def test_a_rich_message_is_read_as_its_words():
    lines = [line.strip() for line in sent(rich_message=RICH).text.splitlines()]
    assert lines == ["Title", "Some bold words", "1. one"]


def test_pieces_of_an_album_belong_together_and_are_waited_for():
    raw = update(message=message(None, photo=PHOTO, media_group_id="77"))
    assert heard(raw).bundle == "album:77"
    assert received(raw).rests == 1.0


def test_a_text_that_an_app_cut_is_waited_for_and_goes_on():
    at_a_space = update(message=message("a" * 4_050))
    in_a_word = update(message=message("👍" * 2_048))
    whole = update(message=message("a" * 3_999))
    assert [received(one).rests for one in (at_a_space, in_a_word, whole)] == [1.5, 1.5, 0.0]
    assert [heard(one).goes_on for one in (at_a_space, in_a_word, whole)] == ["\n", "", None]


def test_nothing_else_is_waited_for():
    waiting = {number for number, raw in enumerate(MORE) if received(raw).rests}
    told = [MORE[number].get("message", {}) for number in waiting]
    assert all(
        "media_group_id" in one or "forward_origin" in one or not one  # the last: an inline query
        for one in told
    )


def test_a_caption_may_be_a_command():
    text = "/describe@ada_bot this cat"
    entities = [{"type": "bot_command", "offset": 0, "length": len("/describe@ada_bot")}]
    inbound = sent(photo=PHOTO, caption=text, caption_entities=entities, chat=GROUP)
    assert (inbound.kind, inbound.command) == (Kind.COMMAND, "describe")
    assert (inbound.arguments, inbound.mentions_us) == ("this cat", True)


def test_a_forwarded_command_and_one_in_an_album_command_nothing():
    origin = {"type": "user", "date": 1, "sender_user": EVE}
    forwarded = heard(update(message=message("/reset", forward_origin=origin)))
    assert (forwarded.kind, forwarded.command) == (Kind.MESSAGE, "")
    assert sent(photo=PHOTO, caption="/reset", media_group_id="1").kind is Kind.MESSAGE


def test_one_odd_thing_does_not_take_the_words_away():
    inbound = sent(caption="look", photo="no photo", poll=7, document={"file_id": 5})
    assert (inbound.text, inbound.attachments) == ("look", ())
