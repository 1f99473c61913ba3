"""Whether a message in doubt has arrived: looked up where Discord may have forgotten its nonce."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bots.discord.notes import stands
from core.messages import Delivery, DeliveryStatus

FORGOTTEN = 120.0
"""Seconds for which a nonce is trusted; Discord says "a few minutes"."""
PAGE = 100
_PAGES = 5
_EARLIER = 5.0
"""Seconds by which Discord's clock may be behind ours."""
_EPOCH = 1_420_070_400.0
_SAID = (0, 19)
"""Types of messages that a send makes: plain, and an answer. Pins and threads leave others."""
_KINDS = (("poll", "poll"), ("sticker_items", "stickers"))
"""What a message of its own is known by, in Discord's shape and in ours."""

Read = Callable[[int | None], Awaitable[Any]]
"""The newest messages of the room, or those before one."""


def is_doubtful(delivery: Delivery, now: float) -> bool:
    """Whether it may have arrived so long ago that its nonce is no help."""
    return delivery.status is DeliveryStatus.UNCERTAIN and now - delivery.created_at > FORGOTTEN


async def arrived(
    delivery: Delivery, payload: dict[str, Any], us: str, read: Read
) -> dict[str, Any] | None:
    """The message that it became, if it did.

    A room gets its deliveries one after another. So it is the last thing that we said there, or
    it is not there.
    """
    since = int((delivery.created_at - _EARLIER - _EPOCH) * 1000) << 22
    before: int | None = None
    for _ in range(_PAGES):
        page: list[dict[str, Any]]
        page = [one for one in await read(before) if int(one["id"]) > since]
        for one in page:  # newest first
            if one["author"]["id"] == us and one.get("type", 0) in _SAID:
                return one if _is_it(one, delivery, payload) else None
        if len(page) < PAGE:
            break
        before = int(page[-1]["id"])
    return None


def _is_it(said: dict[str, Any], delivery: Delivery, payload: dict[str, Any]) -> bool:
    answered = (said.get("message_reference") or {}).get("message_id")
    reference = payload.get("reference")
    if answered is not None:
        # One turn answers one message, with its first part.
        return str(answered) == str(reference)
    if payload.get("voice"):
        return stands(said, payload["content"])
    names = [one.get("filename") for one in said.get("attachments") or ()]
    ours = [payload["file"]["name"]] if payload.get("file") else []
    # No two files of ours have one name. Words may stand there without theirs.
    if names != ours and (names or not payload["content"]):
        return False
    found, content = str(said.get("content", "")).strip(), payload["content"].strip()
    plain = str(payload.get("plain") or "")
    if plain and found == "\n\n".join(filter(None, (content, plain))).strip():
        return True  # in words, where it may not be shown
    if any(bool(said.get(kind)) != bool(payload.get(named)) for kind, named in _KINDS):
        return False
    if _titles(said) != _titles(payload) and _titles(said):
        return False
    grew = delivery.ordinal == 0 and bool(found) and content.startswith(found)
    return found == content or grew


def _titles(shape: dict[str, Any]) -> list[str]:
    """Of its cards; those that may not be shown have been left out of what stands there."""
    return [str(one.get("title") or "") for one in shape.get("embeds") or ()]
