"""Where a person has left traces with one character: their accounts, rooms, memories, turns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa

from core.files import refs_in
from core.ids import CharacterId, EntityId, turn_of, unique_uuid
from core.messages import ChannelType
from core.ports.persons import Traced
from core.store import tables
from core.store.values import read

_E, _IN, _M = tables.entities, tables.inbox, tables.memories
_P, _R = tables.participants, tables.rooms
T = TypeVar("T")

AT_ONCE = 500
"""Values in one question."""
_DIRECT = (ChannelType.DM.value, ChannelType.VOICE_DM.value)
_KNOWLEDGE = ("facts", "documents", "knowledge")
_THEIRS = ("about", "sentBy")
"""Metadata that says whose a fact or a document is, where its author does not."""

_ENTITY = sa.select(_E).where(
    _E.c.id == sa.bindparam("entity"), _E.c.character_id == sa.bindparam("who")
)
_ACCOUNTS = sa.select(_R.c.account).distinct().where(_R.c.character_id == sa.bindparam("who"))
_AUTHORS = (
    sa.select(_IN.c.account, _IN.c.author)
    .distinct()
    .where(_IN.c.account.in_(sa.bindparam("accounts", expanding=True)), _IN.c.author != "")
)
_TAKES_PART_IN = sa.select(_P.c.room_id).where(
    _P.c.entity_id == sa.bindparam("entity"), _P.c.character_id == sa.bindparam("who")
)
_ROOMS = sa.select(_R).where(
    _R.c.id.in_(sa.bindparam("ids", expanding=True)), _R.c.character_id == sa.bindparam("who")
)
_OTHERS_IN = (
    sa.select(_M.c.room_id)
    .distinct()
    .where(
        _M.c.room_id.in_(sa.bindparam("ids", expanding=True)),
        _M.c.type == sa.literal_column("'messages'"),
        _M.c.entity_id != sa.bindparam("who"),
        _M.c.entity_id != sa.bindparam("entity"),
    )
)
_WHAT = (_M.c.seq, _M.c.id, _M.c.room_id, _M.c.entity_id, _M.c.type, _M.c.content, _M.c.metadata)
_SAID = sa.select(*_WHAT).where(
    _M.c.character_id == sa.bindparam("who"), _M.c.entity_id == sa.bindparam("entity")
)
_ALL_OF = sa.select(*_WHAT).where(
    _M.c.room_id.in_(sa.bindparam("ids", expanding=True)),
    _M.c.character_id == sa.bindparam("who"),
)
_OURS = sa.select(*_WHAT).where(
    _M.c.character_id == sa.bindparam("who"),
    _M.c.entity_id == sa.bindparam("who"),
    _M.c.type.not_in(_KNOWLEDGE),
)
_OURS_IN = _OURS.where(_M.c.room_id.in_(sa.bindparam("ids", expanding=True)))
_THESE = _M.c.seq.in_(sa.bindparam("ids", expanding=True))
_NEWEST = sa.select(sa.func.coalesce(sa.func.max(_M.c.seq), 0))
_LORE = _M.c.type != sa.literal_column("'messages'")  # as in its index
_NAMES_THEM = sa.select(*_WHAT).where(
    _M.c.character_id == sa.bindparam("who"),
    _LORE,
    _M.c.metadata.like(sa.bindparam("named")),
)
_OF_NOBODY = sa.select(*_WHAT).where(
    _M.c.room_id.in_(sa.bindparam("ids", expanding=True)),
    _M.c.character_id == sa.bindparam("who"),
    _M.c.type == sa.literal_column("'facts'"),
    _M.c.entity_id == sa.bindparam("who"),
)
_PIECES = sa.select(_M.c.seq, _M.c.id, _M.c.room_id, _M.c.metadata).where(
    _M.c.character_id == sa.bindparam("who"), _LORE, _M.c.type == "knowledge"
)


class Room(NamedTuple):
    id: str
    account: str
    channel: str
    thread: str
    world: str
    direct: bool
    """Nobody else has ever spoken there but the character."""


class Found(NamedTuple):
    """One memory."""

    seq: int
    kind: str
    """In people's words."""
    room: str
    files: tuple[str, ...] = ()
    """Those of ours that it names."""


class Traces:
    """Read within the transaction that is to erase them, or to tell of them."""

    def __init__(
        self,
        connection: sa.Connection,
        who: CharacterId,
        entity: EntityId,
        traced: Traced | None = None,
    ) -> None:
        """`traced` is what an earlier look has found."""
        self._db = connection
        self._traced = traced
        # First of all: each question sees the database as it is by then.
        self._newest = connection.execute(_NEWEST).scalar_one()
        self._asked = {"who": who, "entity": entity, "named": f"%{entity}%"}
        self.who = who
        self.entity = entity
        self.known = connection.execute(_ENTITY, self._asked).one_or_none()
        self.authors = traced.authors if traced else tuple(self._authors())
        """Account and author, as the inbox names them."""
        self._said = self._said_by_them()
        self.rooms = tuple(self._rooms())

    @property
    def direct(self) -> list[Room]:
        return [one for one in self.rooms if one.direct]

    @property
    def shared(self) -> list[Room]:
        return [one for one in self.rooms if not one.direct]

    def traced(self) -> Traced:
        """For whoever erases them after this; rows that come meanwhile are newer."""
        groups = [one.id for one in self.shared]
        return Traced(
            self._newest,
            tuple(row.seq for row in self._said),
            tuple(row.seq for row in self._answers(groups)),
            frozenset(row.id for row in self._said if row.type == "messages"),
            self.authors,
        )

    def _said_by_them(self) -> list[Any]:
        if self._traced is None:
            return list(self._db.execute(_SAID, self._asked))
        newer = self._db.execute(_SAID.where(_M.c.seq > self._traced.upto), self._asked)
        return [*self.in_parts(_SAID.where(_THESE), self._traced.said), *newer]

    def _authors(self) -> Iterator[tuple[str, str]]:
        """By what the platform told of them, else by trying everybody who is in the inbox."""
        accounts = list(self._db.execute(_ACCOUNTS, self._asked).scalars())
        told = read(self.known.metadata) if self.known is not None else {}
        ids = {
            (account, str(one["id"]))
            for account in accounts
            if isinstance(one := told.get(account.partition(":")[0]), dict) and one.get("id")
        }
        theirs = [one for one in ids if self._are_they(*one)]
        if not theirs:
            found = self._db.execute(_AUTHORS, {"accounts": accounts}) if accounts else ()
            theirs = [
                (row.account, row.author)
                for row in found
                if self._are_they(row.account, row.author)
            ]
        yield from sorted(theirs)

    def _are_they(self, account: str, author: str) -> bool:
        return unique_uuid(self.who, f"{account}:{author}") == self.entity

    def _rooms(self) -> Iterator[Room]:
        ids = set(self._db.execute(_TAKES_PART_IN, self._asked).scalars())
        # Whoever has left a room has still spoken there.
        ids |= {row.room_id for row in self._said}
        rows = self.in_parts(_ROOMS, ids)
        direct = {row.id for row in rows if row.type in _DIRECT}
        direct -= {row.room_id for row in self.in_parts(_OTHERS_IN, direct)}
        for row in rows:
            yield Room(row.id, row.account, row.channel, row.thread, row.world_id, row.id in direct)

    # --- what is remembered --------------------------------------------------------------------

    def memories(self, *, answers: bool = True) -> dict[int, Found]:
        """Everything to be erased: theirs, about them, in answer to them, and all of direct chats.

        Without `answers`, none that were given in company.
        """
        found: dict[int, Found] = {}
        said, documents = set[str](), set[str]()

        def take(row: Any, kind: str) -> None:
            files = tuple(refs_in(row.content)) if "file:" in row.content else ()
            found.setdefault(row.seq, Found(row.seq, kind, row.room_id, files))

        theirs = self._said + [
            row
            for row in self._db.execute(_NAMES_THEM, self._asked)
            if self._is_of_them(read(row.metadata) or {})
        ]
        here = self.in_parts(_ALL_OF, [one.id for one in self.direct])
        for row in theirs:
            take(row, _called(row.type))
        for row in here:
            ours = row.type == "messages" and row.entity_id == self.who
            take(row, "answers" if ours else _called(row.type))
        for row in (*theirs, *here):
            if row.type == "messages":
                said.add(row.id)
            elif row.type == "documents":
                documents.add(row.id)
        groups = [one.id for one in self.shared]
        found_answers = self._answers(groups) if answers else ()
        for row in found_answers:
            take(row, "answers")
        for row in self.in_parts(_OF_NOBODY, groups) if said else ():
            metadata = read(row.metadata) or {}
            if not metadata.get("about") and not said.isdisjoint(metadata.get("sources") or ()):
                take(row, "facts")
        if documents:
            for piece in self._db.execute(_PIECES, self._asked):
                if (read(piece.metadata) or {}).get("documentId") in documents:
                    found.setdefault(piece.seq, Found(piece.seq, "pieces", piece.room_id))
        return found

    @cached_property
    def turns(self) -> list[str]:
        """Those that have answered them."""
        return [turn_of(row) for row in self.inbox_rows]

    @cached_property
    def inbox_rows(self) -> list[int]:
        """What they have written, as far as its row is still there; what is open is new talk."""
        found: list[int] = []
        for account, author in self.authors:
            found += self._db.execute(
                sa.select(_IN.c.id).where(
                    _IN.c.account == account, _IN.c.author == author, _IN.c.status != "new"
                )
            ).scalars()
        return found

    def _answers(self, rooms: Sequence[str]) -> list[Any]:
        """What the character has said to them in company."""
        if self._traced is None:
            return self._all_answers(rooms)
        said = {row.id for row in self._said} | self._traced.messages
        turns = set(self.turns)
        likely = self.in_parts(_OURS.where(_THESE), self._traced.answers)
        likely += self.in_parts(_OURS_IN.where(_M.c.seq > self._traced.upto), rooms)
        return [
            row
            for row in likely
            if (read(row.content) or {}).get("inReplyTo") in said
            or (read(row.metadata) or {}).get("turn") in turns
        ]

    def _all_answers(self, rooms: Sequence[str]) -> list[Any]:
        """The database looks into the JSON itself: of a room of many years nearly everything is
        other people's."""
        theirs = sa.select(_M.c.id).where(
            _M.c.character_id == self.who, _M.c.entity_id == self.entity, _M.c.type == "messages"
        )
        turns = [
            sa.select(sa.literal("t") + sa.cast(_IN.c.id, sa.Text)).where(
                _IN.c.account == account, _IN.c.author == author
            )
            for account, author in self.authors
        ]
        turn = self._value(_M.c.metadata, "turn")
        to_them = self._value(_M.c.content, "inReplyTo").in_(theirs)
        told = sa.or_(to_them, *(turn.in_(one) for one in turns))
        return self.in_parts(_OURS_IN.where(told), rooms)

    def _value(self, column: sa.Column[str], name: str) -> sa.ColumnElement[Any]:
        """What stands in JSON under a name; each database has its own way to it."""
        if self._db.dialect.name == "postgresql":
            value: sa.ColumnElement[Any] = sa.cast(column, sa.JSON)[name].as_string()
            return value
        return sa.func.json_extract(column, f"$.{name}")

    def _is_of_them(self, metadata: dict[str, Any]) -> bool:
        return any(metadata.get(name) == self.entity for name in _THEIRS)

    def in_parts(self, query: sa.Select[Any], ids: Collection[Any]) -> list[Any]:
        """A question about many, a few hundred at a time."""
        return [
            row
            for some in parts(sorted(ids))
            for row in self._db.execute(query, {**self._asked, "ids": some})
        ]


def parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for at in range(0, len(values), AT_ONCE):
        yield values[at : at + AT_ONCE]


def _called(table: str) -> str:
    return {
        "messages": "messages",
        "facts": "facts",
        "documents": "documents",
        "knowledge": "pieces",
        "action_results": "deeds",
    }.get(table, "notes")
