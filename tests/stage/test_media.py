"""A real client sends pictures, sounds, films, places, polls and albums, and is refused as by Telegram."""

import struct

import pytest
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
)
from telegram.error import BadRequest

from bots.sandbox import Stage
from bots.sandbox.samples import jpeg, mp3, mp4, ogg, webp
from tests.fakes.pictures import png
from tests.stage.conftest import Dial


@pytest.fixture
def dm(stage: Stage):
    return stage.dm(stage.person("Bob", username="bob"), stage.bot("Ada"))


@pytest.fixture
async def ada(stage: Stage, dial: Dial):
    async with dial(stage, stage.bot("Ada")) as client:
        yield client


async def test_sounds_keep_what_was_said_of_them(ada, dm):
    voice = (await ada.send_voice(dm.id, ogg(3), caption="Listen.")).voice.to_dict()
    assert (voice["duration"], voice["mime_type"]) == (3, "audio/ogg")
    song = await ada.send_audio(
        dm.id, mp3(2), duration=2, performer="Ada", title="Rain", filename="rain.mp3"
    )
    heard = song.audio.to_dict()
    assert (heard["performer"], heard["title"], heard["duration"]) == ("Ada", "Rain", 2)
    assert heard["file_name"] == "rain.mp3"


async def test_films_come_in_three_kinds(ada, dm):
    film = mp4(64, 48, 1)
    video = await ada.send_video(dm.id, film, duration=1, width=64, height=48, caption="A film")
    assert (video.video.width, video.caption) == (64, "A film")
    assert video.video.to_dict()["duration"] == 1
    note = await ada.send_video_note(dm.id, film, length=48)
    assert note.video_note.length == 48
    moving = await ada.send_animation(dm.id, film, width=64, height=48)
    assert moving.animation.file_id == moving.document.file_id


async def test_a_sticker_has_to_be_one(ada, dm):
    sent = await ada.send_sticker(dm.id, webp(), emoji="🦉")
    assert (sent.sticker.emoji, sent.sticker.is_video) == ("🦉", False)
    other = await ada.send_sticker(dm.id, b"plain words")
    assert other.sticker is None
    assert other.document


async def test_what_is_no_sound_is_no_voice_message(ada, dm):
    sent = await ada.send_voice(dm.id, b"plain words", filename="voice.ogg")
    assert sent.voice is None
    assert sent.document.file_name == "voice.ogg"


async def test_a_file_that_is_there_is_sent_again_by_its_id(stage, ada, dm):
    (size,) = (await ada.send_photo(dm.id, png())).photo
    again = await ada.send_photo(dm.id, size.file_id, caption="Again")
    assert (again.photo[0].file_id, again.caption) == (size.file_id, "Again")
    with pytest.raises(BadRequest, match="Can't use file of type photo as document"):
        await ada.send_document(dm.id, size.file_id)
    with pytest.raises(BadRequest, match="Wrong file identifier/http url specified"):
        await ada.send_document(dm.id, "AAAA")
    with pytest.raises(BadRequest, match="Failed to get http url content"):
        await ada.send_photo(dm.id, "https://owls.example/owl.png")


async def test_places_people_and_throws(ada, dm):
    place = await ada.send_location(dm.id, 52.5, 13.4)
    assert (place.location.latitude, place.location.longitude) == (52.5, 13.4)
    cafe = await ada.send_venue(dm.id, 52.5, 13.4, "Café Owl", "Nest Street 1")
    assert (cafe.venue.title, cafe.location.latitude) == ("Café Owl", 52.5)
    card = await ada.send_contact(dm.id, "+4930123", "Eve", last_name="Owl")
    assert (card.contact.phone_number, card.contact.last_name) == ("+4930123", "Owl")
    assert 1 <= (await ada.send_dice(dm.id)).dice.value <= 6
    with pytest.raises(BadRequest, match="Dice_emoji_invalid"):
        await ada.send_dice(dm.id, emoji="🦉")
    with pytest.raises(BadRequest, match="Wrong latitude specified"):
        await ada.send_location(dm.id, 91, 0)


async def test_a_place_that_moves_until_it_is_stopped(ada, dm):
    sent = await ada.send_location(dm.id, 1, 2, live_period=60)
    moved = await ada.edit_message_live_location(dm.id, sent.message_id, latitude=3, longitude=4)
    assert (moved.location.latitude, moved.location.longitude) == (3, 4)
    stopped = await ada.stop_message_live_location(dm.id, sent.message_id)
    assert "live_period" not in stopped.location.to_dict()
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await ada.edit_message_live_location(dm.id, sent.message_id, latitude=5, longitude=6)


async def test_a_poll_is_asked_and_closed(ada, dm):
    asked = await ada.send_poll(dm.id, "Tea?", ["Yes", "No"], allows_multiple_answers=True)
    assert [option.text for option in asked.poll.options] == ["Yes", "No"]
    assert (asked.poll.is_anonymous, asked.poll.is_closed) == (True, False)
    assert (await ada.stop_poll(dm.id, asked.message_id)).is_closed
    with pytest.raises(BadRequest, match="Poll has already been closed"):
        await ada.stop_poll(dm.id, asked.message_id)
    quiz = await ada.send_poll(
        dm.id, "1 + 1?", ["1", "2"], type="quiz", correct_option_ids=[1], explanation="Count."
    )
    assert (quiz.poll.type, quiz.poll.explanation) == ("quiz", "Count.")


@pytest.mark.parametrize(
    ("question", "options", "why"),
    [
        ("", ["a", "b"], "question must be non-empty"),
        ("q" * 301, ["a", "b"], "question length must not exceed 300"),
        ("q", ["a"], "at least 2 options"),
        ("q", ["a"] * 13, "more than 12 options"),
        ("q", ["a", "b" * 101], "options length must not exceed 100"),
        ("q", ["a", ""], "options must be non-empty"),
    ],
)
async def test_polls_have_limits(ada, dm, question, options, why):
    with pytest.raises(BadRequest, match=why):
        await ada.send_poll(dm.id, question, options)


async def test_an_album_is_several_messages_of_one_group(stage, ada, dm):
    pieces = [InputMediaPhoto(png(), caption="Two owls"), InputMediaVideo(mp4(64, 48, 1))]
    first, second = await ada.send_media_group(dm.id, pieces)
    assert first.media_group_id == second.media_group_id
    assert (first.caption, second.caption) == ("Two owls", None)
    assert (bool(first.photo), bool(second.video)) == (True, True)
    (alone,) = await ada.send_media_group(dm.id, pieces[:1])
    assert alone.media_group_id is None


async def test_an_album_that_does_not_fit_together_is_refused_whole(stage, ada, dm):
    files = [InputMediaDocument(b"owls", filename="a.txt"), InputMediaPhoto(png())]
    for pieces, why in (
        (files, "Document can't be mixed with other media types"),
        ([InputMediaAudio(mp3(1)), files[0]], "can't be mixed with other media types"),
        ([InputMediaPhoto(jpeg(9, 9)) for _ in range(11)], "Too many messages to send as an album"),
        ([files[1], InputMediaPhoto(b"no picture")], "Image_process_failed"),
    ):
        with pytest.raises(BadRequest, match=why):
            await ada.send_media_group(dm.id, pieces)
    assert stage.messages(dm) == []


async def test_captions_and_files_are_edited(ada, dm):
    keys = InlineKeyboardMarkup([[InlineKeyboardButton("More", callback_data="more")]])
    sent = await ada.send_photo(dm.id, png(), caption="One", reply_markup=keys)
    after = await ada.edit_message_caption(
        dm.id, sent.message_id, caption="<b>Two</b>", parse_mode="HTML"
    )
    assert (after.caption, after.caption_entities[0].type, after.reply_markup) == (
        "Two",
        "bold",
        None,
    )
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await ada.edit_message_text("x", dm.id, sent.message_id)
    other = InputMediaDocument(b"owls", filename="owls.txt", caption="Three")
    changed = await ada.edit_message_media(other, dm.id, sent.message_id)
    assert (changed.document.file_name, changed.caption, changed.photo) == ("owls.txt", "Three", ())
    words = await ada.send_message(dm.id, "words")
    with pytest.raises(BadRequest, match="There is no caption in the message to edit"):
        await ada.edit_message_caption(dm.id, words.message_id, caption="x")


async def test_a_caption_is_shorter_than_a_text(ada, dm):
    await ada.send_photo(dm.id, png(), caption="x" * 1024)
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await ada.send_photo(dm.id, png(), caption="x" * 1025)


async def test_a_picture_has_limits(ada, dm):
    wide = png()[:16] + struct.pack(">II", 9_990, 20) + png()[24:]
    with pytest.raises(BadRequest, match="Photo_invalid_dimensions"):
        await ada.send_photo(dm.id, wide)
    with pytest.raises(BadRequest, match="File must be non-empty"):
        await ada.send_document(dm.id, b"")
