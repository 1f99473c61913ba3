"""How a turn ends: one transaction of memories, deliveries and the end of what was open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from core.clock import Clock
from core.files import Files
from core.flow.cast import Part
from core.flow.excusing import excuse, owed
from core.flow.growing import Growing, finishing
from core.flow.hearsay import Hearsay
from core.flow.noting import noted
from core.flow.policy import decent
from core.flow.records import Records
from core.flow.speaking import Spoken, going_out, heard_as, only_words, shows_anything
from core.flow.tally import Tally
from core.flow.work import Also, Work
from core.ids import RoomId, turn_of
from core.kept import Step, StepStatus
from core.memory.recent import Recent, line_of
from core.messages import (
    Content,
    Delivery,
    DeliveryStatus,
    InboundStatus,
    Memory,
    Outcome,
    Received,
    Reply,
    Room,
    World,
)
from core.ports import ModelRequest, Store, Unit

_QUOTED = 120
REMARK = -2
"""The step of what is said about a turn itself."""


class Scribe:
    """Writes turns down; what is kept in memory follows what was committed."""

    def __init__(
        self,
        store: Store,
        recent: Recent,
        clock: Clock,
        tally: Tally,
        records: Records,
        files: Files,
        hearsay: Hearsay | None = None,
        heard: Callable[[Part], object] = lambda part: None,
    ) -> None:
        """`hearsay` tells our other characters what is said; `heard` is told when a turn is over."""
        self.store = store
        self.files = files
        self._hearsay = hearsay
        self._heard = heard
        self._recent = recent
        self._clock = clock
        self._tally = tally
        self._records = records

    @property
    def now(self) -> datetime:
        return self._clock.now()

    async def write(
        self,
        work: Work,
        status: InboundStatus,
        rule: str,
        *,
        say: Reply | None = None,
        thought: str = "",
        actions: tuple[str, ...] = ("REPLY",),
        keep: bool = True,
        forget_talk: bool = False,
        moved: tuple[str, str] | None = None,
        places: tuple[list[World], list[Room]] | None = None,
    ) -> None:
        """The turn's one transaction: memories, deliveries and the end of what was open.

        Whoever waits for an answer, and gets none, is told why.
        """
        part, spot, lead = work.part, work.spot, work.lead
        private = work.private
        spoken = await _voiced(work, _answer(work, say, thought, actions)) if say else None
        is_said = spoken is not None and (spoken.aloud or shows_anything(spoken.say))
        excuses = [] if is_said else excuse(part, lead, status, rule, private=private)
        excused: list[Delivery] = []
        now = self._clock.now()

        def end(unit: Unit) -> None:
            bury(unit, work.dead, now)
            if places:
                unit.rooms.ensure(*places)
            if forget_talk:
                unit.rooms.forget_before(part.id, spot.room, now)
            if moved:
                unit.rooms.move(lead.address.account, *moved)
                unit.deliveries.move(lead.address.account, *moved)
            if earlier := work.earlier:
                by = Outcome(InboundStatus.SUPERSEDED, rule, successor=lead.id)
                unit.inbox.close(earlier, by, now, private=private)
            unit.inbox.close([lead.id], Outcome(status, rule), now, private=private)
            if left := owed(unit, turn_of(lead.id), excuses):
                excused[:] = unit.deliveries.add(left, now)
            for step in work.steps.values():
                # A plan is open until here, and what is private is kept no longer.
                if not step.ordinal:
                    kept = {} if private else step.result
                    unit.steps.end(step.turn, 0, StepStatus.DONE, kept, now)
                elif private:
                    unit.steps.end(step.turn, step.ordinal, step.status, {}, now)

        await self._commit(work, spoken, end, now, keep=keep, grows=True)
        part.outbox.accept(excused)
        work.step += 1  # an evaluator may still have something done
        spot.heard.difference_update(one.id for one in work.inbound)
        if forget_talk:
            spot.since = now
            self._recent.forget(part.id, spot.room)
        if keep:
            self._heard(part)
        self._tally.ended(part.character.name, lead.address.platform, status.value, rule)
        self._tally.answered_in(part.character.name, self._clock.monotonic() - work.started)

    async def plan(
        self,
        work: Work,
        steps: Sequence[Step],
        *,
        say: Reply | None = None,
        thought: str = "",
        actions: tuple[str, ...] = (),
    ) -> Memory | None:
        """What is to be done, with what is said before it; what was said, as it is remembered."""
        spoken = await _voiced(work, _answer(work, say, thought, actions)) if say else None
        now = self._clock.now()

        def begin_steps(unit: Unit) -> None:
            for step in steps:
                unit.steps.begin(step, now)

        await self._commit(work, spoken, begin_steps, now, grows=spoken is not None)
        return spoken.memory(work.part, now) if spoken else None

    async def say(self, work: Work, spoken: Spoken, part: Part | None = None) -> Memory:
        """Say something at once, in mid-turn; what was said before a crash is not said again.

        `part` is who says it elsewhere.
        """
        heard = await _voiced(work, spoken)
        now = self._clock.now()
        await self._commit(work, heard, _nothing, now, part=part)
        return (heard or spoken).memory(part or work.part, now)

    async def remark(self, work: Work, say: Reply) -> None:
        """Say something about the turn itself, which stays open; it is not remembered."""
        turn = turn_of(work.lead.id)
        spoken = replace(_answer(work, say, "", ()), step=REMARK)
        rows = spoken.rows(work.part, f"{turn} remark")
        await work.batch.stored()
        now = self._clock.now()
        stored = await self.store.write(lambda unit: unit.deliveries.add(rows, now))
        work.part.outbox.accept(stored)

    def asked(self, work: Work, request: ModelRequest, answer: str) -> None:
        """What a plugin has asked a model goes into the record of prompts as well (LG-02)."""
        slug = f"{work.part.character.name} {turn_of(work.lead.id)}"
        self._records.asked(slug, request, answer)

    async def note(self, work: Work, also: Also = lambda unit: None) -> None:
        """Write down what is to be remembered whatever happens next."""
        await self._commit(work, None, also, self._clock.now())

    async def _commit(
        self,
        work: Work,
        spoken: Spoken | None,
        also: Also,
        now: datetime,
        *,
        keep: bool = True,
        grows: bool = False,
        part: Part | None = None,
    ) -> None:
        """One transaction; what is kept in memory follows it. `grows` ends what is on show."""
        part, spot = part or work.part, work.spot
        await work.batch.stored()
        fresh = not work.told
        said = [spoken.memory(part, now)] if spoken else []
        heard = work.heard if fresh else []
        kept = [] if work.private or not keep else [*heard, *said]
        rows = spoken.rows(part, _nonce_of(work, spoken)) if spoken else []
        if grows and (shown := await _on_show(work)):
            rows = finishing(shown, rows)
            work.growing = None
        address = rows[0].address if rows else work.lead.address
        # A voice message is made first, and has no place in flight meanwhile.
        waits = spoken is not None and spoken.say.voice
        granted = bool(rows) and not waits and part.outbox.grant(address, direct=rows[0].direct)
        if granted:
            rows[0] = going_out(rows[0])
        told = self._hearsay.of(part, spoken, now) if self._hearsay and spoken else ()
        later, spendings = tuple(work.later), tuple(work.meter.spendings)

        def commit(unit: Unit) -> list[Delivery]:
            if fresh and keep:
                work.introduction.write(unit)
            unit.memories.add(kept)
            for one in later:
                one(unit)
            also(unit)
            if spendings:
                unit.spendings.add(spendings, now)
            stored = _put_down(unit, rows, now)
            if told and spoken and (stored or spoken.aloud):
                unit.inbox.add(told, now)
            return stored

        try:
            stored = await self.store.write(commit)
        except BaseException:
            if granted:
                part.outbox.release(address)
            raise
        del work.later[: len(later)]
        del work.meter.spendings[: len(spendings)]
        if granted and not stored:
            part.outbox.release(address)
        if self._hearsay and spoken:
            self._hearsay.said(spoken, told, stored)
        part.outbox.accept(stored)
        if fresh and keep:
            work.introduction.written()
            work.told = True
        if spoken and (stored or spoken.aloud):
            self._records.said(
                part.character.name, work.lead, spoken.content.text, spoken.content.actions
            )
        # What a replay says again is there already, in the table and in what is read from it.
        new = (
            kept
            if stored or not said or (spoken and spoken.aloud)
            else kept[: len(kept) - len(said)]
        )
        self._remember(part, spot.room, [one for one in new if one.room == spot.room])
        if elsewhere := [one for one in new if one.room != spot.room]:
            self._remember(part, elsewhere[0].room, elsewhere)

    def _remember(self, part: Part, room: RoomId, memories: Sequence[Memory]) -> None:
        lines = [line for line in map(line_of, memories) if line.text]
        self._recent.add(part.id, room, lines, part.policy.history)


def _nothing(unit: Unit) -> None:
    """There is nothing else to write."""


async def _voiced(work: Work, spoken: Spoken) -> Spoken | None:
    """In a voice channel, say it aloud first: what was heard of it is what is kept."""
    here = spoken.where.address == work.lead.address
    if work.aloud is None or work.over or not here or not only_words(spoken.say):
        return spoken
    heard = await work.aloud.finish(spoken.say.text)
    return heard_as(spoken, heard, writes=work.part.settings.flag("DISCORD_VOICE_TEXT"))


def _put_down(unit: Unit, rows: Sequence[Delivery], now: datetime) -> list[Delivery]:
    known = [row for row in rows if row.seq]
    for row in known:
        unit.deliveries.finish(row)
    new = [row for row in rows if not row.seq]
    if not new or known or not new[0].step:
        return known + unit.deliveries.add(new, now)
    # A replay may say it in other words, in more parts: where the first is there, all are.
    first = unit.deliveries.add(new[:1], now)
    return first + unit.deliveries.add(new[1:], now) if first else []


def begin(work: Work, text: str) -> Growing | None:
    """Show an answer that is still being made; None where that cannot be now."""
    lead = work.lead
    spoken = _answer(work, Reply(text, None if lead.is_direct else lead.message), "", ())
    first = spoken.rows(work.part, _nonce_of(work, spoken))[0]
    return work.part.outbox.grow(replace(first, status=DeliveryStatus.GROWING))


async def _on_show(work: Work) -> Delivery | None:
    """The row under which this turn, or an earlier process in its place, has shown an answer."""
    if work.growing is not None:
        return await work.growing.settled()
    left = (work.part.outbox.left_growing(turn_of(one.id)) for one in work.batch.items)
    return next(filter(None, left), None)


def bury(unit: Unit, dead: Sequence[tuple[Received, str]], now: datetime) -> None:
    """What could not be read stays as it came, with the reason."""
    for received, reason in dead:
        unit.inbox.close([received.id], Outcome(InboundStatus.DEAD, reason), now)


def _answer(work: Work, say: Reply, thought: str, actions: tuple[str, ...]) -> Spoken:
    """The turn's own words, as far as they may be said."""
    lead, turn = work.lead, turn_of(work.lead.id)
    say = replace(say, text=decent(say.text, work.known), via=lead.via)
    say = noted(work, say, actions)
    if work.aside:
        say = replace(say, only_for=lead.author.id)
    if say.reply_to == lead.message and work.batch.crowded:
        say = replace(say, quote=_worth_quoting(work))
    behind = f":{work.step}" if work.step else ""
    return Spoken(
        where=work.here,
        say=say,
        content=Content(
            text=say.text,
            thought=thought,
            actions=actions,
            source=lead.address.platform,
            in_reply_to=work.heard[-1].id if work.heard else None,
            channel_type=lead.place.channel.value,
            extra={"voice": "note"} if say.voice else {},
        ),
        key=f"{turn}:{work.batch.items[-1].event_key}{behind}",
        turn=turn,
        step=work.step,
        private=work.private,
        recalled=work.recalled,
        told=work.providers,
    )


def _worth_quoting(work: Work) -> str:
    """Where several talk at once, which words are answered; empty where that is not wished."""
    if not work.part.settings.flag("TELEGRAM_QUOTES"):
        return ""
    return work.lead.text.strip().partition("\n")[0][:_QUOTED].rstrip()


def _nonce_of(work: Work, spoken: Spoken) -> str:
    if not spoken.step:
        return work.batch.items[-1].event_key
    return f"{spoken.turn} {spoken.step}"
