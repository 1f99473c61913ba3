"""One answer said aloud while it is still being made, and what of it was heard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from core.bell import Bell
from core.clock import Clock
from core.errors import ModelError
from core.flow.opened import Superseded
from core.flow.sentences import Sentence, Sentences
from core.ports import RATE, Mouth

log = logging.getLogger(__name__)

_BYTES_A_SECOND = RATE * 2
_AHEAD = 2
"""Sentences that are made and wait, or are being played: more would be paid for in vain."""
_LOOK_AGAIN = 0.05
_LETTERS_A_SECOND = 15.0
"""How fast voices speak, where a sentence was broken off before its length was known."""
_NEARLY = 0.06
"""Seconds at the end of a sentence in which nothing is said any more."""
_MARKS = ("*", "_", "~", "`", "|")
"""Behind a word they close what was opened before it."""

Voice = Callable[[str, str], AsyncGenerator[bytes, None]]
"""A text as sound, and what was said before it; raises ModelError."""
Start = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of something that was to be said aloud."""

    text: str = ""
    """What reached people's ears, as it was written."""
    rest: str = ""
    """What no voice could say, so that it is to be written."""
    cut: bool = False
    """Somebody else spoke, and it ended there."""
    shows: bool = False
    """Something in it can only be seen: code, a table, an address."""


@dataclass(slots=True)
class _Line:
    sentence: Sentence
    begins: float = 0.0
    seconds: float = 0.0
    whole: bool = False
    """All of its sound was handed in."""

    @property
    def ends(self) -> float:
        return self.begins + self.seconds


class Saying:
    """One text, sentence by sentence: the next one is made while the one before is played."""

    def __init__(
        self,
        mouth: Mouth,
        voice: Voice,
        word: asyncio.Lock,
        begins: Callable[[], Awaitable[None]],
        clock: Clock,
    ) -> None:
        """`word` is held while it is said; `begins` is awaited before its first sound, and raises
        Superseded where it is not to be said after all."""
        self._mouth = mouth
        self._voice = voice
        self._word = word
        self._begins = begins
        self._clock = clock
        self._sentences = Sentences()
        self._lines: list[_Line] = []
        self._text = ""
        self._is_whole = False
        self._more = asyncio.Event()
        self._over = asyncio.Event()
        self._stop = Bell()
        self._stopped_at = 0.0
        self._failed: int | None = None
        self._given_up = False
        self._unheard = False
        self.begun = False

    @property
    def sounding(self) -> bool:
        """Its first sound was handed in, and its last one is not over yet; paused too."""
        return self.begun and not self._over.is_set()

    @property
    def played(self) -> float:
        return self._mouth.played if self.begun else 0.0

    def fits(self, text: str) -> bool:
        """Whether it may go on as this text: what was begun of it is its beginning."""
        return text.startswith("".join(one.sentence.written for one in self._lines))

    def grow(self, text: str) -> None:
        """The text so far."""
        self._text = text
        self._add(self._sentences.feed(text))

    async def finish(self, text: str | None = None) -> Heard:
        """The whole text; returns when it was heard, or nothing more of it will be."""
        self._text = text = self._text if text is None else text
        self._add(self._sentences.finish(text))
        self._is_whole = True
        self._more.set()
        await self._over.wait()
        return self._heard()

    def stop(self) -> None:
        """Be silent at once."""
        if self._over.is_set() or self._stop.rung:
            return
        self._stopped_at = self.played
        self._stop.ring()
        if self.begun:
            self._mouth.stop()
            self._mouth.resume()  # whoever speaks next may have been paused with it

    def hush(self) -> None:
        """Be silent at once: nobody hears it, and the rest is to be written."""
        if not self._over.is_set() and not self._stop.rung:
            self._unheard = True
            self.stop()

    def pause(self) -> None:
        if self.sounding:
            self._mouth.pause()

    def resume(self) -> None:
        if self.sounding:
            self._mouth.resume()

    async def run(self) -> None:
        """Say it; returns when it is over. One wall: a voice that fails costs nobody the words."""
        try:
            async with self._stop.interrupts(), self._word:
                await self._say()
        except Superseded:
            self._given_up = True
        except asyncio.CancelledError:
            self.stop()
            raise
        except Exception:
            log.exception("the wall round what is said aloud")
            self._fail(next((at for at, one in enumerate(self._lines) if not one.whole), 0))
        finally:
            self._over.set()

    async def _say(self) -> None:
        at, before = 0, ""
        while (line := await self._next(at)) is not None:
            said = line.sentence.said
            if said:
                await self._not_too_far_ahead()
                try:
                    await self._make(line, before)
                except ModelError as error:
                    log.warning("nobody says aloud what is to be said: %s", error)
                    self._fail(at)
                    break
                before = said
            line.whole = True
            at += 1
        if self.begun and not self._stop.rung:
            self._mouth.end()
            await self._mouth.quiet()

    async def _make(self, line: _Line, before: str) -> None:
        line.begins = max((one.ends for one in self._lines), default=0.0)
        async with aclosing(self._voice(line.sentence.said, before)) as sound:
            async for piece in sound:
                if not piece:
                    continue
                if not self.begun:
                    await self._begins()
                    self._mouth.begin()
                    self.begun = True
                if self._stop.rung:
                    return  # a piece may come in the moment between the bell and its effect
                self._mouth.say(piece)
                line.seconds += len(piece) / _BYTES_A_SECOND

    async def _next(self, at: int) -> _Line | None:
        while at >= len(self._lines):
            if self._is_whole:
                return None
            self._more.clear()
            await self._more.wait()
        return self._lines[at]

    async def _not_too_far_ahead(self) -> None:
        while self.begun:
            played = self.played
            waiting = [one for one in self._lines if one.whole and one.ends > played]
            if len(waiting) < _AHEAD or not self._mouth.speaking:
                return  # what was lost on its way is not ahead either
            due = waiting[0].ends - played
            await self._clock.sleep(min(max(due, _LOOK_AGAIN), 1.0))

    def _add(self, sentences: list[Sentence]) -> None:
        self._lines += map(_Line, sentences)
        if sentences:
            self._more.set()

    def _fail(self, at: int) -> None:
        if self._failed is None:
            self._failed = at

    # --- what was heard ------------------------------------------------------------------------

    def _heard(self) -> Heard:
        if self._given_up:
            return Heard(cut=True)
        shows = self._sentences.shows
        if self._stop.rung and not self.begun:
            return Heard(rest=self._text.strip())  # she has left before she could say it
        if self._unheard:
            heard = self._until(self._stopped_at)
            return Heard(heard, self._text.strip().removeprefix(heard).strip())
        if self._stop.rung:
            return Heard(self._until(self._stopped_at), cut=True, shows=False)
        if self._failed is not None:
            said, rest = self._lines[: self._failed], self._lines[self._failed :]
            return Heard(_written(said).strip(), _written(rest).strip())
        if not any(one.sentence.said for one in self._lines):
            return Heard(rest=self._text)
        return Heard(self._text.strip(), shows=shows)

    def _until(self, played: float) -> str:
        """The text up to the word at which the sound ended."""
        heard = ""
        for line in self._lines:
            sentence = line.sentence
            if not sentence.said:
                heard += sentence.written
                continue
            if not line.seconds or played <= line.begins:
                break
            if line.whole and played >= line.ends - _NEARLY:
                heard += sentence.written
                continue
            seconds = line.seconds
            if not line.whole:
                seconds = max(seconds, len(sentence.said) / self._speed())
            heard += _beginning(sentence, (played - line.begins) / seconds)
            break
        return heard.strip()

    def _speed(self) -> float:
        """Letters a second, of what was said whole."""
        known = [one for one in self._lines if one.whole and one.seconds]
        seconds = sum(one.seconds for one in known)
        letters = sum(len(one.sentence.said) for one in known)
        return letters / seconds if seconds else _LETTERS_A_SECOND


class Aloud:
    """What one turn says aloud: mostly one text, more where it acts in between."""

    def __init__(
        self,
        make: Callable[[], Saying],
        start: Start,
        heard: Callable[[Heard], None] = lambda heard: None,
        stopped: Callable[[], None] = lambda: None,
        clear: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`heard` is told of each text when it is over, `stopped` when nobody wants more of it;
        `clear` waits until whoever is answered has said all of it."""
        self._make = make
        self._start = start
        self._told = heard
        self._stopped = stopped
        self._clear = clear
        self._saying: Saying | None = None
        self._task: asyncio.Task[None] | None = None
        self._begun = False
        self._gone = False
        self.stopped = False
        self.closed = False

    @property
    def begun(self) -> bool:
        """Something of it was heard."""
        return self._begun or (self._saying is not None and self._saying.begun)

    @property
    def sounding(self) -> bool:
        return self._saying is not None and self._saying.sounding

    @property
    def played(self) -> float:
        """Seconds of what is being said now."""
        return self._saying.played if self._saying is not None else 0.0

    def grow(self, text: str) -> None:
        if not self.stopped:
            self._now().grow(text.lstrip())

    async def finish(self, text: str) -> Heard:
        """The whole of what was growing, or something else; returns when it is over."""
        text, earlier = text.strip(), Heard()
        if self._gone:
            return Heard(rest=text)
        if self.stopped:
            return Heard(cut=True)
        if self._saying is not None and not self._saying.fits(text):
            earlier = await self._end(self._saying, None)
        if not text or self.stopped:
            return earlier
        heard = await self._end(self._now(), text)
        if earlier.text:
            heard = Heard(
                f"{earlier.text} {heard.text}".strip(), heard.rest, heard.cut, heard.shows
            )
        return heard

    async def clear(self) -> None:
        """Wait for whoever is about to say more, as long as nothing was said to them."""
        if self._clear is not None and not self.begun:
            await self._clear()

    def pause(self) -> None:
        if self._saying is not None:
            self._saying.pause()

    def resume(self) -> None:
        if self._saying is not None:
            self._saying.resume()

    def stop(self) -> None:
        """Say nothing more in this turn: somebody speaks."""
        if not self.stopped:
            self.stopped = True
            if self._saying is not None:
                self._saying.stop()
            self._stopped()

    def hush(self) -> None:
        if self._saying is not None:
            self._saying.hush()

    def leave(self) -> None:
        """She is not there any more: what she says from now on is to be written."""
        if self.sounding:
            self.stop()
        self._gone = True

    def close(self) -> None:
        """The turn is over, however it ended."""
        self.stopped = self.closed = True
        if self._saying is not None:
            self._saying.stop()
        if self._task is not None:
            self._task.cancel()

    def _now(self) -> Saying:
        if self._saying is None:
            self._saying = self._make()
            self._task = self._start(self._saying.run())
        return self._saying

    async def _end(self, saying: Saying, text: str | None) -> Heard:
        heard = await saying.finish(text)
        self._begun = self._begun or saying.begun
        self._saying = None
        self._told(heard)
        return heard


def _written(lines: list[_Line]) -> str:
    return "".join(one.sentence.written for one in lines)


def _beginning(sentence: Sentence, part: float) -> str:
    """The words of which at least half was heard, as they were written."""
    letters = part * len(sentence.said)
    written, end, at = sentence.written, 0, 0
    for word in sentence.said.split(" "):
        if at + len(word) / 2 > letters:
            break
        at += len(word) + 1
        if (found := written.find(word, end)) >= 0:
            end = found + len(word)
    while end and written[end : end + 1] in _MARKS:
        end += 1
    return written[:end]
