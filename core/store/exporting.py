"""What a character keeps of a person, for that person: all of theirs, and no word of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from core.errors import BadInput
from core.ids import CharacterId, EntityId
from core.settings.schema import find
from core.store import tables
from core.store.traces import Traces
from core.store.values import read

_M = tables.memories
_BY = ("sentBy", "addedBy")

Settings = Callable[[str], Mapping[str, str | None]]


def exported(
    connection: sa.Connection, who: CharacterId, entity: EntityId, settings: Settings
) -> dict[str, Any]:
    """Fit for JSON, oldest first; `settings` unseals what somebody has set."""
    traces = Traces(connection, who, entity)
    rows = _rows(connection, traces)
    theirs = [row for row in rows if row.entity_id == entity]
    direct = {one.id for one in traces.direct}
    return {
        "about": _about(traces),
        "messages": [_said(row, traces) for row in theirs if row.type == "messages"],
        "answers": [
            _said(row, traces)
            for row in rows
            if row.type == "messages" and row.entity_id == who and row.room_id in direct
        ],
        "facts": [_fact(row) for row in rows if _is_fact(row, entity)],
        "notes": [
            {**_said(row, traces), "kind": row.type}
            for row in theirs
            if row.type not in ("messages", "facts", "documents", "knowledge")
        ],
        "details": list(_details(connection, traces)),
        "relationships": list(_relationships(connection, traces)),
        "settings": list(_settings(settings, entity)),
        "tasks": list(_tasks(connection, traces)),
        "documents": [_document(row) for row in rows if _is_theirs(row, entity)],
        "spendings": _spendings(connection, traces),
    }


def _rows(db: sa.Connection, traces: Traces) -> list[Any]:
    seqs = list(traces.memories(answers=False))
    query = sa.select(_M).where(_M.c.seq.in_(sa.bindparam("ids", expanding=True)))
    return sorted(traces.in_parts(query, seqs), key=lambda row: row.seq)


def _about(traces: Traces) -> dict[str, Any]:
    known = traces.known
    told = read(known.metadata) if known is not None else {}
    return {
        "names": read(known.names) if known is not None else [],
        "accounts": {name: one for name, one in told.items() if isinstance(one, dict)},
        "rooms": sum(1 for _ in traces.rooms),
    }


def _said(row: Any, traces: Traces) -> dict[str, Any]:
    """Where is told by what kind of place it was: its name is others' matter too."""
    content = read(row.content) or {}
    direct = any(one.id == row.room_id for one in traces.direct)
    text = str(content.get("text") or "")
    said = {
        "at": _time(row.created_at),
        "where": "direct" if direct else "group",
        "text": text,
    }
    files = [_attached(one, text) for one in _listed(content)]
    return {**said, "attachments": files} if files else said


def _attached(one: Mapping[str, Any], beside: str) -> str:
    """By its name, with what a model has found in it."""
    seen = str(one.get("description") or one.get("text") or "")
    name = str(one.get("title") or one.get("name") or "")
    return ": ".join(filter(None, (name, seen if seen not in beside else "")))


def _listed(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for one in content.get("attachments") or ():
        if isinstance(one, Mapping):
            yield one


def _is_fact(row: Any, entity: EntityId) -> bool:
    if row.type != "facts":
        return False
    return entity in (row.entity_id, (read(row.metadata) or {}).get("about"))


def _fact(row: Any) -> dict[str, Any]:
    metadata = read(row.metadata) or {}
    fact = {"at": _time(row.created_at), "text": (read(row.content) or {}).get("text") or ""}
    return fact | {name: metadata[name] for name in ("kind", "confidence") if name in metadata}


def _is_theirs(row: Any, entity: EntityId) -> bool:
    if row.type != "documents":
        return False
    metadata = read(row.metadata) or {}
    return entity in (row.entity_id, *(metadata.get(name) for name in _BY))


def _document(row: Any) -> dict[str, Any]:
    metadata, content = read(row.metadata) or {}, read(row.content) or {}
    names = ("title", "filename", "originalFilename", "contentType")
    named = {name: metadata[name] for name in names if metadata.get(name)}
    return {"at": _time(row.created_at), **named, "text": content.get("text") or ""}


def _details(db: sa.Connection, traces: Traces) -> Iterator[dict[str, Any]]:
    """What other people have put down about them is theirs to tell."""
    details = tables.components
    query = sa.select(details).where(
        details.c.entity_id == traces.entity,
        details.c.character_id == traces.who,
        sa.or_(details.c.source_id.is_(None), details.c.source_id.in_((traces.who, traces.entity))),
    )
    for row in db.execute(query.order_by(details.c.type, details.c.id)):
        yield {"type": row.type, "data": read(row.data)}


def _relationships(db: sa.Connection, traces: Traces) -> Iterator[dict[str, Any]]:
    """How they stand to somebody; who that is, unless it is the character, stays untold."""
    bonds = tables.relationships
    of_them = sa.or_(bonds.c.source_id == traces.entity, bonds.c.target_id == traces.entity)
    query = sa.select(bonds).where(bonds.c.character_id == traces.who, of_them)
    for row in db.execute(query.order_by(bonds.c.created_at, bonds.c.id)):
        outward = row.source_id == traces.entity
        other = row.target_id if outward else row.source_id
        metadata = read(row.metadata) or {}
        yield {
            "with": "the character" if other == traces.who else "another person",
            "direction": "from you" if outward else "to you",
            "tags": sorted(read(row.tags) or ()),
            "interactions": metadata.get("interactions", 0),
            "since": _time(row.created_at),
        }


def _settings(settings: Settings, entity: EntityId) -> Iterator[dict[str, Any]]:
    """A value only where it is known to be no secret."""
    try:
        kept = settings(entity)
    except BadInput:  # sealed with a key that is not at hand
        yield {"name": "?", "value": "sealed with another key"}
        return
    for name, value in sorted(kept.items()):
        key = find(name)
        if value is None:
            yield {"name": name, "value": None}
        elif key is not None and key.kind != "secret":
            yield {"name": name, "value": value}
        else:
            yield {"name": name, "value": "kept, and not shown"}


def _tasks(db: sa.Connection, traces: Traces) -> Iterator[dict[str, Any]]:
    tasks = tables.tasks
    query = sa.select(tasks).where(
        tasks.c.character_id == traces.who,
        sa.or_(
            tasks.c.entity_id == traces.entity,
            tasks.c.room_id.in_([one.id for one in traces.direct]),
        ),
    )
    for row in db.execute(query.order_by(tasks.c.seq)):
        yield {
            "name": row.name,
            "description": row.description,
            "tags": sorted(read(row.tags) or ()),
            "due": _time(row.due_at),
            "options": read(row.metadata) or {},
        }


def _spendings(db: sa.Connection, traces: Traces) -> dict[str, Any]:
    spent = tables.spendings
    row = db.execute(
        sa.select(
            sa.func.count().label("calls"),
            sa.func.sum(spent.c.prompt_tokens).label("prompt"),
            sa.func.sum(spent.c.completion_tokens).label("completion"),
            sa.func.sum(spent.c.cost).label("cost"),
            sa.func.min(spent.c.spent_at).label("since"),
        ).where(spent.c.character_id == traces.who, spent.c.entity_id == traces.entity)
    ).one()
    return {
        "calls": row.calls,
        "prompt_tokens": int(row.prompt or 0),
        "completion_tokens": int(row.completion or 0),
        "dollars": row.cost,
        "since": _time(_moment(row.since)),
    }


def _moment(value: Any) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromtimestamp(value / 1000, UTC)


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()
