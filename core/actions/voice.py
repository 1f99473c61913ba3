"""JOIN_VOICE and LEAVE_VOICE: the character goes into a voice channel, and out of it again."""

from __future__ import annotations

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from core.actions.desk import failed
from core.errors import CannotJoin
from core.messages import Rank
from core.plugins.calls import Calls
from core.plugins.records import Action, ActionResult, Arguments, Turn


class _Where(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    channel: str = Field(
        default="",
        max_length=100,
        validation_alias=AliasChoices("channel", "channelId", "channel_id", "channelName"),
        description="Name or id of the voice channel; left out for the one where the asker is.",
    )


async def _join(turn: Turn, arguments: Arguments) -> ActionResult:
    calls = turn.use(Calls)
    wanted = arguments.channel.strip() if arguments else ""
    try:
        text = await calls.join(wanted)
    except CannotJoin as error:
        return failed(str(error), "cannot-join")
    now = calls.now()
    where = {"channelId": now.channel, "channelName": now.name} if now else {}
    return ActionResult(text=text, values={"voice": where}, data=where)


async def _leave(turn: Turn, arguments: Arguments) -> ActionResult:
    return ActionResult(text=await turn.use(Calls).leave(), values={"voice": {}})


def _calls(turn: Turn) -> Calls | None:
    try:
        return turn.use(Calls)
    except LookupError:
        return None


def _may_join(turn: Turn) -> bool:
    """Where she is with the asker already there is nothing to join."""
    calls = _calls(turn)
    if calls is None:
        return False
    now, asker = calls.now(), calls.asker()
    return now is None or bool(asker and asker != now.channel)


def _may_leave(turn: Turn) -> bool:
    calls = _calls(turn)
    return calls is not None and calls.now() is not None


JOIN_VOICE = Action(
    "JOIN_VOICE",
    "Go into a voice channel here, to listen and speak there.",
    _join,
    similes=(
        "JOIN_VOICE_COMMAND", "JOIN_VOICE_CHANNEL", "JOIN_VC", "JOIN_CALL", "COME_TO_VOICE",
        "joinVoice", "join voice", "come to voice", "join vc",
    ),
    arguments=_Where,
    offered=_may_join,
    who=Rank.MEMBER,
    idempotent=True,
)  # fmt: skip
LEAVE_VOICE = Action(
    "LEAVE_VOICE",
    "Leave the voice channel that you are in.",
    _leave,
    similes=(
        "LEAVE_VOICE_COMMAND", "LEAVE_VOICE_CHANNEL", "LEAVE_VC", "LEAVE_CALL", "HANG_UP",
        "leaveVoice", "leave voice", "leave vc",
    ),
    offered=_may_leave,
    who=Rank.MEMBER,
    idempotent=True,
)  # fmt: skip
