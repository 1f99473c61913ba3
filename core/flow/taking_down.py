"""What people say in a voice channel, written down: each person's in order, people side by side."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from core.clock import Clock
from core.flow.aloud import Aloud, Start
from core.flow.backchannels import sounds_unfinished
from core.ports import Utterance

_WAITING = 8
"""Utterances of one person that may wait to be written down; then the oldest is lost."""
_LOOK_AGAIN = 0.1


@dataclass(frozen=True, slots=True)
class Uttered:
    said: Utterance
    over: Aloud | None = None
    """What of ours was being said meanwhile."""
    insisted: bool = False
    """Long enough to be an interruption of that."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What somebody has said, in words; several utterances where they were not done."""

    person: str
    text: str
    parts: Sequence[Utterance]


@dataclass(slots=True)
class _Speaker:
    waiting: deque[Uttered] = field(default_factory=lambda: deque(maxlen=_WAITING))
    speaks: bool = False
    attended: bool = False
    calm: asyncio.Event = field(default_factory=asyncio.Event)
    """All of it was handed in, and no more is coming."""


class TakingDown:
    """Nobody waits here who has said a whole sentence; who stops at "and" is waited for."""

    def __init__(
        self,
        write: Callable[[Utterance], Awaitable[str]],
        counts: Callable[[Uttered, str], bool],
        hand_in: Callable[[Taken], Awaitable[None]],
        most: Callable[[], float],
        start: Start,
        clock: Clock,
    ) -> None:
        """`write` never raises; `counts` hears of each utterance in words and tells whether it is
        a part of the talk; `most` is how many seconds after their last sound anybody is done."""
        self._write = write
        self._counts = counts
        self._hand_in = hand_in
        self._most = most
        self._start = start
        self._clock = clock
        self._speakers: dict[str, _Speaker] = {}

    @property
    def speaking(self) -> frozenset[str]:
        """Who is being heard at this moment."""
        return frozenset(who for who, one in self._speakers.items() if one.speaks)

    @property
    def busy(self) -> bool:
        return any(one.attended for one in self._speakers.values())

    def speaks(self, person: str) -> bool:
        speaker = self._speakers.get(person)
        return speaker is not None and speaker.speaks

    async def settled(self, person: str) -> None:
        """Return once all that they have said was handed in, and they are silent."""
        while (speaker := self._speakers.get(person)) is not None:
            await speaker.calm.wait()

    def began(self, person: str) -> None:
        self._speakers.setdefault(person, _Speaker()).speaks = True

    def dropped(self, person: str) -> None:
        if (speaker := self._speakers.get(person)) is not None:
            speaker.speaks = False
            self._look_after(person, speaker)

    def ended(self, uttered: Uttered) -> None:
        person = uttered.said.person
        speaker = self._speakers.setdefault(person, _Speaker())
        speaker.speaks = uttered.said.cut
        speaker.waiting.append(uttered)
        if not speaker.attended:
            speaker.attended = True
            self._start(self._attend(person, speaker))

    def gone(self, person: str) -> None:
        """They are not there any more, or not to be heard."""
        if (speaker := self._speakers.get(person)) is not None:
            speaker.speaks = False
            speaker.waiting.clear()
            self._look_after(person, speaker)

    async def _attend(self, person: str, speaker: _Speaker) -> None:
        try:
            while speaker.waiting:
                parts = await self._sentence(speaker)
                if parts:
                    text = " ".join(text for _, text in parts)
                    await self._hand_in(Taken(person, text, [one for one, _ in parts]))
        finally:
            speaker.attended = False
            self._look_after(person, speaker)

    async def _sentence(self, speaker: _Speaker) -> list[tuple[Utterance, str]]:
        """What they have said until they sounded done, or were silent for long enough."""
        parts: list[tuple[Utterance, str]] = []
        while speaker.waiting:
            uttered = speaker.waiting.popleft()
            text = await self._write(uttered.said)
            if self._counts(uttered, text):
                parts.append((uttered.said, text))
            if not parts:
                continue
            last, text = parts[-1]
            if not (last.cut or sounds_unfinished(text)):
                break
            await self._wait_for_more(speaker, last.ended + self._most())
        return parts

    async def _wait_for_more(self, speaker: _Speaker, until: float) -> None:
        while not speaker.waiting:
            left = until - self._clock.monotonic()
            if left <= 0 and not speaker.speaks:
                return
            await self._clock.sleep(min(max(left, _LOOK_AGAIN / 5), _LOOK_AGAIN))

    def _look_after(self, person: str, speaker: _Speaker) -> None:
        if not (speaker.attended or speaker.speaks or speaker.waiting):
            self._speakers.pop(person, None)
            speaker.calm.set()
