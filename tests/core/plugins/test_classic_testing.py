"""The mock factories, used as an author of a plugin uses them."""

from __future__ import annotations

from typing import Any

import pytest

from core.plugins.classic import Action, Service
from core.plugins.testing import (
    create_mock_memory,
    create_mock_runtime,
    create_mock_service,
    create_mock_state,
    setup_action_test,
)
from core.settings.context import RequestContext, request_scope


async def remind(
    runtime: Any, message: Any, state: Any, options: Any, callback: Any
) -> dict[str, Any]:
    calendar = runtime.get_service("calendar")
    await callback({"text": "One moment ...", "actions": ["REMIND"]})
    when = await calendar.book(message.content.text)
    words = await runtime.use_model("TEXT_SMALL", {"prompt": f"Confirm {when}."})
    await runtime.create_memory({"content": {"text": when}, "roomId": message.room_id}, "reminders")
    told = await callback(words)
    await runtime.emit_event("reminder:set", {"when": when, "mood": state.mood})
    return {"success": True, "text": told[0].content.text, "data": options.params}


async def wants(runtime: Any, message: Any) -> bool:
    return runtime.has_setting("CALENDAR_KEY") and "remind" in message.content["text"]


REMIND = Action("REMIND", "Reminds.", remind, wants)


async def book(text: str) -> str:
    return f"noon, {text}"


async def test_an_action_is_tried_out_without_a_house() -> None:
    test = setup_action_test(
        message_overrides={"text": "remind me", "roomId": "r7"},
        state_overrides={"mood": "calm"},
        runtime_overrides={
            "settings": {"CALENDAR_KEY": "k"},
            "models": {"text_small": lambda runtime, params: f"Done: {params['prompt']}"},
            "services": {"calendar": create_mock_service("calendar", book=book)},
        },
    )
    assert await test.validate(REMIND)
    result = await test.run(REMIND, {"params": {"minutes": 5}})
    assert [one.text for one in test.said] == ["One moment ...", "Done: Confirm noon, remind me."]
    assert (result.text, result.data) == ("Done: Confirm noon, remind me.", {"minutes": 5})
    runtime = test.runtime
    assert runtime.asked == [("TEXT_SMALL", {"prompt": "Confirm noon, remind me."})]
    assert runtime.emitted == [("reminder:set", {"when": "noon, remind me", "mood": "calm"})]
    (kept,) = await runtime.get_memories(table_name="reminders", room_id="r7")
    assert kept.content.text == "noon, remind me"


async def test_an_action_without_its_key_is_not_offered() -> None:
    test = setup_action_test(message_overrides={"text": "remind me"})
    assert not await test.validate(REMIND)
    assert await test.validate(Action("X", "", remind))


async def test_the_settings_of_a_mock_honour_the_request_context() -> None:
    runtime = create_mock_runtime(settings={"WEATHER_API_KEY": "the character's", "UNITS": "C"})
    assert runtime.get_setting("WEATHER_API_KEY") == "the character's"
    own = {"WEATHER_API_KEY": "Robin's", "UNITS": None}
    with request_scope(RequestContext("robin", entity_settings=own)):
        assert runtime.get_setting("WEATHER_API_KEY") == "Robin's"
        assert not runtime.has_setting("UNITS")
    await runtime.set_setting("UNITS", "F")
    assert runtime.get_setting("UNITS") == "F"
    assert runtime.get_setting("NOTHING", "else") == "else"


async def test_a_model_that_nobody_has_given_an_answer_says_so() -> None:
    with pytest.raises(LookupError, match="TEXT_LARGE"):
        await create_mock_runtime().use_model("TEXT_LARGE", {})


async def test_anything_of_a_mock_can_be_replaced() -> None:
    async def away(*given: Any, **more: Any) -> Any:
        raise ConnectionError

    runtime = create_mock_runtime(get_memories=away, character={"name": "Bob"}, extra=1)
    assert (runtime.character.name, runtime.extra) == ("Bob", 1)
    with pytest.raises(ConnectionError):
        await runtime.get_memories()


async def test_a_mock_keeps_memories_states_and_its_cache() -> None:
    runtime = create_mock_runtime()
    first = await runtime.create_memory({"content": {"text": "a"}, "entityId": "robin"})
    await runtime.create_memory({"content": {"text": "b"}, "entityId": "kim"})
    assert [one.content.text for one in await runtime.get_memories(count=1)] == ["b"]
    assert len(await runtime.get_memories({"entityId": "robin"})) == 1
    assert (await runtime.get_memory_by_id(first)).content.text == "a"
    assert await runtime.count_memories() == 2
    assert await runtime.delete_memory(first) == 1
    assert await runtime.get_memory_by_id(first) is None
    await runtime.set_participant_user_state("r", "robin", "MUTED")
    assert await runtime.get_participant_user_state("r", "robin") == "MUTED"
    await runtime.set_cache("k", [1])
    assert await runtime.get_cache("k") == [1]
    assert await runtime.delete_cache("k")
    assert await runtime.get_cache("k") is None


async def test_services_of_a_mock_are_found_by_class_and_by_name() -> None:
    class Calendar(Service):
        service_type = "calendar"

    calendar = Calendar()
    runtime = create_mock_runtime(services={"calendar": calendar})
    assert runtime.get_service(Calendar) is runtime.get_service("calendar") is calendar
    assert runtime.get_service("weather") is None
    await create_mock_service().stop()


async def test_listeners_of_a_mock_are_told() -> None:
    runtime, heard = create_mock_runtime(), list[Any]()
    runtime.once("x", heard.append)
    await runtime.emit(["x", "x"], {"n": 1})
    assert [one["n"] for one in heard] == [1]


def test_every_mock_is_new() -> None:
    create_mock_runtime().actions.append("mine")
    assert create_mock_runtime().actions == []
    assert create_mock_state().data is not create_mock_state().data


def test_a_message_is_made_of_whatever_is_given() -> None:
    plain = create_mock_memory()
    assert (plain.content.text, plain.content.source) == ("Hello", "test")
    message = create_mock_memory(
        content={"text": "Hi", "actions": ["WAVE"]}, entityId="robin", createdAt=1_000
    )
    assert (message.content.actions, message.entity_id, message.created_at) == (
        ["WAVE"],
        "robin",
        1_000,
    )
    state = create_mock_state({"a": 1}, {"b": 2}, "text", c=3)
    assert (state.values.a, state.data.b, state.text, state["c"]) == (1, 2, "text", 3)
