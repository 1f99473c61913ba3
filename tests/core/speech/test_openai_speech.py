"""OpenAI's voices: what is asked, and what becomes of the answers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from core.errors import ModelError, ModelRejected, ModelTooSlow, ModelUnavailable
from core.ports import Spent
from core.ports.speech import RATE, Form
from core.speech.calling import Patience, whole
from core.speech.convert import to_clip
from core.speech.openai import Manner, OpenAIVoice, openai_account
from core.speech.pcm import seconds_of
from tests.core.scenes import settings
from tests.fakes.voice_server import BRISK, SECONDS_OF_A_LETTER, VoiceServer, brisk

KEY = "sk-test-0123456789abcdefghij"
TEXT = "Good morning, everybody. I have slept very well."
QUICK = Patience(first=0.5, stall=0.3)


@pytest.fixture
async def server() -> AsyncIterator[VoiceServer]:
    async with VoiceServer() as running:
        yield running


async def said(
    server: VoiceServer, text: str = TEXT, form: Form = Form.PCM, **more: object
) -> tuple[bytes, Spent]:
    patience = QUICK if server.fault in ("slow", "stall") else Patience()
    config = settings(OPENAI_API_KEY=KEY, OPENAI_BASE_URL=f"{server.address}/v1", **more)
    account = openai_account(config)
    assert account is not None
    spent = Spent()
    async with aiohttp.ClientSession() as session:
        voice = OpenAIVoice(account, Manner.of(config), session, patience)
        return await whole(voice.stream(text, form, spent)), spent


async def test_a_room_gets_48_khz_of_its_24(server: VoiceServer) -> None:
    sound, spent = await said(server, OPENAI_TTS_INSTRUCTIONS="Speak like the sea.")
    assert seconds_of(sound, RATE) == pytest.approx(len(TEXT) * SECONDS_OF_A_LETTER, rel=0.02)
    call = server.asked[0]
    assert call.headers["Authorization"] == f"Bearer {KEY}"
    assert call.body == {
        "model": "gpt-4o-mini-tts",
        "voice": "nova",
        "input": TEXT,
        "instructions": "Speak like the sea.",
        "response_format": "pcm",
    }
    assert (spent.usage.model, spent.usage.units) == ("gpt-4o-mini-tts", len(TEXT))
    assert spent.usage.provider == "other"  # it is not OpenAI who is paid here


async def test_a_note_passes_through(server: VoiceServer) -> None:
    note, _ = await said(server, form=Form.NOTE)
    assert server.asked[0].body["response_format"] == "opus"
    assert (await to_clip(note)).data == note


async def test_an_older_model_is_not_told_how_to_sound(server: VoiceServer) -> None:
    await said(server, OPENAI_TTS_MODEL="tts-1-hd", OPENAI_TTS_INSTRUCTIONS="Softly.")
    assert "instructions" not in server.asked[0].body


async def test_a_text_that_is_longer_than_it_takes_is_one_note(server: VoiceServer) -> None:
    text = " ".join(f"This is sentence number {at}." for at in range(110))
    server.make = brisk
    note, spent = await said(server, text, Form.NOTE)
    assert len(server.asked) == 2
    assert {call.body["response_format"] for call in server.asked} == {"pcm"}
    clip = await to_clip(note)
    assert clip.seconds == pytest.approx(len(text) * BRISK, rel=0.02)
    assert spent.usage.units == len(text) - 1


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("401", ModelRejected),
        ("429", ModelUnavailable),
        ("500", ModelUnavailable),
        ("html", ModelUnavailable),
        ("slow", ModelTooSlow),
        ("stall", ModelTooSlow),
        ("cut", ModelUnavailable),
        ("truncated", ModelUnavailable),
    ],
)
async def test_a_vendor_that_fails_is_one_error(
    server: VoiceServer, form: Form, fault: str, error: type[ModelError]
) -> None:
    server.fault = fault  # type: ignore[assignment]  # one of its faults
    with pytest.raises(error):
        await said(server, form=form)
