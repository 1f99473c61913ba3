"""The text of a message, whom it tags, and what command it is."""

from __future__ import annotations

from dataclasses import dataclass

from bots.telegram.fields import Json, count, listed, number, part, words
from core.messages import Kind

_CODE = frozenset({"code", "pre"})
_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Us:
    """Who we are, as far as a message may tag us."""

    id: int
    username: str


def text_of(message: Json) -> str:
    text = words(message.get("text")) or words(message.get("caption"))
    return text or "\n".join(filter(None, map(_block, _blocks(message)))).strip()


def command_in(kind: Kind, text: str) -> tuple[str, str, str]:
    """Its name, the bot it is for, and what follows."""
    if kind is not Kind.COMMAND:
        return "", "", ""
    word, *rest = text[1:].split(maxsplit=1)
    name, _, addressee = word.lower().partition("@")
    return name, addressee, rest[0] if rest else ""


def mentions(text: str, message: Json, us: Us) -> tuple[bool, bool]:
    """Whether we are tagged, and whether somebody else is."""
    ours = others = False
    entities = listed(message.get("entities")) or listed(message.get("caption_entities"))
    code = [_span(one) for one in entities if one.get("type") in _CODE]
    for entity in entities:
        start, length = _span(entity)
        match entity.get("type"):
            case "mention":
                is_us = piece(text, start, length).lower() == f"@{us.username.lower()}"
            case "text_mention" if tagged := number(part(entity, "user").get("id")):
                is_us = tagged == str(us.id)
            case "bot_command" if start > 0:
                # "could you /help@ada_bot me": a command that does not begin the message.
                addressee = piece(text, start, length).lower().partition("@")[2]
                if not addressee:
                    continue
                is_us = addressee == us.username.lower()
            case _:
                continue
        if any(at <= start < at + much for at, much in code):
            continue
        ours |= is_us
        others |= not is_us
    return ours, others


def piece(text: str, offset: int, length: int) -> str:
    """The part of a text that an entity covers; Telegram counts in UTF-16 units."""
    if text.isascii():
        return text[offset : offset + length]
    return text.encode("utf-16-le")[2 * offset : 2 * (offset + length)].decode(
        "utf-16-le", "replace"
    )


def _span(entity: Json) -> tuple[int, int]:
    return max(0, count(entity.get("offset"))), max(0, count(entity.get("length")))


def _blocks(message: Json) -> list[Json]:
    return listed(part(message, "rich_message").get("blocks"))


def _block(block: Json) -> str:
    """The words of a block of rich text; a list's items, a table's cells side by side."""
    told: list[str] = []
    _gather(block, told, 0)
    return "".join(told)


def _gather(one: object, told: list[str], depth: int) -> None:
    if depth > _DEEPEST:
        return
    if isinstance(one, list):
        for inner in one:
            _gather(inner, told, depth + 1)
    elif isinstance(one, dict):
        told.extend(words(one.get(name)) for name in ("expression", "alternative_text"))
        for name in ("label", "summary", "text", "blocks", "items", "cells", "caption", "credit"):
            _gather(one.get(name), told, depth + 1)
        if "blocks" in one or "cells" in one or "align" in one:
            told.append(" ")
    elif isinstance(one, str):
        told.append(words(one))
