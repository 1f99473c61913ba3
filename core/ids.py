"""Names of things: typed ids, and elizaOS' way from any text to a UUID."""

from __future__ import annotations

import hashlib
import re
from typing import NewType
from urllib.parse import quote

CharacterId = NewType("CharacterId", str)
"""UUID text; elizaOS' agentId."""
EntityId = NewType("EntityId", str)
RoomId = NewType("RoomId", str)
WorldId = NewType("WorldId", str)
MemoryId = NewType("MemoryId", str)
Account = NewType("Account", str)
"""One bot on one platform, as "telegram:110201543"; every ledger key begins with it."""
TurnId = NewType("TurnId", str)
"""Derived from the inbox row that a turn answers, so that a replay is the same turn."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LENGTH = 36
_PLAIN = re.compile(r"[A-Za-z0-9_.!~*'():-]*")
"""Our own ids: a turn makes several of them, and quoting them letter by letter took 10 us each."""
_UNRESERVED = "!'()*~"  # what JavaScript's encodeURIComponent leaves alone, beside Python's own set


def string_to_uuid(text: str) -> str:
    """The UUID that elizaOS' `stringToUuid` makes of a text, so that ids of old databases match.

    SHA-1 of the URL-encoded text, its first 16 bytes, the variant bits set, the version nibble 0
    (X-15). A text that is a UUID already comes back unchanged. Any UUID check must therefore
    accept version 0.
    """
    if len(text) == _LENGTH and _UUID.fullmatch(text):
        return text
    encoded = text.replace(":", "%3A") if _PLAIN.fullmatch(text) else quote(text, safe=_UNRESERVED)
    digest = bytearray(hashlib.sha1(encoded.encode()).digest()[:16])
    digest[6] &= 0x0F
    digest[8] = (digest[8] & 0x3F) | 0x80
    shown = digest.hex()
    return f"{shown[:8]}-{shown[8:12]}-{shown[12:16]}-{shown[16:20]}-{shown[20:]}"


def unique_uuid(character: CharacterId, base: str) -> str:
    """elizaOS' `createUniqueUuid`: the same base gives each character its own id."""
    return character if base == character else string_to_uuid(f"{base}:{character}")


def turn_of(inbox_id: int) -> TurnId:
    return TurnId(f"t{inbox_id}")
