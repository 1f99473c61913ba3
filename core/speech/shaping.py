"""What a vendor sends as what was asked for: rates changed, codecs too, and nothing cut short."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from core.errors import ModelRejected, ModelUnavailable
from core.ports.speech import RATE, Form
from core.speech import convert
from core.speech.calling import whole
from core.speech.ogg import Pages
from core.speech.opus import OpusFailed
from core.speech.pcm import WIDTH, Resampler, UnreadableSound
from core.text import past_blank_lines, pause

_PIECE = RATE * WIDTH // 2
"""Bytes of half a second, where all of it is there at once."""
_MUCH = 4096
"""Bytes whose rate takes a millisecond to change, and more of the loop than that is too much."""
_FILES = (b"RIFF", b"OggS", b"ID3", b"fLaC")
_FASTEST = 50.0
"""Letters in a second: nobody speaks three times as fast as people do."""
_TELLING = 40
"""Letters from which on the length of the sound says something."""


def portions(text: str, most: int) -> list[str]:
    """A text as parts that a vendor takes, cut where a reader would breathe; none of nothing."""
    parts: list[str] = []
    at = past_blank_lines(text, 0)
    while at < len(text):
        end = len(text) if len(text) - at <= most else pause(text, at, at + most)
        if part := text[at:end].strip():
            parts.append(part)
        at = end
    return parts


async def shaped(
    pieces: AsyncGenerator[bytes, None], format: str, form: Form, text: str, who: str
) -> AsyncGenerator[bytes, None]:
    """`format` as ElevenLabs names it: pcm_24000, opus_48000_64, mp3_44100_128.

    Raises ModelUnavailable for what is no sound or is cut short; of a stream that is found out
    only at its end.
    """
    kind = format.partition("_")[0]
    try:
        async with aclosing(pieces):
            if form is Form.NOTE:
                async for piece in _note(pieces, format, text, who):
                    yield piece
            elif kind == "pcm":
                async with aclosing(_streamed(pieces, format, text, who)) as made:
                    async for piece in made:
                        yield piece
            else:
                sound = await convert.to_pcm(await whole(pieces), RATE)
                _check_length(len(sound) / WIDTH / RATE, text, who)
                for at in range(0, len(sound), _PIECE):
                    yield sound[at : at + _PIECE]
    except UnreadableSound as error:
        raise ModelUnavailable(f"{who} sent no sound that can be read: {error}") from None
    except OpusFailed as error:
        raise ModelRejected(str(error)) from None


async def in_one_note(pieces: AsyncGenerator[bytes, None], who: str) -> bytes:
    """Form.PCM as Form.NOTE."""
    try:
        async with aclosing(pieces):
            return (await convert.spoken_clip(await whole(pieces))).data
    except OpusFailed as error:
        raise ModelRejected(f"{who} cannot speak in voice messages: {error}") from None


async def _streamed(
    pieces: AsyncGenerator[bytes, None], format: str, text: str, who: str
) -> AsyncGenerator[bytes, None]:
    rate = int(format.partition("_")[2])
    resampler = Resampler(rate)
    size = 0
    async for piece in pieces:
        if not size and piece.startswith(_FILES):
            raise ModelUnavailable(f"{who} sent a file in place of raw sound")
        size += len(piece)
        much = rate != RATE and len(piece) > _MUCH
        if (
            made := await asyncio.to_thread(resampler.feed, piece)
            if much
            else resampler.feed(piece)
        ):
            yield made
    if size % WIDTH:
        raise ModelUnavailable(f"{who} broke off within a sample")
    if rest := resampler.flush():
        yield rest
    _check_length(size / WIDTH / rate, text, who)


async def _note(
    pieces: AsyncGenerator[bytes, None], format: str, text: str, who: str
) -> AsyncIterator[bytes]:
    """In one piece: who sends a voice message needs all of it, and it may turn out to be cut."""
    if format.startswith("pcm"):
        sound = await whole(_streamed(pieces, format, text, who))
        yield (await convert.spoken_clip(sound)).data
        return
    data = await whole(pieces)
    if format.startswith("opus"):
        pages = Pages()
        pages.feed(data)
        if not pages.is_whole:
            raise ModelUnavailable(f"{who} broke off within a page")
        _check_length(pages.seconds, text, who)
        yield data
        return
    clip = await convert.to_clip(data)
    _check_length(clip.seconds, text, who)
    yield clip.data


def _check_length(seconds: float, text: str, who: str) -> None:
    letters = sum(map(str.isalnum, text))
    least = letters / _FASTEST if letters >= _TELLING and text.isascii() else math.ulp(0)
    if seconds < least:
        raise ModelUnavailable(f"{who} broke off: {seconds:.1f} s of {letters} letters")
