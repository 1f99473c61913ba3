"""From the bytes of a card to its data: base64, UTF-8, JSON, each as loosely as it is found."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from core.cards.bounds import MOST_TEXT, CardRefused

_LOCKED = b"rcc||"
_BLANK = b" \t\r\n\0"


def unpacked(text: bytes) -> tuple[dict[str, Any], list[str]]:
    """The card in a text chunk, and what about it was not as it should be."""
    body = text.strip(_BLANK)
    if body.startswith(_LOCKED):
        raise CardRefused("is locked by RisuAI; export it there without a password")
    if body[:1] == b"{":
        card, said = parsed(body)
        return card, ["the card is written without base64", *said]
    # Without line breaks, in either alphabet, however many = are missing.
    body = bytes(body.translate(bytes.maketrans(b"-_", b"+/"), _BLANK)).rstrip(b"=")
    try:
        data = base64.b64decode(body + b"=" * (-len(body) % 4), validate=True)
    except binascii.Error:
        raise CardRefused("holds a card that is not base64") from None
    return parsed(data)


def parsed(data: bytes) -> tuple[dict[str, Any], list[str]]:
    """The object in these bytes, and what about them was not as it should be."""
    if len(data) > MOST_TEXT:
        raise CardRefused(f"holds more than {MOST_TEXT >> 20} MB of card")
    text, said = _text(data)
    text = text.strip().strip("\0").strip()
    try:
        # Tabs and line breaks within texts are against the rules, and common.
        card, end = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        raise CardRefused("holds a card that is not JSON") from None
    if text[end:].strip():
        said.append("something follows the card; it is left out")
    if not isinstance(card, dict):
        raise CardRefused("holds JSON that is no card")
    return card, said


def packed(card: Mapping[str, Any]) -> bytes:
    """As a text chunk holds it."""
    return base64.b64encode(written(card))


def written(card: Mapping[str, Any], *, indent: int | None = None) -> bytes:
    marks = (",", ":") if indent is None else (",", ": ")
    return json.dumps(card, ensure_ascii=False, indent=indent, separators=marks).encode()


def _text(data: bytes) -> tuple[str, list[str]]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace"), ["the card was UTF-16"]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), ["the card was not UTF-8; look at its accents"]
