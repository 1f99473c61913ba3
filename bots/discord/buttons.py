"""Buttons and menus below a message: what is drawn, and the word on the one that was pressed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from bots.discord.fitting import cut, line
from core.messages import Button, Menu
from core.text import clean, visible

_ROW, _BUTTON, _SELECT = 1, 2, 3
_SECONDARY, _LINK = 2, 5
_ROWS, _IN_A_ROW = 5, 5
_LABEL, _PRESS = 80, 100
_OPTIONS, _OPTION, _PLACEHOLDER = 25, 100, 150
_URL = re.compile(r"(?:https?|discord)://[^\s\\]{1,490}", re.I)
_PAGE = re.compile(r"https://[^\s\\]{1,490}", re.I)
_DEEP = 5
"""Components stand in rows, sections and containers; Discord allows no more levels."""
_SAYS = "say:"
_KEYBOARD = 1_000
"""Rows of ready answers are none of the rows of other buttons."""

Component = dict[str, Any]

STOP: Sequence[Component] = (
    {
        "type": _ROW,
        "components": [
            {"type": _BUTTON, "label": "⏹ Stop", "style": _SECONDARY, "custom_id": "stop"}
        ],
    },
)
"""Below an answer that is still being made."""


def components(buttons: Iterable[Button], menus: Iterable[Menu] = ()) -> list[Component]:
    """Rows of menus, then of buttons, without what Discord would refuse the whole message for."""
    presses: set[str] = set()
    rows = [
        {"type": _ROW, "components": [menu]}
        for menu in map(_menu, menus)
        if menu is not None and _is_new(menu, presses)
    ][:_ROWS]
    keys = [
        (one.row, key)
        for one in buttons
        if (key := _key(one)) is not None and _is_new(key, presses)
    ]
    return rows + [{"type": _ROW, "components": row} for row in _in_rows(keys, _ROWS - len(rows))]


def ready(keyboard: Iterable[Sequence[str]]) -> list[Button]:
    """Ready answers as buttons: whoever presses one says what stands on it."""
    return [
        Button(word, _SAYS + cut(word, _PRESS - len(_SAYS)), row=_KEYBOARD + number)
        for number, row in enumerate(keyboard)
        for word in row
        if visible(word)
    ]


def copied(buttons: Iterable[Button]) -> str:
    """In words, what buttons would copy: Discord has none that do."""
    lines: list[str] = []
    for one in buttons:
        text = clean(one.copy).strip()
        if visible(text) and not (one.url or one.app):
            plain = "\n" not in text and "`" not in text
            lines.append(
                f"{one.label.strip()}: " + (f"`{text}`" if plain else f"\n```\n{text}\n```")
            )
    return "\n".join(lines)


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


def _is_new(component: Component, presses: set[str]) -> bool:
    """Discord takes no two of one id below a message."""
    press = component.get("custom_id")
    if press is None:
        return True
    fresh = press not in presses
    presses.add(press)
    return fresh


def _in_rows(keys: Sequence[tuple[int | None, Component]], most: int) -> list[list[Component]]:
    """As they were put, where that fits; else one beside another."""
    rows: list[list[Component]] = []
    last: int | None = None
    for row, key in keys:
        if not rows or row != last or len(rows[-1]) == _IN_A_ROW:
            rows.append([])
        rows[-1].append(key)
        last = row
    if len(rows) <= most:
        return rows
    found = [key for _, key in keys][: most * _IN_A_ROW]
    return [found[at : at + _IN_A_ROW] for at in range(0, len(found), _IN_A_ROW)]


def _key(button: Button) -> Component | None:
    label, press = line(button.label, _LABEL), clean(button.press)
    if not label:
        return None
    named = {"type": _BUTTON, "label": label}
    if address := clean(button.url).strip():
        return {**named, "style": _LINK, "url": address} if _URL.fullmatch(address) else None
    if page := clean(button.app).strip():  # nothing opens within Discord; it leads to the page
        return {**named, "style": _LINK, "url": page} if _PAGE.fullmatch(page) else None
    if not 0 < len(press) <= _PRESS:  # cut short it would come back as another one
        return None
    return {**named, "style": _SECONDARY, "custom_id": press}


def _menu(menu: Menu) -> Component | None:
    press, options = clean(menu.press), dict[str, str]()
    for given, label in menu.options:
        value = clean(given)
        if 0 < len(value) <= _OPTION and value not in options:
            options[value] = line(label, _OPTION) or line(value, _OPTION)
    shown = [{"label": label, "value": value} for value, label in options.items() if label]
    shown = shown[:_OPTIONS]
    if not shown or not 0 < len(press) <= _PRESS:
        return None
    found: Component = {"type": _SELECT, "custom_id": press, "options": shown}
    if hint := line(menu.placeholder, _PLACEHOLDER):
        found["placeholder"] = hint
    found["min_values"] = 1
    found["max_values"] = max(1, min(menu.most, len(shown)))
    return found
