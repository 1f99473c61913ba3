"""CHARX: zips of anybody's making, which must neither fill the disk nor write beside their folder."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile

import pytest

from core.cards import CardFile, charx, read_card
from core.cards.bounds import CardRefused
from core.cards.charx import safe_name
from core.cards.drawing import plain_picture
from core.cards.writing import in_charx
from core.errors import BadInput
from tests.cards import makers
from tests.cards.makers import JPEG, V3_DATA, v3


def read(data: bytes) -> CardFile:
    return read_card(data, "card.charx")


def complaint(data: bytes) -> str:
    with pytest.raises(BadInput) as caught:
        read(data)
    (finding,) = caught.value.findings
    return finding.what


def zipped(*entries: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (("card.json", json.dumps(v3()).encode()), *entries):
            archive.writestr(name, content)
    return made.getvalue()


FILES = {
    "assets/icon/images/main.png": plain_picture("H"),
    "assets/emotion/images/Happy Ü.webp": b"RIFF",
    "module.risum": b"o\0\0",
    "x_meta/1.json": b'{"type": "WEBP"}',
}


def test_the_card_and_whatever_lies_beside_it_are_read() -> None:
    there = read(makers.charx(v3(), FILES))
    assert there.card.data == V3_DATA
    assert there.card.place == "card.json of a CHARX"
    assert there.archive is not None
    assert dict(there.archive.contents()) == FILES


def test_a_jpeg_before_the_archive_is_no_hindrance_however_it_counts() -> None:
    for data in (
        makers.charx(v3(), FILES, before=JPEG),
        JPEG + makers.charx(v3(), FILES) + b"\0\0",
    ):
        there = read(data)
        assert there.card.data == V3_DATA
        assert there.card.place == "a CHARX behind a JPEG"
        assert there.archive is not None
        assert dict(there.archive.contents()) == FILES


def test_a_v2_card_in_a_charx_and_a_byte_order_mark_are_read() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("card.json", b"\xef\xbb\xbf" + json.dumps(makers.v2()).encode())
    assert read(made.getvalue()).card.spec == "v2"


@pytest.mark.parametrize(
    "name",
    [
        "../out.txt",
        "a/../../out.txt",
        "/etc/passwd",
        "a\\..\\b",
        "C:/x",
        "a/./b",
        "a//b",
        "aux.txt",
        "a/NUL",
        "x.",
        "~/x",
        "a\x01b",
        "a" * 301,
        "/".join("a" * 13),
        "a:b",
    ],
)
def test_a_name_that_leads_elsewhere_is_left_out_and_told(name: str) -> None:
    there = read(zipped((name, b"x"), ("good.txt", b"y")))
    assert there.archive is not None
    assert there.archive.files == ("good.txt",)
    assert any("are left out: 1, " in one for one in there.card.told)
    assert not safe_name(name)


def test_links_and_two_names_for_one_file_are_left_out() -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    there = read(zipped((link, b"/etc/passwd"), ("A.png", b"1"), ("a.png", b"2"), ("d/", b"")))
    assert there.archive is not None
    assert there.archive.files == ("A.png",)


def test_an_archive_that_unpacks_to_too_much_is_refused() -> None:
    archive = read(zipped(("big.bin", b"\0" * (8 << 20)))).archive
    assert archive is not None
    with pytest.raises(CardRefused, match="which is not what it seems"):
        archive.content("big.bin")
    huge = zipped(("big.bin", b"x"))
    # Its size as its directory tells it, which stands after the offsets' signature.
    at = huge.rindex(b"PK\x01\x02")
    lying = huge[: at + 24] + struct.pack("<I", 3 << 30) + huge[at + 28 :]
    assert complaint(lying) == "would be larger than 512 MB unpacked"


def test_a_card_of_too_many_files_is_refused() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for at in range(20_001):
            archive.writestr(str(at), b"")
    assert complaint(made.getvalue()) == "holds more than 20000 files"


def test_what_is_locked_or_damaged_is_told_in_one_sentence() -> None:
    good = zipped(("a.png", b"12345" * 100))
    at = good.index(b"PK\x01\x02")
    locked = bytearray(good)
    locked[6] |= 1
    locked[at + 8] |= 1
    assert complaint(bytes(locked)) == "is locked with a password; pack it anew without one"
    assert complaint(good[:60]) == "is a damaged archive"
    spoiled = bytearray(good)
    spoiled[60:70] = b"\xff" * 10
    assert complaint(bytes(spoiled)) == "holds 'card.json', which is damaged"
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("other.json", b"{}")
    assert complaint(empty.getvalue()) == "is an archive without a card.json"


def test_the_same_card_makes_the_same_archive() -> None:
    files = {"b.bin": b"2", "a.bin": b"1"}
    assert in_charx(v3(), files) == in_charx(v3(), files)
    names = zipfile.ZipFile(io.BytesIO(in_charx(v3(), files))).namelist()
    assert names == ["card.json", "b.bin", "a.bin"]


def test_what_was_inside_a_picture_becomes_files_of_the_archive() -> None:
    assets = [
        {"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"},
        {"type": "emotion", "uri": "__asset:0", "name": "happy", "ext": "webp"},
        {"type": "x-risu-asset", "uri": "__asset:voice", "name": "v", "ext": "mp3"},
        {"type": "other", "uri": "https://example.org/x.png", "name": "x", "ext": "png"},
        {"type": "other", "uri": "__asset:gone", "name": "x", "ext": "png"},
    ]
    card = v3(assets=assets)
    data = makers.risu_png(card, {"0": b"happy", "voice": b"sound"})
    there = read(in_charx(card, {}, data))
    assert there.archive is not None
    assert [one["uri"] for one in there.card.data["assets"]] == [
        "embeded://assets/icon/images/main.png",
        "embeded://assets/emotion/images/1.webp",
        "embeded://assets/other/audio/2.mp3",
        "https://example.org/x.png",
        "__asset:gone",
    ]
    files = dict(there.archive.contents())
    assert files["assets/emotion/images/1.webp"] == b"happy"
    assert files["assets/other/audio/2.mp3"] == b"sound"
    assert b"ccv3" not in files["assets/icon/images/main.png"]


def test_only_what_begins_like_an_archive_is_taken_for_one() -> None:
    assert not charx.is_archive(JPEG)
    assert not charx.is_archive(json.dumps(v3()).encode())
