"""What can be perceived of a thing, told by its kind and by a picture's first bytes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.sandbox import samples
from core.flow.senses import MOST_PICTURE, Picture, picture_of, ways
from core.messages import Attachment
from tests.fakes.pictures import png
from tests.faults import bombs


def told(one: Attachment) -> list[str]:
    return [f"{way.sense.value} {way.file.ref}{' still' * way.still}" for way in ways(one)]


@pytest.mark.parametrize(
    ("attachment", "expected"),
    [
        (Attachment("p", "image/jpeg", kind="photo"), ["looked at p"]),
        (Attachment("p", "image/png", kind="document", preview="s"),
         ["looked at p", "looked at s still"]),
        (Attachment("p", "image/png", MOST_PICTURE + 1, kind="document", preview="s"),
         ["looked at s still", "looked at p"]),
        (Attachment("g", "image/gif", kind="document", preview="s"),
         ["looked at s still", "looked at g"]),
        (Attachment("g", "image/gif"), ["looked at g"]),
        (Attachment("a", "video/mp4", kind="animation", preview="s"), ["looked at s still"]),
        (Attachment("v", "video/mp4", kind="video"), []),
        (Attachment("v", "video/mp4"), []),
        (Attachment("n", "video/mp4", kind="video note", preview="s"),
             ["listened to n", "looked at s still"]),
        (Attachment("t", "image/webp", kind="sticker"), ["looked at t"]),
        (Attachment("t", "application/x-tgsticker", kind="sticker", preview="s"),
         ["looked at s still"]),
        (Attachment("t", "video/webm", kind="sticker", preview="s"), ["looked at s still"]),
        (Attachment("o", "audio/ogg", kind="voice"), ["listened to o"]),
        (Attachment("m", "audio/mpeg", kind="audio"), ["listened to m"]),
        (Attachment("m", "audio/flac", kind="document"), ["listened to m"]),
        (Attachment("d", "application/pdf", kind="document"), ["read d"]),
        (Attachment("d", "", kind="document"), ["read d"]),
        (Attachment("d", "text/plain"), ["read d"]),
        (Attachment("d", "image/svg+xml", kind="document"), ["read d"]),
        (Attachment("z", "application/zip", kind="document"), []),
        (Attachment("", kind="location", about="here"), []),
        (Attachment("", "image/png"), []),
    ],
)  # fmt: skip
def test_the_best_way_comes_first(attachment: Attachment, expected: list[str]) -> None:
    assert told(attachment) == expected


def webp(kind: bytes, body: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + kind + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png(30, 20), ("image/png", 30, 20)),
        (samples.jpeg(33, 22), ("image/jpeg", 33, 22)),
        (samples.webp(31, 21), ("image/webp", 31, 21)),
        (webp(b"VP8X", bytes(4) + b"\x1f\0\0\x13\0\0"), ("image/webp", 32, 20)),
        (webp(b"VP8 ", bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", 0x4000 + 32, 20)),
         ("image/webp", 32, 20)),
        (b"GIF89a" + struct.pack("<HH", 7, 5), ("image/gif", 7, 5)),
    ],
)  # fmt: skip
def test_a_pictures_first_bytes_tell_its_kind_and_size(data: bytes, expected: object) -> None:
    picture = picture_of(data)
    assert picture is not None
    assert (picture.mime, picture.width, picture.height) == expected
    assert picture.fault == ""


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (bombs.picture_of_many_points(), "12000 x 12000 points"),
        (bombs.gif_of_many_frames(), "65535 x 65535 points"),
        (png(9, 9)[:18], "damaged"),
        (b"\xff\xd8\xff" + b"\xff" * 100, "damaged"),
        (b"\xff\xd8" + b"\xff\xe0\0\x02" * 500_000, "damaged"),
        (b"\xff\xd8" + b"\xff\xe0\0\0" * 5, "damaged"),
        (webp(b"ALPH", bytes(20)), "damaged"),
    ],
)
def test_a_picture_made_to_do_harm_is_shown_to_nobody(data: bytes, fault: str) -> None:
    picture = picture_of(data)
    assert picture is not None
    assert fault in picture.fault


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"BM" + bytes(60), bytes(12) + b"ftypheic"])
def test_other_pictures_are_none(data: bytes) -> None:
    assert picture_of(data) is None


@given(
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBPVP8 "]),
    st.binary(max_size=200),
)
def test_whatever_follows_nothing_is_raised(head: bytes, body: bytes) -> None:
    picture = picture_of(head + body)
    assert isinstance(picture, Picture)
    assert picture.width >= 0
    assert isinstance(picture.fault, str)
