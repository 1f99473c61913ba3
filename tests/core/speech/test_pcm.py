"""Raw sound: what is done to it does not click, and does not change what is said."""

from __future__ import annotations

import random

import numpy as np
import pytest

from core.speech.pcm import (
    Resampler,
    UnreadableSound,
    evened,
    faded,
    louder,
    loudness,
    mixed,
    mono,
    read_wav,
    resampled,
    silence,
    wav,
)
from tests.core.speech.tones import samples, strength, tone, vowel

RATES = (8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000)


@pytest.mark.parametrize("source", RATES)
@pytest.mark.parametrize("target", [16_000, 48_000])
def test_a_tone_keeps_its_height_its_strength_and_its_place(source: int, target: int) -> None:
    made = resampled(tone(1_000, 0.48, source), source, target)
    wanted = samples(tone(1_000, 0.48, target))
    assert len(made) == 2 * len(wanted)
    edge = target // 100
    assert np.abs(samples(made) - wanted)[edge:-edge].max() < 20


@pytest.mark.parametrize("source", RATES)
def test_pieces_of_any_length_sound_like_one(source: int) -> None:
    chance = random.Random(source)
    sound = vowel(0.5, source)
    resampler = Resampler(source)
    made, at = b"", 0
    while at < len(sound):
        size = chance.randrange(1, 1_500)
        made += resampler.feed(sound[at : at + size])
        at += size
    made += resampler.flush()
    assert made == resampled(sound, source, 48_000)


def test_what_is_too_high_for_the_lower_rate_is_left_out() -> None:
    high = resampled(tone(9_500, 0.5), 48_000, 16_000)
    assert loudness(high) < 0.005
    assert loudness(resampled(tone(6_000, 0.5), 48_000, 16_000)) > 0.2


def test_a_flushed_resampler_begins_anew() -> None:
    resampler = Resampler(24_000)
    first = resampler.feed(vowel(0.1, 24_000)) + resampler.flush()
    assert resampler.feed(vowel(0.1, 24_000)) + resampler.flush() == first


def test_nobody_resamples_what_cannot_be_heard() -> None:
    with pytest.raises(UnreadableSound):
        Resampler(100)


def test_a_slope_has_no_step() -> None:
    slope = samples(louder(tone(200, 0.02), 1, 0))
    straight = np.abs(np.diff(samples(tone(200, 0.02)))).max()
    assert np.abs(np.diff(slope)).max() <= straight * 1.1
    assert abs(slope[-1]) < 20


def test_a_fade_reaches_silence_at_both_ends_and_leaves_the_middle() -> None:
    sound = vowel(0.2)
    made = samples(faded(sound))
    assert abs(made[0]) < 50
    assert abs(made[-1]) < 200
    assert (made[1_000:-1_000] == samples(sound)[1_000:-1_000]).all()


def test_too_loud_is_cut_and_does_not_turn_over() -> None:
    sound = tone(200, 0.1, peak=30_000)
    made = samples(louder(sound, 4))
    assert made.max() == 32_767
    assert ((made > 0) == (samples(sound) > 0))[samples(sound) != 0].all()
    assert samples(mixed(sound, sound, sound)).max() == 32_767


def test_two_voices_are_both_heard() -> None:
    both = mixed(tone(440, 0.5), tone(1_000, 0.3))
    assert len(both) == len(tone(440, 0.5))
    assert strength(both, 440) == pytest.approx(10_000, rel=0.02)
    assert strength(both, 1_000) == pytest.approx(6_000, rel=0.05)


def test_stereo_becomes_its_mean() -> None:
    left, right = samples(tone(440, 0.1)), samples(tone(1_000, 0.1))
    pairs = np.stack((left, right), axis=1).astype("<i2").tobytes()
    made = mono(pairs + b"\0", 2)
    assert np.abs(samples(made) - (left + right) / 2).max() <= 1


def test_whispers_and_shouts_are_made_alike_and_silence_stays() -> None:
    soft, loud = evened(tone(440, 0.1, peak=300)), evened(tone(440, 0.1, peak=30_000))
    assert samples(soft).max() == pytest.approx(samples(loud).max(), rel=0.01)
    assert evened(silence(0.1)) == silence(0.1)


def test_a_wav_is_read_as_it_was_written() -> None:
    sound = vowel(0.1, 16_000)
    assert read_wav(wav(sound, 16_000)) == (sound, 16_000)
    both = np.repeat(np.frombuffer(sound, "<i2"), 2).tobytes()
    assert read_wav(wav(both, 44_100, 2)) == (sound, 44_100)


@pytest.mark.parametrize("size", [0, 4, 11, 12, 20, 36, 43])
def test_a_wav_that_is_cut_off_is_refused(size: int) -> None:
    with pytest.raises(UnreadableSound):
        read_wav(wav(vowel(0.1), 48_000)[:size])


def test_a_wav_of_eight_bits_is_refused() -> None:
    eight = bytearray(wav(vowel(0.1), 48_000))
    eight[34] = 8
    with pytest.raises(UnreadableSound):
        read_wav(bytes(eight))
