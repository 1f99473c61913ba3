"""How one bot goes about on Discord, as its character's settings say: read once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from core.flow.door import door_of
from core.settings.layers import Settings


@dataclass(frozen=True, slots=True)
class Ways:
    presence: str = ""
    """What stands below its name; empty for nothing."""
    history: int = 0
    """Messages of a channel that are read back when it is met for the first time."""
    welcome: str = ""
    """The id or name of the channel for greetings; empty: the server's own."""
    shards: int = 0
    """Connections; 0: as many as Discord asks for."""
    asks_roles: bool = False
    """Whether it matters who has which role in a server."""
    voices: int = 10
    """Voice channels that it is in at once."""
    volume: float = 1.0
    """How loud it is there, 0 to 2."""
    goes_out_of: Callable[[str], bool] = field(default=lambda server: False, compare=False)
    """Whether a server, by its id, is one to leave, though nobody has said anything there."""


def ways_of(settings: Settings) -> Ways:
    """Raises BadInput for what is no number."""
    return Ways(
        presence=settings.text("DISCORD_PRESENCE"),
        history=max(0, int(settings.number("DISCORD_HISTORY", 0))),
        welcome=settings.text("DISCORD_WELCOME_CHANNEL").strip(),
        shards=max(0, int(settings.number("DISCORD_SHARDS", 0))),
        asks_roles=settings.get("DISCORD_ALLOWED_ROLES") is not None,
        voices=max(1, int(settings.number("DISCORD_VOICE_CONNECTIONS", 10))),
        volume=min(2.0, max(0.0, settings.number("DISCORD_VOICE_VOLUME", 1.0))),
        goes_out_of=door_of(settings, "discord").is_out_of_place,
    )
