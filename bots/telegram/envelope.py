"""A raw update -> a Received: what must be known to store it, and nothing that could fail."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

import orjson

from core.ids import Account
from core.messages import Address, Kind, Received

PLATFORM = "telegram"

_LAST_UPDATE_ID = 2_000_000_000  # the server's own queue goes no further

_MESSAGES = ("message", "channel_post", "business_message", "guest_message")
_EDITS = ("edited_message", "edited_channel_post", "edited_business_message")
_REACTIONS = ("message_reaction", "message_reaction_count")
_MEMBERS = ("my_chat_member", "chat_member", "chat_join_request")
_SHAPES: tuple[tuple[str, Kind], ...] = (
    *((name, Kind.MESSAGE) for name in _MESSAGES),
    ("callback_query", Kind.PRESS),
    *((name, Kind.EDIT) for name in _EDITS),
    *((name, Kind.REACTION) for name in _REACTIONS),
    *((name, Kind.MEMBER) for name in _MEMBERS),
)
_SPOKEN = frozenset(
    {
        "text", "caption", "photo", "document", "voice", "audio", "video", "video_note",
        "animation", "sticker",
    }
)  # fmt: skip


def envelope(raw: object, account: Account) -> Received:
    """Never raises, whatever JSON it is given; what makes no sense becomes an OTHER."""
    payload = _dumps(raw)
    update = _object(raw)
    seq = update_id(raw)
    shape, kind = next(((name, kind) for name, kind in _SHAPES if name in update), ("", Kind.OTHER))
    event = _object(update.get(shape))
    message = _object(event.get("message")) if kind is Kind.PRESS else event
    chat = _number(_object(message.get("chat")).get("id"))
    event_key = f"u:{seq}"
    if kind is Kind.MESSAGE:
        kind = _kind_of_message(message)
        number = _number(message.get("message_id"))
        # By chat and message, because supergroups number independently of one another.
        if chat and number and shape in ("message", "channel_post"):
            event_key = f"m:{chat}:{number}"
    if seq is None and not event_key.startswith("m:"):
        event_key = f"x:{blake2b(payload, digest_size=12).hexdigest()}"
    return Received(
        address=Address(PLATFORM, account, chat, topic_of(message)),
        event_key=event_key,
        author=_author(event),
        seq=seq or 0,
        kind=kind,
        payload=payload,
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


def loads(payload: bytes) -> Any:
    """The stored update; raises ValueError."""
    try:
        return orjson.loads(payload)
    except ValueError:
        return json.loads(payload)  # half an emoji as an escape: see request.py


def _kind_of_message(message: dict[str, Any]) -> Kind:
    if "migrate_to_chat_id" in message:
        return Kind.MOVED
    if "new_chat_members" in message or "left_chat_member" in message:
        return Kind.MEMBER
    if not _SPOKEN.intersection(message):
        return Kind.OTHER
    return Kind.COMMAND if _is_command(message) else Kind.MESSAGE


def _is_command(message: dict[str, Any]) -> bool:
    text = message.get("text")
    if not isinstance(text, str) or len(text) < 2 or text[0] != "/":
        return False
    entities = message.get("entities")
    for entity in entities if isinstance(entities, list) else ():
        if isinstance(entity, dict) and entity.get("offset") == 0:
            # "/etc/passwd" begins with a bot_command too, so the whole first word must be one.
            if entity.get("type") == "bot_command":
                return entity.get("length") == len(text.split(maxsplit=1)[0])
            if entity.get("type") in ("code", "pre"):
                return False
    name = text[1:].split(maxsplit=1)[0] if text[1:2].strip() else ""
    return name.partition("@")[0].replace("_", "a").isalnum() and name.isascii()


def _author(event: dict[str, Any]) -> str:
    """The chat in whose name somebody speaks, else the person.

    Anonymous admins and channels come with a stand-in bot as `from`, the same for all of them.
    """
    for name in ("sender_chat", "actor_chat", "from", "user"):
        number = _number(_object(event.get(name)).get("id"))
        if number:
            return number
    return ""


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
