"""Buttons below a message: what is drawn of them, and the word on the one that was pressed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from core.messages import Button
from core.text import clean, joined, visible

_ROW, _BUTTON = 1, 2
_SECONDARY, _LINK = 2, 5
_ROWS, _IN_A_ROW = 5, 5
_LABEL, _PRESS = 80, 100
_URL = re.compile(r"(?:https?|discord)://[^\s\\]{1,490}", re.I)
_DEEP = 5
"""Components stand in rows, sections and containers; Discord allows no more levels."""

Component = dict[str, Any]


def components(buttons: Iterable[Button]) -> list[Component]:
    """Rows of buttons, without what Discord would refuse the whole message for."""
    keys: list[Component] = []
    presses: set[str] = set()
    for button in buttons:
        key = _key(button)
        if key is None or key.get("custom_id") in presses:
            continue
        keys.append(key)
        presses.update(filter(None, [key.get("custom_id")]))
    keys = keys[: _ROWS * _IN_A_ROW]
    return [
        {"type": _ROW, "components": keys[at : at + _IN_A_ROW]}
        for at in range(0, len(keys), _IN_A_ROW)
    ]


def label_of(shown: object, press: str) -> str:
    """What stands on the button with this id, in the components of a message as Discord sent it."""
    found = (one.get("label") for one in _all(shown, _DEEP) if one.get("custom_id") == press)
    return next((label for label in found if isinstance(label, str)), "")


def _all(shown: object, levels: int) -> Iterable[dict[str, Any]]:
    for one in shown if isinstance(shown, list) else [shown]:
        if isinstance(one, dict) and levels:
            yield one
            for inside in ("components", "accessory"):
                yield from _all(one.get(inside), levels - 1)


def _key(button: Button) -> Component | None:
    label, address, press = clean(button.label).strip(), button.url.strip(), clean(button.press)
    if not visible(label):
        return None
    named = {"type": _BUTTON, "label": _cut(label)}
    if address:
        is_one = _URL.fullmatch(clean(address))
        return {**named, "style": _LINK, "url": address} if is_one else None
    if not 0 < len(press) <= _PRESS:  # cut short it would come back as another one
        return None
    return {**named, "style": _SECONDARY, "custom_id": press}


def _cut(label: str) -> str:
    if len(label) <= _LABEL:
        return label
    end = _LABEL - 1
    while end > 1 and joined(label, end):
        end -= 1
    return label[:end].rstrip() + "…"
