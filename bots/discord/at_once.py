"""What is answered at once and never written down: suggestions for what is typed, and our form."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from bots.discord import kinds
from bots.discord.envelope import snowflake
from bots.discord.interactions import filled_in, options_of
from bots.discord.people import words
from core.clock import Clock
from core.ports import Offering
from core.text import clean, joined

CHOICES, FORM = 8, 9
"""Discord's numbers of these two answers."""
_MOST = 25
_LONGEST = 100
_WHOLE, _NUMBER = 4, 10
_TITLE = 45
_WRITTEN = 2_000
_FIELD = {"type": 4, "custom_id": kinds.QUESTION, "style": 2, "required": False}
_QUESTION = {
    "": "What do you want to know?",
    "de": "Was möchtest du wissen?",
    "es": "¿Qué quieres saber?",
    "fr": "Que veux-tu savoir ?",
    "pt": "O que você quer saber?",
    "ru": "Что ты хочешь узнать?",
}
_KEPT = 900.0
"""Seconds for which Discord takes an answer to a form."""
_MESSAGES = 500


class Targets:
    """The messages that people are about to ask about: what is sent with the form names none."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shown: OrderedDict[tuple[str, str], tuple[dict[str, Any], float]] = OrderedDict()

    def ask(self, said: dict[str, Any], character: str) -> dict[str, Any] | None:
        """The form that asks what somebody wants to know; None where there is no such message."""
        given = _object(said.get("data"))
        number = snowflake(given.get("target_id"))
        message = _object(_object(given.get("resolved")).get("messages")).get(number)
        if not number or not isinstance(message, dict):
            return None
        now = self._clock.monotonic()
        while self._shown and next(iter(self._shown.values()))[1] <= now:
            self._shown.popitem(last=False)
        self._shown[_place(said), number] = message, now + _KEPT
        self._shown.move_to_end((_place(said), number))
        if len(self._shown) > _MESSAGES:
            self._shown.popitem(last=False)
        title = kinds.names(character)[1]
        language = words(said.get("locale")).partition("-")[0].lower()
        label = _QUESTION.get(language) or _QUESTION[""]
        asked = {"type": 18, "label": label, "component": {**_FIELD, "max_length": _WRITTEN}}
        return {
            "custom_id": f"{kinds.ASK}:{number}",
            "title": cut(title, _TITLE),
            "components": [asked],
        }

    def restored(self, said: dict[str, Any]) -> dict[str, Any]:
        """What was written into the form, with the message that it asks about."""
        number = kinds.asked_about(said)
        message, until = self._shown.get((_place(said), number), ({}, 0.0))
        if until <= self._clock.monotonic():
            return said
        given = _object(said.get("data"))
        resolved = {**_object(given.get("resolved")), "messages": {number: message}}
        return {**said, "data": {**given, "resolved": resolved}}


def suggestions(said: dict[str, Any], offering: Offering) -> dict[str, Any]:
    """What whoever is typing an option may be about to write."""
    given = _object(said.get("data"))
    typed = next((one for one in filled_in(given) if one.get("focused") is True), {})
    name, type = words(typed.get("name")), typed.get("type")
    others = {key: value for key, value in options_of(given).items() if key != name}
    found: Sequence[str] = ()
    if name:
        text = str(typed.get("value", ""))
        found = offering.suggest(kinds.command_of(said), name, clean(text), others)
    choices: list[dict[str, Any]] = []
    for one in dict.fromkeys(cut(clean(each).strip(), _LONGEST) for each in found):
        value = _fitting(one, type)
        if one and value is not None and len(choices) < _MOST:
            choices.append({"name": one, "value": value})
    return {"choices": choices}


def cut(text: str, most: int) -> str:
    """Shortened where it is too long, not in the middle of what people see as one sign."""
    if len(text) <= most:
        return text
    end = most - 1
    while end > 1 and joined(text, end):
        end -= 1
    return text[:end].rstrip() + "…"


def _fitting(text: str, type: object) -> str | int | float | None:
    try:
        if type == _WHOLE:
            return int(text)
        return float(text) if type == _NUMBER else text
    except ValueError:
        return None


def _place(said: dict[str, Any]) -> str:
    return snowflake(said.get("channel_id"))


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
