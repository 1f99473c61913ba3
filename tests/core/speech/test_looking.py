"""`troupe check --online`: what ElevenLabs says of a character."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.settings.layers import Settings
from core.speech.looking import faults, look
from tests.core.scenes import settings
from tests.fakes.voice_server import VoiceServer

KEY = "xi-0123456789abcdef0123456789abcdef"


@pytest.fixture
async def server() -> AsyncIterator[VoiceServer]:
    async with VoiceServer() as running:
        yield running


def keyed(server: VoiceServer, **more: object) -> Settings:
    return settings(ELEVENLABS_API_KEY=KEY, ELEVENLABS_BASE_URL=server.address, **more)


async def told(config: Settings) -> list[str]:
    return [f"{one.severity}: {one.finding}" for one in await look(config)]


async def test_all_is_well(server: VoiceServer) -> None:
    assert await told(keyed(server)) == [
        "note: ELEVENLABS_API_KEY of Eliza: 9,000 of 10,000 characters are left in this period",
        "note: ELEVENLABS_VOICE_ID of Eliza: she speaks as Sarah",
    ]
    assert not server.asked


async def test_without_a_key_nobody_is_asked() -> None:
    assert await told(settings()) == []


async def test_a_refused_key_is_told_without_it(server: VoiceServer) -> None:
    server.fault = "401"
    found = await told(keyed(server))
    assert found == ["error: ELEVENLABS_API_KEY of Eliza: ElevenLabs refuses the key"]


async def test_a_voice_and_a_model_that_are_not_there(server: VoiceServer) -> None:
    config = keyed(server, ELEVENLABS_VOICE_ID="gone", ELEVENLABS_MODEL_ID="eleven_nothing")
    found = "\n".join(await told(config))
    assert "error: ELEVENLABS_VOICE_ID of Eliza: ElevenLabs has no voice gone" in found
    assert "has no model eleven_nothing. There are: eleven_flash_v2_5, eleven_multi" in found


@pytest.mark.parametrize(
    ("used", "severity"), [(9_500, "warning"), (10_000, "error"), (10_200, "error")]
)
async def test_little_or_nothing_is_left(server: VoiceServer, used: int, severity: str) -> None:
    server.characters = (used, 10_000)
    assert (await told(keyed(server)))[0].startswith(f"{severity}: ELEVENLABS_API_KEY")


async def test_a_key_that_may_not_read_the_account_still_speaks(server: VoiceServer) -> None:
    server.fault = "403"
    assert "may not read the account" in (await told(keyed(server)))[0]


async def test_a_vendor_that_is_away_is_a_warning(server: VoiceServer) -> None:
    server.fault = "500"
    assert (await told(keyed(server)))[0].startswith("warning: ELEVENLABS_API_KEY of Eliza")
    gone = settings(ELEVENLABS_API_KEY=KEY, ELEVENLABS_BASE_URL="http://127.0.0.1:9")
    assert "cannot be asked (ConnectError)" in (await told(gone))[0]


async def test_what_is_out_of_range_is_told_without_asking(server: VoiceServer) -> None:
    config = keyed(server, ELEVENLABS_VOICE_STABILITY="2")
    assert "2 is not between 0 and 1" in str(faults(config)[0])
    assert (await told(config))[0].startswith("error: ELEVENLABS_VOICE_STABILITY of Eliza")
