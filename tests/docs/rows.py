"""The rows of a page that says of each requirement how it is met, and by which tests it is shown."""

from __future__ import annotations

import re
from typing import NamedTuple

NAMED = re.compile(r"`(tests/[^`]+)`")
STATES = ("differently: ", "not there: ")


class Row(NamedTuple):
    id: str
    what: str
    how: str
    shown_by: tuple[str, ...]
    note: str
    """Why it is otherwise; empty where it is as it was meant."""


def rows_of(page: str, letters: str) -> list[Row]:
    """Those whose ids begin with one of these letters."""
    begins = re.compile(rf"^\| [{letters}]-\d+ \|")
    rows = []
    for line in page.splitlines():
        if begins.match(line):
            id, what, how, last = (one.strip() for one in line.strip("|").split("|"))
            note = NAMED.sub("", last).strip(" ,;")
            rows.append(Row(id, what, how, tuple(NAMED.findall(last)), note))
    return rows
