"""The typed door: what functions say by themselves, and what is refused at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import BaseModel, Field

from core.plugins import ActionResult, EventType, ModelType, Plugin, Rank, Section, Service, Turn
from core.plugins.records import Action
from core.plugins.typed_testing import ImaginedTurn, settings_for
from core.plugins.typed_threads import Threads
from core.settings.context import RequestContext, current, request_scope
from core.settings.layers import Settings
from core.state import Provider, compose
from tests.core.plugins.turns import scene_of, settings


class Place(BaseModel):
    city: str = Field(description="City to look up, in English")


class Forecast:
    async def now(self, city: str) -> str:
        return f"{city}: rain"


def weather() -> Plugin:
    plugin = Plugin("weather", "What the sky does.", needs=("WEATHER_KEY",))

    @plugin.provider(position=20)
    async def units(turn: Turn) -> str:
        """How warm is said."""
        return f"Give temperatures in {turn.settings.get('WEATHER_UNITS') or 'celsius'}."

    @plugin.action
    async def check_weather(turn: Turn, place: Place) -> str:
        """Look up the weather now in a city
        the user names.

        It is asked of a service in Norway.
        """
        return await turn.use(Forecast).now(place.city)

    return plugin


def only_action(plugin: Plugin) -> Action:
    [action] = plugin.pluggable().repertoire.actions
    return action


def only_provider(plugin: Plugin) -> Provider:
    [provider] = plugin.pluggable().repertoire.providers
    return provider


async def test_name_docstring_and_argument_model_are_the_tool() -> None:
    action = only_action(weather())
    assert action.name == "CHECK_WEATHER"
    assert action.description == "Look up the weather now in a city the user names."
    assert action.arguments is Place
    assert action.plugin == "weather"
    assert action.tells
    result = await action.run(ImaginedTurn(things=(Forecast(),)), Place(city="Oslo"))
    assert result == ActionResult(text="Oslo: rain")


async def test_a_provider_speaks_with_its_name_at_its_position() -> None:
    turn = ImaginedTurn(settings=settings_for(WEATHER_UNITS="kelvin"))
    state = await compose(scene_of(turn), [only_provider(weather())])
    assert state.sections == (Section("UNITS", "Give temperatures in kelvin.", 20),)
    assert only_provider(weather()).description == "How warm is said."


async def test_a_function_stays_what_it_is() -> None:
    plugin = Plugin("stays")

    @plugin.action(who=Rank.ADMIN, similes=["chuck out"], idempotent=True)
    async def throw_out(turn: Turn) -> None:
        """Throw somebody out."""
        await turn.say("Out!")

    turn = ImaginedTurn()
    await throw_out(turn)
    assert turn.said == ["Out!"]
    action = only_action(plugin)
    assert (action.who, action.idempotent, action.similes) == (Rank.ADMIN, True, ("CHUCK_OUT",))
    assert await action.run(turn, None) == ActionResult()


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        ("seven", ActionResult(text="seven")),
        (None, ActionResult()),
        (True, ActionResult()),
        (False, ActionResult(success=False, error="it did not work")),
        (ActionResult(text="as it is"), ActionResult(text="as it is")),
        ({"text": "a", "values": {"n": 1}}, ActionResult(text="a", values={"n": 1})),
        ({"error": "gone"}, ActionResult(success=False, error="gone")),
        ({"text": "a", "likes": 3}, ActionResult(text="a", data={"likes": 3})),
    ],
)
async def test_whatever_comes_back_becomes_a_result(answer: Any, result: ActionResult) -> None:
    plugin = Plugin("answers")

    @plugin.action
    async def find_out(turn: Turn) -> Any:
        """Find something out."""
        return answer

    assert await only_action(plugin).run(ImaginedTurn(), None) == result


async def test_what_is_no_result_is_refused_by_name() -> None:
    plugin = Plugin("answers")

    @plugin.action
    async def find_out(turn: Turn) -> Any:
        """Find something out."""
        return 7

    with pytest.raises(TypeError, match="FIND_OUT gave back int"):
        await only_action(plugin).run(ImaginedTurn(), None)


async def test_an_action_that_says_is_not_told_a_second_time() -> None:
    plugin = Plugin("dice")

    @plugin.action(says=True)
    async def roll(turn: Turn) -> str:
        """Roll a die."""
        return "A four."

    turn = ImaginedTurn()
    result = await only_action(plugin).run(turn, None)
    assert turn.said == ["A four."]
    assert result.text == "A four."
    assert not only_action(plugin).tells


async def test_blocking_code_does_not_hold_the_loop() -> None:
    plugin = Plugin("slow")
    released = threading.Event()

    @plugin.action
    def dig(turn: Turn) -> str:
        """Dig deep."""
        released.wait(10)
        return f"dug for {current().entity_id}"  # type: ignore[union-attr]  # it is set below

    async def digs() -> ActionResult:
        return await only_action(plugin).run(ImaginedTurn(), None)

    with request_scope(RequestContext("bob")):
        async with asyncio.TaskGroup() as group:
            digging = group.create_task(digs())
            await asyncio.sleep(0.01)
            assert not digging.done()
            released.set()
    assert digging.result().text == "dug for bob"


async def test_more_blocking_calls_than_threads_wait_for_one_another() -> None:
    threads = Threads("few", most=2)
    at_once: list[int] = []
    busy = 0

    def work() -> str:
        nonlocal busy
        busy += 1
        at_once.append(busy)
        time.sleep(0.005)
        busy -= 1
        return threading.current_thread().name

    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(threads.run(work)) for _ in range(8)]
    assert max(at_once) <= 2
    assert {call.result() for call in calls} == {"plugin few"}


async def test_what_hangs_in_one_plugin_leaves_the_threads_of_another() -> None:
    hung, other = Threads("hung", most=1), Threads("other", most=1)
    never = threading.Event()
    try:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(hung.run(never.wait))
            behind = group.create_task(hung.run(int))
            assert await other.run(lambda: "fine") == "fine"
            assert not behind.done()
            waiting.cancel()
            behind.cancel()
    finally:
        never.set()


async def test_a_thread_that_hangs_is_replaced_when_its_caller_has_left() -> None:
    threads, never = Threads("hung", most=1), threading.Event()
    try:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await threads.run(never.wait)
            assert await threads.run(lambda: "fine") == "fine"
    finally:
        never.set()
    assert await threads.run(lambda: "fine") == "fine"


async def test_code_that_ends_the_process_ends_its_own_call_only() -> None:
    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(RuntimeError, match="wanted to end the process"):
        await Threads("leaver").run(leave)


async def test_every_part_of_a_plugin_comes_out_of_it() -> None:
    plugin = Plugin("all", dependencies=["weather"], priority=50)
    heard: list[Mapping[str, Any]] = []

    @plugin.evaluator(always=True)
    async def look_back(turn: Turn) -> None:
        """Think about it."""

    @plugin.on(EventType.MESSAGE_SENT)
    async def sent(payload: Mapping[str, Any]) -> None:
        heard.append(payload)

    @plugin.task("REMIND")
    async def remind(runtime: Any, options: Mapping[str, Any]) -> str:
        return f"{runtime}: {options['what']}"

    @plugin.route("GET", "/sky", public=True)
    async def sky(request: Any) -> dict[str, str]:
        return {"sky": "blue"}

    @plugin.model(ModelType.TEXT_SMALL, priority=9)
    async def small(runtime: Any, params: Mapping[str, Any]) -> str:
        return params["prompt"].upper()  # type: ignore[no-any-return]

    @plugin.service
    class Clouds(Service):
        service_type = "clouds"

    plugin.setting("SKY_KEY", help="Opens the sky.", kind="secret")
    plugin.schema("tables")
    taken = plugin.pluggable()
    parts = taken.repertoire
    assert (taken.dependencies, taken.priority, taken.services) == (("weather",), 50, (Clouds,))
    assert [(one.name, one.always) for one in parts.evaluators] == [("LOOK_BACK", True)]
    await parts.listeners["MESSAGE_SENT"][0]({"runtime": 1})
    assert heard == [{"runtime": 1}]
    assert await parts.workers[0].run("ada", {"what": "tea"}, None) == "ada: tea"
    [route] = parts.routes
    assert (route.method, route.path, route.public, route.name) == ("GET", "/sky", True, "sky")
    assert route.handler is not None
    assert await route.handler("request", "runtime") == {"sky": "blue"}
    [model] = parts.models
    assert (model.kind, model.provider, model.priority) == (ModelType.TEXT_SMALL, "all", 9)
    assert await model.handler(None, {"prompt": "hi"}) == "HI"
    assert parts.settings[0].name == "SKY_KEY"
    assert parts.schemas == {"all": "tables"}


async def test_a_resource_may_be_a_function_that_yields_once() -> None:
    plugin = Plugin("opened")

    @plugin.resource
    async def one(settings: Settings) -> AsyncIterator[str]:
        yield "one"

    @plugin.resource
    @asynccontextmanager
    async def two(settings: Settings) -> AsyncIterator[str]:
        yield "two"

    opened = []
    for opens in plugin.pluggable().resources:
        async with opens(settings()) as thing:
            opened.append(thing)
    assert opened == ["one", "two"]


# --- what is refused, in a sentence ----------------------------------------------------------------


async def test_an_action_without_a_turn_is_refused() -> None:
    with pytest.raises(TypeError, match=r"go takes nothing; an action takes \(turn\) or \(turn, "):

        @Plugin("bad").action  # type: ignore[type-var]
        async def go() -> None:
            """Go."""


async def test_an_action_with_too_many_arguments_is_refused() -> None:
    with pytest.raises(TypeError, match=r"go takes \(turn, place, when\)"):

        @Plugin("bad").action  # type: ignore[type-var]
        async def go(turn: Turn, place: Place, when: str) -> None:
            """Go."""


async def test_arguments_that_are_no_model_are_refused() -> None:
    with pytest.raises(TypeError, match="city of go must be a pydantic model, and is str"):

        @Plugin("bad").action
        async def go(turn: Turn, city: str) -> None:
            """Go."""


async def test_arguments_without_a_type_are_refused() -> None:
    with pytest.raises(TypeError, match="go does not say what place is"):

        @Plugin("bad").action
        async def go(turn: Turn, place) -> None:  # type: ignore[no-untyped-def]
            """Go."""


async def test_arguments_of_an_unknown_type_are_refused() -> None:
    with pytest.raises(TypeError, match="the type of place in go cannot be found"):

        @Plugin("bad").action
        async def go(turn: Turn, place: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
            """Go."""


async def test_an_action_that_no_model_could_understand_is_refused() -> None:
    with pytest.raises(TypeError, match="GO has no docstring"):

        @Plugin("bad").action
        async def go(turn: Turn) -> None: ...


async def test_a_model_of_arguments_may_stand_inside_a_function() -> None:
    class Inside(BaseModel):
        n: int

    plugin = Plugin("inside")

    @plugin.action
    async def count(turn: Turn, how: Inside) -> str:
        """Count."""
        return str(how.n)

    assert only_action(plugin).arguments is Inside


async def test_two_of_one_name_are_refused() -> None:
    plugin = weather()
    with pytest.raises(ValueError, match="weather has two of one name: action CHECK_WEATHER"):

        @plugin.action(name="check weather")
        async def again(turn: Turn) -> None:
            """Again."""


async def test_a_function_that_yields_is_refused() -> None:
    with pytest.raises(TypeError, match="go yields, and an action must return"):

        @Plugin("bad").action  # type: ignore[type-var]
        async def go(turn: Turn) -> AsyncIterator[str]:
            """Go."""
            yield "no"


@pytest.mark.parametrize("name", ["", "Two Words", "1st", "-x"])
async def test_a_plugin_wants_a_name_that_fits_into_a_path(name: str) -> None:
    with pytest.raises(ValueError, match="is no name for a plugin"):
        Plugin(name)


async def test_a_service_without_a_type_is_refused() -> None:
    with pytest.raises(TypeError, match="Nameless has no service_type"):

        @Plugin("bad").service
        class Nameless(Service): ...


async def test_a_secret_with_a_default_is_refused() -> None:
    with pytest.raises(ValueError, match="a secret has no default"):
        Plugin("bad").setting("BAD_KEY", help="", kind="secret", default="abc")
