"""ElevenLabs' voice and ear: what is asked of it, and what becomes of whatever it answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import aiohttp
import pytest

from core.errors import BadInput, ModelError, ModelRejected, ModelTooSlow, ModelUnavailable
from core.ports import Spent
from core.ports.speech import HEARD, RATE, Form, Sound
from core.settings.layers import Environment, Settings
from core.speech.calling import Patience, whole
from core.speech.convert import to_clip
from core.speech.elevenlabs import (
    ElevenLabsEar,
    ElevenLabsVoice,
    Manner,
    Plans,
    elevenlabs_account,
)
from core.speech.pcm import seconds_of
from tests.core.scenes import settings
from tests.fakes.voice_server import BRISK, SECONDS_OF_A_LETTER, VoiceServer, brisk, loudest

KEY = "xi-0123456789abcdef0123456789abcdef"
TEXT = "Good morning, everybody. I have slept very well."
QUICK = Patience(first=0.5, stall=0.3, written=0.5)


@pytest.fixture
async def server() -> AsyncIterator[VoiceServer]:
    async with VoiceServer() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


class Speaking:
    """A character with an account there."""

    def __init__(self, server: VoiceServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        self.plans = Plans()
        self.spent = Spent()

    def settings(self, **more: object) -> Settings:
        return settings(ELEVENLABS_API_KEY=KEY, ELEVENLABS_BASE_URL=self.server.address, **more)

    @property
    def patience(self) -> Patience:
        return QUICK if self.server.fault in ("slow", "stall") else Patience()

    def voice(self, **more: object) -> ElevenLabsVoice:
        config = self.settings(**more)
        account = elevenlabs_account(config)
        assert account is not None
        return ElevenLabsVoice(account, Manner.of(config), self.session, self.plans, self.patience)

    def ear(self) -> ElevenLabsEar:
        account = elevenlabs_account(self.settings())
        assert account is not None
        return ElevenLabsEar(account, "scribe_v1", self.session, self.patience)

    async def says(self, text: str = TEXT, form: Form = Form.PCM, **more: object) -> bytes:
        return await whole(self.voice(**more).stream(text, form, self.spent))


@pytest.fixture
def ada(server: VoiceServer, session: aiohttp.ClientSession) -> Speaking:
    return Speaking(server, session)


async def test_a_room_gets_48_khz_and_hears_all_of_it(ada: Speaking) -> None:
    sound = await ada.says()
    assert seconds_of(sound, RATE) == pytest.approx(len(TEXT) * SECONDS_OF_A_LETTER, rel=0.02)
    assert ada.server.asked[0].query == {"output_format": "pcm_48000"}


async def test_a_note_passes_through_as_the_vendor_made_it(ada: Speaking) -> None:
    clip = await to_clip(note := await ada.says(form=Form.NOTE))
    assert clip.data == note
    assert clip.seconds == pytest.approx(len(TEXT) * SECONDS_OF_A_LETTER, rel=0.02)
    assert ada.server.asked[0].query == {"output_format": "opus_48000_64"}


async def test_every_setting_of_a_character_reaches_the_vendor(ada: Speaking) -> None:
    ada.server.voices["Bella/1"] = "Bella"
    voice = ada.voice(
        ELEVENLABS_VOICE_ID="Bella/1",
        ELEVENLABS_MODEL_ID="eleven_flash_v2_5",
        ELEVENLABS_VOICE_STABILITY="0.25",
        ELEVENLABS_VOICE_SIMILARITY_BOOST="1",
        ELEVENLABS_VOICE_STYLE="0.5",
        ELEVENLABS_VOICE_USE_SPEAKER_BOOST="false",
        ELEVENLABS_OPTIMIZE_STREAMING_LATENCY="3",
        ELEVENLABS_OUTPUT_FORMAT="pcm_16000",
    )
    await whole(voice.stream(TEXT, Form.PCM, ada.spent, before="Hello."))
    asked = ada.server.asked[0]
    assert asked.path == "/v1/text-to-speech/Bella/1/stream"
    assert asked.query == {"output_format": "pcm_16000", "optimize_streaming_latency": "3"}
    assert asked.headers["xi-api-key"] == KEY
    assert asked.body == {
        "text": TEXT,
        "model_id": "eleven_flash_v2_5",
        "previous_text": "Hello.",
        "voice_settings": {
            "stability": 0.25,
            "similarity_boost": 1.0,
            "style": 0.5,
            "use_speaker_boost": False,
        },
    }


async def test_its_own_client_would_ask_the_same(ada: Speaking) -> None:
    from elevenlabs import VoiceSettings
    from elevenlabs.client import AsyncElevenLabs

    client = AsyncElevenLabs(api_key=KEY, base_url=ada.server.address)
    theirs = client.text_to_speech.stream(
        "EXAVITQu4vr4xnSDxMaL",
        text=TEXT,
        model_id="eleven_multilingual_v2",
        output_format="pcm_48000",
        previous_text="Hello.",
        voice_settings=VoiceSettings(
            stability=0.5, similarity_boost=0.75, style=0.0, use_speaker_boost=True
        ),
    )
    async for _ in theirs:
        pass
    await client._client_wrapper.httpx_client.httpx_client.aclose()
    await whole(ada.voice().stream(TEXT, Form.PCM, ada.spent, before="Hello."))
    by_them, by_us = ada.server.asked
    assert (by_us.path, by_us.query, by_us.body) == (by_them.path, by_them.query, by_them.body)
    assert by_us.headers["xi-api-key"] == by_them.headers["xi-api-key"]


@pytest.mark.parametrize(
    ("plan", "taken"),
    [
        ({"pcm_24000", "mp3_44100_128"}, "pcm_24000"),
        ({"pcm_16000"}, "pcm_16000"),
        ({"mp3_44100_128"}, "mp3_44100_128"),
    ],
)
async def test_a_smaller_plan_gets_the_next_best_format_and_is_asked_for_it_at_once_from_then_on(
    ada: Speaking, plan: set[str], taken: str
) -> None:
    ada.server.plan = plan
    for _ in range(2):
        sound = await ada.says()
        expected = len(TEXT) * SECONDS_OF_A_LETTER
        assert seconds_of(sound, RATE) == pytest.approx(expected, rel=0.03)
        assert loudest(sound) > 6_000
    formats = [one.query["output_format"] for one in ada.server.asked]
    assert formats.count(taken) == 2
    assert len(formats) == len(set(formats)) + 1


async def test_a_plan_without_opus_gets_notes_all_the_same(ada: Speaking) -> None:
    for plan in ({"pcm_24000"}, {"mp3_44100_128"}):
        ada.server.plan, ada.plans = plan, Plans()
        clip = await to_clip(await ada.says(form=Form.NOTE))
        assert clip.seconds == pytest.approx(len(TEXT) * SECONDS_OF_A_LETTER, rel=0.03)


async def test_a_plan_with_no_format_of_ours_is_one_clear_refusal(ada: Speaking) -> None:
    ada.server.plan = set()
    with pytest.raises(ModelRejected, match="has no format for this account"):
        await ada.says()


async def test_what_was_said_before_is_not_told_to_a_model_that_refuses_it(ada: Speaking) -> None:
    voice = ada.voice(ELEVENLABS_MODEL_ID="eleven_v3")
    await whole(voice.stream(TEXT, Form.PCM, ada.spent, before="Hello."))
    assert "previous_text" not in ada.server.asked[0].body


async def test_characters_of_text_are_what_is_paid_for(ada: Speaking) -> None:
    await ada.says()
    usage = ada.spent.usage
    assert (usage.provider, usage.model) == ("elevenlabs", "eleven_multilingual_v2")
    assert usage.units == len(TEXT)


async def test_a_long_text_is_said_in_several_calls_and_paid_for_once(ada: Speaking) -> None:
    text = " ".join(f"This is sentence number {at}." for at in range(100))
    ada.server.make = brisk
    clip = await to_clip(await ada.says(text, Form.NOTE))
    bodies = [one.body for one in ada.server.asked]
    assert len(bodies) == 2
    assert " ".join(body["text"] for body in bodies) == text
    assert bodies[0]["text"].endswith(bodies[1]["previous_text"])
    assert ada.spent.usage.units == len(text) - 1
    assert clip.seconds == pytest.approx(len(text) * BRISK, rel=0.02)


async def test_nothing_to_say_asks_nobody(ada: Speaking) -> None:
    assert await ada.says("  \n ") == b""
    assert not ada.server.asked


async def test_numbers_out_of_range_are_told_by_the_names_of_their_settings(ada: Speaking) -> None:
    with pytest.raises(BadInput) as caught:
        ada.voice(
            ELEVENLABS_VOICE_STABILITY="1.5",
            ELEVENLABS_VOICE_STYLE="soft",
            ELEVENLABS_OPTIMIZE_STREAMING_LATENCY="5",
            ELEVENLABS_OUTPUT_FORMAT="ulaw_8000",
        )
    told = str(caught.value)
    for name in ("STABILITY", "STYLE", "LATENCY", "OUTPUT_FORMAT"):
        assert name in told
    assert "1.5 is not between 0 and 1" in told


# --- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        ("401", ModelRejected, "refused the key"),
        ("403", ModelRejected, "denies access with this key"),
        ("404", ModelRejected, "does not know the voice"),
        ("quota", ModelRejected, "quota is used up"),
        ("429", ModelUnavailable, "asks for fewer calls"),
        ("500", ModelUnavailable, "failed .HTTP 500"),
        ("json", ModelUnavailable, "sent application/json in place of sound"),
        ("html", ModelUnavailable, "sent text/html in place of sound"),
        ("disguised", ModelUnavailable, "sent a text in place of sound"),
        ("silent", ModelUnavailable, "sent no sound"),
        ("slow", ModelTooSlow, "did not begin in time"),
        ("stall", ModelTooSlow, "came to a halt"),
        ("cut", ModelUnavailable, "broke off"),
        ("truncated", ModelUnavailable, "broke off within"),
    ],
)
async def test_a_vendor_that_fails_is_one_error_in_our_words(
    ada: Speaking, form: Form, fault: str, error: type[ModelError], told: str
) -> None:
    ada.server.fault = fault  # type: ignore[assignment]  # one of its faults
    with pytest.raises(error, match=told) as caught:
        await ada.says(form=form)
    assert KEY not in f"{caught.value!r}"
    assert ada.server.address not in str(caught.value)


async def test_sound_that_is_far_too_short_is_noticed(ada: Speaking) -> None:
    ada.server.fault = "tiny"
    with pytest.raises(ModelUnavailable, match=r"broke off: 0\.0 s of 76 letters"):
        await ada.says(TEXT * 2)


async def test_a_429_says_when_to_come_again(ada: Speaking) -> None:
    ada.server.fault, ada.server.retry_after = "429", "7"
    with pytest.raises(ModelUnavailable) as caught:
        await ada.says()
    assert caught.value.retry_after == 7


async def test_who_no_longer_listens_closes_the_call(ada: Speaking) -> None:
    ada.server.between = 0.01
    async with aclosing(ada.voice().stream(TEXT * 10, Form.PCM, ada.spent)) as pieces:
        async for _ in pieces:
            break
    call = ada.server.asked[0]
    async with asyncio.timeout(5):
        await call.ended.wait()
    assert call.closed_by_client


async def test_an_address_that_nobody_answers_is_unavailable(
    session: aiohttp.ClientSession,
) -> None:
    async with VoiceServer() as gone:
        ada = Speaking(gone, session)
    with pytest.raises(ModelUnavailable, match="unreachable"):
        await ada.says()


def test_the_houses_key_is_not_sent_to_an_address_that_a_file_brings_along() -> None:
    shared = Environment.of({"ELEVENLABS_API_KEY": KEY})
    brought = Settings(shared, "Ada", plain={"ELEVENLABS_BASE_URL": "https://elsewhere.example"})
    assert elevenlabs_account(brought) is None
    assert elevenlabs_account(Settings(shared, "Ada")) is not None


def test_an_account_shows_neither_key_nor_password() -> None:
    config = settings(
        ELEVENLABS_API_KEY=KEY, ELEVENLABS_BASE_URL="https://me:hunter22@voices.example/v1"
    )
    account = elevenlabs_account(config)
    assert account is not None
    assert "hunter22" not in repr(account) + account.where
    assert KEY not in repr(account) + account.identity
    with pytest.raises(ModelRejected, match="keep one of them"):
        account.revealed()


# --- the ear -------------------------------------------------------------------------------------


async def test_an_utterance_goes_as_raw_samples(ada: Speaking) -> None:
    sound = bytes(32_000)
    assert await ada.ear().transcribe(Sound(sound, HEARD, language="de"), ada.spent) == (
        "good morning"
    )
    heard = ada.server.heard[0]
    assert heard["audio"] == sound
    assert heard["file_format"] == "pcm_s16le_16"
    assert heard["language_code"] == "de"
    assert (heard["model_id"], heard["tag_audio_events"]) == ("scribe_v1", "false")
    assert heard["key"] == KEY
    assert (ada.spent.usage.provider, ada.spent.usage.units) == ("elevenlabs", 1.5)


async def test_a_note_goes_as_the_file_that_it_is(ada: Speaking) -> None:
    await ada.ear().transcribe(Sound(b"OggS and more", "audio/ogg"), ada.spent)
    assert ada.server.heard[0]["file_format"] == "other"
    assert ada.server.heard[0]["type"] == "audio/ogg"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("(laughs) Good morning.", "Good morning."),
        ("Well [background noise] then", "Well then"),
        ("(door slams)", ""),
        ("I paid (as agreed, in cash) 30.", "I paid (as agreed, in cash) 30."),
    ],
)
async def test_what_nobody_has_said_is_left_out(ada: Speaking, written: str, text: str) -> None:
    ada.server.hears = written
    assert await ada.ear().transcribe(Sound(b"OggS"), ada.spent) == text


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("401", ModelRejected),
        ("quota", ModelRejected),
        ("429", ModelUnavailable),
        ("500", ModelUnavailable),
        ("html", ModelUnavailable),
        ("slow", ModelTooSlow),
    ],
)
async def test_an_ear_that_fails_is_one_error(
    ada: Speaking, fault: str, error: type[ModelError]
) -> None:
    ada.server.fault = fault  # type: ignore[assignment]  # one of its faults
    with pytest.raises(error):
        await ada.ear().transcribe(Sound(b"OggS"), ada.spent)
    assert not ada.spent.usage.units
