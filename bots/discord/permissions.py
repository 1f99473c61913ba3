"""Discord's permissions by the names that its settings show, and what is left of them in a channel."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

ADMINISTRATOR = 1 << 3
_ALL = (1 << 64) - 1
_NAMES = {
    6: "Add Reactions",
    10: "View Channels",
    11: "Send Messages",
    14: "Embed Links",
    15: "Attach Files",
    16: "Read Message History",
    18: "Use External Emojis",
    20: "Connect",
    21: "Speak",
    25: "Use Voice Activity",
    29: "Manage Webhooks",
    31: "Use Application Commands",
    35: "Create Public Threads",
    36: "Create Private Threads",
    38: "Send Messages in Threads",
}


def lacking(has: int, wanted: int) -> list[str]:
    """By name, what of the wanted permissions is missing."""
    if has & ADMINISTRATOR:
        return []
    bits = (bit for bit in range(wanted.bit_length()) if wanted & ~has & 1 << bit)
    return [_NAMES.get(bit, f"permission {bit}") for bit in bits]


def in_channel(
    has: int, channel: dict[str, Any], server: str, us: str, roles: Collection[str]
) -> int:
    """What is left of a server's permissions: for everybody there, then for our roles, then for us."""
    if has & ADMINISTRATOR:
        return _ALL
    said = channel.get("permission_overwrites") or []
    for step in ([server], roles, [us]):
        allow, deny = _together(said, step)
        has = has & ~deny | allow
    return has


def _together(said: Iterable[dict[str, Any]], whose: Collection[str]) -> tuple[int, int]:
    allow = deny = 0
    for one in said:
        if one.get("id") in whose:
            allow |= int(one.get("allow") or 0)
            deny |= int(one.get("deny") or 0)
    return allow, deny
