"""A raw update -> a Received: what must be known to store it, and nothing that could fail."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

import orjson

from bots.telegram.spoken import kind_of_message, units
from core.ids import Account
from core.messages import Address, Kind, Received

PLATFORM = "telegram"
GUEST = "guest"
"""The thread of what is asked of us in chats that we are not in."""
INLINE = "inline"
"""The thread of what somebody types behind our name, wherever they do."""
BUSINESS = "b:"
"""Begins the thread of a chat in which we speak for somebody else's account."""
TO_CHANNEL = "d:"
"""Begins the thread of what one person writes to a channel, in the chat for such messages."""
STOP = "stop"
"""What the button that ends an answer sends."""
CUT_FROM = 4_000
"""UTF-16 units; apps cut longer texts near 4,096, where they find a space."""

_LAST_UPDATE_ID = 2_000_000_000  # the server's own queue goes no further
_STOPPED = "stopped_message_generation"
_DELETED = "deleted_business_messages"
_INLINE_QUERY = "inline_query"
_GUEST_MESSAGE = "guest_message"

_MESSAGES = ("message", "channel_post", "business_message", _GUEST_MESSAGE)
_EDITS = ("edited_message", "edited_channel_post", "edited_business_message")
_MEMBERS = ("my_chat_member", "chat_member", "chat_join_request")
_OTHERS = (
    "message_reaction_count", "chosen_inline_result", "poll", "poll_answer", "business_connection",
    "managed_bot", "chat_boost", "removed_chat_boost", "purchased_paid_media", "shipping_query",
    "pre_checkout_query",
)  # fmt: skip
SHAPES: tuple[tuple[str, Kind], ...] = (
    *((name, Kind.MESSAGE) for name in _MESSAGES),
    ("callback_query", Kind.PRESS),
    *((name, Kind.EDIT) for name in _EDITS),
    ("message_reaction", Kind.REACTION),
    *((name, Kind.MEMBER) for name in _MEMBERS),
    (_DELETED, Kind.DELETE),
    (_STOPPED, Kind.STOP),
    (_INLINE_QUERY, Kind.MESSAGE),
    *((name, Kind.OTHER) for name in _OTHERS),
)

_AFTER_A_CUT = 1.5
_AFTER_A_PIECE = 1.0
_AFTER_A_FORWARD = 0.5
_WHILE_TYPING = 0.7
"""Seconds for which the rest of something may still come."""


def envelope(raw: object, account: Account) -> Received:
    """Never raises, whatever JSON it is given; what makes no sense becomes an OTHER."""
    payload = _dumps(raw)
    update = _object(raw)
    seq = update_id(raw)
    shape, kind = next(((name, kind) for name, kind in SHAPES if name in update), ("", Kind.OTHER))
    event = _object(update.get(shape))
    is_press = kind is Kind.PRESS
    message = _object(event.get("message")) if is_press else event
    chat = _number(_object(message.get("chat")).get("id"))
    author = author_in(event)
    event_key = f"u:{seq}"
    keep: bool | None = None
    rests = 0.0
    match shape:
        case "inline_query":
            chat, keep, rests = author, False, _WHILE_TYPING  # the newest of what is typed counts
        case _ if kind is Kind.EDIT:
            rests = _WHILE_TYPING  # who has found one slip often finds another
        case "stopped_message_generation":
            author = chat  # drafts, and their button, are in direct chats only
        case "callback_query" if is_stop(event.get("data")):
            kind = Kind.STOP
        case "managed_bot":
            chat = author  # their direct chat, where they asked for it
        case "my_chat_member" if _lets_us_in(event):
            kind = Kind.WORLD
        case _ if kind is Kind.MESSAGE:
            kind = kind_of_message(message)
            # Each question of a guest has an answer of its own.
            keep = True if shape == _GUEST_MESSAGE else None
            if kind is Kind.MESSAGE and shape != _GUEST_MESSAGE:
                rests = _rests(message)
            number = _number(message.get("message_id"))
            # By chat and message, because supergroups number independently of one another.
            if chat and number not in ("", "0") and shape in ("message", "channel_post"):
                event_key = f"m:{chat}:{number}"
            if _is_ours(message, account):
                kind, rests = Kind.OTHER, 0.0
            elif kind is Kind.MOVED:  # the new chat tells of it as well; it is the old one's news
                chat = _number(message.get("migrate_from_chat_id")) or chat
    if seq is None and not event_key.startswith("m:"):
        event_key = f"x:{blake2b(payload, digest_size=12).hexdigest()}"
    return Received(
        address=Address(PLATFORM, account, chat, _thread(shape, message)),
        event_key=event_key,
        author=author,
        seq=seq or 0,
        kind=kind,
        payload=payload,
        keep=keep,
        rests=rests,
    )


def update_id(raw: object) -> int | None:
    """The update's number; None when it has none that the server could have given."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    if isinstance(number, bool) or not isinstance(number, int):
        return None
    return number if 0 <= number <= _LAST_UPDATE_ID else None


def topic_of(message: dict[str, Any]) -> str:
    """The forum topic; a plain thread of replies has a number too, and is no topic."""
    return (
        _number(message.get("message_thread_id")) if message.get("is_topic_message") is True else ""
    )


def is_stop(data: object) -> bool:
    """Whether a pressed button is the one that ends an answer."""
    return isinstance(data, str) and (data == STOP or data.startswith(f"{STOP}:"))


def author_in(event: dict[str, Any]) -> str:
    """The chat in whose name somebody speaks, else the person.

    Anonymous admins and channels come with a stand-in bot as `from`, the same for all of them.
    """
    for name in ("sender_chat", "actor_chat", "voter_chat", "from", "user"):
        number = _number(_object(event.get(name)).get("id"))
        if number:
            return number
    return ""


def loads(payload: bytes) -> Any:
    """The stored update; raises ValueError."""
    try:
        return orjson.loads(payload)
    except ValueError:
        return json.loads(payload)  # half an emoji as an escape: see request.py


def _thread(shape: str, message: dict[str, Any]) -> str:
    if shape == _GUEST_MESSAGE:
        return GUEST
    if shape == _INLINE_QUERY:
        return INLINE
    if shape == _STOPPED:
        return _number(message.get("message_thread_id"))  # as it was given with the draft
    connection = message.get("business_connection_id")
    # Such a chat has nothing in common with a chat of ours of the same number.
    if isinstance(connection, str) and connection.isascii() and connection:
        return f"{BUSINESS}{connection[:200]}"
    if writer := _number(_object(message.get("direct_messages_topic")).get("topic_id")):
        return f"{TO_CHANNEL}{writer}"
    return topic_of(message)


def _rests(message: dict[str, Any]) -> float:
    """Seconds for which its author may still be sending the rest of it."""
    text = message.get("text")
    if isinstance(text, str) and units(text) >= CUT_FROM:
        return _AFTER_A_CUT
    if "media_group_id" in message:
        return _AFTER_A_PIECE
    if "forward_origin" in message and message.get("is_automatic_forward") is not True:
        return _AFTER_A_FORWARD
    return 0.0


def _is_ours(message: dict[str, Any], account: Account) -> bool:
    """Our own words, which come back where somebody says them for us, or we for them."""
    us = account.partition(":")[2]
    makers = ("via_bot", "sender_business_bot", "from")
    return any(_number(_object(message.get(name)).get("id")) == us for name in makers)


def _lets_us_in(change: dict[str, Any]) -> bool:
    """We have come into a group or channel, or have become something else in it."""
    if _object(change.get("chat")).get("type") not in ("group", "supergroup", "channel"):
        return False
    now = _object(change.get("new_chat_member"))
    status = now.get("status")
    return status in ("member", "administrator") or (
        status == "restricted" and now.get("is_member") is True
    )


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number and -(2**63) <= value < 2**63 else ""  # type: ignore[operator] # an int


def _dumps(raw: object) -> bytes:
    try:
        return orjson.dumps(raw)
    except (TypeError, RecursionError):
        pass
    try:
        return json.dumps(raw, default=repr).encode()
    except (TypeError, ValueError, RecursionError):
        return b"null"
