"""A stored update -> an Inbound in our words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bots.telegram import news
from bots.telegram.attachments import attachments_of
from bots.telegram.envelope import CUT_FROM, GUEST, INLINE, author_in, loads
from bots.telegram.fields import EPOCH, Json, listed, number, part, when, whole, words
from bots.telegram.people import author_of, is_private, nobody, place_of
from bots.telegram.quoting import quote_of, source_of
from bots.telegram.spoken import units
from bots.telegram.texts import Us, command_in, mentions, piece, text_of
from core.errors import Unreadable
from core.messages import ChannelType, Inbound, Kind, Place, Received

__all__ = ["Us", "piece", "read"]

_CUT = 4_096
"""UTF-16 units of a text that was cut in the middle of a word."""
_MESSAGES = (
    "message", "edited_message", "channel_post", "edited_channel_post", "business_message",
    "edited_business_message", "guest_message",
)  # fmt: skip
_TEXTS = (Kind.MESSAGE, Kind.EDIT)
_CHANGES = ("my_chat_member", "chat_member")


def read(received: Received, us: Us) -> Inbound:
    """Pure; raises Unreadable whose reason holds no word of the update."""
    try:
        return _inbound(received, whole(loads(received.payload)), us)
    except Unreadable:
        raise
    except Exception as error:  # noqa: BLE001 - the wall round one update: its neighbours must be read
        raise Unreadable(f"the update cannot be read ({type(error).__name__})") from None


def _inbound(received: Received, update: Json, us: Us) -> Inbound:
    if received.kind is Kind.OTHER:
        return news.of_bot(_other(received, update), update)
    for name in _MESSAGES:
        if message := part(update, name):
            if received.kind in (Kind.MEMBER, Kind.MOVED):
                return news.told(_event(received, message), message)
            if received.kind is Kind.WORLD:
                return news.renamed(_event(received, message), message)
            return _message(received, message, us)
    if query := part(update, "callback_query"):
        return _press(received, query)
    if change := part(update, "message_reaction"):
        return _reaction(received, change)
    for name in _CHANGES:
        if change := part(update, name):
            return news.changed(_event(received, change), change, us)
    if asked := part(update, "chat_join_request"):
        return _event(received, asked)
    if gone := part(update, "deleted_business_messages"):
        numbers = gone.get("message_ids")
        ids = map(number, numbers if isinstance(numbers, list) else ())
        return replace(_event(received, gone), gone=tuple(filter(None, ids)))
    if stopped := part(update, "stopped_message_generation"):
        return replace(_event(received, stopped), author=nobody(received.author))
    if query := part(update, "inline_query"):
        return _typed(received, query)
    raise Unreadable(f"an update of kind {received.kind} without its content")


def _message(received: Received, message: Json, us: Us) -> Inbound:
    id, chat = number(message.get("message_id")), part(message, "chat")
    if not id or when(message.get("date")) == EPOCH:
        raise Unreadable("a message without its number or its time")
    text = text_of(message)
    command, addressee, arguments = command_in(received.kind, text)
    tagged_us, tagged_others = mentions(text, message, us)
    if addressee:
        tagged_us |= addressee == us.username.lower()
        tagged_others |= addressee != us.username.lower()
    quote, replies_to_us = quote_of(message, us)
    sender = message.get("from")
    author = author_of(sender, message.get("sender_chat"))
    place, is_direct = place_of(chat, message), is_private(chat)
    if "business_connection_id" in message and is_direct and author.id != number(chat.get("id")):
        # The account's owner writes to the other one: that is for nobody else to answer.
        is_direct, tagged_us, tagged_others = False, False, True
        place = replace(place, channel=ChannelType.GROUP)
    guest = words(message.get("guest_query_id")) if received.address.thread == GUEST else ""
    if guest:
        tagged_us = True  # it comes because we are called
    edited = message.get("edit_date") if received.kind is Kind.EDIT else None
    return Inbound(
        id=received.id,
        address=received.address,
        kind=received.kind,
        author=author,
        place=place,
        message=id,
        text=text,
        sent_at=when(edited or message.get("date")),
        is_direct=is_direct,
        mentions_us=tagged_us,
        mentions_others=tagged_others and not tagged_us,
        reply_to=quote,
        replies_to_us=replies_to_us,
        attachments=attachments_of(message),
        command=command,
        arguments=arguments,
        forwarded=source_of(message),
        bundle=_album(message),
        goes_on=_goes_on(text) if received.kind in _TEXTS and "text" in message else None,
        via=f"guest:{guest}" if guest else "",
        language=words(whole(sender).get("language_code")),
    )


def _typed(received: Received, query: Json) -> Inbound:
    """Somebody types behind our name, in whatever chat; they see our answer before it is sent."""
    sender, id = part(query, "from"), words(query.get("id"))
    author = author_of(sender)
    if not id or not author.id:
        raise Unreadable("a query without its number or its author")
    return Inbound(
        id=received.id,
        address=received.address,
        kind=received.kind,
        author=author,
        place=Place(ChannelType.DM, author.name, f"{author.id}:{INLINE}", author.name),
        message="",
        text=words(query.get("query")),
        # Telegram does not say when; it waits for seconds only, so that it cannot be old.
        sent_at=EPOCH,
        is_direct=True,
        via=f"inline:{id}",
        fleeting=True,
        language=words(sender.get("language_code")),
    )


def _press(received: Received, query: Json) -> Inbound:
    """Old clients send what they like as data; of an old message only its number is left."""
    message, press = part(query, "message"), words(query.get("data"))
    chat = part(message, "chat")
    place = place_of(chat, message) if chat else _nowhere(received)
    return Inbound(
        id=received.id,
        address=received.address,
        kind=received.kind,
        author=author_of(query.get("from")),
        place=place,
        message=number(message.get("message_id")),
        text=next((label for data, label in _buttons(message) if data and data == press), ""),
        sent_at=when(message.get("date")),
        is_direct=place.channel is ChannelType.DM,
        replies_to_us=True,
        press=press,
        language=words(part(query, "from").get("language_code")),
    )


def _buttons(message: Json) -> Iterator[tuple[str, str]]:
    rows = part(message, "reply_markup").get("inline_keyboard")
    for row in rows if isinstance(rows, list) else ():
        for button in listed(row):
            yield words(button.get("callback_data")), words(button.get("text"))


def _reaction(received: Received, change: Json) -> Inbound:
    emoji = (words(one.get("emoji")) for one in listed(change.get("new_reaction")))
    author = author_of(change.get("user"), change.get("actor_chat"))
    return replace(
        _event(received, change),
        author=author,
        message=number(change.get("message_id")),
        text="".join(emoji),
    )


def _event(received: Received, event: Json) -> Inbound:
    """The frame of what is no message: who did it, where and when."""
    chat = part(event, "chat")
    return Inbound(
        id=received.id,
        address=received.address,
        kind=received.kind,
        author=author_of(event.get("from"), event.get("sender_chat")),
        place=place_of(chat, event),
        message=number(event.get("message_id")),
        text="",
        sent_at=when(event.get("date")),
        is_direct=is_private(chat),
    )


def _other(received: Received, update: Json) -> Inbound:
    """Of what nobody answers, who did it is all that is told."""
    event = next((one for one in map(whole, update.values()) if author_in(one)), {})
    message = next((one for name in _MESSAGES if (one := part(update, name))), {})
    return Inbound(
        id=received.id,
        address=received.address,
        kind=Kind.OTHER,
        author=author_of(event.get("from") or event.get("user"), event.get("sender_chat")),
        place=_nowhere(received),
        message=number(message.get("message_id")),
        text="",
        sent_at=when(event.get("date")),
        is_direct=is_private(part(message, "chat")),
    )


def _nowhere(received: Received) -> Place:
    direct = bool(received.address.room) and not received.address.room.startswith("-")
    return Place(ChannelType.DM if direct else ChannelType.GROUP, world=received.address.room)


def _album(message: Json) -> str:
    album = words(message.get("media_group_id"))
    return f"album:{album}" if album else ""


def _goes_on(text: str) -> str | None:
    """Apps cut at a space, which is gone then, or in mid-word where they find none."""
    long = units(text)
    if long < CUT_FROM:
        return None
    return "" if long >= _CUT else "\n"
