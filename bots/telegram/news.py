"""Who comes, goes or rises in a chat, and what it and its topics are called now."""

from __future__ import annotations

from dataclasses import replace

from bots.telegram.fields import Json, listed, number, part, whole, words
from bots.telegram.people import (
    author_of,
    channel_of,
    chat_name,
    full_name,
    is_in,
    is_private,
    place_of,
    rank_of,
)
from bots.telegram.texts import Us
from core.messages import Author, Inbound, MadeBot, Rank, RoomSeen, WorldSeen


def changed(inbound: Inbound, change: Json, us: Us) -> Inbound:
    """Of a ChatMemberUpdated: Telegram tells it of us, and of everybody where we are an admin."""
    before, now = part(change, "old_chat_member"), part(change, "new_chat_member")
    who = author_of(now.get("user"))
    was_in, is_here = is_in(before), is_in(now)
    if who.id == str(us.id):
        seen = None
        if is_here and not is_private(part(change, "chat")):
            seen = _world(part(change, "chat"))
        come = (who,) if is_here and not was_in else ()
        return replace(inbound, left=not is_here, joined=come, world=seen)
    rank = rank_of(now)
    rose = is_here and (rank_of(before) != rank) and (was_in or rank > Rank.MEMBER)
    return replace(
        inbound,
        joined=(who,) if who.id and is_here and not was_in else (),
        parted=(who,) if who.id and was_in and not is_here else (),
        ranked=((who, rank),) if who.id and rose else (),
    )


def told(inbound: Inbound, message: Json) -> Inbound:
    """Of a service message."""
    left, owner = part(message, "left_chat_member"), part(message, "chat_owner_changed")
    heir = author_of(owner.get("new_owner"))
    come = (author_of(one) for one in listed(message.get("new_chat_members")))
    gone = author_of(left)
    return replace(
        inbound,
        moved_to=_new_home(message),
        joined=tuple(one for one in come if one.id),
        parted=(gone,) if gone.id else (),
        ranked=((heir, Rank.OWNER),) if heir.id else (),
    )


def renamed(inbound: Inbound, message: Json) -> Inbound:
    """Of a service message that names its chat or one of its topics."""
    return replace(inbound, world=_world(part(message, "chat"), message))


def of_bot(inbound: Inbound, update: Json) -> Inbound:
    """A bot that somebody has made for us: an update tells of it, and a message in their chat."""
    change, message = part(update, "managed_bot"), part(update, "message")
    bot = part(change, "bot") or part(part(message, "managed_bot_created"), "bot")
    maker = whole(change.get("user") or message.get("from"))
    if not number(bot.get("id")) or not number(maker.get("id")):
        return inbound
    made = MadeBot(number(bot.get("id")), full_name(bot), words(bot.get("username")))
    chat = {**maker, "type": "private"}  # an update names no chat: it is theirs
    return blank(replace(inbound, made=made), chat, {}, author_of(maker))


def blank(inbound: Inbound, chat: Json, message: Json, author: Author) -> Inbound:
    """The frame of what is no message: who, where."""
    return replace(
        inbound, author=author, place=place_of(chat, message), is_direct=is_private(chat)
    )


def _new_home(message: Json) -> str:
    new = number(message.get("migrate_to_chat_id"))
    if new:
        return new
    came = number(message.get("migrate_from_chat_id"))
    return number(part(message, "chat").get("id")) if came else ""


def _world(chat: Json, message: Json | None = None) -> WorldSeen:
    id, name = number(chat.get("id")), chat_name(chat)
    thread = number((message or {}).get("message_thread_id"))
    for news in ("forum_topic_created", "forum_topic_edited"):
        if message is None or news not in message:
            continue
        called = words(part(message, news).get("name"))
        place = place_of(chat, message)
        topic = RoomSeen(id, called, place.channel, thread)
        return WorldSeen(id, name, (topic,) if called and thread else ())
    return WorldSeen(id, name, (RoomSeen(id, name, channel_of(chat)),))
