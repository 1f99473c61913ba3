"""Fields between tags as models write them: wrapped or not, nested, twice, or never closed."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.prompting.marks import ENTITY, FIELDS, TAG, WRAPPERS
from core.text import clean

_DEEPEST = 64
_MOST_TAGS = 20_000
_MARK = re.compile(r"<(?=[A-Za-z_/!])")
_CDATA = "<![CDATA["
_PROSE = frozenset(
    {"html", "head", "body", "a", "b", "i", "u", "s", "p", "br", "em", "strong", "code", "pre",
     "span", "div", "ul", "ol", "li", "h1", "h2", "h3", "table", "img", "tool_call"}
)  # fmt: skip
_WORDS = frozenset({"text", "thought", "reasoning", "message"})
"""Fields that are words for people, whatever tags stand in them."""


@dataclass(slots=True)
class _Element:
    name: str
    """As it was written."""
    start: int
    """Where its content begins, and ends."""
    end: int = -1
    closed: bool = False
    children: list[_Element] = field(default_factory=list)

    @property
    def low(self) -> str:
        return self.name.lower()


def find(
    text: str, fields: Sequence[str] = (), wordy: Sequence[str] = ()
) -> tuple[dict[str, Any], bool] | None:
    """The fields of the answer, and whether it is complete."""
    known = FIELDS | {name.lower() for name in fields}
    lows = {name.lower() for name in wordy}
    top = _tree(text, known)
    if not top.children:
        return None
    root = _root(top, known)
    if all(child.low in _PROSE - known for child in (*root.children, *top.children)):
        return None  # talk with a few tags in it, or somebody's error page
    values: dict[str, Any] = {}
    for child in root.children:
        if child.name not in values or values[child.name] in ("", None):
            whole = child.low in _WORDS or child.low in lows
            raw = text[child.start : child.end]
            values[child.name] = words(raw) if whole else _value(child, text)
    if root is top:
        return values, all(child.closed for child in root.children)
    return (values, root.closed) if values else None


def _root(top: _Element, known: frozenset[str]) -> _Element:
    """The element whose children are the fields: a wrapper, or what surrounds them all."""
    here = top
    for _ in range(_DEEPEST):
        wrappers = [
            child for child in here.children if child.low in WRAPPERS and child.low not in known
        ]
        if not wrappers:
            break
        here = next((child for child in wrappers if child.children), wrappers[0])
    if here is not top or len(top.children) != 1:
        return here
    only = top.children[0]
    return only if only.children and only.low not in known else here


def _tree(text: str, known: frozenset[str]) -> _Element:
    """Every element with its place. What is never closed ends where the next field begins."""
    top = _Element("", 0, len(text))
    stack = [top]
    open_names: dict[str, int] = {}
    at = 0
    for _ in range(_MOST_TAGS):
        mark = _MARK.search(text, at)
        if mark is None:
            break
        at = mark.start()
        if text.startswith(("<!--", _CDATA), at):
            closer = "-->" if text[at + 2] == "-" else "]]>"
            end = text.find(closer, at)
            at = end + 3 if end >= 0 else len(text)
            continue
        tag = TAG.match(text, at)
        if tag is None:
            at += 1
            continue
        low = tag[2].lower()
        if tag[1]:
            if open_names.get(low):
                _close(stack, open_names, low, tag.start(), known)
        elif (tag[3] or "").endswith("/"):
            empty = _Element(tag[2], tag.end(), tag.end(), True)
            stack[-1].children.append(empty)
        elif len(stack) <= _DEEPEST:
            inner = _Element(tag[2], tag.end())
            stack[-1].children.append(inner)
            stack.append(inner)
            open_names[low] = open_names.get(low, 0) + 1
        at = tag.end()
    while len(stack) > 1:
        _abandon(stack, len(text), known)
    return top


def _close(
    stack: list[_Element],
    open_names: dict[str, int],
    low: str,
    end: int,
    known: frozenset[str],
) -> None:
    while True:
        name = stack[-1].low
        open_names[name] -= 1
        if name == low:
            element = stack.pop()
            element.end, element.closed = end, True
            return
        _abandon(stack, end, known)


def _abandon(stack: list[_Element], end: int, known: frozenset[str]) -> None:
    """The innermost is never closed: fields inside of it are its neighbours after all."""
    element = stack.pop()
    element.end = end
    if element.low in WRAPPERS and element.low not in known:
        return
    for place, child in enumerate(element.children):
        if child.low in known:
            element.end = _before(child)
            stack[-1].children.extend(element.children[place:])
            del element.children[place:]
            return


def _before(child: _Element) -> int:
    return child.start - len(child.name) - 2


def _value(element: _Element, text: str, depth: int = 0) -> Any:
    """Words; where an element holds elements only, what they hold by name, or a list of it."""
    raw = text[element.start : element.end]
    children = element.children
    if not children or depth >= _DEEPEST or not _only_elements(element, text):
        return words(raw)
    values: dict[str, Any] = {}
    several: set[str] = set()
    for child in children:
        value = _value(child, text, depth + 1)
        if child.name not in values:
            values[child.name] = value
        elif child.name in several:
            values[child.name].append(value)
        else:
            values[child.name] = [values[child.name], value]
            several.add(child.name)
    return values


def _only_elements(element: _Element, text: str) -> bool:
    at = element.start
    for child in element.children:
        if not child.closed or text[at : max(at, _before(child))].strip():
            return False
        closing = text.find(">", child.end) + 1 if child.end > child.start else child.end
        at = max(closing, at)
    return not text[at : element.end].strip()


def words(raw: str) -> str:
    """What stands between two tags: entities become what they mean, once; CDATA stays as it is."""
    pieces: list[str] = []
    at = 0
    while (begin := raw.find(_CDATA, at)) >= 0 and (end := raw.find("]]>", begin)) >= 0:
        pieces += (_meant(raw[at:begin]), raw[begin + len(_CDATA) : end])
        at = end + 3
    pieces.append(_meant(raw[at:]))
    return clean("".join(pieces).strip())


def _meant(raw: str) -> str:
    if "&" not in raw:
        return raw
    return ENTITY.sub(lambda found: html.unescape(found[0]), raw)
