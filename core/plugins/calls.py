"""What an action or provider may do and know of voice channels, in the server of its turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.ports import Present, VoiceState


@dataclass(frozen=True, slots=True)
class VoiceNow:
    """The voice channel in which the character is."""

    channel: str
    name: str
    people: tuple[Present, ...]
    speaking: frozenset[str]
    """The platform's ids of who is being heard at this moment."""
    state: VoiceState


@dataclass(frozen=True, slots=True)
class Calls:
    """`turn.use(Calls)` gives it; it raises LookupError where there are no voice channels, or the
    character may not go into them."""

    join: Callable[[str], Awaitable[str]]
    """Into the channel of that id or name; empty for the one where the asker is. What came of it, in
    words; raises CannotJoin, in words too."""
    leave: Callable[[], Awaitable[str]]
    now: Callable[[], VoiceNow | None]
    """None while she is in none."""
    asker: Callable[[], str]
    """The id of the voice channel where the asker is; empty for none."""
