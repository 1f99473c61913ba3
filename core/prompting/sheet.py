"""The character sheet: who speaks, in a text that is the same for every turn."""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.character import Character, Example

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z]+)(\d*)\s*\}\}")
_NAMES = ("Robin", "Kim", "Sam", "Alex", "Jo", "Chris", "Noa", "Lee", "Max", "Toni")
_MOST_ENTRIES = 12
_EXAMPLES = 1200
"""Characters; a few show the tone, more are paid for with every message."""


def sheet(character: Character) -> str:
    """Everything about her that a model should know before it speaks for her."""
    parts = [character.system or f"You are {character.name}. Stay {character.name}, always."]
    parts.append(_part(f"# About {character.name}", _one_line(character.bio)))
    parts.append(_part("", "\n".join(f"- {entry}" for entry in character.lore[:_MOST_ENTRIES])))
    traits = [
        _listed(f"{character.name} is", character.adjectives),
        _listed(f"{character.name} likes to talk about", character.topics),
    ]
    parts.append("\n".join(filter(None, traits)))
    style = (*character.style.all, *character.style.chat)[: 2 * _MOST_ENTRIES]
    parts.append(_part(f"# How {character.name} writes", "\n".join(f"- {rule}" for rule in style)))
    parts.append(_part("# So it may sound", _examples(character.message_examples)))
    return fill("\n\n".join(filter(None, parts)), character.name)


def fill(text: str, name: str) -> str:
    """Put names where the author left room for them; each number is always the same person.

    For an author's texts only: what people say is never filled in.
    """

    def one(found: re.Match[str]) -> str:
        word = found[1].lower()
        if word in ("agentname", "agent", "char", "character", "botname"):
            return name
        if word in ("user", "name", "username"):
            return _NAMES[(int(found[2] or 1) - 1) % len(_NAMES)]
        return ""

    return _PLACEHOLDER.sub(one, text) if "{{" in text else text


def _examples(conversations: Iterable[tuple[Example, ...]]) -> str:
    shown: list[str] = []
    room = _EXAMPLES
    for conversation in conversations:
        text = "\n".join(f"{line.name}: {line.content.text}" for line in conversation)
        if len(text) > room:
            continue
        room -= len(text)
        shown.append(text)
    return "\n\n".join(shown)


def _one_line(entries: Iterable[str]) -> str:
    return " ".join(list(entries)[:_MOST_ENTRIES])


def _listed(lead: str, entries: tuple[str, ...]) -> str:
    return f"{lead} {', '.join(entries[: 2 * _MOST_ENTRIES])}." if entries else ""


def _part(header: str, body: str) -> str:
    if not body:
        return ""  # no header without something below it
    return f"{header}\n{body}" if header else body
