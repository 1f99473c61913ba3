"""Ephemeral messages: what in a group one person alone sees, and how a bot changes it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bots.sandbox.addressed import find_room_to_act
from bots.sandbox.asked import Asked, bad
from bots.sandbox.desks import Desk
from bots.sandbox.keyboards import inline_markup_of
from bots.sandbox.things import PRESENT, Account, Change, Fact
from bots.sandbox.wording import caption_of, text_of
from bots.sandbox.world import Chat, Entity, Message, World

_AFTER_A_PRESS = 15.0
"""Seconds in which a bot that is no administrator may answer a press so."""
_ROOMS = frozenset({"group", "supergroup", "forum"})


def whispers(room: Chat, who: Account) -> list[Message]:
    """What somebody alone sees in a room, oldest first."""
    kept: dict[int, Message] = room.more.get("whispers", {})
    return [said for said in kept.values() if said.more["receiver_user"] == who.id]


def whisper(
    world: World,
    desk: Desk,
    asked: Asked,
    room: Chat,
    text: str,
    entities: Sequence[Entity],
    more: dict[str, Any],
) -> Message:
    """Say something to one member; it has no number among the messages of the room."""
    asks = asked.json("ephemeral_message_parameters")
    if not isinstance(asks, dict) or not asks.get("receiver_user_id"):
        raise bad("can't parse ephemeral message parameters JSON object")
    who = world.accounts.get(int(asks["receiver_user_id"]))
    if room.kind not in _ROOMS or not _may(world, desk, asked, room, asks):
        raise bad("BOT_NOT_ADMIN")
    if who is None or who.is_bot or room.members.get(who) not in PRESENT:
        raise bad("PARTICIPANT_ID_INVALID")
    number = len(room.more.get("whispers", ())) + int(room.more.get("whispered", 0)) + 1
    fact = {"fact": "whisper", "chat": room.key, "sender": desk.bot.id, "date": world.now()}
    marks = {"receiver_user": who.id, "ephemeral_message_id": number}
    said = world.tell(
        {
            **fact,
            "number": number,
            "text": text,
            "entities": [*entities],
            "markup": inline_markup_of(asked, room),
            "more": {**more, **marks},
        }
    ).message
    assert said is not None
    return said


def _may(world: World, desk: Desk, asked: Asked, room: Chat, asks: dict[str, Any]) -> bool:
    if room.members[desk.bot] == "administrator":
        return True
    newest = world.now() - _AFTER_A_PRESS
    return desk.pressed.get(str(asks.get("callback_query_id") or ""), 0.0) >= newest


def _mine(world: World, desk: Desk, asked: Asked) -> Message:
    room = find_room_to_act(world, desk, asked)
    said: Message | None = room.more.get("whispers", {}).get(asked.needed("ephemeral_message_id"))
    known = said is not None and said.more["receiver_user"] == asked.needed("receiver_user_id")
    if said is None or not known or said.sender is not desk.bot:
        raise bad("MESSAGE_ID_INVALID")
    return said


def edit_text(world: World, desk: Desk, asked: Asked) -> Any:
    return _edit(world, _mine(world, desk, asked), asked, *text_of(asked))


def edit_caption(world: World, desk: Desk, asked: Asked) -> Any:
    return _edit(world, _mine(world, desk, asked), asked, *caption_of(asked))


def edit_reply_markup(world: World, desk: Desk, asked: Asked) -> Any:
    said = _mine(world, desk, asked)
    return _edit(world, said, asked, said.text, said.entities)


def _edit(world: World, said: Message, asked: Asked, text: str, entities: Sequence[Entity]) -> bool:
    words = {"text": text, "entities": [*entities], "markup": inline_markup_of(asked, said.chat)}
    number = said.more["ephemeral_message_id"]
    world.tell({"fact": "rewhisper", "chat": said.chat.key, "number": number, **words})
    return True


def delete(world: World, desk: Desk, asked: Asked) -> Any:
    said = _mine(world, desk, asked)
    number = said.more["ephemeral_message_id"]
    world.tell({"fact": "unwhisper", "chat": said.chat.key, "number": number})
    return True


def _on_whisper(world: World, fact: Fact) -> Change:
    room, sender = world.chats[fact["chat"]], world.accounts[fact["sender"]]
    said = Message(room, 0, sender, fact["date"], fact["text"], tuple(fact["entities"]))
    said = replace(said, markup=fact["markup"], more=fact["more"])
    room.more.setdefault("whispers", {})[fact["number"]] = said
    return Change("whisper", fact, room, said)


def _on_rewhisper(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    before: Message = room.more["whispers"][fact["number"]]
    after = replace(
        before, text=fact["text"], entities=tuple(fact["entities"]), markup=fact["markup"]
    )
    room.more["whispers"][fact["number"]] = after
    return Change("rewhisper", fact, room, after, before)


def _on_unwhisper(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    del room.more["whispers"][fact["number"]]
    room.more["whispered"] = room.more.get("whispered", 0) + 1
    return Change("unwhisper", fact, room)


FACTS = {"whisper": _on_whisper, "rewhisper": _on_rewhisper, "unwhisper": _on_unwhisper}
