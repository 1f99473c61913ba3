"""A process of its own that writes down what is said, for pocketsphinx lets nobody else work meanwhile.

It is told utterances on its standard input and gives their words on its standard output, until the
line is closed. What goes to and fro is lengths and bytes.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from core.confined import limit
from core.ports.speech import HEARD_RATE
from core.speech.pcm import WIDTH, evened, samples_of, silence
from core.speech.phones import phones

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST: Final = 1_800 * HEARD_RATE * WIDTH
"""Bytes of one utterance."""
LONGEST: Final = 100_000
"""Characters of an answer; more is not believed."""

_ASK = Struct("!II")
_ANSWER = Struct("!?I")
_MEMORY = 1 << 30

_MOST_WORDS = 100
_LONGEST_WORDS = 8_000
_MOST_NAMES = 300
_LIKELIER = 300.0
"""Times, than a word of which nothing is known."""
_USUAL = -85_000
"""How likely "may", "will" and "hope" are at least, in pocketsphinx's logarithms."""
_SEARCH = "_default"
_PLAIN = re.compile(r"[^\W\d_]{2,40}")

_EDGE = 0.3
"""Seconds of silence before and behind: an utterance that begins at once is misheard."""
_NOISE = 10
"""Of 32,767: where all is still, numbers run away from the recogniser."""
_MOST_AT_ONCE = 20.0
"""Seconds; its work grows faster than what it hears."""
_STEP = HEARD_RATE // 100
_SOFT = 0.05
_PAUSE = 0.25


def put_ask(pcm: bytes, words: Sequence[str] = ()) -> bytes:
    names = "\n".join(words[:_MOST_WORDS]).encode("utf-8", "replace")[:_LONGEST_WORDS]
    return _ASK.pack(len(names), len(pcm)) + names + pcm


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
    limit(_MEMORY)
    ear = Ear()
    to, out = sys.stdin.buffer, sys.stdout.buffer
    with contextlib.suppress(BrokenPipeError):
        while len(head := to.read(_ASK.size)) == _ASK.size:
            names, size = _ASK.unpack(head)
            if size > LARGEST or names > _LONGEST_WORDS:
                return
            words = to.read(names).decode("utf-8", "replace").split("\n")
            data = to.read(size)
            if len(data) < size:
                return
            try:
                text, understood = ear.words(data, words), True
            except Exception:  # noqa: BLE001 - the wall round a library that meets any sound
                text, understood = "", False
            said = text.encode()[:LONGEST]
            out.write(_ANSWER.pack(understood, len(said)) + said)
            out.flush()


class Ear:
    def __init__(self) -> None:
        self._names: set[str] = set()
        self._decoder = _decoder()

    def words(self, pcm: bytes, names: Sequence[str] = ()) -> str:
        """`names` are likelier than they would be, and come back as they are written."""
        wanted = {one for name in names for one in _PLAIN.findall(name)}
        self._learn(wanted)
        words = self._heard(pcm)
        if not (self._names - wanted).isdisjoint(words):
            # A name that belongs to another room: here nobody has told it.
            self._forget()
            self._learn(wanted)
            words = self._heard(pcm)
        return " ".join(words)

    def _learn(self, wanted: set[str]) -> None:
        if len(self._names | wanted) > _MOST_NAMES:
            self._forget()
        new = {word: self._sounds(word) for word in sorted(wanted - self._names)}
        self._names |= new.keys()
        known = [word for word, sounds in new.items() if sounds]
        for word in known:
            self._decoder.get_lm(_SEARCH).add_word(word, _LIKELIER)
            self._decoder.add_word(word, new[word], word == known[-1])

    def _sounds(self, word: str) -> str:
        """None of a name that is also a usual word: it is heard as such.

        The recogniser tells capitals apart: its own word of the same sound stays what it is.
        """
        own = self._decoder.lookup_word(word.lower())
        if own and self._decoder.get_lm(_SEARCH).prob([word.lower()]) > _USUAL:
            return ""
        return own or phones(word)

    def _forget(self) -> None:
        self._names = set()
        self._decoder = _decoder()

    def _heard(self, pcm: bytes) -> list[str]:
        return [word for part in parts(pcm) for word in self._one(part).split()]

    def _one(self, pcm: bytes) -> str:
        decoder = self._decoder
        decoder.start_utt()
        try:
            decoder.process_raw(prepared(pcm), False, True)
        finally:
            decoder.end_utt()
        found = decoder.hyp()
        return str(found.hypstr) if found is not None else ""


def _decoder() -> Any:
    from pocketsphinx import Decoder

    # The whole utterance is there: it is measured as a whole, not as it goes along.
    return Decoder(samprate=HEARD_RATE, cmn="batch", loglevel="FATAL")


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
