"""Speaking and writing down by those who speak no protocol of OpenAI's: plugins, and what is lent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from core.models import results
from core.models.chain import Try
from core.models.handlers import Handled, Registered
from core.models.media import audio_in, seconds_in
from core.models.params import given
from core.models.presets import OFFLINE, PRESETS, plain_name
from core.models.tries import refusing, same
from core.models.wire import Patience
from core.ports import Spent
from core.ports.speech import HEARD, HEARD_RATE, Lent, Plugged, Sound, Transcriber
from core.settings.layers import Settings

_VOICES = ("elevenlabs", "openai", OFFLINE)
_WAV_HEAD = 44
_HEARD_WAV = (
    b"RIFF", b"WAVEfmt \x10\0\0\0\x01\0\x01\0" + HEARD_RATE.to_bytes(4, "little"), b"data",
)  # fmt: skip


async def heard(ear: Transcriber, params: Any, spent: Spent | None) -> str:
    """elizaOS' TRANSCRIPTION: a text. Raises ModelError."""
    data, mime = audio_in(params)
    language = str(given(params, "language") or "") if isinstance(params, Mapping) else ""
    raw = _raw(data)
    sound = Sound(raw or data, HEARD if raw else mime, seconds_in(params), language=language)
    return await ear.transcribe(sound, spent if spent is not None else Spent())


def plugged(handlers: Sequence[Registered], patience: Patience) -> tuple[Plugged, ...]:
    def one(registered: Registered) -> Plugged:
        model = Handled(registered, patience)

        async def speak(params: Any, spent: Spent) -> bytes:
            made: bytes = results.taken(registered, await model.result(params), params, spent)
            return made

        return Plugged(model.name, speak)

    return tuple(one(registered) for registered in handlers)


def spoken(
    voices: Lent, settings: Settings, params: Any, provider: str, spent: Spent | None
) -> Iterator[Try]:
    """elizaOS' TEXT_TO_SPEECH: the bytes of a file."""
    if provider and not any(same(provider, one) for one in _VOICES):
        return
    if provider:
        params = {"text": results.text_in(params), **_options(params), "provider": provider}
    elif not voices.speaks(settings):
        return
    yield Try("voices", "voices", partial(voices.aloud, settings, params, spent))


def written_down(
    ears: Sequence[Try],
    named: Sequence[str],
    others: Sequence[str],
    served: Callable[[str], Iterator[Try]],
    *,
    alone: bool,
) -> Iterator[Try]:
    """In the order in which they are named; unnamed, who needs no key is asked where he is `alone`
    and nobody else is there."""
    if not named:
        found = [one for one in ears if not same(_vendor(one), OFFLINE)]
        found += served("")
        yield from found
        if alone and not found:
            yield from ears
        return
    for name in named:
        own = [one for one in ears if same(_vendor(one), name)]
        yield from own
        if own or plain_name(name) in PRESETS:
            yield from served(name)
        elif not any(same(name, one) for one in others):
            there = ", ".join(dict.fromkeys(("elevenlabs", *PRESETS, OFFLINE, *others)))
            known = any(same(name, one) for one in _VOICES)
            why = f"has no key, or is not here (of {there})" if known else f"is none of {there}"
            yield refusing(name, f"TRANSCRIPTION_PROVIDER names {name[:40]}, which {why}")


def _vendor(one: Try) -> str:
    return one.name.partition(":")[0]


def _options(params: Any) -> Mapping[str, Any]:
    return params if isinstance(params, Mapping) else {}


def _raw(data: bytes) -> bytes | None:
    """The samples of a WAV that holds an utterance as it was heard; None of anything else."""
    begin, form, rest = _HEARD_WAV
    if data[:4] == begin and data[8 : 8 + len(form)] == form and data[36:40] == rest:
        return data[_WAV_HEAD:]
    return None
