"""Buttons below a message: what is drawn of them, and the word on the one that was pressed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import telegram

from core.messages import Button
from core.text import clean, joined, visible

_MOST = 100
_IN_A_ROW = 3
_ROOM = 36
"""Characters that one row shows on a phone; three long labels are read only one above another."""
_LABEL = 64
_PRESS = 64  # bytes
_URL = re.compile(r"(?:https?://|tg://)[^\s\\]{1,2000}", re.I)

Key = dict[str, str]


def keyboard(buttons: Iterable[Button]) -> list[list[Key]]:
    """Rows of an inline keyboard, without what Telegram would refuse the whole message for."""
    rows: list[list[Key]] = []
    room = 0
    for key in [key for button in buttons if (key := _key(button))][:_MOST]:
        width = len(key["text"])
        if not rows or len(rows[-1]) == _IN_A_ROW or width > room:
            rows.append([])
            room = _ROOM
        rows[-1].append(key)
        room -= width
    return rows


def label_of(markup: telegram.InlineKeyboardMarkup | None, press: str) -> str:
    """What stands on the button that gives this; empty where the message no longer shows it."""
    rows: Sequence[Sequence[telegram.InlineKeyboardButton]]
    rows = markup.inline_keyboard if markup is not None else ()
    found = (key.text for row in rows for key in row if key.callback_data == press)
    return next(found, "")


def _key(button: Button) -> Key | None:
    label, address, press = clean(button.label).strip(), button.url.strip(), clean(button.press)
    if not visible(label):
        return None
    named: dict[str, Any] = {"text": _cut(label)}
    if address:
        return {**named, "url": address} if _URL.fullmatch(clean(address)) else None
    # Cut short it would come back as another one.
    return {**named, "callback_data": press} if 0 < len(press.encode()) <= _PRESS else None


def _cut(label: str) -> str:
    if len(label) <= _LABEL:
        return label
    end = _LABEL - 1
    while end > 1 and joined(label, end):
        end -= 1
    return label[:end].rstrip() + "…"
