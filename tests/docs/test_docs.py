"""What the documents claim is so."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from bots import cli
from bots.testkit import playing
from core.casting import load_character, read_loaded
from core.flow.forgetting import _gone
from core.knowledge.documents import SHARED
from core.knowledge.sources import wanted
from core.knowledge.wire import SENTENCES
from core.lore import Moment, notes_on, readers_of
from core.lore.decorators import _KNOWN
from core.models.scripted import Scripted
from core.ports.persons import Forgotten
from core.settings import schema
from core.settings.layers import split_scoped

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md"))
    if ".venv" not in path.parts
)
ON_MEMORY = ("docs/memory.md", "docs/knowledge.md")


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text()
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def names_in_table(page: str, heading: str) -> set[str]:
    """What stands in backticks in the first column, folders without their slash."""
    below = (ROOT / page).read_text().partition(f"{heading}\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in below.splitlines() if line.startswith("| `")]
    return {one.rstrip("/") for row in rows for one in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_commands_of_the_readme_are_the_commands_there_are() -> None:
    parser = cli._parser()
    lines = "\n".join(blocks("README.md", "sh")).splitlines()
    named = [line.split("#")[0].split() for line in lines if line.startswith("troupe ")]
    assert {words[1] for words in named} == {
        *("run", "stage", "check", "costs"),
        *("import", "knowledge", "memory", "pair"),
    }
    assert parser.parse_args(["run", "--character", "ada,eliza", "x.json"]).character == [
        "ada,eliza",
        "x.json",
    ]
    assert parser.parse_args(["stage", "--model"]).model
    assert parser.parse_args(["costs", "--by", "day", "--since", "7d"]).by == "day"


def test_the_targets_of_the_readme_are_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = re.findall(r"`make (\w+)`", (ROOT / "README.md").read_text())
    named += re.findall(r"^make (\w+)", "\n".join(blocks("README.md", "sh")), re.MULTILINE)
    for target in set(named):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_settings_of_the_readme_are_known_keys() -> None:
    lines = "\n".join(blocks("README.md", "sh")).splitlines()
    for line in lines:
        if re.match(r"[A-Z][A-Z_.]+=", line):
            variable = line.partition("=")[0]
            scoped = split_scoped(variable)
            assert schema.find(scoped[1] if scoped else variable), variable


@pytest.mark.parametrize("page", ON_MEMORY)
def test_the_commands_of_both_pages_are_understood(page: str) -> None:
    parser = cli._parser()
    lines = re.findall(r"^\$ troupe (.*)$", (ROOT / page).read_text(), re.MULTILINE)
    asked = [parser.parse_args(shlex.split(line.partition("#")[0])) for line in lines]
    assert {one.do for one in asked} == {Path(page).stem}
    of_all = {"memory": {"search", "show", "forget", "export"}}
    assert {one.what for one in asked} == of_all.get(Path(page).stem, {"list", "add", "remove"})


@pytest.mark.parametrize("page", ON_MEMORY)
def test_the_settings_of_both_pages_are_known_with_their_defaults(page: str) -> None:
    text = (ROOT / page).read_text()
    for name in re.findall(r"`([A-Z][\w.]*_\w+)(?:=[^`]*)?`", text):
        scoped = split_scoped(name)
        assert schema.find(scoped[1] if scoped else name), name
    told = re.findall(r"`([A-Z][A-Z_]+)`(?:\stokens)?\s\(([a-z0-9][\w.-]*)", text)
    assert [(name, value) for name, value in told if schema.find(name).default != value] == []  # type: ignore[union-attr]
    assert len(told) > 5


def test_every_reason_why_a_document_is_not_read_is_told() -> None:
    page = (ROOT / "docs/knowledge.md").read_text()
    assert [one for one in SENTENCES.values() if f"\n| {one} |" not in page] == []


def test_the_knowledge_on_the_page_is_what_it_says_it_is(tmp_path: Path) -> None:
    home = tmp_path / "characters"
    (home / "ferries/letters").mkdir(parents=True)
    for name in ("ferries/timetable.pdf", "ferries/prices.csv", "harbour.md"):
        (home / name).write_text("x")
    (home / "ada.json").write_text(blocks("docs/knowledge.md", "json")[0])
    ada = load_character(home / "ada.json")
    found = wanted([ada], tmp_path / "data")
    assert found.findings == ()
    assert [one.text for one in found.written] == ["The ferry leaves at nine, on Sundays at ten."]
    named = {one.path.name: one.owner for one in found.places if home in one.path.parents}
    hers = dict.fromkeys(("timetable.pdf", "prices.csv", "letters"), ada.id)
    assert named == {**hers, "harbour.md": SHARED}
    shelves = {one.path.relative_to(tmp_path).as_posix() for one in found.places} - set(named)
    assert {"data/knowledge/ada", "data/knowledge/shared"} <= shelves


def test_she_says_what_she_has_forgotten_as_the_page_has_it() -> None:
    [quoted] = re.findall(
        r"^> (I have forgotten.*\n> .*)$", (ROOT / ON_MEMORY[0]).read_text(), re.M
    )
    counts = {"messages": 12, "answers": 11, "facts": 2}
    assert quoted.replace("\n> ", " ") == _gone(Forgotten(counts=counts), None)


def test_the_smallest_character_of_the_readme_loads() -> None:
    [text] = blocks("README.md", "json")
    assert read_loaded(json.loads(text)).name == "Hemingway"


async def test_the_page_for_operators_names_what_lies_in_the_data_directory(tmp_path: Path) -> None:
    table = names_in_table("docs/operations.md", "## What lies in the data directory")
    ada = {"name": "Ada", "bio": "Ada is kind."}
    async with playing(ada, model=Scripted(lambda request: "Hello."), data=tmp_path) as play:
        bob = play.stage.person("Bob")
        dm = play.stage.dm(bob, play.bots["Ada"])
        for text in ("hello", "/export me"):
            bob.says(dm, text)
            await play.stage.next_from(play.bots["Ada"], dm)
        there = names_in(tmp_path)
    assert {"troupe.db", "files"} <= there
    assert {one for one in there if {one, one.removeprefix("troupe.db")}.isdisjoint(table)} == set()


def test_the_lorebook_on_the_page_tells_what_its_keys_ask_for() -> None:
    [text] = blocks("docs/characters.md", "json")
    loaded = read_loaded(json.loads(text))
    assert (loaded.notes, notes_on(loaded.character)) == ((), ())
    [reader] = readers_of(loaded.character)
    assert [one.content for one in reader.settled] == ["It always rains here."]
    told = reader.speaking(["Who are the KINGS?"], Moment(), reader.book.token_budget or 0).told
    why = {one.why for one in told if not one.settled}
    assert why == {"key: /kings?/i", "key: crown, in “#1”"}


def test_the_decorators_on_the_page_are_those_that_are_understood() -> None:
    page = (ROOT / "docs/characters.md").read_text()
    assert set(re.findall(r"`@@(\w+)`", page)) == set(_KNOWN)


async def test_the_test_in_contributing_passes(tmp_path: Path) -> None:
    [code] = blocks("CONTRIBUTING.md", "python")
    words: dict[str, object] = {"playing": playing, "Scripted": Scripted}
    exec("\n".join(line.removeprefix("  ") for line in code.splitlines()), words)
    await words["test_she_says_hello"](tmp_path)  # type: ignore[operator]  # it was just defined


@pytest.mark.parametrize("name", ["eliza", "ada"])
def test_the_characters_that_come_with_it_load_without_a_word(name: str) -> None:
    loaded = load_character(ROOT / "characters" / f"{name}.json")
    assert loaded.notes == ()
    assert loaded.secrets == {}


def test_the_container_stops_in_order_and_reaches_the_process_without_a_shell() -> None:
    dockerfile = (ROOT / "docker" / "Dockerfile").read_text()
    assert 'ENTRYPOINT ["troupe"]' in dockerfile
    assert re.search(r"^USER troupe$", dockerfile, re.MULTILINE)
    compose = (ROOT / "docker" / "compose.yaml").read_text()
    grace = int(re.search(r"stop_grace_period: (\d+)s", compose)[1])  # type: ignore[index]
    patience = sum(
        float(schema.find(key).default)  # type: ignore[union-attr]
        for key in ("STOP_PATIENCE", "SEND_PATIENCE")
    )
    assert grace > patience


def test_ci_runs_the_command_of_the_readme() -> None:
    assert "make check" in (ROOT / ".ci" / "run").read_text()
    assert re.search(r"^check:.*\btest\b", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_architecture_page_names_every_module_of_core() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    names = {path.stem for path in (ROOT / "core").iterdir() if path.name[0] not in "_."}
    names |= {path.stem for path in (ROOT / "core" / "flow").glob("[a-z]*.py")}
    missing = {name for name in names if not re.search(rf"\b{name}\b", page)}
    assert not missing


def test_nothing_committed_knows_this_machine_or_where_packages_came_from() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    # Put together here, so that this file is not one of the hits.
    forbidden = re.compile(
        "|".join(("/wo" + "rk/", "/ro" + r"ot/\.", "py" + r"pi\.org", "python" + "hosted"))
    )
    hits = [
        name
        for name in listed.stdout.split("\0")
        if name and (ROOT / name).is_file() and _text(ROOT / name, forbidden)
    ]
    assert not hits


def _text(path: Path, forbidden: re.Pattern[str]) -> bool:
    try:
        return bool(forbidden.search(path.read_text()))
    except UnicodeDecodeError:
        return False
