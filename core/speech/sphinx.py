"""A process of its own that writes down what is said, for pocketsphinx lets nobody else work meanwhile.

It is told utterances on its standard input and gives their words on its standard output, until the
line is closed. What goes to and fro is lengths and bytes.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from core.ports.speech import HEARD_RATE
from core.speech.pcm import WIDTH, evened, samples_of, silence

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST: Final = 1_800 * HEARD_RATE * WIDTH
"""Bytes of one utterance."""
LONGEST: Final = 100_000
"""Characters of an answer; more is not believed."""

_ASK = Struct("!I")
_ANSWER = Struct("!?I")
_MEMORY = 1 << 30
_FILES = 64

_EDGE = 0.3
"""Seconds of silence before and behind: an utterance that begins at once is misheard."""
_NOISE = 10
"""Of 32,767: where all is still, numbers run away from the recogniser."""
_MOST_AT_ONCE = 20.0
"""Seconds; its work grows faster than what it hears."""
_STEP = HEARD_RATE // 100
_SOFT = 0.05
_PAUSE = 0.25


def put_ask(pcm: bytes) -> bytes:
    return _ASK.pack(len(pcm)) + pcm


def get_answer(read: Callable[[int], bytes]) -> str | None:
    """What was said; None where it could not be worked out. EOFError for no answer at all."""
    head = read(_ANSWER.size)
    if len(head) < _ANSWER.size:
        raise EOFError
    understood, size = _ANSWER.unpack(head)
    if size > LONGEST:
        raise EOFError
    data = read(size)
    if len(data) < size:
        raise EOFError
    return data.decode("utf-8", "replace") if understood else None


def begin() -> None:
    """In the child."""
    _limit()
    ear = _Ear()
    to, out = sys.stdin.buffer, sys.stdout.buffer
    with contextlib.suppress(BrokenPipeError):
        while len(head := to.read(_ASK.size)) == _ASK.size:
            (size,) = _ASK.unpack(head)
            if size > LARGEST:
                return
            data = to.read(size)
            if len(data) < size:
                return
            try:
                text, understood = ear.words(data), True
            except Exception:  # noqa: BLE001 - the wall round a library that meets any sound
                text, understood = "", False
            said = text.encode()[:LONGEST]
            out.write(_ANSWER.pack(understood, len(said)) + said)
            out.flush()


class _Ear:
    def __init__(self) -> None:
        from pocketsphinx import Decoder

        # The whole utterance is there: it is measured as a whole, not as it goes along.
        self._decoder: Any = Decoder(samprate=HEARD_RATE, cmn="batch", loglevel="FATAL")

    def words(self, pcm: bytes) -> str:
        heard = (self._one(part) for part in parts(pcm))
        return " ".join(words for words in heard if words)

    def _one(self, pcm: bytes) -> str:
        decoder = self._decoder
        decoder.start_utt()
        try:
            decoder.process_raw(prepared(pcm), False, True)
        finally:
            decoder.end_utt()
        found = decoder.hyp()
        return str(found.hypstr) if found is not None else ""


def prepared(pcm: bytes) -> bytes:
    """As loud as any other, with silence round it, and never quite still."""
    edge = silence(_EDGE, HEARD_RATE)
    sound = samples_of(edge + evened(pcm) + edge).astype(np.int32)
    noise = np.random.default_rng(1).normal(0, _NOISE, len(sound))
    return np.clip(sound + np.rint(noise), -32_768, 32_767).astype("<i2").tobytes()


def parts(pcm: bytes) -> Iterator[bytes]:
    """Cut where somebody breathes, so that each part is a sentence or some; none of silence."""
    sound = samples_of(pcm)
    edges = [0, *_pauses(sound), len(sound)]
    start = 0
    most = round(_MOST_AT_ONCE * HEARD_RATE)
    for edge in edges[1:]:
        while edge - start > most:
            yield sound[start : start + most].tobytes()
            start += most
        if edge > start:
            yield sound[start:edge].tobytes()
        start = edge


def _pauses(sound: NDArray[np.int16]) -> list[int]:
    """The middle of each silence that is long enough to be one between two sentences."""
    steps = len(sound) // _STEP
    if not steps:
        return []
    loud = np.abs(sound[: steps * _STEP].astype(np.int32)).reshape(steps, _STEP).max(axis=1)
    heard = np.flatnonzero(loud > max(_SOFT * loud.max(), 3 * _NOISE))
    gaps = np.flatnonzero(np.diff(heard) > _PAUSE * HEARD_RATE / _STEP)
    return [int((heard[gap] + heard[gap + 1]) // 2) * _STEP for gap in gaps]


def _limit() -> None:
    """Where the system can limit a process: Windows cannot."""
    try:
        import resource
    except ImportError:
        return
    for what, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # it is narrower already
            resource.setrlimit(what, (most, most))
