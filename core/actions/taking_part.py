"""FOLLOW_ROOM, UNFOLLOW_ROOM, MUTE_ROOM, UNMUTE_ROOM: how a character takes part in a room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.actions.desk import Desk
from core.messages import Rank
from core.plugins.records import Action, ActionResult, Arguments, Turn

FOLLOWED, MUTED = "FOLLOWED", "MUTED"


def _becomes(state: str, text: str) -> Callable[[Turn, Arguments], Any]:
    async def run(turn: Turn, arguments: Arguments) -> ActionResult:
        await turn.use(Desk).set_state(state)
        return ActionResult(text=text, values={"roomState": state or "NONE"})

    return run


def _follows(turn: Turn) -> bool:
    return turn.use(Desk).state() == FOLLOWED


def _may_follow(turn: Turn) -> bool:
    return not turn.inbound.is_direct and not turn.use(Desk).state()


def _is_muted(turn: Turn) -> bool:
    return turn.use(Desk).state() == MUTED


FOLLOW_ROOM = Action(
    "FOLLOW_ROOM",
    "Join in here from now on, also unasked.",
    _becomes(FOLLOWED, "You follow this room now."),
    similes=("FOLLOW_CHAT", "FOLLOW_CHANNEL", "FOLLOW_CONVERSATION", "FOLLOW_THREAD"),
    offered=_may_follow,
    who=Rank.MEMBER,
    idempotent=True,
)
UNFOLLOW_ROOM = Action(
    "UNFOLLOW_ROOM",
    "Speak here only when spoken to again.",
    _becomes("", "You no longer follow this room."),
    similes=("UNFOLLOW_CHAT", "UNFOLLOW_CHANNEL", "UNFOLLOW_CONVERSATION", "UNFOLLOW_THREAD"),
    offered=_follows,
    who=Rank.MEMBER,
    idempotent=True,
)
MUTE_ROOM = Action(
    "MUTE_ROOM",
    "Be quiet here until somebody names you.",
    _becomes(MUTED, "You are muted in this room now."),
    similes=("MUTE_CHAT", "MUTE_CHANNEL", "SHUT_UP", "BE_QUIET", "STOP_TALKING", "SILENCE"),
    offered=lambda turn: not _is_muted(turn),
    who=Rank.MEMBER,
    idempotent=True,
)
UNMUTE_ROOM = Action(
    "UNMUTE_ROOM",
    "Speak here again as before.",
    _becomes("", "You are no longer muted in this room."),
    similes=("UNMUTE_CHAT", "UNMUTE_CHANNEL", "UNMUTE_CONVERSATION", "UNMUTE_THREAD"),
    offered=_is_muted,
    who=Rank.MEMBER,
    idempotent=True,
)
