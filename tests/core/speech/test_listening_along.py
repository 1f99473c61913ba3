"""Who listens along for a character, and who wants the whole of what was said."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from core.errors import ModelError
from core.ports import ModelType, Spent
from core.ports.speech import HEARD, Sound
from core.speech.listening_along import Line
from tests.core.speech.test_roles import ADA, SK, XI, House, house, server, session

__all__ = ["house", "server", "session"]


async def test_where_elevenlabs_hears_it_listens_along(house: House) -> None:
    line = house.voices.listen(house.settings("elevenlabs"))
    assert line is not None
    spent = Spent()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(line.run())
        line.feed(bytes(32_000))
        assert await line.end().text(spent) == "good morning"
        task.cancel()
    assert house.server.live.lines[0].query["model_id"] == "scribe_v2_realtime"
    price = house.models.price(spent.usage)
    assert price is not None
    assert price > 0


async def test_where_openai_hears_it_listens_along(house: House) -> None:
    line = house.voices.listen(house.settings("openai"))
    assert line is not None
    spent = Spent()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(line.run())
        line.feed(bytes(32_000))
        assert await line.end().text(spent) == "good morning"
        task.cancel()
    assert house.server.live.lines[0].query == {"intent": "transcription"}
    price = house.models.price(replace(spent.usage, provider="openai"))
    assert price is not None
    assert price > 0


@pytest.mark.parametrize("vendor", ["elevenlabs", "openai"])
async def test_where_nobody_listens_along_the_whole_is_written_down(
    house: House, vendor: str
) -> None:
    house.server.live.fault = "404"
    settings, said = house.settings(vendor), bytes(32_000)
    for _ in range(2):
        line = house.voices.listen(settings)
        assert line is not None
        line.feed(said)
        words = line.end()
        await line.run()
        with pytest.raises(ModelError):
            await words.text(Spent())
        spent = Spent()
        assert await house.voices.transcribe(settings, Sound(said, HEARD), spent) == "good morning"
        assert spent.usage.units > 0
    assert len(house.server.live.lines) == 1, "the next time nobody is kept waiting for it"
    assert [one["key"] for one in house.server.heard] == [XI if vendor == "elevenlabs" else SK] * 2


def test_whoever_hears_first_listens_along(house: House) -> None:
    def heard(*keys: str, **more: str) -> str:
        line = house.voices.listen(house.settings(*keys, **more))
        return line.name if isinstance(line, Line) else ""

    scribe, mini = "elevenlabs:scribe_v2_realtime", "openai:gpt-4o-mini-transcribe"
    both = ("openai", "elevenlabs")
    assert heard(*both, TRANSCRIPTION_PROVIDER="openai") == mini
    assert heard(*both, TRANSCRIPTION_PROVIDER="elevenlabs") == scribe
    named = {"OPENAI_REALTIME_TRANSCRIPTION_MODEL": "gpt-live-transcribe"}
    assert heard("openai", **named) == "openai:gpt-live-transcribe"
    assert heard() == ""


def test_where_somebody_else_hears_first_nobody_does(house: House) -> None:
    groq = {"GROQ_API_KEY": "gsk_0123456789abcdef", "TRANSCRIPTION_PROVIDER": "groq"}
    assert house.voices.listen(house.settings("openai", "elevenlabs", **groq)) is None


def test_an_address_that_holds_another_key_is_listened_to_by_nobody(house: House) -> None:
    address = "http://ada:secret@127.0.0.1:9/v1"
    assert house.voices.listen(house.settings("openai", OPENAI_BASE_URL=address)) is None


def test_where_it_is_switched_off_nobody_does(house: House) -> None:
    off = house.settings("elevenlabs", VOICE_STREAMS_TRANSCRIPTION="false")
    assert house.voices.listen(off) is None
    no_model = house.settings("elevenlabs", ELEVENLABS_REALTIME_TRANSCRIPTION_MODEL=" ")
    assert house.voices.listen(no_model) is not None, "blank is not set"


def test_a_plugin_that_hears_is_asked_first_and_wants_the_whole(house: House) -> None:
    async def hears(runtime: Any, params: Any) -> str:
        return "from a plugin"

    house.models.register(ADA, ModelType.TRANSCRIPTION, hears, provider="acme", priority=5)
    assert house.voices.listen(house.settings("elevenlabs")) is None
