"""Documents are listed without their texts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.ports import Unit
from core.store.engine import SqlStore
from tests.core.store.rows import ADA, BOB, NOON, memory, room, world


async def test_outlines_have_everything_but_content_also_from_before_a_fresh_start(
    store: SqlStore,
) -> None:
    here, there = room("r"), room("q")

    def furnish(unit: Unit) -> None:
        unit.rooms.ensure([world()], [here, there])
        read = [
            replace(memory(number, where), table="documents", metadata={"title": f"t{number}"})
            for number, where in ((1, here), (2, there))
        ]
        unit.memories.add([*read, memory(3, here)])
        unit.rooms.forget_before(ADA, here.id, NOON + timedelta(days=1))

    await store.write(furnish)
    found = await store.read(lambda unit: unit.memories.outlines(ADA, table="documents"))
    assert [(one.id, one.metadata["title"], one.content.text) for one in found] == [
        ("m2", "t2", ""),
        ("m1", "t1", ""),
    ]
    within = await store.read(
        lambda unit: unit.memories.outlines(ADA, table="documents", rooms=[here.id])
    )
    assert [one.id for one in within] == ["m1"]
    assert await store.read(lambda unit: unit.memories.outlines(BOB, table="documents")) == []
