"""Pictures and other files, as Telegram takes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from bots.telegram.rendering import render
from core.errors import SendUncertain, Throttled, Unsendable
from core.files import Files
from core.messages import Attachment, Button, DeliveryStatus, Reply
from tests.bots.telegram.conftest import delivery
from tests.fakes.pictures import png

OWL = Attachment("file:" + "0" * 64 + ".png", "image/png", 70, "owl-00000000.png")


def shapes(*attachments: Attachment, text: str = "", **more):
    return [orjson.loads(one) for one in render(Reply(text, attachments=attachments, **more))]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
async def link(make_link, files):
    async with make_link(files=files) as link:
        yield link


@pytest.fixture
def dm(stage, ada):
    return stage.dm(stage.person("Bob"), ada)


async def says(link, files, room, data: bytes, name: str = "owl-1.png", **how):
    """One message that carries a file."""
    kept = await files.keep(data, key=name)
    reply = Reply(how.pop("text", ""), attachments=(Attachment(kept.ref, kept.mime, 1, name),))
    (payload,) = link.render(reply)
    where = delivery(link, room.id, payload, thread=how.pop("thread", ""))
    return await link.perform(replace(where, **how))


def test_words_that_fit_below_a_picture_stand_there():
    fits, too_many = "🦉" * 510, "🦉" * 511
    assert [one["text"] for one in shapes(OWL, text=fits)] == [fits]
    assert [one["text"] for one in shapes(OWL, text=too_many)] == [too_many, ""]


def test_style_goes_with_the_words():
    (one,) = shapes(OWL, text="An **owl**.")
    assert one["entities"] == [{"type": "bold", "offset": 3, "length": 3}]
    assert one["file"]["ref"] == OWL.ref


def test_the_first_message_answers_whatever_it_is():
    report = Attachment(OWL.ref, "application/pdf", 70, "report-00000000.pdf")
    assert [one.get("reply_to") for one in shapes(OWL, report, reply_to="7")] == ["7", None]
    long = "An owl. " * 200
    assert [one.get("reply_to") for one in shapes(OWL, text=long, reply_to="7")] == ["7", None]
    (one,) = shapes(OWL, text="An owl.", reply_to="7")
    assert one["reply_to"] == "7"


def test_buttons_stand_below_the_words():
    yes = (Button("Yes", "yes"),)
    assert ["keyboard" in one for one in shapes(OWL, OWL, text="Tea?", buttons=yes)] == [
        True,
        False,
    ]
    long = "Tea? " * 300
    assert ["keyboard" in one for one in shapes(OWL, text=long, buttons=yes)] == [True, False]
    assert ["keyboard" in one for one in shapes(OWL, OWL, buttons=yes)] == [False, True]


async def test_a_picture_is_shown_and_another_file_handed_over(stage, link, files, dm):
    await says(link, files, dm, png(), text="An **owl**.")
    await says(link, files, dm, b"%PDF-1.7", "owl-2.pdf")
    await says(link, files, dm, b"GIF89a" + bytes(20), "owl-3.gif")
    picture, document, film = stage.messages(dm)
    assert (picture.text, [one["type"] for one in picture.entities]) == ("An owl.", ["bold"])
    assert (set(picture.more), set(document.more), set(film.more)) == (
        {"photo"},
        {"document"},
        {"animation", "document"},  # as a picture it would stand still
    )
    assert document.more["document"]["file_name"] == "owl-2.pdf"


@pytest.mark.parametrize("data", [png(3000, 2), png()[:16] + bytes(40)])
async def test_a_picture_that_telegram_cannot_show_is_handed_over(stage, link, files, dm, data):
    await says(link, files, dm, data, text="An owl.")
    (said,) = stage.messages(dm)
    assert (said.text, said.more["document"]["file_size"]) == ("An owl.", len(data))


async def test_it_goes_into_its_topic_and_answers(stage, ada, link, files):
    bob = stage.person("Bob")
    club = stage.forum("Club", [bob], [ada], topics=["Owls"])
    (topic,) = [number for number, name in club.topics.items() if name == "Owls"]
    asked = bob.says(club, "an owl?", topic="Owls")
    kept = await files.keep(png(), key="1")
    reply = Reply(
        "Here.", str(asked.id), attachments=(Attachment(kept.ref, kept.mime, 1, "o.png"),)
    )
    (payload,) = link.render(reply)
    await link.perform(delivery(link, club.id, payload, thread=str(topic)))
    said = stage.messages(club)[-1]
    assert (said.topic, said.reply_to, set(said.more)) == (topic, asked.id, {"photo"})


async def test_one_in_doubt_bears_the_mark_though_it_has_no_words(stage, link, files, dm):
    await says(link, files, dm, png(), status=DeliveryStatus.UNCERTAIN)
    await says(link, files, dm, png(), text="An owl.", status=DeliveryStatus.UNCERTAIN)
    assert [one.text for one in stage.messages(dm)] == ["🔁", "🔁 An owl."]


async def test_style_that_is_refused_costs_only_the_style(stage, ada, link, files, dm):
    kept = await files.keep(png(), key="1")
    file = {"ref": kept.ref, "name": "o.png", "mime": kept.mime}
    broken = [{"type": "bold", "offset": 90, "length": 3}]
    payload = orjson.dumps({"text": "An owl.", "entities": broken, "file": file})
    await link.perform(delivery(link, dm.id, payload))
    (said,) = stage.messages(dm)
    assert (said.text, set(said.more)) == ("An owl.", {"photo"})


async def test_trouble_means_for_a_file_what_it_means_for_words(stage, link, files, dm):
    stage.faults.cut(after=True, method="sendPhoto")
    with pytest.raises(SendUncertain):
        await says(link, files, dm, png())
    stage.faults.flood(9, method="sendPhoto")
    with pytest.raises(Throttled) as caught:
        await says(link, files, dm, png())
    assert caught.value.seconds == 9
    with pytest.raises(Unsendable):
        await says(link, files, dm, b"", "empty.bin")
    assert len(stage.messages(dm)) == 1
