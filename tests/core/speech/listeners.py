"""A character who listens along with one vendor or the other, for tests of the lines that do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from core.errors import ModelError
from core.ports import Spent
from core.settings.layers import Settings
from core.speech.accounts import Account
from core.speech.calling import Patience
from core.speech.elevenlabs import elevenlabs_account
from core.speech.elevenlabs_live import ElevenLabsLine
from core.speech.listening_along import Line
from core.speech.openai import openai_account
from core.speech.openai_live import OpenAILine
from core.speech.pcm import resampled
from core.speech.resting import Rest
from tests.core.scenes import settings
from tests.fakes.clock import FakeClock
from tests.fakes.live_server import LiveFault
from tests.fakes.voice_server import VoiceServer

KEY = "xi-0123456789abcdef0123456789abcdef"
SECOND = bytes(range(250)) * 128
QUICK = Patience(first=0.3, stall=0.3)


@dataclass(frozen=True, slots=True)
class Vendor:
    name: str
    model: str
    rate: int
    account: Callable[[Settings], Account | None]
    line: Callable[..., Line]

    def came(self, pcm: bytes) -> bytes:
        """What was said, as it arrives there."""
        return resampled(pcm, 16_000, self.rate)


ELEVENLABS = Vendor("elevenlabs", "scribe_v2_realtime", 16_000, elevenlabs_account, ElevenLabsLine)
OPENAI = Vendor("openai", "gpt-4o-mini-transcribe", 24_000, openai_account, OpenAILine)


class Along:
    """A character who listens along."""

    def __init__(
        self, vendor: Vendor, server: VoiceServer, session: aiohttp.ClientSession, model: str = ""
    ) -> None:
        self.vendor = vendor
        self.model = model or vendor.model
        self.name = f"{vendor.name}:{self.model}"
        self.server = server
        self.session = session
        self.spent = Spent()
        self.clock = FakeClock()
        self.rest = Rest(self.name, self.clock)

    def line(self, patience: Patience | None = None, *, kept: float = 15.0) -> Line:
        config = settings(
            ELEVENLABS_API_KEY=KEY,
            ELEVENLABS_BASE_URL=self.server.address,
            OPENAI_API_KEY=KEY,
            OPENAI_BASE_URL=f"{self.server.address}/v1",
        )
        account = self.vendor.account(config)
        assert account is not None
        patience = patience or Patience()
        return self.vendor.line(account, self.model, self.session, self.rest, patience, kept=kept)

    @asynccontextmanager
    async def held(
        self, patience: Patience | None = None, *, kept: float = 15.0
    ) -> AsyncIterator[Line]:
        line = self.line(patience, kept=kept)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(line.run())
            yield line
            task.cancel()

    async def fails(self, fault: LiveFault, *said: bytes) -> ModelError:
        """What becomes of something that is said on a line with a fault."""
        self.server.live.fault = fault
        async with self.held(QUICK) as line:
            for piece in said or (SECOND, SECOND):
                line.feed(piece)
                await asyncio.sleep(0)
            with pytest.raises(ModelError) as raised:
                await line.end().text(self.spent)
        assert self.spent.usage.units == 0
        return raised.value


async def until(so: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not so():  # noqa: ASYNC110 - what is on a wire has no event for it
            await asyncio.sleep(0.005)
