"""A text cut into overlapping pieces where a reader would pause."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import BadInput, Finding
from core.knowledge.wire import Kind
from core.text import joined, pause

TOKENS = 500
OVERLAP = 100
LETTERS = 3.5
"""Characters that make a token, about, where words have letters; an ideograph is one by itself."""
_FEWEST = 20
_SAMPLE = 5_000
_LONGEST_SIGN = 64
_IDEOGRAPHS = "\u2e80"
_LAID_OUT: frozenset[Kind] = frozenset({"markdown", "html", "docx"})
_HEADING = re.compile(r"^(#{1,6})[ \t]+(\S[^\n]{0,199})", re.M)
_FENCE = re.compile(
    r"^[ \t]{0,3}(```+|~~~+)[^\n]*\n.*?(?:^[ \t]{0,3}\1[`~]*[ \t]*$|\Z)", re.M | re.S
)
_STOP = re.compile(r"[.!?…。！？][\"'”’»)\]]*\s+")


@dataclass(frozen=True, slots=True)
class Cut:
    """How long pieces are, in tokens; made by `cut_of` from what a person has set."""

    tokens: int = TOKENS
    overlap: int = OVERLAP


@dataclass(frozen=True, slots=True)
class Piece:
    """`text` is what stands from `start` to `end`, nothing added and nothing left out."""

    start: int
    end: int
    text: str
    under: str = ""
    """The headings that it stands below, outermost first: "Setup > Linux"."""


def cut_of(tokens: int, overlap: int) -> Cut:
    """Raises BadInput for sizes that make no pieces."""
    if tokens < _FEWEST:
        what = f"{tokens} tokens are too few to say anything"
        raise BadInput(Finding("EMBEDDING_CHUNK_SIZE", what, f"At least {_FEWEST}"))
    if not 0 <= overlap < tokens:
        what = f"{overlap} tokens cannot be shared by pieces of {tokens}"
        raise BadInput(Finding("EMBEDDING_OVERLAP_SIZE", what, f"Choose from 0 to {tokens - 1}"))
    return Cut(tokens, overlap)


def pieces(text: str, cut: Cut | None = None, kind: Kind = "text") -> list[Piece]:
    """Every character is in some piece; pieces may be blank where the text is.

    Headings and fences are looked for in what is Markdown or was made so. A book takes a tenth of
    a second: call it on a thread.
    """
    cut = cut or Cut()
    letters = _letters_of_a_token(text)
    size, overlap = int(cut.tokens * letters), int(cut.overlap * letters)
    layout = _Layout(text) if kind in _LAID_OUT else None
    found: list[Piece] = []
    start = 0
    while start < len(text):
        end = _end(text, start, size, layout)
        if found and end <= found[-1].end:
            # It would stop at the same place again, and say nothing new.
            end = _end(text, start, size, layout, behind=found[-1].end)
        under = layout.under(start) if layout else ""
        found.append(Piece(start, end, text[start:end], under))
        if end == len(text):
            break
        start = _start(text, start, end, size, overlap)
    return found


def _end(
    text: str, start: int, size: int, layout: _Layout | None, *, behind: int | None = None
) -> int:
    """Where a piece ends; with `behind`, which it reaches, behind that."""
    hard = start + size
    if hard >= len(text):
        return len(text)
    first, least = (start, start + size // 4) if behind is None else (behind, behind)
    end = pause(text, first, hard)
    if layout is not None:
        if fence := layout.fence_around(end):
            end = fence[0] if fence[0] > least else _line_end(text, first, hard)
        end = layout.before_headings(end, least)
    return _between(text, first, end)


def _start(text: str, before: int, end: int, size: int, overlap: int) -> int:
    """Where the next piece begins: up to `overlap` before the end, at the start of something.

    A piece goes on by a quarter of its size at least, however much neighbours are to share.
    """
    if not overlap:
        return end
    earliest = min(max(end - overlap, before + size // 4), end - 1)
    return _between(text, before, _beginning(text, earliest, end))


def _beginning(text: str, earliest: int, end: int) -> int:
    latest = earliest + (end - earliest) // 2
    for mark in ("\n\n", "\n"):
        found = text.find(mark, earliest, latest)
        if found >= 0:
            return _past_blank(text, found, end)
    if stop := _STOP.search(text, earliest, latest):
        return stop.end()
    space = text.find(" ", earliest, latest)
    return space + 1 if space >= 0 else earliest


def _past_blank(text: str, at: int, end: int) -> int:
    """The indent of the first line that says something stays with it."""
    while at + 1 < end and text[at] == "\n":
        at += 1
    return at


def _line_end(text: str, start: int, hard: int) -> int:
    line = text.rfind("\n", start + 1, hard)
    return line + 1 if line > start else hard


def _between(text: str, start: int, end: int) -> int:
    """No later than `end`, and not within what a reader takes for one sign."""
    first = max(start + 1, end - _LONGEST_SIGN)
    at = end
    while at > first and joined(text, at):
        at -= 1
    return at if at > first else end


def _letters_of_a_token(text: str) -> float:
    if text.isascii():
        return LETTERS
    sample = text[:: max(1, len(text) // _SAMPLE)]
    share = sum(sign >= _IDEOGRAPHS for sign in sample) / len(sample)
    return 1 / (share + (1 - share) / LETTERS)


class _Layout:
    """Where the headings and fences of a text are."""

    def __init__(self, text: str) -> None:
        fenced = "```" in text or "~~~" in text
        self._fences = [found.span() for found in _FENCE.finditer(text)] if fenced else []
        self._fence_starts = [start for start, _ in self._fences]
        headings = [
            (found.start(), found.end(), len(found[1]), found[2].strip(" #"))
            for found in _HEADING.finditer(text)
            if self.fence_around(found.start() + 1) is None
        ]
        self._headings: Sequence[tuple[int, int, int, str]] = headings
        self._starts = [start for start, *_ in headings]
        self._text = text
        self._paths = _paths(headings)

    def fence_around(self, at: int) -> tuple[int, int] | None:
        number = bisect_right(self._fence_starts, at - 1) - 1
        if number < 0:
            return None
        start, end = self._fences[number]
        return (start, end) if start < at < end else None

    def before_headings(self, end: int, least: int) -> int:
        """A heading goes with what follows it, not with what stands above."""
        number = bisect_right(self._starts, end - 1) - 1
        while number >= 0:
            start, behind, *_ = self._headings[number]
            if start <= least or self._text[min(behind, end) : end].strip():
                break
            end, number = start, number - 1
        return end

    def under(self, start: int) -> str:
        number = bisect_right(self._starts, start - 1) - 1
        if number < 0:
            return ""
        path = self._paths[number]
        following = bisect_right(self._starts, start)
        if following > number + 1:  # it begins with a heading, which ends those as deep as itself
            level = self._headings[number + 1][2]
            path = tuple(one for one in path if one[0] < level)
        return " > ".join(title for _, title in path)


def _paths(
    headings: Sequence[tuple[int, int, int, str]],
) -> list[tuple[tuple[int, str], ...]]:
    found: list[tuple[tuple[int, str], ...]] = []
    path: tuple[tuple[int, str], ...] = ()
    for _, _, level, title in headings:
        path = (*(one for one in path if one[0] < level), (level, title))
        found.append(path)
    return found
