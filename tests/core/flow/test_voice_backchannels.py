"""What short words mean while somebody speaks."""

from __future__ import annotations

import pytest

from core.flow.backchannels import is_nod, is_noise, is_stop, sounds_unfinished


@pytest.mark.parametrize(
    "text",
    ["Mhm.", "yeah", "Yeah, right.", "Okay!", "Genau.", "D’accord.", "да, да", "はい", "I see."],
)
def test_who_nods_listens_on(text: str) -> None:
    assert is_nod(text)


@pytest.mark.parametrize(
    "text", ["", "Yes?", "No.", "Okay, but why is that so?", "I do not think so"]
)
def test_a_question_or_a_sentence_is_no_nod(text: str) -> None:
    assert not is_nod(text)


@pytest.mark.parametrize("text", ["Stop!", "Wait, wait.", "that’s enough", "Sei still!", "Стоп"])
def test_the_wish_to_be_silent_is_understood(text: str) -> None:
    assert is_stop(text)


@pytest.mark.parametrize("text", ["Stop the music.", "I will wait for you", "", "Do not stop"])
def test_other_words_with_stop_in_them_are_something_to_answer(text: str) -> None:
    assert not is_stop(text)


@pytest.mark.parametrize(
    "text", ["", "...", "[music]", "(laughs)", "*coughs*", "♪♪", "[Music] (laughs)"]
)
def test_sounds_without_words_are_noise(text: str) -> None:
    assert is_noise(text)
    assert not is_noise(f"Hello {text}")


@pytest.mark.parametrize(
    "text",
    ["I went to the", "milk and", "Well,", "Then I, um.", "Ich will, dass", "because...", "go to"],
)
def test_who_stops_there_is_not_done(text: str) -> None:
    assert sounds_unfinished(text)


@pytest.mark.parametrize(
    "text", ["Yes", "It is over.", "Where do you come from?", "Come in.", "No", "I think so!", ""]
)
def test_who_has_said_a_sentence_is_done(text: str) -> None:
    assert not sounds_unfinished(text)
