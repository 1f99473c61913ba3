"""Five hundred bad answers: none escapes, none takes long, none shows its bones (G26)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import pytest

from core.prompting.dynamic import Options, Row, prompt_exec
from core.prompting.loose import MOST_READ, read
from core.prompting.names import SILENT
from core.prompting.params import MOST_PARAMS
from core.prompting.reading import Answer, AnswerReader
from core.prompting.saying import MOST_SAID
from tests.core.prompting.corpus import MANY, corpus
from tests.core.prompting.obedient import Model

CORPUS = tuple(corpus())
_TOGETHER = 25
EACH = pytest.mark.parametrize("first", range(0, MANY, _TOGETHER))
"""Each answer, so many in one test: a test costs more than an answer does."""
_LONGEST = 0.2

_BONES = re.compile(
    r"</?(?:response|thought|actions|params|think(?:ing)?|tool_calls?|tool_code|function_calls)>"
    r"|<\|[\w ]{1,24}\|>|<｜|<!doctype|<html|\A\s*data: ?\{|\[TOOL_CALLS\]|\"(?:error|tool_calls)\":",
    re.IGNORECASE,
)
_ROWS = (Row("thought"), Row("text", required=True))


def test_there_are_as_many_as_promised() -> None:
    assert len(CORPUS) == MANY
    assert len(set(CORPUS)) > MANY * 0.9


def within_limits(work: Callable[[], Any]) -> Any:
    """What the work gave; one of six tries has to be quick enough, on a busy machine too."""
    took = 0.0
    for _ in range(6):
        begun = time.thread_time()
        given = work()
        took = time.thread_time() - begun
        if took <= _LONGEST:
            return given
    raise AssertionError(f"it took {took:.3f} s")


def streamed(written: str, sizes: list[int]) -> tuple[str, Answer]:
    reader = AnswerReader("Ada")
    said: list[str] = []
    at = turn = 0
    while at < len(written) and not reader.full:
        size = sizes[turn % len(sizes)]
        said.append(reader.feed(written[at : at + size]))
        at, turn = at + size, turn + 1
    return "".join(said), reader.end()


@EACH
def test_the_words_of_any_answer_are_words_and_the_cuts_make_no_difference(first: int) -> None:
    for number in range(first, first + _TOGETHER):
        written, chance = CORPUS[number], Random(number)
        said, answer = within_limits(partial(streamed, written, [100_000]))
        assert len(answer.text) <= MOST_SAID
        assert answer.text.startswith(said)
        assert answer.text == answer.text.strip()
        answer.text.encode()
        assert answer.text or not answer.actions or SILENT.isdisjoint(answer.actions) or not said
        if not _spoken_of(written):
            assert not _BONES.search(answer.text)
        # A long flood need not come in single letters to be told apart from itself.
        sizes = [chance.randint(1, 9 if len(written) < 20_000 else 20_000) for _ in range(7)]
        assert streamed(written, sizes)[1] == answer


@EACH
def test_arguments_of_any_answer_are_bounded(first: int) -> None:
    for number in range(first, first + _TOGETHER):
        answer = streamed(CORPUS[number], [100_000])[1]
        assert all(isinstance(one, dict) for one in answer.params.values())
        assert len(repr(answer.params)) <= 40 * MOST_PARAMS
        assert len(answer.next) <= 64


@EACH
@pytest.mark.parametrize("form", ["", "json", "xml"])
def test_any_answer_is_read_as_fields_or_as_nothing(first: int, form: Any) -> None:
    for number in range(first, first + _TOGETHER):
        found = within_limits(partial(read, CORPUS[number], form=form))
        assert found is None or found
        assert _size(found) <= MOST_READ
        assert _depth(found) <= 66


@EACH
async def test_a_structured_prompt_gives_all_or_nothing(first: int) -> None:
    for number in range(first, first + _TOGETHER):
        written = CORPUS[number]
        level = number % 4
        shown: list[str] = []
        options = Options(
            level=level,
            format="json" if number % 3 else "xml",
            max_retries=0,
            on_event=partial(_note, shown),
        )
        model = Model(written, size=max(7, len(written) // 50))
        result = await prompt_exec(model, values={}, template="Well?", rows=_ROWS, options=options)
        # Nobody who has not read the prompt can know its codes.
        assert result is None or (level == 0 and result["text"].strip())
        assert result is None or result.keys() <= {"thought", "text"}
        if level:
            assert not shown
        assert len("".join(shown)) <= MOST_SAID


def _note(shown: list[str], event: Any) -> None:
    if event.kind == "chunk":
        shown.append(event.text)


def _spoken_of(written: str) -> bool:
    """A tag in backticks or in CDATA is spoken of."""
    return "`<" in written or "<![CDATA[" in written


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(len(key) + _size(one) for key, one in value.items())
    if isinstance(value, list):
        return sum(map(_size, value))
    return len(value) if isinstance(value, str) else 0


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0
