"""What is to be done later is found by whom it is for, where, and by all of its tags."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.ids import EntityId, RoomId
from core.kept import Task
from core.ports import Unit
from core.store.engine import SqlStore
from tests.core.store.rows import ADA, BOB, NOON, room, world

WATER = Task("w", ADA, "WATER_PLANTS", tags=frozenset({"queue", "repeat"}), interval=3600.0)
CHOICE = Task(
    id="c",
    character=ADA,
    name="CHOOSE_TEA",
    description="Which tea?",
    tags=frozenset({"AWAITING_CHOICE", "50%_\\sure"}),
    room=RoomId("r"),
    world=world().id,
    entity=EntityId("kim"),
    metadata={"options": [{"name": "Assam"}, {"name": "日本茶"}]},
    due_at=NOON,
    updated_at=NOON + timedelta(milliseconds=5),
    failures=2,
)
HIS = replace(WATER, id="b", character=BOB)


async def put(store: SqlStore, *tasks: Task) -> None:
    def work(unit: Unit) -> None:
        for task in tasks:
            unit.tasks.put(task)

    await store.write(work)


async def found(store: SqlStore, *about: object, **more: object) -> list[str]:
    tasks = await store.read(lambda unit: unit.tasks.find(*about, **more))  # type: ignore[arg-type]
    return [task.id for task in tasks]


async def test_a_task_comes_back_whole(store: SqlStore) -> None:
    await put(store, WATER, CHOICE)
    assert await store.read(lambda unit: unit.tasks.get(ADA, "c")) == CHOICE
    assert await store.read(lambda unit: unit.tasks.find(ADA)) == [WATER, CHOICE]


async def test_putting_it_again_takes_over_all_that_has_changed(store: SqlStore) -> None:
    changed = replace(CHOICE, name="CHOOSE_MILK", tags=frozenset(), due_at=None, failures=3)
    await put(store, CHOICE, WATER, changed)
    assert await store.read(lambda unit: unit.tasks.find(ADA)) == [changed, WATER]


async def test_tasks_are_found_by_all_of_their_tags_and_where_they_belong(store: SqlStore) -> None:
    await put(store, WATER, CHOICE, HIS)
    assert await found(store) == ["w", "c", "b"]
    assert await found(store, tags=["queue"]) == ["w", "b"]
    assert await found(store, ADA, tags=["queue", "repeat"]) == ["w"]
    assert await found(store, ADA, tags=["queue", "AWAITING_CHOICE"]) == []
    assert await found(store, ADA, tags=["50%_\\sure"]) == ["c"]
    assert await found(store, ADA, tags=["Queue"]) == []
    assert await found(store, ADA, tags=["que"]) == []
    assert await found(store, ADA, room=room("r").id) == []
    assert await found(store, ADA, room=RoomId("r"), entity=EntityId("kim")) == ["c"]
    assert await found(store, ADA, name="WATER_PLANTS") == ["w"]


async def test_no_other_character_reads_changes_or_drops_a_task(store: SqlStore) -> None:
    await put(store, WATER, replace(WATER, character=BOB, name="DROWN_PLANTS"))
    assert await store.read(lambda unit: unit.tasks.get(BOB, "w")) is None
    assert await store.write(lambda unit: unit.tasks.drop(BOB, "w")) is False
    assert await store.read(lambda unit: unit.tasks.get(ADA, "w")) == WATER
    assert await store.write(lambda unit: unit.tasks.drop(ADA, "w")) is True
    assert await store.write(lambda unit: unit.tasks.drop(ADA, "w")) is False
