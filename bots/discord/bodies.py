"""A payload of ours as the body of a request: to send it, to make a message into it, in words."""

from __future__ import annotations

from typing import Any

import orjson

from bots.discord.fitting import cut
from bots.discord.rendering import MAX_TEXT
from core.errors import Unsendable
from core.messages import Delivery

# What a model says must not make Discord fetch an address: the address may hold what it was told.
# The same flag hides our own cards, so that a message with cards has no address in it.
NO_EMBEDS = 1 << 2
EPHEMERAL = 1 << 6
SILENT = 1 << 12

Payload = dict[str, Any]
Body = dict[str, Any]


def payload_of(delivery: Delivery) -> Payload:
    """Raises Unsendable for what we have never written."""
    try:
        payload = orjson.loads(delivery.payload)
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        raise Unsendable("the payload is not one of ours")
    return payload


def number_of(text: str, otherwise: str) -> int:
    """An id of Discord's; raises Unsendable, and says so, for what is none."""
    if not text.isdecimal():
        raise Unsendable(otherwise)
    return int(text)


def new(payload: Payload) -> Body:
    """Of a new message, but for what ties it to its room."""
    body = _words(payload["content"], hides=not payload.get("embeds"))
    if payload.get("silent"):
        body["flags"] |= SILENT
    for name, given in (
        ("embeds", "embeds"),
        ("components", "components"),
        ("poll", "poll"),
        ("sticker_ids", "stickers"),
    ):
        if value := payload.get(given):
            body[name] = value
    return body


def whole(payload: Payload) -> Body:
    """Of a message that is to be this and nothing else from now on."""
    body = _words(payload["content"], hides=not payload.get("embeds"))
    body["embeds"] = payload.get("embeds") or []
    body["components"] = payload.get("components") or []  # without any, buttons are taken away
    return body


def so_far(text: str) -> Body:
    """Of a message that grows: all else stays as it is."""
    return _words(text)


def in_place(body: Body) -> Body:
    """Of a message that stands there already, and only says that there will be one."""
    kept = {name: value for name, value in body.items() if name != "flags"}
    kept.setdefault("components", [])  # a beginning that stands there has one
    hidden = body["flags"] & NO_EMBEDS and "://" in body["content"]
    return {**kept, "flags": NO_EMBEDS} if hidden else kept


def in_words(body: Body, payload: Payload) -> Body:
    """The same without files, cards and the like, for where we may only write; empty for nothing."""
    said = "\n\n".join(filter(None, (payload["content"], payload.get("plain"))))
    if not said:
        return {}
    kept = {
        name: value
        for name, value in body.items()
        if name not in ("embeds", "poll", "sticker_ids", "attachments")
    }
    return {**kept, "content": cut(said, MAX_TEXT), "flags": body.get("flags", 0) | NO_EMBEDS}


def _words(text: str, *, hides: bool = True) -> Body:
    """No name in a text rings anybody's bell; only who is answered hears of it."""
    return {
        "content": text,
        "flags": NO_EMBEDS if hides else 0,
        "allowed_mentions": {"parse": [], "replied_user": False},
    }
