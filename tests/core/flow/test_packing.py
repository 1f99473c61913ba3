"""What actions attach is kept as files, and only named in what is written down."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from core.files import Files, TooLarge
from core.flow.packing import Packed, packed
from core.messages import Attachment, Content
from tests.fakes.pictures import png


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


async def pack(files: Files, *media: Any, text: str = "", **more: Any) -> Packed:
    return await packed(files, Content(text, attachments=media), key="turn 1.0", **more)


@pytest.mark.parametrize(
    "media",
    [
        {"data": png(), "title": "An owl!"},
        {"data": bytearray(png()), "title": "An owl!"},
        {"url": "data:image/png;base64," + b64encode(png()).decode(), "title": "An owl!"},
        {"data": "data:;base64," + b64encode(png()).decode(), "title": "An owl!"},
    ],
)
async def test_bytes_become_a_file_that_the_memory_names(files: Files, media: Any) -> None:
    parcel = await pack(files, media, text="Look.")
    (file,) = parcel.files
    assert await files.read(file.ref) == png()
    assert (file.mime, file.size) == ("image/png", len(png()))
    assert file.name.startswith("an-owl-")
    assert file.name.endswith(".png")
    assert parcel.text == "Look."
    assert json.loads(json.dumps(parcel.content.attachments)) == [
        {"url": file.ref, "contentType": "image/png", "title": "An owl!"}
    ]


async def test_addresses_are_said_as_before(files: Files) -> None:
    here = {"url": "https://owls.example/1.png", "contentType": "image/png"}
    there = Attachment("https://owls.example/2.png", "image/png")
    parcel = await packed(
        files, Content("Look.", attachments=(here,)), [there], key="turn", private=False
    )
    assert parcel.text == "Look.\nhttps://owls.example/1.png\nhttps://owls.example/2.png"
    assert parcel.files == ()
    assert parcel.content.attachments[0] == here


async def test_what_is_handed_in_in_two_ways_goes_out_once(files: Files) -> None:
    media: list[Any] = [
        {"url": "https://owls.example/1.png"},
        {"url": "data:image/png;base64," + b64encode(png()).decode()},
        {"data": png(seed=1)},
    ]
    again = [Attachment(str(one.get("url", ""))) for one in media]
    parcel = await packed(files, Content("", attachments=tuple(media)), again, key="turn")
    assert parcel.text == "https://owls.example/1.png"
    assert [await files.read(one.ref) for one in parcel.files] == [png(), png(seed=1)]


async def test_a_file_of_ours_can_be_shown_again_and_no_other(files: Files) -> None:
    (first,) = (await pack(files, {"data": png()})).files
    again = await packed(files, Content(""), [Attachment(first.ref)], key="turn 2")
    assert [(one.ref, one.mime) for one in again.files] == [(first.ref, "image/png")]
    for ref in ("file:/etc/passwd", "file:" + "0" * 64 + ".png"):
        assert (await pack(files, {"url": ref})).files == ()


async def test_nothing_but_bytes_goes_out(files: Files) -> None:
    odd: list[Any] = [
        {"data": "/etc/passwd"},
        {"data": 17},
        {"url": "data:nonsense"},
        {"url": "data:image/png;base64,AAA"},
        {"url": b"\0"},
        {"data": b""},
        {},
    ]
    parcel = await pack(files, *odd, text="Hm.")
    assert [one.size for one in parcel.files] == [1]  # bytes are bytes, whatever they are
    assert parcel.text == "Hm."
    json.dumps(parcel.content.attachments)


@pytest.mark.parametrize(
    ("title", "data", "name"),
    [
        ("report.pdf", b"%PDF", r"report-[0-9a-f]{8}\.pdf"),
        ("../../etc/passwd", b"x", r"passwd-[0-9a-f]{8}\.bin"),
        ("picture.exe", png(), r"picture-[0-9a-f]{8}\.png"),
        ("Сова", png(), r"file-[0-9a-f]{8}\.png"),
        ("", png(), r"file-[0-9a-f]{8}\.png"),
        ("x" * 500, png(), r"x{40}-[0-9a-f]{8}\.png"),
    ],
)
async def test_people_see_a_name_that_no_platform_changes(
    files: Files, title: str, data: bytes, name: str
) -> None:
    (file,) = (await pack(files, {"data": data, "title": title})).files
    assert re.fullmatch(name, file.name), file.name


async def test_the_same_picture_twice_is_two_files_and_once_more_after_a_crash_the_same(
    files: Files,
) -> None:
    two = {"data": png()}, {"data": png()}
    first, second = (await pack(files, *two)).files
    assert first.name != second.name
    assert (await pack(files, *two)).files == (first, second)


@pytest.mark.parametrize(
    "media", [{"data": bytes(9_000_000)}, {"url": "data:image/png;base64," + "A" * 20_000_000}]
)
async def test_what_is_too_large_is_refused_aloud(files: Files, media: Any) -> None:
    with pytest.raises(TooLarge):
        await pack(files, media)
