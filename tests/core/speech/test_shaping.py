"""What a vendor sends, as what was asked for."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from core.errors import ModelUnavailable
from core.ports.speech import RATE, Form
from core.speech.calling import whole
from core.speech.pcm import seconds_of, wav
from core.speech.shaping import portions, shaped
from tests.fakes.voice_server import encoded, tone


async def pieces(data: bytes, size: int = 1_001) -> AsyncGenerator[bytes, None]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


@pytest.mark.parametrize("format", ["pcm_48000", "pcm_16000", "pcm_22050", "opus_48000_64", "mp3"])
async def test_every_format_becomes_what_a_room_plays(format: str) -> None:
    data = await encoded(await tone("hello" * 10), format)
    sound = await whole(shaped(pieces(data), format, Form.PCM, "hello", "somebody"))
    assert seconds_of(sound, RATE) == pytest.approx(3.0, abs=0.06)


async def test_a_file_in_place_of_raw_sound_is_noticed() -> None:
    data = wav(bytes(9_600), 24_000)
    with pytest.raises(ModelUnavailable, match="sent a file in place of raw sound"):
        await whole(shaped(pieces(data), "pcm_24000", Form.PCM, "hello", "somebody"))


async def test_half_a_sample_is_an_end_before_its_time() -> None:
    with pytest.raises(ModelUnavailable, match="broke off within a sample"):
        await whole(shaped(pieces(bytes(9_601)), "pcm_24000", Form.PCM, "hello", "somebody"))


async def test_half_a_page_is_an_end_before_its_time() -> None:
    data = await encoded(await tone("hello" * 10), "opus_48000_64")
    cut = pieces(data[: len(data) - 100])
    with pytest.raises(ModelUnavailable, match="broke off within a page"):
        await whole(shaped(cut, "opus_48000_64", Form.NOTE, "hello", "somebody"))


async def test_bytes_that_are_nothing_are_no_sound() -> None:
    rubbish = pieces(bytes(range(1, 200)) * 50)
    with pytest.raises(ModelUnavailable, match="no sound that can be read"):
        await whole(shaped(rubbish, "mp3_44100_128", Form.NOTE, "hello", "somebody"))


async def test_few_letters_may_be_said_in_no_time() -> None:
    sound = await whole(shaped(pieces(bytes(960)), "pcm_48000", Form.PCM, "Oh!", "somebody"))
    assert sound == bytes(960)


def test_a_text_is_cut_where_a_reader_would_breathe() -> None:
    text = "One two three. Four five six. Seven eight nine."
    assert portions(text, 20) == ["One two three.", "Four five six.", "Seven eight nine."]
    assert portions("  ", 20) == []
    assert "".join(portions("x" * 100, 30)) == "x" * 100
