"""Cards in PNG and APNG files: found wherever they stand, written without touching anything else."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path

import pytest

from core.cards import CardFile, holds_card, read_card
from core.cards.bounds import MOST_TEXT
from core.cards.drawing import plain_picture
from core.cards.png import with_cards
from core.cards.writing import in_png, without_card
from core.errors import BadInput
from tests.cards import makers
from tests.cards.makers import V2_DATA, animated, chunks_of, coded, picture, text, v2, v3


def read(data: bytes) -> CardFile:
    return read_card(data, "card.png")


def complaint(data: bytes) -> str:
    with pytest.raises(BadInput) as caught:
        read(data)
    (finding,) = caught.value.findings
    assert finding.where == "card.png"
    return finding.what


@pytest.mark.parametrize(
    "data",
    [
        picture(before=(text("chara", coded(v2())),)),
        picture(after=(text("chara", coded(v2())),)),
        picture(after=(text("Chara", coded(v2())),)),
        picture(before=(makers.ztext("chara", coded(v2())),)),
        picture(before=(makers.itext("chara", coded(v2())),)),
        picture(after=(makers.itext("chara", coded(v2()), packed=True),)),
        picture(after=(makers.itext("chara", json.dumps(v2()).encode()),)),
        picture(after=(text("chara", coded(v2(), ascii_only=True)),)),
        picture(after=(text("chara", coded(v2())),), tail=b"\0\0trailing"),
        animated(before=(text("chara", coded(v2())),)),
        animated(after=(text("chara", coded(v2())),)),
    ],
)
def test_a_card_is_found_in_every_kind_of_text_and_place(data: bytes, tmp_path: Path) -> None:
    assert read(data).card.data == V2_DATA
    path = tmp_path / "x.png"
    path.write_bytes(data)
    assert holds_card(path)


def test_of_two_cards_the_newer_counts_and_what_the_other_says_is_told() -> None:
    older, newer = text("chara", coded(v2(scenario="old"))), text("ccv3", coded(v3()))
    for both in ((older, newer), (newer, older)):
        card = read(picture(after=both)).card
        assert card.spec == "v3"
        assert card.data["nickname"] == "Haru"
        assert card.place == "chunk ccv3 (tEXt) of a PNG"
        assert card.told == ("the chunk chara says otherwise and does not count: scenario",)


def test_where_the_newer_cannot_be_read_the_other_is_taken_and_that_is_told() -> None:
    card = read(picture(after=(text("ccv3", b"%%%"), text("chara", coded(v2()))))).card
    assert card.spec == "v2"
    assert card.told == ("another card in it cannot be read: it holds a card that is not base64",)


def test_of_two_of_a_kind_the_first_counts() -> None:
    first, second = text("chara", coded(v2(name="One"))), text("chara", coded(v2(name="Two")))
    card = read(picture(after=(first, second))).card
    assert card.data["name"] == "One"
    assert card.told == ("the chunk chara says otherwise and does not count: name",)


def test_a_wrong_check_sum_is_told_and_no_reason_to_do_without_the_card() -> None:
    card = read(picture(after=(text("chara", coded(v2()), crc=7),))).card
    assert card.data == V2_DATA
    assert card.told == ("the check sum of the chunk chara is wrong; look the texts over",)


def test_a_picture_that_breaks_off_behind_its_card_still_gives_it() -> None:
    whole = picture(before=(text("chara", coded(v2())),))
    card = read(whole[:-20]).card
    assert card.data == V2_DATA
    assert card.told == ("the picture breaks off before its end",)


@pytest.mark.parametrize(
    "spoiled",
    [
        b"\n".join(coded(v2())[at : at + 76] for at in range(0, len(coded(v2())), 76)),
        coded(v2()).rstrip(b"="),
        coded(v2()).translate(bytes.maketrans(b"+/", b"-_")),
        coded(v2()) + b"\0\0",
        base64.b64encode(b"\xef\xbb\xbf" + json.dumps(v2()).encode()),
        base64.b64encode(json.dumps(v2()).encode() + b"\0\0\0"),
        base64.b64encode(b" \n" + json.dumps(v2(), indent="\t").encode() + b"\n"),
    ],
)
def test_line_breaks_padding_marks_and_nuls_do_not_matter(spoiled: bytes) -> None:
    assert read(picture(after=(text("chara", spoiled),))).card.data == V2_DATA


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (picture(), "is a picture without a card"),
        (picture(after=(text("Comment", b"hello"),)), "is a picture without a card"),
        (picture(after=(text("chara", b"!!!"),)), "holds a card that is not base64"),
        (picture(after=(text("chara", coded("x")),)), "holds JSON that is no card"),
        (picture(after=(text("chara", coded({"a": 1})),)), "is no character card"),
        (picture(after=(text("chara", b"e30x"),)), "is no character card"),
        (
            picture(after=(text("chara", b"rcc||rccv1||QUJD||hash||e30="),)),
            "is locked by RisuAI; export it there without a password",
        ),
        (makers.SIGNATURE, "the picture breaks off before its end"),
        (makers.SIGNATURE + b"\xff" * 40, "the picture is damaged"),
        (makers.JPEG, "is a JPEG without a card; cards are in PNG files and CHARX"),
        (b"RIFF\0\0\0\0WEBP", "is a WebP without a card; cards are in PNG files and CHARX"),
        (b"", "holds a card that is not JSON"),
    ],
)
def test_what_is_no_card_is_told_in_one_sentence(data: bytes, what: str) -> None:
    assert complaint(data) == what


def test_a_card_that_unfolds_to_gigabytes_is_refused_before_it_does() -> None:
    bomb = zlib.compress(b"A" * (MOST_TEXT * 2), 9)
    data = picture(before=(makers.chunk(b"zTXt", b"chara\0\0" + bomb),))
    assert len(data) < 200_000
    assert complaint(data) == "holds more than 32 MB of card"


def test_a_compressed_card_that_is_damaged_is_told() -> None:
    good = zlib.compress(coded(v2()))
    for bad in (good[:-30], b"\xff" + good[1:], b""):
        data = picture(before=(makers.chunk(b"zTXt", b"chara\0\0" + bad),))
        assert complaint(data) == "holds a compressed card that is damaged"


def test_a_chunk_that_claims_more_than_there_is_is_not_believed() -> None:
    data = makers.SIGNATURE + struct.pack(">I", 0x7FFFFFFF) + b"tEXtchara\0"
    assert complaint(data) == "the picture breaks off before its end"


# --- writing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [picture, animated])
def test_writing_replaces_the_cards_and_leaves_every_other_byte(make: object) -> None:
    others = (text("Software", b"a program"), makers.chunk(b"eXIf", b"\1\2"), text("x", b"", crc=3))
    cards = (makers.ztext("Chara", coded(v2())), makers.itext("ccv3", coded(v3())))
    assert callable(make)
    written = in_png(v3(), make(before=(others[0], *cards), after=others[1:]))
    bare = make(before=others[:1], after=others[1:])
    assert without_card(written) == bare
    assert [one for one in chunks_of(written) if one in chunks_of(bare)] == chunks_of(bare)
    kinds = [kind for kind, _ in chunks_of(written)]
    assert kinds.index(b"tEXt") < kinds.index(b"IDAT")


def test_bytes_behind_the_end_and_wrong_check_sums_stay(tmp_path: Path) -> None:
    data = picture(after=(text("Comment", b"kept", crc=1),), tail=b"more")
    assert with_cards(data, {}) == data
    assert without_card(in_png(v2(), data)) == data


def test_a_v3_card_has_a_v2_card_beside_it_that_says_so() -> None:
    book = {
        "extensions": {},
        "entries": [
            makers.entry(content="@@depth 2\n@@@role user\n\nTold.", use_regex=False),
            makers.entry(content="Mail me @@home", use_regex=False),
        ],
    }
    card = v3(character_book=book)
    written = in_png(card, plain_picture("Haruhi"))
    texts = dict(one.split(b"\0", 1) for kind, one in chunks_of(written) if kind == b"tEXt")
    assert set(texts) == {b"chara", b"ccv3"}
    assert json.loads(base64.b64decode(texts[b"ccv3"])) == card
    older = json.loads(base64.b64decode(texts[b"chara"]))
    assert (older["spec"], older["spec_version"]) == ("chara_card_v2", "2.0")
    assert set(older["data"]) == {*V2_DATA, "character_book"}
    assert older["data"]["creator_notes"].startswith("This is a Character Card V3")
    assert older["data"]["creator_notes"].endswith(V2_DATA["creator_notes"])
    assert [one["content"] for one in older["data"]["character_book"]["entries"]] == [
        "Told.",
        "Mail me @@home",
    ]
    assert read(written).card.told == ()


def test_a_v2_card_stands_alone() -> None:
    written = in_png(v2(), plain_picture("Haruhi"))
    assert [one[:6] for kind, one in chunks_of(written) if kind == b"tEXt"] == [b"chara\0"]
    assert read(written).card.data == V2_DATA


@pytest.mark.parametrize("name", ["Ada", "émile", "7of9", "龙胆", "🙂", ""])
def test_a_plain_picture_is_a_whole_png_and_always_the_same(name: str) -> None:
    drawn = plain_picture(name)
    assert drawn == plain_picture(name)
    parts = dict(chunks_of(drawn))
    width, height = struct.unpack(">II", parts[b"IHDR"][:8])
    assert len(zlib.decompress(parts[b"IDAT"])) == height * (1 + 3 * width)
