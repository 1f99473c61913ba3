"""A character's plugins: set up in order, taken off one by one, closed in reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.errors import BadInput, Finding
from core.events import Events
from core.plugins import EventType, ModelType, Plugin, Service, Turn
from core.plugins.equipment import Equipment
from core.plugins.records import Action, ActionResult, Pluggable, Repertoire
from core.plugins.typed_testing import ImaginedTurn
from core.settings.layers import Settings
from tests.core.plugins.turns import ADA, settings


class Told:
    """What happened, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        self.lines.append(line)


class Forecast:
    def __init__(self, name: str = "") -> None:
        self.name = name


async def _nothing(turn: Turn, arguments: Any) -> ActionResult:
    return ActionResult()


def action(name: str, plugin: str = "") -> Action:
    return Action(name, "Does it.", _nothing, plugin=plugin)


def simple(name: str, *needs: str, **more: Any) -> Pluggable:
    """A plugin with one action of its name and one listener."""
    return Pluggable(
        name,
        Repertoire(actions=(action(name.upper(), name),), listeners={"PING": (lambda _: None,)}),
        dependencies=needs,
        **more,
    )


def equipment(*plugins: Pluggable | Plugin, events: Events | None = None, **more: Any) -> Equipment:
    taken = [one.pluggable() if isinstance(one, Plugin) else one for one in plugins]
    built_in = Repertoire(actions=(action("REPLY"),))
    return Equipment(
        ADA,
        settings(),
        taken,
        built_in,
        events or Events(),
        **{"opening": 0.1, "closing": 0.1, **more},
    )


def actions_of(gear: Equipment) -> list[str]:
    return [one.name for one in gear.repertoire.actions]


def opening(plugin: str, told: Told, *, fails: Exception | None = None) -> Any:
    @asynccontextmanager
    async def opens(settings: Settings) -> AsyncIterator[Forecast]:
        if fails is not None:
            raise fails
        told(f"{plugin} opens")
        yield Forecast(plugin)
        told(f"{plugin} closes")

    return opens


def serving(name: str, told: Told) -> type[Service]:
    class Serving(Service):
        service_type = name

        @classmethod
        async def start(cls, runtime: Any) -> Any:
            told(f"{name} starts for {runtime}")
            return cls(runtime)

        async def stop(self) -> None:
            told(f"{name} stops")

    return Serving


# --- in order -------------------------------------------------------------------------------------


async def test_services_start_after_all_plugins_and_everything_closes_in_reverse() -> None:
    told = Told()

    async def init(config: Mapping[str, Any], runtime: Any) -> None:
        told(f"init with {config['x']} for {runtime}")

    first = simple(
        "one",
        init=init,
        config={"x": 7},
        resources=(opening("one", told),),
        services=(serving("s1", told), serving("s2", told)),
    )
    second = simple("two", resources=(opening("two", told),), services=(serving("s3", told),))
    async with equipment(first, second) as gear:
        await gear.start("ada")
        await gear.start("again")
        assert list(gear.services) == ["s1", "s2", "s3"]
        assert gear.troubles == []
        told("it plays")
    assert told.lines == [
        "init with 7 for ada",
        "one opens",
        "two opens",
        "s1 starts for ada",
        "s2 starts for ada",
        "s3 starts for ada",
        "it plays",
        "s3 stops",
        "s2 stops",
        "s1 stops",
        "two closes",
        "one closes",
    ]


async def test_what_plugins_add_stands_behind_what_is_built_in() -> None:
    async with equipment(simple("tea"), simple("reply")) as gear:
        assert actions_of(gear) == ["REPLY", "TEA"]
        assert [str(one) for one in gear.troubles] == [
            "the plugin reply of Ada: action REPLY is there already"
        ]


async def test_listeners_hear_once_the_plugin_is_set_up_and_no_longer_when_it_closes() -> None:
    events, heard = Events(), Told()
    plugin = Plugin("ears")

    @plugin.on("message:received")
    async def hear(payload: Mapping[str, Any]) -> None:
        heard(payload["text"])

    async with equipment(plugin, events=events) as gear:
        await events.emit(EventType.MESSAGE_RECEIVED, {"text": "too early"})
        await gear.start(None)
        await events.emit(EventType.MESSAGE_RECEIVED, {"text": "in time"})
    await events.emit(EventType.MESSAGE_RECEIVED, {"text": "too late"})
    assert heard.lines == ["in time"]
    assert not events.wanted(EventType.MESSAGE_RECEIVED)


async def test_a_plugin_finds_its_own_resource_before_another_plugins_one() -> None:
    told, found = Told(), Told()
    plugins = []
    for name in ("one", "two"):
        plugin = Plugin(name)
        plugin.resource(opening(name, told))

        @plugin.action(name=f"ask {name}")
        async def ask(turn: Turn) -> None:
            """Ask."""
            found(turn.use(Forecast).name)

        plugins.append(plugin)
    async with equipment(*plugins) as gear:
        await gear.start(None)

        class Using(ImaginedTurn):
            use = gear.use

        for one in gear.repertoire.actions[1:]:
            await one.run(Using(), None)
        assert gear.use(Forecast).name == "one"
        with pytest.raises(LookupError, match="has opened a dict"):
            gear.use(dict)
    assert found.lines == ["one", "two"]


async def test_tables_are_made_before_services_start() -> None:
    told = Told()

    class Tables:
        async def extend(self, owner: str, schema: Any) -> None:
            told(f"{schema} of {owner}")

    plugin = Pluggable(
        "book", Repertoire(schemas={"book": "pages"}), services=(serving("s", told),)
    )
    async with equipment(plugin, store=Tables()) as gear:
        await gear.start("ada")
    assert told.lines[:2] == ["pages of book", "s starts for ada"]


async def test_models_are_registered_and_forgotten_with_their_plugin() -> None:
    told = Told()

    class Models:
        def register(self, character: Any, kind: ModelType, handler: Any, **more: Any) -> None:
            told(f"{kind} {more['provider']} {more['priority']} for {more['runtime']}")

        def unregister(self, character: Any) -> None:
            told(f"none of {character == ADA.agent_id}")

    plugin = Plugin("brain")

    @plugin.model(ModelType.TEXT_LARGE, priority=3)
    async def think(runtime: Any, params: Any) -> str:
        return "hm"

    async with equipment(plugin, models=Models()) as gear:
        await gear.start("ada")
        assert told.lines == ["none of True", "TEXT_LARGE brain 3 for ada"]
    assert told.lines[-1] == "none of True"


# --- one that fails, and the others ---------------------------------------------------------------


async def raising(config: Mapping[str, Any], runtime: Any) -> None:
    raise RuntimeError("the wheel came off")


async def exiting(config: Mapping[str, Any], runtime: Any) -> None:
    raise SystemExit(1)


async def cancelling(config: Mapping[str, Any], runtime: Any) -> None:
    raise asyncio.CancelledError


async def hanging(config: Mapping[str, Any], runtime: Any) -> None:
    await asyncio.Event().wait()


async def stubborn(config: Mapping[str, Any], runtime: Any) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


def no_coroutine(config: Mapping[str, Any], runtime: Any) -> None:
    raise OSError("no file")


@pytest.mark.parametrize(
    ("init", "why"),
    [
        (raising, "RuntimeError at test_equipment.py:"),
        (exiting, "it wanted to exit"),
        (cancelling, "it was cancelled"),
        (hanging, "it has not come within 0.1 s"),
        (stubborn, "it would not stop after 0.1 s"),
        (no_coroutine, "no file"),
    ],
)
async def test_an_init_that_fails_takes_its_plugin_off_and_nothing_else(
    init: Callable[..., Awaitable[None]], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told()
    events = Events()
    bad = simple("bad", init=init, resources=(opening("bad", told),))
    async with equipment(bad, simple("good", init=None), events=events) as gear:
        await gear.start(None)
        assert actions_of(gear) == ["REPLY", "GOOD"]
        assert [one.name for one in gear.plugins] == ["good"]
        assert why in str(gear.troubles[0])
        assert str(gear.troubles[0]).startswith("the plugin bad of Ada: it is off: ")
    assert told.lines == []
    assert len(gear.troubles) == 1


@pytest.mark.parametrize("fails", [RuntimeError("broken"), ConnectionError("refused")])
async def test_a_resource_that_does_not_open_closes_what_was_open_before(fails: Exception) -> None:
    told = Told()
    bad = simple("bad", resources=(opening("bad", told), opening("second", told, fails=fails)))
    good = simple("good", resources=(opening("good", told),))
    async with equipment(bad, good) as gear:
        await gear.start(None)
        assert actions_of(gear) == ["REPLY", "GOOD"]
        assert gear.use(Forecast).name == "good"
        told("it plays")
    assert told.lines == ["bad opens", "bad closes", "good opens", "it plays", "good closes"]


async def test_a_resource_that_hangs_takes_its_plugin_off() -> None:
    @asynccontextmanager
    async def never(settings: Settings) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield

    async with equipment(simple("bad", resources=(never,)), simple("good")) as gear:
        await gear.start(None)
        assert actions_of(gear) == ["REPLY", "GOOD"]


async def test_what_breaks_while_it_is_held_takes_its_plugin_off_and_nobody_else() -> None:
    breaks, stopped = asyncio.Event(), asyncio.Event()

    class Serving(Service):
        service_type = "s"

        async def stop(self) -> None:
            stopped.set()

    async def child() -> None:
        await breaks.wait()
        raise OSError("the line is dead")

    @asynccontextmanager
    async def with_a_child(settings: Settings) -> AsyncIterator[Forecast]:
        async with asyncio.TaskGroup() as group:
            group.create_task(child())
            yield Forecast()

    bad = simple("bad", resources=(with_a_child,), services=(Serving,))
    async with equipment(bad, simple("good"), simple("above", "bad")) as gear:
        await gear.start(None)
        assert isinstance(gear.use(Forecast), Forecast)
        breaks.set()
        await stopped.wait()
        assert actions_of(gear) == ["REPLY", "GOOD"]
        assert gear.get_service("s") is None
        with pytest.raises(LookupError):
            gear.use(Forecast)
        assert "the line is dead" in str(gear.troubles[0])
        assert str(gear.troubles[1]) == "the plugin above of Ada: is off: it needs bad"


async def test_what_depends_on_a_plugin_that_fails_is_off_too() -> None:
    told = Told()
    plugins = (
        simple("ground", init=raising),
        simple("wall", "@elizaos/plugin-ground", init=lambda *_: told("wall")),
        simple("roof", "wall"),
        simple("tree"),
    )
    async with equipment(*plugins) as gear:
        await gear.start(None)
        assert actions_of(gear) == ["REPLY", "TREE"]
    assert told.lines == []
    assert [str(one).partition(": ")[2] for one in gear.troubles[1:]] == [
        "is off: it needs ground",
        "is off: it needs wall",
    ]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("API key is missing"),
        ValueError("Please set your environment variables"),
        ValueError("Invalid plugin configuration: x"),
        BadInput(Finding("WEATHER_KEY", "is no key")),
    ],
)
async def test_a_missing_configuration_is_a_warning_and_no_bug(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def init(config: Mapping[str, Any], runtime: Any) -> None:
        raise error

    async with equipment(simple("bad", init=init)) as gear:
        await gear.start(None)
        assert actions_of(gear) == ["REPLY"]
        assert gear.troubles[0].mend == "Set it in .env or in the character's file"
    [record] = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert record.exc_info is None


async def test_what_an_init_has_registered_by_itself_goes_with_it() -> None:
    gear_of_bad: list[Equipment] = []
    events = Events()

    async def init(config: Mapping[str, Any], runtime: Any) -> None:
        gear = gear_of_bad[0]
        more = Repertoire(actions=(action("LATE"),), listeners={"PING": (lambda _: None,)})
        assert gear.add(more) == ()
        assert gear.add(Repertoire(actions=(action("REPLY"),))) == ("action REPLY",)
        await gear.register_service(serving("late", Told()))
        assert "LATE" in actions_of(gear)
        raise RuntimeError("after all that")

    async with equipment(simple("bad", init=init), events=events) as gear:
        gear_of_bad.append(gear)
        await gear.start(None)
        assert actions_of(gear) == ["REPLY"]
        assert gear.services == {}
        assert not events.wanted("PING")


async def test_what_is_registered_while_it_plays_stays() -> None:
    async with equipment() as gear:
        await gear.start("ada")
        gear.add(Repertoire(actions=(action("NEW"),)))
        await gear.register_service(serving("new", Told()))
        assert actions_of(gear) == ["REPLY", "NEW"]
        assert list(gear.services) == ["new"]


async def test_an_action_may_start_a_service_of_its_plugin() -> None:
    plugin, told = Plugin("late"), Told()

    @plugin.action
    async def open_shop(turn: Turn) -> None:
        """Open the shop."""
        await gear.register_service(serving("shop", told))

    async with equipment(plugin) as gear:
        await gear.start("ada")
        await gear.repertoire.actions[1].run(ImaginedTurn(), None)
        assert list(gear.services) == ["shop"]
    assert told.lines == ["shop starts for ada", "shop stops"]


async def test_one_that_does_not_close_keeps_nobody_else_from_closing() -> None:
    told = Told()

    @asynccontextmanager
    async def clinging(settings: Settings) -> AsyncIterator[None]:
        yield
        await asyncio.Event().wait()

    @asynccontextmanager
    async def bursting(settings: Settings) -> AsyncIterator[None]:
        yield
        raise RuntimeError("burst")

    plugins = (
        simple("one", resources=(opening("one", told),)),
        simple("two", resources=(clinging, bursting)),
        simple("three", resources=(opening("three", told),)),
    )
    async with equipment(*plugins) as gear:
        await gear.start(None)
    assert told.lines == ["one opens", "three opens", "three closes", "one closes"]


async def test_an_error_of_the_gateways_own_comes_through_as_it_is() -> None:
    told = Told()

    async def play() -> None:
        async with equipment(simple("one", resources=(opening("one", told),))) as gear:
            await gear.start(None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await play()
    assert told.lines == ["one opens", "one closes"]


async def test_stopped_in_mid_start_nothing_stays_open() -> None:
    told, begun = Told(), asyncio.Event()

    @asynccontextmanager
    async def slow(settings: Settings) -> AsyncIterator[None]:
        begun.set()
        try:
            await asyncio.Event().wait()
            yield
        finally:
            told("slow is left")

    async def play() -> None:
        plugins = (
            simple("one", resources=(opening("one", told),)),
            simple("slow", resources=(slow,)),
        )
        async with equipment(*plugins, opening=60.0) as gear:
            await gear.start(None)

    async with asyncio.TaskGroup() as group:
        playing = group.create_task(play())
        await begun.wait()
        playing.cancel()
    assert playing.cancelled()
    assert sorted(told.lines) == ["one closes", "one opens", "slow is left"]


async def test_one_character_failing_leaves_another_with_the_same_plugin() -> None:
    def needs_ada(settings: Settings) -> Any:
        if settings.character_name != "Ada":
            raise RuntimeError("not hers")
        return opening("x", Told())(settings)

    plugin = simple("x", resources=(needs_ada,))
    bob = Equipment(ADA, settings("Bob"), [plugin], Repertoire(), Events())
    async with equipment(plugin) as hers, bob as his:
        await hers.start(None)
        await his.start(None)
        assert actions_of(hers) == ["REPLY", "X"]
        assert actions_of(his) == []
