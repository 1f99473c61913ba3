"""What a person does on the page that only Telegram has, as JSON."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from bots.sandbox import affairs, media
from bots.sandbox.cast import Bot, Person
from bots.sandbox.media import Medium
from bots.sandbox.world import Chat, Message, World

Json = dict[str, Any]
_LONGEST_WORD = 200
_FILES: dict[str, Callable[[bytes | None], Medium]] = {
    "photo": media.photo,
    "voice": media.voice,
    "audio": media.audio,
    "video": media.video,
    "video_note": media.video_note,
    "animation": media.animation,
}


def bytes_of(asked: Json) -> bytes | None:
    """A file comes in base64; where there is none, something small is sent in its place."""
    if not asked.get("data"):
        return None
    try:
        return b64decode(str(asked["data"]), validate=True)
    except binascii.Error:
        raise ValueError("the file cannot be read") from None


def room_of(world: World, asked: Json, name: str = "chat") -> Chat:
    room = world.chats.get(str(asked.get(name)))
    if room is None or room.platform != "telegram":
        raise ValueError("there is no such chat on Telegram")
    return room


def _bot(world: World, asked: Json) -> Bot:
    who = world.accounts.get(int(asked.get("bot") or 0))
    if not isinstance(who, Bot):
        raise ValueError("this bot is not here")
    return who


def _someone(world: World, asked: Json) -> Person:
    who = world.accounts.get(int(asked.get("who") or 0))
    if not isinstance(who, Person):
        raise ValueError("this person is not here")
    return who


def _message(world: World, who: Person, asked: Json, room: str = "chat") -> Message:
    said = room_of(world, asked, room).messages.get(int(asked.get("id") or 0))
    if said is None or said.deleted or who not in said.chat.members:
        raise ValueError("there is no such message")
    return said


def _how(asked: Json) -> Json:
    topic, reply = asked.get("topic"), asked.get("reply_to")
    return {
        "topic": None if topic is None else int(topic),
        "reply_to": None if reply is None else int(reply),
    }


def _word(asked: Json, name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= _LONGEST_WORD:
        raise ValueError(f"the {name} is missing or too long")
    return value.strip()


def _degrees(asked: Json, name: str, most: int) -> float:
    value = asked.get(name)
    if not isinstance(value, int | float) or not -most <= value <= most:
        raise ValueError(f"the {name} is no place on earth")
    return float(value)


def _thing(asked: Json) -> Medium:
    """What is to be sent, by its kind."""
    if not isinstance(asked, dict):
        raise ValueError("a thing is a JSON object")
    kind = str(asked.get("kind"))
    made = _FILES.get(kind)
    if made is not None:
        return made(bytes_of(asked))
    match kind:
        case "document":
            return media.document(bytes_of(asked) or b"", name=str(asked.get("name") or "file"))
        case "sticker":
            return media.sticker(bytes_of(asked), emoji=str(asked.get("emoji") or "🦉"))
        case "location" | "venue":
            place = _degrees(asked, "latitude", 90), _degrees(asked, "longitude", 180)
            if kind == "location":
                return media.location(*place, live=int(asked.get("live") or 0))
            return media.venue(*place, _word(asked, "title"), _word(asked, "address"))
        case "contact":
            first, _, last = _word(asked, "name").partition(" ")
            return media.contact(_word(asked, "phone"), first, last)
        case "poll":
            options = [str(option) for option in asked.get("options") or ()]
            several, anonymous = bool(asked.get("several")), bool(asked.get("anonymous", True))
            question = str(asked.get("question") or "")
            return media.poll(question, options, several=several, anonymous=anonymous)
        case "dice":
            return media.dice(str(asked.get("emoji") or "🎲"))
    raise ValueError(f"nobody sends a {kind}")


def _hand(world: World, who: Person, asked: Json) -> Message:
    room, caption = room_of(world, asked), str(asked.get("text") or "")
    return who.hands(room, _thing(asked), caption, **_how(asked))


def _album(world: World, who: Person, asked: Json) -> Message:
    things = [_thing(one) for one in asked.get("things") or ()]
    caption = str(asked.get("text") or "")
    return who.sends_album(room_of(world, asked), *things, caption=caption, **_how(asked))[0]


def _forward(world: World, who: Person, asked: Json) -> Message:
    source, numbers = room_of(world, asked, "from"), [int(one) for one in asked.get("ids") or ()]
    if who not in source.members or not set(numbers) <= source.messages.keys():
        raise ValueError("there is no such message")
    said = [source.messages[number] for number in numbers]
    comment = str(asked.get("text") or "")
    return who.forwards(room_of(world, asked), *said, comment=comment)[0]


def _quote(world: World, who: Person, asked: Json) -> Message:
    said = _message(world, who, asked, "from" if "from" in asked else "chat")
    part, text = str(asked.get("quote") or ""), str(asked.get("text") or "")
    topic = _how(asked)["topic"]
    return who.says(room_of(world, asked), text, reply_to=said, topic=topic, quote=part)


def _vote(world: World, who: Person, asked: Json) -> Message:
    said = _message(world, who, asked)
    who.votes(said, *(int(number) for number in asked.get("options") or ()))
    return said.chat.messages[said.id]


def _stop(world: World, who: Person, asked: Json) -> None:
    topic = asked.get("topic")
    who.stops(room_of(world, asked), None if topic is None else int(topic))


def _inline(world: World, who: Person, asked: Json) -> None:
    room = room_of(world, asked) if asked.get("chat") else None
    who.types_inline(_bot(world, asked), str(asked.get("text") or ""), room)


def _choose(world: World, who: Person, asked: Json) -> Message:
    query, result = str(asked.get("query")), str(asked.get("result"))
    return who.chooses(room_of(world, asked), _bot(world, asked), query, result)


def _comment(world: World, who: Person, asked: Json) -> Message:
    return who.comments(_message(world, who, asked), str(asked.get("text") or ""))


def _pin(world: World, who: Person, asked: Json) -> None:
    who.pins(_message(world, who, asked), on=bool(asked.get("on", True)))


def _title(world: World, who: Person, asked: Json) -> None:
    who.renames(room_of(world, asked), str(asked.get("title") or ""))


def _membership(world: World, who: Person, asked: Json) -> None:
    """Come, go, ask, or do one of these to somebody else."""
    room, deed = room_of(world, asked), str(asked.get("deed"))
    own = {"join": who.joins, "leave": who.leaves, "ask": who.asks_to_join}
    if deed in own:
        own[deed](room)
        return
    others = {"let_in": who.lets_in, "add": who.adds, "remove": who.removes, "mute": who.mutes}
    others |= {"promote": who.promotes, "demote": who.demotes}
    if deed not in others:
        raise ValueError(f"there is no deed called {deed}")
    whom = _bot(world, asked) if asked.get("bot") else _someone(world, asked)
    others[deed](room, whom)


def _as(world: World, who: Person, asked: Json) -> None:
    """Speak in the name of a chat, or again in one's own."""
    shown = room_of(world, asked, "shown") if asked.get("shown") else None
    who.speaks_as(room_of(world, asked), shown)


def _topic(world: World, who: Person, asked: Json) -> None:
    """Rename a topic, or close it, or open it again."""
    room, number = room_of(world, asked), int(asked.get("id") or 0)
    if asked.get("name"):
        who.renames_topic(room, number, str(asked["name"]))
    else:
        who.closes_topic(room, number, on=bool(asked.get("on", True)))


def _business(world: World, who: Person, asked: Json) -> None:
    """Let a bot stand in for one's business, or no more."""
    (who.connects if asked.get("on", True) else who.disconnects)(_bot(world, asked))


def _able(world: World, who: Person, asked: Json) -> None:
    names = [str(name) for name in asked.get("names") or ()]
    _bot(world, asked).may(*names, on=bool(asked.get("on", True)))


def _language(world: World, who: Person, asked: Json) -> None:
    who.speaks(str(asked.get("language") or "en"))


def _broadcast(world: World, who: Person, asked: Json) -> None:
    """Open a channel, whose bots look after it too; with a title for it, its discussion group."""
    bots = [_bot(world, {"bot": number}) for number in asked.get("bots") or ()]
    readers = [_someone(world, {"who": number}) for number in asked.get("people") or ()]
    title = _word(asked, "title")
    channel = world.open_chat("channel", title, [who], bots, bots)
    others = [reader for reader in readers if reader is not who]
    for reader in others:
        reader.joins(channel)
    if asked.get("group"):
        group = world.open_chat("supergroup", _word(asked, "group"), [who, *others], bots)
        world.commit({"fact": "link", "chat": channel.key, "to": group.key})


def _customer(world: World, who: Person, asked: Json) -> None:
    """Begin to write to the business of somebody else."""
    owner = _someone(world, asked)
    if owner is who:
        raise ValueError("nobody is a customer of themselves")
    affairs.open_business_chat(world, owner, who)


DEEDS = {
    "broadcast": _broadcast,
    "customer": _customer,
    "hand": _hand,
    "album": _album,
    "forward": _forward,
    "quote": _quote,
    "vote": _vote,
    "stop": _stop,
    "inline": _inline,
    "choose": _choose,
    "comment": _comment,
    "pin": _pin,
    "title": _title,
    "membership": _membership,
    "as": _as,
    "topic_of": _topic,
    "business": _business,
    "able": _able,
    "language": _language,
}
