"""The character sheet: who speaks, in a text that is the same for every turn."""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.character import Character, Example

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z]+)(\d*)\s*\}\}")
_NAMES = ("Robin", "Kim", "Sam", "Alex", "Jo", "Chris", "Noa", "Lee", "Max", "Toni")
_MOST_ENTRIES = 12
_EXAMPLES = 1200
_SHEET = 2050
"""Characters, both: a few examples show the tone, more are paid for with every message. So they
fill what the rest has left, but there is always room for a short one."""
_SHORT_EXAMPLE = 120
_ALL_EXAMPLES = 4000


def sheet(character: Character, *, leaving: int = 0) -> str:
    """Everything about her that a model should know before it speaks for her.

    Where a prompt is too long, 1 leaves out the examples, 2 her lore too, 3 all but what her author
    wrote as `system` and the rules of her style.
    """
    parts = [character.system or f"You are {character.name}. Stay {character.name}, always."]
    if leaving < 3:
        parts.append(_part(f"# About {character.name}", _one_line(character.bio)))
    if leaving < 2:
        parts.append(_bulleted(character.lore[:_MOST_ENTRIES]))
    if leaving < 3:
        traits = [
            _listed(f"{character.name} is", character.adjectives),
            _listed(f"{character.name} likes to talk about", character.topics),
        ]
        parts.append("\n".join(filter(None, traits)))
    parts.append(_part(f"# How {character.name} writes", _bulleted(_style(character))))
    if leaving < 1:
        room = max(_SHORT_EXAMPLE, min(_EXAMPLES, _SHEET - sum(map(len, parts))))
        shown = examples(character.message_examples, most=room)
        parts.append(_part("# So it may sound", shown))
    return fill("\n\n".join(filter(None, parts)), character.name)


def template_values(character: Character) -> dict[str, str]:
    """elizaOS' names for what a character's own template may say about her (R-113)."""
    name = character.name
    style = "\n".join(_style(character))
    talk = examples(character.message_examples, most=_ALL_EXAMPLES)
    values = {
        "bio": " ".join(character.bio),
        "system": character.system or "",
        "lore": "\n".join(character.lore),
        "adjective": ", ".join(character.adjectives),
        "topics": ", ".join(character.topics),
        "topic": character.topics[0] if character.topics else "",
        "directions": style,
        "messageDirections": style,
        "postDirections": "\n".join((*character.style.all, *character.style.post)),
        "examples": talk,
        "characterMessageExamples": talk,
        "characterPostExamples": "\n".join(character.post_examples),
    }
    return {"agentName": name, **{key: fill(text, name) for key, text in values.items()}}


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


def examples(conversations: Iterable[tuple[Example, ...]], *, most: int) -> str:
    """Conversations, a blank line between them, as many whole ones as `most` characters take."""
    shown: list[str] = []
    room = most
    for conversation in conversations:
        text = "\n".join(f"{line.name}: {line.content.text}" for line in conversation)
        if len(text) > room:
            continue
        room -= len(text)
        shown.append(text)
    return "\n\n".join(shown)


def _style(character: Character) -> tuple[str, ...]:
    return (*character.style.all, *character.style.chat)[: 2 * _MOST_ENTRIES]


def _bulleted(entries: Iterable[str]) -> str:
    return "\n".join(f"- {entry}" for entry in entries)


def _one_line(entries: Iterable[str]) -> str:
    return " ".join(list(entries)[:_MOST_ENTRIES])


def _listed(lead: str, entries: tuple[str, ...]) -> str:
    return f"{lead} {', '.join(entries[: 2 * _MOST_ENTRIES])}." if entries else ""


def _part(header: str, body: str) -> str:
    if not body:
        return ""  # no header without something below it
    return f"{header}\n{body}" if header else body
