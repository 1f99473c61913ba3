"""`troupe check --online`: whether a vendor would listen while people speak."""

from __future__ import annotations

import pytest

from core.settings.layers import Settings
from core.speech.looking_along import look_along
from tests.core.speech.test_roles import SK, XI, House, house, server, session
from tests.fakes.live_server import LiveFault

__all__ = ["house", "server", "session"]

SETTING = {
    "elevenlabs": "ELEVENLABS_REALTIME_TRANSCRIPTION_MODEL of Ada",
    "openai": "OPENAI_REALTIME_TRANSCRIPTION_MODEL of Ada",
}
BOTH = pytest.mark.parametrize("vendor", SETTING)


async def told(house: House, settings: Settings) -> list[str]:
    return [f"{one.severity}: {one.finding}" for one in await look_along(settings, house.voices)]


@BOTH
async def test_who_listens_is_named_and_told_nothing(house: House, vendor: str) -> None:
    (found,) = await told(house, house.settings(vendor))
    assert found.startswith(f"note: {SETTING[vendor]}: {vendor}:")
    assert found.endswith("listens while people speak in voice channels")
    (line,) = house.server.live.lines
    assert (line.chunks, line.said) == (0, [])


@BOTH
@pytest.mark.parametrize("fault", ["401", "500"])
async def test_who_would_not_is_a_warning_without_the_key(
    house: House, vendor: str, fault: LiveFault
) -> None:
    house.server.live.fault = fault
    (found,) = await told(house, house.settings(vendor))
    assert found.startswith(f"warning: {SETTING[vendor]}: {vendor}:")
    assert "written down once they are done" in found
    assert SK not in found
    assert XI not in found


async def test_a_model_that_is_not_there_is_a_warning(house: House) -> None:
    house.server.live.fault = "no model"
    (found,) = await told(house, house.settings("openai"))
    assert found.startswith(f"warning: {SETTING['openai']}: openai:gpt-4o-mini-transcribe does not")


async def test_a_server_without_such_a_thing_is_no_trouble(house: House) -> None:
    house.server.live.fault = "404"
    (found,) = await told(house, house.settings("openai"))
    assert found.startswith(f"note: {SETTING['openai']}: ")
    assert "has no ear that listens along" in found


async def test_where_nobody_is_to_listen_nobody_is_asked(house: House) -> None:
    assert await told(house, house.settings()) == []
    off = house.settings("elevenlabs", "openai", VOICE_STREAMS_TRANSCRIPTION="false")
    assert await told(house, off) == []
    assert house.server.live.lines == []
