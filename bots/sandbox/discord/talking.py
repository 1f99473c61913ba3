"""What is done on Discord, by people and by bots: saying, editing, reacting, and whom a text calls."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bots.sandbox.discord.permissions import BOARDS, MENTION_EVERYONE, in_channel, is_unhurried
from bots.sandbox.discord.refusals import no
from bots.sandbox.discord.shapes import is_archived
from bots.sandbox.discord.snowflakes import mint
from bots.sandbox.things import Account, Chat, Message
from bots.sandbox.world import World

Json = dict[str, Any]
LONGEST = 2000
THREAD_CREATED, REPLY, THREAD_STARTER = 18, 19, 21
HAS_THREAD = 1 << 5
_EVERY: Json = {"parse": ["users", "roles", "everyone"], "replied_user": True}
_USER = re.compile(r"<@!?(\d{15,20})>")
_ROLE = re.compile(r"<@&(\d{15,20})>")
_ALL = re.compile(r"@(?:everyone|here)\b")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def say(
    world: World,
    sender: Account,
    room: Chat,
    text: str,
    *,
    reply_to: int | None = None,
    more: Mapping[str, Any] | None = None,
    service: Json | None = None,
    number: int | None = None,
) -> Message:
    """Put a message into a channel; `more` is what a bot gave beside the text."""
    kept: Json = {"type": REPLY if reply_to is not None else 0, **(more or {})}
    answered = room.messages.get(reply_to) if reply_to is not None else None
    kept.update(_calls(world, sender, room, text, answered, kept.get("allowed_mentions")))
    fact = {"fact": "said", "chat": room.key, "id": number or mint(world), "sender": sender.id}
    fact |= {"date": world.now(), "text": text, "reply_to": reply_to, "service": service}
    message = world.commit({**fact, "more": kept}).message
    assert message is not None
    return message


def edit(world: World, said: Message, text: str, more: Json | None = None) -> Message:
    """Give a message another text; whom it calls is read anew, but nobody is called twice."""
    kept = dict(more or {})
    answered = said.chat.messages.get(said.reply_to) if said.reply_to is not None else None
    allowed = kept.get("allowed_mentions", said.more.get("allowed_mentions"))
    kept.update(_calls(world, said.sender, said.chat, text, answered, allowed))
    return change(world, said, text, kept, world.now())


def change(
    world: World, said: Message, text: str, more: Json, date: float | None = None
) -> Message:
    """Change what stands; without a date it does not count as edited."""
    fact = {"fact": "said_edit", "chat": said.chat.key, "id": said.id, "text": text}
    after = world.commit({**fact, "more": more, "date": date}).message
    assert after is not None
    return after


def fill(world: World, waiting: Message, text: str, more: Json) -> Message:
    """Write an answer where its bot was shown to be thinking; it does not count as edited."""
    calls = _calls(world, waiting.sender, waiting.chat, text, None, more.get("allowed_mentions"))
    fact = {"fact": "said_edit", "chat": waiting.chat.key, "id": waiting.id, "text": text}
    fact |= {"more": {**more, **calls}, "date": None, "service": None}
    after = world.commit(fact).message
    assert after is not None
    return after


def delete(world: World, said: Message) -> None:
    world.commit({"fact": "said_delete", "chat": said.chat.key, "id": said.id})


def delete_together(world: World, room: Chat, found: Iterable[Message]) -> None:
    """Take back many messages of a channel, of which bots are told in one word."""
    gone = [said.id for said in found if not said.deleted]
    for number in gone:
        fact = {"fact": "said_delete", "chat": room.key, "id": number, "together": True}
        world.commit(fact)
    world.tell({"fact": "deleted_together", "chat": room.key, "ids": gone})


def pause_left(world: World, room: Chat, who: Account) -> float:
    """How many seconds slow mode lets somebody wait for the next message here."""
    pause = float(room.more.get("rate_limit_per_user") or 0)
    if not pause or room.guild is None or is_unhurried(room, who):
        return 0.0
    since = world.now() - pause
    for said in reversed(room.messages.values()):
        if said.date <= since:
            return 0.0
        # What a command or a webhook says is not the member's own writing.
        if said.sender is who and "webhook_id" not in said.more and said.service is None:
            return said.date - since
    return 0.0


def react(world: World, who: Account, said: Message, emoji: str, *, on: bool = True) -> bool:
    """Give a reaction or take it back; False when it was so already."""
    given = who.id in said.more.get("reactions", {}).get(emoji, ())
    if given == on:
        return False
    fact = {"fact": "said_react", "chat": said.chat.key, "id": said.id, "who": who.id}
    world.commit({**fact, "emoji": emoji, "on": on, "date": world.now()})
    return True


def type_in(world: World, who: Account, room: Chat, seconds: float = 10.0) -> None:
    fact = {"fact": "typing", "chat": room.key, "topic": None, "who": who.id}
    world.tell({**fact, "until": world.now() + seconds})


def _calls(
    world: World,
    sender: Account,
    room: Chat,
    text: str,
    answered: Message | None,
    allowed: Json | None,
) -> Json:
    """Whom a text calls, as far as its writer let it: accounts, roles, everyone."""
    allowed = _EVERY if allowed is None else allowed
    called: list[int] = []
    if answered is not None and allowed.get("replied_user") and "face" not in answered.more:
        called.append(answered.sender.id)
    calls: Json = {"mentions": called, "mention_roles": [], "mention_everyone": False}
    if "@" not in text:
        return calls
    plain = _CODE.sub("", text)
    parse = allowed.get("parse", ())
    for mark in _USER.findall(plain):
        who = world.snowflakes.get(int(mark))
        may = "users" in parse or mark in map(str, allowed.get("users", ()))
        if who is not None and may and who.id not in called:
            called.append(who.id)
    if room.guild is None:
        return calls
    roles = room.guild.roles
    for mark in dict.fromkeys(_ROLE.findall(plain)):
        may = "roles" in parse or mark in map(str, allowed.get("roles", ()))
        if may and int(mark) in roles and int(mark) != room.guild.id:
            calls["mention_roles"].append(int(mark))
    if "everyone" in parse and _ALL.search(plain):
        calls["mention_everyone"] = bool(in_channel(room, sender) & MENTION_EVERYONE)
    return calls


def named(room: Chat, text: str) -> str:
    """Make marks of the members who are named, as a Discord client does when one is picked."""
    if "@" not in text:
        return text
    members = room.guild.members if room.guild is not None else room.members
    for who in sorted(members, key=lambda who: -len(who.name)):
        text = re.sub(rf"(?<!\w)@{re.escape(who.name)}(?!\w)", f"<@{who.snowflake}>", text)
    return text


# -- rooms -----------------------------------------------------------------------------------------


def open_room(
    world: World,
    kind: str,
    name: str,
    *,
    guild: int | None = None,
    parent: Chat | None = None,
    owner: Account | None = None,
    joined: tuple[Account, ...] = (),
    more: Json | None = None,
    number: int | None = None,
) -> Chat:
    """Make a channel, a thread or a direct channel."""
    fact: Json = {"fact": "room", "id": number or mint(world), "kind": kind, "name": name}
    fact |= {"guild": guild, "parent": parent.id if parent else None, "more": more or {}}
    fact |= {"owner": owner.id if owner else None, "joined": [who.id for who in joined]}
    room = world.commit({**fact, "date": world.now()}).chat
    assert room is not None
    return room


def open_thread(
    world: World,
    room: Chat,
    name: str,
    by: Account,
    *,
    message: Message | None = None,
    private: bool = False,
    more: Json | None = None,
) -> Chat:
    """Begin a thread, at a message or beside all; a board's thread is a post."""
    assert room.guild is not None
    kind = "post" if room.kind in BOARDS else "private_thread" if private else "thread"
    thread = open_room(
        world,
        kind,
        name,
        guild=room.guild.id,
        parent=room,
        owner=by,
        joined=(by,),
        more=more,
        number=message.id if message is not None else None,
    )
    if kind == "thread":
        _announce(world, room, thread, by, message)
    return thread


def _announce(world: World, room: Chat, thread: Chat, by: Account, message: Message | None) -> None:
    reference: Json = {"channel_id": str(thread.id), "type": 0}
    if room.guild is not None:
        reference["guild_id"] = str(room.guild.id)
    if message is None:
        service = {"thread_created": thread.title}
        more = {"type": THREAD_CREATED, "reference": reference}
        say(world, by, room, thread.title, more=more, service=service)
        return
    flags = message.more.get("flags", 0) | HAS_THREAD
    change(world, message, message.text, {"flags": flags, "thread": thread.id})
    reference |= {"channel_id": str(room.id), "message_id": str(message.id)}
    more = {"type": THREAD_STARTER, "reference": reference}
    say(world, by, thread, "", more=more, service={"thread_began": message.id})


def wake(world: World, thread: Chat) -> None:
    """Take a thread out of the archive, as whatever is said in it does; a locked one stays."""
    if not is_archived(thread):
        return
    if thread.more.get("locked"):
        raise no(160005)
    more = {"archived": False, "archived_at": world.now()}
    world.commit({"fact": "room_changed", "chat": thread.key, "more": more})


def direct(world: World, person: Account, bot: Account) -> Chat:
    """The direct channel of a person with a bot, made when there is none."""
    known = world.directs.get((person.id, bot.id))
    return known or open_room(world, "direct", bot.name, joined=(person, bot))
