"""Waveforms: loud is high, soft is low, and there are never too many."""

from __future__ import annotations

import pytest

from core.speech.pcm import louder, silence
from core.speech.waveform import MOST, Waveform, waveform
from tests.core.speech.tones import tone, vowel


def test_there_are_ten_levels_a_second_and_256_at_most() -> None:
    assert len(waveform(vowel(1.0))) == 10
    assert len(waveform(vowel(1.05))) == 11
    assert len(waveform(vowel(30, 16_000), 16_000)) == MOST
    assert len(waveform(vowel(60, 16_000), 16_000)) == MOST


def test_loud_is_high_and_soft_is_low() -> None:
    sound = tone(300, 1) + louder(tone(300, 1), 0.5) + silence(1)
    levels = waveform(sound)
    assert set(levels[:10]) == {255}
    assert set(levels[10:20]) <= {127, 128}
    assert set(levels[20:]) == {0}


@pytest.mark.parametrize("sound", [b"", b"\0", silence(2)])
def test_silence_is_drawn_flat(sound: bytes) -> None:
    assert set(waveform(sound)) == {0}


def test_a_room_where_nobody_speaks_is_not_drawn_as_shouting() -> None:
    assert max(waveform(tone(300, 1, peak=40))) < 20


def test_pieces_are_drawn_as_the_whole() -> None:
    sound = vowel(3)
    drawn = Waveform()
    for at in range(0, len(sound), 1_001):
        drawn.feed(sound[at : at + 1_001])
    assert drawn.done() == waveform(sound)
