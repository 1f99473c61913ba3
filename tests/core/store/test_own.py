"""A plugin has tables of its own beside ours, and no way from them into ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.mysql import TINYINT

from core.errors import BadInput
from core.ports import Unit
from core.store import tables
from core.store.engine import SqlStore, open_store
from core.store.own import prefix
from tests.core.store.rows import ADA, NOON
from tests.fakes.databases import Database

TODO = "@acme/plugin-Todo"


def schema(*more: sa.schema.SchemaItem) -> sa.MetaData:
    """Lists, and the things on them."""
    made = sa.MetaData()
    sa.Table(
        "acme_plugin_todo_lists",
        made,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("character_id", sa.Text, nullable=False, index=True),
    )
    sa.Table(
        "acme_plugin_todo_things",
        made,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("list_id", sa.ForeignKey("acme_plugin_todo_lists.id", ondelete="CASCADE")),
        sa.Column("words", sa.Text, nullable=False),
        *more,
    )
    return made


FIRST = schema()
LISTS, THINGS = FIRST.tables.values()


def fill(unit: Unit) -> int:
    own = unit.own(TODO)
    lists = own.execute(sa.insert(LISTS), [{"id": n, "character_id": "ada"} for n in (1, 2)])
    things = sa.insert(THINGS).values(list_id=1, words="buy tea")
    return lists + own.execute(things)


def things(unit: Unit) -> list[Mapping[str, Any]]:
    return unit.own(TODO).rows(sa.select(THINGS.c.list_id, THINGS.c.words).order_by(THINGS.c.id))


@pytest.fixture
async def extended(store: SqlStore) -> SqlStore:
    await store.extend(TODO, FIRST)
    return store


# --- using them --------------------------------------------------------------------------------


async def test_a_plugin_writes_and_reads_its_own_tables(extended: SqlStore) -> None:
    assert await extended.write(fill) == 3
    assert await extended.read(things) == [{"list_id": 1, "words": "buy tea"}]

    def change(unit: Unit) -> tuple[int, int, list[Mapping[str, Any]]]:
        own = unit.own(TODO)
        done = own.execute(sa.update(THINGS).values(words=THINGS.c.words + "!"))
        none = own.execute(sa.insert(LISTS), [])
        return done, none, own.rows(sa.delete(LISTS).where(LISTS.c.id == 1).returning(LISTS.c.id))

    assert await extended.write(change) == (1, 0, [{"id": 1}])
    assert await extended.read(things) == []  # went with its list


async def test_its_rows_are_kept_or_undone_together_with_ours(extended: SqlStore) -> None:
    def half(unit: Unit) -> None:
        fill(unit)
        unit.cache.put(ADA, "lists", 2)
        raise LookupError

    with pytest.raises(LookupError):
        await extended.write(half)
    assert await extended.read(things) == []
    assert await extended.read(lambda unit: unit.cache.get(ADA, "lists", NOON)) is None


OURS = tables.memories
SECRET = sa.select(OURS.c.content)
IN_SECRET = THINGS.c.words.in_(SECRET)
CROOKED = {
    "a select": SECRET,
    "a join": sa.select(THINGS).join(OURS, OURS.c.content == THINGS.c.words),
    "a subquery": sa.select(sa.select(OURS).subquery()),
    "a scalar": sa.select(THINGS.c.id, SECRET.scalar_subquery()),
    "a union": sa.union(sa.select(THINGS.c.words), SECRET),
    "a condition": sa.select(THINGS).where(IN_SECRET),
    "an order": sa.select(THINGS).order_by(SECRET.scalar_subquery()),
    "an existence": sa.select(THINGS).where(sa.exists().where(OURS.c.id == "m")),
    "a common table": sa.select(sa.select(OURS).cte("acme_plugin_todo_c")),
    "a bare name": sa.select(sa.table("memories", sa.column("content"))),
    "a delete": sa.delete(OURS),
    "a delete by": sa.delete(THINGS).where(IN_SECRET),
    "an update": sa.update(OURS).values(content="x"),
    "an update by": sa.update(THINGS).values(words=SECRET.limit(1).scalar_subquery()),
    "an update where": sa.update(THINGS).where(IN_SECRET).values(words=""),
    "an insert": sa.insert(OURS).values(id="m"),
    "an insert of": sa.insert(THINGS).from_select(["words"], SECRET),
    "an insert of one": sa.insert(THINGS).values(words=SECRET.limit(1).scalar_subquery()),
    "an insert of two": sa.insert(THINGS).values([{"words": SECRET.scalar_subquery()}] * 2),
    "an insert in a common table": sa.select(sa.insert(OURS).returning(OURS.c.id).cte("x")),
    "words of SQL": sa.text("SELECT content FROM memories"),
    "words within": sa.select(THINGS).where(sa.text("1 = 1")),
    "a literal column": sa.select(sa.literal_column("(SELECT max(content) FROM memories)")),
    "a prefix": sa.select(THINGS).prefix_with("DISTINCT"),
    "a suffix": sa.select(THINGS).suffix_with("UNION SELECT 1, 1, content FROM memories"),
    "a hint": sa.select(THINGS).with_statement_hint("UNION SELECT 1, 1, content FROM memories"),
    "another place": sa.select(sa.table("acme_plugin_todo_x", schema="other")),
    "a new table": sa.schema.CreateTable(THINGS),
    "a string": "DROP TABLE memories",
}


@pytest.mark.parametrize("way", CROOKED)
async def test_no_statement_leads_from_a_plugins_tables_into_others(
    way: str, extended: SqlStore
) -> None:
    with pytest.raises(BadInput, match=r"^@acme/plugin-Todo"):
        await extended.write(lambda unit: unit.own(TODO).rows(CROOKED[way]))


async def test_one_plugin_does_not_reach_the_tables_of_another(extended: SqlStore) -> None:
    with pytest.raises(BadInput, match="acme_plugin_todo_things is not one of other_"):
        await extended.read(lambda unit: unit.own("other").rows(sa.select(THINGS)))


# --- making them -------------------------------------------------------------------------------


def test_an_owner_without_a_name_of_its_own_has_no_tables() -> None:
    assert prefix("todo") == "todo_"
    assert prefix(TODO) == "acme_plugin_todo_"
    for owner in ("", "@/", "sqlite", "pg", "Alembic", "memories"):
        with pytest.raises(BadInput):
            prefix(owner)


async def test_it_is_made_once_and_kept_at_every_later_start(
    database: Database, tmp_path: Path
) -> None:
    for expected in (3, 0):
        async with open_store(database.url, tmp_path) as store:
            await store.extend(TODO, FIRST)
            await store.extend(TODO, FIRST)
            done = await store.write(lambda unit: fill(unit) if not things(unit) else 0)
            assert done == expected


async def test_missing_columns_and_indexes_are_added_to_what_is_there(
    extended: SqlStore, database: Database, tmp_path: Path
) -> None:
    await extended.write(fill)
    grown = schema(
        sa.Column("note", sa.Text),
        sa.Column("urgency", sa.Integer, nullable=False, server_default="3", index=True),
        sa.Column("done", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("place", sa.Text, nullable=False, server_default=sa.text("'here'")),
        sa.Column("moved_to", sa.ForeignKey("acme_plugin_todo_lists.id", ondelete="SET NULL")),
    )
    await extended.extend(TODO, grown)
    new = grown.tables["acme_plugin_todo_things"]

    def use(unit: Unit) -> list[Mapping[str, Any]]:
        own = unit.own(TODO)
        own.execute(sa.insert(new).values(list_id=1, words="pay", note="café", moved_to=2))
        own.execute(sa.delete(LISTS).where(LISTS.c.id == 2))
        return own.rows(sa.select(new).order_by(new.c.id))

    plain = {"list_id": 1, "urgency": 3, "done": False, "place": "here", "moved_to": None}
    assert await extended.write(use) == [
        {"id": 1, "words": "buy tea", "note": None, **plain},
        {"id": 2, "words": "pay", "note": "café", **plain},
    ]
    tables = "sqlite_master" if database.kind == "sqlite" else "pg_indexes"
    name = "name" if database.kind == "sqlite" else "indexname"
    wanted = "ix_acme_plugin_todo_things_urgency"
    found = database.ask(tmp_path, f"SELECT {name} FROM {tables} WHERE {name} = '{wanted}'")
    assert [row[name] for row in found] == [wanted]


async def test_what_an_older_schema_lacks_is_left_in_place(extended: SqlStore) -> None:
    grown = schema(sa.Column("note", sa.Text))
    await extended.extend(TODO, grown)
    new = grown.tables["acme_plugin_todo_things"]
    await extended.write(
        lambda unit: unit.own(TODO).execute(sa.insert(new).values(words="a", note="b"))
    )
    await extended.extend(TODO, FIRST)
    found = await extended.read(lambda unit: unit.own(TODO).rows(sa.select(new.c.note)))
    assert found == [{"note": "b"}]


IMPOSSIBLE: dict[str, Callable[[], sa.Column[Any]]] = {
    "nullable=True or a server_default": lambda: sa.Column("urgency", sa.Integer, nullable=False),
    "must be a constant": lambda: sa.Column("at", sa.DateTime, server_default=sa.func.now()),
    "cannot be added to a table": lambda: sa.Column("code", sa.Text, unique=True),
}


@pytest.mark.parametrize("why", IMPOSSIBLE)
async def test_a_column_that_does_not_fit_rows_that_are_there_is_refused_in_words(
    why: str, extended: SqlStore
) -> None:
    await extended.write(fill)
    with pytest.raises(BadInput, match=why):
        await extended.extend(TODO, schema(IMPOSSIBLE[why]()))
    assert await extended.read(things) == [{"list_id": 1, "words": "buy tea"}]


async def test_a_unique_index_over_rows_that_are_alike_is_refused_in_words(
    extended: SqlStore,
) -> None:
    await extended.write(fill)
    await extended.write(fill_more)
    unique = sa.Index("acme_plugin_todo_once", "words", unique=True)
    with pytest.raises(BadInput, match="unique index does not fit"):
        await extended.extend(TODO, schema(unique))
    assert len(await extended.read(things)) == 2


def fill_more(unit: Unit) -> None:
    unit.own(TODO).execute(sa.insert(THINGS).values(words="buy tea"))


def bad(name: str, *columns: Any, **how: Any) -> sa.MetaData:
    made = sa.MetaData()
    sa.Table(name, made, sa.Column("id", sa.Integer, primary_key=True), *columns, **how)
    return made


WRONG = {
    "begin it with todo_": bad("memories"),
    "not a name for a table": bad("todo_things", schema="public"),
    "entities.id is not in a table": bad("todo_x", sa.Column("e", sa.ForeignKey("entities.id"))),
    "not a name for an index": bad("todo_x", sa.Column("e", sa.Text), sa.Index("by_e", "e")),
    "longer than 63 letters": bad(f"todo_{'x' * 60}"),
    "no SQLAlchemy MetaData": {"todo_items": {}},
}


@pytest.mark.parametrize("why", WRONG)
async def test_a_schema_that_would_get_in_the_way_of_others_is_refused_whole(
    why: str, store: SqlStore, database: Database, tmp_path: Path
) -> None:
    faulty = WRONG[why]
    if isinstance(faulty, sa.MetaData):
        sa.Table("todo_good", faulty, sa.Column("id", sa.Integer), extend_existing=True)
    with pytest.raises(BadInput, match=f"(?i)^todo.*{why}"):
        await store.extend("todo", faulty)
    if database.kind == "sqlite":
        question = "SELECT name FROM sqlite_master WHERE name LIKE 'todo%'"
    else:
        question = "SELECT tablename FROM pg_tables WHERE tablename LIKE 'todo%'"
    assert database.ask(tmp_path, question) == []


async def test_a_type_that_the_database_lacks_is_refused_in_words(store: SqlStore) -> None:
    odd = bad("todo_x", sa.Column("e", TINYINT()))
    with pytest.raises(BadInput, match="a type that this database has not"):
        await store.extend("todo", odd)
