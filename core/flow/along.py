"""What people say in a voice channel, written down while they still say it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.flow.aloud import Start
from core.ports import LiveEar, LiveWords, Utterance

_LINES = 4
"""At once in one channel; whoever else speaks is written down when they are done."""
_MOST_WORDS = 64


@dataclass(slots=True)
class _Line:
    """Somebody's, as long as it is held."""

    ear: LiveEar | None = None
    waiting: list[bytes] = field(default_factory=list)
    """What was said before there was an ear."""
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _Saying:
    """What somebody is saying now; without a line, as a whole."""

    line: _Line | None
    fed: int = 0
    """Bytes of it."""


class Along:
    """Of one channel. Nothing is lost by it: what was not listened to is transcribed as a whole."""

    def __init__(
        self,
        line: Callable[[str], Awaitable[LiveEar | None]],
        start: Start,
    ) -> None:
        """`line` gives a new one for what somebody says."""
        self._line = line
        self._start = start
        self._lines: OrderedDict[str, _Line] = OrderedDict()
        self._saying: dict[str, _Saying] = {}
        self._words: OrderedDict[tuple[str, float], LiveWords] = OrderedDict()

    def sound(self, person: str, pcm: bytes) -> None:
        """More of what they are saying."""
        saying = self._saying.get(person)
        if saying is None:
            saying = self._saying[person] = _Saying(self._line_of(person))
        if saying.line is None:
            return
        saying.fed += len(pcm)
        if saying.line.ear is not None:
            saying.line.ear.feed(pcm)
        else:
            saying.line.waiting.append(pcm)

    def ended(self, said: Utterance) -> None:
        """That was all of it."""
        saying = self._saying.pop(said.person, None)
        if saying is None or saying.line is None:
            return
        ear = saying.line.ear
        if ear is None:
            saying.line.waiting.clear()
            return
        ear.feed(said.pcm[saying.fed :])
        self._words[said.person, said.began] = ear.end()
        if len(self._words) > _MOST_WORDS:
            self._words.popitem(last=False)

    def dropped(self, person: str) -> None:
        """They have said nothing, or are not to be heard."""
        saying = self._saying.pop(person, None)
        if saying is not None and saying.line is not None:
            self._cut(person)

    def words(self, said: Utterance) -> LiveWords | None:
        """Once; None where nobody has listened along."""
        return self._words.pop((said.person, said.began), None)

    def _line_of(self, person: str) -> _Line | None:
        """The one that is held, or a new one; None where too many are."""
        line = self._lines.get(person)
        if line is None:
            if len(self._lines) >= _LINES and not self._make_room():
                return None
            line = self._lines[person] = _Line()
            line.task = self._start(self._hold(person, line))
        self._lines.move_to_end(person)
        return line

    def _make_room(self) -> bool:
        silent = next((one for one in self._lines if one not in self._saying), None)
        if silent is not None:
            self._cut(silent)
        return silent is not None

    def _cut(self, person: str) -> None:
        line = self._lines.pop(person, None)
        if line is not None and line.task is not None:
            line.task.cancel()

    async def _hold(self, person: str, line: _Line) -> None:
        try:
            ear = await self._line(person)
            if ear is None:
                return
            for pcm in line.waiting:
                ear.feed(pcm)
            line.waiting.clear()
            line.ear = ear
            await ear.run()
        finally:
            if self._lines.get(person) is line:
                del self._lines[person]
