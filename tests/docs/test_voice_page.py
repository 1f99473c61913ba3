"""docs/voice.md tells the truth: its settings, numbers, words and commands are those of the code."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from core.casting import load_character
from core.flow import backchannels, commands, interruptions, perceiving, voice_talk
from core.messages.aloud import LONGEST
from core.models.prices import USUAL
from core.ports import Listening, Spent
from core.ports.speech import RATE, Form
from core.settings import schema
from core.settings.keys import KEYS
from core.settings.layers import Environment, Settings, split_scoped
from core.settings.voicing import VOICING
from core.speech import calling, casting, clips
from core.speech.offline import OfflineVoice, offline_voice
from tests.docs.rows import NAMED
from tests.docs.test_elizaos_page import ROOT, is_there

PAGE = (ROOT / "docs" / "voice.md").read_text(encoding="utf-8")
PROSE = PAGE.partition("## Shown by")[0]
_OURS = (
    r"(?:ELEVENLABS|OPENAI|DISCORD|TROUPE|VOICE|SPEECH|TRANSCRIPTION|OFFLINE|ENABLE|MODEL)_[A-Z_]+"
)


def section(heading: str) -> str:
    return PAGE.partition(f"{heading}\n")[2].partition("\n## ")[0]


def test_every_setting_that_it_names_is_one_and_every_one_that_people_choose_is_told_of() -> None:
    known = {name for key in KEYS for name in key.spellings}
    named = set(re.findall(rf"`({_OURS})", PROSE))
    assert len(named) > 20
    assert named - known == set()
    # How a vendor's voice sounds in each particular is the vendor's to explain.
    ours = {key.name for key in VOICING if not key.name.startswith(("ELEVENLABS_", "OPENAI_"))}
    assert ours - named == set()


def test_what_its_examples_set_can_be_set() -> None:
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
    ]
    assert len(lines) == 6
    for line in lines:
        variable = line.partition("=")[0]
        scoped = split_scoped(variable)
        assert schema.find(scoped[1] if scoped else variable), variable


def test_the_numbers_of_taking_turns_are_the_defaults() -> None:
    rows = re.findall(r"^\| `(V[A-Z_]+)` \| ([\d.]+)(?: s)? \|", PAGE, re.MULTILINE)
    defaults = {key.name: key.default for key in VOICING}
    assert {name: defaults[name] for name, _ in rows} == dict(rows)
    assert len(rows) == 5


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        ("shorter than 0.2 s", Listening().shortest == 0.2),
        ("more than 60 s is cut", Listening().longest == 60),
        ("of at most\n  a second", backchannels.BRIEF == 1.0),
        ("first quarter of a second", interruptions._EARLY == 0.25),
        ("more than a minute ago", voice_talk._STALE.total_seconds() == 60),
        ("fifteen minutes", perceiving._LONGEST_SOUND == 900),
        ("nothing longer than 1,500", LONGEST == 1500),
        ("200 MB", clips._MOST_BYTES == 200 << 20),
        ("once in a week", clips._OLDEST == 7 * 86400),
        ("ten seconds, or after five", (calling.Patience().first, calling.Patience().stall) == (10, 5)),
        ("After a minute alone", next(k for k in VOICING if "ALONE" in k.name).default == "60"),
        ("in ten at once", next(k for k in VOICING if "CONNECTIONS" in k.name).default == "10"),
    ],
)  # fmt: skip
def test_it_counts_as_the_code_does(told: str, counted: bool) -> None:
    assert told in PROSE
    assert counted


def test_every_word_behind_voice_is_told_of_and_no_other() -> None:
    told = set(re.findall(r"`/voice ([a-z]+)", PROSE))
    option = commands.VOICE.options[0]
    assert told == {one.partition(" ")[0] for one in option.choices}


def test_what_she_says_when_something_is_wrong_is_what_the_code_says() -> None:
    files = (
        "bots/discord/ears.py",
        "bots/discord/voice_client.py",
        "bots/discord/voice_rooms.py",
        "bots/discord/voice_standing.py",
        "core/flow/voice_reports.py",
        "core/flow/voice_words.py",
        "core/flow/voices.py",
        "core/speech/calling.py",
    )
    code = "\n".join((ROOT / one).read_text(encoding="utf-8") for one in files)
    table = section("## When something is wrong")
    quoted = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)
    said = [word for cell in quoted for word in re.findall(r"[`\"]([^`\"]+)[`\"]", cell)]
    assert len(said) >= 6
    for words in said:
        plain = re.sub(r"\b(?:Lounge|Connect)\b", "", words.removeprefix("I am deaf"))
        assert all(part.strip(" ,.") in code for part in plain.split("  ") if part.strip()), words


def test_whom_it_lets_speak_are_those_there_are() -> None:
    (order,) = re.findall(r"`SPEECH_PROVIDER=([a-z,]+)`", PROSE)
    assert set(order.split(",")) == set(casting.VENDORS)


def test_the_units_of_prices_that_it_names_are_in_the_table() -> None:
    units = {unit for models in USUAL.table.values() for price in models.values() for unit in price}
    costs = section("## What it costs")
    assert {unit for unit in ("characters", "minute") if f"(`{unit}`)" in costs} <= units
    assert "`characters`" in costs
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [
        unit for unit in ("image", "minute", "characters") if f"`{unit}`" not in operations
    ] == []


def test_what_it_installs_are_the_extras_and_the_base_has_none_of_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    named = set(re.findall(r"`troupe\[([a-z-]+)\]`", section("## What is installed")))
    assert named == {"voice", "offline-voice"} <= set(extras)
    brought = {
        re.split(r"[\[><=~]", one)[0] for extra in named for one in extras[extra]
    } - {"discord.py"}  # fmt: skip
    base = {re.split(r"[\[><=~;]", one)[0] for one in project["dependencies"]}
    assert brought & base == set()
    assert brought == {"av", "davey", "webrtcvad-wheels", "espeakng-loader", "pocketsphinx"}


def test_every_test_that_is_named_exists_and_each_claim_has_one() -> None:
    assert [test for test in NAMED.findall(PAGE) if not is_there(test)] == []
    rows = re.findall(r"^\| ([A-Z][^|]+) \| (`.*) \|$", section("## Shown by"), re.MULTILINE)
    assert len(rows) > 20
    assert [what for what, tests in rows if not NAMED.findall(tests)] == []


async def test_the_voices_of_the_page_and_of_our_characters_speak() -> None:
    found = re.findall(r"OFFLINE_VOICE=(\S+?)`", PAGE)
    files = ROOT.glob("characters/*.json")
    loaded = [json.loads(one.read_text(encoding="utf-8")) for one in files]
    found += [one["settings"]["OFFLINE_VOICE"] for one in loaded if "bio" in one]
    assert len(found) == 3
    for voice in found:
        pieces = OfflineVoice(voice).stream("Good morning.", Form.PCM, Spent())
        assert sum([len(one) async for one in pieces]) > RATE, voice


def test_our_characters_are_told_apart_by_their_voices() -> None:
    files = [ROOT / "characters" / name for name in ("ada.json", "eliza.json")]
    loaded = [load_character(one) for one in files]
    keyed = [
        Settings(Environment.of({}), one.name, one.id, one.secrets, one.settings) for one in loaded
    ]
    assert len({offline_voice(one).mark for one in keyed}) == 2
    assert len({one.text("OPENAI_TTS_VOICE") for one in keyed}) == 2
