"""One model call of a turn: asked, read while it comes, shown while it grows, counted."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.clock import Clock
from core.errors import ModelRejected
from core.flow.opened import Superseded
from core.flow.records import Records
from core.flow.till import Till
from core.flow.unfinished import seemly
from core.ids import turn_of
from core.kept import Spending
from core.messages import Live
from core.ports import ModelRequest, ModelRoles
from core.prompting.reading import Answer, AnswerReader

if TYPE_CHECKING:  # a turn's work carries the meter of its model calls
    from core.flow.work import Work

_SILENT = frozenset({"IGNORE", "NONE", "STOP"})
_DRAFT_AFTER = 0.4
"""Seconds: what is finished by then needs no draft."""
_GROW_AFTER = 0.8
_SPEAKS_FOR = 0.4
_WORTH_SHOWING = 60
"""Characters with which a message may begin, and seconds for which it has been on its way: what is
short is soon whole, and needs no edit."""
_TRY_EVERY = 0.5
_TRIES = 2


@dataclass(slots=True)
class Meter:
    """The model calls of one turn: how many there may be, and what they have cost."""

    most: int = 6
    calls: int = 0
    spendings: list[Spending] = field(default_factory=list)

    def call(self) -> None:
        """Raises ModelRejected when the turn has asked often enough (DP-09)."""
        if self.calls >= self.most:
            raise ModelRejected(f"one turn has made {self.calls} model calls, which is the limit")
        self.calls += 1


class Thinking:
    """Asks the character's large model. Raises ModelError."""

    def __init__(
        self,
        models: ModelRoles,
        clock: Clock,
        till: Till,
        records: Records,
        begin: Callable[[Work, str], None],
        grows: Callable[[Work], bool] = lambda work: True,
    ) -> None:
        """`begin` lets a message start to grow, `grows` tells whether one may."""
        self._models = models
        self._clock = clock
        self._till = till
        self._records = records
        self._begin = begin
        self._grows = grows

    async def answer(
        self, work: Work, request: ModelRequest, shown: Callable[[str, bool], str]
    ) -> Answer:
        """One call, streamed; a second only when the first gave nothing at all.

        `shown(text so far, whether it is whole)` is what people may see of it.
        """
        part, lead = work.part, work.lead
        answer = Answer()
        for _ in range(_TRIES):
            reader = AnswerReader(part.character.name)
            said = _Said(work, shown, self._clock.monotonic)
            raw = ""
            work.meter.call()
            with self._till.call(work, "TEXT_LARGE") as spent:
                answering = self._models.stream(part.settings, "TEXT_LARGE", request, spent)
                async with work.batch.stopped.interrupts(), aclosing(answering):
                    async for piece in answering:
                        raw += piece
                        said.add(reader.feed(piece))
                        if said.text:
                            self._reveal(work, said)
            said.whole = True
            answer = reader.end()
            self._records.asked(f"{part.character.name} {turn_of(lead.id)}", request, raw)
            if work.batch.stopped.rung:
                text = seemly(said.text).strip()  # it is broken off for good, and nothing is open
                return Answer(text=text, thought=answer.thought, actions=("REPLY",))
            if answer.text or answer.actions or answer.providers:
                break
        return answer

    async def small(self, work: Work, request: ModelRequest) -> AsyncGenerator[str, None]:
        """One call of the small model, for a decision; nothing of it is shown."""
        work.meter.call()
        raw = ""
        with self._till.call(work, "TEXT_SMALL") as spent:
            answering = self._models.stream(work.part.settings, "TEXT_SMALL", request, spent)
            async with aclosing(answering):
                async for piece in answering:
                    raw += piece
                    yield piece
        slug = f"{work.part.character.name} {turn_of(work.lead.id)}"
        self._records.asked(slug, request, raw)

    def _reveal(self, work: Work, said: _Said) -> None:
        """Let people see the answer grow, as a draft or as a message that is edited."""
        lead, outbox = work.lead, work.part.outbox
        if work.aloud is not None:
            work.aloud.grow(said.visible)
            return
        if work.note:
            return  # it is heard, and not read
        if work.mends or (lead.via and not lead.waits):
            return  # what answers a query, or stands already, is given once, and whole
        if outbox.drafts and lead.is_direct:
            outbox.signs.draft(lead.address, said.draft, work.started + _DRAFT_AFTER)
        elif work.growing is not None:
            work.growing.grow(said.so_far, work.draft, work.lead.via)
        elif (
            len(said.text) >= _WORTH_SHOWING
            and said.seconds > _SPEAKS_FOR
            and self._clock.monotonic() - work.started > _GROW_AFTER
            and work.batch.is_stored
            and outbox.edits
            and self._grows(work)
            and said.tries()
            and (text := said.so_far())
        ):
            work.batch.commit_to()
            self._begin(work, text)


class _Said:
    """What an answer says so far, and what of it people may see."""

    __slots__ = ("_began", "_now", "_shown", "_tried", "_work", "text", "whole")

    def __init__(
        self, work: Work, shown: Callable[[str, bool], str], now: Callable[[], float]
    ) -> None:
        self.text = ""
        self.whole = False
        """Its message comes next, and would have to wait for what is shown before it."""
        self._work = work
        self._shown = shown
        self._now = now
        self._began = 0.0
        self._tried = float("-inf")

    def add(self, piece: str) -> None:
        if piece and not self.text:
            self._began = self._now()
        self.text += piece

    @property
    def seconds(self) -> float:
        return self._now() - self._began

    def tries(self) -> bool:
        """Where the pace has no place for a beginning now, it is not asked at every piece."""
        now = self._now()
        if now - self._tried < _TRY_EVERY:
            return False
        self._tried = now
        return True

    @property
    def visible(self) -> str:
        """What may be known of it by now, with marks that are still open."""
        return self._shown(self.text, False)

    def so_far(self) -> str:
        """Empty when there is nothing to be shown meanwhile."""
        return "" if self.whole else seemly(self._shown(self.text, False))

    def draft(self) -> Live | None:
        """None while nothing may be seen; from the first on nothing supersedes the turn."""
        work, text = self._work, self.so_far()
        if not text.strip() or work.batch.stopped.rung or not work.batch.is_stored:
            return None
        try:
            work.batch.commit_to()
        except Superseded:
            return None
        return Live(work.lead.address, work.draft, text)
