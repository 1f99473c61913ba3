"""Tables as text: each row says its headers, so that a piece of a table makes sense alone."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO

from core.knowledge.formats import Document, Found

_SIGNS = ",;\t|"
_SAMPLE = 20_000


def text_of_csv(document: Document, text: str) -> Found:
    csv.field_size_limit(max(document.most, 1))
    rows = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(document, text))
    told: list[str] = []
    length, truncated = 0, False
    headers: list[str] | None = None
    for row in rows:
        cells = [" ".join(cell.split()) for cell in row]
        if not any(cells):
            continue
        if headers is None:
            headers = cells if _are_headers(cells) else []
            if headers:
                continue
        told.append("\n".join(_lines(headers, cells)))
        length += len(told[-1]) + 2
        if length > document.most or document.is_late:
            truncated = True
            break
    if not told and headers:
        told = [", ".join(filter(None, headers))]
    return Found("csv", "\n\n".join(told), truncated=truncated)


def _delimiter(document: Document, text: str) -> str:
    """The sign that most lines have, and all of these as often."""
    if document.ending == "tsv":
        return "\t"
    lines = [line for line in text[:_SAMPLE].splitlines()[:20] if line.strip()]
    counted = {sign: [line.count(sign) for line in lines] for sign in _SIGNS}

    def worth(sign: str) -> tuple[int, int]:
        counts = [count for count in counted[sign] if count]
        usual = max(set(counts), key=counts.count, default=0)
        return counts.count(usual) if usual else 0, usual

    return max(_SIGNS, key=worth)


def _are_headers(cells: list[str]) -> bool:
    """Names, each another: a row with numbers or with the same twice is a row of the table."""
    named = [cell for cell in cells if cell]
    return len(named) == len(set(named)) and not any(_is_number(cell) for cell in named)


def _is_number(cell: str) -> bool:
    bare = cell.strip("%€$£ ").replace(",", "").replace(".", "").lstrip("+-")
    return bare.isdecimal()


def _lines(headers: list[str], cells: list[str]) -> Iterable[str]:
    if not headers:
        yield ", ".join(filter(None, cells))
        return
    for at, cell in enumerate(cells):
        header = headers[at] if at < len(headers) else ""
        if cell:
            yield f"{header}: {cell}" if header else cell
