"""A person is erased from one character: rows go, and of ledgers the words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.ids import CharacterId, EntityId, RoomId
from core.ports.persons import Forgotten, Traced
from core.store import inserts, tables
from core.store.naming import names
from core.store.traces import Found, Traces, parts
from core.store.values import read, written

_IN, _M, _OUT, _R, _W = (
    tables.inbox,
    tables.memories,
    tables.deliveries,
    tables.rooms,
    tables.worlds,
)
_CACHE, _TASKS, _SPENT, _STEPS = tables.cache, tables.tasks, tables.spendings, tables.steps
_DONE = ("sent", "failed")
_WHO = ("id", "user_id")
"""What platforms call somebody's number."""
_MARKER = "erased"
_OWED = sa.select(tables.markers.c.seq).where(tables.markers.c.name == _MARKER)
_OWE = inserts.put(tables.markers, ["name"], ["seq"])
_SCRUBBED = sa.delete(tables.markers).where(
    tables.markers.c.name == _MARKER, tables.markers.c.seq <= sa.bindparam("until")
)
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)


def erase(
    connection: sa.Connection,
    who: CharacterId,
    entity: EntityId,
    now: datetime,
    traced: Traced | None = None,
) -> Forgotten:
    """Within one transaction; a second time there is nothing left to do."""
    # Never the same twice: a scrub that is under way has not seen what goes now.
    mark = max(owed(connection) + 1, round(now.timestamp() * 1000))
    connection.execute(_OWE, {"name": _MARKER, "seq": mark})
    traces = Traces(connection, who, entity, traced)
    found = traces.memories()
    counts = Counter(one.kind for one in found.values())
    _by_key(connection, sa.delete(_M).where(_M.c.seq.in_(_IDS)), found)
    _ledgers(connection, traces)
    counts["relationships"] = _bonds(connection, who, entity)
    counts["details"] = _details(connection, who, entity)
    counts["settings"] = _settings(connection, entity)
    tasks = _tasks(connection, traces)
    counts["tasks"] = len(tasks)
    _spendings(connection, traces)
    _cache(connection, traces)
    _roles(connection, who, entity)
    _presence(connection, traces)
    # Pieces are of documents that are counted themselves.
    told = {kind: number for kind, number in counts.items() if number and kind != "pieces"}
    return Forgotten(
        counts=told,
        rooms=tuple(sorted({RoomId(one.id) for one in traces.rooms} | _rooms_of(found.values()))),
        files=tuple(sorted({ref for one in found.values() for ref in one.files})),
        character=who,
        entity=entity,
        tasks=tuple(tasks),
    )


# --- what is left in the file ----------------------------------------------------------------------


def owed(connection: sa.Connection) -> int:
    """When somebody was last erased since the file was scrubbed; 0: nobody was."""
    return connection.execute(_OWED).scalar() or 0


def scrubbed(connection: sa.Connection, until: int) -> None:
    """The file holds nothing any more of whoever was erased until then."""
    connection.execute(_SCRUBBED, {"until": until})


def _rooms_of(found: Iterable[Found]) -> set[RoomId]:
    return {RoomId(one.room) for one in found}


def _by_key(db: sa.Connection, statement: Any, keys: Iterable[Any]) -> int:
    """Of many rows, a few hundred at a time."""
    return sum(db.execute(statement, {"ids": list(some)}).rowcount for some in parts(sorted(keys)))


# --- both ledgers and what turns have done ---------------------------------------------------------


def _ledgers(db: sa.Connection, traces: Traces) -> None:
    """Keys stay, because they are what makes a late repeat harmless; words and authors go."""
    blank = {"payload": "", "author": ""}
    _by_key(db, sa.update(_IN).where(_IN.c.id.in_(_IDS)).values(**blank), traces.inbox_rows)
    for room in traces.direct:
        here = (_IN.c.account == room.account, _IN.c.room == room.channel)
        there = (_IN.c.thread == room.thread, _IN.c.status != "new")
        db.execute(sa.update(_IN).where(*here, *there).values(**blank))
        _deliveries(
            db,
            sa.and_(
                _OUT.c.account == room.account,
                _OUT.c.room == room.channel,
                _OUT.c.thread == room.thread,
            ),
        )
    _quoted(db, traces)
    for some in parts(traces.turns):
        _deliveries(db, _OUT.c.turn_id.in_(some))
        _steps(db, some)


def _deliveries(db: sa.Connection, which: Any) -> None:
    """What is open still goes out, and its words go with that."""
    db.execute(sa.update(_OUT).where(which, _OUT.c.status.in_(_DONE)).values(payload=""))
    db.execute(sa.update(_OUT).where(which, _OUT.c.status.not_in(_DONE)).values(private=True))


def _steps(db: sa.Connection, turns: Iterable[str]) -> None:
    plan = _STEPS.alias("plan")
    going_on = sa.select(plan.c.turn_id).where(
        plan.c.ordinal == sa.literal_column("0"),
        plan.c.status == sa.literal_column("'started'"),
    )
    db.execute(
        sa.update(_STEPS)
        .where(_STEPS.c.turn_id.in_(list(turns)), _STEPS.c.turn_id.not_in(going_on))
        .values(result="{}")
    )


def _quoted(db: sa.Connection, traces: Traces) -> None:
    """Platforms repeat a person's words and name in what others answer and how they mark them.

    Of what is finished the payload is read by nobody any more.
    """
    for account, author in traces.authors:
        found = db.execute(
            sa.select(_IN.c.id, _IN.c.payload).where(
                _IN.c.account == account,
                _IN.c.status != "new",
                _IN.c.payload.contains(author, autoescape=True),
            )
        )
        quoting = [row.id for row in found if names(row.payload, (author,), _WHO)]
        _by_key(db, sa.update(_IN).where(_IN.c.id.in_(_IDS)).values(payload=""), quoting)


# --- what is kept beside talk ----------------------------------------------------------------------


def _bonds(db: sa.Connection, who: CharacterId, entity: EntityId) -> int:
    bonds = tables.relationships
    of_them = sa.or_(bonds.c.source_id == entity, bonds.c.target_id == entity)
    return db.execute(sa.delete(bonds).where(bonds.c.character_id == who, of_them)).rowcount


def _details(db: sa.Connection, who: CharacterId, entity: EntityId) -> int:
    details = tables.components
    of_them = sa.or_(details.c.entity_id == entity, details.c.source_id == entity)
    return db.execute(sa.delete(details).where(details.c.character_id == who, of_them)).rowcount


def _settings(db: sa.Connection, entity: EntityId) -> int:
    notes = tables.settings
    return db.execute(sa.delete(notes).where(notes.c.owner == entity)).rowcount


def _tasks(db: sa.Connection, traces: Traces) -> list[str]:
    rooms = [one.id for one in traces.direct]
    found = db.execute(
        sa.select(_TASKS.c.id).where(
            _TASKS.c.character_id == traces.who,
            sa.or_(
                _TASKS.c.entity_id == traces.entity,
                _TASKS.c.metadata.contains(traces.entity, autoescape=True),
                _TASKS.c.room_id.in_(rooms),
            ),
        )
    )
    tasks = list(found.scalars())
    _by_key(db, sa.delete(_TASKS).where(_TASKS.c.id.in_(_IDS)), tasks)
    return tasks


def _spendings(db: sa.Connection, traces: Traces) -> None:
    """The sums stay; whom and where they were spent for does not."""
    rooms = [one.id for one in traces.direct]
    db.execute(
        sa.update(_SPENT)
        .where(
            _SPENT.c.character_id == traces.who,
            sa.or_(_SPENT.c.entity_id == traces.entity, _SPENT.c.room_id.in_(rooms)),
        )
        .values(
            entity_id=None,
            room_id=sa.case((_SPENT.c.room_id.in_(rooms), None), else_=_SPENT.c.room_id),
        )
    )


def _cache(db: sa.Connection, traces: Traces) -> None:
    named = (traces.entity, *(one.id for one in traces.direct))
    hers = sa.select(_CACHE.c.key).where(_CACHE.c.character_id == traces.who)
    keys = [key for key in db.execute(hers).scalars() if any(one in key for one in named)]
    here = sa.and_(_CACHE.c.character_id == traces.who, _CACHE.c.key.in_(_IDS))
    _by_key(db, sa.delete(_CACHE).where(here), keys)


def _roles(db: sa.Connection, who: CharacterId, entity: EntityId) -> None:
    """What a world says of them, wherever in it."""
    found = db.execute(
        sa.select(_W.c.id, _W.c.metadata).where(
            _W.c.character_id == who, _W.c.metadata.contains(entity, autoescape=True)
        )
    )
    for row in list(found):
        without = written(_without(read(row.metadata), entity))
        db.execute(sa.update(_W).where(_W.c.id == row.id).values(metadata=without))


def _without(value: Any, entity: str) -> Any:
    if isinstance(value, Mapping):
        kept = ((name, one) for name, one in value.items() if entity not in (name, one))
        return {name: _without(one, entity) for name, one in kept}
    if isinstance(value, list):
        return [_without(one, entity) for one in value if one != entity]
    return value


def _presence(db: sa.Connection, traces: Traces) -> None:
    """Who they are and where; a direct chat is theirs alone, and goes as a whole."""
    people, here = tables.entities, tables.participants
    theirs = sa.and_(here.c.entity_id == traces.entity, here.c.character_id == traces.who)
    db.execute(sa.delete(here).where(theirs))
    db.execute(
        sa.delete(people).where(people.c.id == traces.entity, people.c.character_id == traces.who)
    )
    rooms = [one.id for one in traces.direct]
    _by_key(db, sa.delete(here).where(here.c.room_id.in_(_IDS)), rooms)
    _by_key(db, sa.delete(_R).where(_R.c.id.in_(_IDS)), rooms)
    empty = sa.and_(_W.c.id.in_(_IDS), ~sa.exists().where(_R.c.world_id == _W.c.id))
    _by_key(db, sa.delete(_W).where(empty), {one.world for one in traces.direct})
