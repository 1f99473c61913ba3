"""Any bytes at all are a card or one clear complaint, within bounds of memory."""

from __future__ import annotations

import base64
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cards import character_file, read_card, report_on
from core.cards.places import stem_of
from core.character import read_character
from core.errors import BadInput
from tests.cards import makers

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELD = st.sampled_from(
    [*makers.V3_DATA, "character_book", "entries", "keys", "content", "spec", "data", "char_name"]
)
ODD = st.dictionaries(FIELD, JSON | st.dictionaries(FIELD, JSON, max_size=4), max_size=6)


def digested(data: bytes) -> None:
    """Whatever it is, it is a character without faults or it is refused in a sentence."""
    try:
        card = read_card(data, "x").card
    except BadInput as bad:
        (finding,) = bad.findings
        assert finding.what
        assert "\n" not in str(finding)
        return
    made = character_file(card, name="x")
    for line in report_on(card, made).lines():
        assert "\n" not in line
    file = json.loads(json.dumps(made.file, allow_nan=False))
    reading = read_character(file, where="x")
    assert reading.findings == ()
    assert stem_of(reading.character.handle if reading.character else "")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_bytes(data: bytes) -> None:
    digested(data)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["png", "zip", "jpeg", "json", "chara", "inner"]))
def test_bytes_that_begin_well(data: bytes, kind: str) -> None:
    match kind:
        case "png":
            digested(makers.SIGNATURE + data)
        case "zip":
            digested(b"PK\x03\x04" + data)
        case "jpeg":
            digested(makers.JPEG + b"PK\x03\x04" + data + b"PK\x05\x06" + b"\0" * 18)
        case "json":
            digested(b"{" + data)
        case "chara":
            digested(makers.picture(after=(makers.text("chara", data),)))
        case "inner":
            digested(makers.picture(after=(makers.text("ccv3", base64.b64encode(data)),)))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4), st.sampled_from([0, 1, 2]))
def test_good_cards_with_some_bytes_spoiled(at: int, bytes_: bytes, which: int) -> None:
    good = (
        makers.sillytavern_png(makers.sillytavern()),
        makers.charx(makers.risu(), {"assets/a.png": b"1" * 50}),
        json.dumps(makers.chub()).encode(),
    )[which]
    at %= len(good)
    digested(good[:at] + bytes_ + good[at + len(bytes_) :])


@settings(max_examples=300, deadline=None)
@given(ODD, st.sampled_from(["v2", "v3", "flat"]))
def test_cards_with_anything_in_any_field(data: dict[str, Any], kind: str) -> None:
    named = {"v2": "chara_card_v2", "v3": "chara_card_v3"}
    card = data if kind == "flat" else {"spec": named[kind], "data": data}
    digested(json.dumps(card).encode())


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 1_000_000,
        (" " * 1000 + "\n") * 1000,
        "#" * 1_000_000,
        " " * 1_000_000 + "x",
        "a: " * 300_000,
        "{{" * 500_000,
        "<START>" * 50_000,
        "@@a\n" * 100_000,
        "<" * 500_000,
    ],
    ids=["lines", "blanks", "marks", "spaces", "colons", "braces", "starts", "decorators", "tags"],
)
def test_a_text_that_keeps_careless_patterns_busy_for_hours(text: str) -> None:
    book = {"extensions": {}, "entries": [makers.entry(content=text)]}
    card = makers.v3(mes_example=text, description=text, name="x", character_book=book)
    digested(json.dumps(card).encode())


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_name_is_the_name_of_a_file(name: str) -> None:
    stem = stem_of(name)
    assert stem
    assert not stem.startswith(".")
    assert "/" not in stem
    assert len(stem.encode()) <= 230


@pytest.mark.parametrize("kind", ["zTXt", "iTXt", "zip"])
def test_what_is_packed_to_burst_takes_no_more_memory_than_a_card_may(kind: str) -> None:
    import zlib

    packing = zlib.compressobj(9)
    packed = b"".join(packing.compress(b"A" * (1 << 20)) for _ in range(400)) + packing.flush()
    if kind == "zTXt":
        data = makers.picture(before=(makers.chunk(b"zTXt", b"chara\0\0" + packed),))
    elif kind == "iTXt":
        data = makers.picture(before=(makers.chunk(b"iTXt", b"ccv3\0\1\0\0\0" + packed),))
    else:
        data = makers.charx({"a": "A" * (40 << 20)})
    tracemalloc.start()
    try:
        with pytest.raises(BadInput):
            read_card(data, "x")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200 << 20
