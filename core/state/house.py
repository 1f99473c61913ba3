"""What the admins of a server or group have set about how a character behaves there (D-72)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.messages import World
from core.settings import values

LONGEST_LANGUAGE = 40
LONGEST_STYLE = 200
_MOST = 100
"""Channels, or roles, of one list."""


@dataclass(frozen=True, slots=True)
class HouseRules:
    """One character's, in one server; as it stands, nothing is set."""

    language: str = ""
    """She answers in it, whatever she is spoken to in."""
    style: str = ""
    """How they wish her to speak."""
    channels: tuple[str, ...] = ()
    """Where she takes part, by the platform's ids; empty: everywhere."""
    moderators: tuple[str, ...] = ()
    """Roles whose members are admins to her."""
    welcome: str = ""
    """Whether newcomers are greeted: on, off, or the id of the channel where; empty: as whoever
    runs her has set it."""
    quiet: bool = False
    """She speaks only when she is spoken to."""
    voice: str = ""
    """Whether she answers with voice messages: on, off, auto; empty: as whoever runs her has set
    it. Direct chats have this one too."""

    def is_open(self, *places: str) -> bool:
        return not self.channels or not set(self.channels).isdisjoint(places)

    def moderates(self, roles: Iterable[str]) -> bool:
        return bool(self.moderators) and not set(self.moderators).isdisjoint(roles)

    def greets(self, *, otherwise: bool) -> bool:
        return self.welcome != "off" if self.welcome else otherwise

    @property
    def greeting_room(self) -> str:
        return self.welcome if self.welcome.isdigit() else ""


NONE = HouseRules()


def rules_of(world: World | None) -> HouseRules:
    """Whoever wrote them: what cannot be read counts as not set."""
    said = world.metadata.get("settings") if world is not None else None
    if not isinstance(said, Mapping) or not said:
        return NONE
    return HouseRules(
        language=_line(_of(said, "language"), LONGEST_LANGUAGE),
        style=_line(_of(said, "style"), LONGEST_STYLE),
        channels=_ids(_of(said, "channels")),
        moderators=_ids(_of(said, "moderators")),
        welcome=_line(_of(said, "welcome"), 20).lower(),
        quiet=_flag(_of(said, "quiet")),
        voice=_line(_of(said, "voice"), 20).lower(),
    )


def _of(said: Mapping[str, Any], name: str) -> Any:
    """A plugin may have declared it too, with a name and a description (elizaOS)."""
    found = said.get(name)
    return found.get("value") if isinstance(found, Mapping) else found


def _line(value: Any, most: int) -> str:
    return " ".join(value.split())[:most] if isinstance(value, str) else ""


def _ids(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.replace(",", " ").split()
    if not isinstance(value, list | tuple):
        return ()
    found = (one for one in map(str, value) if one.isascii() and one.isdigit())
    return tuple(dict.fromkeys(found))[:_MOST]


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return isinstance(value, str) and values.is_flag(value) and values.parse_flag(value)
