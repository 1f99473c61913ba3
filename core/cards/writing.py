"""A card into a file: a PNG with its picture, JSON, or a CHARX with its assets."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.cards import charx, png
from core.cards.bounds import CardRefused
from core.cards.convert import backfilled
from core.cards.encoded import packed, written
from core.cards.shapes import SPECS

_EMBEDDED = ("embeded://", "embedded://")
"""The specification spells it with one d, and not everybody does."""
_IN_PICTURE = "__asset:"
_ICON = "assets/icon/images/main.png"
_KINDS: Mapping[str, tuple[str, ...]] = {
    "images": ("png", "apng", "jpg", "jpeg", "gif", "webp", "avif", "bmp"),
    "audio": ("mp3", "wav", "ogg", "flac", "m4a"),
    "video": ("mp4", "webm", "mov", "mkv"),
    "3d": ("obj", "mmd", "glb"),
    "ai": ("safetensors", "ckpt", "onnx"),
    "fonts": ("otf", "ttf", "woff", "woff2"),
    "code": ("js", "ts", "lua"),
}


def in_json(card: Mapping[str, Any]) -> bytes:
    return written(card, indent=2) + b"\n"


def in_png(card: Mapping[str, Any], picture: bytes) -> bytes:
    """Into the picture, in place of whatever card was there; V3 with a V2 card beside it."""
    if card["spec"] != SPECS["v3"][0]:
        return png.with_cards(picture, {"chara": packed(card)})
    return png.with_cards(picture, {"chara": packed(backfilled(card)), "ccv3": packed(card)})


def without_card(picture: bytes) -> bytes:
    """The picture alone, every other byte as it was."""
    return png.with_cards(picture, {})


def in_charx(
    card: Mapping[str, Any], files: Mapping[str, bytes | Path], picture: bytes = b""
) -> bytes:
    """With its files; what is inside the picture, and the picture itself, become files too."""
    data = dict(card["data"])
    there: dict[str, bytes | Path] = dict(files)
    if picture:
        data["assets"], more = _moved(data.get("assets") or [_usual_icon()], picture)
        there |= more
    return charx.packed(written({**card, "data": data}, indent=2), there)


def embedded(uri: Any) -> str:
    """The place in a CHARX that is meant; blank where it is none."""
    if not isinstance(uri, str):
        return ""
    return next((uri[len(one) :] for one in _EMBEDDED if uri.lower().startswith(one)), "")


def main_icon(card: Mapping[str, Any]) -> str:
    """Where in a CHARX the picture of the character is, if it is there."""
    assets = card["data"].get("assets") or ()
    icons = [one for one in assets if one.get("type") == "icon" and embedded(one.get("uri"))]
    icons.sort(key=lambda one: one.get("name") != "main")
    return embedded(icons[0]["uri"]) if icons else ""


def _usual_icon() -> dict[str, str]:
    return {"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"}


def _moved(
    assets: list[dict[str, Any]], picture: bytes
) -> tuple[list[dict[str, Any]], dict[str, bytes | Path]]:
    """The assets as a CHARX names them, and those files of them that were in the picture."""
    inside = dict(_inside(picture))
    made: list[dict[str, Any]] = []
    files: dict[str, bytes | Path] = {}
    for at, asset in enumerate(assets):
        uri = str(asset.get("uri", ""))
        if uri == "ccdefault:" and asset.get("type") == "icon" and _ICON not in files:
            place, content = _ICON, without_card(picture)
        elif uri.startswith(_IN_PICTURE) and uri.removeprefix(_IN_PICTURE) in inside:
            place, content = _place(asset, at), inside[uri.removeprefix(_IN_PICTURE)]
        else:
            made.append(asset)
            continue
        files[place] = content
        made.append({**asset, "uri": f"{_EMBEDDED[0]}{place}"})
    return made, files


def _place(asset: Mapping[str, Any], at: int) -> str:
    """Where a CHARX should have it, by what it is for and what kind of file it is."""
    ending = str(asset.get("ext", "")).lower()
    kind = next((kind for kind, endings in _KINDS.items() if ending in endings), "other")
    use = str(asset.get("type", ""))
    known = ("icon", "background", "emotion", "user_icon")
    ending = ending if ending.isalnum() else "bin"
    return f"assets/{use if use in known else 'other'}/{kind}/{at}.{ending}"


def _inside(picture: bytes) -> Iterator[tuple[str, bytes]]:
    parts, _ = png.chunks(picture)
    wanted = tuple(
        word.lower() for word in png.words(picture, parts) if word.startswith(png.ASSET_WORD)
    )
    for note in png.notes(picture, parts, wanted):
        try:
            content = base64.b64decode(note.text, validate=False)
        except ValueError:
            continue
        yield note.word.removeprefix(png.ASSET_WORD).removeprefix(":"), content


__all__ = [
    "CardRefused",
    "embedded",
    "in_charx",
    "in_json",
    "in_png",
    "main_icon",
    "without_card",
]
