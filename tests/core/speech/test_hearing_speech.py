"""Speech that a machine has made, cut into utterances: loud and soft, in still rooms and in hiss."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from core.ports.speech import HEARD_RATE
from core.ports.voices import Listening, Utterance
from core.speech import espeak
from core.speech.hearing import FRAME, Hearing
from core.speech.pcm import resampled
from core.speech.vad import Detector

SENTENCES = (
    "what is the weather today",
    "i would like to walk in the park",
    "do you know who lives in the house on the hill",
)


@cache
def spoken(text: str, voice: str = "en-us") -> bytes:
    made = espeak.spoken(text, espeak.Manner(voice))
    return resampled(made, espeak.RATE, HEARD_RATE)


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * HEARD_RATE) * 2)


def mixed(pcm: bytes, *, level: float | None = None, hiss: float = 0.0) -> bytes:
    """At a level between 0 and 1 where it speaks, with hiss of a level under all of it."""
    sound = np.frombuffer(pcm, "<i2").astype(float) / 32_768
    if level is not None:
        sound *= level / np.sqrt(np.mean(sound[np.abs(sound) > 0.01] ** 2))
    sound += np.random.default_rng(1).normal(0, hiss or 1e-9, len(sound))
    return (np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes()


class Listener:
    def __init__(self) -> None:
        self.said: list[Utterance] = []
        self.begun = self.dropped_ = 0

    def began(self, person: str) -> None:
        self.begun += 1

    def insists(self, person: str) -> None: ...

    def ended(self, said: Utterance) -> None:
        self.said.append(said)

    def dropped(self, person: str) -> None:
        self.dropped_ += 1


def heard(pcm: bytes, **ways: float) -> Listener:
    listening, listener = Listening(**ways), Listener()  # type: ignore[arg-type]  # numbers
    hearing = Hearing(listening, listener, lambda: Detector(listening))
    now = 100.0
    for start in range(0, len(pcm), FRAME):
        now += 0.02
        hearing.hear("ann", pcm[start : start + FRAME], now)
        hearing.advance(now)
    hearing.advance(now + 5)
    return listener


def conversation(pause: float) -> bytes:
    return b"".join(silence(pause) + spoken(text) for text in SENTENCES) + silence(pause)


@pytest.mark.parametrize("hiss", [0.0, 0.001, 0.004])
@pytest.mark.parametrize("level", [0.02, 0.1, 0.3])
def test_each_sentence_is_an_utterance(level: float, hiss: float) -> None:
    listener = heard(mixed(conversation(1.2), level=level, hiss=hiss))
    assert len(listener.said) == len(SENTENCES)
    at = 101.2
    for said, text in zip(listener.said, SENTENCES, strict=True):
        seconds = len(spoken(text)) / 2 / HEARD_RATE
        assert said.began == pytest.approx(at, abs=0.2)
        assert said.ended <= at + seconds + 0.3
        assert said.speech > 0.5 * seconds
        at += seconds + 1.2


@pytest.mark.parametrize("voice", ["en-us", "en-us+f3", "de", "fr"])
def test_a_sentence_is_not_cut_in_two(voice: str) -> None:
    text = "well i have never seen anything like it and i do not think i ever will"
    listener = heard(silence(0.5) + spoken(text, voice))
    (said,) = listener.said
    assert len(said.pcm) > 0.85 * len(spoken(text, voice))


@pytest.mark.parametrize("hiss", [0.0005, 0.002, 0.008])
def test_hiss_is_nobody(hiss: float) -> None:
    listener = heard(mixed(silence(60), hiss=hiss))
    assert (listener.begun, listener.said) == (0, [])


def test_hum_and_clicks_are_nobody() -> None:
    at = np.arange(20 * HEARD_RATE) / HEARD_RATE
    sound = 0.01 * np.sin(2 * np.pi * 50 * at)
    sound[:: HEARD_RATE // 3] += 0.7
    listener = heard((sound.clip(-1, 1) * 32_767).astype("<i2").tobytes())
    assert listener.said == []


def test_a_short_word_is_heard() -> None:
    for word in ("yes", "no", "stop"):
        listener = heard(silence(0.5) + spoken(word) + silence(1))
        assert len(listener.said) == 1, word


def test_the_higher_the_threshold_the_less_is_speech() -> None:
    soft = mixed(conversation(1.0), level=0.008)
    speech = [
        sum(said.speech for said in heard(soft, threshold=threshold).said)
        for threshold in (0.0, 0.5, 1.0)
    ]
    assert speech[0] > speech[1] > speech[2]
