"""How far a turn has come is known to whoever goes on with it, and to nobody once it is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from core.ids import TurnId, turn_of
from core.kept import Step, StepStatus
from core.ports import Unit
from core.store import schema
from core.store.engine import SqlStore
from core.store.steps import StepRows
from tests.core.store.rows import ADA, BOB, NOON, TWO, address, received, room, world

PLAN = Step(TurnId("t1"), 0, "PLAN", StepStatus.STARTED, {"actions": ["DICE", "REPLY"]})
DICE = Step(TurnId("t1"), 1, "DICE", StepStatus.STARTED)


def begun(*steps: Step) -> Callable[[Unit], list[bool]]:
    return lambda unit: [unit.steps.begin(step, NOON) for step in steps]


async def test_a_step_is_begun_once_however_often_its_process_starts(store: SqlStore) -> None:
    assert await store.write(begun(PLAN, DICE)) == [True, True]
    assert await store.write(begun(PLAN, DICE)) == [False, False]
    assert await store.read(lambda unit: unit.steps.of(PLAN.turn)) == [PLAN, DICE]


async def test_what_came_of_a_step_stands_where_it_was_begun(store: SqlStore) -> None:
    came = {"success": True, "text": "a six 🎲", "data": {"eyes": [6]}}

    def roll(unit: Unit) -> None:
        unit.steps.begin(PLAN, NOON)
        unit.steps.begin(DICE, NOON)
        unit.steps.end(DICE.turn, 1, StepStatus.DONE, came, NOON)

    await store.write(roll)
    _, dice = await store.read(lambda unit: unit.steps.of(PLAN.turn))
    assert dice == Step(DICE.turn, 1, "DICE", StepStatus.DONE, came)


async def test_a_turn_is_open_from_its_plan_until_the_plan_ends(store: SqlStore) -> None:
    later = Step(TurnId("t2"), 0, "PLAN", StepStatus.STARTED)
    assert await store.read(lambda unit: unit.steps.open()) == []
    await store.write(begun(PLAN, DICE, later))
    assert await store.read(lambda unit: unit.steps.open()) == ["t1", "t2"]
    await store.write(lambda unit: unit.steps.end(PLAN.turn, 0, StepStatus.DONE, {}, NOON))
    assert await store.read(lambda unit: unit.steps.open()) == ["t2"]


async def test_open_turns_are_told_apart_by_whose_rooms_they_are_in(store: SqlStore) -> None:
    def talk(unit: Unit) -> list[int | None]:
        hers, his = room("r", ADA), room("s", BOB, address("s", TWO))
        unit.rooms.ensure([world(ADA), world(BOB)], [hers, his])
        return unit.inbox.add([received("a"), received("b", his.address)], NOON)

    ids = await store.write(talk)
    hers, his = [turn_of(one) for one in ids if one is not None]
    plans = [Step(turn, 0, "PLAN", StepStatus.STARTED) for turn in (hers, his, TurnId("of a test"))]
    await store.write(begun(*plans))
    assert await store.read(lambda unit: unit.steps.open(ADA)) == [hers]
    assert await store.read(lambda unit: unit.steps.open(BOB)) == [his]
    assert len(await store.read(lambda unit: unit.steps.open())) == 3


async def test_old_steps_are_forgotten_but_not_those_of_an_open_turn(store: SqlStore) -> None:
    over = Step(TurnId("t2"), 0, "PLAN", StepStatus.STARTED)
    crashed = Step(TurnId("t2"), 1, "DICE", StepStatus.STARTED)

    def play(unit: Unit) -> None:
        for step in (PLAN, DICE, over, crashed):
            unit.steps.begin(step, NOON)
        unit.steps.end(over.turn, 0, StepStatus.DONE, {}, NOON)

    await store.write(play)
    assert await store.write(lambda unit: unit.steps.forget(NOON)) == 0
    later = NOON + timedelta(days=30)
    assert await store.write(lambda unit: unit.steps.forget(later)) == 2
    assert await store.read(lambda unit: unit.steps.of(PLAN.turn)) == [PLAN, DICE]


def test_a_start_looks_at_open_plans_only_however_many_steps_there_were(tmp_path: Path) -> None:
    """The index holds nothing but them, so that a start costs the same after a year of actions."""
    schema.create(tmp_path / "troupe.db")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'troupe.db'}")
    asked: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *about: asked.append(about[2]))
    with engine.connect() as connection:
        StepRows(connection).open()
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[-1]}").all()
    engine.dispose()
    assert any("ix_steps_open" in row[3] for row in plan)
