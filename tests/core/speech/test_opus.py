"""Opus: what goes in comes out, and what is lost is bridged."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from numpy.typing import NDArray

from core.speech.opus import SILENCE, Decoder, Encoder, OpusFailed, is_here, packet_samples

FRAME = 960


def voice(seconds: float, rate: int = 48_000) -> NDArray[np.int16]:
    """Something like a vowel: a gliding tone with its overtones."""
    time = np.arange(round(seconds * rate)) / rate
    phase = 2 * math.pi * np.cumsum(140 + 20 * np.sin(2 * math.pi * time)) / rate
    wave = sum(np.sin(phase * n) / n for n in range(1, 12))
    return np.asarray(wave * 5_000, dtype=np.int16)


def frames(sound: NDArray[np.int16], size: int = FRAME) -> list[bytes]:
    return [sound[at : at + size].tobytes() for at in range(0, len(sound) - size + 1, size)]


def samples(data: bytes) -> NDArray[np.float64]:
    return np.frombuffer(data, dtype="<i2").astype(float)


def likeness(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The best correlation within 30 ms of delay."""
    best = 0.0
    length = min(len(one), len(other)) - 1_500
    for delay in range(1_440):
        a, b = one[:length], other[delay : delay + length]
        best = max(best, float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b) + 1)))
    return best


def test_libopus_is_found() -> None:
    assert is_here()


def test_what_is_encoded_sounds_the_same_when_decoded() -> None:
    sound = voice(1)
    encoder, decoder = Encoder(), Decoder()
    heard = b"".join(decoder.decode(encoder.encode(frame)) for frame in frames(sound))
    assert len(heard) == len(sound.tobytes())
    assert likeness(sound.astype(float), samples(heard)) > 0.8  # low tones are turned a little


def test_one_encoding_is_heard_at_any_rate_of_opus() -> None:
    packets = [Encoder().encode(frame) for frame in frames(voice(0.1))]
    for rate in (8_000, 12_000, 16_000, 24_000, 48_000):
        decoder = Decoder(rate)
        assert {len(decoder.decode(packet)) for packet in packets} == {rate // 50 * 2}


def test_stereo_is_heard_as_one_channel() -> None:
    mono = voice(1)
    both = np.repeat(mono, 2)
    encoder, decoder = Encoder(channels=2, bitrate=96_000), Decoder(channels=1)
    heard = b"".join(decoder.decode(encoder.encode(frame)) for frame in frames(both, 2 * FRAME))
    assert likeness(mono.astype(float), samples(heard)) > 0.8


def test_what_begins_in_a_lost_packet_is_recovered_from_the_one_behind_it() -> None:
    sound = np.concatenate([np.zeros(FRAME * 10, np.int16), voice(0.2)])
    encoder = Encoder(bitrate=24_000, fec=True, loss=30)
    packets = [encoder.encode(frame) for frame in frames(sound)]
    guessing, recovering = Decoder(), Decoder()
    for packet in packets[:11]:
        guessing.decode(packet)
        recovering.decode(packet)
    guess = np.abs(samples(guessing.conceal())).mean()
    copy = np.abs(samples(recovering.recover(packets[12]))).mean()
    assert copy > 2 * guess
    assert copy > 1_000


def test_what_is_lost_for_long_fades_to_silence() -> None:
    encoder, decoder = Encoder(), Decoder(16_000)
    for frame in frames(voice(0.4)):
        decoder.decode(encoder.encode(frame))
    lost = [np.abs(samples(decoder.conceal())).max() for _ in range(40)]
    assert lost[0] > 500
    assert lost[-1] < 50


def test_a_loss_is_as_long_as_the_packet_before_unless_told() -> None:
    encoder, decoder = Encoder(), Decoder(16_000)
    decoder.decode(encoder.encode(voice(0.06).tobytes()[: 2 * 2_880]))
    assert len(decoder.conceal()) == 2 * 960
    assert len(decoder.conceal(320)) == 2 * 320
    with pytest.raises(OpusFailed):
        decoder.conceal(321)
    with pytest.raises(OpusFailed):
        decoder.conceal(16_000)


def test_silence_needs_no_encoder() -> None:
    decoder = Decoder(16_000)
    assert packet_samples(SILENCE) == FRAME
    assert np.abs(samples(decoder.decode(SILENCE))).max() == 0


@pytest.mark.parametrize("milliseconds", [2.5, 5, 10, 20, 40, 60])
def test_the_length_of_a_packet_is_read_from_its_head(milliseconds: float) -> None:
    size = round(48 * milliseconds)
    packet = Encoder().encode(voice(0.1)[:size].tobytes())
    assert packet_samples(packet) == size
    assert packet_samples(packet, 16_000) == size // 3


@pytest.mark.parametrize("data", [b"", b"\x03", b"\x03\x00", b"\xfb\x3f"])
def test_what_is_no_packet_has_no_length(data: bytes) -> None:
    with pytest.raises(OpusFailed):
        packet_samples(data)


def test_wrong_sizes_and_rates_are_refused() -> None:
    with pytest.raises(OpusFailed):
        Encoder().encode(b"\0" * 1_000)
    with pytest.raises(OpusFailed):
        Encoder(44_100)
    with pytest.raises(OpusFailed):
        Decoder(48_000, 3)
    with pytest.raises(OpusFailed):
        Decoder().decode(b"")


def test_noise_is_refused_or_played_and_the_next_voice_is_still_heard() -> None:
    chance = random.Random(8)
    encoder, decoder = Encoder(), Decoder(16_000)
    refused = 0
    for _ in range(2_000):
        try:
            heard = decoder.decode(chance.randbytes(chance.randrange(1, 200)))
        except OpusFailed:
            refused += 1
        else:
            assert len(heard) % 2 == 0
    assert refused
    after = [decoder.decode(encoder.encode(frame)) for frame in frames(voice(1))]
    assert np.abs(samples(after[-1])).max() > 2_000


def test_a_decoder_that_is_reset_is_as_new() -> None:
    packets = [Encoder().encode(frame) for frame in frames(voice(0.2))]
    used, new = Decoder(), Decoder()
    for packet in packets:
        used.decode(packet)
    used.reset()
    assert [used.decode(p) for p in packets] == [new.decode(p) for p in packets]
