"""docs/discord.md tells the truth: every row stands there once, and what it names exists."""

from __future__ import annotations

import json
import re
from collections import Counter

import discord
import pytest

from bots.discord.invite import PERMISSIONS
from bots.discord.rendering import MAX_PARTS, MAX_TEXT
from core.flow.cards import buttons_in, embeds_of, menus_in
from core.flow.commands import NAMES, NEWBOT
from core.flow.house_rules import RULES
from core.flow.speaking import buttons_of, reply_of, shows_anything
from core.settings.chatting import CHATTING
from core.settings.keys import KEYS
from tests.docs.rows import NAMED, STATES, rows_of
from tests.docs.test_elizaos_page import ROOT, is_there

PAGE = (ROOT / "docs" / "discord.md").read_text(encoding="utf-8")
SPEC = ROOT / "../shared/spec/platforms.md"

_VOICE = {f"D-{number}" for number in (*range(43, 57), 78, 92)} | {"V-09", "V-13", "P-06"}
_VOICE |= {"S-16", "S-17"}
_BESIDE = (
    *(f"P-{number:02}" for number in range(1, 7)),
    *(f"E-{number:02}" for number in range(1, 8)),
    *(f"S-{number:02}" for number in range(1, 21)),
)


ROWS = rows_of(PAGE, "DPVES")


def test_there_are_rows_and_each_is_whole() -> None:
    assert len(ROWS) > 150
    assert [row.id for row in ROWS if not row.what or not row.how] == []


def test_no_row_stands_there_twice() -> None:
    assert [id for id, times in Counter(row.id for row in ROWS).items() if times > 1] == []


def test_every_test_that_is_named_exists() -> None:
    assert [test for test in NAMED.findall(PAGE) if not is_there(test)] == []


def test_what_no_test_shows_says_why() -> None:
    assert [row.id for row in ROWS if not row.shown_by and not row.note] == []
    assert [row.id for row in ROWS if row.note and not row.note.startswith(STATES)] == []


def test_each_row_of_voice_is_shown_by_tests() -> None:
    assert {row.id for row in ROWS if row.id in _VOICE and row.shown_by} == _VOICE
    assert "no voice yet" not in PAGE


def test_making_a_bot_is_told_step_by_step() -> None:
    steps = PAGE.partition("## A bot in five minutes")[2].partition("\n## ")[0]
    for word in ("New Application", "Reset Token", "Privileged Gateway Intents", "troupe run"):
        assert word in steps
    for switch in ("Message Content Intent", "Server Members Intent", "Presence Intent"):
        assert switch in steps


def test_it_names_the_permissions_that_the_address_asks_for() -> None:
    """D-09, D-10, V-16: as Discord's own client names them, and no other."""
    table = PAGE.partition("## What she needs to be allowed")[2].partition("\nWhere several")[0]
    assert f"permissions={PERMISSIONS}" in table
    rows = re.findall(r"^\| ([A-Z][^|]+) \|", table, re.MULTILINE)
    named = [one.strip() for row in rows if row.strip() != "Permission" for one in row.split(",")]
    by_name = {
        "use_application_commands": "use_application_commands",
        "use_voice_activity": "use_voice_activation",
    }
    wanted = [one.lower().replace(" ", "_") for one in named]
    flags = {by_name.get(one, one): True for one in wanted}
    assert discord.Permissions(**flags).value == PERMISSIONS
    assert len(wanted) == len(set(wanted)) == PERMISSIONS.bit_count()


def test_every_setting_that_it_names_is_one_and_every_one_of_discord_is_told_of_somewhere() -> None:
    known = {name for key in KEYS for name in key.spellings}
    prose = PAGE.partition("## Row by row")[0]
    named = set(re.findall(r"`((?:DISCORD|TROUPE|SERVER)_[A-Z_]+)", prose))
    assert len(named) > 10
    assert named - known == set()
    access = (ROOT / "docs" / "access.md").read_text(encoding="utf-8")
    faces = (ROOT / "docs" / "characters.md").read_text(encoding="utf-8")
    ours = [key.name for key in CHATTING if key.name.startswith("DISCORD_")]
    assert [name for name in ours if name not in PAGE + access + faces] == []


def test_every_command_and_every_setting_of_a_server_is_told_of() -> None:
    commands = PAGE.partition("\n## Commands")[2].partition("\n## ")[0]
    told = set(re.findall(r"/([a-z]+)", commands))
    assert NAMES - {NEWBOT.name} <= told
    house = PAGE.partition("## What admins set")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z]+)` \|", house, re.MULTILINE)) == set(RULES)


def test_what_its_example_says_can_be_said() -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    content = json.loads(block)
    say = reply_of(content, content["text"])
    assert shows_anything(say)
    (card,) = embeds_of(content["embeds"])
    assert (card.title, card.fields[0][0], card.footer) == ("Teas", "Assam", "The tea house")
    (menu,) = menus_in(content["components"])
    assert (menu.press, [value for value, _ in menu.options]) == ("tea_menu", ["mild", "strong"])
    assert buttons_in(content["components"]) == ()
    assert [one.row for one in buttons_of(content)] == [0, 0]
    assert (say.poll is not None, say.silent, len(say.menus)) == (True, True, 1)


def test_it_counts_as_the_code_does() -> None:
    assert (MAX_PARTS, MAX_TEXT) == (5, 2000)
    assert "into five messages of 2,000 signs at most" in PAGE


@pytest.mark.skipif(not SPEC.is_file(), reason="the rows it was measured against are not here")
def test_every_row_of_discord_and_every_trap_stands_in_it_once() -> None:
    spec = SPEC.read_text(encoding="utf-8")
    wanted = re.findall(r"^\| ([DV]-\d+) \|", spec, re.MULTILINE)
    assert len(wanted) == len(set(wanted)) > 120
    codes = re.findall(r"^\| Discord \| ", spec.partition("## 9.")[2], re.MULTILINE)
    skipped = re.findall(r"^\d+\. \*\*", spec.partition("## 13.")[2], re.MULTILINE)
    assert (len(codes), len(skipped)) == (7, 20)
    assert Counter(row.id for row in ROWS) == Counter((*wanted, *_BESIDE))
