"""Actions are done: in the model's order, by whoever may, each written down before and after.

The plan is written down together with what is said before it. `started` is committed before an
action begins, its result in the commit after it, which may be the next one's `started`. So a later
process knows what was done: it takes finished results as they are, and begins nothing a second
time that its author has not declared idempotent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from core.actions.desk import failed
from core.clock import Clock
from core.flow.plans import (
    PLAN,
    Plan,
    Planned,
    arguments,
    last_plan,
    plan_from,
    plan_of,
    result_from,
    status_of,
    written,
)
from core.flow.policy import permits
from core.flow.presence import memory_id
from core.flow.ranks import Ranks
from core.flow.running_turn import RunningTurn
from core.flow.trying import fitting, tried
from core.flow.writing import Scribe
from core.ids import EntityId, TurnId, turn_of
from core.kept import Step, StepStatus
from core.messages import Content, Memory, Rank, Reply
from core.plugins.records import Action, ActionResult, Deed
from core.ports import Store, Unit
from core.prompting.reading import Answer

log = logging.getLogger(__name__)

INTERRUPTED = "interrupted"
"""The error of what a crash has left half done."""

Tell = Callable[[RunningTurn, str, Mapping[str, Any]], None]
"""Lets the character's listeners know; returns at once."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What has become of a plan."""

    done: tuple[Deed, ...]
    tell_more: bool
    """Something came out that is still to be put into words: one more model call."""
    said: int
    """How often the character has spoken in this turn."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """An action that may begin, with its arguments; or the result that it has without beginning."""

    action: Action | None = None
    arguments: BaseModel | None = None
    refused: ActionResult | None = None


class Acting:
    def __init__(
        self, store: Store, scribe: Scribe, ranks: Ranks, clock: Clock, tell: Tell
    ) -> None:
        self._store = store
        self._scribe = scribe
        self._ranks = ranks
        self._clock = clock
        self._tell = tell
        self._left: set[TurnId] = set()

    # --- before the model ------------------------------------------------------------------------

    async def offered(self, turn: RunningTurn, actions: Sequence[Action]) -> tuple[Action, ...]:
        """What may be done here and now, besides talk: validated side by side, each walled (PL-09).

        What the asker surely may not do is left out; where their rank has to be looked up first,
        policy decides after the model.
        """
        found = await fitting(turn, actions)
        turn.offered = frozenset(action.name for action in found)
        return found

    def plan(self, answer: Answer, actions: Sequence[Action]) -> Plan | None:
        """What the answer says is to be done; None where it is plain talk or silence."""
        return plan_of(answer, actions)

    # --- carrying out ----------------------------------------------------------------------------

    async def carry_out(self, turn: RunningTurn, plan: Plan) -> Carried:
        """Say what the answer says, then do what it has named."""
        work = turn.work
        base, within, first = work.step, turn.step, plan.steps[0]
        row = Step(turn.id, base, PLAN, StepStatus.STARTED, plan.written(within=within))
        steps = [row]
        ready: _Ready | None = None
        if first.action is None or _needs_no_asking(turn, first.action):
            ready = await self._ready(turn, first)
            if ready.action is not None:
                steps.append(Step(turn.id, base + 1, first.name, StepStatus.STARTED))
        say = _reply(turn, plan) if plan.text else None
        memory = await self._scribe.plan(
            work, steps, say=say, thought=plan.thought, actions=plan.named
        )
        for step in steps:
            work.steps[step.turn, step.ordinal] = step
        # An action may have others done, whose rows stand behind those of this plan.
        work.step = base + len(plan.steps) + 1
        if memory is not None:
            turn.said(memory)
        done: list[Deed] = []
        for ordinal, planned in enumerate(plan.steps, base + 1):
            begun = ready if ordinal == base + 1 else None
            done.append(await self._do(turn, ordinal, planned, begun))
            if _ends_all(done[-1].result):
                log.info("%s ends with %s", turn.id, planned.name)
                break
        turn.step = within
        return await self._carried(turn, plan, done)

    async def _carried(self, turn: RunningTurn, plan: Plan, done: Sequence[Deed]) -> Carried:
        work, said = turn.work, len(turn.responses)
        more = plan.replies_last or any(
            _wants_words(planned, deed.result, said=said)
            for planned, deed in zip(plan.steps, done, strict=False)
        )
        if more and work.later:
            await self._scribe.note(work)  # a model call takes long enough to crash in
        return Carried(tuple(done), more, said)

    async def _do(
        self, turn: RunningTurn, ordinal: int, planned: Planned, begun: _Ready | None = None
    ) -> Deed:
        """One action with its row before and after; `begun` is one whose row is there."""
        turn.step = ordinal
        ready = begun or await self._ready(turn, planned)
        if ready.action is None:
            refused = ready.refused or failed(f"{planned.name} was not done.", "not-done")
            log.info("%s: %s is not done: %s", turn.id, planned.name, refused.error)
            self._refuse(turn, ordinal, planned, refused)
            return self._done(turn, planned, refused)
        if begun is None:
            step = Step(turn.id, ordinal, planned.name, StepStatus.STARTED)
            now = self._clock.now()
            await self._scribe.note(turn.work, lambda unit: unit.steps.begin(step, now))
            turn.work.steps[turn.id, ordinal] = step
        about = self._about(turn, ordinal, planned)
        self._tell(turn, "ACTION_STARTED", about)
        since = self._clock.monotonic()
        result = await tried(turn, ready.action, ready.arguments)
        about = {
            **about,
            "duration": self._clock.monotonic() - since,
            "success": result.success,
            "result": result,
        }
        if result.success:
            self._tell(turn, "ACTION_COMPLETED", {**about, "status": "completed"})
        else:
            told = {**about, "status": "failed", "error": result.error or result.text}
            self._tell(turn, "ACTION_FAILED", told)
        self._end(turn, ordinal, planned, result)
        return self._done(turn, planned, result)

    async def _ready(self, turn: RunningTurn, planned: Planned, *, begun: bool = False) -> _Ready:
        """Whether it may begin: it is there, whoever asks may, its arguments are right."""
        action = planned.action
        if action is None:
            return _Ready(
                refused=failed(f"There is nothing called {planned.name} to do.", "unknown-action")
            )
        rank = turn.rank if _needs_no_asking(turn, action) else await turn.learn_rank()
        if reason := permits(action, rank):
            return _Ready(refused=failed(reason, "not-allowed"))
        # A model may name what it was not offered, and a validator may be somebody's only guard.
        if not begun and action.name not in turn.offered and not await fitting(turn, (action,)):
            return _Ready(refused=failed(f"{action.name} is nothing to do here now.", "no-use"))
        try:
            return _Ready(action, arguments(action, planned.params))
        except ValueError as error:
            return _Ready(refused=failed(str(error), "bad-arguments"))

    def _done(self, turn: RunningTurn, planned: Planned, result: ActionResult) -> Deed:
        deed = Deed(planned.name, result)
        turn.did(deed)
        return deed

    def _refuse(
        self, turn: RunningTurn, ordinal: int, planned: Planned, result: ActionResult
    ) -> None:
        row = Step(turn.id, ordinal, planned.name, StepStatus.FAILED, written(result))
        now = self._clock.now()
        turn.work.later.append(lambda unit: unit.steps.begin(row, now))
        turn.work.steps[turn.id, ordinal] = row

    def _end(self, turn: RunningTurn, ordinal: int, planned: Planned, result: ActionResult) -> None:
        """Its row and its memory go into the next commit, whichever that is."""
        row = Step(turn.id, ordinal, planned.name, status_of(result), written(result))
        now = self._clock.now()
        memories = [] if turn.work.private else [self._memory(turn, row, result)]

        def end(unit: Unit) -> None:
            unit.steps.end(row.turn, row.ordinal, row.status, row.result, now)
            unit.memories.add(memories)

        turn.work.later.append(end)
        turn.work.steps[turn.id, ordinal] = row

    # --- after a crash ---------------------------------------------------------------------------

    async def load(self) -> None:
        """Learn which turns an earlier process has left in mid-action."""
        self._left.update(await self._store.read(lambda unit: unit.steps.open()))

    def left(self, turn: TurnId) -> bool:
        return turn in self._left

    async def resume(self, turn: RunningTurn) -> Carried | None:
        """Go on where an earlier process stopped; None where none has begun on any of this.

        Where it had begun for an earlier message than the one that is answered now, that is brought
        to its end, and what is asked now is still to be answered: `tell_more`.
        """
        work = turn.work
        ids = [turn_of(one.id) for one in work.inbound]
        found = [one for one in ids if one in self._left]
        if not found:
            return None
        work.decided()  # what is done from here on must not be left to a successor
        left = found[-1]
        kept = await self._store.read(lambda unit: [unit.steps.of(one) for one in found])
        # All of them end with this turn.
        work.steps.update(((row.turn, row.ordinal), row) for rows in kept for row in rows)
        rows = kept[-1]
        head = last_plan(rows)
        if head is None:
            self._left.discard(left)
            return None
        asked_now, turn.id = turn.id, left
        plan = plan_from(head.result, turn.gear.repertoire.actions)
        for row in rows:
            if row.ordinal < head.ordinal and row.status is not StepStatus.STARTED:
                turn.did(Deed(row.action, result_from(row.result)))
        there = {row.ordinal: row for row in rows if row.ordinal > head.ordinal}
        work.step = max(row.ordinal for row in rows) + len(plan.steps) + 1
        done: list[Deed] = []
        for ordinal, planned in enumerate(plan.steps, head.ordinal + 1):
            done.append(await self._again(turn, ordinal, planned, there.get(ordinal)))
            if _ends_all(done[-1].result):
                break
        turn.step = 0
        carried = await self._carried(turn, plan, done)
        self._left.difference_update(found)
        if left != asked_now:
            turn.id, work.step = asked_now, 0
        said = carried.said + bool(plan.text)
        return replace(carried, tell_more=carried.tell_more or left != asked_now, said=said)

    async def _again(
        self, turn: RunningTurn, ordinal: int, planned: Planned, row: Step | None
    ) -> Deed:
        if row is None:
            return await self._do(turn, ordinal, planned)
        if row.status is not StepStatus.STARTED:
            return self._done(turn, planned, result_from(row.result))
        ready = await self._ready(turn, planned, begun=True)
        if ready.action is not None and ready.action.idempotent:
            return await self._do(turn, ordinal, planned, ready)
        # Nobody knows how far it came, and it must not be done twice.
        result = failed(
            f"{planned.name} was interrupted; it may or may not have been done.", INTERRUPTED
        )
        self._end(turn, ordinal, planned, result)
        return self._done(turn, planned, result)

    # --- what is told and kept of it -------------------------------------------------------------

    def _about(self, turn: RunningTurn, ordinal: int, planned: Planned) -> dict[str, Any]:
        work = turn.work
        return {
            "actionId": f"{turn.id}:{ordinal}",
            "actionName": planned.name,
            "startTime": self._clock.now(),
            "roomId": work.spot.room,
            "world": work.spot.world,
            "entityId": work.person,
            "messageId": turn.message.id,
            "message": turn.message,
            "content": {"text": "", "actions": [planned.name], "actionStatus": "executing"},
        }

    def _memory(self, turn: RunningTurn, row: Step, result: ActionResult) -> Memory:
        """elizaOS' record of one action (R-134), in a table of its own: it is no talk."""
        work = turn.work
        part, address = work.part, work.lead.address
        return Memory(
            id=memory_id(part.id, address, f"{row.turn}:{row.ordinal}:result"),
            character=part.id,
            room=work.spot.room,
            author=EntityId(part.id),
            content=Content(
                text=result.text or result.error,
                actions=(row.action,),
                source=address.platform,
                in_reply_to=turn.message.id,
                extra={
                    "type": "action_result",
                    "actionName": row.action,
                    "actionStatus": "completed" if result.success else "failed",
                    "runId": row.turn,
                },
            ),
            created_at=self._clock.now(),
            world=work.spot.world,
            table="action_results",
            metadata={
                "type": "action_result",
                "source": address.platform,
                "sourceId": address.room,
                "turn": row.turn,
                "step": row.ordinal,
            },
        )


def _needs_no_asking(turn: RunningTurn, action: Action) -> bool:
    """Whether it is clear already that somebody may, or may not, have this done."""
    return action.who <= Rank.MEMBER or turn.settled_rank is not None


def _reply(turn: RunningTurn, plan: Plan) -> Reply:
    lead = turn.work.lead
    return Reply(plan.text, None if lead.is_direct else lead.message or None)


def _wants_words(planned: Planned, result: ActionResult, *, said: int) -> bool:
    """Whether what came out is still to be told; what failed is, since nobody could foresee it."""
    if planned.action is None:
        return not said
    if not result.success:
        return bool(result.text or result.error)
    return bool(planned.action.tells and result.text)


def _ends_all(result: ActionResult) -> bool:
    return result.critical and not result.success
