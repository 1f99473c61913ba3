"""CHOOSE_OPTION: take one option of a choice that somebody here is still to make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from core.actions.desk import Desk, failed
from core.kept import Task
from core.messages import Rank
from core.plugins.records import Action, ActionResult, Arguments, Turn

AWAITING_CHOICE = "AWAITING_CHOICE"
_SHORTEST = 4
"""Characters of a task's id by which it may be named."""


class Choice(BaseModel):
    option: str = Field(min_length=1, max_length=200, description="its name")
    task: str = Field("", max_length=100)


async def _run(turn: Turn, arguments: Arguments) -> ActionResult:
    assert isinstance(arguments, Choice)
    desk = turn.use(Desk)
    tasks = await desk.read(
        lambda unit: unit.tasks.find(desk.character, tags=[AWAITING_CHOICE], room=desk.room)
    )
    found = [
        (task, option)
        for task in tasks
        if _is_meant(task, arguments.task) and (option := option_of(task, arguments.option))
    ]
    if len(found) != 1:
        what = "Several open choices have" if found else "No open choice has"
        return failed(f"{what} the option {arguments.option}.", "unknown-option")
    task, option = found[0]
    if not await _may_choose(desk, task):
        return failed("This choice is for somebody else.", "not-allowed")
    worker = desk.worker(task.name)
    # Taken off before the work is done: a choice is made once, whatever becomes of it.
    if not await desk.write(lambda unit: unit.tasks.drop(desk.character, task.id)):
        return failed("This choice has been made already.", "made-already")
    if worker is not None:
        await worker.run(turn.runtime, {**task.metadata, "option": option}, task)
    return ActionResult(
        text=f"Chosen: {option}.", values={"selectedOption": option}, data={"task": task.id}
    )


async def _may_choose(desk: Desk, task: Task) -> bool:
    """The one who was asked, or else an admin (X-08)."""
    if task.entity is not None and task.entity == desk.asker:
        return True
    return await desk.rank() >= Rank.ADMIN


def _is_meant(task: Task, named: str) -> bool:
    named = named.strip().lower()
    if not named:
        return True
    return named == task.name.lower() or (
        len(named) >= _SHORTEST and task.id.lower().startswith(named)
    )


def option_of(task: Task, wanted: str) -> str:
    """The option of that name as the task spells it; empty where it has none."""
    options: Sequence[Any] = task.metadata.get("options") or ()
    names = [str(one.get("name", "")) if isinstance(one, Mapping) else str(one) for one in options]
    wanted = wanted.strip().casefold()
    return next((name for name in names if name.casefold() == wanted), "")


CHOOSE_OPTION = Action(
    "CHOOSE_OPTION",
    "Take the option that somebody has chosen.",
    _run,
    similes=("CHOICE", "SELECT_OPTION", "SELECT", "PICK", "CHOOSE"),
    arguments=Choice,
    offered=lambda turn: bool(turn.use(Desk).choices()),
    who=Rank.MEMBER,
)
