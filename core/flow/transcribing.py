"""What was heard, in words; a vendor who fails is told of once, and costs nobody the talk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from core.errors import ModelError
from core.flow.backchannels import is_noise
from core.flow.cast import Part
from core.flow.till import Till
from core.ports import HEARD, HEARD_RATE, LiveWords, ModelType, Sound, Speech, Spent
from core.settings.context import RequestContext, request_scope

log = logging.getLogger(__name__)

_AT_ONCE = 4
"""Of one channel."""
_PATIENCE = 30.0

Names = Callable[[str, Sequence[str]], str]
"""Gives names their spelling in what was written down: the text, and who may have been named."""


class Transcribing:
    """Of one channel."""

    def __init__(self, speech: Speech, till: Till, names: Names) -> None:
        self._speech = speech
        self._till = till
        self._names = names
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self.trouble = ""
        """Why nothing is written down now, in words; empty while all is well."""

    async def __call__(
        self,
        part: Part,
        pcm: bytes,
        names: Sequence[str],
        person: Awaitable[RequestContext],
        live: LiveWords | None = None,
    ) -> str:
        """Empty where there are no words in it, or nobody can write it down; `person` has said it."""
        sound = Sound(pcm, HEARD, len(pcm) / (2 * HEARD_RATE), words=tuple(names))
        name, events = part.character.name, part.gear.events
        try:
            with request_scope(await person):
                async with self._at_once, asyncio.timeout(_PATIENCE):
                    with self._till.aside(part.id, name, events, ModelType.TRANSCRIPTION) as spent:
                        text = await self._text(part, sound, spent, live)
        except (ModelError, TimeoutError) as error:
            self._fails(name, str(error) or "it takes too long to write down what is said")
            return ""
        if self.trouble:
            log.info("%s: what is said aloud is written down again", name)
            self.trouble = ""
        text = text.strip()
        return "" if is_noise(text) else self._names(text, names)

    async def _text(self, part: Part, sound: Sound, spent: Spent, live: LiveWords | None) -> str:
        if live is not None:
            # Whoever listened along and failed has told so; the whole of it is still here.
            with suppress(ModelError):
                return await live.text(spent)
        return await self._speech.transcribe(part.settings, sound, spent)

    def _fails(self, name: str, why: str) -> None:
        if not self.trouble:
            log.warning("%s: nobody writes down what is said aloud: %s", name, why)
        self.trouble = why
