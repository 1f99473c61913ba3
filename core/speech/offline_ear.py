"""An ear that needs no key: pocketsphinx, which knows English, in a child process that can be killed."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import threading
from typing import Final, Self

from core.child import Child
from core.errors import ModelRejected, ModelUnavailable
from core.ports import Spent, Usage
from core.ports.speech import HEARD, HEARD_RATE, Sound
from core.speech import sphinx
from core.speech.convert import to_pcm
from core.speech.opus import OpusFailed
from core.speech.pcm import UnreadableSound, seconds_of

log = logging.getLogger(__name__)

VENDOR: Final = "offline"
_MODEL = "pocketsphinx"
_LANGUAGE = "en"
_BEGIN = "from core.speech import sphinx; sphinx.begin()"
_START = 20.0
"""Seconds in which it wakes up and hears nothing yet."""
_SLOWEST = 3.0
"""Seconds of work for one of sound, on a machine that has others to do."""
_TRIES = 2
_WORTH_ITS_END = 10.0
"""Seconds of sound which it hears to the end although nobody waits: sooner than a new child."""


class OfflineEar:
    """ports.Transcriber: one child at most, one sound after the other; without a sound for a while, none."""

    def __init__(self, *, idle: float = 600.0) -> None:
        self._child = Child("hearing", _BEGIN, idle=idle)
        self._here = False

    @property
    def name(self) -> str:
        return f"{VENDOR}:{_MODEL}"

    @staticmethod
    def is_here() -> bool:
        return importlib.util.find_spec("pocketsphinx") is not None

    async def __aenter__(self) -> Self:
        self._here = await asyncio.to_thread(self.is_here)
        await self._child.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._child.__aexit__(*exc)

    async def transcribe(self, sound: Sound, spent: Spent) -> str:
        if not self._child.is_open:
            raise ModelUnavailable("the offline ear is closed")
        if not self._here:
            raise ModelRejected(
                "no pocketsphinx is installed: run `make setup`, or "
                "`pip install troupe[offline-voice]`"
            )
        if sound.language and not sound.language.lower().startswith(_LANGUAGE):
            raise ModelRejected("the offline ear understands English only")
        pcm = await self._raw(sound)
        if len(pcm) > sphinx.LARGEST:
            raise ModelRejected("the offline ear does not hear so long a sound")
        if not pcm:
            return ""
        seconds = seconds_of(pcm, HEARD_RATE)
        gone = threading.Event()
        job = self._child.submit(self._asked, pcm, sound.words, seconds, gone)
        try:
            text = await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            gone.set()
            if job.running() and seconds > _WORTH_ITS_END:
                self._child.kill()
            raise
        self._child.rest()
        if text is None:
            raise ModelUnavailable("the offline ear did not answer")
        spent.add(Usage(_MODEL, provider=VENDOR, units=seconds))
        return text

    async def _raw(self, sound: Sound) -> bytes:
        if sound.mime == HEARD:
            return sound.data
        try:
            return await to_pcm(sound.data, HEARD_RATE)
        except (UnreadableSound, OpusFailed) as error:
            raise ModelRejected(f"the sound cannot be heard: {error}") from None

    # --- on the thread -------------------------------------------------------------------------

    def _asked(
        self, pcm: bytes, words: tuple[str, ...], seconds: float, gone: threading.Event
    ) -> str | None:
        """None for no answer, after which the next one asks a new child."""
        late = threading.Event()
        for _ in range(_TRIES):
            if gone.is_set() or late.is_set() or self._child.is_closed:
                break
            try:
                return self._exchanged(pcm, words, seconds, late)
            except (EOFError, OSError):
                # Ended by us for another's sake, by the system, or by what it was to hear.
                self._child.end()
        if not gone.is_set() and not self._child.is_closed:
            log.warning("the offline ear ended in the middle of %.1f s of sound", seconds)
        return None

    def _exchanged(
        self, pcm: bytes, words: tuple[str, ...], seconds: float, late: threading.Event
    ) -> str | None:
        with self._child.spoken_to(_START + _SLOWEST * seconds, late) as (to, back):
            to.write(sphinx.put_ask(pcm, words))
            to.flush()
            return sphinx.get_answer(back.read)
