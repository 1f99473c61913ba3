"""Albums, sounds, polls, places, stickers, ready answers: what is no text, as people get it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import orjson
import pytest

from bots.sandbox import samples
from bots.telegram.client import TelegramLink
from bots.telegram.rendering import quoted, render
from core.errors import Unsendable
from core.files import Files, mime_of
from core.messages import Attachment, Button, Delivery, DeliveryKind, Location, Poll, Reply
from tests.bots.telegram.conftest import delivery
from tests.fakes.pictures import png

TEA = Poll("Tea?", ("Green", "Black"))
YES = Button("Yes", "yes")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
async def link(make_link: Any, files: Files) -> Any:
    async with make_link(files=files) as link:
        yield link


@pytest.fixture
def bob(stage: Any) -> Any:
    return stage.person("Bob")


@pytest.fixture
def dm(stage: Any, bob: Any, ada: Any) -> Any:
    return stage.dm(bob, ada)


def payloads(reply: Reply) -> list[dict[str, Any]]:
    return [orjson.loads(one) for one in render(reply)]


async def says(link: TelegramLink, room: Any, reply: Reply) -> list[Delivery]:
    """Everything of it, in order; the rows with what each of them has become."""
    rows = [delivery(link, room.id, payload) for payload in link.render(reply)]
    for row in rows:
        await link.perform(row)
    return rows


async def kept(files: Files, data: bytes, name: str, kind: str = "") -> Attachment:
    found = await files.keep(data, key=name)
    return Attachment(found.ref, found.mime, found.size, name, kind)


async def several(files: Files, count: int, kind: str = "png") -> tuple[Attachment, ...]:
    made = [png(seed=n) if kind == "png" else b"%PDF-" + bytes([n]) for n in range(count)]
    return tuple([await kept(files, data, f"f{n}.{kind}") for n, data in enumerate(made)])


# --- albums -------------------------------------------------------------------------------------


async def test_several_pictures_are_one_album_below_their_words(stage, link, files, dm):
    """T-53, T-58."""
    reply = Reply("Three **owls**.", attachments=await several(files, 3))
    (row,) = await says(link, dm, reply)
    shown = stage.messages(dm)
    assert [set(one.more) & {"photo"} for one in shown] == [{"photo"}] * 3
    assert len({one.more["media_group_id"] for one in shown}) == 1
    assert [one.text for one in shown] == ["Three owls.", "", ""]
    assert [one["type"] for one in shown[0].entities] == ["bold"]
    assert len(stage.journal.of("sendMediaGroup")) == 1
    receipt = await link.perform(row)
    assert receipt.message == str(stage.messages(dm)[3].id)


async def test_words_that_are_too_many_for_a_caption_come_first(stage, link, files, dm):
    await says(link, dm, Reply("Owls. " * 300, attachments=await several(files, 2)))
    words, *owls = stage.messages(dm)
    assert words.text.startswith("Owls.")
    assert [(one.text, "photo" in one.more) for one in owls] == [("", True)] * 2


async def test_an_album_has_ten_at_most_and_one_kind(files):
    owls, papers = await several(files, 12), await several(files, 2, "pdf")
    shapes = payloads(Reply("", attachments=(*owls, *papers)))
    assert [len(one.get("album") or [0]) for one in shapes] == [10, 2, 2]
    mixed = payloads(Reply("", attachments=(owls[0], papers[0], owls[1])))
    assert [one["file"]["kind"] for one in mixed] == ["photo", "document", "photo"]


async def test_buttons_of_an_album_stand_below_its_words(stage, link, files, dm):
    await says(link, dm, Reply("Owls?", buttons=(YES,), attachments=await several(files, 2)))
    words, *owls = stage.messages(dm)
    assert words.markup is not None
    assert [one.markup for one in owls] == [None, None]


async def test_pictures_that_cannot_be_shown_are_an_album_of_files(stage, link, files, dm):
    long = await kept(files, png(3000, 2), "long.png")
    await says(link, dm, Reply("Owls.", attachments=(*await several(files, 1), long)))
    assert [set(one.more) & {"photo", "document"} for one in stage.messages(dm)] == [
        {"document"}
    ] * 2


async def test_an_album_whose_picture_is_gone_is_not_sent(stage, link, files, dm):
    owls = await several(files, 2)
    await files.drop(owls[1].ref)
    with pytest.raises(Unsendable, match="not there any more"):
        await says(link, dm, Reply("Owls.", attachments=owls))
    assert not stage.messages(dm)


# --- sounds and films ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "name", "called", "shown"),
    [
        (samples.mp3(1), "song-1.mp3", "", "audio"),
        (samples.ogg(1), "sound-1.ogg", "", "document"),
        (samples.ogg(1), "voice-1.ogg", "", "voice"),
        (samples.ogg(1), "sound-1.ogg", "voice", "voice"),
        (samples.mp4(64, 64, 1), "owl-1.mp4", "", "video"),
        (samples.webp(), "owl-1.webp", "", "photo"),
        (png(), "owl-1.png", "document", "document"),
        (b"%PDF-1.7", "owl-1.pdf", "", "document"),
    ],
    ids=["mp3", "ogg", "voice", "called-voice", "mp4", "webp", "called-document", "pdf"],
)
async def test_each_file_is_shown_as_what_it_is(stage, link, files, dm, data, name, called, shown):
    """T-58."""
    await says(link, dm, Reply("Hear.", attachments=(await kept(files, data, name, called),)))
    (said,) = stage.messages(dm)
    assert said.text == "Hear."
    assert shown in said.more


async def test_what_an_older_server_cannot_show_is_handed_over(stage, link, files, dm):
    stage.faults.refuse(404, method="sendAudio")
    await says(link, dm, Reply("", attachments=(await kept(files, samples.mp3(1), "a.mp3"),)))
    assert "document" in stage.messages(dm)[0].more


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (samples.mp3(1), "audio/mpeg"),
        (b"ID3\4" + bytes(20), "audio/mpeg"),
        (samples.ogg(1), "audio/ogg"),
        (samples.mp4(8, 8, 1), "video/mp4"),
        (bytes(4) + b"ftypM4A " + bytes(9), "audio/mp4"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"%PDF-1.7", "application/pdf"),
        (b"\xff\xfe\xff", "application/octet-stream"),
    ],
    ids=["mp3", "id3", "ogg", "mp4", "m4a", "wav", "pdf", "other"],
)
def test_a_file_is_known_by_how_it_begins(data, mime):
    assert mime_of(data) == mime


# --- messages of their own ----------------------------------------------------------------------


async def test_words_then_a_poll_and_a_place(stage, link, files, ada, bob, dm):
    place = Location(52.5, 13.4, "Tea house", "1 Tea Street")
    await says(link, dm, Reply("All of it.", poll=TEA, location=place))
    said = [one for one in stage.messages(dm) if one.sender is ada]
    assert [one.text for one in said] == ["All of it.", "", ""]
    poll, venue = said[1].more["poll"], said[2].more["venue"]
    assert (poll["question"], [one["text"] for one in poll["options"]]) == (
        "Tea?",
        ["Green", "Black"],
    )
    assert (venue["title"], venue["address"]) == ("Tea house", "1 Tea Street")


async def test_a_place_without_a_name_is_a_point(stage, link, dm):
    await says(link, dm, Reply("", location=Location(52.5, 13.4)))
    assert stage.messages(dm)[0].more["location"]["latitude"] == pytest.approx(52.5)


def test_a_poll_fits_what_telegram_takes():
    long = Poll("q" * 400, ("🍵" * 80, "b", "b", " ", *map(str, range(20))), several=True)
    (payload,) = payloads(Reply("", poll=long))
    poll = payload["poll"]
    assert len(poll["question"]) <= 300
    assert len(poll["options"]) == 10
    assert all(len(one.encode("utf-16-le")) // 2 <= 100 for one in poll["options"])
    assert len(set(poll["options"])) == 10


@pytest.mark.parametrize(
    "reply",
    [
        Reply("", poll=Poll("Tea?", ("Yes",))),
        Reply("", poll=Poll("", ("Yes", "No"))),
        Reply("", location=Location(91, 0)),
        Reply("", location=Location(float("nan"), 0)),
        Reply("", sticker="https://example.org/sticker.webp?what=it+was+told"),
        Reply("", sticker="attach://x"),
    ],
)
def test_what_telegram_would_refuse_or_fetch_is_left_out_with_a_line(reply, caplog):
    caplog.set_level(logging.INFO)
    assert render(reply) == ()
    assert "is left out" in caplog.text
    assert "Tea" not in caplog.text
    assert "told" not in caplog.text


async def test_a_sticker_that_somebody_has_sent_can_be_sent(stage, link, bob, dm):
    seen = bob.sends_sticker(dm).more["sticker"]["file_id"]
    await says(link, dm, Reply("", sticker=seen))
    assert "sticker" in stage.messages(dm)[-1].more


# --- ready answers ------------------------------------------------------------------------------


async def test_ready_answers_take_the_place_of_the_keyboard_once(stage, link, dm):
    """T-57."""
    await says(link, dm, Reply("Tea?", keyboard=(("Green", "Black"), ("None",))))
    markup = stage.messages(dm)[0].markup
    assert markup["keyboard"] == [[{"text": "Green"}, {"text": "Black"}], [{"text": "None"}]]
    assert (markup["resize_keyboard"], markup["one_time_keyboard"]) == (True, True)
    assert "selective" not in markup


async def test_in_a_group_they_are_for_whoever_is_answered(stage, link, ada, bob):
    tea = stage.group("Tea", [bob], [ada])
    asked = bob.says(tea, "@ada_bot tea?")
    await says(link, tea, Reply("Which?", str(asked.id), keyboard=(("Green",),)))
    assert stage.messages(tea)[-1].markup["selective"] is True


def test_one_message_has_one_keyboard():
    (payload,) = payloads(Reply("Tea?", buttons=(YES,), keyboard=(("Green",),)))
    assert "keyboard" in payload
    assert "answers" not in payload
    first, last = payloads(Reply("Tea. " * 1000, buttons=(YES,), keyboard=(("Green",),)))
    assert ("answers" in first, "keyboard" in last) == (True, True)


# --- edits --------------------------------------------------------------------------------------


async def test_the_words_below_a_picture_are_edited(stage, link, files, dm):
    await says(link, dm, Reply("Old.", attachments=await several(files, 1)))
    number = str(stage.messages(dm)[0].id)
    (payload,) = link.render(Reply("**New**."))
    edit = delivery(link, dm.id, payload, kind=DeliveryKind.EDIT, target=number)
    receipt = await link.perform(edit)
    assert receipt.message == number
    (said,) = stage.messages(dm)
    assert (said.text, [one["type"] for one in said.entities]) == ("New.", ["bold"])


def test_a_quote_is_cut_between_signs():
    family = "👨‍👩‍👧‍👦"
    assert quoted("  the words ") == "the words"
    cut = quoted(family * 200)
    assert len(cut.encode("utf-16-le")) // 2 <= 1024
    assert cut == family * (len(cut) // len(family))
