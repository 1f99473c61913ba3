"""A plugin as people port them: every kind of part in one, on real equipment and a real database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.flow.after import After
from core.plugins.classic import Service
from core.plugins.classic_reading import plugin_from
from core.plugins.records import Deed
from core.state import State, compose
from tests.core import scenes
from tests.core.plugins.classic_turn import ATurn
from tests.core.runtime.house import house


class Almanac(Service):
    service_type = "almanac"
    capability_description = "Knows the moon."
    stopped: list[str] = []  # noqa: RUF012 - what a hurried author writes

    async def phase(self) -> str:
        return "full"

    async def stop(self) -> None:
        self.stopped.append("almanac")


async def moon_wanted(runtime: Any, message: Any, state: Any = None) -> bool:
    return runtime.get_service("almanac") is not None and "moon" in message.content.text.lower()


async def look_at_moon(
    runtime: Any,
    message: Any,
    state: Any,
    options: Any = None,
    callback: Any = None,
    responses: Any = None,
) -> Mapping[str, Any]:
    phase = await runtime.get_service("almanac").phase()
    await callback({"text": "Looking up ..."})
    await runtime.set_cache(f"moon:{message.room_id}", phase)
    return {"success": True, "values": {"moonPhase": phase}, "data": {"phase": phase}}


async def tell_tide(runtime: Any, message: Any, state: Any, options: Any, callback: Any) -> bool:
    moon = options["context"]["getPreviousResult"]("LOOK_AT_MOON")
    tide = "spring" if moon.data["phase"] == "full" else "neap"
    await callback({"text": f"A {tide} tide, by a {state.values.moonPhase} moon."})
    await runtime.emit_event("tide:told", {"tide": tide, "message": message})
    return True


async def sky(runtime: Any, message: Any, state: Any) -> Mapping[str, Any]:
    phase = await runtime.get_cache(f"moon:{message.room_id}")
    return {"text": f"The moon is {phase}." if phase else "", "values": {"moon": phase or "?"}}


async def count_words(runtime: Any, message: Any, state: Any) -> None:
    await runtime.create_memory(
        {
            "entityId": message.entity_id,
            "roomId": message.room_id,
            "content": {"text": str(len(message.content.text.split())), "type": "words"},
        },
        "word_counts",
    )


MOON = {
    "name": "plugin-moon",
    "description": "The moon and the tides.",
    "actions": [
        {
            "name": "LOOK_AT_MOON",
            "similes": ["CHECK_MOON"],
            "description": "Looks at the moon.",
            "validate": moon_wanted,
            "handler": look_at_moon,
            "examples": [[{"name": "{{name1}}", "content": {"text": "How is the moon?"}}]],
        },
        {"name": "TELL_TIDE", "description": "Tells the tide.", "handler": tell_tide},
    ],
    "providers": [{"name": "SKY", "description": "The sky now.", "get": sky, "position": 30}],
    "evaluators": [
        {
            "name": "COUNT_WORDS",
            "description": "Counts.",
            "alwaysRun": True,
            "validate": lambda runtime, message: True,
            "handler": count_words,
        }
    ],
    "services": [None, Almanac],
}


async def test_a_ported_plugin_does_everything_that_it_did_there(tmp_path: Path) -> None:
    Almanac.stopped.clear()
    tides: list[Any] = []

    async def tide_told(payload: Any) -> None:
        tides.append(
            (payload["tide"], payload.message.content.text, payload.runtime.character.name)
        )

    plugin = plugin_from({**MOON, "events": {"tide:told": [tide_told]}})
    async with house(tmp_path, plugin) as home:
        runtime = home.runtime
        await runtime.initialize()
        assert home.gear.troubles == []

        id = await runtime.create_memory(
            {"content": {"text": "And the moon?"}, "roomId": "sea", "entityId": "robin"}
        )
        message = (await runtime.get_memory_by_id(id)).memory
        turn = ATurn(message=message, runtime=runtime)
        look, tide = runtime.actions
        assert look.offered is not None
        offered = look.offered(turn.as_turn)
        assert not isinstance(offered, bool)
        assert await offered

        result = await look.run(turn.as_turn, None)
        turn.deeds = [Deed(look.name, result)]
        turn.state = State.of([])
        assert (await tide.run(turn.as_turn, None)).success
        assert [one["text"] for one in turn.said] == [
            "Looking up ...",
            "A spring tide, by a full moon.",
        ]
        assert tides == [("spring", "And the moon?", "Ada")]

        state = await compose(scenes.direct(turn=turn.as_turn), runtime.providers)
        assert (state["SKY"], state.values["moon"]) == ("The moon is full.", "full")

        after = After(home.clock)
        ran = await after.evaluate(
            turn.as_turn, runtime.evaluators, answered=False, events=runtime.events
        )
        assert [one.name for one in ran] == ["COUNT_WORDS"]
        (count,) = await runtime.get_memories(tableName="word_counts", roomId="sea")
        assert (count.content.text, count.content.type) == ("3", "words")
    assert Almanac.stopped == ["almanac"]
