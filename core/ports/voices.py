"""What the flow asks of a platform that has voice channels, and what it is told of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from core.messages import Author


@dataclass(frozen=True, slots=True)
class Listening:
    """When somebody is heard; seconds throughout."""

    hears: bool = True
    """ENABLE_VOICE_TRANSCRIPTION: where not, nothing that comes in is even decoded."""
    threshold: float = 0.5
    """0 to 1: VOICE_ACTIVITY_THRESHOLD."""
    silence: float = 0.5
    """After which an utterance is over."""
    interrupts: float = 0.5
    """Of speech, after which `Listener.insists` is told."""
    shortest: float = 0.2
    """Of speech: what is shorter is no utterance."""
    longest: float = 60.0
    """An utterance is cut there, and goes on as the next one."""
    along: bool = False
    """`Listener.sound` is told what is being said while it goes on."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one person has said, from its first sound to its last."""

    person: str
    """The platform's id."""
    pcm: bytes = field(repr=False)
    """16 kHz, one channel, signed 16 bits: a little silence before and behind the speech."""
    began: float
    """By the clock's `monotonic`, of its first sound."""
    ended: float
    """Of its last sound, before the silence."""
    speech: float
    """Seconds of it in which there was speech."""
    cut: bool = False
    """It was so long that it was cut: the next one goes on with it."""


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody in a voice channel."""

    who: Author
    deaf: bool = False
    """They hear nobody now."""


@dataclass(frozen=True, slots=True)
class VoiceState:
    """How a joined channel is doing, for /ready, the stage's page and /voice status."""

    joined: bool
    decrypting: bool = False
    """Its end-to-end encryption is up."""
    deaf: str = ""
    """Why nobody is heard, in words; empty where people are."""
    mute: str = ""
    """Why nobody would hear what is said, in words; empty where people would."""
    away: str = ""
    """Why the voice server cannot be reached, in words; empty while it can."""
    latency: float = 0.0
    """Seconds to the voice server and back."""
    privacy_code: str = ""
    """What everybody in an end-to-end encrypted call can compare; empty where there is none."""
    lost: int = 0
    """Packets that never came, of all speakers."""
    undecrypted: int = 0
    """Packets that came and could not be read."""


class Listener(Protocol):
    """Who is told what is heard in one channel. On the loop; must not wait, must not raise."""

    def began(self, person: str) -> None:
        """Somebody has begun to speak."""
        ...

    def insists(self, person: str) -> None:
        """They have spoken for as long as an interruption takes; once an utterance."""
        ...

    def sound(self, person: str, pcm: bytes) -> None:
        """A tenth of a second of an utterance that goes on, from its beginning, gapless: where
        `Listening.along` is set, and not before it is long enough to be one."""
        ...

    def ended(self, said: Utterance) -> None:
        """Its `pcm` begins with all that was told of it by `sound`."""
        ...

    def dropped(self, person: str) -> None:
        """It was too short to be an utterance, or no speech after all."""
        ...

    def present(self, now: Sequence[Present]) -> None:
        """Who is there besides ourselves: at joining, and whenever it changes, or whether we are
        heard does."""
        ...

    def moved(self, channel: str) -> None:
        """Somebody has put us into another channel of the same server."""
        ...

    def closed(self, reason: str) -> None:
        """We are out, and come back only by joining again; empty where we left ourselves."""
        ...


class Mouth(Protocol):
    """What is said into one channel, played in time. Nothing here waits but `quiet`.

    Sound is 48 kHz, one channel, signed 16 bits; it begins, pauses and stops without a click.
    """

    volume: float
    """0 to 2; may be changed at any time."""

    def say(self, pcm: bytes) -> None:
        """Behind what is waiting; pieces of any length. What is not yet said begins at once."""
        ...

    def end(self) -> None:
        """All of it has been handed in: what does not fill a frame goes out with silence."""
        ...

    @property
    def played(self) -> float:
        """Seconds of what was handed in that have gone out, since the last `stop` or `begin`."""
        ...

    @property
    def waiting(self) -> float:
        """Seconds that are still to go out."""
        ...

    @property
    def speaking(self) -> bool:
        """There is something to play, paused or not."""
        ...

    def begin(self) -> None:
        """Count `played` from here."""
        ...

    def pause(self) -> None:
        """Silent within 60 ms; what waits stays."""
        ...

    def resume(self) -> None: ...
    def stop(self) -> None:
        """Silent within 60 ms; what waits is thrown away."""
        ...

    async def quiet(self) -> None:
        """Return when all has gone out or was thrown away, also when the channel is left."""
        ...


class VoiceChannel(Protocol):
    """One channel that a bot is in. Survives reconnects and moves of the server."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def world(self) -> str:
        """The server's id: a bot is in at most one channel of each."""
        ...

    @property
    def world_name(self) -> str: ...
    @property
    def people(self) -> Sequence[Present]:
        """Who is there besides ourselves, bots too."""
        ...

    @property
    def mouth(self) -> Mouth: ...
    @property
    def state(self) -> VoiceState: ...
    def ignore(self, people: frozenset[str]) -> None:
        """Of these nothing is even decoded, from now on."""
        ...

    def listen(self, ways: Listening) -> None:
        """In these from now on."""
        ...

    async def leave(self) -> None: ...


@runtime_checkable
class VoiceRooms(Protocol):
    """The voice channels of one bot: what a Platform with `Limits.voice_rooms` has as well."""

    async def join(self, channel: str, listener: Listener, ways: Listening) -> VoiceChannel:
        """Into it, out of any other of its server. Raises CannotJoin, in words for people."""
        ...

    def whereabouts(self, world: str, person: str) -> str:
        """The voice channel in which somebody is now; empty for none."""
        ...

    def channels(self, world: str) -> Sequence[tuple[str, str]]:
        """Voice channels of a server, as ids and names, in their order."""
        ...

    def watch(self, told: Callable[[str, str, str], None]) -> None:
        """`told(world, person, channel)` whenever a person goes into a voice channel or out of one
        ("") in any server; on the loop, must not wait."""
        ...
