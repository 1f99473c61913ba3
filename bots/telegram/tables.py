"""Tables that a phone shows: narrow ones stay as they are, of a wide one every row becomes lines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import pyromark

_LIKELY = re.compile(r"^[ \t]{0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)*$", re.M)
_WIDEST = 36
"""Signs of one width that stand in a row of code on a phone."""
_BREAK = re.compile(r".br[ \t]*/?>", re.I)  # its < stands in disguise here
_MARKS = re.compile(r"[*_`~]|\[([^\[\]]*)\]\([^()\s]*\)")

Cells = list[list[str]]


def narrowed(markdown: str) -> str:
    """The same text, its wide tables written as one "**head**: cell" a line."""
    if "|" not in markdown or _LIKELY.search(markdown) is None:
        return markdown
    source = markdown.encode()
    parts: list[bytes] = []
    behind = 0
    for start, end, rows in _tables(source, markdown):
        if not _is_wide(rows):
            continue
        parts += [source[behind:start], _lines(rows).encode(), b"\n\n"]
        behind = end
    if not parts:
        return markdown
    return b"".join([*parts, source[behind:]]).decode()


def _tables(source: bytes, markdown: str) -> Iterator[tuple[int, int, Cells]]:
    """Those that stand in no list and no quote, from where to where in bytes."""
    rows: Cells = []
    depth = 0
    inside = False
    for event, where in pyromark.events_with_range(
        markdown, options=pyromark.Options.ENABLE_TABLES
    ):
        if not isinstance(event, dict):
            continue
        start, end = event.get("Start"), event.get("End")
        if isinstance(start, dict) and "Table" in start:
            inside, rows = depth == 0, []
        elif end == "Table" and inside:
            inside = False
            yield where["start"], where["end"], rows
        elif inside and start in ("TableHead", "TableRow"):
            rows.append([])
        elif inside and start == "TableCell":
            cell = source[where["start"] : where["end"]].decode().strip()
            rows[-1].append(cell.strip("|").replace("\\|", "|").strip())
        elif _contains(start):
            depth += 1
        elif _contains(end):
            depth -= 1


def _contains(tag: object) -> bool:
    return isinstance(tag, dict) and ("List" in tag or "BlockQuote" in tag)


def _is_wide(rows: Cells) -> bool:
    """One with links or lines in its cells is as good as wide: code can show neither."""
    if len(rows) < 2:
        return False
    if any("](" in cell or _BREAK.search(cell) for row in rows for cell in row):
        return True
    columns = max(map(len, rows))
    widths = [
        max((_width(row[n]) for row in rows if n < len(row)), default=0) for n in range(columns)
    ]
    return sum(widths) + 3 * (columns - 1) > _WIDEST


def _lines(rows: Cells) -> str:
    head, *body = rows
    blocks = []
    for row in body:
        lines = [
            f"**{plain}**: {said}" if (plain := _plain(name)) else said
            for name, cell in zip(head, row, strict=False)
            if (said := _BREAK.sub("\n", cell))
        ]
        blocks.append("\n".join(lines))
    return "\n\n".join(filter(None, blocks))


def _plain(text: str) -> str:
    return _MARKS.sub(lambda found: found[1] or "", text).strip().rstrip(":")


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in _plain(text))
