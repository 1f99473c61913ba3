"""Who speaks and who writes down for a character; resolved anew for each call."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import aiohttp

from core.clock import Clock
from core.errors import BadInput, ModelError, ModelRejected, ModelUnavailable
from core.ports import ModelType, Spent
from core.ports.speech import (
    HEARD,
    HEARD_RATE,
    RATE,
    Clip,
    Form,
    Plugged,
    Sound,
    Transcriber,
)
from core.settings.context import RequestContext, request_scope
from core.settings.layers import Settings
from core.speech import convert, names
from core.speech.budget import Spoken
from core.speech.calling import Patience, whole
from core.speech.casting import Cast, Offline, Speaker
from core.speech.clips import Clips, key_of
from core.speech.listening_along import Line
from core.speech.opus import OpusFailed
from core.speech.pcm import SoundTooLong, UnreadableSound, seconds_of, wav

log = logging.getLogger(__name__)

_NOBODY = (
    "there is nobody to speak: set ELEVENLABS_API_KEY or OPENAI_API_KEY, or SPEECH_PROVIDER=offline"
)
_NOTHING = "there is nothing to be said aloud"


class Models(Protocol):
    """What is asked of the models of the house."""

    def plugged(self, settings: Settings) -> tuple[Sequence[Plugged], Sequence[Plugged]]: ...
    def hears(self, settings: Settings) -> str: ...
    async def use(
        self,
        settings: Settings,
        kind: ModelType,
        params: Any,
        *,
        provider: str = "",
        spent: Spent | None = None,
    ) -> Any: ...


@dataclass(frozen=True, slots=True)
class _Asking:
    """Who is asked for whom, as it was set when she began."""

    character: str
    speakers: tuple[Speaker, ...] = ()
    most: int = 0
    """Characters of text in a day; 0 without a limit."""
    fault: ModelRejected | None = None


class Voices:
    """ports.Speech, and ports.Lent: give it to `Models.borrow`. Close it (`async with`)."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        models: Models,
        *,
        clock: Clock,
        folder: Path | None = None,
        offline: Offline | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`folder` holds clips and what was spoken today; without one, neither is kept."""
        self._models = models
        self._cast = Cast(session, clock, offline or Offline(), patience or Patience())
        self._clips = Clips(folder, clock)
        self._spoken = Spoken(folder / "spoken.json" if folder else None, clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._spoken.close()

    def speaks(self, settings: Settings) -> str:
        """See `ports.Speech`."""
        try:
            speakers = self._cast.speakers(settings, self._models.plugged(settings))
        except ModelRejected:
            return ""
        return next((one.name for one in speakers if one.voice is not None), "")

    def hears(self, settings: Settings) -> str:
        return self._models.hears(settings)

    def spoken_today(self, settings: Settings) -> int:
        """Characters of text, as far as they are counted."""
        return self._spoken.used(settings.character_id)

    async def sweep(self) -> int:
        """Drop clips that are old or too many; how many."""
        return await self._clips.sweep()

    # --- speaking ------------------------------------------------------------------------------

    def stream(
        self, settings: Settings, text: str, spent: Spent | None = None, *, before: str = ""
    ) -> AsyncGenerator[bytes, None]:
        # Settings are a person's own only in here; who reads on may have left their request.
        return self._stream(self._asking(settings), _sayable(text), spent, before)

    async def _stream(
        self, asking: _Asking, text: str, spent: Spent | None, before: str
    ) -> AsyncGenerator[bytes, None]:
        if not text:
            return
        day = await self._reserve(asking, text)
        heard = False
        failed: list[ModelError] = []
        try:
            for speaker in asking.speakers:
                try:
                    pieces = _asked(speaker, text, Form.PCM, spent, before)
                    async with aclosing(pieces):
                        async for piece in pieces:
                            heard = True
                            yield piece
                    return
                except ModelError as error:
                    failed.append(error)
                    if heard:
                        if isinstance(error, ModelUnavailable):
                            error.begun = True
                        raise
            raise _worst(failed)
        finally:
            if not heard:
                self._spoken.give_back(asking.character, len(text), day)

    async def clip(
        self, settings: Settings, text: str, spent: Spent | None = None, *, private: bool = False
    ) -> Clip:
        if not (text := _sayable(text)):
            raise ModelRejected(_NOTHING)
        asking = self._asking(settings)
        make = partial(self._clip, asking, text, spent, keep=not private)
        if private:
            return await make()
        marks = [one.voice.mark or asking.character for one in asking.speakers if one.voice]
        return await self._clips.once(key_of("\n".join(marks), text), make)

    async def _clip(self, asking: _Asking, text: str, spent: Spent | None, *, keep: bool) -> Clip:
        day: str | None = None
        failed: list[ModelError] = [asking.fault] if asking.fault else []
        for speaker in asking.speakers:
            mark = speaker.voice.mark if speaker.voice is not None and keep else ""
            key = key_of(mark, text)
            if mark and (kept := await self._clips.find(key)) is not None:
                return kept
            if day is None:
                day = await self._reserve(asking, text)
            try:
                clip = await _clip_of(speaker, text, spent)
            except ModelError as error:
                failed.append(error)
                continue
            if mark:
                await self._clips.keep(key, clip)
            return clip
        self._spoken.give_back(asking.character, len(text), day or "")
        raise _worst(failed)

    def _asking(self, settings: Settings) -> _Asking:
        return self._asked_of(settings, self._models.plugged(settings))

    def _asked_of(
        self,
        settings: Settings,
        plugged: tuple[Sequence[Plugged], Sequence[Plugged]] = ((), ()),
        *,
        provider: str = "",
        voice: str = "",
    ) -> _Asking:
        who = settings.character_id
        try:
            speakers = self._cast.speakers(settings, plugged, provider=provider, voice=voice)
            # What the house may spend on her is not for those who talk to her to say.
            with request_scope(RequestContext("")):
                most = int(settings.number("TROUPE_SPEECH_PER_DAY", 0))
        except (BadInput, ModelRejected) as error:
            return _Asking(who, fault=ModelRejected(str(error)))
        return _Asking(who, tuple(speakers), most, None if speakers else ModelRejected(_NOBODY))

    async def _reserve(self, asking: _Asking, text: str) -> str:
        if asking.fault is not None:
            raise asking.fault
        return await self._spoken.reserve(asking.character, len(text), asking.most)

    # --- writing down --------------------------------------------------------------------------

    async def transcribe(self, settings: Settings, sound: Sound, spent: Spent | None = None) -> str:
        if not sound.data:
            return ""
        raw = sound.mime == HEARD
        if not raw:
            await _check_length(sound.data)
        params: dict[str, Any] = {
            "audio": wav(sound.data, HEARD_RATE) if raw else sound.data,
            "mimeType": "audio/wav" if raw else sound.mime,
            "duration": sound.seconds or (seconds_of(sound.data, HEARD_RATE) if raw else 0.0),
        }
        if sound.language:
            params["language"] = sound.language
        if sound.words:
            # Whoever is told a name beforehand writes it so.
            params["prompt"] = ", ".join(sound.words)
        text = await self._models.use(settings, ModelType.TRANSCRIPTION, params, spent=spent)
        return names.resolved(str(text).strip(), sound.words)

    def listen(self, settings: Settings) -> Line | None:
        """See `ports.Speech`; where somebody else would be asked first, nobody listens along."""
        vendor, _, _ = self.hears(settings).partition(":")
        if not settings.flag("VOICE_STREAMS_TRANSCRIPTION", True):
            return None
        return self._cast.line(settings, vendor)

    # --- lent to the models --------------------------------------------------------------------

    def ears(self, settings: Settings) -> Sequence[tuple[str, Transcriber]]:
        """See `ports.Lent`."""
        return tuple(self._cast.ears(settings))

    async def aloud(self, settings: Settings, params: Any, spent: Spent | None = None) -> bytes:
        """See `ports.Lent`; plugins are asked by the models themselves. `format` may be wav or pcm."""
        options: Mapping[str, Any] = params if isinstance(params, Mapping) else {"text": params}
        text = options.get("text") or options.get("input")
        if not isinstance(text, str) or not (text := _sayable(text)):
            raise ModelRejected(_NOTHING)
        provider, voice = (str(options.get(name) or "") for name in ("provider", "voice"))
        asking = self._asked_of(settings, provider=provider, voice=voice)
        format = str(options.get("format") or "ogg").lower()
        form = Form.PCM if format in ("wav", "pcm") else Form.NOTE
        day = await self._reserve(asking, text)
        failed: list[ModelError] = []
        for speaker in asking.speakers:
            try:
                sound = await whole(_asked(speaker, text, form, spent, ""))
                return wav(sound, RATE) if format == "wav" else sound
            except ModelError as error:
                failed.append(error)
        self._spoken.give_back(asking.character, len(text), day)
        raise _worst(failed)


def _sayable(text: str) -> str:
    """Empty where nothing of it has a sound: a vendor of voices would give none for it, and seem to
    be broken."""
    return text.strip() if any(map(str.isalnum, text)) else ""


async def _asked(
    speaker: Speaker, text: str, form: Form, spent: Spent | None, before: str
) -> AsyncGenerator[bytes, None]:
    """One call of one speaker, who is told how it went. Raises ModelError."""
    if speaker.voice is None:
        raise ModelRejected(speaker.fault)
    rest = speaker.rest
    if rest is not None:
        rest.check()
    heard = over = False
    try:
        pieces = speaker.voice.stream(
            text, form, spent if spent is not None else Spent(), before=before
        )
        async with aclosing(pieces):
            async for piece in pieces:
                if piece:
                    heard = True
                    yield piece
        if not heard:
            raise ModelUnavailable(f"{speaker.name} said nothing")
    except ModelError as error:
        over = True
        log.warning("voice %s failed: %s", speaker.name, error)
        if rest is not None:
            rest.failed(error)
        raise
    finally:
        if heard and not over and rest is not None:
            rest.answered()  # also where nobody wanted to hear the end


async def _clip_of(speaker: Speaker, text: str, spent: Spent | None) -> Clip:
    data = await whole(_asked(speaker, text, Form.NOTE, spent, ""))
    try:
        return await convert.to_clip(data)
    except UnreadableSound as error:
        raise ModelUnavailable(f"{speaker.name} gave no sound that can be read: {error}") from None
    except OpusFailed as error:
        raise ModelRejected(str(error)) from None


async def _check_length(data: bytes) -> None:
    """A client may say of its voice message what it likes; vendors bill what is really in it."""
    try:
        await convert.check_length(data)
    except SoundTooLong as error:
        raise ModelRejected(f"the sound cannot be heard: {error}") from None


def _worst(failed: Sequence[ModelError]) -> ModelError:
    """What to tell: rather when to come again than that it was in vain."""
    later = [error for error in failed if isinstance(error, ModelUnavailable)]
    return later[-1] if later else failed[0]
