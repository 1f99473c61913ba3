"""Users and chats of Telegram -> authors and places."""

from __future__ import annotations

import telegram

from core.messages import Author, ChannelType, Place
from core.text import clean

_CHANNELS = {
    "private": ChannelType.DM,
    "group": ChannelType.GROUP,
    "supergroup": ChannelType.GROUP,
    "channel": ChannelType.FEED,
}


def author_of(user: telegram.User | None, chat: telegram.Chat | None) -> Author:
    """The chat in whose name somebody speaks (an anonymous admin, a channel), else the person."""
    if chat is not None:
        return Author(str(chat.id), _chat_name(chat), chat.username or "")
    if user is None:
        return nobody()
    return Author(str(user.id), clean(user.full_name), clean(user.username or ""), user.is_bot)


def nobody(id: str = "") -> Author:
    return Author(id, "")


def place_of(chat: telegram.Chat, message: telegram.Message | None) -> Place:
    """The world is the chat, so that all topics of a forum share one."""
    name = _chat_name(chat)
    if message is not None and message.is_topic_message and message.message_thread_id is not None:
        topic = _topic_name(message) or name
        return Place(ChannelType.THREAD, topic, str(chat.id), name, _handle(chat))
    channel = _CHANNELS.get(chat.type, ChannelType.GROUP)
    return Place(channel, name, str(chat.id), name, _handle(chat))


def _handle(chat: telegram.Chat) -> str:
    return "" if chat.type == "private" else clean(chat.username or "")


def _topic_name(message: telegram.Message) -> str:
    """Known only where the message points at the one that opened the topic."""
    first = message.reply_to_message
    opened = first.forum_topic_created if first is not None else message.forum_topic_created
    return clean(opened.name) if opened is not None else ""


def _chat_name(chat: telegram.Chat) -> str:
    name = chat.title or " ".join(filter(None, (chat.first_name, chat.last_name)))
    return clean(name or chat.username or "")
