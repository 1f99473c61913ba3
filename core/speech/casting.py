"""Who may speak and who may write down for a character, in which order."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import aiohttp

from core.clock import Clock
from core.errors import BadInput, ModelRejected, ModelUnavailable
from core.ports import Spent
from core.ports.speech import RATE, Form, Plugged, Sound, Synthesizer, Transcriber
from core.settings.layers import Settings
from core.speech import convert, elevenlabs, openai
from core.speech.accounts import Account
from core.speech.calling import Patience
from core.speech.elevenlabs import ElevenLabsEar, ElevenLabsVoice, Plans, elevenlabs_account
from core.speech.elevenlabs_live import ElevenLabsLine
from core.speech.listening_along import Line
from core.speech.openai import OpenAIVoice, openai_account
from core.speech.openai_live import OpenAILine
from core.speech.opus import OpusFailed
from core.speech.pcm import UnreadableSound
from core.speech.resting import Rest, Rests

OFFLINE = "offline"
VENDORS = (elevenlabs.VENDOR, openai.VENDOR, OFFLINE)
_MakesLine = Callable[[Account, str, aiohttp.ClientSession, Rest, Patience], Line]
_KEYS = {elevenlabs.VENDOR: "ELEVENLABS_API_KEY", openai.VENDOR: "OPENAI_API_KEY"}
_ALONG: Mapping[str, tuple[Callable[[Settings], Account | None], str, _MakesLine]] = {
    elevenlabs.VENDOR: (
        elevenlabs_account,
        "ELEVENLABS_REALTIME_TRANSCRIPTION_MODEL",
        ElevenLabsLine,
    ),
    openai.VENDOR: (openai_account, "OPENAI_REALTIME_TRANSCRIPTION_MODEL", OpenAILine),
}
_PIECE = RATE


@dataclass(frozen=True, slots=True)
class Offline:
    """Those that need no key, as far as they are here."""

    voice: Callable[[Settings], Synthesizer] | None = None
    ear: Callable[[Settings], Transcriber] | None = None
    stands_in: bool = False
    """Also where nobody has named them: for whoever has no key at all."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """One that may be asked; or what is wrong with how it is set up."""

    name: str
    voice: Synthesizer | None = None
    rest: Rest | None = None
    fault: str = ""


class PluginVoice:
    """A plugin's handler as ports.Synthesizer; it knows how it sounds, and we do not."""

    mark = ""

    def __init__(self, plugged: Plugged) -> None:
        self._plugged = plugged

    @property
    def name(self) -> str:
        return self._plugged.name

    async def stream(
        self, text: str, form: Form, spent: Spent, *, before: str = ""
    ) -> AsyncGenerator[bytes, None]:
        data = await self._plugged.speak({"text": text}, spent)
        try:
            if form is Form.NOTE:
                yield (await convert.to_clip(data)).data
                return
            sound = await convert.to_pcm(data, RATE)
        except UnreadableSound as error:
            raise ModelUnavailable(f"{self.name} gave no sound that can be read: {error}") from None
        except OpusFailed as error:
            raise ModelRejected(str(error)) from None
        for at in range(0, len(sound), _PIECE):
            yield sound[at : at + _PIECE]


@dataclass(frozen=True, slots=True)
class Refusing:
    """Stands for an ear that cannot be asked as it is set up."""

    name: str
    fault: str

    async def transcribe(self, sound: Sound, spent: Spent) -> str:
        raise ModelRejected(self.fault)


class Cast:
    """Accounts and their manners are looked up at each call, what was found out of them is kept."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        offline: Offline,
        patience: Patience,
    ) -> None:
        self._session = session
        self._offline = offline
        self._patience = patience
        self._plans = Plans()
        self._rests = Rests(clock)

    # --- speaking ------------------------------------------------------------------------------

    def speakers(
        self,
        settings: Settings,
        plugged: tuple[Sequence[Plugged], Sequence[Plugged]] = ((), ()),
        *,
        provider: str = "",
        voice: str = "",
    ) -> list[Speaker]:
        """Plugins' among them; `voice` is another one than hers."""
        before, behind = ([Speaker(one.name, PluginVoice(one)) for one in some] for some in plugged)
        named = (provider,) if provider else self._named(settings)
        if named:
            own = [self._speaker(settings, name, voice) for name in named]
            return [*before, *own, *behind]
        own = [self._speaker(settings, name, voice) for name in _KEYS if _has_key(settings, name)]
        found = [*before, *own, *behind]
        if not found and self._offline.stands_in:
            found.append(self._speaker(settings, OFFLINE, voice))
        return found

    def _named(self, settings: Settings) -> tuple[str, ...]:
        try:
            return settings.csv("SPEECH_PROVIDER")
        except BadInput as error:
            raise ModelRejected(str(error)) from None

    def _speaker(self, settings: Settings, name: str, voice: str) -> Speaker:
        plain = _plain(name)
        try:
            match plain:
                case elevenlabs.VENDOR:
                    return self._elevenlabs(settings, voice)
                case openai.VENDOR:
                    return self._openai(settings, voice)
                case "offline":
                    if self._offline.voice is None:
                        return Speaker(plain, fault="there is no offline voice here")
                    speaker = self._offline.voice(settings)
                    return Speaker(speaker.name, speaker)
                case _:
                    there = ", ".join(VENDORS)
                    why = f"SPEECH_PROVIDER names {name[:40]}, which is none of {there}"
                    return Speaker(plain[:40], fault=why)
        except (BadInput, ModelRejected) as error:
            return Speaker(plain, fault=str(error))

    def _elevenlabs(self, settings: Settings, voice: str) -> Speaker:
        account = elevenlabs_account(settings)
        if account is None:
            return _keyless(elevenlabs.VENDOR)
        manner = settings.derived(elevenlabs.Manner.of)
        manner = replace(manner, voice=voice) if voice else manner
        speaker = ElevenLabsVoice(account, manner, self._session, self._plans, self._patience)
        return self._rested(account, manner, speaker)

    def _openai(self, settings: Settings, voice: str) -> Speaker:
        account = openai_account(settings)
        if account is None:
            return _keyless(openai.VENDOR)
        manner = settings.derived(openai.Manner.of)
        manner = replace(manner, voice=voice) if voice else manner
        speaker = OpenAIVoice(account, manner, self._session, self._patience)
        return self._rested(account, manner, speaker)

    def _rested(
        self, account: Account, manner: elevenlabs.Manner | openai.Manner, voice: Synthesizer
    ) -> Speaker:
        # The voice with it: one that is unknown there is no reason to leave the others alone.
        identity = f"{account.identity}|{manner.voice}|{manner.model}"
        return Speaker(voice.name, voice, self._rests.of(identity, voice.name))

    # --- writing down --------------------------------------------------------------------------

    def ears(self, settings: Settings) -> Iterator[tuple[str, Transcriber]]:
        """The offline one too, where it may stand in; whether it must is not seen from here."""
        account = elevenlabs_account(settings)
        if account is not None:
            model = settings.text("ELEVENLABS_TRANSCRIPTION_MODEL").strip()
            try:
                ear = ElevenLabsEar(account, model, self._session, self._patience)
            except ModelRejected as error:
                yield account.identity, Refusing(f"{elevenlabs.VENDOR}:{model}", str(error))
            else:
                yield account.identity, ear
        if self._offline.ear is None:
            return
        named = any(_plain(one) == OFFLINE for one in settings.csv("TRANSCRIPTION_PROVIDER"))
        if named or self._offline.stands_in:
            yield OFFLINE, self._offline.ear(settings)

    def line(self, settings: Settings, vendor: str) -> Line | None:
        """To an ear that listens along; None where that vendor has none, or there is no account."""
        if vendor not in _ALONG:
            return None
        found, setting, line = _ALONG[vendor]
        account, model = found(settings), settings.text(setting).strip()
        if account is None or not model:
            return None
        rest = self._rests.of(f"{account.identity}|{model}", f"{vendor}:{model}")
        try:
            return line(account, model, self._session, rest, self._patience)
        except ModelRejected:
            return None  # asked for the whole of it, it says why


def along_by(vendor: str) -> str:
    """The setting that names its model which listens along."""
    return _ALONG[vendor][1]


def _has_key(settings: Settings, vendor: str) -> bool:
    found = elevenlabs_account if vendor == elevenlabs.VENDOR else openai_account
    return found(settings) is not None


def _keyless(vendor: str) -> Speaker:
    return Speaker(vendor, fault=f"{vendor} is to speak, but {_KEYS[vendor]} is not set")


def _plain(name: str) -> str:
    squeezed = re.sub(r"[^a-z0-9]", "", name.lower())
    return OFFLINE if squeezed in ("espeak", "espeakng", "pocketsphinx") else squeezed
