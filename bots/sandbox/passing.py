"""The methods with which a bot passes on what somebody has said: forward and copy, one or many."""

import secrets
from typing import Any

from bots.sandbox import shapes
from bots.sandbox.addressed import find_chat, find_room_to_speak, place_of, reply_of
from bots.sandbox.asked import Asked, bad
from bots.sandbox.desks import Desk
from bots.sandbox.keyboards import markup_of
from bots.sandbox.sending import options_of
from bots.sandbox.wording import caption_of
from bots.sandbox.world import Chat, Entity, Message, World

_MOST_AT_ONCE = 100


def forward_message(world: World, desk: Desk, asked: Asked) -> Any:
    said = _source(world, desk, asked, "forward")
    return shapes.message(world, _forward(world, desk, asked, said))


def forward_messages(world: World, desk: Desk, asked: Asked) -> Any:
    return _many(world, desk, asked, forward=True)


def copy_message(world: World, desk: Desk, asked: Asked) -> Any:
    said = _source(world, desk, asked, "copy")
    return {"message_id": _copy(world, desk, asked, said).id}


def copy_messages(world: World, desk: Desk, asked: Asked) -> Any:
    return _many(world, desk, asked, forward=False)


def _many(world: World, desk: Desk, asked: Asked, *, forward: bool) -> list[dict[str, int]]:
    """What cannot be passed on is left out; an album stays one."""
    source = find_chat(world, desk, asked, "from_chat_id")
    numbers = asked.json("message_ids")
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= _MOST_AT_ONCE:
        raise bad("message identifiers are not specified")
    if not all(isinstance(number, int) for number in numbers) or numbers != sorted({*numbers}):
        raise bad("message identifiers must be in a strictly increasing order")
    found = [source.messages[number] for number in numbers if number in source.messages]
    good = [said for said in found if _fit(said, "forward" if forward else "copy")]
    if not good:
        raise bad(f"there are no messages to {'forward' if forward else 'copy'}")
    albums: dict[str, str] = {}
    made = []
    for said in good:
        bundle = said.more.get("media_group_id")
        album = albums.setdefault(bundle, str(secrets.randbits(62))) if bundle else ""
        passed = _forward if forward else _copy
        made.append(passed(world, desk, asked, said, album))
    return [{"message_id": said.id} for said in made]


def _forward(world: World, desk: Desk, asked: Asked, said: Message, album: str = "") -> Message:
    room = find_room_to_speak(world, desk, asked)
    topic, thread = place_of(room, desk, asked)
    return world.say(
        desk.bot,
        room,
        said.text,
        entities=_styles(said),
        topic=topic,
        thread=thread,
        origin=said.origin or shapes.origin(world, said),
        more=_content(said, asked, room, album),
    )


def _copy(world: World, desk: Desk, asked: Asked, said: Message, album: str = "") -> Message:
    room = find_room_to_speak(world, desk, asked)
    topic, thread = place_of(room, desk, asked)
    text, styles = said.text, _styles(said)
    if asked.get("caption") is not None and said.more.keys() & shapes.CAPTIONED:
        text, styles = caption_of(asked)
    elif asked.flag("remove_caption") and said.more.keys() & shapes.CAPTIONED:
        text, styles = "", []
    return world.say(
        desk.bot,
        room,
        text,
        entities=styles,
        topic=topic,
        thread=thread,
        reply_to=reply_of(room, asked),
        markup=markup_of(asked, room),
        more=_content(said, asked, room, album),
    )


def _content(said: Message, asked: Asked, room: Chat, album: str) -> dict[str, Any]:
    more = {**shapes.content(said), **options_of(asked, direct=room.kind == "private")}
    return {**more, "media_group_id": album} if album else more


def _styles(said: Message) -> list[Entity]:
    """The entities that are not found anew in the copied text."""
    return [one for one in said.entities if one["type"] not in shapes.FOUND]


def _source(world: World, desk: Desk, asked: Asked, deed: str) -> Message:
    find_room_to_speak(world, desk, asked)
    source = find_chat(world, desk, asked, "from_chat_id")
    said = source.messages.get(asked.needed("message_id"))
    if said is None or said.deleted:
        raise bad(f"message to {deed} not found")
    if not _fit(said, deed):
        raise bad(f"the message can't be {'copied' if deed == 'copy' else 'forwarded'}")
    return said


def _fit(said: Message, deed: str) -> bool:
    """What is protected can be copied by a bot, but not forwarded."""
    protected = deed == "forward" and said.more.get("has_protected_content")
    return not (said.deleted or said.service is not None or protected)
