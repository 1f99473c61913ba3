"""The voice of one character in one voice channel: her turns' answers, and what belongs to no turn."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import datetime

from core.errors import ModelUnavailable
from core.events import EventType
from core.flow import voice_telling
from core.flow.aloud import Aloud, Heard, Saying, Start
from core.flow.interruptions import Interruptions
from core.flow.taking_down import TakingDown
from core.flow.voice_means import Means
from core.flow.work import Work
from core.ids import Account
from core.messages import Address
from core.ports import ModelType, VoiceChannel

_HOLDS = 10.0
"""Seconds for which an answer waits while whoever asked goes on."""
_KEEPS_WORD = 2.0


class Speaking:
    """One text after the other, whoever's it is."""

    def __init__(
        self,
        account: Account,
        means: Means,
        channel: Callable[[], VoiceChannel],
        over: Interruptions,
        taking: TakingDown,
        start: Start,
    ) -> None:
        """`over` is told what is said now, `taking` knows whether somebody goes on."""
        self._account = account
        self._means = means
        self._channel = channel
        self._over = over
        self._taking = taking
        self._start = start
        self._word = asyncio.Lock()
        self.spoke_at: datetime = means.clock.now()
        """When something of hers was heard last."""

    def answering(self, work: Work) -> Aloud:
        """The voice of a turn that answers what was spoken here."""

        async def clear() -> None:
            await self._hold(work)

        async def begins() -> None:
            await clear()
            await work.batch.stored()
            work.batch.commit_to()
            self._start(self._keep_word(aloud))

        def heard(heard: Heard) -> None:
            self.spoke_at = self._means.clock.now()
            self._tell_of(work, heard)

        # Where somebody speaks, nobody pays for the rest of what her model would say.
        stopped = work.batch.stopped.ring
        aloud = self._over.aloud = Aloud(
            lambda: self._saying(begins), self._start, heard, stopped, clear
        )
        return aloud

    async def announce(self, text: str) -> None:
        """Say something that belongs to no turn."""

        async def at_once() -> None:
            """Nobody is waited for."""

        aloud = self._over.aloud = Aloud(lambda: self._saying(at_once), self._start)
        try:
            await aloud.finish(text)
        finally:
            aloud.close()

    def _saying(self, begins: Callable[[], Awaitable[None]]) -> Saying:
        mouth, clock = self._channel().mouth, self._means.clock
        return Saying(mouth, self._voice, self._word, begins, clock)

    async def _voice(self, text: str, before: str) -> AsyncGenerator[bytes, None]:
        part = self._means.cast.on(self._account)
        if part is None:
            return
        state = self._channel().state
        if why := state.mute or state.away:
            raise ModelUnavailable(f"nobody would hear it: {why}")  # and somebody would pay for it
        name, events = part.character.name, part.gear.events
        kind = ModelType.TEXT_TO_SPEECH
        with self._means.till.aside(part.id, name, events, kind) as spent:
            pieces = self._means.speech.stream(part.settings, text, spent, before=before)
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece

    async def _hold(self, work: Work) -> None:
        """Whoever asks and goes on is answered when they are done."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HOLDS):
                await self._taking.settled(work.lead.author.id)

    async def _keep_word(self, aloud: Aloud) -> None:
        """Our others wait for as long as she speaks."""
        means, platform = self._means, self._account.partition(":")[0]
        while True:
            self.spoke_at = means.clock.now()
            means.floor.speaks(Address(platform, self._account, self._channel().id))
            await means.clock.sleep(_KEEPS_WORD)
            if not aloud.sounding:
                return

    def _tell_of(self, work: Work, heard: Heard) -> None:
        events, kind = work.part.gear.events, EventType.VOICE_MESSAGE_SENT
        if heard.text and events.wanted(kind):
            self._means.after.tell(events, kind, voice_telling.sent(work, heard))
