"""Buttons below a message: what is drawn of them, and the word on the one that was pressed."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from typing import Any

from bots.telegram.envelope import STOP
from bots.telegram.places import is_group
from core.messages import Address, Button, Menu
from core.text import clean, joined, visible

log = logging.getLogger(__name__)

_MOST = 100
_OPTIONS = 25
_IN_A_ROW = 3
_WIDEST_ROW = 8
_ROOM = 36
"""Characters that one row shows on a phone; three long labels are read only one above another."""
_LABEL = 64
_PRESS = 64  # bytes
_COPIED = 256
_URL = re.compile(r"(?:https?://|tg://)[^\s\\]{1,2000}", re.I)
_PAGE = re.compile(r"https://[^\s\\]{1,2000}", re.I)

Key = dict[str, Any]

STOP_KEYBOARD: Sequence[Sequence[Key]] = (({"text": "⏹ Stop", "callback_data": STOP},),)
"""Below an answer that is still being made."""


def keyboard(buttons: Iterable[Button]) -> list[list[Key]]:
    """Rows of an inline keyboard, without what Telegram would refuse the whole message for."""
    rows: list[list[Key]] = []
    room, row = 0, None
    for button, key in [(one, key) for one in buttons if (key := _key(one))][:_MOST]:
        width = len(key["text"])
        if not rows or button.row != row or _is_full(rows[-1], button, width > room):
            rows.append([])
            room = _ROOM
        rows[-1].append(key)
        room -= width
        row = button.row
    return rows


def choices(menu: Menu) -> list[Button]:
    """A menu as one button for each option: what comes back is its press and the value behind it."""
    return [Button(label, f"{menu.press}:{value}") for value, label in menu.options[:_OPTIONS]]


def answers(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Rows of ready answers in place of people's own keyboard, without those that show nothing."""
    found = ([_cut(text) for one in row if visible(text := clean(one).strip())] for row in rows)
    return [row[:_WIDEST_ROW] for row in found if row][:_MOST]


def in_group(rows: Sequence[Sequence[Key]], address: Address) -> list[list[Key]]:
    """In groups nothing opens within Telegram; there such a button leads to the page itself."""
    if not is_group(address):
        return [list(row) for row in rows]
    return [[_outward(key) for key in row] for row in rows]


def _outward(key: Key) -> Key:
    return {"text": key["text"], "url": key["web_app"]["url"]} if "web_app" in key else key


def _is_full(row: list[Key], button: Button, too_wide: bool) -> bool:
    if button.row is not None:
        return len(row) == _WIDEST_ROW
    return len(row) == _IN_A_ROW or too_wide


def _key(button: Button) -> Key | None:
    label = clean(button.label).strip()
    if not visible(label):
        log.warning("a button without a word on it is left out")
        return None
    does = _deed(button)
    if does is None:
        return None
    return {"text": _cut(label), **does}


def _deed(button: Button) -> Key | None:
    """What happens when it is pressed; an address wins over everything else (T-56)."""
    if address := clean(button.url).strip():
        if _URL.fullmatch(address):
            return {"url": address}
        log.warning("a button that leads to no address of the web is left out")
        return None
    if page := clean(button.app).strip():
        if _PAGE.fullmatch(page):
            return {"web_app": {"url": page}}
        log.warning("a button for a page that is not at an https address is left out")
        return None
    if copied := clean(button.copy):
        if len(copied) <= _COPIED:
            return {"copy_text": {"text": copied}}
        log.warning("a button that would copy more than %d characters is left out", _COPIED)
        return None
    press = clean(button.press)
    if 0 < len(press.encode()) <= _PRESS:
        return {"callback_data": press}
    # Cut short it would come back as another one.
    log.warning("a button whose press has no, or more than %d bytes is left out", _PRESS)
    return None


def _cut(label: str) -> str:
    label = label.strip()
    if len(label) <= _LABEL:
        return label
    end = _LABEL - 1
    while end > 1 and joined(label, end):
        end -= 1
    return label[:end].rstrip() + "…"
