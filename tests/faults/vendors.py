"""Vendors of voices, one for each character, each with its own way to fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from bots.testkit import Play
from tests.fakes.voice_server import Fault, Making, VoiceServer, tone

KEY = "xi-canary-Hk4Tz8Wq2Lm6Yd9Bn3"

Faults = Mapping[str, Fault]
"""By the character whose vendor has it."""


@asynccontextmanager
async def vendors(
    faults: Faults, make: Making = tone, *, after: int = 8_000
) -> AsyncIterator[dict[str, VoiceServer]]:
    """`after` so many bytes go wrong what begins well."""
    async with AsyncExitStack() as stack:
        opened = {}
        for name, fault in faults.items():
            opened[name] = server = await stack.enter_async_context(VoiceServer(make))
            server.fault, server.after = fault, after
        yield opened


def settings_of(servers: Mapping[str, VoiceServer], **more: str) -> dict[str, str]:
    """Variables by which each character speaks by its own vendor, and by nobody else."""
    settings = {"SPEECH_PROVIDER": "elevenlabs", **more}
    for name, server in servers.items():
        settings[f"CHARACTER__{name.upper()}__ELEVENLABS_API_KEY"] = f"{KEY}{name}"
        settings[f"CHARACTER__{name.upper()}__ELEVENLABS_BASE_URL"] = server.address
    return settings


def failing(play: Play) -> dict[tuple[str, str], str]:
    """Why whose voice fails, as /ready tells it."""
    report: dict[str, Any] = play.gateway.ready()
    return {(one["character"], one["what"]): one["reason"] for one in report["voices_failing"]}
