"""Voice channels without a wire: a mouth that plays by a clock, and a voice of one tone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from core.clock import Clock
from core.errors import CannotJoin, ModelUnavailable
from core.messages import Author
from core.ports import (
    RATE,
    Clip,
    Listener,
    Listening,
    LiveEar,
    Present,
    Sound,
    Spent,
    Utterance,
    VoiceState,
)
from core.settings.layers import Settings

PER_LETTER = 0.06
"""Seconds of sound that a letter makes."""
_BYTES = RATE * 2


class ClockMouth:
    """core.ports.Mouth: what is handed in goes out as the clock goes on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at = clock.monotonic()
        self._played = self._waiting = 0.0
        self._paused = False
        self._changed = asyncio.Event()
        self.sounded = 0.0
        """Seconds that ever went out."""
        self.silent_at = 0.0
        """When it was last paused or stopped."""
        self.gaps = 0
        """How often it had nothing to play before the end was told."""
        self._ended = True
        self.volume = 1.0

    def say(self, pcm: bytes) -> None:
        self._go_on()
        if not self._waiting and not self._ended and self._played:
            self.gaps += 1
        self._ended = False
        self._waiting += len(pcm) / _BYTES
        self._changed.set()

    def end(self) -> None:
        self._go_on()
        self._ended = True

    @property
    def played(self) -> float:
        self._go_on()
        return self._played

    @property
    def waiting(self) -> float:
        self._go_on()
        return self._waiting

    @property
    def speaking(self) -> bool:
        return self.waiting > 0

    @property
    def paused(self) -> bool:
        return self._paused

    def begin(self) -> None:
        self._go_on()
        self._played = 0.0

    def pause(self) -> None:
        self._go_on()
        if not self._paused:
            self.silent_at = self._clock.monotonic()
        self._paused = True

    def resume(self) -> None:
        self._go_on()
        self._paused = False
        self._changed.set()

    def stop(self) -> None:
        self._go_on()
        if not self._paused:
            self.silent_at = self._clock.monotonic()
        self._waiting = self._played = 0.0
        self._ended = True
        self._changed.set()

    async def quiet(self) -> None:
        while self.waiting > 1e-9:
            await self._clock.sleep(0.02 if self._paused else min(self._waiting, 0.02))

    def _go_on(self) -> None:
        now = self._clock.monotonic()
        if not self._paused:
            out = min(now - self._at, self._waiting)
            self._waiting -= out
            self._played += out
            self.sounded += out
            if self._waiting < 1e-9:
                self._waiting = 0.0
        self._at = now


@dataclass
class ToneSpeech:
    """core.ports.Speech: every letter is a moment of sound; what is understood is told to it."""

    clock: Clock
    heard: dict[bytes, str | Exception] = field(default_factory=dict)
    """By the sound."""
    makes_in: float = 0.05
    """Seconds until the first sound of a text."""
    writes_in: float = 0.1
    fails_at: str = ""
    """Words that no voice can say."""
    said: list[str] = field(default_factory=list)
    asked: list[tuple[str, float]] = field(default_factory=list)
    """What was to be said, and when."""
    written: list[Sound] = field(default_factory=list)
    speaker: str = "tone"
    ear: str = "ear"
    live: Callable[[], LiveEar] | None = None
    """Gives lines to who listens along."""

    def speaks(self, settings: Settings) -> str:
        return self.speaker

    def hears(self, settings: Settings) -> str:
        return self.ear

    async def stream(
        self, settings: Settings, text: str, spent: Spent | None = None, *, before: str = ""
    ) -> AsyncGenerator[bytes, None]:
        self.asked.append((text, self.clock.monotonic()))
        await self.clock.sleep(self.makes_in)
        if self.fails_at and self.fails_at in text:
            raise ModelUnavailable("this voice does not say that")
        self.said.append(text)
        for letter in text:
            yield bytes(int(_BYTES * PER_LETTER)) if letter else b""

    async def clip(
        self, settings: Settings, text: str, spent: Spent | None = None, *, private: bool = False
    ) -> Clip:
        return Clip(b"OggS", len(text) * PER_LETTER, b"\x00")

    async def transcribe(self, settings: Settings, sound: Sound, spent: Spent | None = None) -> str:
        self.written.append(sound)
        await self.clock.sleep(self.writes_in)
        found = self.heard.get(sound.data, "")
        if isinstance(found, Exception):
            raise found
        return found

    def listen(self, settings: Settings) -> LiveEar | None:
        return self.live() if self.live is not None else None


class Channel:
    """core.ports.VoiceChannel."""

    def __init__(self, rooms: Rooms, id: str, name: str, listener: Listener, clock: Clock) -> None:
        self.id = id
        self.name = name
        self.world = rooms.world
        self.world_name = "The Commons"
        self.mouth = ClockMouth(clock)
        self.listener = listener
        self.ignored: frozenset[str] = frozenset()
        self.gone = False
        self.deaf, self.mute, self.away = "", rooms.mute, ""
        """As the platform tells of it."""
        self._rooms = rooms

    @property
    def people(self) -> Sequence[Present]:
        return tuple(
            Present(self._rooms.who[person])
            for person, channel in self._rooms.where.items()
            if channel == self.id
        )

    @property
    def state(self) -> VoiceState:
        return VoiceState(
            not (self.gone or self.away),
            decrypting=True,
            deaf=self.deaf,
            mute=self.mute,
            away=self.away,
            latency=0.012,
            privacy_code="12345 67890",
        )

    def ignore(self, people: frozenset[str]) -> None:
        self.ignored = people

    def listen(self, ways: Listening) -> None:
        self._rooms.ways = ways

    def silence(self, why: str) -> None:
        """By others, so that nobody hears what is said; empty for no more."""
        self.mute = why
        self.listener.present(self.people)

    def loses(self, why: str) -> None:
        """Its voice server, for good."""
        self.away = why
        self._rooms.joined.pop(self.id, None)
        self.listener.closed("the connection is lost")

    async def leave(self) -> None:
        self.gone = True
        self._rooms.joined.pop(self.id, None)
        self.listener.closed("")


class Rooms:
    """core.ports.VoiceRooms of one server."""

    def __init__(self, clock: Clock, world: str = "900") -> None:
        self.clock = clock
        self.world = world
        self.names = {"500": "Lounge", "501": "Kitchen"}
        self.who: dict[str, Author] = {}
        self.where: dict[str, str] = {}
        self.joined: dict[str, Channel] = {}
        self.refuses: dict[str, str] = {}
        self.breaks: dict[str, Exception] = {}
        """What nobody foresaw, by the channels."""
        self.dialled: list[str] = []
        self.door = asyncio.Event()
        """While it is shut, whoever dials waits."""
        self.door.set()
        self.lets_in: Callable[[Channel], None] = lambda channel: None
        """Is told of every channel before whoever dialled it."""
        self.watchers: list[Callable[[str, str, str], None]] = []
        self.ways: Listening | None = None
        self.mute = ""
        """Why nobody hears who comes in."""

    async def join(self, channel: str, listener: Listener, ways: Listening) -> Channel:
        self.dialled.append(channel)
        await asyncio.sleep(0)
        await self.door.wait()
        if channel in self.breaks:
            raise self.breaks[channel]
        if channel in self.refuses or channel not in self.names:
            raise CannotJoin(self.refuses.get(channel, "there is no such channel that I can see"))
        for one in tuple(self.joined.values()):
            await one.leave()
        self.ways = ways
        there = Channel(self, channel, self.names[channel], listener, self.clock)
        self.joined[channel] = there
        self.lets_in(there)
        return there

    def whereabouts(self, world: str, person: str) -> str:
        return self.where.get(person, "") if world == self.world else ""

    def channels(self, world: str) -> Sequence[tuple[str, str]]:
        return tuple(self.names.items()) if world == self.world else ()

    def watch(self, told: Callable[[str, str, str], None]) -> None:
        self.watchers.append(told)

    # --- what people do --------------------------------------------------------------------------

    def goes(self, who: Author, channel: str) -> None:
        """Into a channel, or out of all ("")."""
        self.who[who.id] = who
        self.where.pop(who.id, None)
        if channel:
            self.where[who.id] = channel
        for one in self.joined.values():
            one.listener.present(one.people)
        for told in self.watchers:
            told(self.world, who.id, channel)


def utterance(
    person: str, sound: bytes, now: float, speech: float, *, cut: bool = False
) -> Utterance:
    """Something that has just ended."""
    return Utterance(person, sound, now - speech, now, speech, cut)
