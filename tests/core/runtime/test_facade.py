"""AgentRuntime: the names that plugins know, and nothing that decides."""

from __future__ import annotations

import ast
import asyncio
import inspect
import logging
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.events import EventType
from core.plugins.classic import Action, Plugin, Service, TaskWorker
from core.ports import ModelType
from core.runtime import AgentRuntime, DatabaseAdapter
from core.settings.context import RequestContext, request_scope
from tests.core.plugins.classic_turn import memory
from tests.core.runtime.house import House, house

ROOT = Path(__file__).resolve().parents[3]
_BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Match)
_LOOPS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.BoolOp)

# What and the rows of agents.md call for, in snake_case.
NAMES = [
    "agent_id",
    "character",
    "providers",
    "actions",
    "evaluators",
    "services",
    "plugins",
    "logger",
    "events",
    "initialize",
    "is_initialized",
    "stop",
    "get_setting",
    "has_setting",
    "set_setting",
    "get_conversation_length",
    "use_model",
    "get_model",
    "register_model",
    "compose_state",
    "process_actions",
    "evaluate",
    "send_message_to_target",
    "register_action",
    "register_provider",
    "register_evaluator",
    "register_service",
    "register_task_worker",
    "get_task_worker",
    "register_event",
    "restart_service",
    "get_service",
    "get_all_services",
    "emit",
    "emit_event",
    "on",
    "once",
    "off",
    "remove_all_listeners",
    "create_memory",
    "get_memories",
    "get_memory_by_id",
    "update_memory",
    "delete_memory",
    "delete_memories",
    "clear_room_memories",
    "count_memories",
    "search_memories",
    "search_memories_by_embedding",
    "create_memories_batch",
    "get_memories_by_room",
    "get_memories_by_user",
    "get_memories_by_room_ids",
    "ensure_connection",
    "ensure_world_exists",
    "ensure_room_exists",
    "ensure_participant_in_room",
    "get_room",
    "get_rooms",
    "create_room",
    "update_room",
    "delete_room",
    "get_world",
    "get_all_worlds",
    "update_world",
    "create_participant",
    "get_participants",
    "add_participant",
    "remove_participant",
    "get_participants_for_room",
    "get_rooms_for_participant",
    "get_participant_user_state",
    "set_participant_user_state",
    "update_participant_user_state",
    "get_entity",
    "get_entity_by_id",
    "create_entity",
    "update_entity",
    "get_entities_for_room",
    "get_component",
    "get_components",
    "create_component",
    "update_component",
    "delete_component",
    "create_relationship",
    "get_relationship",
    "get_relationships",
    "update_relationship",
    "create_task",
    "get_task",
    "get_tasks",
    "get_tasks_by_name",
    "update_task",
    "delete_task",
    "get_cache",
    "set_cache",
    "delete_cache",
    "log",
    "get_logs",
    "tables",
    "create_run_id",
    "start_run",
    "end_run",
    "get_current_run_id",
    "create_unique_uuid",
]


@pytest.fixture
async def at_home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path, OPENAI_API_KEY="sk-0123456789abcdefgh") as home:
        yield home


# --- what it is ------------------------------------------------------------------------------


async def test_every_name_that_plugins_know_is_there(at_home: House) -> None:
    assert [name for name in NAMES if not hasattr(at_home.runtime, name)] == []


@pytest.mark.parametrize("kind", [AgentRuntime, DatabaseAdapter])
def test_no_method_decides_anything(kind: type) -> None:
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    deciding = [node for node in ast.walk(tree) if isinstance(node, _BRANCHES + _LOOPS)]
    # What `emit_event` is given when there is nothing to say, and an entry that is all keywords.
    defaults = {"payload or {}", "entry or {}"}
    assert [ast.unparse(node) for node in deciding if ast.unparse(node) not in defaults] == []


@pytest.mark.parametrize("kind", [AgentRuntime, DatabaseAdapter])
def test_every_method_is_one_line_to_a_part(kind: type) -> None:
    for name, method in vars(kind).items():
        if name == "__init__" or not inspect.isfunction(method):
            continue
        (function,) = ast.parse(textwrap.dedent(inspect.getsource(method))).body
        assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        body = [one for one in function.body if not _is_docstring(one)]
        assert len(body) == 1, name


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_our_own_code_never_takes_the_facade() -> None:
    """It asks for the part that it needs; only the composition root puts a runtime together."""
    using = {
        path.relative_to(ROOT).as_posix()
        for folder in ("core", "bots")
        for path in (ROOT / folder).rglob("*.py")
        if _imports_runtime(path)
    }
    assert {one for one in using if one.startswith("core/")} == {
        one for one in using if one.startswith("core/runtime/")
    }


def _imports_runtime(path: Path) -> bool:
    text = path.read_text()
    if "runtime" not in text:  # most have nothing to be read for
        return False
    for node in ast.walk(ast.parse(text)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{one.name}" for one in node.names)]
        if any(name == "core.runtime" or name.startswith("core.runtime.") for name in names):
            return True
    return False


# --- settings --------------------------------------------------------------------------------


async def test_ported_code_reads_keys_as_words(at_home: House) -> None:
    assert at_home.runtime.get_setting("OPENAI_API_KEY") == "sk-0123456789abcdefgh"
    assert at_home.runtime.get_setting("NOBODY_SET_THIS") is None
    assert at_home.runtime.get_setting("NOBODY_SET_THIS", 3) == 3


async def test_a_person_may_bring_or_switch_off_a_key(at_home: House) -> None:
    runtime = at_home.runtime
    own = {"OPENAI_API_KEY": "sk-their-own-0123456789"}
    with request_scope(RequestContext("robin", entity_settings=own)):
        assert runtime.get_setting("OPENAI_API_KEY") == "sk-their-own-0123456789"
    with request_scope(RequestContext("kim", entity_settings={"OPENAI_API_KEY": None})):
        assert runtime.get_setting("OPENAI_API_KEY") is None
        assert not runtime.has_setting("OPENAI_API_KEY")
    assert runtime.has_setting("OPENAI_API_KEY")


@pytest.mark.parametrize(
    ("value", "read"),
    [("calm", "calm"), (True, True), (0.5, "0.5"), (["a", "b"], '["a", "b"]'), ("", None)],
)
async def test_what_is_set_is_read_by_the_next_line_and_kept(
    at_home: House, value: Any, read: Any
) -> None:
    await at_home.runtime.set_setting("MOOD", value)
    assert at_home.runtime.get_setting("MOOD") == read
    notes = await at_home.store.read(lambda unit: unit.notes.get(at_home.runtime.agent_id))
    assert "MOOD" in notes
    await at_home.runtime.set_setting("MOOD", None)
    assert at_home.runtime.get_setting("MOOD") is None
    assert await at_home.store.read(lambda unit: unit.notes.get(at_home.runtime.agent_id)) == {}


async def test_the_length_of_a_talk_is_a_setting(at_home: House) -> None:
    assert at_home.runtime.get_conversation_length() == 32
    await at_home.runtime.set_setting("CONVERSATION_LENGTH", 12)
    assert at_home.runtime.get_conversation_length() == 12


# --- models ----------------------------------------------------------------------------------


async def test_a_model_is_used_by_any_spelling_of_its_type(at_home: House) -> None:
    runtime = at_home.runtime
    assert await runtime.use_model("text_small", {"prompt": "hi"}) == "echo hi"
    assert await runtime.use_model(ModelType.TEXT_LARGE, "hello", "openai") == "echo hello"
    assert await runtime.get_model("text:small")(runtime, {"prompt": "you"}) == "echo you"
    assert at_home.models.asked[1] == (ModelType.TEXT_LARGE, {"prompt": "hello"}, "openai")
    with pytest.raises(ValueError, match="TEXT_HUGE"):
        await runtime.use_model("TEXT_HUGE", {})


async def test_a_handler_that_is_registered_later_is_asked(at_home: House) -> None:
    async def small(runtime: Any, params: Any) -> str:
        return f"{runtime.character.name} says {params['prompt']}"

    await at_home.runtime.initialize()
    at_home.runtime.register_model("TEXT_SMALL", small, "own", 10)
    assert await at_home.runtime.use_model("TEXT_SMALL", {"prompt": "hi"}) == "Ada says hi"


# --- a turn ----------------------------------------------------------------------------------


async def test_a_composed_state_has_elizaos_shape(at_home: House) -> None:
    message = {"content": {"text": "What time is it?"}, "roomId": "r"}
    state = await at_home.runtime.compose_state(message, ["TIME"], True)
    assert at_home.calls == [("compose", "What time is it?", ("TIME",), True, False)]
    assert (state.values["time"], state.text) == ("noon", "It is noon.")
    assert state.data["providers"]["TIME"]["text"] == "It is noon."


async def test_actions_and_evaluators_are_set_going_with_our_records(at_home: House) -> None:
    message = {"content": {"text": "hi"}}
    await at_home.runtime.process_actions(message, [{"content": {"text": "ok"}}])
    assert await at_home.runtime.evaluate(message, did_respond=True) == []
    assert at_home.calls == [("act", ["ok"]), ("evaluate", True)]


async def test_words_reach_the_room_that_a_target_means(at_home: House) -> None:
    runtime = at_home.runtime
    room = await runtime.ensure_connection(
        entity_id="robin", room_id="dm", user_name="robin7", source="telegram", type="DM",
        channel_id="42", world_id="w",
    )  # fmt: skip
    for target in (
        "dm",
        {"roomId": "dm"},
        {"source": "telegram", "channelId": "42"},
        {"source": "telegram", "entityId": "robin"},
    ):
        said = await runtime.send_message_to_target(target, {"text": "Hello again."})
        assert said.content.text == "Hello again."
    assert at_home.calls == [("deliver", room, "Hello again.")] * 4
    for unknown in ({"roomId": "x"}, {"source": "discord", "channelId": "42"}, {}):
        with pytest.raises(LookupError):
            await runtime.send_message_to_target(unknown, "Hello?")


# --- plugins ---------------------------------------------------------------------------------


class Forecast(Service):
    service_type = "forecast"
    capability_description = "Knows tomorrow's weather."

    async def tomorrow(self) -> str:
        return f"rain, says {self.runtime.character.name}"


async def test_a_service_is_found_by_its_name_and_by_its_class(tmp_path: Path) -> None:
    async with house(tmp_path, Plugin("weather", services=[Forecast])) as home:
        runtime = home.runtime
        assert not runtime.is_initialized
        assert runtime.get_service("forecast") is None
        await runtime.initialize()
        await runtime.initialize()
        assert runtime.is_initialized
        service = runtime.get_service("forecast")
        assert service is runtime.get_service(Forecast)
        assert await service.tomorrow() == "rain, says Ada"
        assert list(runtime.get_all_services()) == ["forecast"]
        assert [plugin.name for plugin in runtime.plugins] == ["weather"]
        assert home.gear.troubles == []
        await runtime.stop()
        assert home.calls == [("stop",)]


async def test_init_may_register_what_the_plugin_object_does_not_name(tmp_path: Path) -> None:
    async def wave(runtime: Any, message: Any) -> bool:
        return True

    heard: list[Any] = []

    async def init(config: Any, runtime: Any) -> None:
        runtime.register_action(Action("WAVE", "Waves.", wave))
        runtime.register_action({"name": "NOD", "description": "Nods.", "handler": wave})
        runtime.register_provider({"name": "SKY", "get": lambda runtime: "grey"})
        runtime.register_evaluator({"name": "MOOD", "handler": wave, "alwaysRun": True})
        runtime.register_task_worker({"name": "REPORT", "execute": wave})
        runtime.register_event("message:received", heard.append)
        await runtime.register_service(Forecast)

    async with house(tmp_path, Plugin("p", init=init)) as home:
        runtime = home.runtime
        await runtime.initialize()
        assert home.gear.troubles == []
        assert [(one.name, one.plugin) for one in runtime.actions] == [("WAVE", "p"), ("NOD", "p")]
        assert [one.name for one in runtime.providers] == ["SKY"]
        assert [one.name for one in runtime.evaluators] == ["MOOD"]
        worker = runtime.get_task_worker("REPORT")
        assert worker is not None
        assert worker.plugin == "p"
        assert runtime.get_task_worker("NOTHING") is None
        assert runtime.get_service("forecast") is not None
        await runtime.emit_event(EventType.MESSAGE_RECEIVED, {"text": "hi"})
        assert [one["text"] for one in heard] == ["hi"]


async def test_listeners_come_and_go_on_the_runtime(at_home: House) -> None:
    runtime, heard = at_home.runtime, list[Any]()

    async def hear(payload: Any) -> None:
        heard.append(payload["runtime"])

    runtime.once("own:event", hear)
    runtime.on("other", hear)
    await runtime.emit(["own:event", "own:event", "other"])
    assert heard == [runtime, runtime]
    runtime.off("other", hear)
    await runtime.emit("other")
    runtime.on("other", hear)
    runtime.remove_all_listeners()
    await runtime.emit("other")
    assert len(heard) == 2


async def test_listeners_on_the_runtime_see_messages_in_elizaos_words(at_home: House) -> None:
    heard: list[str] = []
    at_home.runtime.on(
        "MESSAGE_RECEIVED", lambda told: heard.append(told.message["content"]["text"])
    )
    await at_home.runtime.events.emit("MESSAGE_RECEIVED", {"message": memory("hello")})
    assert heard == ["hello"]


def test_task_workers_stand_in_the_plugin_object_too() -> None:
    async def work(runtime: Any) -> None:
        return None

    assert Plugin("p", task_workers=[TaskWorker("W", work)]).pluggable().repertoire.workers


# --- runs and lines --------------------------------------------------------------------------


async def test_two_tasks_never_share_a_run(at_home: House) -> None:
    runtime, seen = at_home.runtime, dict[str, tuple[str, str]]()

    async def serve(person: str) -> None:
        begun = runtime.start_run()
        await asyncio.sleep(0)
        seen[person] = (begun, runtime.get_current_run_id())

    async with asyncio.TaskGroup() as group:
        group.create_task(serve("robin"))
        group.create_task(serve("kim"))
    assert all(begun == later for begun, later in seen.values())
    assert seen["robin"] != seen["kim"]


async def test_inside_a_turn_the_run_is_the_turn_s(at_home: House) -> None:
    runtime = at_home.runtime
    with request_scope(RequestContext("robin", trace_id="t7")):
        assert runtime.get_current_run_id() == "t7"
        own = runtime.start_run()
        assert runtime.get_current_run_id() == own
        runtime.end_run()
        assert runtime.get_current_run_id() == "t7"


async def test_lines_of_a_plugin_bear_the_character_s_name_and_nobody_s_words(
    at_home: House, caplog: pytest.LogCaptureFixture
) -> None:
    logger = at_home.runtime.logger
    with caplog.at_level(logging.DEBUG, "plugins"):
        logger.info("100% ready")
        logger.warning({"text": "what Robin said"}, "slow answer")
        logger.error("it broke", ValueError("what Kim said"))
        logger.success("done")
    assert [one.getMessage() for one in caplog.records] == [
        "Ada: 100% ready",
        "Ada: slow answer (text)",
        "Ada: it broke ValueError",
        "Ada: done",
    ]
