"""REPLY, IGNORE, NONE and VOICE_NOTE: talk and silence, which the turn itself sees to."""

from __future__ import annotations

from core.actions.desk import Desk
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


def _may_speak(turn: Turn) -> bool:
    return turn.use(Desk).speaks


VOICE_NOTE = Action(
    "VOICE_NOTE",
    "Send your text as a voice message, where somebody asks to hear you.",
    _nothing,
    similes=("SEND_VOICE_MESSAGE", "VOICE_MESSAGE", "SEND_VOICE_NOTE", "SPEAK", "REPLY_WITH_VOICE"),
    offered=_may_speak,
    idempotent=True,
)
