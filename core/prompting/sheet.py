"""The character sheet: who speaks, in a text that is the same for every turn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from core.character import Character, Example
from core.character.macros import filled, names_the_person
from core.lore import Place

_NUMBERED = re.compile(r"\{\{\s*(?:user|username|name)(\d+)\s*\}\}", re.IGNORECASE)
_ORIGINAL = re.compile(r"\{\{\s*original\s*\}\}", re.IGNORECASE)
_NAMES = ("Robin", "Kim", "Sam", "Alex", "Jo", "Chris", "Noa", "Lee", "Max", "Toni")
_MOST_ENTRIES = 12
_EXAMPLES = 1200
_SHEET = 2050
"""Characters, both: a few examples show the tone, more are paid for with every message. So they
fill what the rest has left, but there is always room for a short one."""
_SHORT_EXAMPLE = 120
_ALL_EXAMPLES = 4000


Settled = Sequence[tuple[Place, str]]
"""What a lorebook tells at every turn, and where."""


def sheet(character: Character, *, leaving: int = 0, user: str = "", settled: Settled = ()) -> str:
    """Everything about her that a model should know before it speaks for her.

    Where a prompt is too long, 1 leaves out the examples, 2 her lore too, 3 all but what her author
    wrote as `system` and the rules of her style. `user` is whoever speaks with her.
    """
    name = character.name
    system = _system(character)
    about, lore, traits = "", "", ""
    of_card: list[str] = []
    before: list[str] = []
    if leaving < 3:
        about = _part(f"# About {name}", _one_line(character.bio))
        listed = (
            _listed(f"{name} is", character.adjectives),
            _listed(f"{name} likes to talk about", character.topics),
        )
        traits = "\n".join(filter(None, listed))
        before = _told(settled, Place.BEFORE)
        of_card = [
            _part(f"# What {name} is like", character.personality.strip()),
            *_told(settled, Place.PERSONALITY),
            _part("# Where this takes place", character.scenario.strip()),
            *_told(settled, Place.SCENARIO, Place.AFTER),
        ]
    if leaving < 2:
        lore = _bulleted(character.lore[:_MOST_ENTRIES])
    style = _part(f"# How {name} writes", _bulleted(_style(character)))
    parts = (system, *before, about, lore, traits, *of_card, style)
    told = [fill(part, name, user) for part in parts]
    if leaving < 1:
        room = _SHEET - sum(map(len, filter(None, (system, about, lore, traits, style))))
        # What is on a card is long, and its examples are half of how she sounds.
        room = _EXAMPLES if character.card else max(_SHORT_EXAMPLE, min(_EXAMPLES, room))
        shown = examples(character.message_examples, most=room)
        told.append(fill(_part("# So it may sound", shown), name))
    return "\n\n".join(filter(None, told))


def depends_on_person(character: Character, settled: Settled = ()) -> bool:
    """Whether what an author wrote of her reads otherwise for another person."""
    about = (
        *(character.system or "", *character.bio, *character.lore, *character.adjectives),
        *(*character.topics, *character.style.all, *character.style.chat, *character.style.post),
        *(character.personality, character.scenario, character.final_instructions),
        *character.greetings[:1],
        *(text for _, text in settled),
    )
    return any(map(names_the_person, about))


def final_instructions(character: Character, user: str) -> str:
    return fill(character.final_instructions, character.name, user).strip()


def template_values(character: Character, user: str = "", settled: Settled = ()) -> dict[str, str]:
    """elizaOS' names for what a character's own template may say about her (R-113), and ours."""
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
        "personality": character.personality,
        "scenario": character.scenario,
        "finalInstructions": character.final_instructions,
        "firstMessage": next(iter(character.greetings), ""),
        "lorebook": "\n".join(text for _, text in settled),
    }
    told = {key: fill(text, name, user) for key, text in values.items()}
    # Who speaks in an example is nobody whom she knows.
    for key in ("examples", "characterMessageExamples"):
        told[key] = fill(talk, name)
    return {"agentName": name, **told}


def fill(text: str, name: str, user: str = "") -> str:
    """Put names where the author left room for them; each number is always the same person.

    Without a number it is `user`, where there is one. For an author's texts only: what people say
    is never filled in.
    """
    if "{{" in text:
        text = _NUMBERED.sub(lambda found: _NAMES[(int(found[1]) - 1) % len(_NAMES)], text)
    return filled(text, char=name, user=user or _NAMES[0])


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


def _system(character: Character) -> str:
    usual = f"You are {character.name}. Stay {character.name}, always."
    if not character.system:
        return usual
    # On a card it stands for the instructions that there would be without its own.
    return _ORIGINAL.sub(lambda found: usual, character.system)


def _told(settled: Settled, *places: Place) -> list[str]:
    return [text for place in places for where, text in settled if where is place]


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
