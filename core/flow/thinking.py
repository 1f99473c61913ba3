"""One model call of a turn: asked, read while it comes, shown while it grows, counted."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.clock import Clock
from core.errors import ModelRejected
from core.flow.records import Records
from core.flow.till import Till
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
_WORTH_SHOWING = 24
"""Characters with which a message may begin: a single word looks like a slip."""
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
            said = raw = ""
            work.meter.call()
            with self._till.call(work, "TEXT_LARGE") as spent:
                answering = self._models.stream(part.settings, "TEXT_LARGE", request, spent)
                async with aclosing(answering):
                    async for piece in answering:
                        raw += piece
                        said += reader.feed(piece)
                        if said:
                            self._reveal(work, said, shown)
            answer = reader.end()
            self._records.asked(f"{part.character.name} {turn_of(lead.id)}", request, raw)
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

    def _reveal(self, work: Work, said: str, shown: Callable[[str, bool], str]) -> None:
        """Let people see the answer grow, as a draft or as a message that is edited."""
        if not work.batch.is_stored:
            return
        spent, lead = self._clock.monotonic() - work.started, work.lead
        if work.part.outbox.drafts and lead.is_direct:
            if spent > _DRAFT_AFTER:
                work.batch.commit_to()
                work.part.outbox.draft(Live(lead.address, work.draft, shown(said, False)))
        elif work.growing is not None:
            work.growing.grow(shown(said, False), work.draft)
        elif (
            spent > _GROW_AFTER
            and len(said) >= _WORTH_SHOWING
            and work.part.outbox.edits
            and self._grows(work)
        ):
            work.batch.commit_to()
            self._begin(work, shown(said, False))
