"""docs/elizaos.md tells the truth: what it names exists, and it names everything once."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "elizaos.md"
SPEC = ROOT / "../shared/spec"

_ROW = re.compile(r"^\| (?P<id>[A-Z]{1,3}-\d+) \|")
_NAMED = re.compile(r"`([^`]+)`")
_STATES = ("later", "missing", "differently")
_OF_MEMORY = [
    *(f"X-{number}" for number in (11, 14)),
    *(f"DB-{number}" for number in range(11, 15)),
    *(f"GAP-{number}" for number in (10, 17)),
    *(f"CX-{number}" for number in (19, 22, 23, *range(31, 38))),
    "CH-13",
]
"""Rules that need not count, and are told all the same."""


class Row(NamedTuple):
    id: str
    what: str
    where: tuple[str, ...]
    shown_by: tuple[str, ...]
    note: str


def read(page: str) -> list[Row]:
    rows = []
    for line in page.splitlines():
        if _ROW.match(line):
            id, what, where, shown_by, note = (one.strip() for one in line.strip("|").split("|"))
            rows.append(
                Row(id, what, tuple(_NAMED.findall(where)), tuple(_NAMED.findall(shown_by)), note)
            )
    return rows


ROWS = read(PAGE.read_text(encoding="utf-8"))


@cache
def names_in(file: str) -> frozenset[str]:
    """Names of its tests; empty for a file that is not there."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    found = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return frozenset(
        one.name
        for one in found
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test_")
    )


def is_there(test: str) -> bool:
    """`path::name`, the name with or without its parameters in brackets."""
    file, _, name = test.partition("::")
    return name.partition("[")[0] in names_in(file)


def test_there_are_rows_and_each_is_whole() -> None:
    assert len(ROWS) > 300
    assert [row.id for row in ROWS if not row.what or len(row.what.split()) > 12] == []


def test_no_row_stands_there_twice() -> None:
    assert [id for id, times in Counter(row.id for row in ROWS).items() if times > 1] == []


def test_every_file_that_is_named_exists() -> None:
    missing = [(row.id, path) for row in ROWS for path in row.where if not (ROOT / path).is_file()]
    assert missing == []


def test_every_test_that_is_named_exists() -> None:
    missing = [(row.id, test) for row in ROWS for test in row.shown_by if not is_there(test)]
    assert missing == []


def test_what_has_no_file_or_no_test_says_why() -> None:
    silent = [
        row.id
        for row in ROWS
        if not (row.where and row.shown_by) and not row.note.startswith(_STATES)
    ]
    assert silent == []


def test_a_note_begins_with_the_state_of_its_row() -> None:
    odd = [row.id for row in ROWS if row.note and not row.note.startswith(_STATES)]
    assert odd == []
    bare = [row.id for row in ROWS if row.note in ("missing", "differently")]
    assert bare == [], "what is missing or different has to be said"


@pytest.mark.parametrize(
    "test",
    [
        "tests/docs/test_elizaos_page.py::test_nobody_has_written_this_one",
        "tests/docs/test_no_such_page.py::test_no_row_stands_there_twice",
        "tests/docs/test_elizaos_page.py",
    ],
)
def test_a_name_of_nothing_is_found_out(test: str) -> None:
    assert not is_there(test)
    assert is_there("tests/docs/test_elizaos_page.py::test_a_name_of_nothing_is_found_out[x]")


@pytest.mark.skipif(not SPEC.is_dir(), reason="the rules it was measured against are not here")
def test_every_rule_that_counts_or_is_of_memory_stands_in_it_once() -> None:
    runtime = (SPEC / "runtime.md").read_text(encoding="utf-8")
    agents = (SPEC / "agents.md").read_text(encoding="utf-8")
    wanted = re.findall(r"^\| (R-\d+) \|", runtime, re.MULTILINE)
    wanted += re.findall(r"^\| ([A-Z]{2}-\d+) \| CORE \|", agents, re.MULTILINE)
    wanted += re.findall(r"^\| ((?:ME|BQ|KN)-\d+) \| (?!CORE)", agents, re.MULTILINE)
    known = re.findall(r"^\| ([A-Z]+-\d+) \|", runtime + agents, re.MULTILINE)
    assert set(_OF_MEMORY) <= set(known)
    wanted += _OF_MEMORY
    assert len(wanted) == len(set(wanted)) > 300
    assert Counter(row.id for row in ROWS) == Counter(wanted)
