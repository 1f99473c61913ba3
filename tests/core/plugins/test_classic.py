"""Ported plugins: handlers, providers and evaluators as elizaOS' authors have written them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from core.messages import Attachment, Button, Content, Rank
from core.plugins.classic import Action, ActionResult, Evaluator, Plugin, Provider
from core.plugins.classic_calls import result_of, taking
from core.plugins.records import Deed
from core.secrets import Secret
from core.state import Section, State, compose
from tests.core import scenes
from tests.core.plugins.classic_turn import ATurn, memory, scene


async def nothing(runtime: Any, message: Any) -> None:
    return None


async def done(plugin: Plugin, turn: ATurn, given: Any = None, name: str = "") -> ActionResult:
    """Run a plugin's first action, or the one of that name."""
    actions = plugin.pluggable().repertoire.actions
    action = next(one for one in actions if name in ("", one.name))
    return await action.run(turn.as_turn, given)


def doing(handler: Any, **more: Any) -> Plugin:
    return Plugin("p", actions=[Action("DO", "Does.", handler, **more)])


# --- actions ---------------------------------------------------------------------------------


async def test_an_action_tells_how_it_goes_while_it_works() -> None:
    async def check_weather(
        runtime: Any, message: Any, state: Any, options: Any, callback: Any, responses: Any
    ) -> ActionResult:
        city = message.content.text.rpartition(" ")[2]
        told = await callback({"text": f"Looking at {city} ...", "actions": ["CHECK_WEATHER"]})
        assert told[0].content.text == "Looking at Oslo ..."
        await callback("Rain.")
        return ActionResult(success=True, text="rain", values={"sky": "grey"}, data={"city": city})

    turn = ATurn(message=memory("the weather in Oslo"))
    plugin = Plugin("weather", actions=[Action("CHECK_WEATHER", "Looks.", check_weather)])
    result = await done(plugin, turn)
    assert [one["text"] for one in turn.said] == ["Looking at Oslo ...", "Rain."]
    assert [one["actionName"] for one in turn.said] == ["CHECK_WEATHER"] * 2
    assert (result.values, result.data) == ({"sky": "grey"}, {"city": "Oslo"})


async def test_a_chained_action_finds_what_an_earlier_one_has_brought() -> None:
    seen: dict[str, Any] = {}

    async def book(runtime: Any, message: Any, state: Any, options: Any) -> dict[str, Any]:
        for context in (options.context, options["actionContext"], options.get("action_context")):
            assert context.previous_results[0].success
        flight = options.context.get_previous_result("FIND_FLIGHT")
        seen.update(number=flight.data["number"], price=flight.values["price"], state=state)
        assert options.context.getPreviousResult("NOT_DONE") is None
        return {"text": "booked"}

    found = ActionResult(text="found", values={"price": 90}, data={"number": "TR 7"})
    turn = ATurn(deeds=[Deed("FIND_FLIGHT", found)], state=State(values={"mood": "calm"}))
    result = await done(doing(book), turn)
    assert result == ActionResult(text="booked")
    assert (seen["number"], seen["price"]) == ("TR 7", 90)
    state = seen["state"]
    assert (state.values["price"], state["mood"], state.values.mood) == (90, "calm", "calm")
    assert state.data["actionResults"][0].data["actionName"] == "FIND_FLIGHT"
    assert state.data["workingMemory"][0].action_name == "FIND_FLIGHT"


async def test_the_plan_shows_what_is_done_and_what_is_under_way() -> None:
    plans: list[Any] = []

    async def act(runtime: Any, message: Any, state: Any, options: Any) -> None:
        plans.append(options["actionPlan"])

    deeds = [Deed("A", ActionResult()), Deed("B", ActionResult(success=False, error="away"))]
    await done(doing(act), ATurn(deeds=deeds))
    (plan,) = plans
    assert plan.current_step == 3
    assert [(one["action"], one.status) for one in plan["steps"]] == [
        ("A", "completed"),
        ("B", "failed"),
        ("DO", "pending"),
    ]


class City(BaseModel):
    city: str
    days: int = 1


async def test_validated_arguments_are_under_both_names() -> None:
    async def act(runtime: Any, message: Any, state: Any, options: Any) -> str:
        assert options["actionParams"] == options.params == {"city": "Oslo", "days": 1}
        return str(options.params.city)

    plugin = doing(act, arguments=City)
    assert plugin.pluggable().repertoire.actions[0].arguments is City
    assert (await done(plugin, ATurn(), City(city="Oslo"))).text == "Oslo"


async def test_the_message_answers_to_every_name_it_has() -> None:
    seen: list[Any] = []

    async def act(runtime: Any, message: Any) -> None:
        seen.append(message)

    turn = ATurn(message=memory("hi", source="telegram", extra={"mood": {"deepDown": "sad"}}))
    await done(doing(act), turn)
    (message,) = seen
    assert message.room_id == message["roomId"] == message.get("room_id") == "r1"
    assert message.entity_id == message.entityId == "robin"
    assert message.content["text"] == message["content"].get("text") == "hi"
    assert message.content.mood.deep_down == "sad"
    assert message.content.attachments is None
    assert message.created_at == 1_795_262_400_000
    assert message.metadata["source_id"] == "9"
    assert message.memory is turn.message
    assert orjson.loads(orjson.dumps(message))["agentId"] == "ada"
    with pytest.raises(KeyError):
        message["nothing"]


async def test_a_handler_that_blocks_does_not_hold_the_loop() -> None:
    go_on = threading.Event()

    def waits(runtime: Any, message: Any) -> str:
        assert go_on.wait(10)
        return "waited"

    turn = ATurn()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(done(doing(waits), turn))
        await asyncio.sleep(0)
        go_on.set()  # nobody could come here if it ran on the loop
    assert waiting.result().text == "waited"


async def test_whoever_is_asked_first_is_asked_with_message_and_state() -> None:
    async def validate(runtime: Any, message: Any, state: Any) -> bool:
        return bool(runtime.ready and message.content.text and state.get("mood") == "calm")

    action = doing(nothing, validate=validate).pluggable().repertoire.actions[0]
    runtime = SimpleNamespace(ready=True)
    calm = State(values={"mood": "calm"})
    assert action.offered is not None
    for turn, offered in (
        (ATurn(runtime=runtime, state=calm), True),
        (ATurn(runtime=runtime), False),
    ):
        answer = action.offered(turn.as_turn)
        assert not isinstance(answer, bool)
        assert await answer is offered


def test_an_action_without_validate_is_offered_always() -> None:
    assert doing(nothing).pluggable().repertoire.actions[0].offered is None


def test_what_we_add_to_an_action_reaches_the_flow() -> None:
    plugin = Plugin(
        "p",
        actions=[
            Action(
                "look up",
                "Looks.",
                nothing,
                similes=["FIND"],
                examples=[[{"name": "Robin", "content": {"text": "look"}}]],
                who=Rank.ADMIN,
                idempotent=True,
                tells=True,
            )
        ],
    )
    (action,) = plugin.pluggable().repertoire.actions
    assert (action.name, action.who, action.plugin) == ("LOOK_UP", Rank.ADMIN, "p")
    assert (action.idempotent, action.tells, action.similes) == (True, True, ("FIND",))


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (None, ActionResult()),
        (True, ActionResult()),
        (False, ActionResult(success=False)),
        ("rain", ActionResult(text="rain")),
        ("half \ud83d", ActionResult(text="half ?")),
        ({"text": "rain"}, ActionResult(text="rain")),
        ({"success": False, "error": "away"}, ActionResult(success=False, error="away")),
        ({"data": {"n": 1}, "mood": "up"}, ActionResult(data={"mood": "up", "n": 1})),
        ({"success": False, "error": ValueError("bad")}, ActionResult(success=False, error="bad")),
        (
            {"success": False, "error": {"code": "CRITICAL_ERROR", "message": "gone"}},
            ActionResult(success=False, error="gone", critical=True),
        ),
        (
            {"success": False, "critical": True},
            ActionResult(success=False, critical=True),
        ),
        ([object()], ActionResult()),
        (ActionResult(text="as it is"), ActionResult(text="as it is")),
    ],
)
def test_whatever_a_handler_returns_becomes_a_result(answer: object, result: ActionResult) -> None:
    assert result_of(answer) == result


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                ["success", "text", "values", "data", "error", "critical", "code", "x"]
            ),
            inner,
        )
        | st.dictionaries(st.integers() | st.text(), inner)
    ),
    max_leaves=12,
)


@given(_ANYTHING)
def test_no_answer_is_too_odd_and_every_result_can_be_written_down(answer: object) -> None:
    result = result_of(answer)
    written = orjson.dumps([result.text, result.values, result.data, result.error])
    assert orjson.loads(written)[1:3] == [result.values, result.data]


def test_results_are_what_json_knows_and_no_secret_gets_into_them() -> None:
    result = result_of({"data": {"who": {1}, 2: Secret("do-not-show"), "at": threading}})
    assert orjson.loads(orjson.dumps(result.data))["who"] == [1]
    assert "do-not-show" not in str(result)


def test_a_result_that_contains_itself_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    endless: dict[str, Any] = {}
    endless["self"] = endless
    assert result_of({"text": "rain", "data": endless}) == ActionResult(text="rain")
    assert "cannot be written down" in caplog.text


# --- speaking --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", ["", "  ", None, {"actions": ["IGNORE"]}, {"text": None}, Content("")]
)
async def test_content_without_words_says_nothing(content: Any) -> None:
    async def act(runtime: Any, message: Any, callback: Any) -> None:
        assert await callback(content) == []

    turn = ATurn()
    await done(doing(act), turn)
    assert turn.said == []


async def test_pictures_and_buttons_go_with_the_words() -> None:
    async def act(*six: Any) -> None:
        await six[4](
            {
                "text": "Which one?",
                "thought": "they must choose",
                "attachments": [
                    {"url": "file:cat.png", "contentType": "image/png", "title": "cat"}
                ],
                "buttons": [
                    {"text": "Docs", "kind": "url", "url": "https://example.org"},
                    {"label": "This", "value": "one"},
                    Button("That", "two"),
                ],
            }
        )

    turn = ATurn()
    await done(doing(act), turn)
    (said,) = turn.said
    assert said["files"] == (Attachment("file:cat.png", "image/png", name="cat"),)
    assert said["buttons"] == (
        Button("Docs", url="https://example.org"),
        Button("This", "one"),
        Button("That", "two"),
    )
    assert said["thought"] == "they must choose"


async def test_the_second_argument_names_the_action_or_brings_files() -> None:
    async def act(runtime: Any, message: Any, callback: Any) -> None:
        await callback({"text": "one"}, "OTHER")
        await callback({"text": "two"}, ["/tmp/cat.png"])
        await callback({}, files=["/tmp/dog.png"])

    turn = ATurn()
    await done(doing(act), turn)
    assert [one["actionName"] for one in turn.said] == ["OTHER", "DO", "DO"]
    assert [[file.name for file in one["files"]] for one in turn.said] == [
        [],
        ["cat.png"],
        ["dog.png"],
    ]


async def test_our_own_content_is_said_as_well() -> None:
    async def act(runtime: Any, message: Any, callback: Any) -> None:
        await callback(Content("Hello.", thought="polite", extra={"mood": "calm"}))

    turn = ATurn()
    await done(doing(act), turn)
    assert [(one["text"], one["thought"], one["mood"]) for one in turn.said] == [
        ("Hello.", "polite", "calm")
    ]


# --- calls -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "got"),
    [
        (lambda: (), ()),
        (lambda runtime: (runtime,), (1,)),
        (lambda rt, msg: (rt, msg), (1, 2)),
        (lambda runtime, message, callback: (runtime, message, callback), (1, 2, 3)),
        (lambda _runtime, message, _state: (message,), (2,)),
        (lambda *all_: all_, (1, 2, 3)),
        (lambda runtime, *, callback=None: (runtime, callback), (1, 3)),
        (lambda runtime, **more: (runtime, more), (1, {})),
        (lambda a, b, c, d=4: (a, b, c, d), (1, 2, 3, 4)),
    ],
)
def test_a_function_gets_what_it_takes(function: Any, got: tuple[Any, ...]) -> None:
    assert taking(function, "runtime", "message", "callback")(1, 2, 3) == got


def test_a_function_that_asks_for_more_is_refused() -> None:
    with pytest.raises(TypeError, match="asks for `b`"):
        taking(lambda a, b: None, "runtime")


# --- providers and evaluators ----------------------------------------------------------------


async def test_a_provider_reads_what_earlier_ones_have_said() -> None:
    async def get(runtime: Any, message: Any, state: Any) -> dict[str, Any]:
        weather = state.data["providers"]["WEATHER"]
        assert weather["text"] == state.data.providers.WEATHER.text == "It rains."
        assert [one.provider_name for one in state.data.provider_data] == ["WEATHER"]
        return {
            "text": f"Take an umbrella to {weather['data']['city']}.",
            "values": {"umbrella": weather["values"]["rain"]},
            "data": {"kind": "large"},
        }

    plugin = Plugin("p", providers=[Provider("ADVICE", get, "Advises.", 20, dynamic=True)])
    (provider,) = plugin.pluggable().repertoire.providers
    told = Section("WEATHER", "It rains.", 10, {"rain": True}, {"city": "Oslo"})
    before = State((told,))
    state = await compose(scene(ATurn()), [provider], ["ADVICE"], only=True, onto=before)
    section = next(one for one in state.sections if one.name == "ADVICE")
    assert section.text == "Take an umbrella to Oslo."
    assert (section.values, section.data) == ({"umbrella": True}, {"kind": "large"})
    assert (provider.position, provider.dynamic, provider.plugin) == (20, True, "p")


@pytest.mark.parametrize(
    ("answer", "text"), [(None, ""), ("words", "words"), ({"text": "words"}, "words"), ({}, "")]
)
async def test_every_part_of_what_a_provider_gives_is_optional(answer: Any, text: str) -> None:
    plugin = Plugin("p", providers=[Provider("P", lambda runtime, message: answer)])
    state = await compose(scene(ATurn()), plugin.pluggable().repertoire.providers)
    assert state["P"] == text


async def test_without_a_turn_a_ported_provider_says_nothing() -> None:
    asked: list[Mapping[str, Any]] = []
    plugin = Plugin("p", providers=[Provider("P", asked.append)])
    (provider,) = plugin.pluggable().repertoire.providers
    assert (await compose(scene(ATurn()), [provider])).sections == ()
    assert len(asked) == 1
    assert (await compose(scenes.direct(), [provider])).sections == ()
    assert len(asked) == 1


async def test_an_evaluator_writes_into_a_table_of_its_own() -> None:
    kept: list[tuple[str, str]] = []

    async def create_memory(memory: Mapping[str, Any], table_name: str) -> str:
        kept.append((table_name, memory["content"]["text"]))
        return "id"

    async def handler(runtime: Any, message: Any, state: Any) -> None:
        text = f"{len(message.content.text)} letters"
        await runtime.create_memory({"content": {"text": text}}, "analysis")

    async def validate(runtime: Any, message: Any) -> bool:
        return "?" not in message.content.text

    plugin = Plugin(
        "p", evaluators=[Evaluator("COUNT", "Counts.", handler, validate, always_run=True)]
    )
    (evaluator,) = plugin.pluggable().repertoire.evaluators
    turn = ATurn(message=memory("hello"), runtime=SimpleNamespace(create_memory=create_memory))
    assert evaluator.wanted is not None
    wanted = evaluator.wanted(turn.as_turn)
    assert not isinstance(wanted, bool)
    assert await wanted
    await evaluator.run(turn.as_turn)
    assert kept == [("analysis", "5 letters")]
    assert evaluator.always
