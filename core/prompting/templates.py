"""elizaOS' templates: names, conditions and loops over plain data, and nothing else.

A template is an author's; the values are everybody's. So values are only ever looked up, never
called, never asked for attributes, and never read as templates themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from core.prompting.mustache import (
    Block,
    Name,
    Node,
    TemplateError,
    Text,
    parse,
)

__all__ = ["MOST_WRITTEN", "Template", "TemplateError", "check", "render", "written"]

Template = str | Callable[[Mapping[str, Any]], str]
"""A plugin may give a function of the values; what it returns is rendered in its turn."""

MOST_WRITTEN = 256 * 1024
"""Characters that one template may grow to; the rest is not written."""
_MOST_STEPS = 50_000
_DEEPEST = 8


def render(template: str, values: Mapping[str, Any], *, most: int = MOST_WRITTEN) -> str:
    """The template with the values in place; a name that is not among them is empty.

    Raises TemplateError where the template itself is wrong, and for no values whatever.
    """
    nodes = parse(template)
    page = _Page(most)
    page.write(nodes, _Place(values, values))
    return str(page)


def check(template: str) -> None:
    """Raises TemplateError where `render` would, with the line and how to mend it."""
    parse(template)


def written(template: Template, values: Mapping[str, Any], *, most: int = MOST_WRITTEN) -> str:
    """As `render`, also for a function; whatever it raises comes out as a TemplateError."""
    if isinstance(template, str):
        return render(template, values, most=most)
    try:
        text = template({key: _disarmed(value) for key, value in values.items()})
    except Exception as error:  # noqa: BLE001 - the wall around an author's function
        # Its text may quote people, so only its kind is told.
        raise TemplateError(f"the template's function raised {type(error).__name__}") from None
    if not isinstance(text, str):
        raise TemplateError(f"the template's function gave {type(text).__name__}, not text")
    return render(text, values, most=most)


def _disarmed(value: Any, depth: int = 0) -> Any:
    """The same with its braces escaped: what people wrote is no template in a function's text."""
    if isinstance(value, str):
        return value.replace("{{", "\\{{") if "{{" in value else value
    if depth >= _DEEPEST:
        return value
    if isinstance(value, Mapping):
        return {key: _disarmed(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_disarmed(one, depth + 1) for one in value]
    return value


class _Place:
    """What names mean at one place: `this`, the values, and the turns of the loops around."""

    __slots__ = ("key", "last", "outer", "place", "this", "values")

    def __init__(
        self,
        this: Any,
        values: Mapping[str, Any],
        outer: _Place | None = None,
        place: int | None = None,
        key: Any = None,
        last: bool = False,
    ) -> None:
        self.this = this
        self.values = values
        self.outer = outer
        self.place = place
        self.key = key
        self.last = last

    def find(self, name: Name) -> Any:
        spot: _Place = self
        for _ in range(name.up):
            spot = spot.outer or spot
        if name.at:
            return spot._about_the_loop(name)
        return _within(spot.this, name.path)

    def _about_the_loop(self, name: Name) -> Any:
        if name.at == "root":
            return _within(self.values, name.path)
        spot: _Place | None = self
        while spot is not None and spot.place is None:
            spot = spot.outer
        if spot is None or spot.place is None:
            return None
        told = {
            "index": spot.place,
            "key": spot.key,
            "first": spot.place == 0,
            "last": spot.last,
        }
        return told[name.at]


class _Page:
    """What is being written, and how much may still be."""

    __slots__ = ("_pieces", "_room", "_steps")

    def __init__(self, most: int) -> None:
        self._pieces: list[str] = []
        self._room = most
        self._steps = _MOST_STEPS

    def __str__(self) -> str:
        return "".join(self._pieces)

    def write(self, nodes: Sequence[Node], here: _Place) -> None:
        for node in nodes:
            self._steps -= 1
            if self._steps < 0 or self._room <= 0:
                return
            if isinstance(node, Text):
                self._put(node.text)
            elif isinstance(node, Name):
                for piece in _shown(here.find(node)):
                    if self._room <= 0:
                        return
                    self._put(piece)
            else:
                self._block(node, here)

    def _put(self, text: str) -> None:
        self._pieces.append(text[: self._room])
        self._room -= len(text)

    def _block(self, block: Block, here: _Place) -> None:
        value = here.find(block.subject)
        holds = _holds(value)
        if block.kind == "if" or block.kind == "unless":
            self.write(block.body if holds == (block.kind == "if") else block.otherwise, here)
        elif not holds:
            self.write(block.otherwise, here)
        elif block.kind == "with":
            self.write(block.body, _Place(value, here.values, here))
        else:
            self._each(block, value, here)

    def _each(self, block: Block, value: Any, here: _Place) -> None:
        if isinstance(value, Mapping):
            rounds = iter(value.items())
        elif isinstance(value, list | tuple):
            rounds = iter(enumerate(value))
        else:
            self.write(block.otherwise, here)
            return
        last = len(value) - 1
        for place, (key, one) in enumerate(rounds):
            self._steps -= 1
            if self._steps < 0 or self._room <= 0:
                return
            self.write(block.body, _Place(one, here.values, here, place, key, place == last))


def _within(value: Any, path: Sequence[str]) -> Any:
    for part in path:
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list | tuple) and part.isdecimal() and len(part) < 8:
            value = value[int(part)] if int(part) < len(value) else None
        elif part == "length" and isinstance(value, list | tuple):
            value = len(value)
        else:
            return None
    return value


def _holds(value: Any) -> bool:
    """Whether there is anything to show, as {{#if}} asks; things that are no data do not count."""
    return bool(value) if isinstance(value, str | int | float | Mapping | list | tuple) else False


def _shown(value: Any, depth: int = 0) -> Iterator[str]:
    """As text, in pieces: a mapping is its values below each other, a list its entries in a row."""
    if isinstance(value, str):
        yield str.__str__(value)
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, int):
        yield str(value) if value.bit_length() < 1024 else ""
    elif isinstance(value, float):
        yield str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    elif isinstance(value, Mapping | list | tuple) and depth < _DEEPEST:
        inside = value.values() if isinstance(value, Mapping) else value
        between = "\n" if isinstance(value, Mapping) else ", "
        for place, one in enumerate(islice(inside, _MOST_STEPS)):
            if place:
                yield between
            yield from _shown(one, depth + 1)
