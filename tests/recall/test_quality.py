"""What is found again of a conversation of 2,000 messages; `make bench` measures it with vectors."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.recall.asking import SHE, asked
from tests.recall.conversation import LENGTH, conversation, questions


def test_the_conversation_is_what_it_says_it_is() -> None:
    said = conversation(SHE)
    ids = {one.id for one in said}
    assert len(said) == len(ids) == LENGTH
    assert len(questions()) >= 60
    assert ids.issuperset(one.answer for one in questions())
    assert max(Counter(one.content.text for one in said).values()) == 1
    assert said == conversation(SHE)


async def test_questions_in_the_words_of_their_answers_find_them_without_any_model(
    tmp_path: Path,
) -> None:
    async with asked(tmp_path) as ada:
        score = await ada.score()
    # Words alone find words: of the questions that share none with their answer, next to none.
    assert score.same >= 0.93
    assert score.all >= 0.24
    assert score.other < 0.5
