"""Where somebody begins to speak, insists and is done: each person's sound cut into utterances."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from core.ports.speech import HEARD_RATE
from core.ports.voices import Listening, Utterance

FRAME: Final = HEARD_RATE // 50 * 2
"""Bytes of 20 ms."""
TICK: Final = 0.02

_BEFORE = 10
"""Frames that an utterance has before its first sound, for what was too quiet to be noticed."""
_BEHIND = 10
_WINDOW, _VOICED = 5, 4
"""Somebody begins where so many of the last frames are voice."""
_SURE = 2
"""Frames of voice in a row that keep an utterance going: one alone is a click."""
_LATE = 0.06
"""Seconds without a packet after which somebody is silent: they send nothing then."""
_ADRIFT = 0.5
"""Seconds by which sound may lag behind the clock before it is taken as being now."""
_FORGET = 60.0
_MANY = 64
_NOTHING = bytes(FRAME)
_PIECE = 5 * FRAME
"""Of what is told while it goes on."""
_ENOUGH = 0.9
"""Of the longest utterance, from where on any pause is good enough to cut at."""


class Told(Protocol):
    """Who is told; as `Listener` says it."""

    def began(self, person: str) -> None: ...
    def insists(self, person: str) -> None: ...
    def sound(self, person: str, pcm: bytes) -> None: ...
    def ended(self, said: Utterance) -> None: ...
    def dropped(self, person: str) -> None: ...


class Voiced(Protocol):
    def voiced(self, frame: bytes) -> bool: ...


@dataclass(slots=True)
class _Open:
    """An utterance that is not over."""

    began: float
    last: float
    """Of its last sound."""
    speech: float = 0.0
    pcm: bytearray = field(default_factory=bytearray)
    sounded: int = 0
    """How much of the sound there is up to the last voice."""
    told: int = 0
    """How much of the sound was told while it went on."""
    run: int = 0
    insisted: bool = False


@dataclass(slots=True)
class _Speaker:
    detector: Voiced
    end: float
    """When the last frame was over."""
    rest: bytes = b""
    recent: deque[tuple[bytes, bool]] = field(
        default_factory=lambda: deque(maxlen=_BEFORE + _WINDOW)
    )
    open: _Open | None = None


class Hearing:
    """Everybody in one channel, each apart; for one thread, with its time as an argument."""

    def __init__(self, ways: Listening, told: Told, detector: Callable[[], Voiced]) -> None:
        self._ways = ways
        self._told = told
        self._detector = detector
        self._speakers: dict[str, _Speaker] = {}

    def __len__(self) -> int:
        """How many people are remembered."""
        return len(self._speakers)

    def listen(self, ways: Listening) -> None:
        """In these from now on; what is just being said goes on in them."""
        before, self._ways = self._ways, ways
        if ways.threshold != before.threshold:
            for speaker in self._speakers.values():
                speaker.detector = self._detector()

    @property
    def due(self) -> float | None:
        """When `advance` ends the next utterance, if nobody says more; None for none."""
        return min(
            (
                max(speaker.open.last + self._ways.silence, speaker.end + _LATE)
                for speaker in self._speakers.values()
                if speaker.open is not None
            ),
            default=None,
        )

    def hear(self, person: str, pcm: bytes, now: float, *, apart: bool = False) -> None:
        """Sound at 16 kHz that came at `now`; `apart` where a pause may lie before it."""
        speaker = self._speakers.get(person) or self._newcomer(person, now)
        if apart:
            self._pass_over(person, speaker, now - len(pcm) / (HEARD_RATE * 2))
        pcm = speaker.rest + pcm
        whole = len(pcm) - len(pcm) % FRAME
        for start in range(0, whole, FRAME):
            frame = pcm[start : start + FRAME]
            self._step(person, speaker, frame, speaker.detector.voiced(frame))
        speaker.rest = pcm[whole:]
        if not now - _ADRIFT <= speaker.end <= now:
            self._shift(speaker, now - speaker.end)

    def advance(self, now: float) -> None:
        """Whoever sends nothing is silent; whoever is silent long enough is done."""
        for person, speaker in list(self._speakers.items()):
            if speaker.open is None:
                if now - speaker.end > _FORGET:
                    del self._speakers[person]
            elif now - speaker.end >= _LATE and now - speaker.open.last >= self._ways.silence:
                self._finish(person, speaker)

    def gone(self, person: str) -> None:
        """They have left: what they have said so far is all of it."""
        if (speaker := self._speakers.pop(person, None)) is not None and speaker.open is not None:
            self._finish(person, speaker)

    def forget(self, person: str) -> None:
        """As if they had not spoken."""
        speaker = self._speakers.pop(person, None)
        if speaker is not None and speaker.open is not None:
            self._told.dropped(person)

    def _newcomer(self, person: str, now: float) -> _Speaker:
        if len(self._speakers) >= _MANY:
            self.gone(min(self._speakers, key=lambda other: self._speakers[other].end))
        speaker = self._speakers[person] = _Speaker(self._detector(), now)
        return speaker

    def _pass_over(self, person: str, speaker: _Speaker, until: float) -> None:
        """Let the pause before a frame have been silence, as long as it takes to be done."""
        silent = until - speaker.end
        if silent < _LATE:
            return
        speaker.rest = b""
        for _ in range(int(min(silent, self._ways.silence + _BEFORE * TICK) / TICK)):
            self._step(person, speaker, _NOTHING, False)
        speaker.end = max(speaker.end, until)

    def _shift(self, speaker: _Speaker, by: float) -> None:
        """Set their time by the clock: a client's own runs a little faster, or slower."""
        speaker.end += by
        if speaker.open is not None:
            speaker.open.last += by

    def _step(self, person: str, speaker: _Speaker, frame: bytes, voiced: bool) -> None:
        speaker.end += TICK
        speaker.recent.append((frame, voiced))
        if speaker.open is None:
            self._perhaps_begin(person, speaker)
            return
        said = speaker.open
        said.pcm += frame
        said.run = said.run + 1 if voiced else 0
        if voiced:
            said.speech += TICK
        if said.run >= _SURE:
            said.last, said.sounded = speaker.end, len(said.pcm)
        if 0 < self._ways.interrupts <= said.speech + TICK / 2 and not said.insisted:
            said.insisted = True
            self._told.insists(person)
        if self._ways.along:
            self._go_along(person, said)
        length = len(said.pcm) / (HEARD_RATE * 2)
        if speaker.end - said.last >= self._ways.silence - TICK / 2:
            self._finish(person, speaker)
        elif length >= self._ways.longest * (1.0 if voiced else _ENOUGH):
            self._finish(person, speaker, cut=True)
            speaker.open = _Open(speaker.end, speaker.end)
            self._told.began(person)

    def _perhaps_begin(self, person: str, speaker: _Speaker) -> None:
        frames = list(speaker.recent)
        window = [voiced for _, voiced in frames[-_WINDOW:]]
        if not window[-1] or sum(window) < _VOICED:
            return
        sounding = len(window) - window.index(True)
        said = _Open(speaker.end - sounding * TICK, speaker.end, sum(window) * TICK)
        for frame, _ in frames[-sounding - _BEFORE :]:
            said.pcm += frame
        said.sounded, said.run = len(said.pcm), _SURE
        speaker.open = said
        self._told.began(person)

    def _go_along(self, person: str, said: _Open) -> None:
        """Tell what surely will be a part of the utterance, as soon as it surely will be one."""
        sure = min(len(said.pcm), said.sounded + _BEHIND * FRAME)
        if sure - said.told >= _PIECE and said.speech >= self._ways.shortest - TICK / 2:
            piece = bytes(said.pcm[said.told : sure])
            said.told = sure
            self._told.sound(person, piece)

    def _finish(self, person: str, speaker: _Speaker, *, cut: bool = False) -> None:
        said, speaker.open = speaker.open, None
        if said is None:
            return
        if said.speech < self._ways.shortest - TICK / 2:
            self._told.dropped(person)
            return
        if not cut:
            end = said.sounded + _BEHIND * FRAME
            del said.pcm[end:]
            said.pcm += bytes(end - len(said.pcm))
        self._told.ended(
            Utterance(person, bytes(said.pcm), said.began, said.last, said.speech, cut)
        )
