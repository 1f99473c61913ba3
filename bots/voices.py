"""Who speaks and who hears in this house: vendors, plugins, and the pair that needs no key."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bots.links import PlannedLink
from core.clock import Clock
from core.events import Events
from core.flow.cast import Cast
from core.flow.till import Till
from core.models.roles import Models
from core.ports import Clip, Clips, ModelType, Speech
from core.speech.offline import offline_pair
from core.speech.roles import Voices

_BROUGHT = ("av", "davey", "nacl", "webrtcvad")
"""What the extra [voice] brings, by the names that are imported."""


def lacking() -> tuple[str, ...]:
    """What of the extra [voice] is not installed."""
    return tuple(name for name in _BROUGHT if importlib.util.find_spec(name) is None)


@asynccontextmanager
async def voices_of(
    session: aiohttp.ClientSession, models: Models, clock: Clock, data: Path, *, stands_in: bool
) -> AsyncIterator[Voices]:
    """Of all characters; the pair that needs no key `stands_in` for whoever has none."""
    async with (
        offline_pair(stands_in=stands_in) as offline,
        Voices(session, models, clock=clock, folder=data / "clips", offline=offline) as voices,
    ):
        models.borrow(voices)
        yield voices


def clips_of(
    cast: Cast,
    speech: Speech,
    till: Till,
    planned: PlannedLink,
) -> Clips:
    """Voice messages of one link's character, who pays for them."""
    character = planned.character

    async def clip(text: str, *, private: bool = False) -> Clip:
        part = cast.on(planned.account)
        settings = part.settings if part is not None else planned.settings
        events = part.gear.events if part is not None else Events()
        try:
            with till.aside(
                character.id, character.name, events, ModelType.TEXT_TO_SPEECH
            ) as spent:
                return await speech.clip(settings, text, spent, private=private)
        finally:
            await till.settle()

    return clip
