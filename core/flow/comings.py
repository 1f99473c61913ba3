"""Who comes, goes and rises, and what rooms are called, as far as it is kept here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from core.clock import Clock
from core.flow.cast import Part
from core.flow.presence import Presence, entity_id, entity_of
from core.flow.ranks import Ranks
from core.flow.work import Work
from core.ids import CharacterId, RoomId
from core.messages import Author, Kind
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
        if lead.left or any(one.id == ours for one in lead.joined):
            work.later.append(partial(_mark, part.id, work.spot.room, left=lead.left))
        come = [one for one in lead.joined if one.id and one.id != ours][:_AT_ONCE]
        gone = [one for one in lead.parted if one.id and one.id != ours]
        if come and not work.spot.new:
            self._come(work, come)
        if gone:
            self._go(work, gone)
        for who, rank in lead.ranked:
            self._ranks.told(lead.address, who.id, rank)

    async def has_left(self, part: Part, room: RoomId) -> bool:
        """Whether nothing can be said in a room, as far as the platform has told."""
        now = self._clock.now()
        found = await self._store.read(lambda unit: unit.cache.get(part.id, _key(room), now))
        return found is not None

    def _come(self, work: Work, people: Sequence[Author]) -> None:
        part, spot, lead = work.part, work.spot, work.lead
        met = [entity_of(part.id, lead.address, one) for one in people]

        def meet(unit: Unit) -> None:
            unit.people.meet(met)
            unit.people.join(part.id, spot.room, [one.id for one in met])

        work.later.append(meet)
        for one in people:
            self._ranks.unsure(lead.address, one.id)

    def _go(self, work: Work, people: Sequence[Author]) -> None:
        part, spot, lead = work.part, work.spot, work.lead
        gone = [entity_id(part.id, lead.address, one.id) for one in people]

        def part_with(unit: Unit) -> None:
            for room in {spot.room, *(one.id for one in unit.rooms.within(part.id, spot.world))}:
                for one in gone:
                    unit.people.leave(part.id, room, one)

        work.later.append(part_with)
        self._presence.parted(part.id, spot.world, gone)
        for one in people:
            self._ranks.unsure(lead.address, one.id)


def _mark(character: CharacterId, room: RoomId, unit: Unit, *, left: bool) -> None:
    if left:
        unit.cache.put(character, _key(room), {"left": True})
    else:
        unit.cache.drop(character, _key(room))


def _key(room: RoomId) -> str:
    return f"troupe:left:{room}"
