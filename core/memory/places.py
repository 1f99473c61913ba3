"""Whence something may come to mind: the rooms of a question, by construction never others (G36)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.ids import CharacterId, RoomId
from core.knowledge.documents import PIECES, home
from core.messages import ChannelType, Room
from core.ports import Unit
from core.ports.finding import Scope
from core.state import Scene

DIRECT = frozenset({ChannelType.DM, ChannelType.VOICE_DM})
_PRIVATE = DIRECT | {ChannelType.SELF, ChannelType.API}
"""What was said there is for nobody else, whichever world a plugin has put the room into."""
_MOST = 500
"""Rooms of one question."""


class Reach(StrEnum):
    ROOM = "room"
    WORLD = "world"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Places:
    character: CharacterId
    room: RoomId
    others: tuple[RoomId, ...] = ()
    """Rooms from which talk and facts may come too."""
    lore: tuple[tuple[CharacterId, RoomId], ...] = ()
    """Owners of knowledge, and where they keep it."""

    @property
    def rooms(self) -> tuple[RoomId, ...]:
        return (self.room, *self.others)

    def talk(self, before: datetime) -> list[Scope]:
        """Of this room what the prompt does not show; of the others everything."""
        scopes = [Scope(self.character, (self.room,), before=before)]
        if self.others:
            scopes.append(Scope(self.character, self.others))
        return scopes

    @property
    def facts(self) -> Scope:
        return Scope(self.character, self.rooms, "facts")

    @property
    def knowledge(self) -> list[Scope]:
        """Her own and what was given to her here; what everybody may know has another owner."""
        hers = [room for owner, room in self.lore if owner == self.character]
        own = Scope(self.character, tuple(dict.fromkeys((*hers, *self.rooms))), PIECES)
        return [own, *(Scope(owner, (room,), PIECES)
                       for owner, room in self.lore if owner != self.character)]  # fmt: skip


def wide(scene: Scene, reach: Reach) -> bool:
    """Whether other rooms may be asked at all."""
    if reach is Reach.WORLD:
        return not _is_private(scene)
    return reach is Reach.PERSON and scene.is_direct and scene.person is not None


def places(
    unit: Unit, scene: Scene, room: RoomId, reach: Reach, shared: Iterable[CharacterId]
) -> Places:
    """`shared` are the owners of what everybody may know."""
    character = scene.character.agent_id
    others = _neighbours(unit, scene, room, reach) if wide(scene, reach) else []
    lore = tuple((owner, home(owner)) for owner in (character, *shared))
    return Places(character, room, tuple(one.id for one in others[:_MOST]), lore)


def _neighbours(unit: Unit, scene: Scene, room: RoomId, reach: Reach) -> list[Room]:
    character, person = scene.character.agent_id, scene.person
    if reach is Reach.WORLD:
        here = next(iter(unit.rooms.get(character, [room])), None)
        if here is None or here.channel in _PRIVATE:
            return []
        around = unit.rooms.within(character, here.world)
        return [one for one in around if one.id != room and one.channel not in _PRIVATE]
    if person is None:
        return []
    known = unit.rooms.get(character, unit.people.rooms_of(character, [person]))
    # A room that calls itself direct may have been joined by others; then it is no talk of two.
    return [
        one
        for one in known
        if one.id != room
        and one.channel in DIRECT
        and {other.id for other in unit.people.here(character, one.id, limit=3)} == {person}
    ]


def _is_private(scene: Scene) -> bool:
    return scene.is_direct or scene.place.channel in _PRIVATE
