"""Named fields come back whole or not at all, and nobody sees a code or a first try twice."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ModelUnavailable
from core.prompting.dynamic import (
    Backoff,
    Calls,
    Options,
    Row,
    StreamEvent,
    level_of,
    prompt_exec,
)
from core.prompting.templates import TemplateError
from tests.core.prompting.obedient import Model, answering, obedient, place, shape
from tests.fakes.clock import FakeClock, QuickClock, settle

ROWS = (Row("thought", "what you think"), Row("text", "what you say", required=True))
PAIR = {"thought": "hm", "text": "Hello there."}
FORMATS = pytest.mark.parametrize("form", ["xml", "json"])
LEVELS = pytest.mark.parametrize("level", [0, 1, 2, 3])


async def run(model: Model, rows: Any = ROWS, **choices: Any) -> dict[str, Any] | None:
    options = Options(**{"clock": QuickClock(), "backoff": Backoff(0.0, 0.0), **choices})
    return await prompt_exec(
        model, values={"name": "Ada"}, template="You are {{name}}.", rows=rows, options=options
    )


async def events(model: Model, rows: Any = ROWS, **choices: Any) -> list[StreamEvent]:
    heard: list[StreamEvent] = []
    await run(model, rows, on_event=heard.append, **choices)
    return heard


def chunks(heard: list[StreamEvent], name: str = "text") -> str:
    return "".join(event.text for event in heard if event.kind == "chunk" and event.field == name)


def cut(prompt: str) -> str:
    """An answer that stops in the middle of its words."""
    whole = obedient(prompt, PAIR)
    return whole[: whole.index("Hello") + 8]


# --- what comes back ---------------------------------------------------------------------------


@FORMATS
@LEVELS
async def test_fields_come_back_by_name_without_their_codes(form: str, level: int) -> None:
    model = Model(answering(PAIR))
    assert await run(model, format=form, level=level) == PAIR
    assert model.prompts[0].startswith("You are Ada.") or level >= 2
    assert model.requests[0].max_tokens == 4096
    assert model.closed == 1


@FORMATS
@pytest.mark.parametrize("level", [1, 2, 3])
async def test_an_answer_without_its_codes_is_no_answer(form: str, level: int) -> None:
    answer = (
        '{"thought": "hm", "text": "Hello"}'
        if form == "json"
        else "<response><thought>hm</thought><text>Hello</text></response>"
    )
    assert await run(Model(answer), format=form, level=level) is None


@LEVELS
@FORMATS
async def test_an_answer_that_was_cut_off_is_never_half_an_object(form: str, level: int) -> None:
    assert await run(Model(cut), format=form, level=level) is None


@FORMATS
async def test_fields_that_are_all_proven_need_no_end(form: str) -> None:
    def endless(prompt: str) -> str:
        return obedient(prompt, PAIR).rpartition("\n")[0]

    assert await run(Model(endless), format=form, level=1) == PAIR
    rows = [ROWS[0], replace(ROWS[1], validate=False)]
    assert await run(Model(endless), rows, format=form, level=1) is None


@pytest.mark.parametrize("level", [2, 3])
@pytest.mark.parametrize("lost", ["first_code", "middle_code", "last_code"])
async def test_each_place_of_the_prompt_has_to_come_back(level: int, lost: str) -> None:
    model = Model(answering(PAIR, without=(lost,)))
    assert await run(model, level=level) is None


async def test_the_strictest_level_wants_the_codes_again_at_the_end() -> None:
    model = Model(answering(PAIR, without=("last_again",)))
    assert await run(model, level=3) is None
    assert await run(Model(answering(PAIR)), level=3) == PAIR


@pytest.mark.parametrize("nothing", ["", "   ", "[]", "{}"])
async def test_blanks_and_empty_lists_are_missing(nothing: str) -> None:
    rows = [Row("items", type="list" if nothing != "{}" else "object", required=True)]
    assert await run(Model(answering(items=nothing)), rows, level=0) is None


async def test_zero_and_no_are_answers() -> None:
    rows = [Row("count", type="number", required=True), Row("sure", type="boolean", required=True)]
    assert await run(Model('{"count": 0, "sure": false}'), rows, level=0, format="json") == {
        "count": 0,
        "sure": False,
    }


async def test_what_nobody_required_and_nobody_gave_is_left_out() -> None:
    model = Model("<response><text>Hi</text></response>")
    assert await run(model, level=0) == {"text": "Hi"}


@pytest.mark.parametrize(
    ("kind", "written", "meant"),
    [
        ("number", "3.5", 3.5),
        ("number", "three", None),
        ("integer", "7.0", 7),
        ("boolean", "Yes.", True),
        ("bool", "no", False),
        ("list", "a, b", ["a", "b"]),
        ("array", "- a\n- b", ["a", "b"]),
        ("list", "<item>a, b</item><item>c</item>", ["a, b", "c"]),
        ("string[]", '["a", "b"]', ["a", "b"]),
        ("object", "<x>1</x><y>2</y>", {"x": "1", "y": "2"}),
        ("object", '{"x": 1}', {"x": 1}),
        ("string", "a <b>bold</b> one", "a <b>bold</b> one"),
        ("text", "<b>all</b>", "<b>all</b>"),
    ],
)
async def test_values_have_the_type_that_was_asked_for(kind: str, written: str, meant: Any) -> None:
    model = Model(f"<response><x>{written}</x></response>")
    expected = None if meant is None else {"x": meant}
    assert await run(model, [Row("x", type=kind, required=True)], level=0) == expected


async def test_rows_are_taken_as_elizaos_writes_them() -> None:
    rows = [
        {"key": "title", "type": "string", "required": True},
        {"field": "summary", "description": "short", "validateField": False},
    ]
    model = Model(answering(title="T", summary="S"))
    assert await run(model, rows, level=1) == {"title": "T", "summary": "S"}
    assert [name for name in shape(model.prompts[0]) if name.startswith("code")] == [
        "code1a",
        "code1b",
    ]


async def test_a_row_may_want_codes_where_the_level_has_none() -> None:
    rows = [Row("thought"), Row("text", required=True, validate=True)]
    assert await run(Model("<response><text>Hi</text></response>"), rows, level=0) is None
    assert await run(Model(answering(text="Hi")), rows, level=0) == {"text": "Hi"}


@pytest.mark.parametrize("field", ["answer", "result", "output", "reply"])
@FORMATS
async def test_a_field_may_have_the_name_of_a_wrapper(field: str, form: str) -> None:
    model = Model(answering({field: "x"}))
    assert await run(model, [Row(field, required=True)], format=form, level=1) == {field: "x"}


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "no rows"),
        ([Row("text"), Row("Text")], "two fields"),
        ([Row("a b")], "no field name"),
        ([{"type": "string"}], "no field name"),
        ([Row("think")], "no field may be called"),
        ([Row("code1a")], "no field may be called"),
    ],
)
async def test_a_schema_that_makes_no_sense_is_refused(rows: Any, why: str) -> None:
    model = Model("")
    with pytest.raises(ValueError, match=why):
        await run(model, rows)
    assert not model.requests


async def test_a_template_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(TemplateError):
        await prompt_exec(Model(""), values={}, template="{{#if x}}", rows=ROWS)


async def test_a_failing_model_is_passed_on() -> None:
    model = Model(ModelUnavailable("away"))
    with pytest.raises(ModelUnavailable):
        await run(model, level=3)
    assert len(model.requests) == 1


# --- asking again ------------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "calls"), [(0, 1), (1, 3), (2, 2), (3, 4)])
async def test_each_level_asks_again_as_often_as_it_should(level: int, calls: int) -> None:
    model = Model("rubbish")
    assert await run(model, level=level) is None
    assert len(model.requests) == calls


async def test_retries_can_be_chosen() -> None:
    model = Model("rubbish")
    await run(model, level=3, max_retries=0)
    assert len(model.requests) == 1


async def test_the_pauses_double_up_to_a_cap() -> None:
    clock = QuickClock()
    await run(Model("rubbish"), level=0, max_retries=6, clock=clock, backoff=Backoff())
    assert clock.waits == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0]


async def test_a_pause_ends_when_somebody_cancels() -> None:
    model = Model("rubbish")
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(run(model, level=1, clock=FakeClock(), backoff=Backoff()))
        await settle()
        waiting.cancel()
    assert waiting.cancelled()
    assert len(model.requests) == 1


async def test_calls_are_counted_over_all_prompts_of_a_message() -> None:
    calls = Calls(3)
    first, second, third = Model("rubbish"), Model("rubbish"), Model("rubbish")
    await run(first, level=2, calls=calls)
    await run(second, level=2, calls=calls)
    await run(third, level=2, calls=calls)
    assert [len(model.requests) for model in (first, second, third)] == [2, 1, 0]


async def test_the_log_has_the_count_and_not_the_words(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await run(Model("rubbish", answering(PAIR)), level=1)
    await run(Model(cut), level=1)
    assert "structured answer after 2 calls" in caplog.text
    assert "no structured answer after 3 calls" in caplog.text
    assert "Hello" not in caplog.text


# --- what upstream's port gets wrong (GAP-03) --------------------------------------------------


async def test_a_row_that_is_required_is_required() -> None:
    model = Model(answering(thought="hm"))
    assert await run(model, level=0) is None
    rows = [{"key": "text", "required": True}, {"key": "thought"}]
    assert await run(Model(answering(thought="hm")), rows, level=1) is None


async def test_a_field_that_came_back_right_is_kept_and_not_asked_for_again() -> None:
    model = Model(
        answering(PAIR, without=("code2b",)),
        answering(text="Hello again."),
    )
    assert await run(model, level=1) == {"thought": "hm", "text": "Hello again."}
    assert "thought" not in shape(model.prompts[1])
    assert "<thought>hm</thought>" in model.prompts[1]


@pytest.mark.parametrize("level", [2, 3])
async def test_a_prompt_that_is_too_long_keeps_its_codes(level: int) -> None:
    model = Model(answering(PAIR))
    options = Options(level=level, longest=4000, clock=QuickClock())
    talk = "\n".join(f"line {number}" for number in range(5000))
    template = "Begin here.\n{{talk}}\nThe last question."
    result = await prompt_exec(
        model, values={"talk": talk}, template=template, rows=ROWS, options=options
    )
    assert result == PAIR
    prompt = model.prompts[0]
    assert len(prompt) <= 4000
    assert "Begin here." in prompt
    assert "The last question." in prompt
    assert "?" not in [place(prompt, name) for name in ("first", "middle", "last")]


async def test_json_need_not_be_strict() -> None:
    loose = "Sure!\n```json\n{text: 'Hi', // said\n thought: 'hm',}\n```"
    assert await run(Model(loose), level=0, format="json") == {"thought": "hm", "text": "Hi"}


@FORMATS
async def test_the_other_form_is_understood_too(form: str) -> None:
    answers = {
        "xml": '{"thought": "hm", "text": "Hello there."}',
        "json": "<response><thought>hm</thought><text>Hello there.</text></response>",
    }
    assert await run(Model(answers[form]), level=0, format=form) == PAIR


async def test_braces_that_people_write_are_never_a_template() -> None:
    model = Model(answering(PAIR))
    await prompt_exec(
        model,
        values={"said": "{{secret}} {{#if x}}", "secret": "S3CRET"},
        template="They said: {{said}}",
        rows=ROWS,
        options=Options(level=0),
    )
    assert "They said: {{secret}} {{#if x}}" in model.prompts[0]
    assert "S3CRET" not in model.prompts[0]


@pytest.mark.parametrize("level", [1, 2, 3])
async def test_no_code_comes_twice(level: int) -> None:
    model = Model("rubbish")
    await run(model, level=level, max_retries=9)
    seen: set[str] = set()
    for prompt in model.prompts:
        wishes = shape(prompt)
        codes = {wish for name, wish in wishes.items() if name.startswith("code")}
        codes |= {place(prompt, name) for name in ("first", "middle", "last")} - {"?"}
        assert codes
        assert not codes & seen
        seen |= codes


@FORMATS
@LEVELS
async def test_what_was_shown_is_not_shown_again(form: str, level: int) -> None:
    model = Model(cut, answering(PAIR))
    heard = await events(model, format=form, level=level, max_retries=1)
    assert chunks(heard) == "Hello there."
    assert [event.kind for event in heard if event.kind != "chunk"] == [
        *(["retry_start"] if level != 1 else ["field_validated", "retry_start"]),
        *(["field_validated", "field_validated"] if level != 1 else ["field_validated"]),
        "complete",
    ]


async def test_words_that_changed_are_left_to_the_end() -> None:
    other = answering(thought="hm", text="Good evening.")
    heard = await events(Model(cut, other), level=0, max_retries=1)
    assert "Hello th".startswith(chunks(heard))
    assert heard[-1].kind == "complete"
    assert heard[-1].values == {"thought": "hm", "text": "Good evening."}


# --- while it is written -----------------------------------------------------------------------


def _fixed() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"QX{next(numbers):04d}"


@FORMATS
@LEVELS
@pytest.mark.parametrize("size", [1, 2, 5, 1000])
async def test_only_words_are_shown_whatever_the_cuts(form: str, level: int, size: int) -> None:
    model = Model(answering(PAIR), size=size)
    heard = await events(model, format=form, level=level, fresh=_fixed())
    assert chunks(heard) == "Hello there."
    assert chunks(heard, "thought") == ""
    assert heard[-1].values == PAIR


async def test_the_lowest_level_shows_words_as_they_come() -> None:
    heard = await events(Model(answering(PAIR), size=3), level=0)
    shown = [event for event in heard if event.kind == "chunk"]
    assert len(shown) > 2


@settings(max_examples=300, deadline=None)
@given(
    st.text("ab \n<>&\"'\\{}[]`:,/éQX0😀", min_size=1, max_size=60),
    st.sampled_from(["xml", "json"]),
    st.integers(0, 3),
    st.integers(1, 9),
)
def test_any_words_are_shown_as_they_are_meant(
    words: str, form: Any, level: int, size: int
) -> None:
    said = f".{words}."
    written = json.dumps(said)[1:-1]
    if form == "xml":
        written = said.replace("&", "&amp;").replace("<", "&lt;")
    model = Model(answering(thought="hm", text=written), size=size)
    heard = asyncio.run(events(model, format=form, level=level, fresh=_fixed()))
    assert heard[-1].values == {"thought": "hm", "text": said}
    assert chunks(heard) == said


@pytest.mark.parametrize("level", [1, 2, 3])
async def test_higher_levels_show_nothing_of_a_try_that_failed(level: int) -> None:
    heard = await events(Model(cut), level=level, max_retries=0)
    assert [event.kind for event in heard if event.kind == "chunk"] == []
    assert heard[-1].kind == "error"


async def test_a_field_with_codes_is_shown_before_the_rest_is_there() -> None:
    rows = [Row("text", required=True), Row("mood", required=True)]
    heard = await events(Model(answering(text="Hi", mood="calm"), size=3), rows, level=1)
    assert heard[0].kind == "chunk"
    assert chunks(heard) == "Hi"


@LEVELS
async def test_a_code_that_strays_into_the_words_is_taken_out(level: int) -> None:
    def stray(prompt: str) -> str:
        codes = [wish for name, wish in shape(prompt).items() if name.startswith("code")]
        codes.append(place(prompt, "first"))
        return obedient(prompt, {"thought": "hm", "text": f"Hello {codes[0]}there."})

    rows = [replace(ROWS[0], validate=True), ROWS[1]]
    heard = await events(Model(stray, size=1), rows, level=level, fresh=_fixed())
    assert chunks(heard) == "Hello there."
    assert heard[-1].values == PAIR


async def test_a_listener_that_fails_does_no_harm() -> None:
    async def listen(event: StreamEvent) -> None:
        raise RuntimeError(event.kind)

    assert await run(Model(answering(PAIR)), on_event=listen) == PAIR


# --- options -----------------------------------------------------------------------------------


def test_options_are_taken_as_elizaos_writes_them() -> None:
    given = {
        "format": "json",
        "validationLevel": 2,
        "maxRetries": 3,
        "retryBackoff": {"baseMs": 100, "maxMs": 800, "factor": 3.0},
        "modelType": "TEXT_SMALL",
    }
    options = Options.of(given, system="You are Ada.")
    assert (options.format, options.level, options.retries) == ("json", 2, 3)
    assert options.backoff == Backoff(0.1, 0.8, 3.0)
    assert (options.role, options.system) == ("TEXT_SMALL", "You are Ada.")
    assert Options.of({}).role == "TEXT_LARGE"


@pytest.mark.parametrize(
    ("word", "level"),
    [("trusted", 0), ("fast", 0), ("Progressive", 1), ("strict", 3), ("safe", 3), ("2", 2), (3, 3), ("", 1)],
)  # fmt: skip
def test_levels_have_words(word: Any, level: int) -> None:
    assert level_of(word) == level


@pytest.mark.parametrize("word", ["paranoid", "9", -1, 4, 2.5, "99999999"])
def test_an_unknown_level_is_said_in_the_log(word: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert level_of(word) == 1
    assert "unknown" in caplog.text


async def test_a_level_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="level 7"):
        await run(Model(""), level=7)
