"""What somebody starts with a command, a button, a menu or a form, as an event in our words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bots.discord.buttons import label_of
from bots.discord.envelope import snowflake
from bots.discord.people import words
from core.messages import Inbound
from core.text import clean


def read(blank: Inbound, said: dict[str, Any]) -> Inbound:
    """`blank` has what every event has: who, where, when."""
    return _press(blank, said)


def _press(blank: Inbound, said: dict[str, Any]) -> Inbound:
    """Of a button its label is the text, of a menu what was chosen in it."""
    pressed, below = _object(said.get("data")), _object(said.get("message"))
    press = words(pressed.get("custom_id"))
    values = pressed.get("values")
    chosen = " ".join(filter(None, map(words, values if isinstance(values, list) else [])))
    return replace(
        blank,
        message=snowflake(below.get("id")),
        text=chosen or clean(label_of(below.get("components"), press)),
        replies_to_us=True,
        press=press,
    )


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
