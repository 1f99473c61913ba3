"""The classic plugin object: what becomes of its parts, and what it is told where one is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from core.errors import BadInput
from core.events import Events
from core.plugins import records
from core.plugins.classic import (
    Action,
    ComponentType,
    Plugin,
    Provider,
    Route,
    Service,
    TaskWorker,
    TestCase,
    TestSuite,
)
from core.plugins.classic_reading import plugin_from
from core.plugins.classic_suites import run_tests
from core.ports import ModelType
from tests.core.plugins.classic_turn import memory


async def handler(runtime: Any, message: Any) -> str:
    return "done"


class Forecast(Service):
    service_type = "forecast"


# --- parts -----------------------------------------------------------------------------------


async def test_handlers_of_models_are_given_as_a_map_or_as_a_list() -> None:
    async def small(runtime: Any, params: Mapping[str, Any]) -> str:
        return f"{runtime} {params['prompt']}"

    by_type = Plugin("p", models={"text:small": small, ModelType.IMAGE: small})
    listed = Plugin(
        "p",
        models=[
            {"type": "TEXT_SMALL", "handler": small, "priority": 7},
            {"modelType": "IMAGE_GENERATION", "handler": small, "provider": "painter"},
        ],
    )
    first, second = by_type.pluggable().repertoire.models
    assert (first.kind, first.provider, second.kind) == (ModelType.TEXT_SMALL, "p", ModelType.IMAGE)
    assert await first.handler("Ada's", {"prompt": "hi"}) == "Ada's hi"
    assert [(m.kind, m.provider, m.priority) for m in listed.pluggable().repertoire.models] == [
        (ModelType.TEXT_SMALL, "p", 7),
        (ModelType.IMAGE, "painter", 0),
    ]


async def test_listeners_of_one_event_are_a_list_or_one_alone() -> None:
    heard: list[str] = []

    async def first(payload: Any) -> None:
        heard.append(f"first {payload.room_id} {payload.message['content']['text']}")

    def second(payload: Mapping[str, Any]) -> None:
        heard.append(f"second {payload['roomId']} {payload['message'].content.text}")

    plugin = Plugin("p", events={"message:received": [first, None, second], "own:event": first})
    listeners = plugin.pluggable().repertoire.listeners
    assert sorted(listeners) == ["MESSAGE_RECEIVED", "OWN_EVENT"]
    events = Events()
    for one in listeners["MESSAGE_RECEIVED"]:
        events.once("MESSAGE_RECEIVED", one)
    await events.emit("MESSAGE_RECEIVED", {"roomId": "r1", "message": memory("hi")})
    await events.emit("MESSAGE_RECEIVED", {"roomId": "r2", "message": memory("ho")})
    assert sorted(heard) == ["first r1 hi", "second r1 hi"]


async def test_routes_workers_services_and_tables_are_taken_over() -> None:
    async def serve(request: Any, runtime: Any) -> dict[str, Any]:
        return {"asked": request, "of": runtime}

    async def work(runtime: Any, options: Any, task: Any) -> str:
        return f"{options.update_interval} {task}"

    tables = sa.MetaData()
    sa.Table("weather_reports", tables, sa.Column("id", sa.Integer, primary_key=True))
    plugin = Plugin(
        "weather",
        routes=[
            Route("/now", serve, public=True),
            Route("/files", type="static", file_path="public"),
        ],
        task_workers=[TaskWorker("REPORT", work)],
        services=[None, Forecast],
        schema=tables,
        dependencies=["geo"],
        priority=50,
        needs=["WEATHER_KEY"],
    )
    pluggable = plugin.pluggable()
    now, files = pluggable.repertoire.routes
    assert now.handler is not None
    assert await now.handler("GET", "Ada") == {"asked": "GET", "of": "Ada"}
    assert (now.method, now.public, now.plugin) == ("GET", True, "weather")
    assert (files.method, files.folder, files.handler) == ("STATIC", "public", None)
    (worker,) = pluggable.repertoire.workers
    assert await worker.run(None, {"updateInterval": 5}, "task") == "5 task"
    assert pluggable.services == (Forecast,)
    assert pluggable.repertoire.schemas == {"weather": tables}
    assert (pluggable.dependencies, pluggable.priority, pluggable.needs) == (
        ("geo",),
        50,
        ("WEATHER_KEY",),
    )


async def test_records_of_the_flow_may_stand_among_classic_parts() -> None:
    async def run(turn: records.Turn, given: Any) -> records.ActionResult:
        return records.ActionResult()

    plugin = Plugin("p", actions=[records.Action("WAVE", "Waves.", run)])
    (action,) = plugin.pluggable().repertoire.actions
    assert (action.name, action.plugin) == ("WAVE", "p")


async def test_init_learns_the_configuration_and_the_component_types_come_first() -> None:
    steps: list[Any] = []
    mood = ComponentType("mood", validator=lambda data: "level" in data)

    async def init(config: Mapping[str, Any], runtime: Any) -> None:
        steps.append((config["city"], runtime.name))

    runtime = SimpleNamespace(name="Ada", register_component_type=steps.append)
    pluggable = Plugin("p", init=init, config={"city": "Oslo"}, component_types=[mood]).pluggable()
    assert pluggable.init is not None
    await pluggable.init(pluggable.config, runtime)
    assert steps == [mood, ("Oslo", "Ada")]
    assert Plugin("p").pluggable().init is None


async def test_a_plain_init_that_takes_the_runtime_only_is_fine() -> None:
    seen: list[Any] = []
    pluggable = Plugin("p", init=lambda runtime: seen.append(runtime)).pluggable()
    assert pluggable.init is not None
    await pluggable.init({}, "Ada's runtime")
    assert seen == ["Ada's runtime"]


# --- faults ----------------------------------------------------------------------------------


def test_empty_places_in_lists_are_skipped_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    plugin = Plugin("p", actions=[None, Action("DO", "", handler)], services=[None, Forecast])
    pluggable = plugin.pluggable()
    assert len(pluggable.repertoire.actions) == len(pluggable.services) == 1
    assert "an empty action is left out" in caplog.text
    assert "an empty service is left out" in caplog.text


def test_every_fault_of_a_plugin_is_named_at_once() -> None:
    async def greedy(runtime: Any, message: Any, state: Any, weather: Any) -> None:
        return None

    async def express(req: Any, res: Any, runtime: Any) -> None:
        return None

    plugin = Plugin(
        "p",
        actions=[Action("DO", "", None)],  # type: ignore[arg-type]  # what a hurried author writes
        providers=[Provider("P", greedy), "words"],  # type: ignore[list-item]
        models={"TEXT_HUGE": handler},
        routes=[Route("/now", express)],
        services=[object()],  # type: ignore[list-item]
        schema="CREATE TABLE",
    )
    with pytest.raises(BadInput) as caught:
        plugin.pluggable()
    lines = [str(one) for one in caught.value.findings]
    assert len(lines) == 7
    for words in (
        "action DO",
        "provider P: it asks for `weather`",
        "provider: str is none",
        "no type of models is called TEXT_HUGE",
        "takes a `res`",
        "object is no class",
        "str is no SQLAlchemy MetaData",
    ):
        assert any(words in line for line in lines), words


def test_a_plugin_without_a_name_is_refused() -> None:
    with pytest.raises(BadInput, match="no name"):
        Plugin("  ").pluggable()


def test_another_database_is_left_aside_with_a_word(caplog: pytest.LogCaptureFixture) -> None:
    Plugin("p", adapter=object()).pluggable()
    assert "adapter is left aside" in caplog.text


# --- plain data ------------------------------------------------------------------------------


async def test_an_object_literal_in_camel_case_becomes_a_plugin() -> None:
    plugin = plugin_from(
        {
            "name": "weather",
            "description": "Looks out of the window.",
            "actions": [
                {"name": "CHECK_WEATHER", "similes": ["LOOK_OUT"], "handler": handler, "kind": 1}
            ],
            "providers": [{"name": "SKY", "get": lambda runtime: "grey", "position": 5}],
            "evaluators": [{"name": "MOOD", "handler": handler, "alwaysRun": True}],
            "routes": [{"type": "STATIC", "path": "/page", "filePath": "public"}],
            "componentTypes": [{"name": "mood", "validator": bool}],
            "taskWorkers": [{"name": "REPORT", "execute": handler}],
            "testDependencies": ["other"],
            "tests": {"name": "suite", "tests": [{"name": "one", "fn": handler}]},
            "services": [Forecast],
            "somethingElse": True,
        }
    )
    repertoire = plugin.pluggable().repertoire
    assert [one.name for one in repertoire.actions] == ["CHECK_WEATHER"]
    assert repertoire.evaluators[0].always
    assert repertoire.routes[0].folder == "public"
    assert [one.name for one in repertoire.workers] == ["REPORT"]
    assert plugin.test_dependencies == ["other"]
    assert [case.name for suite in plugin.tests for case in suite.tests] == ["one"]


def test_a_part_that_lacks_its_handler_is_named() -> None:
    with pytest.raises(BadInput) as caught:
        plugin_from({"name": "p", "actions": [{"name": "DO"}], "providers": [{"name": "P"}]})
    assert [str(one) for one in caught.value.findings] == [
        "plugin p, actions, DO: it has no 'handler'",
        "plugin p, providers, P: it has no 'get'",
    ]


# --- suites ----------------------------------------------------------------------------------


async def test_suites_of_a_plugin_run_against_a_runtime() -> None:
    async def passes(runtime: Any) -> None:
        assert runtime.name == "Ada"

    def fails(runtime: Any) -> None:
        raise ValueError("no sky")

    async def hangs() -> None:
        await asyncio.Event().wait()

    cases = [TestCase("passes", passes), TestCase("fails", fails), TestCase("hangs", hangs)]
    plugin = Plugin("p", tests=[TestSuite("sky", cases)])
    ran = await run_tests(plugin, SimpleNamespace(name="Ada"), limit=0.05)
    assert [(one.suite, one.test, one.passed) for one in ran] == [
        ("sky", "passes", True),
        ("sky", "fails", False),
        ("sky", "hangs", False),
    ]
    assert "no sky" in ran[1].error
    assert ran[2].error.startswith("TimeoutError")
