"""How a turn ends: one transaction of memories, deliveries and the end of what was open."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from core.clock import Clock
from core.flow.cast import Part
from core.flow.growing import Growing, finishing
from core.flow.presence import Introduction, Spot, memory_id
from core.flow.records import Records
from core.flow.tally import Tally
from core.ids import EntityId, MemoryId, turn_of
from core.memory.recall import Recent, line_of
from core.messages import (
    Content,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Inbound,
    InboundStatus,
    Memory,
    Outcome,
    Received,
    Reply,
    Room,
    World,
)
from core.ports import Batch, Store, Unit


@dataclass(slots=True)
class Work:
    """One running turn: what came in, where, and what has become of it so far."""

    part: Part
    batch: Batch
    inbound: tuple[Inbound, ...]
    dead: tuple[tuple[Received, str], ...]
    spot: Spot
    introduction: Introduction
    heard: list[Memory]
    limit: asyncio.Timeout
    started: float
    rule: str = ""
    growing: Growing | None = None
    """The answer is on show while it is made."""

    @property
    def lead(self) -> Inbound:
        return self.inbound[-1]

    @property
    def draft(self) -> int:
        """The number of what is shown meanwhile; platforms take 31 bits."""
        return self.lead.id % 0x7FFF_FFFF + 1

    @property
    def private(self) -> bool:
        """Nothing of this may be kept (MH-06, MH-08)."""
        policy = self.part.policy
        return not policy.remembers or bool(
            policy.sources and self.batch.address.room not in policy.sources
        )

    def decided(self) -> None:
        """Raises Superseded when more was said meanwhile; from here the turn will be written down.

        However long the database takes for that: what is half written must not be called failed.
        """
        self.batch.commit_to()
        self.limit.reschedule(None)


class Scribe:
    """Writes turns down; what is kept in memory follows what was committed."""

    def __init__(
        self, store: Store, recent: Recent, clock: Clock, tally: Tally, records: Records
    ) -> None:
        self._store = store
        self._recent = recent
        self._clock = clock
        self._tally = tally
        self._records = records

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
        rewrite: MemoryId | None = None,
        moved: tuple[str, str] | None = None,
        places: tuple[list[World], list[Room]] | None = None,
    ) -> None:
        """The turn's one transaction: memories, deliveries and the end of what was open."""
        part, spot, lead = work.part, work.spot, work.lead
        await work.batch.stored()
        now = self._clock.now()
        private = work.private
        spoken = _memory_of_reply(work, say, thought, actions, now) if say else None
        kept = [] if private or not keep else [*work.heard, *([spoken] if spoken else [])]
        rows = _deliveries(work, say, private=private) if say else []
        if shown := await _on_show(work):
            rows = finishing(shown, rows)
        granted = bool(rows) and part.outbox.grant(lead.address, direct=lead.is_direct)
        if granted:
            rows[0] = _going_out(rows[0])

        def work_down(unit: Unit) -> list[Delivery]:
            bury(unit, work.dead, now)
            if kept or keep:
                work.introduction.write(unit)
            if places:
                unit.rooms.ensure(*places)
            unit.memories.add(kept)
            if forget_talk:
                unit.rooms.forget_before(part.id, spot.room, now)
            if rewrite:
                unit.memories.rewrite(part.id, rewrite, lead.text)
            if moved:
                unit.rooms.move(lead.address.account, *moved)
                unit.deliveries.move(lead.address.account, *moved)
            earlier = [one.id for one in work.inbound[:-1]]
            if earlier:
                by = Outcome(InboundStatus.SUPERSEDED, rule, successor=lead.id)
                unit.inbox.close(earlier, by, now, private=private)
            unit.inbox.close([lead.id], Outcome(status, rule), now, private=private)
            known = [row for row in rows if row.seq]
            for row in known:
                unit.deliveries.finish(row)
            return known + unit.deliveries.add([row for row in rows if not row.seq], now)

        try:
            stored = await self._store.write(work_down)
        except BaseException:
            part.outbox.release(lead.address)
            raise
        spot.heard.difference_update(one.id for one in work.inbound)
        if granted and not stored:
            part.outbox.release(lead.address)
        part.outbox.accept(stored)
        if say and stored:
            self._records.said(part.character.name, lead, say.text, actions)
        if kept or keep:
            work.introduction.written()
        if forget_talk:
            spot.since = now
            self._recent.forget(part.id, spot.room)
        lines = [line_of(memory) for memory in kept if memory.content.text]
        self._recent.add(part.id, spot.room, lines, part.policy.history)
        self._tally.ended(part.character.name, lead.address.platform, status.value, rule)
        self._tally.answered_in(part.character.name, self._clock.monotonic() - work.started)


def begin(work: Work, text: str) -> Growing | None:
    """Show an answer that is still being made; None where that cannot be now."""
    lead = work.lead
    say = Reply(text, None if lead.is_direct else lead.message)
    first = _deliveries(work, say, private=work.private)[0]
    return work.part.outbox.grow(replace(first, status=DeliveryStatus.GROWING))


async def _on_show(work: Work) -> Delivery | None:
    """The row under which this turn, or an earlier process in its place, has shown an answer."""
    if work.growing is not None:
        return await work.growing.settled()
    left = (work.part.outbox.left_growing(turn_of(one.id)) for one in work.inbound)
    return next(filter(None, left), None)


def bury(unit: Unit, dead: Sequence[tuple[Received, str]], now: datetime) -> None:
    """What could not be read stays as it came, with the reason."""
    for received, reason in dead:
        unit.inbox.close([received.id], Outcome(InboundStatus.DEAD, reason), now)


def _deliveries(work: Work, say: Reply, *, private: bool) -> list[Delivery]:
    lead = work.lead
    return [
        Delivery(
            address=lead.address,
            kind=DeliveryKind.SEND,
            payload=payload,
            nonce=_nonce(work.batch.items[-1], ordinal),
            turn=turn_of(lead.id),
            ordinal=ordinal,
            direct=lead.is_direct,
            private=private,
        )
        for ordinal, payload in enumerate(work.part.platform.render(say))
    ]


def memory_of(part: Part, one: Inbound, spot: Spot, author: EntityId) -> Memory:
    quoted = one.reply_to.message if one.reply_to else None
    return Memory(
        id=memory_id(part.id, one.address, one.message or str(uuid4())),
        character=part.id,
        room=spot.room,
        author=author,
        content=Content(
            text=one.text,
            source=one.address.platform,
            in_reply_to=memory_id(part.id, one.address, quoted) if quoted else None,
            channel_type=one.place.channel.value,
        ),
        created_at=max(one.sent_at, spot.since),
        world=spot.world,
        metadata={
            "type": "message",
            "source": one.address.platform,
            "sourceId": one.address.room,
            "messageId": one.message,
            "entityName": one.author.name,
        },
    )


def _memory_of_reply(
    work: Work, say: Reply, thought: str, actions: tuple[str, ...], now: datetime
) -> Memory:
    part, spot, lead = work.part, work.spot, work.lead
    turn = turn_of(lead.id)
    return Memory(
        id=memory_id(part.id, lead.address, f"{turn}:{work.batch.items[-1].event_key}"),
        character=part.id,
        room=spot.room,
        author=EntityId(part.id),
        content=Content(
            text=say.text,
            thought=thought,
            actions=actions,
            source=lead.address.platform,
            in_reply_to=work.heard[-1].id,
            channel_type=lead.place.channel.value,
        ),
        created_at=now,
        world=spot.world,
        metadata={
            "type": "message",
            "source": lead.address.platform,
            "sourceId": lead.address.room,
            "entityName": part.character.name,
            "turn": turn,
        },
    )


def _going_out(row: Delivery) -> Delivery:
    uncertain = row.status is DeliveryStatus.UNCERTAIN
    return replace(row, status=row.status if uncertain else DeliveryStatus.SENDING, attempt=1)


def _nonce(received: Received, ordinal: int) -> str:
    """The same for every attempt of one part; 25 characters, Discord's most."""
    text = f"{received.address.account} {received.event_key} {ordinal}"
    return b32encode(hashlib.sha256(text.encode()).digest()).decode()[:25]
