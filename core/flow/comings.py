"""Who comes, goes and rises, and what rooms are called, as far as it is kept here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from core.clock import Clock
from core.flow.cast import Part
from core.flow.presence import Presence, entity_id, entity_of
from core.flow.ranks import Ranks
from core.flow.work import Work
from core.ids import CharacterId, EntityId, RoomId, WorldId
from core.messages import Author, ChannelType, Kind
from core.ports import Store, Unit

LEFT = "left"
"""The rule by which nothing is said where she has been put out, or is blocked."""

_AT_ONCE = 50
"""Who of a crowd that comes is known before speaking; the others are met when they speak."""


class Comings:
    """Nothing is asked of a platform: what it tells is taken over, and what it does not is learnt
    when somebody speaks."""

    def __init__(self, store: Store, presence: Presence, ranks: Ranks, clock: Clock) -> None:
        self._store = store
        self._presence = presence
        self._ranks = ranks
        self._clock = clock

    def __call__(self, work: Work) -> None:
        """Reflect what a turn was told; it is written with that turn's own transaction."""
        lead = work.lead
        if lead.kind not in (Kind.MEMBER, Kind.WORLD):
            return
        part = work.part
        ours = part.platform.account.partition(":")[2]
        is_server = lead.place.channel is ChannelType.WORLD
        if lead.left or any(one.id == ours for one in lead.joined):
            # A server's rooms are many: it is kept of the server.
            where = work.spot.world if is_server else work.spot.room
            work.later.append(partial(_mark, part.id, where, left=lead.left))
        elif lead.kind is Kind.WORLD and is_server:  # only who is in it is told of it
            work.later.append(partial(_mark, part.id, work.spot.world, left=False))
        if lead.kind is Kind.WORLD:
            self._ranks.all_unsure(work.spot.world)
        come = [one for one in lead.joined if one.id and one.id != ours][:_AT_ONCE]
        gone = [one for one in lead.parted if one.id and one.id != ours]
        if come and not work.spot.new:
            self._come(work, come)
        if gone:
            self._go(work, gone)
        for who, rank in lead.ranked:
            self._ranks.told(work.spot.world, who.id, rank)
        if lead.ranked:
            self._rename(work, [who for who, _ in lead.ranked])

    async def has_left(self, part: Part, room: RoomId) -> bool:
        """Whether nothing can be said in a room, as far as the platform has told."""
        now = self._clock.now()

        def look(unit: Unit) -> bool:
            places: list[RoomId | WorldId] = [room]
            places += [one.world for one in unit.rooms.get(part.id, [room])]
            return any(unit.cache.get(part.id, _key(one), now) is not None for one in places)

        return await self._store.read(look)

    async def is_new(self, work: Work) -> bool:
        """Whether a server is told of for the first time since we have come into it."""
        part, key, now = work.part.id, _met(work.spot.world), self._clock.now()
        if await self._store.read(lambda unit: unit.cache.get(part, key, now)) is not None:
            return False
        work.later.append(lambda unit: unit.cache.put(part, key, {"met": True}))
        return True

    def gone(self, work: Work, *, everywhere: bool) -> None:
        """We take part in a room no more, or in none of its server's."""
        part, spot = work.part, work.spot

        def leave(unit: Unit) -> None:
            rooms = [one.id for one in unit.rooms.within(part.id, spot.world)] if everywhere else []
            for room in (*rooms, spot.room):
                unit.people.leave(part.id, room, EntityId(part.id))

        work.later.append(leave)

    def _come(self, work: Work, people: Sequence[Author]) -> None:
        part, spot, lead = work.part, work.spot, work.lead
        met = [entity_of(part.id, lead.address, one) for one in people]

        def meet(unit: Unit) -> None:
            unit.people.meet(met)
            unit.people.join(part.id, spot.room, [one.id for one in met])

        work.later.append(meet)
        for one in people:
            self._ranks.unsure(spot.world, one.id)

    def _rename(self, work: Work, people: Sequence[Author]) -> None:
        """What was told of somebody says what they are called, too."""
        part, lead = work.part, work.lead
        shown = [entity_of(part.id, lead.address, one) for one in people if one.name]

        def meet(unit: Unit) -> None:
            known = {one.id for one in unit.people.known(part.id, [one.id for one in shown])}
            unit.people.meet([one for one in shown if one.id in known])

        work.later.append(meet)

    def _go(self, work: Work, people: Sequence[Author]) -> None:
        part, spot, lead = work.part, work.spot, work.lead
        gone = [entity_id(part.id, lead.address, one.id) for one in people]

        def part_with(unit: Unit) -> None:
            here = {spot.room, *(one.id for one in unit.rooms.within(part.id, spot.world))}
            for one in gone:
                for room in here.intersection(unit.people.rooms_of(part.id, [one])):
                    unit.people.leave(part.id, room, one)

        work.later.append(part_with)
        self._presence.parted(part.id, spot.world, gone)
        for one in people:
            self._ranks.unsure(spot.world, one.id)


def _mark(character: CharacterId, where: RoomId | WorldId, unit: Unit, *, left: bool) -> None:
    if left:
        unit.cache.put(character, _key(where), {"left": True})
        unit.cache.drop(character, _met(where))
    else:
        unit.cache.drop(character, _key(where))


def _key(where: RoomId | WorldId) -> str:
    return f"troupe:left:{where}"


def _met(where: RoomId | WorldId) -> str:
    return f"troupe:met:{where}"
