"""A stage to speak on, and an ear of the tests' own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bots.discord.pulse import PULSE
from bots.sandbox import Stage
from core.speech.offline_ear import OfflineEar


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with Stage(limits=False) as stage:
        yield stage
    assert PULSE.settle(), "nobody is left in a voice channel"


@pytest.fixture
async def ear() -> AsyncIterator[OfflineEar]:
    async with OfflineEar() as ear:
        yield ear
