"""The voice that needs no key, and with its ear the pair of them: for the stage, for tests, for a start."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from core.errors import ModelRejected
from core.ports import Spent, Usage
from core.ports.speech import RATE, Form
from core.settings.layers import Settings
from core.speech import espeak
from core.speech.casting import Offline
from core.speech.espeak import EspeakFailed, Manner
from core.speech.offline_ear import VENDOR, OfflineEar
from core.speech.pcm import Resampler
from core.speech.shaping import in_one_note, portions

_MODEL = "espeak-ng"
_MOST_TEXT = 300
"""Characters said at once: short enough to be stopped soon."""
_NAME = re.compile(r"[A-Za-z0-9-]+(?:\+[A-Za-z0-9_ -]+)?")

# Those of its voices that are understood best, apart enough to be told one from the other.
MANNERS = (
    Manner("en-us+edward", 165, 50),
    Manner("en-us+klatt4", 165, 50),
    Manner("en-us+klatt3", 165, 50),
    Manner("en-us+edward", 165, 70),
    Manner("en-us+klatt4", 165, 75),
    Manner("en-us+edward", 165, 35),
)


class OfflineVoice:
    """ports.Synthesizer."""

    def __init__(self, voice: str = "", *, whose: str = "", language: str = "") -> None:
        """A voice by espeak-ng's name; where there is none, one that is always the same for `whose`.

        `language`, as "de", is that of the text; English where it is not known.
        """
        self._manner = _manner(voice.strip(), whose, language.strip().lower())

    @property
    def name(self) -> str:
        return f"{VENDOR}:{_MODEL}"

    @property
    def mark(self) -> str:
        return f"{VENDOR} {self._manner}"

    async def stream(
        self, text: str, form: Form, spent: Spent, *, before: str = ""
    ) -> AsyncGenerator[bytes, None]:
        """`before` is of no use to it."""
        if form is Form.NOTE:
            async with aclosing(self.stream(text, Form.PCM, spent)) as pieces:
                yield await in_one_note(pieces, self.name)
            return
        resampler = Resampler(espeak.RATE, RATE)
        for part in portions(text, _MOST_TEXT):
            try:
                sound = await asyncio.to_thread(self._said, part, resampler)
            except EspeakFailed as error:
                raise ModelRejected(str(error)) from None
            spent.add(Usage(_MODEL, provider=VENDOR, units=len(part)))
            if sound:
                yield sound
        if rest := resampler.flush():
            yield rest

    def _said(self, part: str, resampler: Resampler) -> bytes:
        return resampler.feed(espeak.spoken(part, self._manner))


@asynccontextmanager
async def offline_pair(*, stands_in: bool = False) -> AsyncIterator[Offline]:
    """Whatever of the two is installed, for all characters; the child of the ear ends with it."""
    speaks = await asyncio.to_thread(espeak.is_here)
    hears = await asyncio.to_thread(OfflineEar.is_here)
    async with OfflineEar() as ear:
        yield Offline(
            voice=offline_voice if speaks else None,
            ear=(lambda _: ear) if hears else None,
            stands_in=stands_in,
        )


def offline_voice(settings: Settings) -> OfflineVoice:
    return OfflineVoice(settings.text("OFFLINE_VOICE"), whose=settings.character_id)


def _manner(voice: str, whose: str, language: str) -> Manner:
    if voice and not _NAME.fullmatch(voice):
        raise ModelRejected("OFFLINE_VOICE is no name that espeak-ng knows, as en-us+f3")
    number = int.from_bytes(hashlib.sha256(whose.encode()).digest()[:4], "big") if whose else 0
    own = MANNERS[number % len(MANNERS)]
    if voice:
        own = Manner(voice, MANNERS[0].speed)
    if not language or language.startswith("en"):
        return own
    # The same person in another language: its words, her way of saying them.
    _, plus, variant = own.voice.partition("+")
    return Manner(f"{language}{plus}{variant}", own.speed, own.pitch)
