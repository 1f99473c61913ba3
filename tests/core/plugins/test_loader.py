"""Names in a character's file become plugins, in order; what cannot come harms nobody else."""

from __future__ import annotations

import asyncio
import logging
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Finding
from core.plugins import Plugin
from core.plugins.found import short
from core.plugins.loader import arranged, load_plugins
from core.plugins.records import Pluggable
from core.settings.key import Key
from core.settings.layers import Settings
from tests.core.plugins.turns import settings

SMALL = 'from core.plugins import Plugin\nplugin = Plugin("{name}")\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The project's folder of plugins, empty."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    return folder


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place from which modules are imported, as if they were installed."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if not name.startswith("core"):
            del sys.modules[name]


def write(path: Path, code: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(code))
    return path


def install(packages: Path, distribution: str, points: str) -> None:
    info = packages / f"{distribution}-1.0.dist-info"
    write(info / "METADATA", f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    write(info / "entry_points.txt", f"[troupe.plugins]\n{points}\n")


async def load(
    *names: str, home: Path, folder: Path | None = None, allowed: tuple[str, ...] = (), **more: str
) -> tuple[list[str], list[str]]:
    plugins, findings = await load_plugins(
        names, settings(**more), allowed=allowed, folder=folder, home=home
    )
    return [one.name for one in plugins], list(map(str, findings))


# --- where names lead -----------------------------------------------------------------------------


async def test_what_is_built_in_is_no_plugin_and_no_fault(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    names = ("@elizaos/plugin-bootstrap", "@elizaos/plugin-discord", "@elizaos/plugin-sql")
    assert await load(*names, home=home) == ([], [])
    assert [record.getMessage() for record in caplog.records] == [
        "@elizaos/plugin-bootstrap of Ada is built in: the runtime itself",
        "@elizaos/plugin-discord of Ada is built in: a platform",
        "@elizaos/plugin-sql of Ada is built in: the database",
    ]


async def test_an_unknown_name_is_named_and_the_others_come(home: Path) -> None:
    write(home / "tea.py", SMALL.format(name="tea"))
    loaded, findings = await load("@elizaos/plugin-solana", "tea", home=home)
    assert loaded == ["tea"]
    assert findings[0].startswith("the plugin @elizaos/plugin-solana: is not known here.")


async def test_a_file_and_a_folder_of_the_projects_plugins_are_found_by_name(home: Path) -> None:
    write(home / "weather.py", SMALL.format(name="weather"))
    write(home / "long_walk" / "way.py", "NAME = 'long-walk'\n")
    write(
        home / "long_walk" / "__init__.py",
        """
        from core.plugins import Plugin
        from .way import NAME
        walk = Plugin(NAME)
        """,
    )
    loaded, findings = await load("@elizaos/plugin-weather", "plugin-long-walk", home=home)
    assert (loaded, findings) == (["weather", "long-walk"], [])


async def test_an_installed_plugin_is_found_by_its_entry_point(home: Path, packages: Path) -> None:
    write(packages / "clouds_pkg" / "__init__.py", "")
    write(packages / "clouds_pkg" / "sky.py", SMALL.format(name="clouds"))
    install(packages, "clouds", "clouds = clouds_pkg.sky:plugin")
    assert await load("clouds", home=home) == (["clouds"], [])
    assert await load("@elizaos/plugin-clouds", home=home) == (["clouds"], [])


async def test_a_module_is_named_by_its_path(home: Path, packages: Path) -> None:
    write(packages / "my_pkg" / "__init__.py", "")
    write(
        packages / "my_pkg" / "rain.py",
        "from core.plugins import Plugin\nrain = Plugin('rain')\nhail = Plugin('hail')\n",
    )
    assert await load("my_pkg.rain", "my_pkg.rain:hail", home=home) == (["rain", "hail"], [])


async def test_a_path_is_looked_for_beside_the_characters_file(home: Path, tmp_path: Path) -> None:
    beside = write(tmp_path / "characters" / "own" / "tea.py", SMALL.format(name="tea"))
    loaded, findings = await load(
        "./own/tea.py", home=home, folder=tmp_path / "characters", allowed=(str(beside.parent),)
    )
    assert (loaded, findings) == (["tea"], [])


async def test_a_plugin_written_as_elizaos_object_literal_is_taken(home: Path) -> None:
    write(
        home / "rolls.py",
        """
        async def handler(runtime, message, state, options, callback, responses):
            return {"success": True}

        async def validate(runtime, message, state):
            return True

        plugin = {
            "name": "rolls",
            "description": "Rolls.",
            "actions": [{"name": "ROLL", "description": "Roll a die.", "handler": handler,
                         "validate": validate, "similes": ["THROW_DIE"]}],
        }
        """,
    )
    [plugin], findings = await load_plugins(["rolls"], settings(), home=home)
    assert findings == []
    assert [one.name for one in plugin.repertoire.actions] == ["ROLL"]


# --- what may be loaded ---------------------------------------------------------------------------


async def test_a_characters_file_does_not_bring_code_along(home: Path, tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    write(tmp_path / "bad.py", f"open({str(mark)!r}, 'w')\n")
    loaded, findings = await load("./bad.py", home=home, folder=tmp_path)
    assert loaded == []
    assert "is not among the plugins that may be loaded" in findings[0]
    assert "add it to TROUPE_PLUGINS: ./bad.py" in findings[0]
    assert not mark.exists()


async def test_no_way_up_leads_out_of_the_folder(home: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside.py", SMALL.format(name="outside"))
    (home / "link.py").symlink_to(tmp_path / "outside.py")
    for name in (f"{home}/../outside.py", "../outside.py", "link"):
        loaded, findings = await load(name, home=home, folder=home)
        assert loaded == []
        assert "may be loaded" in findings[0]


async def test_a_list_of_what_may_be_loaded_keeps_out_the_rest(home: Path, packages: Path) -> None:
    write(home / "tea.py", SMALL.format(name="tea"))
    write(home / "coffee.py", SMALL.format(name="coffee"))
    write(packages / "drinks" / "__init__.py", "")
    write(packages / "drinks" / "milk.py", SMALL.format(name="milk"))
    names = ("tea", "coffee", "drinks.milk")
    loaded, findings = await load(*names, home=home, allowed=("@elizaos/plugin-tea", "drinks"))
    assert loaded == ["tea", "milk"]
    assert [one.partition(":")[0] for one in findings] == ["the plugin coffee"]
    loaded, _ = await load(*names, home=home, allowed=(str(home),))
    assert loaded == ["tea", "coffee"]


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("raise ValueError('no way')", "cannot be imported: ValueError at bad.py:1: no way"),
        ("import nothing_of_this_name", "cannot be imported: ModuleNotFoundError at bad.py:1"),
        ("def", "cannot be imported: SyntaxError"),
        ("raise SystemExit(1)", "cannot be imported: RuntimeError"),
        ("x = 1", "holds no plugin"),
        (
            "from core.plugins import Plugin\na = Plugin('a')\nb = Plugin('b')",
            "holds several plugins: a, b",
        ),
        (
            "from core.plugins.records import Pluggable\n"
            "class P:\n  def pluggable(self): return Pluggable('  ')\nplugin = P()",
            "has no name",
        ),
        (
            "class P:\n  def pluggable(self): return {'name': 'p'}\nplugin = P()",
            "is a dict and no plugin",
        ),
        ("plugin = {'name': 'p', 'actions': [{'name': 'GO'}]}", "it has no 'handler'"),
        (
            "from core.plugins.records import Pluggable, Repertoire\n"
            "class P:\n  def pluggable(self):\n"
            "    return Pluggable('p', Repertoire(actions=(None,)))\nplugin = P()",
            "has None among its actions",
        ),
    ],
)
async def test_a_bad_plugin_is_named_with_its_fault(home: Path, code: str, what: str) -> None:
    write(home / "bad.py", code)
    write(home / "good.py", SMALL.format(name="good"))
    loaded, findings = await load("bad", "good", home=home)
    assert loaded == ["good"]
    assert len(findings) == 1
    assert what in findings[0]


async def test_an_import_that_hangs_holds_up_nobody(home: Path) -> None:
    write(home / "stuck.py", "import threading\nthreading.Event().wait()\n")
    write(home / "good.py", SMALL.format(name="good"))
    plugins, [finding] = await load_plugins(["stuck", "good"], settings(), home=home, limit=0.2)
    assert [one.name for one in plugins] == ["good"]
    assert str(finding) == "the plugin stuck: has not been imported within 0.2 s"


async def test_a_module_runs_once_however_many_characters_name_it(home: Path) -> None:
    ran = home / "ran.txt"
    write(
        home / "once.py",
        f"""
        import time
        with open({str(ran)!r}, "a") as file:
            file.write("x")
        time.sleep(0.02)
        from core.plugins import Plugin
        plugin = Plugin("once")
        """,
    )
    async with asyncio.TaskGroup() as group:
        for name in ("Ada", "Bob", "Cleo"):
            group.create_task(load_plugins(["once"], settings(name), home=home))
    assert ran.read_text() == "x"


async def test_a_plugin_that_is_named_twice_counts_once(home: Path) -> None:
    write(home / "tea.py", SMALL.format(name="tea"))
    loaded, findings = await load("tea", "@elizaos/plugin-tea", home=home)
    assert loaded == ["tea"]
    assert findings == ["the plugin @elizaos/plugin-tea: is named twice, and counts once"]


async def test_a_secret_in_a_plugins_failure_is_masked(home: Path) -> None:
    from core.secrets import Secret

    Secret("hush-hush-123")
    write(home / "leaky.py", "raise RuntimeError('key hush-hush-123 was refused')")
    _, [finding] = await load("leaky", home=home)
    assert "hush" not in finding
    assert "was refused" in finding


# --- the order ------------------------------------------------------------------------------------


def names_of(plugins: list[Pluggable]) -> list[str]:
    return [one.name for one in plugins]


def test_bands_count_and_within_them_the_order_of_the_file() -> None:
    given = [
        Pluggable("p", priority=100),
        Pluggable("b"),
        Pluggable("a"),
        Pluggable("m", priority=-50),
    ]
    assert names_of(arranged(given, settings())[0]) == ["m", "b", "a", "p"]


def test_what_is_depended_on_comes_first_whatever_its_band() -> None:
    given = [
        Pluggable("early", priority=-100, dependencies=("@elizaos/plugin-late",)),
        Pluggable("late", priority=100, dependencies=("deep", "@elizaos/plugin-sql")),
        Pluggable("deep"),
    ]
    plugins, findings = arranged(given, settings())
    assert names_of(plugins) == ["deep", "late", "early"]
    assert findings == []


def test_a_missing_dependency_is_named_and_takes_those_above_along() -> None:
    given = [
        Pluggable("roof", dependencies=("wall",)),
        Pluggable("wall", dependencies=("ground",)),
        Pluggable("tree"),
    ]
    plugins, findings = arranged(given, settings())
    assert names_of(plugins) == ["tree"]
    assert list(map(str, findings)) == [
        "the plugin wall: needs the plugin ground: there is none of this name",
        "the plugin roof: needs the plugin wall: it needs ground",
    ]


def test_a_circle_is_reported_and_what_hangs_on_it_is_off() -> None:
    given = [
        Pluggable("hen", dependencies=("egg",)),
        Pluggable("egg", dependencies=("hen",)),
        Pluggable("farm", dependencies=("hen",)),
        Pluggable("self", dependencies=("self",)),
        Pluggable("tree"),
    ]
    plugins, findings = arranged(given, settings())
    assert names_of(plugins) == ["tree"]
    assert str(findings[0]).startswith(
        "the plugins: depend on each other in a circle: hen, egg, self"
    )
    assert str(findings[1]).startswith(
        "the plugin farm: needs the plugin hen: it depends on itself"
    )
    assert len(findings) == 2


async def test_dependencies_come_along_without_being_named(home: Path) -> None:
    for name, needs in (("roof", ["wall"]), ("wall", ["ground"]), ("ground", [])):
        write(
            home / f"{name}.py",
            f"from core.plugins import Plugin\nplugin = Plugin('{name}', dependencies={needs})",
        )
    assert await load("roof", home=home) == (["ground", "wall", "roof"], [])


async def test_a_dependency_that_cannot_be_imported_says_why(home: Path) -> None:
    write(home / "wall.py", "raise OSError('no bricks')")
    write(
        home / "roof.py",
        "from core.plugins import Plugin\nplugin = Plugin('roof', dependencies=['wall'])",
    )
    loaded, [finding] = await load("roof", home=home)
    assert loaded == []
    assert finding.startswith("the plugin roof: needs the plugin wall: cannot be imported: OSError")


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, "", "   ", "false"])
async def test_without_its_settings_a_plugin_is_off_in_silence(
    home: Path, value: str | None
) -> None:
    plugin = Plugin("paid", needs=("PAID_KEY",))
    given = settings() if value is None else settings(PAID_KEY=value)
    assert await load_plugins(["paid"], given, home=home, at_hand=[plugin]) == ([], [])


async def test_with_its_settings_it_is_on(home: Path) -> None:
    plugin = Plugin("paid", needs=("PAID_KEY",))
    plugins, findings = await load_plugins(
        ["paid"], settings(PAID_KEY="4711"), home=home, at_hand=[plugin]
    )
    assert (names_of(plugins), findings) == (["paid"], [])


async def test_a_plugin_on_which_others_depend_is_not_off_in_silence_for_them(home: Path) -> None:
    paid, roof = Plugin("paid", needs=("PAID_KEY",)), Plugin("roof", dependencies=["paid"])
    _, [finding] = await load_plugins(["roof"], settings(), home=home, at_hand=[paid, roof])
    assert str(finding) == "the plugin roof: needs the plugin paid: PAID_KEY is not set"


async def test_a_declared_setting_is_looked_up_in_the_shared_variables(home: Path) -> None:
    plugin = Plugin("units")
    plugin.setting("UNITS_OF_LOADER_TEST", help="Of heat.", default="celsius")
    fresh = settings(UNITS_OF_LOADER_TEST="kelvin")
    await load_plugins(["units"], fresh, home=home, at_hand=[plugin])
    assert fresh.get("UNITS_OF_LOADER_TEST") == "kelvin"
    assert settings().get("UNITS_OF_LOADER_TEST") == "celsius"


async def test_a_setting_that_is_somebody_elses_already_is_told(home: Path) -> None:
    def declaring(key: Key) -> Plugin:
        plugin = Plugin(f"p-{key.kind}")
        plugin.setting(key.name, help=key.help, default=key.default, kind=key.kind)
        return plugin

    plugins = [
        declaring(Key("CLASH_OF_LOADER_TEST", "number", "3", "How many.", "character")),
        declaring(Key("CLASH_OF_LOADER_TEST", "text", "", "What.", "character")),
        declaring(Key("OPENAI_API_KEY", "secret", "", "To be sure.", "character")),
    ]
    names = [one.name for one in plugins]
    loaded, [finding] = await load_plugins(names, settings(), home=home, at_hand=plugins)
    assert names_of(loaded) == names
    assert "CLASH_OF_LOADER_TEST is declared already, as number of character" in str(finding)


def test_the_spellings_of_one_name() -> None:
    for name in (
        "@elizaos/plugin-weather",
        "plugin-weather",
        "weather",
        "Weather",
        "client-weather",
    ):
        assert short(name) == "weather"
    assert short("@somebody/weather-station") == "weather-station"
    assert short("plugin") == "plugin"


def test_every_finding_is_one_line() -> None:
    _, findings = arranged([Pluggable("a", dependencies=("b",))], Settings(settings().environment))
    assert [type(one) for one in findings] == [Finding]
    assert "\n" not in str(findings[0])
