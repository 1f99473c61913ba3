"""UPDATE_ROLE: who is owner or admin of a server or group, as the character keeps it (X-08)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from core.actions.desk import Desk, failed
from core.actions.sending import is_called
from core.messages import Rank
from core.plugins.records import Action, ActionResult, Arguments, Turn

_GRANTS = {"OWNER": Rank.OWNER, "ADMIN": Rank.ADMIN, "NONE": Rank.MEMBER}


class Role(BaseModel):
    who: str = Field(min_length=1, max_length=100)
    role: Literal["OWNER", "ADMIN", "NONE"]


async def _run(turn: Turn, arguments: Arguments) -> ActionResult:
    assert isinstance(arguments, Role)
    desk = turn.use(Desk)
    if turn.inbound.is_direct:
        return failed("There are roles in servers and groups only.", "no-world")
    here = await desk.read(lambda unit: unit.people.here(desk.character, desk.room))
    found = [one for one in here if is_called(one, arguments.who)]
    if len(found) != 1:
        what = "know several people" if found else "know nobody"
        return failed(f"You {what} here by the name of {arguments.who}.", "unknown-person")
    person, granted = found[0], _GRANTS[arguments.role]
    mine, theirs = await desk.rank(), await desk.rank_of(person)
    if reason := may_not(mine, theirs, granted, operator=desk.operator):
        return failed(reason, "not-allowed")

    def changed(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
        roles = metadata.get("roles")
        roles = roles if isinstance(roles, Mapping) else {}
        return {**metadata, "roles": {**roles, person.id: arguments.role}}

    await desk.change_place(changed)
    return ActionResult(text=f"{arguments.who} has the role {arguments.role} here now.")


def may_not(mine: Rank, theirs: Rank, granted: Rank, *, operator: bool) -> str:
    """Why somebody may not give somebody that role; empty where they may."""
    if mine < Rank.ADMIN:
        return "Only owners and admins change roles."
    if operator:
        return ""
    if theirs >= mine:
        return "Nobody changes the role of somebody who stands as high as they do."
    if granted > mine:
        return "Nobody gives a role that is above their own."
    return ""


UPDATE_ROLE = Action(
    "UPDATE_ROLE",
    "Change somebody's role here.",
    _run,
    similes=("CHANGE_ROLE", "SET_ROLE", "ASSIGN_ROLE", "SET_PERMISSIONS", "MAKE_ADMIN"),
    arguments=Role,
    offered=lambda turn: not turn.inbound.is_direct,
    who=Rank.ADMIN,
    idempotent=True,
)
