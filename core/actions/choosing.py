"""CHOOSE_OPTION: take one option of a choice that somebody here is still to make."""

from __future__ import annotations

from pydantic import BaseModel, Field

from core.actions.desk import Desk, failed
from core.kept import Task
from core.messages import Rank
from core.plugins.records import Action, ActionResult, Arguments, Turn
from core.tasks.choices import ABORT, AWAITING_CHOICE, option_of

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
    named = [task for task in tasks if task.id == arguments.task] or [
        task for task in tasks if _is_meant(task, arguments.task)
    ]
    found = [(task, option) for task in named if (option := option_of(task, arguments.option))]
    if len(found) != 1:
        what = "Several open choices have" if found else "No open choice has"
        return failed(f"{what} the option {arguments.option}.", "unknown-option")
    task, option = found[0]
    if not await _may_choose(desk, task):
        return failed("This choice is for somebody else.", "not-allowed")
    worker = desk.worker(task.name)
    if worker is not None and option != ABORT:
        await worker.run(turn.runtime, {**task.metadata, "option": option}, task)
    # Off the list only together with this deed: what fails or is interrupted may be chosen again.
    desk.chosen(task)
    return ActionResult(
        text="Cancelled." if option == ABORT else f"Chosen: {option}.",
        values={"selectedOption": option},
        data={"task": task.id},
    )


async def _may_choose(desk: Desk, task: Task) -> bool:
    """The one who was asked; where nobody is named an admin, in a direct chat its person (X-08)."""
    if task.entity is not None:
        return task.entity == desk.asker
    return await desk.rank() >= Rank.ADMIN


def _is_meant(task: Task, named: str) -> bool:
    named = named.strip().lower()
    if not named:
        return True
    return named == task.name.lower() or (
        len(named) >= _SHORTEST and task.id.lower().startswith(named)
    )


CHOOSE_OPTION = Action(
    "CHOOSE_OPTION",
    "Take the option that somebody has chosen.",
    _run,
    similes=("CHOICE", "SELECT_OPTION", "SELECT", "PICK", "CHOOSE"),
    arguments=Choice,
    offered=lambda turn: bool(turn.use(Desk).choices()),
    who=Rank.MEMBER,
)
