"""Whatever befalls a voice channel, she hears and speaks again, or says why not; text goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bots.sandbox import Stage
from tests.fakes.voice_server import brisk
from tests.faults.lounges import Lounge, lounges, state_of
from tests.faults.vendors import vendors

pytestmark = pytest.mark.usefixtures("database")

Deed = Callable[[Lounge], Awaitable[None]]


async def _while(here: Lounge, **what: object) -> None:
    """She talks while it goes on."""
    with here.voice.faults.during(here.trouble(**what)):
        await here.talks()


WAYS: dict[str, Deed] = {
    "First": lambda here: _while(here, first=0.1),
    "Plain": lambda here: _while(here, plain=0.3, padded=0.5),
    "Unannounced": lambda here: _while(here, no_speaking=True),
    "Lossy": lambda here: _while(here, loss=0.05),
    "Lossier": lambda here: _while(here, loss=0.2),
    "Jittery": lambda here: _while(here, jitter=0.06, reorder=0.2, doubled=0.2),
    "Filmed": lambda here: _while(here, camera=True),
}
"""Bad ways of sound."""


async def test_on_bad_ways_of_sound_she_hears_and_is_heard(
    tmp_path: Path, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with (
        vendors(dict.fromkeys(WAYS, ""), brisk) as servers,
        lounges(tmp_path, stage, list(WAYS), servers=servers) as (play, all_here),
    ):
        async with asyncio.TaskGroup() as group:
            for here in all_here:
                group.create_task(WAYS[here.name](here))
                group.create_task(here.is_answered(f"and you, {here.name}?"))
        assert play.gateway.ready()["voices_failing"] == []
        for here in all_here:
            state = state_of(play, here.name)
            assert (state["joined"], state["decrypting"], state["deaf"]) == (True, True, "")
    assert "Traceback" not in caplog.text
