"""Where a call goes: what an address means in the fields of the Bot API."""

from __future__ import annotations

from typing import Any

from bots.telegram.envelope import BUSINESS, GUEST, INLINE, TO_CHANNEL
from core.errors import Unsendable
from core.messages import Address

_GENERAL = "1"  # the topic that every forum has; sends must leave it out


def chat_of(address: Address) -> int:
    try:
        return int(address.room)
    except ValueError:
        raise Unsendable("the room is not a chat of Telegram's") from None


def is_group(address: Address) -> bool:
    return address.room.startswith("-")


def business_of(address: Address) -> str:
    """The connection by which an account is spoken for; empty where the bot speaks for itself."""
    thread = address.thread
    return thread.removeprefix(BUSINESS) if thread.startswith(BUSINESS) else ""


def speaks_freely(address: Address) -> bool:
    """Whether anything can be shown there before it is answered."""
    return address.thread not in (GUEST, INLINE)


def target_fields(address: Address) -> dict[str, Any]:
    """Of a call about a message that is there."""
    fields: dict[str, Any] = {"chat_id": chat_of(address)}
    if connection := business_of(address):
        fields["business_connection_id"] = connection
    return fields


def send_fields(address: Address) -> dict[str, Any]:
    """Of a new message. Raises Unsendable where none can be."""
    if not speaks_freely(address):
        raise Unsendable("only what is asked there can be answered")
    fields = target_fields(address)
    if address.thread.startswith(TO_CHANNEL):
        fields["direct_messages_topic_id"] = int(address.thread.removeprefix(TO_CHANNEL))
    if address.thread.isdecimal() and not (address.thread == _GENERAL and is_group(address)):
        fields["message_thread_id"] = int(address.thread)
    return fields


def action_fields(address: Address) -> dict[str, Any]:
    """Of typing. Unlike a message, an action in General has to name it."""
    fields = target_fields(address)
    if address.thread.isdecimal():
        fields["message_thread_id"] = int(address.thread)
    return fields
