"""Macros in an author's texts: `{{char}}`, `{{user}}` and the few that need nothing else.

For what authors wrote only: what people say is never filled in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime

_MACRO = re.compile(
    r"\{\{[ \t]*(?P<name>//|[A-Za-z_]+)(?P<number>\d*)[ \t]*(?P<rest>(?:::?|[ \t])?[^{}]*)\}\}"
)
_TAG = re.compile(r"<(?:(?P<user>user)|char|bot)>", re.IGNORECASE)
_MARKUP = re.compile(r"</(?:user|char|bot)>", re.IGNORECASE)
_DIE = re.compile(r"(?:1?d)?([0-9]{1,9})", re.IGNORECASE)
_ROUNDS = 3
"""How deep macros may stand in one another."""
_USER = "\ue0f5"
"""Stands for the person until all else is filled in: a name is never a macro."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_HER = frozenset({"char", "agentname", "agent", "character", "botname", "bot"})
_PERSON = frozenset({"user", "username", "name"})
_NOTHING = frozenset({"//", "comment", "hidden_key", "noop", "trim", "original"})
_CHANCE = frozenset({"random", "roll"})
_CLOCK = frozenset({"time", "date", "isotime", "isodate", "weekday"})
_KNOWN = _HER | _PERSON | _NOTHING | _CHANCE | _CLOCK | {"pick", "reverse", "newline"}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def filled(
    text: str,
    *,
    char: str,
    user: str,
    now: datetime = _EPOCH,
    seed: int = 0,
    original: str = "",
) -> str:
    """The text with its macros carried out; those that nobody knows are left out.

    `seed` decides what is left to chance: the same one always chooses the same.
    """
    if plain(text):
        return text

    def one(found: re.Match[str]) -> str:
        name = found["name"].lower()
        if name in _HER:
            return char
        if name in _PERSON:
            return _USER
        if name == "original":
            return original
        return _carried_out(name, found["rest"].strip().lstrip(":").strip(), now, seed)

    text = _innermost_first(text.replace(_USER, ""), one)
    if "<" in text and not _MARKUP.search(text):
        text = _TAG.sub(lambda found: _USER if found["user"] else char, text)
    return text.replace(_USER, user)


def scanned(text: str, *, char: str) -> str:
    """What of a text is looked at for keywords: hidden keys are, comments are not."""

    def one(found: re.Match[str]) -> str:
        name = found["name"].lower()
        if name in _HER:
            return char
        return found["rest"].strip(": \t") if name in ("hidden_key", "random", "pick") else ""

    return _innermost_first(text, one) if "{{" in text else text


def volatile(text: str) -> bool:
    """Whether it may read otherwise the next time, for the same person."""
    return any(found["name"].lower() in _CLOCK | _CHANCE for found in _MACRO.finditer(text))


def names_the_person(text: str) -> bool:
    """Whether it reads otherwise for another person."""
    if "{{" in text and any(
        found["name"].lower() in _PERSON and not found["number"] for found in _MACRO.finditer(text)
    ):
        return True
    return "<" in text and any(found["user"] for found in _TAG.finditer(text))


def plain(text: str) -> bool:
    """Whether there is nothing to fill in."""
    return "{{" not in text and not ("<" in text and _TAG.search(text))


def unknown_macros(text: str) -> tuple[str, ...]:
    """Macros of other programs that have no effect here, each once, in order."""
    names = (found["name"].lower() for found in _MACRO.finditer(text))
    return tuple(dict.fromkeys(name for name in names if name not in _KNOWN))


def _innermost_first(text: str, one: Callable[[re.Match[str]], str]) -> str:
    for _ in range(_ROUNDS):
        if "{{" not in text:
            break
        text, found = _MACRO.subn(one, text)
        if not found:
            break
    return text


def _carried_out(name: str, rest: str, now: datetime, seed: int) -> str:
    match name:
        case "random" | "pick":
            options = _options(rest)
            return options[int(lot(rest, 0 if name == "pick" else seed) * len(options))]
        case "roll":
            die = _DIE.fullmatch(rest)
            return str(1 + int(lot(rest, seed) * max(int(die[1]), 1))) if die else ""
        case "time" | "isotime":
            return f"{now:%H:%M}"
        case "date" | "isodate":
            return f"{now:%Y-%m-%d}"
        case "weekday":
            return _DAYS[now.weekday()]
        case "reverse":
            return rest[::-1]
        case "newline":
            return "\n"
        case _:
            return ""


def _options(rest: str) -> list[str]:
    parts = rest.split("::") if "::" in rest else re.split(r"(?<!\\),", rest)
    return [part.strip().replace("\\,", ",") for part in parts]


def lot(*parts: object) -> float:
    """From 0 to below 1: by chance, and the same whenever it is drawn for the same."""
    drawn = hashlib.blake2b(repr(parts).encode(errors="replace"), digest_size=6).digest()
    return int.from_bytes(drawn) / 2**48
