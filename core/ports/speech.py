"""What the flow asks of voices: text made into sound, and sound into text."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from core.ports.models import Spent
from core.settings.layers import Settings

RATE = 48_000
"""Samples a second of what is spoken in a channel: one channel, 16 bits, little-endian."""
HEARD_RATE = 16_000
"""The same of what is heard there."""
HEARD = f"audio/pcm;rate={HEARD_RATE}"
"""The kind of sound that an utterance is."""


class Form(Enum):
    """How a synthesizer is asked to give what it says."""

    PCM = "pcm"
    """48 kHz, one channel, signed 16 bits, little-endian, no header: to be mixed and played."""
    NOTE = "note"
    """OGG with Opus: what both platforms play as a voice message."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Something that was said aloud."""

    data: bytes = field(repr=False)
    mime: str = "audio/ogg"
    """HEARD for raw samples."""
    seconds: float = 0.0
    """0 where nobody has told."""
    words: tuple[str, ...] = ()
    """Names that are likely to be said: of her, of who is there."""
    language: str = ""
    """As "de", where it is known."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A voice message that is ready to be sent."""

    data: bytes = field(repr=False)
    """OGG with Opus, 48 kHz, one channel."""
    seconds: float
    waveform: bytes = field(repr=False)
    """How loud it is, in at most 256 equal parts of it, 0 to 255 each: as Discord draws it."""


class Synthesizer(Protocol):
    """One voice of one vendor; raises ModelUnavailable or ModelRejected, nothing else."""

    @property
    def name(self) -> str:
        """As "elevenlabs:eleven_multilingual_v2"."""
        ...

    @property
    def mark(self) -> str:
        """All by which the same text sounds otherwise: voice, model, and how they are set."""
        ...

    def stream(
        self, text: str, form: Form, spent: Spent, *, before: str = ""
    ) -> AsyncGenerator[bytes, None]:
        """As it is made, in pieces of any length; closing it closes the call at once.

        `before` is what the same voice has just said, for its tone.
        """
        ...


class Transcriber(Protocol):
    """One vendor that writes down; raises ModelUnavailable or ModelRejected, nothing else."""

    @property
    def name(self) -> str: ...
    async def transcribe(self, sound: Sound, spent: Spent) -> str:
        """What is said in it; empty for nothing."""
        ...


class LiveWords(Protocol):
    """One utterance that was written down while it was spoken."""

    async def text(self, spent: Spent) -> str:
        """Raises ModelUnavailable or ModelRejected: then the whole is to be transcribed."""
        ...


class LiveEar(Protocol):
    """One person's line to whoever writes down while they speak, one utterance after another.

    Nothing of it raises; what goes wrong is told by the words that come of it.
    """

    async def run(self) -> None:
        """Hold the line until it breaks, or nothing was fed for a while; cancel it to cut it.

        What was not ended by then has not been said.
        """
        ...

    def feed(self, pcm: bytes) -> None:
        """More of what is being said (HEARD); also before `run`."""
        ...

    def end(self) -> LiveWords:
        """What was fed since the last time is all of an utterance."""
        ...


class Speech(Protocol):
    """Who speaks and who writes down for a character: chains, limits, costs, a budget.

    Settings are read at the call. Raises ModelUnavailable or ModelRejected, nothing else.
    """

    def speaks(self, settings: Settings) -> str:
        """Who would be asked first; empty where nobody can be."""
        ...

    def hears(self, settings: Settings) -> str: ...
    def stream(
        self, settings: Settings, text: str, spent: Spent | None = None, *, before: str = ""
    ) -> AsyncGenerator[bytes, None]:
        """Form.PCM. Another voice stands in only as long as nothing was heard of the first."""
        ...

    async def clip(
        self, settings: Settings, text: str, spent: Spent | None = None, *, private: bool = False
    ) -> Clip:
        """The same text in the same voice is asked for once: kept on disk for a while.

        A private one is not kept.
        """
        ...

    async def transcribe(
        self, settings: Settings, sound: Sound, spent: Spent | None = None
    ) -> str: ...
    def listen(self, settings: Settings) -> LiveEar | None:
        """A line that is not begun; None where who writes down wants the whole of it."""
        ...


class Lent(Protocol):
    """What voices do for whoever asks for a model by its type (`ModelRoles.use`)."""

    def speaks(self, settings: Settings) -> str: ...
    async def aloud(self, settings: Settings, params: Any, spent: Spent | None = None) -> bytes:
        """elizaOS' TEXT_TO_SPEECH: a text, or {"text", "voice", "format"}; OGG with Opus."""
        ...

    def ears(self, settings: Settings) -> Sequence[tuple[str, Transcriber]]:
        """Those that speak no protocol of OpenAI's, each with what tells its account apart."""
        ...


@dataclass(frozen=True, slots=True)
class Plugged:
    """A plugin's handler for TEXT_TO_SPEECH."""

    name: str
    speak: Callable[[Any, Spent], Awaitable[bytes]]
    """Takes elizaOS' parameters, gives a file of sound of any kind; raises ModelError."""


class Clips(Protocol):
    """A text as the voice message of the character whose link asks; paid for by her."""

    async def __call__(self, text: str, *, private: bool = False) -> Clip:
        """Raises ModelUnavailable or ModelRejected: then it is written instead (G28).

        A private one is not kept.
        """
        ...
