"""Where a bond was noticed: what was learned of it in one room is not told in another (G36)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.ids import RoomId
from core.kept import Relationship
from core.ports import Unit

_ROOMS = "rooms"
_MOST = 50
"""Rooms of one bond, the latest."""


def noticed(
    bond: Relationship, room: RoomId, tags: frozenset[str], now: datetime, since: datetime | None
) -> Relationship:
    """Once more, in this room; `since` is when talk there began afresh."""
    rooms = dict(_rooms(bond) or {})
    here = rooms.pop(room, {})
    if not _is_open(here, since):
        here = {}
    rooms[room] = {
        "tags": sorted(tags.union(here.get("tags", ()))),
        "interactions": here.get("interactions", 0) + 1,
        "at": now.isoformat(),
    }
    count = bond.metadata.get("interactions", 0)
    metadata = {
        **bond.metadata,
        "interactions": (count if isinstance(count, int) else 0) + 1,
        _ROOMS: dict(list(rooms.items())[-_MOST:]),
    }
    return replace(bond, tags=bond.tags | tags, metadata=metadata)


def told_in(unit: Unit, bond: Relationship, places: Iterable[RoomId]) -> Relationship | None:
    """As far as it was noticed in these rooms; None where it was not. What a plugin has made of it
    is bound to no room."""
    rooms = _rooms(bond)
    if rooms is None:
        return bond
    elsewhere = frozenset(tag for one in rooms.values() for tag in one.get("tags", ()))
    here = [
        rooms[one]
        for one in places
        if one in rooms and _is_open(rooms[one], unit.rooms.forgotten_before(bond.character, one))
    ]
    tags = (bond.tags - elsewhere).union(*(one.get("tags", ()) for one in here))
    if not (here or tags):
        return None
    count = sum(one.get("interactions", 0) for one in here)
    return replace(bond, tags=tags, metadata={**bond.metadata, "interactions": count})


def _rooms(bond: Relationship) -> Mapping[str, Any] | None:
    found = bond.metadata.get(_ROOMS)
    return found if isinstance(found, Mapping) else None


def _is_open(noticed: Mapping[str, Any], since: datetime | None) -> bool:
    return since is None or datetime.fromisoformat(str(noticed.get("at"))) >= since
