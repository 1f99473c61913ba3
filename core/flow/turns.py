"""One turn, top to bottom: whose it is, what came in, and the wall round whatever becomes of it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import NoReturn

from core.clock import Clock
from core.errors import ModelError, ModelTooSlow, ModelUnavailable, Unreadable
from core.flow import inner
from core.flow.aloud import Aloud
from core.flow.cast import Cast, Part
from core.flow.choosing import Choosing
from core.flow.comings import Comings
from core.flow.commanding import Commanding
from core.flow.commands import MENU
from core.flow.conversing import Conversing
from core.flow.doorkeeping import Doorkeeper
from core.flow.etiquette import Choice, Verdict
from core.flow.excusing import give_up, waited_enough
from core.flow.floor import Floor
from core.flow.hearsay import Hearsay
from core.flow.house_rules import HouseRuling
from core.flow.initiative import Initiative
from core.flow.mending import TAKEN_BACK, Mending
from core.flow.new_bots import NewBots
from core.flow.opened import Postponed, Superseded
from core.flow.pieces import pieced
from core.flow.presence import Introduction, Presence, entity_id, places_of
from core.flow.records import Records
from core.flow.tally import Tally, code_of
from core.flow.telling import Telling
from core.flow.thinking import Meter
from core.flow.wishes import Wishes
from core.flow.work import Work, memory_of
from core.flow.writing import Scribe, bury
from core.ids import turn_of
from core.kept import Spending
from core.memory.recent import Recent
from core.messages import ChannelType, Inbound, InboundStatus, Kind, Outcome, Received, Reply
from core.ports import Batch, Store
from core.settings.context import RequestContext, request_scope

log = logging.getLogger(__name__)

_APOLOGY_EVERY = 600.0
"""Seconds between two apologies in one room (G23)."""
_UNASKED = frozenset({"", "follow-up", "followed", "model-decides", "joins-in"})
"""Rules by which nobody has clearly spoken to the character: nobody waits for an answer."""
_PAUSE = 2.0
"""Seconds until a model that is away is asked again, where nobody has named a time."""
_LONGEST_PAUSE = 60.0
_BREAKS_OFF = 3
"""Answers that may break off half way before a turn is given up."""


class Turns:
    """The mailbox's handler. One wall: a turn that fails is written down as failed."""

    def __init__(
        self,
        cast: Cast,
        store: Store,
        presence: Presence,
        wishes: Wishes,
        recent: Recent,
        floor: Floor,
        hearsay: Hearsay,
        scribe: Scribe,
        conversing: Conversing,
        choosing: Choosing,
        initiative: Initiative,
        telling: Telling,
        clock: Clock,
        tally: Tally,
        records: Records,
        chance: random.Random,
        commanding: Commanding,
        doorkeeper: Doorkeeper,
        comings: Comings,
        new_bots: NewBots,
        mending: Mending,
        ruling: HouseRuling,
        aloud: Callable[[Work], Aloud | None] = lambda work: None,
    ) -> None:
        self._cast = cast
        self._store = store
        self._presence = presence
        self._wishes = wishes
        self._recent = recent
        self._floor = floor
        self._hearsay = hearsay
        self._scribe = scribe
        self._converse = conversing
        self._choosing = choosing
        self._initiative = initiative
        self._telling = telling
        self._clock = clock
        self._tally = tally
        self._records = records
        self._chance = chance
        self._commanding = commanding
        self._doorkeeper = doorkeeper
        self._comings = comings
        self._mending = mending
        self._ruling = ruling
        self._new_bots = new_bots
        self._aloud = aloud
        self._unwritten: dict[Hashable, list[Spending]] = {}
        self._broken_off: dict[Hashable, int] = {}
        """How many answers to somebody's open messages have broken off half way."""

    async def __call__(self, batch: Batch) -> None:
        part = self._cast.on(batch.address.account)
        if part is None:
            return  # its character has left; the rows wait in the inbox for its return
        work: Work | None = None
        with request_scope(await self._person(part, batch)):
            try:
                async with asyncio.timeout(part.policy.patience) as limit:
                    work = await self._hear(part, batch, limit)
                    if work is None:
                        return
                    if batch.taken_back:
                        await self._unheard(work)
                        return
                    if refusal := await self._doorkeeper.admit(work):
                        await self._doorkeeper.turn_away(work, refusal)
                        return
                    await self._listen(work)
                    work.aloud = self._aloud(work)
                    self._telling.begun(work)
                    await self._act(work)
            except (Superseded, Postponed, asyncio.CancelledError) as end:
                again = isinstance(end, Postponed)
                self._telling.ended(work, "postponed" if again else "replaced")
                raise
            except Exception as error:  # noqa: BLE001  (the wall of one turn)
                await self._fall(part, batch, work, error)
                self._broken_off.pop(_who(batch), None)
            else:
                self._telling.ended(work, "completed")
                self._broken_off.pop(_who(batch), None)
            finally:
                self._carry_over(work)

    async def _person(self, part: Part, batch: Batch) -> RequestContext:
        """Whom this turn serves, with what that person has set for this character."""
        person = entity_id(part.id, batch.address, batch.author)
        return RequestContext(
            entity_id=person,
            agent_id=part.id,
            entity_settings=await self._wishes.of(person),
            trace_id=turn_of(batch.items[-1].id),
        )

    async def _hear(self, part: Part, batch: Batch, limit: asyncio.Timeout) -> Work | None:
        """Map what came in; what cannot be read becomes a dead letter with its reason."""
        inbound: list[Inbound] = []
        dead: list[tuple[Received, str]] = []
        gone = [] if batch.taken_back else list(filter(batch.is_gone, batch.items))
        for received in batch.items:
            if received in gone:
                continue
            try:
                ours = inner.is_ours(received)
                inbound.append(inner.read(received) if ours else part.platform.read(received))
            except Unreadable as error:
                dead.append((received, str(error)))
        if not inbound:
            now = self._clock.now()
            await batch.stored()
            await self._store.write(lambda unit: bury(unit, dead, now))
            self._tally.ended(part.character.name, batch.address.platform, "dead")
            return None
        inbound = pieced(inbound)
        lead = inbound[-1]
        spot = await self._presence.at(part.id, batch.address, lead.place.world)
        introduction = Introduction(spot, lead)
        heard, cue = [], None
        for one in inbound:
            author = entity_id(part.id, batch.address, one.author.id)
            memory = memory_of(part, one, spot, author)
            if one.kind is Kind.CUE or one.fleeting:
                cue = memory
                continue
            introduction.meet(author, one.author, batch.address.platform)
            heard.append(memory)
        work = Work(
            part=part,
            batch=batch,
            inbound=tuple(inbound),
            dead=tuple(dead),
            spot=spot,
            introduction=introduction,
            heard=heard,
            limit=limit,
            started=self._clock.monotonic(),
            began=self._clock.now(),
            cue=cue,
            meter=Meter(part.policy.calls, spendings=self._unwritten.pop(_who(batch), [])),
        )
        if gone:
            work.unsaid = ids = frozenset(one.id for one in gone)
            outcome = Outcome(InboundStatus.SILENT, TAKEN_BACK)
            spot.heard.difference_update(ids)
            work.later.append(lambda unit: unit.inbox.close(ids, outcome, work.began, private=True))
        return work

    async def _listen(self, work: Work) -> None:
        """Somebody who may talk has been heard here: tell whoever else has to know of it."""
        lead, address = work.lead, work.lead.address
        if not (lead.is_direct or lead.left):
            await self._hearsay.here(address, lead.place)
        for one in work.inbound:
            if one.kind is Kind.CUE or one.fleeting or not work.spot.hear(one):
                continue
            self._records.heard(work.part.character.name, one)
            if one.author.is_bot:
                self._floor.heard(address, one.author.id, one.text)
            else:
                self._floor.taken(address, one.sent_at)

    async def _act(self, work: Work) -> None:
        self._comings(work)
        match work.lead.kind:
            case Kind.MESSAGE:
                await self._talk(work)
            case Kind.CUE:
                await self._speak_first(work)
            case Kind.PRESS if work.lead.press == MENU:
                await self._ruling.pressed(work)
            case Kind.PRESS if self._choosing.is_choice(work.lead.press):
                await self._pressed(work)
            case Kind.PRESS if work.lead.press and work.lead.text:
                # As if they had said what stands on it; actions find what it gives (T-60).
                work.inbound = (*work.inbound[:-1], replace(work.lead, kind=Kind.MESSAGE))
                await self._converse(work)
            case Kind.MEMBER if work.lead.joined:
                await self._initiative.joined(work)
                await self._note(work)
            case Kind.MEMBER if work.lead.left and not work.lead.is_direct:
                await self._left(work)
            case Kind.COMMAND:
                await self._commanding(work)
            case Kind.EDIT:
                await self._mending.edited(work)
            case Kind.DELETE:
                await self._mending.taken_back(work)
            case Kind.MOVED:
                await self._moved(work)
            case Kind.OTHER if work.lead.made is not None:
                await self._new_bots(work)
            case Kind.WORLD:
                await self._world(work)
            case _:
                await self._note(work)

    async def _talk(self, work: Work) -> None:
        if (plan := self._choosing.worded(work)) is not None:
            await self._converse.carry_out(work, plan, "choice", "")
        else:
            await self._converse(work)
        self._initiative.heard(work)

    async def _speak_first(self, work: Work) -> None:
        rule = await self._initiative.refusal(work) or ("quiet" if work.rules.quiet else "")
        if rule:
            await self._end(work, rule)
        else:
            await self._converse(work, Verdict(Choice.ANSWER, "cue"))

    async def _pressed(self, work: Work) -> None:
        plan = self._choosing.pressed(work)
        over = "" if plan is not None else self._choosing.over(work)
        await self._converse.carry_out(work, plan, "choice", over)

    # --- everything that is not talk -----------------------------------------------------------

    async def _note(self, work: Work) -> None:
        rule = f"{work.lead.kind.value}-noted"
        await self._scribe.write(work, InboundStatus.SILENT, rule, keep=False)

    async def _end(self, work: Work, rule: str) -> None:
        work.decided()
        await self._scribe.write(work, InboundStatus.SILENT, rule, keep=False)

    async def _unheard(self, work: Work) -> None:
        """Whoever said it has taken it back: nobody waits for an answer, and nothing is kept."""
        await self._end(work, TAKEN_BACK)

    async def _moved(self, work: Work) -> None:
        """A group became a supergroup: the room keeps its past under its new id."""
        part, lead = work.part, work.lead
        moved = _, new = lead.address.room, lead.moved_to
        work.decided()
        await self._scribe.write(work, InboundStatus.SILENT, "room-moved", keep=False, moved=moved)
        self._presence.forget(part.id, lead.address)
        self._presence.forget(part.id, lead.address._replace(room=new))
        self._initiative.moved(lead.address, lead.address._replace(room=new))

    async def _left(self, work: Work) -> None:
        """Somebody has put us out of a group: our others there no longer speak to us."""
        part, lead = work.part, work.lead
        server = lead.place.world if lead.place.channel is ChannelType.WORLD else ""
        self._comings.gone(work, everywhere=bool(server))
        self._floor.left(lead.address, server)
        await self._note(work)
        self._presence.forget(part.id, lead.address)
        if server:
            self._presence.left(part.id, work.spot.world)

    async def _world(self, work: Work) -> None:
        """A server as it stands: it and its rooms are known before anybody speaks there (D-66)."""
        work.decided()
        await self._telling.met(work, self._comings.is_new)
        rule, seen = "world-noted", places_of(work.spot, work.lead)
        await self._scribe.write(work, InboundStatus.SILENT, rule, keep=False, places=seen)

    # --- when it fails -------------------------------------------------------------------------

    async def _fall(self, part: Part, batch: Batch, work: Work | None, error: Exception) -> None:
        """Put it off, where its model is only away for now; else write it down as failed."""
        if work is not None and isinstance(error, ModelUnavailable) and self._waits(work, error):
            self._telling.ended(work, "postponed")
            await self._put_off(work, error)
        self._telling.ended(
            work, "timeout" if isinstance(error, TimeoutError) else "error", code_of(error)
        )
        try:
            await self._failed(part, batch, work, error)
        except Exception as another:  # noqa: BLE001  (not even an apology: only close it)
            await self._failed(part, batch, None, another)

    def _waits(self, work: Work, error: ModelUnavailable) -> bool:
        """Whether it is worth asking again later: what was begun is paid for each time."""
        if not work.may_wait or waited_enough(work.lead, self._clock.now()):
            return False
        who = _who(work.batch)
        self._broken_off[who] = broken = self._broken_off.get(who, 0) + error.begun
        return broken < _BREAKS_OFF and not (error.begun and isinstance(error, ModelTooSlow))

    async def _put_off(self, work: Work, error: ModelUnavailable) -> NoReturn:
        """Nothing is lost while a model is away: the room waits, until what it asks is stale."""
        part, code = work.part, code_of(error)
        # Told once, and not for every room at every try.
        told = self._tally.failing.get(part.character.name) == code
        self._tally.failing[part.character.name] = code
        log.log(
            logging.DEBUG if told else logging.WARNING,
            "%s: a turn is put off: %s", part.character.name, error,
        )  # fmt: skip
        if (apology := self._apology(work)) is not None:
            await self._scribe.remark(work, apology)
        pause = _PAUSE if error.retry_after is None else min(error.retry_after, _LONGEST_PAUSE)
        raise Postponed(pause + self._chance.uniform(0.0, 0.25))

    async def _failed(self, part: Part, batch: Batch, work: Work | None, error: Exception) -> None:
        code = code_of(error)
        if isinstance(error, ModelError):
            log.warning("%s: a turn failed (%s): %s", part.character.name, code, error)
        else:
            log.error("%s: a turn failed (%s)", part.character.name, code, exc_info=error)
        if work is None:
            now = self._clock.now()
            await batch.stored()
            owed = await self._store.write(lambda unit: give_up(unit, part, batch, code, now))
            part.outbox.accept(owed)
            self._tally.ended(part.character.name, batch.address.platform, "failed", code)
            return
        work.batch.commit_to()
        apology = self._apology(work)
        await self._scribe.write(work, InboundStatus.FAILED, code, say=apology, actions=())

    def _apology(self, work: Work) -> Reply | None:
        now = self._clock.monotonic()
        text = work.part.policy.apology
        if work.lead.kind is not Kind.MESSAGE or work.rule in _UNASKED or not text:
            return None
        if now - work.spot.apologised_at < _APOLOGY_EVERY:
            return None
        work.spot.apologised_at = now
        return Reply(text, None if work.lead.is_direct else work.lead.message)

    def _carry_over(self, work: Work | None) -> None:
        """What a turn that begins anew has spent is written down by the next try."""
        if work is None:
            return
        work.end()
        if work.meter.spendings:
            self._unwritten[_who(work.batch)] = work.meter.spendings


def _who(batch: Batch) -> Hashable:
    """The person whose next turn answers what this one has not."""
    return batch.address, batch.author
