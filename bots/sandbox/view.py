"""The world as the page sees it: people, servers, chats and messages as plain JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from bots.sandbox.discord.attendance import inside
from bots.sandbox.discord.permissions import SPOKEN, THREADS
from bots.sandbox.glance import commands, of_discord
from bots.sandbox.glance_telegram import of_telegram, room_on_telegram, service_of_telegram
from bots.sandbox.things import Guild
from bots.sandbox.world import Account, Chat, Message, World

Json = dict[str, Any]
# Beyond this, JavaScript would round a number.
_EXACT = 1 << 53


def number(account: int) -> int | str:
    """An account's id as a browser can keep it."""
    return account if account < _EXACT else str(account)


def account(who: Account) -> Json:
    shown: Json = {"id": number(who.id), "name": who.name, "username": who.username}
    return {**shown, "platform": who.platform, "snowflake": str(who.snowflake)}


def bot(who: Account, known: Mapping[int | None, Sequence[Json]]) -> Json:
    return {**account(who), "commands": commands(known), "able": sorted(who.able)}


def guild(server: Guild) -> Json:
    return {
        "id": str(server.id),
        "name": server.name,
        "owner": number(server.owner.id),
        "roles": [
            {"id": str(role.id), "name": role.name, "position": role.position}
            for role in server.roles.values()
        ],
        "members": {str(who.id): [*map(str, roles)] for who, roles in server.members.items()},
    }


def chat(world: World, room: Chat) -> Json:
    people = room.people()
    direct = room.kind in {"private", "direct"} and people
    shown: Json = {
        "id": room.key,
        "platform": room.platform,
        "kind": room.kind,
        "title": room.title,
        "people": [who.id for who in people],
        "bots": [number(who.id) for who in room.bots()],
        "topics": [{"id": str(place), "name": name} for place, name in room.topics.items()],
        "owner": people[0].id if direct else None,
        "guild": None if room.guild is None else str(room.guild.id),
        # A category is above a channel too, but not what it belongs to.
        "parent": room.parent.key if room.parent is not None and room.kind in THREADS else None,
    }
    if room.platform == "telegram":
        return shown | room_on_telegram(world, room)
    return shown | ({"voices": voices(room)} if room.kind in SPOKEN else {})


def voices(room: Chat) -> Json:
    """Who is in a voice channel and how; by which code they know that they are among themselves.

    The code is null where a channel is not encrypted from end to end, and empty while one is alone.
    """
    guild = room.guild
    assert guild is not None
    there = [(who, guild.voices[who]) for who in inside(room)]
    return {
        "inside": [
            {
                "id": number(who.id),
                "mute": state.self_mute or who in guild.hushed,
                "deaf": state.self_deaf or who in guild.deafened,
                "camera": state.self_video,
                "speaking": who in guild.speaking,
            }
            for who, state in there
        ],
        "code": guild.codes.get(room),
    }


def message(world: World, said: Message, *, pending: bool) -> Json:
    shown = _plain(world, said, pending)
    if said.chat.platform == "discord":
        shown |= of_discord(world, said)
    else:
        shown |= of_telegram(world, said)
    if shown.get("thinking"):
        shown["service"] = None  # a promise of an answer is a message to be
    return shown


def _plain(world: World, said: Message, pending: bool) -> Json:
    sender: Json = {"id": number(said.sender.id), "name": said.spoken_as, "bot": said.sender.is_bot}
    if said.more.get("face"):
        # One webhook may have many faces, so that its number tells nothing.
        face, root = said.more["face"], f"{world.cdn_root}/attachments/"
        url = str(face.get("url") or "")
        kept = url.removeprefix(root).split("/")[1:2] if url.startswith(root) else []
        sender |= {"id": f"face {face['id']} {face['name']}", "bot": True, "face": True}
        sender |= {"picture": f"/stage/file/{kept[0]}" if kept else None}
    return {
        "chat": said.chat.key,
        "id": str(said.id),
        "topic": None if said.topic is None else str(said.topic),
        "from": sender,
        "date": said.date,
        "text": said.text,
        "entities": entities(said),
        "reply_to": _reply(said),
        "edited": said.edited is not None,
        "deleted": said.deleted,
        "reactions": _reactions(said),
        "buttons": _buttons(said),
        "service": None if said.service is None else _service(world, said),
        "pending": pending,
    }


def entities(said: Message) -> list[Json]:
    shown = ("type", "offset", "length", "url", "language")
    return [{name: e[name] for name in shown if name in e} for e in said.entities]


def draft(said: Message) -> Json:
    return {
        "chat": said.chat.key,
        "topic": None if said.topic is None else str(said.topic),
        "from": number(said.sender.id),
        "draft": said.draft,
        "can_stop": bool(said.more.get("can_stop")),
        "text": said.text,
        "entities": entities(said),
    }


def _reply(said: Message) -> Json | None:
    answered = said.chat.messages.get(said.reply_to) if said.reply_to is not None else None
    if answered is None or answered.deleted:
        return None
    return {"id": str(answered.id), "name": answered.spoken_as, "text": answered.text}


def _reactions(said: Message) -> list[Json]:
    given: dict[str, list[int]] = {}
    for who, emoji in said.reactions.items():
        given.setdefault(emoji, []).append(who)
    for emoji, everyone in said.more.get("reactions", {}).items():
        given[emoji] = everyone
    return [{"emoji": emoji, "from": [*map(number, who)]} for emoji, who in given.items()]


def _buttons(said: Message) -> list[list[Json]] | None:
    rows = (said.markup or {}).get("inline_keyboard")
    if not rows:
        return None
    return [[_button(button) for button in row] for row in rows]


def _button(button: Json) -> Json:
    """What it says, and what comes of it: a press, an address, a text to copy, a page to open."""
    return {
        "text": button["text"],
        "data": button.get("callback_data"),
        "url": button.get("url"),
        "copy": (button.get("copy_text") or {}).get("text"),
        "app": (button.get("web_app") or {}).get("url"),
    }


def _service(world: World, said: Message) -> str:
    service, name = said.service or {}, said.sender.name
    if "thread_created" in service:
        return f"{name} started a thread: {service['thread_created']}"
    if "thread_began" in service:
        return f"{name} started this thread"
    if "forum_topic_created" in service:
        return f"{name} started the topic {service['forum_topic_created']['name']}"
    of_telegram = service_of_telegram(said)
    if of_telegram is not None:
        return of_telegram
    if "left_chat_member" in service:
        left = world.accounts[service["left_chat_member"]]
        return f"{name} left" if left is said.sender else f"{name} removed {left.name}"
    if "new_chat_members" in service:
        names = [world.accounts[number].name for number in service["new_chat_members"]]
        return f"{name} added {', '.join(names)}"
    if "migrate_to_chat_id" in service or "migrate_from_chat_id" in service:
        return "The group became a supergroup"
    return "Something happened"
