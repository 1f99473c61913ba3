"""Who speaks and who writes down: chains, costs, a budget; what is lent to the models."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.clock import Clock
from core.errors import ModelError, ModelRejected, ModelUnavailable
from core.ids import CharacterId
from core.models.prices import usual
from core.models.roles import Models
from core.ports import ModelType, Spent
from core.ports.speech import HEARD, HEARD_RATE, RATE, Form, Sound
from core.settings.context import RequestContext, request_scope
from core.settings.layers import Environment, Settings
from core.speech.calling import Patience
from core.speech.casting import Offline
from core.speech.convert import to_clip
from core.speech.offline import offline_pair
from core.speech.ogg import put_together
from core.speech.opus import SILENCE
from core.speech.pcm import read_wav, seconds_of, wav
from core.speech.roles import Voices
from tests.fakes.clock import FakeClock
from tests.fakes.model_server import ModelServer
from tests.fakes.voice_server import SECONDS_OF_A_LETTER, VoiceServer, encoded, espeak, tone

XI = "xi-0123456789abcdef0123456789abcdef"
SK = "sk-test-0123456789abcdefghij"
TEXT = "Good morning, everybody. I have slept very well."
ADA = CharacterId("ada")


class Humming:
    """An offline voice, which hums."""

    name = "offline:hum"
    mark = "hum"

    async def stream(
        self, text: str, form: Form, spent: Spent, *, before: str = ""
    ) -> AsyncGenerator[bytes, None]:
        sound = await tone(text)
        yield sound if form is Form.PCM else await encoded(sound, "opus_48000_64")


class Listening:
    """An offline ear, which hears one thing."""

    name = "offline:ear"

    def __init__(self) -> None:
        self.heard: list[Sound] = []

    async def transcribe(self, sound: Sound, spent: Spent) -> str:
        self.heard.append(sound)
        return "aida what is the time"


class House:
    """Voices and models that know each other, and vendors on local sockets."""

    def __init__(
        self,
        server: VoiceServer,
        session: aiohttp.ClientSession,
        folder: Path | None = None,
        clock: Clock | None = None,
        offline: Offline | None = None,
    ) -> None:
        self.server = server
        self.models = Models(session)
        self.clock = clock or FakeClock()
        self.voices = Voices(
            session,
            self.models,
            clock=self.clock,
            folder=folder,
            offline=offline,
            patience=Patience(first=1.0, stall=0.5, written=5.0),
        )
        self.models.borrow(self.voices)

    def settings(self, *keys: str, **more: str) -> Settings:
        known = {
            "elevenlabs": {"ELEVENLABS_API_KEY": XI},
            "openai": {"OPENAI_API_KEY": SK, "OPENAI_BASE_URL": f"{self.server.address}/v1"},
        }
        values = {"ELEVENLABS_BASE_URL": self.server.address}
        for key in keys:
            values |= known[key]
        return Settings(Environment.of(values | more), "Ada", ADA)

    async def says(self, settings: Settings, text: str = TEXT, spent: Spent | None = None) -> bytes:
        async with aclosing(self.voices.stream(settings, text, spent)) as pieces:
            return b"".join([piece async for piece in pieces])

    @property
    def paths(self) -> list[str]:
        return ["elevenlabs" if "text-to" in one.path else "openai" for one in self.server.asked]


@pytest.fixture
async def server() -> AsyncIterator[VoiceServer]:
    async with VoiceServer() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
def house(server: VoiceServer, session: aiohttp.ClientSession, tmp_path: Path) -> House:
    return House(server, session, tmp_path / "clips")


# --- who speaks ----------------------------------------------------------------------------------


def test_whoever_has_a_key_speaks_and_elevenlabs_first(house: House) -> None:
    speaks = house.voices.speaks
    assert speaks(house.settings("openai", "elevenlabs")) == "elevenlabs:eleven_multilingual_v2"
    assert speaks(house.settings("openai")) == "openai:gpt-4o-mini-tts"
    assert speaks(house.settings()) == ""
    assert speaks(house.settings("openai", "elevenlabs", SPEECH_PROVIDER="openai")) == (
        "openai:gpt-4o-mini-tts"
    )
    assert speaks(house.settings("openai", SPEECH_PROVIDER="nobody")) == ""


async def test_nobody_to_speak_is_one_clear_sentence(house: House) -> None:
    with pytest.raises(ModelRejected, match="set ELEVENLABS_API_KEY or OPENAI_API_KEY"):
        await house.says(house.settings())
    with pytest.raises(ModelRejected, match="names acme, which is none of elevenlabs, openai"):
        await house.says(house.settings("openai", SPEECH_PROVIDER="acme"))
    with pytest.raises(ModelRejected, match="ELEVENLABS_API_KEY is not set"):
        await house.says(house.settings("openai", SPEECH_PROVIDER="elevenlabs"))


async def test_a_setting_out_of_range_is_told_when_nobody_stands_in(house: House) -> None:
    wrong = {"ELEVENLABS_VOICE_STABILITY": "7"}
    with pytest.raises(ModelRejected, match=r"STABILITY.* 7 is not between 0 and 1"):
        await house.says(house.settings("elevenlabs", **wrong))
    assert await house.says(house.settings("elevenlabs", "openai", **wrong))


@pytest.mark.parametrize("fault", ["401", "quota", "429", "500", "html", "slow", "silent"])
async def test_the_next_one_speaks_where_the_first_fails_before_it_was_heard(
    house: House, fault: str
) -> None:
    house.server.faults = [fault]  # type: ignore[list-item]  # one of its faults
    spent = Spent()
    sound = await house.says(house.settings("elevenlabs", "openai"), spent=spent)
    assert seconds_of(sound, RATE) == pytest.approx(len(TEXT) * SECONDS_OF_A_LETTER, rel=0.02)
    assert house.paths == ["elevenlabs", "openai"]
    assert (spent.usage.provider, spent.usage.units) == ("other", len(TEXT))


@pytest.mark.parametrize("fault", ["stall", "cut", "truncated"])
async def test_nobody_begins_anew_what_was_half_heard(house: House, fault: str) -> None:
    house.server.faults = [fault]  # type: ignore[list-item]  # one of its faults
    spent = Spent()
    with pytest.raises(ModelUnavailable) as caught:
        await house.says(house.settings("elevenlabs", "openai"), spent=spent)
    assert caught.value.begun
    assert house.paths == ["elevenlabs"]
    assert spent.usage.units == len(TEXT)


async def test_a_vendor_that_fails_is_left_alone_for_a_while(house: House) -> None:
    config = house.settings("elevenlabs")
    house.server.fault = "500"
    for _ in range(5):
        with pytest.raises(ModelUnavailable, match="HTTP 500"):
            await house.says(config)
    assert len(house.server.asked) == 3
    house.server.fault = ""
    assert isinstance(house.clock, FakeClock)
    await house.clock.advance(3)
    assert await house.says(config)
    assert await house.says(config)


async def test_a_vendor_that_hangs_keeps_nobody_waiting_twice(house: House) -> None:
    house.server.faults = ["slow"]
    config = house.settings("elevenlabs", "openai")
    for _ in range(3):
        assert await house.says(config)
    assert house.paths == ["elevenlabs", "openai", "openai", "openai"]


async def test_who_lets_herself_be_interrupted_closes_the_call_and_has_paid(house: House) -> None:
    house.server.between = 0.01
    config = house.settings("elevenlabs", TROUPE_SPEECH_PER_DAY="10000")
    async with aclosing(house.voices.stream(config, TEXT * 5)) as pieces:
        async for _ in pieces:
            break
    call = house.server.asked[0]
    async with asyncio.timeout(5):
        await call.ended.wait()
    assert call.closed_by_client
    assert house.voices.spoken_today(config) == len(TEXT * 5)
    assert await house.says(config)


async def test_a_refused_key_is_not_tried_again_with_each_sentence(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.server.fault = "401"
    with caplog.at_level(logging.DEBUG):
        for _ in range(5):
            with pytest.raises(ModelRejected, match="refused the key"):
                await house.says(house.settings("elevenlabs"))
    assert len(house.server.asked) == 1
    assert XI not in caplog.text
    assert "morning" not in caplog.text


async def test_one_character_s_wrong_voice_is_not_held_against_another(house: House) -> None:
    with pytest.raises(ModelRejected):
        await house.says(house.settings("elevenlabs", ELEVENLABS_VOICE_ID="gone"))
    assert await house.says(house.settings("elevenlabs"))


async def test_a_429_is_heeded(house: House) -> None:
    house.server.faults, house.server.retry_after = ["429"], "20"
    config = house.settings("elevenlabs")
    for _ in range(3):
        with pytest.raises(ModelUnavailable) as caught:
            await house.says(config)
        assert caught.value.retry_after is not None
    assert len(house.server.asked) == 1


async def test_nothing_to_say_asks_nobody(house: House) -> None:
    for text in ("  ", "?!", "\U0001f600"):
        assert await house.says(house.settings("elevenlabs"), text) == b""
        with pytest.raises(ModelRejected, match="nothing to be said"):
            await house.voices.clip(house.settings("elevenlabs"), text)
    assert not house.server.asked


# --- offline -------------------------------------------------------------------------------------


async def test_offline_speaks_where_it_is_named_or_stands_in_for_nobody(
    server: VoiceServer, session: aiohttp.ClientSession
) -> None:
    pair = Offline(lambda settings: Humming(), lambda settings: Listening())
    house = House(server, session, offline=pair)
    assert house.voices.speaks(house.settings()) == ""
    assert house.voices.hears(house.settings()) == ""
    named = house.settings(SPEECH_PROVIDER="offline", TRANSCRIPTION_PROVIDER="offline")
    assert house.voices.speaks(named) == "offline:hum"
    assert house.voices.hears(named) == "offline:ear"
    stage = House(server, session, offline=Offline(pair.voice, pair.ear, stands_in=True))
    assert await stage.says(stage.settings())
    assert stage.voices.hears(stage.settings()) == "offline:ear"
    assert stage.voices.speaks(stage.settings("openai")) == "openai:gpt-4o-mini-tts"
    assert stage.voices.hears(stage.settings("openai")) == "openai:gpt-4o-mini-transcribe"


async def test_a_plugin_that_hears_is_asked_before_the_one_that_stands_in(
    server: VoiceServer, session: aiohttp.ClientSession
) -> None:
    offline = Offline(None, lambda settings: Listening(), stands_in=True)
    house = House(server, session, offline=offline)

    async def hears(runtime: Any, params: Any) -> str:
        return "from a plugin"

    house.models.register(ADA, ModelType.TRANSCRIPTION, hears, provider="acme")
    assert await house.voices.transcribe(house.settings(), Sound(b"OggS")) == "from a plugin"


async def test_what_a_vendor_says_is_written_down_by_another(
    session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """ElevenLabs' voice message, as a plan without Opus gives it, to the offline ear and back."""
    async with VoiceServer(espeak) as server, offline_pair() as pair:
        server.plan = {"mp3_44100_128"}
        house = House(server, session, tmp_path, offline=pair)
        config = house.settings("elevenlabs", TRANSCRIPTION_PROVIDER="offline")
        clip = await house.voices.clip(config, "Tell me a story about the sea.")
        spent = Spent()
        sound = Sound(clip.data, "audio/ogg", clip.seconds)
        text = await house.voices.transcribe(config, sound, spent)
    assert text.startswith("tell me a story")
    assert spent.usage.provider == "offline"
    assert spent.usage.units == pytest.approx(clip.seconds, rel=0.05)
    assert house.models.price(spent.usage) == 0


# --- clips ---------------------------------------------------------------------------------------


async def test_the_same_text_in_the_same_voice_is_paid_for_once(house: House) -> None:
    config = house.settings("elevenlabs")
    first, second = Spent(), Spent()
    clip = await house.voices.clip(config, TEXT, first)
    assert await house.voices.clip(config, TEXT, second) == clip
    assert (first.usage.units, second.usage.units) == (len(TEXT), 0)
    assert len(house.server.asked) == 1
    assert clip.seconds == pytest.approx(len(TEXT) * SECONDS_OF_A_LETTER, rel=0.02)
    assert 0 < len(clip.waveform) <= 256
    other = house.settings("elevenlabs", ELEVENLABS_VOICE_STYLE="0.5")
    await house.voices.clip(other, TEXT)
    assert len(house.server.asked) == 2


async def test_a_private_clip_is_not_kept(house: House, tmp_path: Path) -> None:
    for _ in range(2):
        await house.voices.clip(house.settings("elevenlabs"), TEXT, private=True)
    assert len(house.server.asked) == 2
    kept = await asyncio.to_thread(lambda: list(tmp_path.rglob("*.clip")))
    assert not kept


@pytest.mark.parametrize("fault", ["stall", "cut", "truncated", "401"])
async def test_a_note_that_was_cut_is_made_by_the_next_one(house: House, fault: str) -> None:
    house.server.faults = [fault]  # type: ignore[list-item]  # one of its faults
    house.server.after = 2_000
    clip = await house.voices.clip(house.settings("elevenlabs", "openai"), TEXT * 3)
    assert clip.seconds == pytest.approx(len(TEXT) * 3 * SECONDS_OF_A_LETTER, rel=0.02)
    assert house.paths == ["elevenlabs", "openai"]


async def test_a_clip_that_nobody_can_make_is_one_error(house: House) -> None:
    house.server.fault = "500"
    with pytest.raises(ModelUnavailable):
        await house.voices.clip(house.settings("elevenlabs", "openai"), TEXT)
    with pytest.raises(ModelRejected, match="nothing to be said"):
        await house.voices.clip(house.settings("elevenlabs"), " ")


# --- costs ---------------------------------------------------------------------------------------


async def test_beyond_the_budget_of_a_day_nothing_is_spoken_and_kept_clips_are_free(
    house: House,
) -> None:
    config = house.settings("elevenlabs", TROUPE_SPEECH_PER_DAY=str(len(TEXT)))
    await house.voices.clip(config, TEXT)
    with pytest.raises(ModelRejected, match="TROUPE_SPEECH_PER_DAY"):
        await house.says(config, "A word more.")
    await house.voices.clip(config, TEXT)
    assert len(house.server.asked) == 1
    assert house.voices.spoken_today(config) == len(TEXT)
    assert isinstance(house.clock, FakeClock)
    await house.clock.advance(24 * 3600)
    assert await house.says(config, "A word more.")


async def test_a_person_pays_with_a_key_of_their_own_and_sets_no_limit_of_the_houses(
    house: House,
) -> None:
    config = house.settings("elevenlabs", TROUPE_SPEECH_PER_DAY=str(len(TEXT)))
    theirs = {"ELEVENLABS_API_KEY": f"{XI}-mine", "TROUPE_SPEECH_PER_DAY": "1000000"}
    with request_scope(RequestContext("robin", entity_settings=theirs)):
        pieces = house.voices.stream(config, TEXT)
    async with aclosing(pieces):  # read where the request is over
        assert [piece async for piece in pieces]
    assert house.server.asked[0].headers["xi-api-key"] == f"{XI}-mine"
    with (
        request_scope(RequestContext("robin", entity_settings=theirs)),
        pytest.raises(ModelRejected, match="TROUPE_SPEECH_PER_DAY"),
    ):
        await house.says(config)


async def test_what_failed_before_it_was_heard_is_not_counted(house: House) -> None:
    config = house.settings("elevenlabs", TROUPE_SPEECH_PER_DAY=str(len(TEXT)))
    house.server.faults = ["500"]
    with pytest.raises(ModelUnavailable):
        await house.says(config)
    assert await house.says(config)


async def test_a_restart_does_not_begin_a_new_day(
    server: VoiceServer, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    before = House(server, session, tmp_path)
    config = before.settings("elevenlabs", TROUPE_SPEECH_PER_DAY=str(len(TEXT)))
    async with before.voices:
        await before.says(config)
    with pytest.raises(ModelRejected):
        await House(server, session, tmp_path).says(config)


def test_characters_and_minutes_have_prices() -> None:
    from core.ports import Usage

    spoken = Usage("eleven_multilingual_v2", provider="elevenlabs", units=1_000)
    assert usual().of(spoken) == pytest.approx(0.10)
    assert usual().of(Usage("scribe_v1", provider="elevenlabs", units=3_600)) == pytest.approx(
        0.22, rel=0.01
    )
    assert usual().of(Usage("tts-1", provider="openai", units=1_000_000)) == pytest.approx(15)
    assert usual().of(Usage("espeak-ng", provider="offline", units=5)) == 0.0


# --- writing down --------------------------------------------------------------------------------


async def test_names_are_written_as_they_are(
    server: VoiceServer, session: aiohttp.ClientSession
) -> None:
    ear = Listening()
    house = House(server, session, offline=Offline(None, lambda settings: ear))
    config = house.settings(TRANSCRIPTION_PROVIDER="offline")
    pcm = bytes(HEARD_RATE)
    text = await house.voices.transcribe(config, Sound(pcm, HEARD, words=("Ada",)))
    assert text == "Ada what is the time"
    assert (ear.heard[0].data, ear.heard[0].mime, ear.heard[0].seconds) == (pcm, HEARD, 0.5)


async def test_elevenlabs_writes_down_what_the_models_are_asked_to(house: House) -> None:
    config = house.settings("elevenlabs")
    assert house.models.serves(config, ModelType.TRANSCRIPTION)
    spent = Spent()
    asked = {"audio": b"OggS and more", "mimeType": "audio/ogg", "language": "de"}
    text = await house.models.use(config, ModelType.TRANSCRIPTION, asked, spent=spent)
    assert text == "good morning"
    assert house.server.heard[0]["language_code"] == "de"
    assert (spent.usage.provider, spent.usage.units) == ("elevenlabs", 1.5)
    assert not house.models.serves(house.settings(), ModelType.TRANSCRIPTION)


async def test_an_utterance_is_raw_for_elevenlabs_and_a_wav_for_all_others(house: House) -> None:
    pcm = bytes(range(256)) * 100
    sound = Sound(pcm, HEARD, words=("Ada", "Robin"))
    await house.voices.transcribe(house.settings("elevenlabs"), sound)
    assert house.server.heard[0]["audio"] == pcm
    async with ModelServer() as services:
        config = house.settings("openai", OPENAI_BASE_URL=services.base_url)
        assert await house.voices.transcribe(config, sound) == "Good morning."
    heard = services.heard[0]
    assert read_wav(heard["audio"]) == (pcm, HEARD_RATE)
    assert (heard["name"], heard["prompt"]) == ("voice.wav", "Ada, Robin")


async def test_whoever_is_named_writes_down_in_that_order(house: House) -> None:
    async with ModelServer() as services:
        keys = {"OPENAI_BASE_URL": services.base_url}
        config = house.settings("elevenlabs", "openai", **keys)
        assert house.voices.hears(config) == "elevenlabs:scribe_v1"
        house.server.fault = "500"
        assert await house.voices.transcribe(config, Sound(b"OggS")) == "Good morning."
        named = house.settings("elevenlabs", "openai", TRANSCRIPTION_PROVIDER="openai", **keys)
        assert house.voices.hears(named) == "openai:gpt-4o-mini-transcribe"
        assert await house.voices.transcribe(named, Sound(b"OggS")) == "Good morning."
    assert len(house.server.heard) == 1


async def test_who_writes_down_can_be_forced(house: House) -> None:
    config = house.settings("elevenlabs", "openai", TRANSCRIPTION_PROVIDER="openai")
    asked = {"audio": b"OggS"}
    use = house.models.use
    forced = await use(config, ModelType.TRANSCRIPTION, asked, provider="ElevenLabs")
    assert forced == "good morning"
    with pytest.raises(ModelRejected, match="there is no provider acme"):
        await use(config, ModelType.TRANSCRIPTION, asked, provider="acme")


async def test_a_name_that_cannot_write_down_says_why(house: House) -> None:
    for name, why in (("acme", "is none of"), ("elevenlabs", "has no key")):
        config = house.settings("openai", TRANSCRIPTION_PROVIDER=name)
        with pytest.raises(ModelRejected, match=f"names {name}, which {why}"):
            await house.voices.transcribe(config, Sound(b"OggS"))
        assert house.voices.hears(config) == ""


async def test_an_address_with_a_password_beside_the_key_is_told_and_passed_over(
    house: House,
) -> None:
    async with ModelServer() as services:
        address = {"ELEVENLABS_BASE_URL": "http://me:hunter22@127.0.0.1:9"}
        config = house.settings(
            "elevenlabs", "openai", **{**address, "OPENAI_BASE_URL": services.base_url}
        )
        assert await house.voices.transcribe(config, Sound(b"OggS")) == "Good morning."
    config = house.settings("elevenlabs", **address)
    for doing in (house.voices.transcribe(config, Sound(b"OggS")), house.says(config)):
        with pytest.raises(ModelRejected, match="keep one of them") as caught:
            await doing
        assert "hunter22" not in str(caught.value)


async def test_silence_is_no_text(house: House) -> None:
    assert await house.voices.transcribe(house.settings(), Sound(b"")) == ""


# --- plugins -------------------------------------------------------------------------------------


async def test_a_plugin_asks_for_speech_and_gets_a_file(house: House) -> None:
    config = house.settings("elevenlabs")
    assert house.models.serves(config, ModelType.TEXT_TO_SPEECH)
    assert not house.models.serves(house.settings(), ModelType.TEXT_TO_SPEECH)
    spent = Spent()
    data = await house.models.use(config, ModelType.TEXT_TO_SPEECH, TEXT, spent=spent)
    assert (await to_clip(data)).seconds == pytest.approx(len(TEXT) * SECONDS_OF_A_LETTER, rel=0.02)
    assert spent.usage.units == len(TEXT)
    house.server.voices["other"] = "Other"
    asked = {"text": TEXT, "voice": "other", "format": "wav"}
    data = await house.models.use(config, ModelType.TEXT_TO_SPEECH, asked)
    assert read_wav(data)[1] == RATE
    assert house.server.asked[-1].path == "/v1/text-to-speech/other/stream"


async def test_a_plugin_may_force_who_speaks(house: House) -> None:
    config = house.settings("elevenlabs", "openai")
    await house.models.use(config, ModelType.TEXT_TO_SPEECH, {"text": TEXT}, provider="openai")
    assert house.paths == ["openai"]
    with pytest.raises(ModelRejected):
        await house.models.use(config, ModelType.TEXT_TO_SPEECH, TEXT, provider="groq")


@pytest.mark.parametrize("wrapped", ["bytes", "dict", "stream"])
async def test_a_plugins_voice_comes_first_where_it_asks_for_that(
    house: House, wrapped: str
) -> None:
    asked: list[Any] = []
    file = wav(await tone(TEXT), RATE)

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield file[:1_000]
        yield file[1_000:]

    async def speaks(runtime: Any, params: Any) -> Any:
        asked.append(params)
        return {"bytes": file, "dict": {"audio": file}, "stream": pieces()}[wrapped]

    house.models.register(ADA, ModelType.TEXT_TO_SPEECH, speaks, provider="acme", priority=1)
    config = house.settings("elevenlabs")
    spent = Spent()
    assert house.voices.speaks(config) == "acme:plugin"
    sound = await house.says(config, spent=spent)
    assert seconds_of(sound, RATE) == pytest.approx(len(TEXT) * SECONDS_OF_A_LETTER, rel=0.02)
    assert asked == [{"text": TEXT}]
    assert (spent.usage.provider, spent.usage.units) == ("acme", len(TEXT))
    assert not house.server.asked


async def test_a_plugins_voice_that_fails_or_gives_rubbish_is_passed_over(house: House) -> None:
    given: list[Any] = [b"\x01\x02 no sound", None, RuntimeError("broken")]

    async def speaks(runtime: Any, params: Any) -> Any:
        result = given.pop()
        if isinstance(result, Exception):
            raise result
        return result

    house.models.register(ADA, ModelType.TEXT_TO_SPEECH, speaks, provider="acme", priority=1)
    for _ in range(3):
        assert await house.says(house.settings("elevenlabs"))
    assert house.paths == ["elevenlabs"] * 3


async def test_everything_that_goes_wrong_is_a_model_error(house: House) -> None:
    house.server.fault = "403"
    for doing in (
        house.says(house.settings("elevenlabs")),
        house.voices.clip(house.settings("elevenlabs"), TEXT),
        house.voices.transcribe(house.settings("elevenlabs"), Sound(b"OggS")),
        house.voices.aloud(house.settings("elevenlabs"), TEXT),
        house.voices.aloud(house.settings("elevenlabs"), {"text": ""}),
        house.says(house.settings("elevenlabs", TROUPE_SPEECH_PER_DAY="many")),
    ):
        with pytest.raises(ModelError):
            await doing


async def test_what_is_longer_than_it_says_is_sent_to_no_vendor(house: House) -> None:
    hours = put_together([SILENCE] * (50 * 60 * 31))
    with pytest.raises(ModelRejected, match="longer than 30 minutes"):
        await house.voices.transcribe(house.settings("elevenlabs"), Sound(hours, seconds=3))
    assert house.server.heard == []
