"""The methods with which a bot passes on what somebody has said: forward, copy."""

from typing import Any

from bots.sandbox import shapes
from bots.sandbox.addressed import find_chat, find_room_to_speak, place_of, reply_of
from bots.sandbox.asked import Asked, bad
from bots.sandbox.desks import Desk
from bots.sandbox.keyboards import markup_of
from bots.sandbox.world import Chat, Entity, Message, World


def forward_message(world: World, desk: Desk, asked: Asked) -> Any:
    said, room, topic, thread = _source(world, desk, asked, "forward")
    sender = shapes.user(said.sender)
    origin = {"type": "user", "date": int(said.date), "sender_user": sender}
    copy = world.say(
        desk.bot,
        room,
        said.text,
        entities=_styles(said),
        topic=topic,
        thread=thread,
        origin=said.origin or origin,
        more=said.more,
    )
    return shapes.message(world, copy)


def copy_message(world: World, desk: Desk, asked: Asked) -> Any:
    said, room, topic, thread = _source(world, desk, asked, "copy")
    copy = world.say(
        desk.bot,
        room,
        said.text,
        entities=_styles(said),
        topic=topic,
        thread=thread,
        reply_to=reply_of(room, asked),
        markup=markup_of(asked),
        more=said.more,
    )
    return {"message_id": copy.id}


def _styles(said: Message) -> list[Entity]:
    """The entities that are not found anew in the copied text."""
    found = {"mention", "url", "hashtag", "cashtag", "bot_command", "email"}
    return [e for e in said.entities if e["type"] not in found]


def _source(
    world: World, desk: Desk, asked: Asked, deed: str
) -> tuple[Message, Chat, int | None, int | None]:
    room = find_room_to_speak(world, desk, asked)
    said = find_chat(world, desk, asked, "from_chat_id").messages.get(asked.needed("message_id"))
    if said is None or said.deleted:
        raise bad(f"message to {deed} not found")
    if said.service is not None:
        raise bad(f"the message can't be {'copied' if deed == 'copy' else 'forwarded'}")
    return said, room, *place_of(room, desk, asked)
