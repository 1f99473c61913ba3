"""Pictures and other files, as Discord takes them: beside the words, in one request."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from bots.discord.rendering import render
from bots.sandbox.discord.permissions import SEND, VIEW
from core.errors import SendUncertain, Unsendable
from core.files import Files
from core.messages import Attachment, Button, DeliveryKind, DeliveryStatus, Reply
from tests.bots.discord.conftest import delivery
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


async def carrying(link, files, room, data: bytes, text: str = "", name: str = "owl-1.png", **how):
    """One message that carries a file."""
    kept = await files.keep(data, key=name)
    reply = Reply(text, attachments=(Attachment(kept.ref, kept.mime, 1, name),))
    (payload,) = link.render(reply)
    return replace(delivery(link, room, **how), payload=payload)


def seen(stage, room):
    """What stands in a room: the words and the names of the files of each message."""
    return [
        (one.text, [file["filename"] for file in one.more.get("attachments", ())])
        for one in stage.messages(room)
    ]


def posts(stage):
    return [call for call in stage.discord.journal if call.method == "create_message"]


def test_the_first_file_stands_below_the_last_words():
    assert [bool(one.get("file")) for one in shapes(OWL, OWL, text="An owl.")] == [True, True]
    long = shapes(OWL, text="An owl. " * 400)
    assert [bool(one.get("file")) for one in long] == [False, True]


def test_the_first_message_answers_whatever_it_is():
    assert [one["reference"] for one in shapes(OWL, OWL, reply_to="7")] == ["7", None]
    assert [one["reference"] for one in shapes(OWL, text="An owl.", reply_to="7")] == ["7"]


def test_buttons_stand_below_the_last_message():
    yes = (Button("Yes", "yes"),)
    assert ["components" in one for one in shapes(OWL, OWL, buttons=yes)] == [False, True]


async def test_any_file_goes_by_its_name_and_nobody_is_rung_up(stage, link, files, general):
    await link.perform(await carrying(link, files, general, b"%PDF", "Read @everyone!", "a-1.pdf"))
    assert seen(stage, general)[-1] == ("Read @everyone!", ["a-1.pdf"])
    (asked,) = posts(stage)
    assert asked.params["allowed_mentions"] == {"parse": [], "replied_user": False}
    assert (asked.params["enforce_nonce"], asked.params["flags"]) == (True, 4)


async def test_a_repeat_with_the_same_nonce_is_the_same_message(stage, link, files, general):
    one = await carrying(link, files, general, png(), "An owl.")
    stage.discord.faults.cut(after=True, method="create_message")
    with pytest.raises(SendUncertain):
        await link.perform(one)
    await link.perform(one)
    assert seen(stage, general) == [("An owl.", ["owl-1.png"])]


async def test_what_discord_py_repeats_by_itself_comes_whole(stage, link, files, general):
    stage.discord.faults.fail(502, method="create_message")
    await link.perform(await carrying(link, files, general, png(bytes_more=100_000), "An owl."))
    (said,) = stage.messages(general)
    assert said.more["attachments"][0]["size"] == len(png(bytes_more=100_000))
    assert len(posts(stage)) == 2


async def test_words_whose_file_did_not_come_along_get_it(stage, link, files, general):
    await link.perform(delivery(link, general, "An owl"))
    await link.perform(await carrying(link, files, general, png(), "An owl, whole."))
    assert seen(stage, general)[-1:] == [("An owl, whole.", ["owl-1.png"])]
    assert len(stage.messages(general)) == 1


async def test_an_edit_brings_its_file_once_however_often_it_is_done(stage, link, files, general):
    sent = await link.perform(delivery(link, general, "An ow"))
    how = {"kind": DeliveryKind.EDIT, "target": sent.message}
    for _ in range(2):
        await link.perform(await carrying(link, files, general, png(), "An owl.", **how))
    assert seen(stage, general) == [("An owl.", ["owl-1.png"])]


async def test_who_may_hand_over_no_files_says_the_words(stage, ed, ada, link, files):
    guild = stage.discord.guild("Strict", [ed], [ada])
    guild.roles[guild.id].permissions = VIEW | SEND
    room = next(iter(guild.channels.values()))
    await link.perform(await carrying(link, files, room, png(), "An owl."))
    assert seen(stage, room)[-1] == ("An owl.", [])
    with pytest.raises(Unsendable, match="no right"):
        await link.perform(await carrying(link, files, room, png(), nonce="n2"))
    # The room is not shut to words for that.
    await link.perform(delivery(link, room, "A pity.", nonce="n3"))
    assert seen(stage, room)[-1] == ("A pity.", [])


@pytest.mark.parametrize("arrived", [True, False])
async def test_what_is_long_in_doubt_is_told_from_its_neighbour_by_its_file(
    stage, link, files, general, arrived
):
    first = await carrying(link, files, general, png(), name="owl-1.png", nonce="n1")
    second = await carrying(link, files, general, png(seed=1), name="owl-2.png", nonce="n2")
    for one in (first, second) if arrived else (first,):
        await link.perform(one)
    old = replace(second, status=DeliveryStatus.UNCERTAIN, created_at=time.time() - 150, nonce="n4")
    await link.perform(old)
    assert seen(stage, general) == [("", ["owl-1.png"]), ("", ["owl-2.png"])]
