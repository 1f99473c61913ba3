"""SEND_MESSAGE: say something in another room, or to one person."""

from __future__ import annotations

from pydantic import BaseModel, Field

from core.actions.desk import Desk, Refused, failed
from core.ids import CharacterId, EntityId
from core.messages import ChannelType, Entity, Rank, Room
from core.plugins.records import Action, ActionResult, Arguments, Turn
from core.ports import Unit

_DIRECT = frozenset({ChannelType.DM, ChannelType.VOICE_DM})
_ME = frozenset({"me", "myself", "user", "sender"})


class Message(BaseModel):
    to: str = Field(min_length=1, max_length=100, description="room, person or me")
    text: str = Field(min_length=1, max_length=8000)


async def _run(turn: Turn, arguments: Arguments) -> ActionResult:
    assert isinstance(arguments, Message)
    desk = turn.use(Desk)
    to = arguments.to.strip()
    rooms = await desk.read(lambda unit: _rooms(unit, desk, to))
    if not rooms:
        return failed(f"You know no room and nobody here by the name of {to}.", "unknown-target")
    if len(rooms) > 1:
        return failed(f"There are several called {to}; ask which one is meant.", "unclear-target")
    try:
        await desk.post(rooms[0], arguments.text)
    except Refused as refused:
        return failed(str(refused), "not-allowed")
    return ActionResult(text=f"Your message to {to} is on its way.", data={"room": rooms[0].id})


def _rooms(unit: Unit, desk: Desk, to: str) -> list[Room]:
    """Where that name leads: a room of it, else the direct chat of whoever bears it."""
    if to.lower().lstrip("@") in _ME:
        return _direct(unit, desk.character, [desk.asker])
    here = {room.id: room for room in unit.rooms.named(desk.character, to.lstrip("#"))}
    here.pop(desk.room, None)
    open_rooms = [room for room in here.values() if room.channel not in _DIRECT]
    # Of several rooms of one name, the one of this server or group is meant.
    near = [room for room in open_rooms if room.world == desk.world]
    if near or open_rooms:
        return near or open_rooms
    people = [one.id for one in unit.people.here(desk.character, desk.room) if is_called(one, to)]
    people = [one for one in people if one != EntityId(desk.character)]
    return _direct(unit, desk.character, people)


def _direct(unit: Unit, character: CharacterId, people: list[EntityId]) -> list[Room]:
    if not people:
        return []
    rooms = unit.rooms.get(character, unit.people.rooms_of(character, people))
    return [room for room in rooms if room.channel in _DIRECT]


def is_called(entity: Entity, name: str) -> bool:
    name = name.strip().lstrip("@").casefold()
    return any(name == one.lstrip("@").casefold() for one in entity.names)


SEND_MESSAGE = Action(
    "SEND_MESSAGE",
    "Say something in another room or to somebody.",
    _run,
    similes=("DM", "MESSAGE", "SEND_DM", "POST_MESSAGE", "DIRECT_MESSAGE", "NOTIFY"),
    arguments=Message,
    who=Rank.MEMBER,
    idempotent=True,  # its rows of the ledger bear the step's number
)
