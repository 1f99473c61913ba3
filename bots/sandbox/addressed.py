"""Where a bot wants its words to go: the chat, the place in it, what they answer, what they quote."""

from typing import Any

from bots.sandbox import affairs, wording
from bots.sandbox.asked import Asked, Refused, bad, slow_down
from bots.sandbox.desks import Desk
from bots.sandbox.text import units
from bots.sandbox.world import GENERAL, PRESENT, Chat, Fact, Message, World

_GONE = "message to be replied not found"
_LONGEST_QUOTE = 1024
# A bot may write for a business to whom has written to it within a day.
_BUSINESS_LASTS = 86_400.0
_QUOTED = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler", "custom_emoji"})
_KICKED, _NO_MEMBER = "Forbidden: bot was kicked from", "Forbidden: bot is not a member of"
# Which permission of a group's members lets somebody send what.
_PERMISSIONS = {
    "photos": "can_send_photos",
    "documents": "can_send_documents",
    "music": "can_send_audios",
    "voice notes": "can_send_voice_notes",
    "videos": "can_send_videos",
    "video notes": "can_send_video_notes",
    "polls": "can_send_polls",
    "stickers": "can_send_other_messages",
    "GIFs": "can_send_other_messages",
    "dice": "can_send_other_messages",
}
_KINDS = {"group": "group", "channel": "channel"}


def find_chat(world: World, desk: Desk, asked: Asked, name: str = "chat_id") -> Chat:
    """The chat a bot names, if it may act there; otherwise Telegram's refusal."""
    value = asked.get(name)
    if value is None or value == "":
        raise bad("chat_id is empty")
    number = _number_of(world, value)
    bot = desk.bot
    connection = asked.text("business_connection_id")
    if connection and name == "chat_id":
        return business_chat(world, desk, connection, number)
    if number > 0:
        room = world.dm_of(number, bot.id)
        if room is None:
            if number in world.accounts and not world.accounts[number].is_bot:
                raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
            raise bad("chat not found")
        return room
    room = world.chats.get(f"tg:{number}")
    if room is None or bot not in room.members:
        raise bad("chat not found")
    status = room.members[bot]
    if status not in PRESENT:
        why = _KICKED if status == "kicked" else _NO_MEMBER
        raise Refused(403, f"{why} the {_KINDS.get(room.kind, 'supergroup')} chat")
    return room


def _number_of(world: World, value: Any) -> int:
    """The number of a chat, which a public one can be named instead of."""
    if isinstance(value, str) and value.startswith("@"):
        wanted = value[1:].lower()
        for room in world.chats.values():
            if str(room.more.get("username", "")).lower() == wanted:
                return room.id
        raise bad("chat not found")
    try:
        return int(value)
    except (TypeError, ValueError):
        raise bad("chat not found") from None


def business_connection(world: World, desk: Desk, number: str, right: str = "") -> Fact:
    """The connection by which a bot stands in for a business, if it is its own and has the right."""
    known = world.connections.get(number)
    if known is None or known["bot"] != desk.bot.id:
        raise bad("business connection not found")
    if right and right not in known["rights"]:
        raise bad("BUSINESS_CONNECTION_NOT_ALLOWED")
    return known


def business_chat(world: World, desk: Desk, connection: str, customer: int) -> Chat:
    """A chat of a business, to speak there in its name: with whom has spoken to it of late."""
    business_connection(world, desk, connection, "can_reply")
    room = affairs.business_room(world, connection, customer)
    if room is None:
        raise bad("BUSINESS_PEER_INVALID")
    spoken = [said.date for said in room.messages.values() if said.sender.id == customer]
    if max(spoken, default=0.0) < world.now() - _BUSINESS_LASTS:
        raise bad("BUSINESS_PEER_USAGE_MISSING")
    return room


def find_room_to_act(world: World, desk: Desk, asked: Asked) -> Chat:
    """A chat a bot may do something in: nobody blocked it, and the chat did not move."""
    room = find_chat(world, desk, asked)
    if room.kind == "private" and (room.id, desk.bot.id) in world.blocked:
        raise Refused(403, "Forbidden: bot was blocked by the user")
    if room.moved_to is not None:
        raise Refused(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            migrate_to_chat_id=room.moved_to.id,
        )
    return room


def find_room_to_speak(world: World, desk: Desk, asked: Asked, what: str = "text messages") -> Chat:
    """A chat a bot may send something to: it is not mute there, and not too fast."""
    room = find_room_to_act(world, desk, asked)
    if room.kind == "business":
        return room
    status = room.members[desk.bot]
    if status == "restricted" or not _is_permitted(room, status, what):
        raise bad(f"not enough rights to send {what} to the chat")
    if room.kind == "channel" and status != "administrator":
        raise bad("need administrator rights in the channel chat")
    _keep_pace(world, desk, room)
    return room


def _is_permitted(room: Chat, status: str, what: str) -> bool:
    """Whether all members of a group may send things of this kind; administrators always may."""
    permitted: dict[str, Any] | None = room.more.get("permissions")
    if permitted is None or status == "administrator":
        return True
    return bool(permitted.get(_PERMISSIONS.get(what, "can_send_messages")))


def _keep_pace(world: World, desk: Desk, room: Chat) -> None:
    """In slow mode a member that is no administrator speaks once in so many seconds."""
    pause = int(room.more.get("slow_mode_delay") or 0)
    if not pause or room.members[desk.bot] == "administrator":
        return
    spoken = [said.date for said in room.messages.values() if said.sender is desk.bot]
    left = max(spoken, default=world.now() - pause) + pause - world.now()
    if left > 0:
        raise slow_down(max(1, round(left)))


def place_of(room: Chat, desk: Desk, asked: Asked) -> tuple[int | None, int | None]:
    """The topic and the reply thread a message is meant for."""
    thread = asked.number("message_thread_id")
    if not thread:
        if GENERAL in room.more.get("closed", ()) and not may_rule(room, desk):
            raise bad("TOPIC_CLOSED")
        return (GENERAL if room.kind == "forum" else None), None
    general = room.kind == "forum" and thread == GENERAL
    if room.kind in {"forum", "private"} and not general and thread in room.topics:
        if thread in room.more.get("closed", ()) and not may_rule(room, desk):
            raise bad("TOPIC_CLOSED")
        return thread, None
    if room.kind == "supergroup" and thread in room.messages:
        return None, thread
    raise bad("message thread not found")


def may_rule(room: Chat, desk: Desk) -> bool:
    """Whether a bot is an administrator, or alone with somebody."""
    return room.kind in {"private", "business"} or room.members[desk.bot] == "administrator"


def reply_of(room: Chat, asked: Asked) -> int | None:
    """The number of the message of this room that is answered, which has to be there."""
    answered = _answered(room, asked)
    return None if answered is None else answered.id


def answered_of(world: World, desk: Desk, room: Chat, asked: Asked) -> Message | None:
    """The message that is answered, in this room or in another one of the bot's."""
    reply = asked.json("reply_parameters")
    if not isinstance(reply, dict) or reply.get("chat_id") in {None, room.id, str(room.id)}:
        return _answered(room, asked)
    there = find_chat(world, desk, Asked(reply.items()))
    said = _answered(there, asked)
    # Of what is protected there nothing is told elsewhere.
    return None if said is None or said.more.get("has_protected_content") else said


def _answered(room: Chat, asked: Asked) -> Message | None:
    reply = asked.json("reply_parameters")
    if reply is not None and not isinstance(reply, dict):
        raise bad("can't parse reply parameters JSON object")
    given = Asked((reply or {}).items())
    lenient = given.flag("allow_sending_without_reply")
    number = given.number("message_id")
    if reply is None:
        number = asked.number("reply_to_message_id")
        lenient = asked.flag("allow_sending_without_reply")
    if not number:
        return None
    answered = room.messages.get(number)
    if answered is not None and not answered.deleted:
        return answered
    if lenient:
        return None
    raise bad(_GONE)


def quote_of(answered: Message | None, asked: Asked) -> dict[str, Any] | None:
    """The words of the answered message that are quoted; they have to stand in it, style and all."""
    reply = asked.json("reply_parameters")
    if answered is None or not isinstance(reply, dict) or not reply.get("quote"):
        return None
    text, styles = wording.styled(reply, "quote")
    if not text:
        return None
    near = Asked(reply.items()).number("quote_position", 0) or 0
    place = _place_of_quote(answered, text, near)
    if place is None or units(text) > _LONGEST_QUOTE:
        raise bad("QUOTE_TEXT_INVALID")
    if _styles(styles, 0, units(text)) != _styles(answered.entities, place, units(text)):
        raise bad("QUOTE_TEXT_INVALID")
    quote: dict[str, Any] = {"text": text, "position": place, "is_manual": True}
    kept = [one for one in styles if one["type"] in _QUOTED]
    return {**quote, "entities": kept} if kept else quote


def _place_of_quote(answered: Message, text: str, near: int) -> int | None:
    """Where the quote begins, in UTF-16 units: of several places the one nearest to `near`."""
    places, found = [], answered.text.find(text)
    while found >= 0:
        places.append(units(answered.text[:found]))
        found = answered.text.find(text, found + 1)
    return min(places, key=lambda place: abs(place - near), default=None)


def _styles(entities: Any, start: int, length: int) -> set[tuple[str, int, int]]:
    """The styles within a part of a text, each with its place in that part."""
    found = set()
    for one in entities:
        low = max(one["offset"], start)
        high = min(one["offset"] + one["length"], start + length)
        if one["type"] in _QUOTED and low < high:
            found.add((one["type"], low - start, high - start))
    return found


def own_message(world: World, desk: Desk, asked: Asked, deed: str) -> Message:
    """The message of its own that a bot wants to change, by the chat or by its inline name."""
    name = asked.text("inline_message_id")
    if name:
        said = affairs.by_inline_name(world, name)
        if said is None or said.deleted or desk.bot.id not in _whose(said):
            raise bad("MESSAGE_ID_INVALID")
        return said
    room = find_room_to_act(world, desk, asked)
    said = room.messages.get(asked.needed("message_id"))
    if said is None or said.deleted or said.service is not None:
        raise bad(f"message to {deed} not found")
    if said.sender is not desk.bot or said.origin is not None or _has_keyboard(said):
        raise bad(f"message can't be {deed}ed")
    return said


def _whose(said: Message) -> set[int]:
    return {said.sender.id, said.more.get("via_bot", 0)}


def _has_keyboard(said: Message) -> bool:
    """What came with a keyboard under the line of writing stays as it is."""
    return said.markup is not None and "inline_keyboard" not in said.markup
