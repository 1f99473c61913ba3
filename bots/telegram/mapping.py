"""A stored update -> an Inbound in our words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import telegram

from bots.telegram.buttons import label_of
from bots.telegram.envelope import loads
from bots.telegram.people import author_of, nobody, place_of
from core.errors import Unreadable
from core.messages import Attachment, ChannelType, Inbound, Kind, Place, Quote, Received
from core.text import clean

_CODE = frozenset({"code", "pre"})
_GONE = frozenset({"left", "kicked"})
_MIMES = {"photo": "image/jpeg", "voice": "audio/ogg", "audio": "audio/mpeg", "video": "video/mp4"}
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Us:
    """Who we are, as far as a message may tag us."""

    id: int
    username: str


def read(received: Received, us: Us) -> Inbound:
    """Pure; raises Unreadable whose reason holds no word of the update."""
    try:
        raw = loads(received.payload)
        update = telegram.Update.de_json(raw)
        return _inbound(received, update, us)
    except Unreadable:
        raise
    except Exception as error:  # noqa: BLE001 - the wall round one update: its neighbours must be read
        raise Unreadable(f"the update cannot be read ({type(error).__name__})") from None


def _inbound(received: Received, update: telegram.Update, us: Us) -> Inbound:
    if update.callback_query is not None:
        return _press(received, update.callback_query)
    if update.message_reaction is not None:
        return _reaction(received, update.message_reaction)
    change = update.my_chat_member or update.chat_member
    if change is not None:
        ours = update.my_chat_member
        return Inbound(
            id=received.id,
            address=received.address,
            kind=received.kind,
            author=author_of(change.from_user, None),
            place=place_of(change.chat, None),
            message="",
            text="",
            sent_at=_aware(change.date),
            is_direct=change.chat.type == "private",
            left=ours is not None and ours.new_chat_member.status in _GONE,
        )
    message = update.effective_message
    if message is not None:
        return _message(received, message, us)
    if received.kind is not Kind.OTHER:
        raise Unreadable(f"an update of kind {received.kind} without its content")
    return _unknown(received)


def _message(received: Received, message: telegram.Message, us: Us) -> Inbound:
    text = clean(message.text or message.caption or "")
    entities = message.entities or message.caption_entities
    command, addressee, arguments = _command(received.kind, text)
    tagged_us, tagged_others = _mentions(text, entities, us)
    if addressee:
        tagged_us |= addressee == us.username.lower()
        tagged_others |= addressee != us.username.lower()
    answered = _answered(message)
    return Inbound(
        id=received.id,
        address=received.address,
        kind=received.kind,
        author=author_of(message.from_user, message.sender_chat),
        place=place_of(message.chat, message),
        message=str(message.message_id),
        text=text,
        sent_at=_aware(message.edit_date if received.kind is Kind.EDIT else message.date),
        is_direct=message.chat.type == "private",
        mentions_us=tagged_us,
        mentions_others=tagged_others and not tagged_us,
        reply_to=_quote(message, answered),
        replies_to_us=answered is not None
        and answered.from_user is not None
        and answered.from_user.id == us.id,
        attachments=_attachments(message),
        command=command,
        arguments=arguments,
        moved_to=str(message.migrate_to_chat_id or ""),
        joined=tuple(author_of(one, None) for one in message.new_chat_members),
    )


def _press(received: Received, query: telegram.CallbackQuery) -> Inbound:
    """Old clients send what they like as data; of an old message only its number is left."""
    message, press = query.message, query.data if isinstance(query.data, str) else ""
    whole = message if isinstance(message, telegram.Message) else None
    place = place_of(message.chat, whole) if message is not None else _nowhere(received)
    return Inbound(
        id=received.id,
        address=received.address,
        kind=Kind.PRESS,
        author=author_of(query.from_user, None),
        place=place,
        message=str(message.message_id) if message is not None else "",
        text=clean(label_of(whole.reply_markup if whole is not None else None, press)),
        sent_at=_aware(whole.date if whole is not None else None),
        is_direct=place.channel is ChannelType.DM
        or (message is not None and message.chat.type == "private"),
        replies_to_us=True,
        press=clean(press),
    )


def _reaction(received: Received, change: telegram.MessageReactionUpdated) -> Inbound:
    new = (getattr(reaction, "emoji", "") for reaction in change.new_reaction)
    return Inbound(
        id=received.id,
        address=received.address,
        kind=Kind.REACTION,
        author=author_of(change.user, change.actor_chat),
        place=place_of(change.chat, None),
        message=str(change.message_id),
        text=clean("".join(new)),
        sent_at=_aware(change.date),
        is_direct=change.chat.type == "private",
    )


def _unknown(received: Received) -> Inbound:
    return Inbound(
        id=received.id,
        address=received.address,
        kind=Kind.OTHER,
        author=nobody(received.author),
        place=_nowhere(received),
        message="",
        text="",
        sent_at=_EPOCH,
    )


def _nowhere(received: Received) -> Place:
    direct = bool(received.address.room) and not received.address.room.startswith("-")
    return Place(ChannelType.DM if direct else ChannelType.GROUP, world=received.address.room)


def _command(kind: Kind, text: str) -> tuple[str, str, str]:
    """Its name, the bot it is for, and what follows."""
    if kind is not Kind.COMMAND:
        return "", "", ""
    word, *rest = text[1:].split(maxsplit=1)
    name, _, addressee = word.lower().partition("@")
    return name, addressee, rest[0] if rest else ""


def _mentions(text: str, entities: tuple[telegram.MessageEntity, ...], us: Us) -> tuple[bool, bool]:
    """Whether we are tagged, and whether somebody else is."""
    ours = others = False
    code = [entity for entity in entities if entity.type in _CODE]
    for entity in entities:
        if entity.type == "mention":
            is_us = piece(text, entity.offset, entity.length).lower() == f"@{us.username.lower()}"
        elif entity.type == "text_mention" and entity.user is not None:
            is_us = entity.user.id == us.id
        elif entity.type == "bot_command" and entity.offset > 0:
            # "could you /help@ada_bot me": a command that does not begin the message.
            addressee = piece(text, entity.offset, entity.length).lower().partition("@")[2]
            if not addressee:
                continue
            is_us = addressee == us.username.lower()
        else:
            continue
        if any(c.offset <= entity.offset < c.offset + c.length for c in code):
            continue
        ours |= is_us
        others |= not is_us
    return ours, others


def _answered(message: telegram.Message) -> telegram.Message | None:
    """What is answered; every message of a topic also points at the topic's first one."""
    answered = message.reply_to_message
    return None if answered is None or answered.forum_topic_created is not None else answered


def _quote(message: telegram.Message, answered: telegram.Message | None) -> Quote | None:
    if answered is None:
        return None
    text = message.quote.text if message.quote else answered.text or answered.caption or ""
    return Quote(
        message=str(answered.message_id),
        author=author_of(answered.from_user, answered.sender_chat),
        text=clean(text),
    )


def _attachments(message: telegram.Message) -> tuple[Attachment, ...]:
    found: dict[str, Attachment] = {}
    if message.photo:
        largest = message.photo[-1]
        found[largest.file_id] = Attachment(
            ref=largest.file_id, mime=_MIMES["photo"], size=largest.file_size or 0
        )
    # An animation comes as a document as well; the first one found stays.
    for name in ("animation", "video", "video_note", "voice", "audio", "document", "sticker"):
        file: Any = getattr(message, name)
        if file is not None and file.file_id not in found:
            found[file.file_id] = Attachment(
                ref=file.file_id,
                mime=getattr(file, "mime_type", None) or _mime(name, file),
                size=file.file_size or 0,
                name=clean(getattr(file, "file_name", None) or ""),
            )
    return tuple(found.values())


def _mime(name: str, file: Any) -> str:
    if name == "sticker":
        moving = "application/x-tgsticker" if file.is_animated else "image/webp"
        return "video/webm" if file.is_video else moving
    return _MIMES.get("video" if name in ("animation", "video_note") else name, "")


def piece(text: str, offset: int, length: int) -> str:
    """The part of a text that an entity covers; Telegram counts in UTF-16 units."""
    if text.isascii():
        return text[offset : offset + length]
    return text.encode("utf-16-le")[2 * offset : 2 * (offset + length)].decode(
        "utf-16-le", "replace"
    )


def _aware(when: datetime | None) -> datetime:
    if when is None:
        return _EPOCH
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)
