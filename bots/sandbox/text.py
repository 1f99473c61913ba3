"""Text as Telegram measures it: UTF-16 units, and the entities its server finds by itself."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

_COMMAND = re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>@])")
# Real usernames have five letters or more; the people of a test are called Bob.
_MENTION = re.compile(r"(?<![\w@/.])@[A-Za-z][A-Za-z0-9_]{2,31}(?!\w)")
_HASHTAG = re.compile(r"(?<![\w#])#(?=\w*[^\W\d])\w{1,256}(?![\w#])")
_CASHTAG = re.compile(r"(?<![\w$])\$[A-Z]{3,8}(?!\w)")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(
    r"(?i)(?:https?|tg)://[^\s<>\"']+"
    r"|(?<![\w@.])(?:[a-z0-9-]+\.)+(?:com|org|net|io|me|dev|app|ai|de|uk|ru|fr|eu)(?:/[^\s<>\"']*)?(?![\w.]*@)\b/?"
)
_FOUND = (
    ("url", _URL, ".:"),
    ("email", _EMAIL, "@"),
    ("bot_command", _COMMAND, "/"),
    ("mention", _MENTION, "@"),
    ("hashtag", _HASHTAG, "#"),
    ("cashtag", _CASHTAG, "$"),
)
# An app that has to cut a text does it between two words, if there is room nearby.
_LONGEST, _NEARBY = 4096, 100
_OPAQUE = {"code", "pre", "text_link", "text_mention", "custom_emoji"}


def units(text: str) -> int:
    """Count UTF-16 code units, as Telegram does."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, offset: int, length: int) -> str:
    """The part of a text that an entity covers."""
    raw = text.encode("utf-16-le", "surrogatepass")
    return raw[offset * 2 : (offset + length) * 2].decode("utf-16-le", "surrogatepass")


def spans(text: str, given: Iterable[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """The given entities and those a server finds in the text, in order of place."""
    entities = list(given)
    taken = [(e["offset"], e["offset"] + e["length"]) for e in entities if e["type"] in _OPAQUE]
    ascii_text = text.isascii()
    for kind, pattern, marks in _FOUND:
        if not any(mark in text for mark in marks):
            continue
        for match in pattern.finditer(text):
            found = match.group().rstrip(".,:;!?)'") if kind == "url" else match.group()
            start = match.start() if ascii_text else units(text[: match.start()])
            end = start + units(found)
            if any(start < high and low < end for low, high in taken):
                continue
            taken.append((start, end))
            entities.append({"type": kind, "offset": start, "length": end - start})
    entities.sort(key=lambda e: (e["offset"], -e["length"]))
    return entities


def problem_of_entities(text: str, entities: Sequence[dict[str, Any]]) -> str | None:
    """Say what is wrong with a list of entities that a client sent; None when it is fine."""
    total = units(text)
    edges = None if text.isascii() else _edges(text)
    for entity in entities:
        offset, length = entity.get("offset"), entity.get("length")
        if not isinstance(entity.get("type"), str):
            return 'Field "type" must be of type String'
        if not isinstance(offset, int) or not isinstance(length, int):
            return 'Field "offset" and "length" must be of type Number'
        if offset < 0 or length <= 0 or offset + length > total:
            return f"entity beginning at UTF-16 offset {offset} ends after the end of the text at UTF-16 offset {offset + length}"
        if edges is not None and not {offset, offset + length} <= edges:
            return f"entity beginning at UTF-16 offset {offset} starts or ends in a middle of a UTF-16 symbol"
        if entity["type"] == "text_link" and not entity.get("url"):
            return 'Can\'t find field "url"'
    return None


def _edges(text: str) -> set[int]:
    """Every UTF-16 offset at which a character starts or ends."""
    places, at = {0}, 0
    for character in text:
        at += 2 if ord(character) > 0xFFFF else 1
        places.add(at)
    return places


def trimmed(text: str, entities: Iterable[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Drop white space round a text, as the server does before it keeps it."""
    left = text.lstrip()
    lead = units(text[: len(text) - len(left)])
    kept = left.rstrip()
    if kept == text:
        return text, list(entities)
    total, moved = units(kept), []
    for entity in entities:
        start = max(0, entity["offset"] - lead)
        end = min(total, entity["offset"] - lead + entity["length"])
        if end > start:
            moved.append({**entity, "offset": start, "length": end - start})
    return kept, moved


def parts(text: str) -> list[str]:
    """A text in pieces that fit into messages, as an app cuts it."""
    made = []
    while units(text) > _LONGEST:
        piece = cut(text, 0, _LONGEST)
        if 0xD800 <= ord(piece[-1]) <= 0xDBFF:
            piece = piece[:-1]
        space = max(piece.rfind(" "), piece.rfind("\n"))
        if space >= len(piece) - _NEARBY:
            piece = piece[:space]
        made.append(piece)
        text = text[len(piece) :].lstrip()
    return [*made, text] if text else made
