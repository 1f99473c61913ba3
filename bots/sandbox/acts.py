"""What a person does on the page, as JSON, done in the world."""

from typing import Any

from bots.sandbox.cast import Bot, Person
from bots.sandbox.discord import deeds, talking
from bots.sandbox.discord.guilds import key_of
from bots.sandbox.gestures import DEEDS as _GESTURES
from bots.sandbox.gestures import bytes_of
from bots.sandbox.things import Guild
from bots.sandbox.world import Chat, Message, World

Json = dict[str, Any]
# What an app would cut into parts.
_LONGEST = 40_000


def act(world: World, asked: Json) -> Message | None:
    """Do one deed and give the message it touched; ValueError says in a sentence why not."""
    deed = str(asked.get("do"))
    handler = _DEEDS.get(deed)
    if handler is None:
        raise ValueError(f"there is no deed called {deed}")
    return handler(world, _person(world, asked.get("as")), asked)


def _person(world: World, number: Any) -> Person:
    who = world.accounts.get(_number(number, "person"))
    if not isinstance(who, Person):
        raise ValueError("this person is not here")
    return who


def _bot(world: World, number: Any) -> Bot:
    who = world.accounts.get(_number(number, "bot"))
    if not isinstance(who, Bot):
        raise ValueError("this bot is not here")
    return who


def _chat(world: World, asked: Json) -> Chat:
    room = world.chats.get(str(asked.get("chat")))
    if room is None:
        raise ValueError("there is no such chat")
    return room


def _message(world: World, who: Person, asked: Json) -> Message:
    room = _chat(world, asked)
    said = room.messages.get(_number(asked.get("id"), "message"))
    if said is None or said.deleted or who not in room.members:
        raise ValueError("there is no such message")
    return said


def _number(value: Any, what: str) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ValueError(f"the {what} is not named by a number") from None


def _words(asked: Json, name: str, longest: int) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"the {name} is missing")
    if len(value) > longest:
        raise ValueError(f"the {name} is too long")
    return value if name == "text" else value.strip()


def _now(said: Message) -> Message:
    return said.chat.messages[said.id]


def _send(world: World, who: Person, asked: Json) -> Message:
    topic, reply = asked.get("topic"), asked.get("reply_to")
    return who.says(
        _chat(world, asked),
        _words(asked, "text", _LONGEST),
        topic=None if topic is None else _number(topic, "topic"),
        reply_to=None if reply is None else _number(reply, "message"),
    )


def _document(world: World, who: Person, asked: Json) -> Message:
    topic, reply = asked.get("topic"), asked.get("reply_to")
    return who.sends(
        _chat(world, asked),
        _words(asked, "name", 200),
        bytes_of(asked) or b"",
        str(asked.get("text") or ""),
        topic=None if topic is None else _number(topic, "topic"),
        reply_to=None if reply is None else _number(reply, "message"),
    )


def _edit(world: World, who: Person, asked: Json) -> Message:
    return who.edits(_message(world, who, asked), _words(asked, "text", 4096))


def _delete(world: World, who: Person, asked: Json) -> None:
    who.deletes(_message(world, who, asked))


def _react(world: World, who: Person, asked: Json) -> Message:
    said, emoji = _message(world, who, asked), asked.get("emoji")
    if emoji is not None and (not isinstance(emoji, str) or not 0 < len(emoji) <= 16):
        raise ValueError("this is not an emoji")
    on = bool(asked.get("on", True))
    who.reacts(said, emoji if on or said.chat.platform == "discord" else None, on=on)
    return _now(said)


def _press(world: World, who: Person, asked: Json) -> None:
    picked = [str(value) for value in asked.get("values") or ()]
    who.presses(_message(world, who, asked), str(asked.get("data")), values=picked)


def _block(world: World, who: Person, asked: Json) -> None:
    who.blocks(_bot(world, asked.get("bot")), on=bool(asked.get("on", True)))


def _new_person(world: World, who: Person, asked: Json) -> None:
    name = _words(asked, "name", 64)
    username = "".join(
        c for c in name.lower().replace(" ", "_") if c.isascii() and (c.isalnum() or c == "_")
    )
    free = len(username) >= 3 and world.named(username) is None
    made = world.account(name, username if free else None, False)
    for bot in [one for one in world.accounts.values() if one.is_bot]:
        if bot.platform == "discord":
            talking.direct(world, made, bot)
        else:
            world.open_chat("private", bot.name, [made], [bot])
    for server in world.guilds.values():
        if who in server.members:
            deeds.join(world, server, made)
    for room in [one for one in world.chats.values() if one.platform == "telegram"]:
        if room.kind != "private" and room.moved_to is None and who in room.members:
            who.adds(room, made)


def _group(world: World, who: Person, asked: Json) -> None:
    people = [_person(world, number) for number in asked.get("people") or ()]
    bots = [_bot(world, number) for number in asked.get("bots") or ()]
    others = [person for person in people if person is not who]
    kind = "forum" if asked.get("forum") else str(asked.get("kind") or "group")
    if kind not in {"group", "supergroup", "forum"}:
        raise ValueError("this is no kind of group")
    world.open_chat(kind, _words(asked, "title", 128), [who, *others], bots)


def _topic(world: World, who: Person, asked: Json) -> None:
    room = _chat(world, asked)
    who.opens_topic(room, _words(asked, "name", 128))


# -- rooms of Discord --------------------------------------------------------------------------


def _server(world: World, who: Person, asked: Json) -> Guild:
    server = world.guilds.get(_number(asked.get("guild"), "server"))
    if server is None or who not in server.members:
        raise ValueError("there is no such server")
    return server


def _channel(world: World, who: Person, asked: Json) -> None:
    server, kind = _server(world, who, asked), asked.get("kind", "text")
    if kind not in {"text", "board", "voice"}:
        raise ValueError("a channel is for talk, for posts or for voices")
    name = _words(asked, "name", 100)
    if kind != "voice":
        name = name.lower().replace(" ", "-").lstrip("#")
    talking.open_room(world, kind, name, guild=server.id)


def _parent(world: World, who: Person, asked: Json, kinds: set[str], refusal: str) -> Chat:
    room = _chat(world, asked)
    if room.kind not in kinds or who not in room.members:
        raise ValueError(refusal)
    return room


def _thread(world: World, who: Person, asked: Json) -> None:
    room = _parent(world, who, asked, {"text", "announcement"}, "only a channel has threads")
    begun = None if asked.get("id") is None else _message(world, who, asked)
    if begun is not None and key_of(begun.id) in world.chats:
        raise ValueError("this message has a thread already")
    talking.open_thread(world, room, _words(asked, "name", 100), who, message=begun)


def _post(world: World, who: Person, asked: Json) -> Message:
    board = _parent(world, who, asked, {"board"}, "only a forum has posts")
    title, text = _words(asked, "name", 100), _words(asked, "text", 2000)
    made = talking.open_thread(world, board, title, who)
    return talking.say(world, who, made, talking.named(made, text.strip()), number=made.id)


def _command(world: World, who: Person, asked: Json) -> None:
    bot, room = _bot(world, asked.get("bot")), _chat(world, asked)
    who.uses(room, bot, _words(asked, "name", 100), **_options(world, who, asked))


def _options(world: World, who: Person, asked: Json) -> Json:
    """What was filled in: words, numbers, and things by what they are called by."""
    given = dict(asked.get("options") or {})
    return {str(name): _thing(world, who, asked, value) for name, value in given.items()}


def _thing(world: World, who: Person, asked: Json, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "account" in value:
        found = world.accounts.get(_number(value["account"], "person"))
        if found is None:
            raise ValueError("this person is not here")
        return found
    if "message" in value:
        return _message(world, who, {"chat": asked.get("chat"), "id": value["message"]})
    return _chat(world, value)


def _complete(world: World, who: Person, asked: Json) -> None:
    bot, room = _bot(world, asked.get("bot")), _chat(world, asked)
    options, option = _options(world, who, asked), str(asked.get("option"))
    who.completes(room, bot, _words(asked, "name", 100), option, **options)


def _fill(world: World, who: Person, asked: Json) -> None:
    fields = {str(name): value for name, value in dict(asked.get("fields") or {}).items()}
    who.fills(str(asked.get("interaction")), **fields)


def _dismiss(world: World, who: Person, asked: Json) -> None:
    who.dismisses(_message(world, who, asked))


def _vote(world: World, who: Person, asked: Json) -> Message:
    said = _message(world, who, asked)
    who.votes(said, *(_number(one, "option") for one in asked.get("options") or ()))
    return _now(said)


_DEEDS = {
    **_GESTURES,
    "send": _send,
    "document": _document,
    "edit": _edit,
    "delete": _delete,
    "react": _react,
    "press": _press,
    "block": _block,
    "person": _new_person,
    "group": _group,
    "topic": _topic,
    "channel": _channel,
    "thread": _thread,
    "post": _post,
    "command": _command,
    "complete": _complete,
    "fill": _fill,
    "dismiss": _dismiss,
    "vote": _vote,
}
