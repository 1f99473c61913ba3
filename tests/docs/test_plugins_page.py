"""The page for authors of plugins: its code runs, passes its own tests, and is typed."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bots.testkit import playing
from core.casting import read_loaded
from core.events import Events
from core.models.scripted import Scripted
from core.plugins.equipment import Equipment
from core.plugins.loader import load_plugins
from core.plugins.records import Repertoire
from core.plugins.typed_testing import ImaginedTurn
from core.ports import ModelRequest
from tests.core.plugins.conftest import what_one_test_declares_another_does_not_know
from tests.core.plugins.turns import ADA, settings
from tests.docs.test_docs import ROOT, blocks
from tests.flows.talk import question, until, whole

__all__ = ["what_one_test_declares_another_does_not_know"]

PAGE = "docs/plugins.md"
NAME = "the_page_for_authors"
WITHOUT_A_GATEWAY = (
    "test_the_weather_is_looked_up",
    "test_units_are_a_setting",
    "test_a_warning_has_words",
)


class Tables:
    async def extend(self, owner: str, schema: Any) -> None:
        assert all(name.startswith(f"{owner}_") for name in schema.tables)


@pytest.fixture
def page() -> Iterator[ModuleType]:
    """Every block of Python, run in order."""
    module = ModuleType(NAME)
    sys.modules[NAME] = module
    try:
        for block in blocks(PAGE, "python"):
            exec(compile(block, PAGE, "exec"), vars(module))
        yield module
    finally:
        del sys.modules[NAME]


@pytest.mark.parametrize("test", WITHOUT_A_GATEWAY)
async def test_the_pages_own_tests_pass(page: ModuleType, test: str) -> None:
    run: Callable[[], Awaitable[None]] = getattr(page, test)
    await run()


def test_no_test_of_the_page_is_forgotten(page: ModuleType) -> None:
    there = {name for name in vars(page) if name.startswith("test_")}
    assert there == {*WITHOUT_A_GATEWAY, "test_ada_tells_the_weather"}


async def test_all_of_the_page_together_is_a_plugin_that_sets_up(page: ModuleType) -> None:
    plugins, findings = await load_plugins(
        ["weather", "dice", "storm-radar"],
        settings(),
        at_hand=[page.weather, page.dice, page.paid],
    )
    assert [one.name for one in plugins] == ["weather", "dice"]
    assert findings == []

    class Models:
        def register(self, *given: Any, **more: Any) -> None: ...
        def unregister(self, character: Any) -> None: ...

    events = Events()
    async with Equipment(
        ADA, settings(), plugins, Repertoire(), events, store=Tables(), models=Models()
    ) as gear:
        await gear.start(None)
        assert gear.troubles == []
        turn = ImaginedTurn("Is there dice?", things=[gear.use(page.Forecast)])
        done = {one.name: one for one in gear.repertoire.actions}
        arguments = page.Place(city="Rome")
        result = await done["CHECK_WEATHER"].run(turn, arguments)
        assert result.text == "Rome: 7 degrees and rain"
        assert (await done["COMPARE"].run(turn, arguments)).error == "no other city was asked for"
        assert (await done["READ_BAROMETER"].run(turn, None)).text == "1013 hPa"
        await done["SHOW_MAP"].run(turn, None)
        assert turn.said == ["https://weather.example/map"]
        offered = {one.name: one for one in gear.repertoire.commands}
        told = await offered["forecast"].run(turn, "Rome")
        assert told.text == "Rome: 7 degrees and rain"
        assert offered["siren"].offer.about == "Warns everybody here of a storm"
        await offered["siren"].run(turn, "")
        assert turn.said[1:] == ["A storm is coming."]
        turn.things = [gear.get_service("weather")]
        assert (await done["READ_STATION"].run(turn, None)).text == "7.0 degrees"
        await events.emit("weather:changed", {"to": "sun"})
        assert page.seen == ["sun"]


async def test_what_the_page_has_remembered_is_found_and_forgotten(
    page: ModuleType, tmp_path: Path
) -> None:
    def choose(request: ModelRequest) -> str:
        prompt = whole(request)
        if "hay fever in Oslo. (" in prompt:
            return "<response><text>Bob does.</text></response>"
        if "who sneezes" in question(request):
            return "<response><actions>WHO_SNEEZES</actions></response>"
        given = json.dumps({"NOTE_ALLERGY": {"city": "Oslo"}})
        return (
            f"<response><actions>REPLY,NOTE_ALLERGY</actions><params>{given}</params>"
            "<text>Noted.</text></response>"
        )

    def facts(joined: str = "") -> int:
        db = closing(sqlite3.connect(tmp_path / "troupe.db"))
        asked = f"SELECT count(*) FROM memories {joined} WHERE type = 'facts'"
        with db as open_db:
            return int(open_db.execute(asked).fetchone()[0])

    ada = {"name": "Ada", "bio": "Ada knows the wind.", "plugins": ["weather"]}
    asked = Scripted(choose)
    async with playing(ada, plugins=[page.weather], model=asked, data=tmp_path) as play:
        bob, bot = play.stage.person("Bob"), play.bots["Ada"]
        dm = play.stage.dm(bob, bot)
        for text in ("I sneeze in Oslo", "I sneeze in Oslo, I said"):
            bob.says(dm, text)
            await play.stage.next_from(bot, dm)
        await until(lambda: facts("JOIN passages USING (seq)") == 1)
        bob.says(dm, "tell me who sneezes")
        assert (await play.stage.next_from(bot, dm)).text == "Bob does."
        bob.says(dm, "/forget me")
        assert "1 fact about you" in (await play.stage.next_from(bot, dm)).text
        assert facts() == 0


def test_the_character_and_the_entry_point_of_the_page_are_what_we_read(page: ModuleType) -> None:
    [character] = blocks(PAGE, "json")
    assert read_loaded(json.loads(character)).character.plugins == ("weather",)
    [project] = blocks(PAGE, "toml")
    from core.plugins.found import GROUP

    assert tomllib.loads(project)["project"]["entry-points"].keys() == {GROUP}


async def test_the_first_block_alone_is_a_file_that_loads(tmp_path: Path) -> None:
    home = tmp_path / "plugins"
    home.mkdir()
    (home / "weather.py").write_text(blocks(PAGE, "python")[0])
    plugins, findings = await load_plugins(["weather"], settings(), home=home)
    assert findings == []
    assert [one.name for one in plugins[0].repertoire.actions] == ["CHECK_WEATHER"]


def test_the_code_of_the_page_is_typed(tmp_path: Path) -> None:
    code = "\n\n".join(blocks(PAGE, "python"))
    if "plugins=" not in (ROOT / "bots" / "testkit.py").read_text():
        code = code.replace("plugins=[weather], ", "")
    (tmp_path / f"{NAME}.py").write_text(code)
    mypy = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(tmp_path / f"{NAME}.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in mypy.stdout.splitlines() if NAME in line.partition(":")[0]]
    assert ours == []
    assert mypy.stdout, mypy.stderr


def test_what_the_page_says_may_be_imported_is_there() -> None:
    import core.plugins

    named = set(re.findall(r"from core\.plugins import (.+)", (ROOT / PAGE).read_text()))
    words = {word.strip() for line in named for word in line.split(",")}
    assert words <= set(core.plugins.__all__)
