"""OGG: packets go through it untouched, and broken files do no harm."""

from __future__ import annotations

import random

import pytest

from core.speech.ogg import PRE_SKIP, Pages, Writer, packets_of, put_together
from core.speech.opus import Encoder
from core.speech.pcm import UnreadableSound
from tests.core.speech.tones import as_file, vowel


def packets(seconds: float = 3.0) -> list[bytes]:
    encoder, sound = Encoder(), vowel(seconds)
    return [encoder.encode(sound[at : at + 1_920]) for at in range(0, len(sound), 1_920)]


def starts_of(data: bytes) -> list[int]:
    """Where its pages begin."""
    return [at for at in range(len(data)) if data[at : at + 4] == b"OggS"]


def test_opus_passes_through_untouched() -> None:
    sent = packets()
    pages, got = packets_of(put_together(sent, samples=48_000 * 3 - PRE_SKIP))
    assert got == sent
    assert pages.is_whole
    assert pages.seconds == pytest.approx(3 - PRE_SKIP / 48_000)
    assert pages.head is not None
    assert (pages.head.channels, pages.head.pre_skip) == (1, PRE_SKIP)


def test_a_file_can_come_in_pieces_of_any_length() -> None:
    chance = random.Random(3)
    sent = packets()
    data = put_together(sent)
    pages, got, at = Pages(), [], 0
    while at < len(data):
        size = chance.choice((1, 3, 26, 27, 100, 4_000))
        got += pages.feed(data[at : at + size])
        at += size
    assert got == sent
    assert pages.is_whole


def test_what_others_write_is_read_with_its_length() -> None:
    pages, got = packets_of(as_file(vowel(2.5), "ogg", "libopus", 48_000))
    assert pages.is_whole
    assert pages.seconds == pytest.approx(2.5)
    assert len(got) >= 125


def test_what_we_write_is_read_by_others() -> None:
    import io

    import av

    data = put_together(packets(), samples=48_000 * 2)
    with av.open(io.BytesIO(data), "r") as file:
        assert file.streams.audio[0].codec_context.name in ("opus", "libopus")
        assert sum(frame.samples for frame in file.decode(audio=0)) == 48_000 * 2


def test_a_packet_longer_than_a_page_goes_over_several() -> None:
    long = b"\xfc" + bytes(60_000)
    many = [b"\xfc" + bytes(254), b"\xfc" + bytes(509), long, b"\xfc\0"]
    writer = Writer()
    data = writer.begin() + b"".join(map(writer.add, many)) + writer.end()
    assert packets_of(data)[1] == many


def test_a_page_that_was_changed_is_left_out_and_the_rest_is_read() -> None:
    sent = packets(4)
    data = bytearray(put_together(sent))
    data[len(data) // 2] ^= 1
    pages, got = packets_of(bytes(data))
    assert not pages.is_whole
    assert len(sent) - 50 <= len(got) < len(sent)
    assert set(got) <= set(sent)


def test_a_page_that_is_missing_takes_only_its_own_packets_along() -> None:
    sent = packets(4)
    data = put_together(sent)
    starts = starts_of(data)
    pages, got = packets_of(data[: starts[3]] + data[starts[4] :])
    assert got == sent[:50] + sent[100:]
    assert not pages.is_whole


def test_a_file_that_is_cut_off_is_not_whole() -> None:
    data = put_together(packets())
    assert not packets_of(data[:-10])[0].is_whole


def test_another_stream_in_the_file_is_left_out() -> None:
    sent = packets(1)
    writer = Writer(serial=77)
    other = writer.begin() + b"".join(map(writer.add, packets(2))) + writer.end()
    pages, got = packets_of(put_together(sent) + other)
    assert got == sent
    assert not pages.is_whole


def test_a_stream_cut_out_of_a_longer_one_is_as_long_as_what_is_there() -> None:
    data = put_together(packets(4))
    starts = starts_of(data)
    cut = data[: starts[2]] + data[starts[4] :]
    assert packets_of(cut)[0].seconds == pytest.approx(2, abs=0.02)


@pytest.mark.parametrize("data", [b"", b"OggS", b"nothing of the kind", bytes(100_000)])
def test_what_has_no_opus_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableSound):
        packets_of(data)


def test_noise_between_and_inside_never_does_more_than_spoil_it() -> None:
    chance = random.Random(5)
    whole = put_together(packets(2))
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        at = chance.randrange(len(data))
        data[at:at] = chance.randbytes(chance.randrange(40))
        try:
            pages, _ = packets_of(bytes(data))
        except UnreadableSound:
            continue
        assert pages.seconds <= 2.1
        assert not pages.is_whole or bytes(data) == whole
