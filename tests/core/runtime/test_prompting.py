"""Named fields of a model's answer, by both documented ways to ask for them."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from core.ports import ModelRequest, ModelRoles
from core.runtime.prompting import PromptCalls
from core.settings.layers import Environment, Settings
from core.state import Section, State
from tests.fakes.clock import FakeClock

SCHEMA = [{"key": "answer", "type": "string", "required": True}, {"key": "sources"}]


@dataclass
class Answers:
    """Answers as told; the last answer again and again. Echoes the codes it is asked for."""

    texts: list[str]
    asked: list[tuple[str, ModelRequest]] = field(default_factory=list)

    async def stream(
        self, settings: Settings, role: str, request: ModelRequest, spent: Any = None
    ) -> AsyncGenerator[str, None]:
        self.asked.append((role, request))
        yield self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]


def calls(models: Answers, **settings: str) -> PromptCalls:
    known = Settings(Environment.of(settings))
    return PromptCalls(cast(ModelRoles, models), lambda: known, FakeClock())


STATE = State.of([Section("ROOM", "You are in a room.", 0, {"mood": "calm"})])


async def test_state_and_schema_give_the_named_fields_and_the_large_model_is_asked() -> None:
    models = Answers(['{"answer": "42", "sources": ""}'])
    found = await calls(models).fields(
        STATE, SCHEMA, {"prompt": "Mood: {{mood}}. {{providers}}"}, {"format": "json", "validationLevel": 0}
    )  # fmt: skip
    assert found is not None
    assert found["answer"] == "42"
    role, request = models.asked[0]
    assert role == "TEXT_LARGE"
    assert "Mood: calm. You are in a room." in request.messages[-1].text


@pytest.mark.parametrize("state", [STATE, {"values": {"mood": "calm"}, "text": "x"}])
async def test_one_mapping_of_everything_is_taken_as_well(state: Any) -> None:
    models = Answers(["<response><answer>yes</answer></response>"])
    found = await calls(models, VALIDATION_LEVEL="trusted").fields(
        {"state": state, "schema": SCHEMA, "params": {"prompt": "{{mood}}?"}, "options": {"format": "xml"}},
        None,
        None,
        None,
    )  # fmt: skip
    assert found == {"answer": "yes"}
    assert "calm?" in models.asked[0][1].messages[-1].text


async def test_what_never_holds_is_none_after_as_many_calls_as_were_allowed() -> None:
    models = Answers(['{"sources": "none"}'])
    options: Mapping[str, Any] = {
        "format": "json",
        "validationLevel": 0,
        "maxRetries": 2,
        "retryBackoff": {"baseMs": 0, "maxMs": 0, "factor": 2},
    }
    assert await calls(models).fields(STATE, SCHEMA, {"prompt": "?"}, options) is None
    assert len(models.asked) == 3


async def test_the_setting_decides_how_strictly_answers_are_checked() -> None:
    models = Answers(['{"answer": "no codes"}'])
    options = {"format": "json", "maxRetries": 0}
    assert await calls(models, VALIDATION_LEVEL="strict").fields(STATE, SCHEMA, {}, options) is None
    assert re.search(r"[0-9a-f]{8}", models.asked[0][1].messages[-1].text), "codes are asked for"
    assert await calls(models, VALIDATION_LEVEL="0").fields(STATE, SCHEMA, {}, options) == {
        "answer": "no codes"
    }
