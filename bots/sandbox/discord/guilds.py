"""Servers, channels and what is said in them: the facts of Discord, and how each changes the world.

Each kind of change names in its fact what the gateway needs: `deed` of a chat is made, changed or
gone; `deed` of a member is joined, left or roles; a reaction tells `who`, `emoji` and whether `on`.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from bots.sandbox.discord.permissions import EVERYONE, THREADS, VIEW, in_channel
from bots.sandbox.discord.snowflakes import seen
from bots.sandbox.things import Account, Change, Chat, Fact, Guild, Hook, Message, Overwrite, Role
from bots.sandbox.world import World


def key_of(channel: int) -> str:
    return f"dc:{channel}"


def _guild(world: World, fact: Fact) -> Change:
    seen(world, fact["id"])
    guild = Guild(fact["id"], fact["name"], world.accounts[fact["owner"]])
    guild.roles[guild.id] = Role(guild.id, "@everyone", EVERYONE)
    world.guilds[guild.id] = guild
    return Change("guild", fact, guild=guild)


def _mark(marks: dict[Account, Any], who: Account, mark: Any) -> None:
    marks.pop(who, None)
    if mark:
        marks[who] = mark


def _role(world: World, fact: Fact) -> Change:
    seen(world, fact["id"])
    guild = world.guilds[fact["guild"]]
    known = guild.roles.get(fact["id"])
    fact["deed"] = "made" if known is None else "changed"
    place = len(guild.roles) if known is None else known.position
    if fact.get("gone"):
        fact["deed"] = "gone"
        del guild.roles[fact["id"]]
        for roles in guild.members.values():
            roles.discard(fact["id"])
    else:
        place = fact.get("position", place)
        guild.roles[fact["id"]] = Role(fact["id"], fact["name"], fact["permissions"], place)
    if known is not None:
        _look_again(guild, guild.members)
    return Change("role", fact, guild=guild)


def _member(world: World, fact: Fact) -> Change:
    guild, who = world.guilds[fact["guild"]], world.accounts[fact["who"]]
    if fact["deed"] == "left":
        guild.members.pop(who, None)
        guild.joined.pop(who, None)
        guild.nicks.pop(who, None)
        for room in guild.channels.values():
            room.members.pop(who, None)
            room.joined.pop(who, None)
        return Change("member", fact, guild=guild)
    guild.members[who] = set(fact["roles"])
    if fact["deed"] == "roles":
        # What a member was called before there were nicknames here is not told.
        _mark(guild.nicks, who, fact.get("nick", guild.nicks.get(who)))
        _mark(guild.timeouts, who, fact.get("until", guild.timeouts.get(who)))
        _look_again(guild, [who])
    if fact["deed"] == "joined":
        guild.joined[who] = fact["date"]
        for room in guild.channels.values():
            _look(room, who)
    return Change("member", fact, guild=guild)


def _ban(world: World, fact: Fact) -> Change:
    guild, who = world.guilds[fact["guild"]], world.accounts[fact["who"]]
    (guild.banned.add if fact["on"] else guild.banned.discard)(who)
    return Change("ban", fact, guild=guild)


def _outage(world: World, fact: Fact) -> Change:
    guild = world.guilds[fact["guild"]]
    guild.down = fact["on"]
    return Change("guild_outage", fact, guild=guild)


def _sticker(world: World, fact: Fact) -> Change:
    guild = world.guilds[fact["guild"]]
    seen(world, fact["id"])
    guild.stickers[fact["id"]] = {name: fact[name] for name in ("name", "tags", "by")}
    return Change("sticker", fact, guild=guild)


def _installed(world: World, fact: Fact) -> Change:
    pair = (fact["who"], fact["bot"])
    (world.installs.add if fact["on"] else world.installs.discard)(pair)
    return Change("installed", fact)


def _look_again(guild: Guild, people: Iterable[Account]) -> None:
    """Who sees what, after roles or the rules of a channel have changed."""
    for room in guild.channels.values():
        for who in people:
            _look(room, who)


def _look(room: Chat, who: Account) -> None:
    """Let someone see a channel or no longer, as its permissions say."""
    if in_channel(room, who) & VIEW:
        room.members[who] = "creator" if room.guild and room.guild.owner is who else "member"
    else:
        room.members.pop(who, None)


def _room(world: World, fact: Fact) -> Change:
    seen(world, fact["id"])
    room = Chat(key_of(fact["id"]), fact["id"], fact["kind"], fact["name"], platform="discord")
    room.more = dict(fact["more"])
    owner = fact["owner"]
    room.owner = world.accounts[owner] if owner is not None else None
    for number in fact["joined"]:
        room.joined[world.accounts[number]] = fact["date"]
    if fact["guild"] is None:
        room.members = dict.fromkeys(room.joined, "member")
        if room.kind == "direct":
            first, second = list(room.members)
            world.directs[first.id, second.id] = room
    else:
        room.guild = world.guilds[fact["guild"]]
        room.guild.channels[room.id] = room
        room.parent = room.guild.channels[fact["parent"]] if fact["parent"] is not None else None
        for who in room.guild.members:
            _look(room, who)
    world.chats[room.key] = room
    return Change("chat", {**fact, "deed": "made"}, room, guild=room.guild)


def _room_changed(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    room.title = fact.get("name", room.title)
    room.more = {**room.more, **fact.get("more", {})}
    if "parent" in fact and room.guild is not None:
        room.parent = room.guild.channels[fact["parent"]] if fact["parent"] else None
    if "overwrites" in fact:
        room.overwrites.clear()
    for number, given in (*fact.get("overwrites", {}).items(), *fact.get("overwrite", {}).items()):
        room.overwrites.pop(int(number), None)
        if given is not None:
            room.overwrites[int(number)] = Overwrite(*given)
    if room.guild is not None and ("overwrites" in fact or "overwrite" in fact):
        _look_again(room.guild, room.guild.members)
    if "who" in fact:
        who = world.accounts[fact["who"]]
        for name, people in (("closed", room.closed_to), ("muted", room.muted)):
            if name in fact:
                (people.add if fact[name] else people.discard)(who)
        below = [c for c in room.guild.channels.values() if c.parent is room] if room.guild else []
        for each in (room, *below):
            _look(each, who)
    return Change("chat", {**fact, "deed": "changed"}, room, guild=room.guild)


def _room_gone(world: World, fact: Fact) -> Change:
    room = world.chats.pop(fact["chat"])
    for number in [hook.id for hook in world.hooks.values() if hook.chat is room]:
        del world.hooks[number]
    if room.guild is not None:
        room.guild.channels.pop(room.id)
    return Change("chat", {**fact, "deed": "gone"}, room, guild=room.guild)


def _thread_member(world: World, fact: Fact) -> Change:
    room, who = world.chats[fact["chat"]], world.accounts[fact["who"]]
    if fact["on"]:
        room.joined.setdefault(who, fact["date"])
    else:
        room.joined.pop(who, None)
    _look(room, who)
    return Change("thread_member", fact, room, guild=room.guild)


def _hook(world: World, fact: Fact) -> Change:
    """A webhook is made or changed; without a channel it is gone."""
    seen(world, fact["id"])
    known = world.hooks.get(fact["id"])
    if fact["chat"] is None:
        assert known is not None
        del world.hooks[known.id]
        return Change("hook", fact, known.chat, guild=known.chat.guild)
    room = world.chats[fact["chat"]]
    owner = world.accounts[fact["owner"]]
    world.hooks[fact["id"]] = Hook(fact["id"], room, fact["name"], fact["token"], owner)
    return Change("hook", fact, room, guild=room.guild)


# -- messages --------------------------------------------------------------------------------------


def _said(world: World, fact: Fact) -> Change:
    seen(world, fact["id"])
    room = world.chats[fact["chat"]]
    message = Message(
        room,
        fact["id"],
        world.accounts[fact["sender"]],
        fact["date"],
        fact["text"],
        reply_to=fact["reply_to"],
        service=fact["service"],
        more=fact["more"],
    )
    room.messages[message.id] = message
    room.last_id = message.id
    if message.sender.is_bot:
        world.typing.pop((room.key, None, message.sender.id), None)
    if room.kind in THREADS and message.sender not in room.joined and message.service is None:
        # Whoever speaks in a thread follows it from then on.
        room.joined[message.sender] = message.date
    return Change("message", fact, room, message, guild=room.guild)


def _changed(world: World, kind: str, fact: Fact, **changes: Any) -> Change:
    room = world.chats[fact["chat"]]
    before = room.messages[fact["id"]]
    after = room.messages[before.id] = replace(before, **changes)
    return Change(kind, fact, room, after, before, room.guild)


def _edited(world: World, fact: Fact) -> Change:
    before = world.chats[fact["chat"]].messages[fact["id"]]
    # An edit without a date is the server's own: an embed found, a thread begun.
    edited = before.edited if fact["date"] is None else fact["date"]
    more = {**before.more, **fact["more"]}
    service = fact.get("service", before.service)
    return _changed(
        world, "edit", fact, text=fact["text"], more=more, edited=edited, service=service
    )


def _deleted(world: World, fact: Fact) -> Change:
    return _changed(world, "delete", fact, deleted=True)


def _reacted(world: World, fact: Fact) -> Change:
    said = world.chats[fact["chat"]].messages[fact["id"]]
    given = {emoji: list(who) for emoji, who in said.more.get("reactions", {}).items()}
    who, emoji = fact["who"], fact["emoji"]
    if fact["on"]:
        given.setdefault(emoji, []).append(who)
    else:
        given[emoji].remove(who)
        if not given[emoji]:
            del given[emoji]
    last = {number: each for each, people in given.items() for number in people}
    more = {**said.more, "reactions": given}
    return _changed(world, "react", fact, reactions=last, more=more)


def _poll_vote(world: World, fact: Fact) -> Change:
    said = world.chats[fact["chat"]].messages[fact["id"]]
    poll, answer = said.more["poll"], str(fact["answer"])
    voters = [who for who in poll["votes"].get(answer, ()) if who != fact["who"]]
    votes = {**poll["votes"], answer: [*voters, fact["who"]] if fact["on"] else voters}
    more = {**said.more, "poll": {**poll, "votes": votes}}
    return _changed(world, "poll_vote", fact, more=more)


def _app_commands(world: World, fact: Fact) -> Change:
    return Change("app_commands", fact)


HANDLERS: dict[str, Callable[[World, Fact], Change]] = {
    "guild": _guild,
    "role": _role,
    "guild_member": _member,
    "room": _room,
    "room_changed": _room_changed,
    "room_gone": _room_gone,
    "thread_member": _thread_member,
    "hook": _hook,
    "guild_ban": _ban,
    "guild_outage": _outage,
    "sticker": _sticker,
    "installed": _installed,
    "said": _said,
    "said_edit": _edited,
    "said_delete": _deleted,
    "said_react": _reacted,
    "poll_vote": _poll_vote,
    "app_commands": _app_commands,
}
