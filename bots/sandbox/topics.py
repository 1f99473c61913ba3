"""The methods of topics, of forums and of private chats: begin, rename, close, open, delete."""

from typing import Any

from bots.sandbox.addressed import find_room_to_act, may_rule
from bots.sandbox.asked import Asked, bad
from bots.sandbox.desks import Desk
from bots.sandbox.things import Change, Fact
from bots.sandbox.world import GENERAL, Chat, World

_COLOURS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)
_LONGEST_NAME = 128


def create_forum_topic(world: World, desk: Desk, asked: Asked) -> Any:
    room = _forum(world, desk, asked)
    if not may_rule(room, desk):
        raise bad("not enough rights to create a topic")
    name = _name(asked)
    colour = asked.number("icon_color") or _COLOURS[0]
    if colour not in _COLOURS:
        raise bad("invalid icon color specified")
    number = world.open_topic(room, name, desk.bot)
    return {"message_thread_id": number, "name": name, "icon_color": colour}


def edit_forum_topic(world: World, desk: Desk, asked: Asked) -> Any:
    room = _ruled(world, desk, asked)
    return _rename(world, desk, asked, room, _topic(room, asked))


def edit_general_forum_topic(world: World, desk: Desk, asked: Asked) -> Any:
    return _rename(world, desk, asked, _general(world, desk, asked), GENERAL)


def close_forum_topic(world: World, desk: Desk, asked: Asked) -> Any:
    room = _ruled(world, desk, asked)
    return _open(world, desk, room, _topic(room, asked), on=False)


def reopen_forum_topic(world: World, desk: Desk, asked: Asked) -> Any:
    room = _ruled(world, desk, asked)
    return _open(world, desk, room, _topic(room, asked), on=True)


def close_general_forum_topic(world: World, desk: Desk, asked: Asked) -> Any:
    return _open(world, desk, _general(world, desk, asked), GENERAL, on=False)


def reopen_general_forum_topic(world: World, desk: Desk, asked: Asked) -> Any:
    return _open(world, desk, _general(world, desk, asked), GENERAL, on=True)


def delete_forum_topic(world: World, desk: Desk, asked: Asked) -> Any:
    """Take a topic away with all that was said in it."""
    room = _ruled(world, desk, asked)
    number = _topic(room, asked)
    for said in [*room.messages.values()]:
        if said.topic == number and not said.deleted:
            world.delete(said)
    world.commit({"fact": "topic_gone", "chat": room.key, "id": number})
    return True


def _forum(world: World, desk: Desk, asked: Asked) -> Chat:
    room = find_room_to_act(world, desk, asked)
    if room.kind != "forum" and not (room.kind == "private" and "topics" in desk.bot.able):
        raise bad("the chat is not a forum")
    return room


def _ruled(world: World, desk: Desk, asked: Asked) -> Chat:
    room = _forum(world, desk, asked)
    if not may_rule(room, desk):
        raise bad("not enough rights to manage topics")
    return room


def _general(world: World, desk: Desk, asked: Asked) -> Chat:
    room = _ruled(world, desk, asked)
    if room.kind != "forum":
        raise bad("the chat is not a forum")
    return room


def _topic(room: Chat, asked: Asked) -> int:
    number = asked.needed("message_thread_id")
    if number not in room.topics or (number == GENERAL and room.kind == "forum"):
        raise bad("TOPIC_ID_INVALID")
    return number


def _name(asked: Asked) -> str:
    name = (asked.text("name") or "").strip()
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise bad("topic name is invalid")
    return name


def _rename(world: World, desk: Desk, asked: Asked, room: Chat, number: int) -> bool:
    if asked.text("name") is None and asked.text("icon_custom_emoji_id") is not None:
        return True  # a new icon alone; nobody here sees it
    name = _name(asked)
    if room.topics[number] == name:
        raise bad("TOPIC_NOT_MODIFIED")
    world.commit({"fact": "topic_name", "chat": room.key, "id": number, "name": name})
    world.say(desk.bot, room, "", topic=number, service={"forum_topic_edited": {"name": name}})
    return True


def _open(world: World, desk: Desk, room: Chat, number: int, *, on: bool) -> bool:
    if (number not in room.more.get("closed", ())) == on:
        raise bad("TOPIC_NOT_MODIFIED")
    world.commit({"fact": "topic_open", "chat": room.key, "id": number, "on": on})
    name = "forum_topic_reopened" if on else "forum_topic_closed"
    world.say(desk.bot, room, "", topic=number, service={name: {}})
    return True


def _gone(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    room.topics.pop(fact["id"], None)
    return Change("topic", fact, room)


FACTS = {"topic_gone": _gone}
