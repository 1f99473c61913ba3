"""What comes from the process that reads documents is trusted no further than its shape."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.knowledge.wire import (
    KINDS,
    SENTENCES,
    Answer,
    Ask,
    Garbled,
    Why,
    get_answer,
    get_ask,
    put_answer,
    put_ask,
)

letters = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
answers = st.builds(
    Answer,
    why=st.sampled_from(Why),
    kind=st.sampled_from(KINDS),
    title=letters,
    pages=st.integers(0, 2**32 - 1),
    truncated=st.booleans(),
    last=st.booleans(),
    text=letters,
)


@given(answers)
def test_an_answer_arrives_as_it_was_given(answer):
    assert get_answer(BytesIO(put_answer(answer)).read, 1000) == answer


@given(letters, letters, st.binary(max_size=100))
def test_a_document_arrives_as_it_was_handed_over(name, path, data):
    ask = Ask(name, path, len(data), 5, 1.5)
    line = BytesIO(put_ask(ask) + data)
    assert get_ask(line.read) == (ask, data)
    assert get_ask(line.read) is None


@given(st.binary(max_size=200) | answers.map(put_answer).map(lambda said: said[:-1]))
def test_whatever_else_comes_is_an_end_or_garbled_and_never_long(said):
    try:
        answer = get_answer(BytesIO(said).read, 10)
    except (Garbled, EOFError):
        return
    assert len(answer.text) <= 10


def test_an_answer_that_is_longer_than_was_asked_for_is_not_even_read():
    with pytest.raises(Garbled):
        get_answer(BytesIO(put_answer(Answer(Why.READ, text="x" * 1000))).read, 10)
    with pytest.raises(Garbled):  # few enough bytes, too many letters
        get_answer(BytesIO(put_answer(Answer(Why.READ, text="x" * 20))).read, 10)


def test_every_refusal_has_its_sentence():
    assert set(SENTENCES) == set(Why) - {Why.READ}
    assert all(sentence[0].islower() and "\n" not in sentence for sentence in SENTENCES.values())
