"""UPDATE_SETTINGS: fill in what a server or group was declared to be asked about."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from pydantic import BaseModel, Field

from core.actions.desk import Desk, failed
from core.messages import Rank
from core.plugins.records import Action, ActionResult, Arguments, Turn
from core.settings import schema

_LONGEST = 2000


class Values(BaseModel):
    values: dict[str, str] = Field(min_length=1, max_length=20, description="setting to value")


async def _run(turn: Turn, arguments: Arguments) -> ActionResult:
    assert isinstance(arguments, Values)
    desk = turn.use(Desk)
    world = await desk.place()
    declared = open_settings(world.metadata if world else {})
    wanted = {key.strip().upper(): value[:_LONGEST] for key, value in arguments.values.items()}
    names = {name.upper(): name for name in declared}
    unknown = sorted(set(wanted) - set(names))
    taken = {names[key]: value for key, value in wanted.items() if key in names}
    if not taken:
        return failed(f"There is no setting {', '.join(unknown)} here.", "unknown-setting")

    def changed(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
        kept = dict(open_settings(metadata))
        every = dict(metadata["settings"])
        for name, value in taken.items():
            if name in kept:
                about = kept[name]
                every[name] = {**about, "value": value} if isinstance(about, Mapping) else value
        return {**metadata, "settings": every}

    await desk.change_place(changed)
    left = f" There is no setting {', '.join(unknown)}." if unknown else ""
    return ActionResult(text=f"Set: {', '.join(taken)}.{left}", values={"updatedSettings": taken})


def open_settings(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Those declared in a world's metadata that may be talked about: never a secret."""
    declared = metadata.get("settings")
    if not isinstance(declared, Mapping):
        return {}
    return {
        name: about
        for name, about in declared.items()
        if isinstance(name, str)
        and not schema.is_secret(name)
        and not (isinstance(about, Mapping) and about.get("secret"))
    }


async def _has_settings(desk: Desk) -> bool:
    world = await desk.place()
    return bool(world and open_settings(world.metadata))


def _offered(turn: Turn) -> bool | Awaitable[bool]:
    return not turn.inbound.is_direct and _has_settings(turn.use(Desk))


UPDATE_SETTINGS = Action(
    "UPDATE_SETTINGS",
    "Fill in settings of this place.",
    _run,
    similes=("UPDATE_SETTING", "SAVE_SETTING", "SET_CONFIGURATION", "CONFIGURE"),
    arguments=Values,
    offered=_offered,
    who=Rank.ADMIN,
    idempotent=True,
)
