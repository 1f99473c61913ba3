"""Setting the scene of a turn: what was said, who is here, what may be done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from core.clock import Clock
from core.flow.cast import Cast, Part
from core.flow.floor import Floor
from core.flow.presence import entity_id
from core.flow.reach import nothing_to_choose
from core.flow.work import Work
from core.ids import Account, CharacterId, EntityId, RoomId, WorldId
from core.memory.recent import Recent
from core.messages import Entity, Inbound, Rank, World
from core.plugins.records import Action, Turn
from core.ports import Store
from core.state import Colleague, Line, Remembering, Scene

_ASKED = 24_000
"""Characters of open messages that one answer looks at; the older ones are remembered only."""
_PEOPLE = 24
_ABOUT = 120

Choices = Callable[[CharacterId, RoomId], Sequence[Mapping[str, Any]]]


class Scenery:
    """Everything comes from memory, but for a room in which nobody has spoken lately."""

    def __init__(
        self,
        cast: Cast,
        store: Store,
        recent: Recent,
        floor: Floor,
        clock: Clock,
        world: Callable[[Part, WorldId], Awaitable[World | None]],
        choices: Choices = nothing_to_choose,
        remember: Remembering | None = None,
    ) -> None:
        """`world` finds a server with its roles and settings, mostly without a query; `remember`
        what has to do with what is said, mostly without one too."""
        self._cast = cast
        self._store = store
        self._recent = recent
        self._floor = floor
        self._clock = clock
        self._world = world
        self._choices = choices
        self._remember = remember

    async def of(
        self,
        work: Work,
        turn: Turn,
        actions: tuple[Action, ...],
        rank: Rank,
        *,
        unsure: bool,
    ) -> Scene:
        part, spot = work.part, work.spot
        if spot.new:
            self._recent.begin(part.id, spot.room)
        history = work.before
        if history is None:
            history = await self._recent.lines(part.id, spot.room, part.policy.history)
        if work.led:
            history = (*work.led, *history)[-part.policy.history :]
        return Scene(
            character=part.character,
            settings=part.settings,
            inbound=newest(work.inbound),
            history=tuple(history) if work.mends else (*history, *self._meanwhile(work)),
            place=work.lead.place,
            now=self._clock.now(),
            unsure=unsure,
            handle=part.platform.handle,
            people=self._people(work),
            colleagues=self._colleagues(work),
            actions=actions,
            repertoire=part.gear.repertoire,
            turn=turn,
            rank=rank,
            choices=tuple(self._choices(part.id, spot.room)),
            capabilities=part.gear.capabilities,
            room=spot.room,
            person=work.person,
            world=await self._world(part, spot.world) if self._has_world(work) else None,
            read=self._store.read,
            note=None if work.private else work.later.append,
            remember=self._remember,
        )

    def _has_world(self, work: Work) -> bool:
        return not (work.lead.is_direct or work.world_is_new)

    def _meanwhile(self, work: Work) -> list[Line]:
        """What our others have just said: the platform brings it only later."""
        lead = work.lead
        if lead.is_direct:
            return []
        return [
            Line(_as_person(work, one.account), one.name, one.text, one.at, ours=False)
            for one in self._floor.unheard(lead.address, self._clock.now())
        ]

    def _people(self, work: Work) -> tuple[Entity, ...]:
        """Those who were met last; characters of ours are no people."""
        if work.lead.is_direct:
            return ()
        part, others = work.part, self._floor.others(work.lead.address)
        ours = {EntityId(part.id), *(_as_person(work, one) for one in others)}
        met = islice(reversed(work.spot.people.items()), _PEOPLE)
        return tuple(Entity(one, part.id, (name,)) for one, name in met if name and one not in ours)

    def _colleagues(self, work: Work) -> tuple[Colleague, ...]:
        if work.lead.is_direct:
            return ()
        parts = map(self._cast.on, self._floor.others(work.lead.address))
        return tuple(
            Colleague(
                part.character.name, part.platform.handle, part.character.bio[0][:_ABOUT].strip()
            )
            for part in parts
            if part is not None
        )


def _as_person(work: Work, account: Account) -> EntityId:
    """As whom the character knows another one of ours."""
    return entity_id(work.part.id, work.lead.address, account.partition(":")[2])


def newest(inbound: tuple[Inbound, ...]) -> tuple[Inbound, ...]:
    """Somebody may have written all night while no model answered."""
    size, start = 0, len(inbound) - 1
    while start > 0 and (size := size + len(inbound[start - 1].text) + 100) <= _ASKED:
        start -= 1
    return inbound[start:]
