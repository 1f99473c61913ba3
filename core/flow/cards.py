"""Cards, menus and buttons as elizaOS' content writes them for Discord: `embeds` and `components`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.messages import Button, Embed, Menu

_MOST = 25
_DEEP = 4
_ROWS = 100_000
"""Rows of components are none of the rows of `buttons`."""
_ROW, _BUTTON, _MENU = "ACTION_ROW", "BUTTON", "SELECT_MENU"
_KINDS = {"1": _ROW, "2": _BUTTON, "3": _MENU, "STRING_SELECT": _MENU, "STRING_SELECT_MENU": _MENU}
_MILLISECONDS = 1e11
"""A time that is larger than that is not in seconds."""


def embeds_of(given: Any) -> tuple[Embed, ...]:
    """Each a mapping (D-39): title, description, url, fields, color, footer, timestamp."""
    found = (_embed(one) for one in _listed(given)[:_MOST])
    return tuple(one for one in found if one is not None)


def menus_in(given: Any) -> tuple[Menu, ...]:
    """The menus in `components` (D-40), in whatever rows they stand."""
    found = (_menu(one) for _, kind, one in _parts(given) if kind == _MENU)
    return tuple(one for one in found if one is not None)[:_MOST]


def buttons_in(given: Any) -> tuple[Button, ...]:
    found = (_button(row, one) for row, kind, one in _parts(given) if kind == _BUTTON)
    return tuple(one for one in found if one is not None)[:_MOST]


def _embed(given: Any) -> Embed | None:
    if isinstance(given, Embed):
        return given
    if not isinstance(given := _inner(given), Mapping):
        return None
    footer = given.get("footer")
    return Embed(
        title=_text(given, "title"),
        text=_text(given, "description", "text"),
        url=_text(given, "url"),
        fields=tuple(
            (_text(one, "name"), _text(one, "value"), one.get("inline") is True)
            for one in _listed(given.get("fields"))[:_MOST]
            if isinstance(one, Mapping)
        ),
        colour=_colour(given.get("color", given.get("colour"))),
        footer=_text(footer, "text") if isinstance(footer, Mapping) else _text(given, "footer"),
        at=_moment(given.get("timestamp")),
    )


def _parts(
    given: Any, row: int | None = None, levels: int = _DEEP
) -> Iterator[tuple[Any, str, Any]]:
    """Row, kind and mapping of each; a row within rows is one of its own."""
    for number, one in enumerate(_listed(given)):
        one = _inner(one)
        if not isinstance(one, Mapping) or not levels:
            continue
        if isinstance(one.get("components"), list | tuple):
            yield from _parts(one["components"], _ROWS + number, levels - 1)
            continue
        kind = str(one.get("type", "")).upper()
        yield row, _KINDS.get(kind, kind), one


def _menu(given: Mapping[str, Any]) -> Menu | None:
    options: list[tuple[str, str]] = []
    for one in _listed(given.get("options"))[:_MOST]:
        if isinstance(one, str):
            options.append((one, one))
        elif isinstance(one, Mapping) and (value := _text(one, "value", "label")):
            options.append((value, _text(one, "label") or value))
    press, most = (
        _text(given, "customId", "custom_id"),
        given.get("maxValues", given.get("max_values")),
    )
    if not press or not options:
        return None
    several = most if isinstance(most, int) and most > 1 else 1
    return Menu(press, tuple(options), _text(given, "placeholder"), min(several, len(options)))


def _button(row: int | None, given: Mapping[str, Any]) -> Button | None:
    label, press = _text(given, "label", "text"), _text(given, "customId", "custom_id")
    address = _text(given, "url")
    if not label or not (press or address) or given.get("disabled") is True:
        return None
    return Button(label, press, address, row=row)


def _inner(one: Any) -> Any:
    """Of what a builder made, what it has built."""
    if isinstance(one, Mapping) and isinstance(data := one.get("data"), Mapping):
        return {**data, **{name: value for name, value in one.items() if name != "data"}}
    return one


def _colour(given: Any) -> int | None:
    if isinstance(given, str):
        try:
            return int(given.strip().lower().removeprefix("#").removeprefix("0x"), 16)
        except ValueError:
            return None
    return given if isinstance(given, int) and not isinstance(given, bool) else None


def _moment(given: Any) -> str:
    if isinstance(given, datetime):
        return given.isoformat()
    if isinstance(given, str):
        return given
    if not isinstance(given, int | float) or isinstance(given, bool):
        return ""
    try:
        seconds = given / 1000 if given > _MILLISECONDS else given
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _text(given: Mapping[str, Any], *names: str) -> str:
    """The first of these that says something."""
    for name in names:
        value = given.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value):
            return str(value)
    return ""


def _listed(value: Any) -> Sequence[Any]:
    if isinstance(value, list | tuple):
        return value
    return () if value is None else (value,)
