"""What people change or take back after it was answered: the answer that stands last follows."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from core.clock import Clock
from core.errors import ModelError
from core.flow.conversing import Conversing
from core.flow.etiquette import Choice
from core.flow.opened import Postponed
from core.flow.policy import decent
from core.flow.presence import memory_id
from core.flow.speaking import Spoken
from core.flow.work import Work
from core.flow.writing import Scribe
from core.ids import CharacterId, EntityId, MemoryId, TurnId, turn_of
from core.memory.recent import Recent, line_of
from core.messages import (
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Inbound,
    InboundStatus,
    Kind,
    Memory,
    Reply,
)
from core.ports import Ended, Sent, Store, Unit, message_key
from core.prompting.reading import Answer
from core.state import Line

log = logging.getLogger(__name__)

TAKEN_BACK = "taken-back"
"""The rule by which nothing is said to what is gone."""
_SAID = (Kind.MESSAGE, Kind.COMMAND, Kind.PRESS)
"""What somebody does in a room that stands behind what they said before."""
_BEHIND = 20
"""Lines that may stand behind what is edited; what is further up is left as it was."""
_A_MOMENT = timedelta(minutes=1)
_MANY = 500
"""Answers among which those are found that somebody has taken away."""
_ON_ITS_WAY = 0.5
_ARRIVES_WITHIN = 20.0
"""Seconds after which an answer that has not arrived yet is left as it was."""
_SETTLED_WITHIN = 120.0
"""The same of one that has been on show while it was made."""
_UNDER_WAY = frozenset({DeliveryStatus.PENDING, DeliveryStatus.SENDING, DeliveryStatus.UNCERTAIN})


@dataclass(frozen=True, slots=True)
class _Standing:
    """What was edited, where it stands, and our answer to it."""

    said: Memory
    before: Sequence[Line]
    """What the answer was made of."""
    answer: Memory | None = None
    """None: it was not answered, and may be now."""
    parts: tuple[str, ...] = ()
    """The platform's ids of our messages."""
    is_last: bool = True
    """Nothing stands behind it."""


class Mending:
    """Raises Postponed while the answer that is to be mended is still on its way."""

    def __init__(
        self, store: Store, recent: Recent, scribe: Scribe, conversing: Conversing, clock: Clock
    ) -> None:
        self._store = store
        self._recent = recent
        self._scribe = scribe
        self._conversing = conversing
        self._clock = clock

    async def edited(self, work: Work) -> None:
        """What was said is remembered as it now reads; an answer that stands last follows."""
        lead, room = work.lead, work.spot.room
        if lead.author.id == lead.address.account.partition(":")[2]:
            await self._note(work, rule="self")
            return
        edits = {_id(work, one.message): one for one in work.inbound}
        known = await self._store.read(lambda unit: unit.memories.get(work.part.id, list(edits)))
        edits = {one.id: edits[one.id] for one in known if _says_else(one, edits[one.id])}
        for one, edit in edits.items():
            work.later.append(partial(_rewrite, work.part.id, one, edit.text))
        try:
            if not edits or not await self._followed(work, edits):
                await self._note(work, rule="edit-noted")
        finally:
            if edits:
                self._recent.forget(work.part.id, room)

    async def taken_back(self, work: Work) -> None:
        """What was said is forgotten, and a fresh answer to it goes as well.

        So are our own words, where somebody else has taken them away; what else its turn has said
        stands.
        """
        part, lead, spot = work.part, work.lead, work.spot
        ids = [_id(work, one) for one in lead.gone]
        now, window = self._clock.now(), _window(work)

        def look(unit: Unit) -> tuple[list[Memory], list[Memory], list[Sent]]:
            known = unit.memories.get(part.id, ids)
            gone = {one.id for one in known}
            known += self._ours(unit, work)
            talk = unit.memories.recent(part.id, spot.room, part.policy.history + _BEHIND)
            answers = [
                one
                for one in talk
                if one.author == EntityId(part.id)
                and one.content.in_reply_to in gone
                and (now - one.created_at).total_seconds() < window
            ]
            turns = dict.fromkeys(_turn(one) for one in answers)
            return known, answers, [row for turn in turns for row in unit.past.sent(turn)]

        known, answers, sent = await self._store.read(look)
        here = [one for one in sent if one.address == lead.address]
        self._wait_for(here)
        parts = [one for one in _shown(here) if one not in lead.gone]
        dropped = [one.id for one in (*known, *answers)]
        turns = {one.turn for one in here} | {_turn(one) for one in known if _turn(one)}
        # Platforms tell times by whole seconds.
        since = min((one.created_at for one in known), default=now) - _A_MOMENT

        def forget(unit: Unit) -> None:
            unit.inbox.unsay(lead.address, lead.gone, since)
            if dropped:
                unit.memories.drop(part.id, dropped)
                unit.deliveries.unsay(turns)

        work.later.append(forget)
        if not known:
            await self._note(work, rule="delete-noted")
            return
        rows = [_deletion(work, target, n) for n, target in enumerate(parts)]
        await self._send(work, InboundStatus.SILENT, rows, rule=TAKEN_BACK)
        self._recent.forget(part.id, spot.room)
        self._store.evict(part.id, spot.room)

    def _ours(self, unit: Unit, work: Work) -> list[Memory]:
        """What we remember of having said in those of the messages that were our own."""
        part, address = work.part, work.lead.address
        rows = unit.past.ours(address.account, address.room, work.lead.gone)
        # What we have taken back ourselves is no news; what was meant by it is written down.
        by_us = {one.message for one in rows if one.kind is DeliveryKind.DELETE}
        rows = [one for one in rows if one.message not in by_us]
        if not rows:
            return []
        self._wait_for(rows, within=_SETTLED_WITHIN)
        since, until = rows[0].created_at, rows[-1].created_at
        said = unit.memories.find(
            part.id,
            rooms=[work.spot.room],
            entity=EntityId(part.id),
            start=since - _A_MOMENT - timedelta(seconds=_window(work)),
            end=until + _A_MOMENT,
            limit=_MANY,
        )
        turns = {one.turn for one in rows}
        at_once = {(one.turn, one.created_at) for one in rows}
        found = [one for one in said if _turn(one) in turns]
        # A turn may speak more than once; what was mended since bears the time of its first words.
        exact = [one for one in found if (_turn(one), one.created_at) in at_once]
        others = {_turn(one) for one in exact}
        return [*exact, *(one for one in found if _turn(one) not in others)]

    # --- an edit -------------------------------------------------------------------------------

    async def _followed(self, work: Work, edits: Mapping[MemoryId, Inbound]) -> bool:
        """Whether anything came of it beside that it is remembered."""
        if work.lead.author.is_bot or work.batch.overtaken or not _window(work):
            return False
        found = await self._store.read(lambda unit: self._look(unit, work, edits))
        if found is None:
            return False
        edit, said = edits[found.said.id], found.said.id
        heard = next(one for one in work.heard if one.id == said)
        work.spot.heard.difference_update(one.id for one in work.inbound)
        work.anew(edit, heard, found.before, mends=found.answer is not None)
        if found.answer is not None:
            return await self._mended(work, found, found.answer)
        verdict = self._conversing.verdict(work)
        if verdict.choice is not Choice.ANSWER:
            return False
        await self._conversing(work, verdict)
        return True

    async def _mended(self, work: Work, found: _Standing, old: Memory) -> bool:
        try:
            answer = await self._conversing.again(work)
        except ModelError as error:
            log.warning("%s: an answer stays as it was: %s", work.part.character.name, error)
            return False
        if answer is None:
            return False
        spoken = _spoken(work, old, answer)
        rows = spoken.rows(work.part, work.batch.items[-1].event_key)
        if not rows or (len(rows) > len(found.parts) and not found.is_last):
            return False  # what is further down would be taken for the end of another answer
        work.decided()
        if spoken.content.text != old.content.text:
            new = _remembered(work, old, spoken)
            work.later.append(lambda unit: unit.memories.put(new))
            rows = _over(work, rows, found.parts)
        else:
            rows = []
        await self._send(work, InboundStatus.ANSWERED, rows, rule="edit-answered")
        return True

    def _look(self, unit: Unit, work: Work, edits: Mapping[MemoryId, Inbound]) -> _Standing | None:
        """None where it is too late, or something stands behind it."""
        part, address = work.part, work.lead.address
        most = part.policy.history
        talk = unit.memories.recent(part.id, work.spot.room, most + _BEHIND)
        theirs = [n for n, one in enumerate(talk) if one.author == work.person]
        if not theirs or talk[theirs[-1]].id not in edits:
            return None
        at = theirs[-1]
        said, behind = talk[at], talk[at + 1 :]
        row = _row(unit, work, edits[said.id])
        last = unit.past.last(address, _SAID, author=work.lead.author.id)
        if row is None or (last is not None and last.id != row.id):
            return None
        before = _lines(talk[:at])[-most:] if most else []
        ours = [one for one in behind if one.author == EntityId(part.id)]
        if not ours or all(one.content.in_reply_to != said.id for one in ours):
            answered = row.status not in (InboundStatus.SILENT, InboundStatus.FAILED)
            if answered or self._too_old(work, said.created_at):
                return None
            lines = _lines([*talk[:at], *behind])
            return _Standing(said, lines[-most:] if most else [])
        answer = ours[0]
        if len(ours) > 1 or self._too_old(work, answer.created_at):
            return None
        parts = self._parts(unit, _turn(answer))
        return _Standing(said, before, answer, parts, behind == ours) if parts else None

    def _parts(self, unit: Unit, turn: TurnId) -> tuple[str, ...]:
        """Our messages, where they are plain talk: what was done was done, and is not done again."""
        sent = [one for one in unit.past.sent(turn) if one.step >= 0]
        if any(one.step for one in sent) or unit.steps.of(turn):
            return ()
        self._wait_for(sent)
        return _shown(sent)

    def _wait_for(self, sent: Sequence[Sent], *, within: float = _ARRIVES_WITHIN) -> None:
        open_ones = [one for one in sent if one.status in _UNDER_WAY]
        now = self._clock.now()
        if any((now - one.created_at).total_seconds() < within for one in open_ones):
            raise Postponed(_ON_ITS_WAY)

    def _too_old(self, work: Work, when: datetime) -> bool:
        return (self._clock.now() - when).total_seconds() >= _window(work)

    # --- the end -------------------------------------------------------------------------------

    async def _note(self, work: Work, *, rule: str) -> None:
        work.decided()
        await self._scribe.write(work, InboundStatus.SILENT, rule, keep=False)

    async def _send(
        self, work: Work, status: InboundStatus, rows: Sequence[Delivery], *, rule: str
    ) -> None:
        """End the turn with what is to be changed on show, in its one transaction."""
        stored: list[Delivery] = []
        now = self._clock.now()

        def owe(unit: Unit) -> None:
            stored[:] = unit.deliveries.add(rows, now)

        work.decided()
        work.rule = rule
        work.later.append(owe)
        await self._scribe.write(work, status, rule, keep=False)
        work.part.outbox.accept(stored)


def _id(work: Work, message: str) -> MemoryId:
    return memory_id(work.part.id, work.lead.address, message)


def _says_else(known: Memory, edit: Inbound) -> bool:
    """Platforms tell of an edit too when they have looked up a link, or a place has moved."""
    before = known.content.text
    if edit.goes_on is not None and before.startswith(edit.text):
        return False  # the first piece of it, as it was
    return before != edit.text


def _rewrite(character: CharacterId, memory: MemoryId, text: str, unit: Unit) -> None:
    unit.memories.rewrite(character, memory, text)


def _window(work: Work) -> float:
    return work.part.settings.number("TROUPE_EDIT_WINDOW", 300)


def _row(unit: Unit, work: Work, edit: Inbound) -> Ended | None:
    """The row of the inbox with which the edited message ended."""
    address = work.lead.address
    if address.thread and not address.thread.isdigit():
        # Such a room has numbers of its own, which keys do not tell from those of the chat.
        return unit.past.last(address, (Kind.MESSAGE,), author=work.lead.author.id)
    row = unit.past.named(address.account, message_key(address.room, edit.message))
    after = unit.past.row(row.successor) if row is not None and row.successor else None
    return after or row


def _lines(talk: Sequence[Memory]) -> list[Line]:
    return [line for line in map(line_of, talk) if line.text]


def _turn(answer: Memory) -> TurnId:
    return TurnId(str(answer.metadata.get("turn", "")))


def _shown(sent: Sequence[Sent]) -> tuple[str, ...]:
    """What of it stands in the room; nothing where a part is missing or cannot be named."""
    parts = [one for one in sent if one.kind in (DeliveryKind.SEND, DeliveryKind.EDIT)]
    is_whole = all(one.status is DeliveryStatus.SENT and one.message for one in parts)
    return tuple(one.message for one in parts) if is_whole else ()


# --- what becomes of the answer ------------------------------------------------------------------


def _spoken(work: Work, old: Memory, answer: Answer) -> Spoken:
    lead = work.lead
    text = decent(answer.text, work.known)
    return Spoken(
        where=work.here,
        say=Reply(text, None if lead.is_direct else lead.message, via=lead.via),
        content=replace(old.content, text=text, thought=answer.thought),
        key="",  # its memory has a name already
        turn=turn_of(lead.id),
        recalled=work.recalled,
        told=work.providers,
    )


def _remembered(work: Work, old: Memory, spoken: Spoken) -> Memory:
    """The old answer's memory under its own name, as what is said now."""
    about = spoken.memory(work.part, old.created_at).metadata
    kept = {name: one for name, one in old.metadata.items() if name not in ("recalled", "told")}
    return replace(old, content=spoken.content, metadata=kept | about)


def _over(work: Work, rows: Sequence[Delivery], parts: Sequence[str]) -> list[Delivery]:
    """Each part into the message that stands in its place; what is too much there goes."""
    edits = [
        replace(row, kind=DeliveryKind.EDIT, target=part)
        for row, part in zip(rows, parts, strict=False)
    ]
    surplus = parts[len(rows) :]
    gone = [_deletion(work, part, n) for n, part in enumerate(surplus, len(rows))]
    return [*edits, *rows[len(parts) :], *gone]


def _deletion(work: Work, target: str, ordinal: int) -> Delivery:
    lead, turn = work.lead, turn_of(work.lead.id)
    return Delivery(
        address=lead.address,
        kind=DeliveryKind.DELETE,
        payload=b"{}",
        nonce=f"{turn}-{ordinal}",
        turn=turn,
        ordinal=ordinal,
        target=target,
        direct=lead.is_direct,
    )
