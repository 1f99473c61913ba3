"""docs/telegram.md tells the truth: every row stands there once, and what it names exists."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from bots.telegram.markdown import MAX_PARTS
from core.flow.speaking import buttons_of, reply_of, shows_anything
from core.settings.chatting import CHATTING
from core.settings.keys import KEYS
from tests.docs.rows import NAMED, STATES, rows_of
from tests.docs.test_elizaos_page import ROOT, is_there

PAGE = (ROOT / "docs" / "telegram.md").read_text(encoding="utf-8")
SPEC = ROOT / "../shared/spec/platforms.md"

_OF_TELEGRAM = tuple(f"P-{number:02}" for number in range(7, 11))


ROWS = rows_of(PAGE, "TPV")


def test_there_are_rows_and_each_is_whole() -> None:
    assert len(ROWS) > 115
    assert [row.id for row in ROWS if not row.what or not row.how] == []


def test_no_row_stands_there_twice() -> None:
    assert [id for id, times in Counter(row.id for row in ROWS).items() if times > 1] == []


def test_every_test_that_is_named_exists() -> None:
    assert [(row.id, test) for row in ROWS for test in row.shown_by if not is_there(test)] == []
    assert [test for test in NAMED.findall(PAGE) if not is_there(test)] == []


def test_what_no_test_shows_says_why() -> None:
    assert [row.id for row in ROWS if not row.shown_by and not row.note] == []
    assert [row.id for row in ROWS if row.note and not row.note.startswith(STATES)] == []


def test_making_a_bot_is_told_step_by_step() -> None:
    """T-14."""
    steps = PAGE.partition("## A bot at @BotFather")[2].partition("\n## ")[0]
    for word in ("/newbot", "ends in `bot`", "/setprivacy", "/setdescription", "/setabouttext"):
        assert word in steps
    for mode in ("/setinline", "Guest mode", "Business mode"):
        assert mode in steps


def test_every_setting_that_it_names_is_one() -> None:
    known = {name for key in KEYS for name in key.spellings}
    named = set(re.findall(r"`((?:TELEGRAM|TROUPE|SERVER)_[A-Z_]+)", PAGE))
    assert named - known == {"TELEGRAM_BOT_TOKEN"} - known
    assert len(named) > 10


def test_every_setting_of_talking_is_read_by_something() -> None:
    """V-14: a switch that switches nothing is worse than none. Some are read by their prefix."""
    files = (*ROOT.glob("core/**/*.py"), *ROOT.glob("bots/**/*.py"))
    code = "\n".join(
        one.read_text(encoding="utf-8") for one in files if one.parent.name != "settings"
    )

    def is_read(name: str) -> bool:
        bare = name.removeprefix("TELEGRAM_").removeprefix("DISCORD_")
        return f'"{name}"' in code or f'{{prefix}}{bare}"' in code

    assert [key.name for key in CHATTING if not is_read(key.name)] == []
    assert not is_read("TELEGRAM_NOBODY_READS_THIS")


def test_what_its_example_says_can_be_said() -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    content = json.loads(block)
    say = reply_of(content, content["text"])
    assert shows_anything(say)
    assert [one.row for one in buttons_of(content)] == [0, 0, 1, 2, 2]
    assert [one.copy for one in say.buttons if one.copy] == ["TEA-7"]
    assert [one.app for one in say.buttons if one.app] == ["https://tea.example/app"]
    assert (say.poll is not None, say.location is not None) == (True, True)
    assert say.keyboard == (("Yes", "No"), ("Later",))
    assert (say.silent, bool(say.sticker)) == (True, True)


def test_it_counts_as_the_code_does() -> None:
    assert MAX_PARTS == 5
    assert "into five messages at most" in PAGE


@pytest.mark.skipif(not SPEC.is_file(), reason="the rows it was measured against are not here")
def test_every_row_of_telegram_and_every_trap_stands_in_it_once() -> None:
    wanted = re.findall(r"^\| ([TV]-\d+) \|", SPEC.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(wanted) == len(set(wanted)) > 100
    assert Counter(row.id for row in ROWS) == Counter((*wanted, *_OF_TELEGRAM))


def test_a_row_without_a_reason_is_found_out() -> None:
    (row,) = rows_of("| T-01 | what | how | `tests/a.py::test_b` |", "T")
    assert (row.shown_by, row.note) == (("tests/a.py::test_b",), "")
    (row,) = rows_of(
        "| T-01 | what | how | `tests/a.py::test_b`, `tests/c.py::test_d`; not there: x |", "T"
    )
    assert (len(row.shown_by), row.note) == (2, "not there: x")
