"""What is ElevenLabs' own in a line to its ear that listens along."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from core.errors import ModelRejected
from tests.core.speech.listeners import ELEVENLABS, KEY, SECOND, Along
from tests.fakes.voice_server import VoiceServer


@pytest.fixture
async def ada() -> AsyncIterator[Along]:
    async with VoiceServer() as server, aiohttp.ClientSession() as session:
        yield Along(ELEVENLABS, server, session)


async def test_a_line_is_opened_as_its_protocol_has_it(ada: Along) -> None:
    async with ada.held() as line:
        line.feed(SECOND)
        await line.end().text(ada.spent)
    (made,) = ada.server.live.lines
    assert made.query == {
        "model_id": "scribe_v2_realtime",
        "audio_format": "pcm_16000",
        "commit_strategy": "manual",
    }
    assert made.headers["xi-api-key"] == KEY
    usage = ada.spent.usage
    assert (usage.provider, usage.prompt_tokens, usage.units) == ("elevenlabs", 0, 1.0)


async def test_what_nobody_has_said_is_left_out(ada: Along) -> None:
    ada.server.hears = "well (laughs) yes"
    async with ada.held() as line:
        line.feed(SECOND)
        assert await line.end().text(ada.spent) == "well yes"


async def test_an_address_that_is_not_there_is_refused(ada: Along) -> None:
    assert isinstance(await ada.fails("404"), ModelRejected)
