"""Sound of any kind that people send to raw sound, and to voice messages; within limits, in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from core.ports.speech import HEARD_RATE, RATE, Clip
from core.speech import ogg
from core.speech.decoding import Bounds, check_size, decoded
from core.speech.opus import Decoder, Encoder, OpusFailed
from core.speech.pcm import FRAME_BYTES, WIDTH, Resampler, SoundTooLong, UnreadableSound
from core.speech.waveform import Waveform

NOTE_BITRATE: Final = 48_000

_PIECE = 1 << 16

_T = TypeVar("_T")


async def to_pcm(data: bytes, rate: int = HEARD_RATE, *, bounds: Bounds | None = None) -> bytes:
    """One channel of signed 16 bits; raises UnreadableSound."""
    bounds = bounds or Bounds()
    return await _apart(lambda stop: b"".join(decoded(data, rate, bounds, stop)))


async def to_clip(data: bytes, *, bounds: Bounds | None = None) -> Clip:
    """As a voice message. One that is already made so passes through, byte for byte."""
    bounds = bounds or Bounds()
    return await _apart(lambda stop: _clip(data, bounds, stop))


async def spoken_clip(pcm: bytes, rate: int = RATE) -> Clip:
    """Raw sound of one channel as a voice message."""
    return await _apart(lambda stop: _encoded(_resampled(pcm, rate), stop))


async def seconds_of(data: bytes, *, bounds: Bounds | None = None) -> float:
    """How long it plays; of OGG/Opus without decoding it."""
    bounds = bounds or Bounds()

    def measured(stop: threading.Event) -> float:
        if (read := _read(data, bounds, stop)) is not None:
            return read[0].seconds
        return sum(map(len, decoded(data, HEARD_RATE, bounds, stop))) / WIDTH / HEARD_RATE

    return await _apart(measured)


async def check_length(data: bytes, *, bounds: Bounds | None = None) -> None:
    """Raises SoundTooLong; what cannot be read may be sound to somebody else.

    Of other kinds than OGG/Opus a file is believed what it says of itself.
    """
    bounds = bounds or Bounds()

    def looked(stop: threading.Event) -> None:
        if _read(data, bounds, stop) is None:
            next(decoded(data, HEARD_RATE, bounds, stop), None)

    try:
        await _apart(looked)
    except SoundTooLong:
        raise
    except UnreadableSound:
        return


# --- in a thread ---------------------------------------------------------------------------------


async def _apart(work: Callable[[threading.Event], _T]) -> _T:
    """Off the loop; whoever no longer waits for it ends it as well."""
    stop = threading.Event()
    try:
        return await asyncio.to_thread(work, stop)
    finally:
        stop.set()


def _clip(data: bytes, bounds: Bounds, stop: threading.Event) -> Clip:
    if (clip := _passed_through(data, bounds, stop)) is not None:
        return clip
    return _encoded(decoded(data, RATE, bounds, stop), stop)


def _passed_through(data: bytes, bounds: Bounds, stop: threading.Event) -> Clip | None:
    """What is a voice message already; None for what must be made into one."""
    if (read := _read(data, bounds, stop)) is None or not _is_mono(read[0]):
        return None
    pages, packets = read
    decoder, drawn = Decoder(HEARD_RATE), Waveform(HEARD_RATE)
    try:
        for packet in packets:
            if stop.is_set():
                raise UnreadableSound("nobody waits for it")
            drawn.feed(decoder.decode(packet))
    except OpusFailed:
        return None
    return Clip(data, pages.seconds, drawn.done())


def _is_mono(pages: ogg.Pages) -> bool:
    return pages.head is not None and pages.head.channels == 1


def _read(
    data: bytes, bounds: Bounds, stop: threading.Event
) -> tuple[ogg.Pages, list[bytes]] | None:
    """The packets of an OGG/Opus that is whole; None of anything else."""
    check_size(data, bounds)
    if not ogg.is_ogg(data):
        return None
    pages, packets = ogg.Pages(), list[bytes]()
    for at in range(0, len(data), _PIECE):
        try:
            packets += pages.feed(data[at : at + _PIECE])
        except UnreadableSound:
            return None  # OGG with something else in it
        if pages.is_spoilt:
            return None
        if pages.samples > bounds.seconds * ogg.RATE:
            raise SoundTooLong(bounds.too_long)
        if stop.is_set():
            raise UnreadableSound("nobody waits for it")
    return (pages, packets) if pages.is_whole and packets else None


def _encoded(pieces: Iterable[bytes], stop: threading.Event) -> Clip:
    encoder, writer, drawn = Encoder(bitrate=NOTE_BITRATE, fec=False), ogg.Writer(), Waveform()
    pages = [writer.begin()]
    waiting, samples = b"", 0
    for piece in pieces:
        if stop.is_set():
            raise UnreadableSound("nobody waits for it")
        drawn.feed(piece)
        samples += len(piece) // WIDTH
        waiting += piece
        whole = len(waiting) // FRAME_BYTES * FRAME_BYTES
        pages.append(_paged(encoder, writer, waiting[:whole]))
        waiting = waiting[whole:]
    tail = waiting + bytes(ogg.PRE_SKIP * WIDTH)
    tail += bytes(-len(tail) % FRAME_BYTES)
    pages.append(_paged(encoder, writer, tail))
    pages.append(writer.end(samples))
    return Clip(b"".join(pages), samples / RATE, drawn.done())


def _paged(encoder: Encoder, writer: ogg.Writer, pcm: bytes) -> bytes:
    return b"".join(
        writer.add(encoder.encode(pcm[at : at + FRAME_BYTES]))
        for at in range(0, len(pcm), FRAME_BYTES)
    )


def _resampled(pcm: bytes, rate: int) -> Iterator[bytes]:
    resampler = Resampler(rate, RATE)
    for at in range(0, len(pcm), rate * WIDTH):
        yield resampler.feed(pcm[at : at + rate * WIDTH])
    yield resampler.flush()
