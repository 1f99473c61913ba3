"""What of a structured answer may be shown while it is still being written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.prompting.reading import AnswerReader
from core.prompting.schema import Codes, Row


class Showing:
    """Feed it the pieces; it gives the whole of a field so far, whenever more of it is safe.

    A field with codes around it is safe when both have come. From level 2 on nothing is safe
    before the answer has been checked as a whole.
    """

    def __init__(self, rows: Sequence[Row], codes: Codes, level: int) -> None:
        also = frozenset({*(row.field for row in rows), *codes.names})
        self._codes = codes
        self._views = [
            _View(row.field, AnswerReader(said=row.field, also=also))
            for row in rows
            if row.streams and row.wordy and level < 2
        ]

    def feed(self, piece: str) -> Iterator[tuple[str, str]]:
        for view in self._views:
            more = view.feed(piece)
            around = self._codes.fields.get(view.name)
            if around is not None:
                before, after, code = around
                right = view.reader.field(before) == code == view.reader.field(after)
                if not right or view.said == view.shown:
                    continue
            elif not more:
                continue
            view.shown = _hushed(view.said, self._codes)
            yield view.name, view.shown


class _View:
    __slots__ = ("name", "reader", "said", "shown")

    def __init__(self, name: str, reader: AnswerReader) -> None:
        self.name = name
        self.reader = reader
        self.said = ""
        self.shown = ""

    def feed(self, piece: str) -> str:
        more = self.reader.feed(piece)
        if not self.reader.in_form:
            return ""  # plain talk around an answer is for nobody
        self.said = (self.said + more).lstrip()
        return more


def _hushed(said: str, codes: Codes) -> str:
    """Without codes that strayed into the words, nor the beginning of one at their end."""
    for code in codes.all:
        said = said.replace(code, "")
        for size in range(len(code) - 1, 0, -1):
            if said.endswith(code[:size]):
                said = said[:-size]
                break
    return said.rstrip()
