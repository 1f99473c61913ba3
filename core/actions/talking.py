"""REPLY, IGNORE and NONE: talk and silence, which the turn itself sees to."""

from __future__ import annotations

from core.plugins.records import Action, ActionResult, Arguments, Turn


async def _nothing(turn: Turn, arguments: Arguments) -> ActionResult:
    return ActionResult()


REPLY = Action(
    "REPLY",
    "Say something here.",
    _nothing,
    similes=("GREET", "REPLY_TO_MESSAGE", "SEND_REPLY", "RESPOND", "RESPONSE"),
    idempotent=True,
)
IGNORE = Action(
    "IGNORE",
    "Say nothing: it is not meant for you, or needs no answer.",
    _nothing,
    similes=("STOP_CONVERSATION", "DO_NOT_RESPOND"),
    idempotent=True,
)
NONE = Action(
    "NONE",
    "Do nothing further.",
    _nothing,
    similes=("NO_ACTION", "NO_RESPONSE", "NO_REACTION"),
    idempotent=True,
)
