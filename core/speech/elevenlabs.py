"""ElevenLabs: a voice that streams, and an ear."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import quote

import aiohttp

from core.errors import BadInput, Finding, ModelRejected, ModelUnavailable
from core.ports import Spent, Usage
from core.ports.speech import HEARD, HEARD_RATE, Form, Sound
from core.settings.layers import Settings
from core.speech.accounts import Account, account_of
from core.speech.calling import Calling, Patience, Refusal
from core.speech.saying import Voice
from core.speech.shaping import shaped

VENDOR = "elevenlabs"
# What a room plays and what a note is made of, then what smaller plans have.
_FOR_ROOMS = ("pcm_48000", "pcm_44100", "pcm_24000", "pcm_16000", "mp3_44100_128")
_FOR_NOTES = ("opus_48000_64", "pcm_24000", "pcm_16000", "mp3_44100_128")
_FORMAT = re.compile(r"pcm_(?:8000|16000|22050|24000|32000|44100|48000)|opus_48000_\d+|mp3_\d+_\d+")
_MOST_TEXT = 2_500
"""Characters in one call: each of its models takes as many."""
_MOST_BEFORE = 400
_MOST_SENT = 512 * 1024 * 1024
_MOST_ACCOUNTS = 1024
_PATIENCE_TO_HEAR = 20.0
_LONGEST_PATIENCE = 3600.0
"""Seconds; what is set for all calls is less."""
_EVENT = re.compile(r"\s*[(\[](?:[a-z]+(?:\s[a-z]+){0,3})[)\]]\s*")


@dataclass(frozen=True, slots=True)
class Manner:
    """How it sounds: ELEVENLABS_VOICE_ID and what stands around it (VO-02)."""

    voice: str
    model: str
    stability: float
    similarity: float
    style: float
    boost: bool
    latency: int
    format: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Manner:
        """Raises BadInput with everything that is out of its range."""
        found: list[Finding] = []
        format = settings.text("ELEVENLABS_OUTPUT_FORMAT").strip().lower()
        if format and not _FORMAT.fullmatch(format):
            mend = "For example pcm_16000, opus_48000_64 or mp3_44100_128; or leave it empty"
            found.append(_bad(settings, "ELEVENLABS_OUTPUT_FORMAT", "no format we know", mend))
        manner = cls(
            voice=settings.text("ELEVENLABS_VOICE_ID").strip(),
            model=settings.text("ELEVENLABS_MODEL_ID").strip(),
            stability=_number(settings, "ELEVENLABS_VOICE_STABILITY", 1, found),
            similarity=_number(settings, "ELEVENLABS_VOICE_SIMILARITY_BOOST", 1, found),
            style=_number(settings, "ELEVENLABS_VOICE_STYLE", 1, found),
            boost=settings.flag("ELEVENLABS_VOICE_USE_SPEAKER_BOOST"),
            latency=int(_number(settings, "ELEVENLABS_OPTIMIZE_STREAMING_LATENCY", 4, found)),
            format=format,
        )
        if found:
            raise BadInput(*found)
        return manner


class Plans:
    """Formats that an account was found not to have, so that each is refused once."""

    def __init__(self) -> None:
        self._refused: OrderedDict[str, set[str]] = OrderedDict()

    def refused(self, account: str) -> set[str]:
        found = self._refused.setdefault(account, set())
        self._refused.move_to_end(account)
        if len(self._refused) > _MOST_ACCOUNTS:
            self._refused.popitem(last=False)
        return found


class ElevenLabsVoice(Voice):
    """One voice of one account: ports.Synthesizer."""

    def __init__(
        self,
        account: Account,
        manner: Manner,
        session: aiohttp.ClientSession,
        plans: Plans,
        patience: Patience | None = None,
    ) -> None:
        super().__init__(account, manner, most=_MOST_TEXT)
        self._manner = manner
        self._plans = plans
        self._account = account
        self._calling = _calling(account, session, self.name, patience)

    def _usage(self, text: str) -> Usage:
        return Usage(self._manner.model, provider=VENDOR, units=len(text))

    async def _said(self, text: str, form: Form, before: str) -> AsyncGenerator[bytes, None]:
        manner = self._manner
        path = f"v1/text-to-speech/{quote(manner.voice, safe='')}/stream"
        for format in self._formats(form):
            query = {"output_format": format}
            if manner.latency:
                query["optimize_streaming_latency"] = str(manner.latency)
            pieces = self._calling.sound(path, query, self._body(text, before))
            try:
                async with aclosing(shaped(pieces, format, form, text, self.name)) as made:
                    async for piece in made:
                        yield piece
                return
            except Refusal as refusal:
                if not _is_of_format(refusal.refused.codes, refusal.refused.error):
                    raise refusal.refused.as_error(self.name) from None
                self._plans.refused(self._account.identity).add(format)
        raise ModelRejected(f"{self.name} has no format for this account")

    def _formats(self, form: Form) -> Iterator[str]:
        usual = _FOR_ROOMS if form is Form.PCM else _FOR_NOTES
        refused = self._plans.refused(self._account.identity)
        for format in dict.fromkeys((self._manner.format, *usual)):
            if format and format not in refused:
                yield format

    def _body(self, text: str, before: str) -> Mapping[str, Any]:
        manner = self._manner
        body: dict[str, Any] = {
            "text": text,
            "model_id": manner.model,
            "voice_settings": {
                "stability": manner.stability,
                "similarity_boost": manner.similarity,
                "style": manner.style,
                "use_speaker_boost": manner.boost,
            },
        }
        # The newest model refuses to be told what was said before.
        if before and not manner.model.startswith("eleven_v3"):
            body["previous_text"] = before[-_MOST_BEFORE:]
        return body


class ElevenLabsEar:
    """ports.Transcriber."""

    def __init__(
        self,
        account: Account,
        model: str,
        session: aiohttp.ClientSession,
        patience: Patience | None = None,
    ) -> None:
        self._model = model
        self._calling = _calling(account, session, f"{VENDOR}:{model}", patience)

    @property
    def name(self) -> str:
        return f"{VENDOR}:{self._model}"

    async def transcribe(self, sound: Sound, spent: Spent) -> str:
        if not sound.data:
            return ""
        if len(sound.data) > _MOST_SENT:
            raise ModelRejected(f"{self.name}: a recording of more than {_MOST_SENT >> 20} MB")
        raw = sound.mime == HEARD
        form = aiohttp.FormData()
        form.add_field("model_id", self._model)
        form.add_field("file_format", "pcm_s16le_16" if raw else "other")
        form.add_field("tag_audio_events", "false")
        if sound.language:
            form.add_field("language_code", sound.language)
        kind = "application/octet-stream" if raw else sound.mime or "audio/ogg"
        form.add_field("file", BytesIO(sound.data), filename="voice", content_type=kind)
        lasts = sound.seconds or (len(sound.data) / 2 / HEARD_RATE if raw else 0.0)
        # Nobody waits two minutes for a sentence.
        within = lasts + _PATIENCE_TO_HEAR if lasts else _LONGEST_PATIENCE
        try:
            answer = await self._calling.asked("v1/speech-to-text", {}, form, within=within)
        except Refusal as refusal:
            raise refusal.refused.as_error(self.name) from None
        text = _text_in(answer)
        if text is None:
            raise ModelUnavailable(f"{self.name} wrote nothing down")
        told = answer.get("audio_duration_secs")
        seconds = float(told) if isinstance(told, int | float) else lasts
        spent.add(Usage(self._model, provider=VENDOR, units=seconds))
        return text


def elevenlabs_account(settings: Settings) -> Account | None:
    return account_of(settings, VENDOR, "ELEVENLABS_API_KEY", "ELEVENLABS_BASE_URL")


def words_in(text: str) -> str:
    """It is asked to leave laughter out; what is in brackets all the same was said by nobody."""
    return _EVENT.sub(" ", text).strip()


def _calling(
    account: Account, session: aiohttp.ClientSession, who: str, patience: Patience | None
) -> Calling:
    headers = {
        "xi-api-key": account.revealed(),
        "User-Agent": "troupe",
        # Compression would hold pieces back.
        "Accept-Encoding": "identity",
    }
    base_url = account.base_url.removesuffix("/v1")
    return Calling(session, base_url, headers, who, patience or Patience())


def _text_in(answer: Mapping[str, Any]) -> str | None:
    text = answer.get("text")
    if not isinstance(text, str):
        return None
    return words_in(text)


def _is_of_format(codes: frozenset[str], error: Mapping[str, Any]) -> bool:
    if any("output_format" in code for code in codes):
        return True
    message = error.get("message")
    return isinstance(message, str) and "output format" in message.replace("_", " ").lower()


def _number(settings: Settings, name: str, most: float, found: list[Finding]) -> float:
    try:
        value = settings.number(name, 0)
    except BadInput as error:
        found.extend(error.findings)
        return 0.0
    if not 0 <= value <= most:
        found.append(_bad(settings, name, f"{value:g} is not between 0 and {most:g}", ""))
    return value


def _bad(settings: Settings, name: str, what: str, mend: str) -> Finding:
    whose = f" of {settings.character_name}" if settings.character_name else ""
    return Finding(f"{name}{whose}, in {settings.where(name)}", what, mend)
