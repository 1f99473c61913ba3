"""One call as a page, or a test, sees it."""

from __future__ import annotations

from dataclasses import dataclass

from bots.sandbox.discord.voice_call import Call
from bots.sandbox.discord.voice_seat import Seat


@dataclass(frozen=True, slots=True)
class CallView:
    """Who is in it, who speaks, and how its encryption is doing."""

    guild: int
    channel: int
    inside: tuple[int, ...]
    speaking: frozenset[int]
    version: int
    """Of end-to-end encryption; 0 without."""
    encrypted: tuple[int, ...]
    """Who is in its group."""
    epoch: int
    settled: bool
    """No transition is under way."""
    privacy_code: str
    """Known where a person of the stage is inside."""
    invalid: int
    """How often a client could not follow its encryption (op 31)."""
    forwarded: int


def view_of(call: Call) -> CallView:
    group = call.group
    codes = (each.privacy_code for each in call.inside.values() if isinstance(each, Seat))
    return CallView(
        call.guild,
        call.channel,
        tuple(call.inside),
        call.speaking,
        group.version,
        group.members,
        group.epoch,
        group.settled,
        next(codes, ""),
        group.invalid,
        call.forwarded,
    )
