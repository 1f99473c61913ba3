"""Characters who speak first: cues for their models, within what people and settings allow.

A cue is an inbound like any other: stored once under a key of its occasion, then a turn in the
room's lane. Whether it may become words is decided in that turn, by what is true by then.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from core.clock import Clock
from core.flow.cast import Cast, Part
from core.flow.comings import LEFT, Comings
from core.flow.habits import JOINED, Habits
from core.flow.inner import cue
from core.flow.occasions import Occasion, Occasions, told
from core.flow.presence import entity_id, world_id
from core.flow.ranks import Ranks
from core.flow.work import Work
from core.ids import CharacterId, RoomId, string_to_uuid
from core.kept import Task
from core.memory.recent import Recent
from core.messages import Address, ChannelType, Inbound, Place, Rank, Received, Room, World
from core.plugins.records import Worker
from core.ports import Store, Unit
from core.prompting.words import named
from core.tasks import SPEAK_FIRST

log = logging.getLogger(__name__)

_EVERY = 1.0
_BETWEEN = 0.2
"""Seconds between two rooms at the same time of day: models and platforms have their rates."""
_STALE = timedelta(minutes=15)
"""A cue that has waited longer, for a process that was away, is not taken up."""
_WHOLE_SECONDS = timedelta(seconds=1)
"""Platforms tell time by those."""
_GREETING_ROOMS = ("welcome", "general", "lobby", "chat")
_DIRECT = frozenset({ChannelType.DM, ChannelType.VOICE_DM})

Hand = Callable[[Sequence[Received]], Awaitable[None]]


class Book(Protocol):
    async def create(self, task: Task) -> str: ...


class Initiative:
    """`hand` is the intake."""

    def __init__(
        self,
        cast: Cast,
        store: Store,
        recent: Recent,
        ranks: Ranks,
        comings: Comings,
        book: Book,
        hand: Hand,
        clock: Clock,
    ) -> None:
        self._cast = cast
        self._store = store
        self._recent = recent
        self._ranks = ranks
        self._comings = comings
        self._book = book
        self._hand = hand
        self._clock = clock
        self._occasions = Occasions(cast, store, clock)
        self.worker = Worker(SPEAK_FIRST, self._speak_first)
        """Does what plugins, and events, have asked for."""

    async def run(self) -> None:
        """Look at the clock, until cancelled."""
        while True:
            try:
                for occasion in await self._occasions.due():
                    await self._cue(occasion)
                    await self._clock.sleep(_BETWEEN)
            except Exception:  # the wall round what nobody has asked for
                log.exception("nobody speaks first for now")
            await self._clock.sleep(_EVERY)

    # --- what turns tell and ask -----------------------------------------------------------------

    def heard(self, work: Work) -> None:
        """Somebody has spoken, and the turn of it is over."""
        if work.part.policy.habits is None:
            return
        spot, lead = work.spot, work.lead
        at = max(lead.sent_at, spot.since)
        self._occasions.heard(lead.address, at, takes_part=spot.has_answered)

    def moved(self, old: Address, new: Address) -> None:
        self._occasions.moved(old, new)

    async def refusal(self, work: Work) -> str:
        """Why a cue comes to nothing now, as the rule that is written down; empty where it may."""
        habits, now = work.part.policy.habits, self._clock.now()
        if habits is None:
            return "initiative-off"
        if work.spot.muted:
            return "muted"
        if await self._comings.has_left(work.part, work.spot.room):
            return LEFT
        if now - work.lead.sent_at > _STALE:
            return "stale"
        if await self._is_off(work):
            return "initiative-off-here"
        times = await self._times(work.lead.address)
        if _today(times, now) >= habits.per_day:
            return "initiative-spent"
        if times and not await self._was_answered(work, times[-1]):
            return "unanswered"
        return ""

    async def joined(self, work: Work) -> None:
        """Somebody has come: a task to greet them, in the room where people meet."""
        part, lead = work.part, work.lead
        habits = part.policy.habits
        if habits is None or not work.rules.greets(otherwise=JOINED in habits.on):
            return
        people = [one for one in lead.joined if not one.is_bot and one.id != _number(part)]
        if not people or lead.is_direct:
            return
        if (room := await self._meeting_room(part, lead, work.rules.greeting_room)) is None:
            return
        names = ", ".join(named(one.name) for one in people[:5])
        # A platform may tell of it twice: to everybody, and to an admin.
        who = ",".join(sorted(one.id for one in people))
        task = Task(
            id=string_to_uuid(f"{lead.address.account}:joined:{lead.address.room}:{who}"),
            character=part.id,
            name=SPEAK_FIRST,
            room=room,
            metadata={"reason": f"Somebody has just joined: {names}."},
            due_at=lead.sent_at.replace(second=0, microsecond=0),
        )
        await self._book.create(task)

    async def command(self, work: Work) -> str:
        """What /initiative is answered; what it changes goes into the turn's own transaction."""
        part, lead = work.part, work.lead
        habits = part.policy.habits
        if habits is None:
            return "I never speak here without being spoken to."
        match lead.arguments.strip().lower():
            case "on" | "off" as wish:
                if await self._ranks.of(part, lead, work.spot) < Rank.ADMIN:
                    return "Only admins of this group can change that."
                self._switch(work, off=wish == "off")
                if wish == "off":
                    return "I will not speak here by myself any more. /initiative on changes that."
                return f"{await self._told(work, habits)} /initiative off stops that."
            case "" | "status":
                if await self._is_off(work):
                    return "I do not speak here by myself: it is switched off. /initiative on changes that."
                return f"{await self._told(work, habits)} /initiative off stops that."
            case _:
                return "I understand /initiative on, /initiative off and /initiative status."

    # --- limits ----------------------------------------------------------------------------------

    async def _is_off(self, work: Work) -> bool:
        part, key, now = work.part, _key(work.spot.room), self._clock.now()
        found = await self._store.read(lambda unit: unit.cache.get(part.id, key, now))
        return isinstance(found, Mapping) and bool(found.get("off"))

    def _switch(self, work: Work, *, off: bool) -> None:
        part, key = work.part, _key(work.spot.room)

        def put(unit: Unit) -> None:
            if off:
                unit.cache.put(part.id, key, {"off": True})
            else:
                unit.cache.drop(part.id, key)

        work.later.append(put)

    async def _times(self, address: Address) -> list[datetime]:
        return await self._store.read(lambda unit: unit.inbox.cues(address))

    async def _was_answered(self, work: Work, since: datetime) -> bool:
        """Whether a person has said anything since; our others are no answer."""
        part, address = work.part, work.lead.address
        if work.private or not part.policy.history:  # nothing that was said can be looked up
            last = self._occasions.last_heard(address)
            return last is not None and last >= since - _WHOLE_SECONDS
        lines = await self._recent.lines(part.id, work.spot.room, part.policy.history)
        colleagues = {
            entity_id(part.id, address, _number(one))
            for one in self._cast
            if one.platform.name == address.platform
        }
        said = (line.at for line in lines if not line.ours and line.author not in colleagues)
        return any(at >= since - _WHOLE_SECONDS for at in said)

    async def _told(self, work: Work, habits: Habits) -> str:
        when = [f"at {', '.join(f'{one:%H:%M}' for one in habits.at)} UTC"] if habits.at else []
        if habits.after:
            when.append(f"after {told(habits.after)} of silence")
        if JOINED in habits.on:
            when.append("when somebody joins")
        used = _today(await self._times(work.lead.address), self._clock.now())
        left = max(0, habits.per_day - used)
        usually = f" ({'; '.join(when)})" if when else ""
        return (
            f"I may say something here by myself{usually}, at most {habits.per_day} times a day; "
            f"today {left} are left."
        )

    # --- cues --------------------------------------------------------------------------------------

    async def _speak_first(self, runtime: Any, options: Mapping[str, Any], task: Task) -> None:
        """Raises LookupError while her link is away, so that it is tried again."""
        if task.room is None:
            return
        at = task.due_at or task.updated_at or self._clock.now()
        key = f"{task.id}:{round(at.timestamp() * 1000)}"
        reason = str(options.get("reason") or "There is something you wanted to say.")
        room, world = await self._room(task.character, task.room)
        if room is None:
            log.info("a task %s names a room that is gone", task.name)
            return
        if self._cast.on(room.address.account) is None:
            raise LookupError("the character is not there now")
        await self._hand([self._received(room, world, reason, key)])

    async def _cue(self, occasion: Occasion) -> None:
        part = self._cast.on(occasion.address.account)
        if part is None:
            return

        def look(unit: Unit) -> tuple[Room | None, World | None]:
            room = unit.rooms.find(part.id, occasion.address)
            return room, unit.rooms.world(part.id, room.world) if room else None

        room, world = await self._store.read(look)
        if room is not None:
            await self._hand([self._received(room, world, occasion.reason, occasion.key)])

    def _received(self, room: Room, world: World | None, reason: str, key: str) -> Received:
        place = Place(
            room.channel,
            room.name,
            world.server if world else "",
            world.name if world else "",
        )
        return cue(room.address, place, reason, key=key, now=self._clock.now())

    async def _room(self, character: CharacterId, room: RoomId) -> tuple[Room | None, World | None]:
        def look(unit: Unit) -> tuple[Room | None, World | None]:
            found = next(iter(unit.rooms.get(character, [room])), None)
            return found, unit.rooms.world(character, found.world) if found else None

        return await self._store.read(look)

    async def _meeting_room(self, part: Part, lead: Inbound, wanted: str = "") -> RoomId | None:
        """The channel that its admins want, else where it was told, or where there was talk last."""
        await self._occasions.know(part)
        world = world_id(part.id, lead.address, lead.place.world)

        def look(unit: Unit) -> tuple[Room | None, list[Room]]:
            return unit.rooms.find(part.id, lead.address), unit.rooms.within(part.id, world)

        here, rooms = await self._store.read(look)
        by_address = {room.address: room.id for room in rooms}
        if (chosen := by_address.get(lead.address._replace(room=wanted, thread=""))) is not None:
            return chosen
        if here is not None and here.channel not in (ChannelType.WORLD, *_DIRECT):
            return here.id
        talked = (by_address.get(one) for one in self._occasions.rooms(lead.address.account))
        greeting = (
            room.id
            for name in _GREETING_ROOMS
            for room in rooms
            if room.name.lower().lstrip("#") == name
        )
        return next(filter(None, talked), None) or next(greeting, None)


def _today(times: Sequence[datetime], now: datetime) -> int:
    return sum(one.date() == now.date() for one in times)


def _key(room: RoomId) -> str:
    return f"troupe:initiative:{room}"


def _number(part: Part) -> str:
    """A bot's id on its platform."""
    return part.platform.account.partition(":")[2]
