"""`mes_example` to conversations and back: <START> between them, a name and a colon before each line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_START = re.compile(r"<START>|^[ \t]*END_OF_DIALOG[ \t]*$", re.IGNORECASE | re.MULTILINE)
_OTHERS = re.compile(r"\{\{random_user_(\d+)\}\}", re.IGNORECASE)
_CHAR = re.compile(r"\{\{char\}\}|<(?:bot|char)>", re.IGNORECASE)
_USER = re.compile(r"\{\{user\}\}|<user>", re.IGNORECASE)
_PERSON = re.compile(r"\{\{user(\d+)\}\}")
_SPEAKER = re.compile(
    r"[ \t#*]{0,9}(?P<who>\{\{[\w ]{1,60}\}\}|<\w{1,60}>|[^:\n]{1,60}?)[ \t]{0,9}:[ \t]?", re.ASCII
)

Conversation = list[dict[str, Any]]


def conversations(text: str, names: Iterable[str]) -> tuple[list[Conversation], list[str]]:
    """What is said in it, and what nobody says.

    The first of the names is hers, as messages will have it; any of them before a colon is she.
    """
    hers = [name for name in names if name]
    found: list[Conversation] = []
    lost: list[str] = []
    for block in _START.split(text.replace("\r\n", "\n")):
        told, before = _conversation(block, hers)
        if told:
            found.append(told)
        if before:
            lost.append(before)
    return found, lost


def rendered(told: Sequence[Sequence[Mapping[str, Any]]], names: Iterable[str]) -> str:
    """As a card has conversations; `conversations` reads it back."""
    hers = {name.casefold() for name in names if name}
    blocks: list[str] = []
    for conversation in told:
        lines = ["<START>"]
        for one in conversation:
            name = str(one.get("name") or one.get("user") or "")
            who = "{{char}}" if name.casefold() in hers else _as_card(name)
            lines.append(f"{who}: {_as_card(_said(one.get('content')))}")
        blocks.append("\n".join(lines))
    return "\n".join(blocks)


def _conversation(block: str, hers: Sequence[str]) -> tuple[Conversation, str]:
    said: list[tuple[str, list[str]]] = []
    before: list[str] = []
    for line in block.split("\n"):
        head = _SPEAKER.match(line)
        who = _who(head["who"].strip(), hers) if head else ""
        if head and who:
            said.append((who, [line[head.end() :]]))
        elif said:
            said[-1][1].append(line)
        else:
            before.append(line)
    told = [
        {"name": who, "content": {"text": _as_file("\n".join(lines).strip())}}
        for who, lines in said
    ]
    return told, "\n".join(before).strip()


def _who(written: str, hers: Sequence[str]) -> str:
    """Who speaks, where it is somebody we know; else the line only has a colon in it."""
    if _CHAR.fullmatch(written) or written.casefold() in {name.casefold() for name in hers}:
        return hers[0] if hers else "{{char}}"
    if _USER.fullmatch(written) or written.casefold() in ("you", "user"):
        return "{{user1}}"
    if other := _OTHERS.fullmatch(written):
        return _person(other)
    return ""


def _person(found: re.Match[str]) -> str:
    return f"{{{{user{int(found[1][:4]) + 1}}}}}"


def _as_file(text: str) -> str:
    """In examples people have numbers: the same one is the same person."""
    return _OTHERS.sub(_person, _USER.sub("{{user1}}", text))


def _as_card(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        number = int(found[1][:4])
        return "{{user}}" if number <= 1 else f"{{{{random_user_{number - 1}}}}}"

    return _PERSON.sub(one, text)


def _said(content: Any) -> str:
    if isinstance(content, Mapping):
        return str(content.get("text") or "")
    return content if isinstance(content, str) else ""
