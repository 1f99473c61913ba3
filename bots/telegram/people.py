"""Users and chats of Telegram -> authors and places."""

from __future__ import annotations

from bots.telegram.fields import Json, number, part, whole, words
from core.errors import Unreadable
from core.messages import Author, ChannelType, Place, Rank

_CHANNELS = {
    "private": ChannelType.DM,
    "group": ChannelType.GROUP,
    "supergroup": ChannelType.GROUP,
    "channel": ChannelType.FEED,
}
_RANKS = {"creator": Rank.OWNER, "administrator": Rank.ADMIN, "member": Rank.MEMBER}


def author_of(user: object, chat: object = None) -> Author:
    """The chat in whose name somebody speaks (an anonymous admin, a channel), else the person."""
    group, who = whole(chat), whole(user)
    if named := number(group.get("id")):
        return Author(named, chat_name(group), words(group.get("username")))
    return Author(
        number(who.get("id")), full_name(who), words(who.get("username")), who.get("is_bot") is True
    )


def nobody(id: str = "") -> Author:
    return Author(id, "")


def place_of(chat: Json, message: Json) -> Place:
    """The world is the chat, so that all topics of a forum share one.

    Raises Unreadable for what is no chat.
    """
    id, kind = number(chat.get("id")), chat.get("type")
    if not id or kind not in _CHANNELS:
        raise Unreadable("a chat that is none")
    name, handle = chat_name(chat), "" if is_private(chat) else words(chat.get("username"))
    connection = words(message.get("business_connection_id"))
    if connection:  # it is somebody else's, and no chat of ours with the same person
        return Place(ChannelType.DM, name, f"{id}:{connection}", name)
    if writes := part(message, "direct_messages_topic"):
        return Place(ChannelType.THREAD, full_name(part(writes, "user")) or name, id, name, handle)
    if message.get("is_topic_message") is True and number(message.get("message_thread_id")):
        topic, is_first = _topic_name(message)
        if kind == "private":
            return Place(ChannelType.DM, topic or name, id, name, is_first_name=is_first)
        return Place(ChannelType.THREAD, topic or name, id, name, handle, is_first)
    return Place(_CHANNELS[kind], name, id, name, handle)


def channel_of(chat: Json) -> ChannelType:
    return _CHANNELS.get(str(chat.get("type")), ChannelType.GROUP)


def is_private(chat: Json) -> bool:
    return chat.get("type") == "private"


def chat_name(chat: Json) -> str:
    return words(chat.get("title")) or full_name(chat) or words(chat.get("username"))


def full_name(who: Json) -> str:
    return " ".join(filter(None, (words(who.get("first_name")), words(who.get("last_name")))))


def is_in(member: Json) -> bool:
    """Whether this ChatMember takes part."""
    if member.get("status") == "restricted":
        return member.get("is_member") is True
    return member.get("status") in _RANKS


def rank_of(member: Json) -> Rank:
    return _RANKS.get(str(member.get("status")), Rank.MEMBER) if is_in(member) else Rank.STRANGER


def _topic_name(message: Json) -> tuple[str, bool]:
    """What a topic is called, and whether it may be called otherwise by now.

    It is told with its opening, its renaming, and by messages that point at the opening.
    """
    for news in ("forum_topic_edited", "forum_topic_created"):
        if name := words(part(message, news).get("name")):
            return name, False
    opened = part(part(message, "reply_to_message"), "forum_topic_created")
    return words(opened.get("name")), True
