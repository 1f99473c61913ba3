"""A raw gateway event -> a Received: what must be known to store it, and nothing that could fail."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from bots.discord.kinds import keeps, kind_of
from core.flow.commands import NAMES
from core.ids import Account
from core.messages import Address, Kind, Received

PLATFORM = "discord"
WORLD = "GUILD_SEEN"
"""Our own name for a server as it stands; Discord has no event of that name."""

# 21, a thread's first line, repeats what was heard in the channel that the thread hangs from.
_SPOKEN = (0, 19, 20, 23)
"""Types of messages that somebody wrote: plain, an answer, and what came of a command."""
_TALK = (Kind.MESSAGE, Kind.COMMAND)
MEMBERS = frozenset({"GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE", "GUILD_MEMBER_UPDATE"})
_ENDED = frozenset({"GUILD_DELETE", "CHANNEL_DELETE", "THREAD_DELETE"})
"""We are not there any more."""
_RENEWED = frozenset({"GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE", "THREAD_CREATE", "THREAD_UPDATE"})
"""Something of a server is not what it was: these rows hold no more of it."""
_FORWARD = 1
_MARK = re.compile(r"<(?:#|@&)(\d{1,20})>")
_COMMAND = re.compile(r"/(\w+)(?:\s+|\Z)", re.ASCII)
_WHILE_TYPING = 0.7
"""Seconds for which its author may still be changing what they have changed."""
_SHOWN = 100  # names kept with one message; its 2,000 characters hold little more


@dataclass(frozen=True, slots=True)
class Scene:
    """What of the channel must be kept with an event, so that it can be read later."""

    type: int | None = None
    """Discord's number; None where nothing is known of the channel."""
    name: str = ""
    guild: str = ""
    """Empty in a direct chat."""
    guild_name: str = ""
    parent: str = ""
    """Of a thread or post, the channel that it hangs from."""
    parent_name: str = ""
    parent_type: int | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """Of the channels and roles that a message tags: see `tagged`."""
    ours: tuple[str, ...] = ()
    """The roles that are ours alone: Discord makes one when a bot is invited."""
    tags: tuple[str, ...] = ()
    """Of a post, what it was filed under."""
    owner: str = ""
    """Of what happens to a member, whose server it is."""
    leads: tuple[str, ...] = ()
    """Of the same, the roles whose members lead it."""
    welcome: str = ""
    """Of somebody's coming, the channel in which people are greeted: the one that is told of."""
    mark: str = ""
    """What tells two events apart that look alike; it is not kept."""


def envelope(event: str, data: object, scene: Scene, account: Account) -> Received:
    """Never raises, whatever JSON it is given; what makes no sense becomes an OTHER.

    A message that is read back by REST is a MESSAGE_CREATE too, and has the same key.
    """
    payload = _dumps(event, data, scene)
    said = _object(data)
    channel, number = snowflake(said.get("channel_id")), snowflake(said.get("id"))
    kind, event_key = _kind(event, said, scene, account.partition(":")[2]), ""
    gone = taken_back(said) if kind is Kind.DELETE else ()
    if event == "INTERACTION_CREATE":
        event_key = f"i:{number}" if number else ""
    elif channel and number:
        event_key = _key_of_message(event, channel, number, said)
    elif gone:
        event_key = f"d:{channel}:{_short(' '.join(gone))}"
    if not event_key:
        event_key = ":".join(filter(None, ("x", _short(payload), scene.mark)))
        # Without its ids it can be neither told from its repeats nor answered.
        kind = Kind.OTHER if kind in (Kind.MESSAGE, Kind.COMMAND, Kind.EDIT) else kind
    return Received(
        address=Address(PLATFORM, account, _room(event, said, scene)),
        event_key=event_key,
        author=_author(said),
        # By these it is known how far a room has been read back, where only messages stand.
        seq=int(number) if event == "MESSAGE_CREATE" and kind in _TALK else 0,
        kind=kind,
        payload=payload,
        keep=keeps(said) if event == "INTERACTION_CREATE" else None,
        rests=_WHILE_TYPING if kind is Kind.EDIT else 0.0,
        unsays=tuple(f"m:{channel}:{one}" for one in gone),
    )


def world(guild: object, account: Account, mark: int) -> Received:
    """A server as it stands; `guild` is shaped as in GUILD_CREATE, and little of it is kept.

    `mark` is how far the messages of all servers had been read when this was written.
    """
    whole = _object(guild)
    number = snowflake(whole.get("id"))
    seen = {"id": number, "name": whole.get("name")} | {
        part: [
            {name: room.get(name) for name in ("id", "type", "name", "parent_id")}
            for room in _list(whole.get(part))
            if isinstance(room, dict)
        ]
        for part in ("channels", "threads")
    }
    return Received(
        address=Address(PLATFORM, account, number),
        event_key=f"w:{number}:{mark}",
        author="",
        seq=mark,
        kind=Kind.WORLD,
        payload=_dumps(WORLD, seen, Scene()),
    )


def tagged(data: object) -> tuple[str, ...]:
    """The channels and roles whose names must stand in the Scene; Discord sends their ids only."""
    said = _object(data)
    source = forwarded_from(said)
    parts = (said, *(_object(_object(one).get("message")) for one in _snapshots(said)))
    found = [source] if source else []
    for part in parts:
        if isinstance(content := part.get("content"), str) and "<" in content:
            found += _MARK.findall(content)
    return tuple(dict.fromkeys(found))[:_SHOWN]


def forwarded_from(said: dict[str, Any]) -> str:
    """The channel in which was said what is passed on here; empty for what is somebody's own."""
    reference = _object(said.get("message_reference"))
    is_one = reference.get("type") == _FORWARD
    return snowflake(reference.get("channel_id")) if is_one else ""


def taken_back(said: dict[str, Any]) -> tuple[str, ...]:
    """The messages that are gone, of one or of many."""
    many = map(snowflake, _list(said.get("ids")))
    return tuple(dict.fromkeys(filter(None, (snowflake(said.get("id")), *many))))


def loads(payload: bytes) -> Any:
    """What was stored; raises ValueError."""
    try:
        return orjson.loads(payload)
    except ValueError:
        return json.loads(payload)  # half an emoji as an escape, which orjson does not take


def snowflake(value: object) -> str:
    """An id as text; empty where it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 < value < 2**63 else ""
    if not isinstance(value, str) or len(value) > 19 or not (value.isascii() and value.isdigit()):
        return ""
    return str(int(value)) if 0 < int(value) < 2**63 else ""


def command_in(content: str, us: str) -> tuple[str, str]:
    """The command that a message begins with, and what follows; a mark of ours may stand before.

    Nothing but text to Discord: its own slash commands come as interactions.
    """
    content, _ = _addressed(content, us)
    found = _COMMAND.match(content)
    name = found[1].lower() if found else ""
    return (name, content[found.end() :]) if found and name in NAMES else ("", "")


def is_direct(said: dict[str, Any], type: object, guild: object) -> bool:
    """A chat with one person, or, where nothing is known of the channel, outside of any server."""
    return type == 1 if isinstance(type, int) else not (guild or said.get("guild_id"))


def _room(event: str, said: dict[str, Any], scene: Scene) -> str:
    if event in _ENDED:
        return snowflake(said.get("id"))
    if event == "GUILD_MEMBER_ADD" and scene.welcome:
        return scene.welcome
    return snowflake(said.get("channel_id")) or snowflake(said.get("guild_id"))


def _kind(event: str, said: dict[str, Any], scene: Scene, us: str) -> Kind:
    if event == "MESSAGE_CREATE" and _is_spoken(said):
        return Kind.COMMAND if _is_command(said, scene, us) else Kind.MESSAGE
    if event == "MESSAGE_UPDATE" and _is_spoken(said):
        # Discord updates a message too when it has looked up a link; then nobody has edited it.
        written = isinstance(said.get("content"), str) and isinstance(
            said.get("edited_timestamp"), str
        )
        return Kind.EDIT if written else Kind.OTHER
    if event.startswith("MESSAGE_REACTION_"):
        return Kind.REACTION
    if event in ("MESSAGE_DELETE", "MESSAGE_DELETE_BULK"):
        return Kind.DELETE if taken_back(said) and snowflake(said.get("channel_id")) else Kind.OTHER
    if event in MEMBERS or event in _ENDED:
        return Kind.MEMBER
    if event in _RENEWED and snowflake(said.get("guild_id")):
        return Kind.WORLD
    if event == "INTERACTION_CREATE":
        return kind_of(said)
    return Kind.OTHER


def _is_command(said: dict[str, Any], scene: Scene, us: str) -> bool:
    """One that is known and meant for us; any other is talk, for Discord has no text commands."""
    content = said.get("content")
    if not isinstance(content, str) or not command_in(content, us)[0]:
        return False
    answered = _object(_object(said.get("referenced_message")).get("author"))
    return (
        _addressed(content, us)[1]
        or is_direct(said, scene.type, scene.guild)
        or snowflake(answered.get("id")) == us
    )


def _addressed(content: str, us: str) -> tuple[str, bool]:
    """The text without a mark of ours that begins it, and whether there was one."""
    content = content.lstrip()
    bare = content.removeprefix(f"<@{us}>").removeprefix(f"<@!{us}>")
    return bare.lstrip(), bare != content


def _is_spoken(said: dict[str, Any]) -> bool:
    return said.get("type", 0) in _SPOKEN


def _key_of_message(event: str, channel: str, number: str, said: dict[str, Any]) -> str:
    match event:
        case "MESSAGE_CREATE":
            return f"m:{channel}:{number}"
        case "MESSAGE_UPDATE" if isinstance(when := said.get("edited_timestamp"), str):
            # The same edit comes again when a link in it has been looked up.
            return f"e:{channel}:{number}:{_plain(when)}"
        case "MESSAGE_DELETE":
            return f"d:{channel}:{number}"
    return ""


def _author(said: dict[str, Any]) -> str:
    for user in (said.get("author"), said.get("user"), _object(said.get("member")).get("user")):
        if number := snowflake(_object(user).get("id")):
            return number
    return snowflake(said.get("user_id"))


def _short(what: bytes | str) -> str:
    whole = what.encode("utf-8", "surrogatepass") if isinstance(what, str) else what
    return blake2b(whole, digest_size=12).hexdigest()


def _plain(text: str) -> str:
    """A time as Discord writes it; else something of that length which any database takes."""
    if len(text) <= 40 and text.isascii() and text.isprintable():
        return text
    return _short(text)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _snapshots(said: dict[str, Any]) -> list[Any]:
    return _list(said.get("message_snapshots"))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dumps(event: str, data: object, scene: Scene) -> bytes:
    known = {
        "type": scene.type,
        "name": scene.name,
        "guild": scene.guild,
        "guild_name": scene.guild_name,
        "parent": scene.parent,
        "parent_name": scene.parent_name,
        "parent_type": scene.parent_type,
        "names": dict(scene.names),
        "ours": scene.ours,
        "tags": scene.tags,
        "owner": scene.owner,
        "leads": scene.leads,
    }
    whole = {"t": event, "d": data, "in": {k: v for k, v in known.items() if v or v == 0}}
    try:
        return orjson.dumps(whole)
    except (TypeError, RecursionError):
        pass
    try:
        return json.dumps(whole, default=repr).encode()
    except (TypeError, ValueError, RecursionError):
        return b"null"
