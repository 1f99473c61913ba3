"""The scene: everything a provider may look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from core.character import Character
from core.ids import EntityId, RoomId
from core.messages import Entity, Inbound, Place, Rank, World
from core.ports import Unit
from core.settings.layers import Settings
from core.state.remembered import Remembered, Remembering
from core.state.sections import State

if TYPE_CHECKING:  # a turn holds a state, and a state is made for a turn
    from core.plugins.records import Action, Repertoire, Turn

T = TypeVar("T")


class Reader(Protocol):
    """The store's door for reading; each call is one transaction."""

    async def __call__(self, work: Callable[[Unit], T], /) -> T: ...


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was said, as the prompt shows it."""

    author: EntityId
    name: str
    text: str
    at: datetime
    ours: bool


@dataclass(frozen=True, slots=True)
class Colleague:
    """Another character of ours in the same room; no person."""

    name: str
    handle: str = ""
    """What people tag to address it there."""
    about: str = ""
    """One line."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Who speaks, where, to whom, after what, and what may be done about it."""

    character: Character
    settings: Settings
    inbound: tuple[Inbound, ...]
    """What is to be answered, oldest first; the last one leads."""
    history: tuple[Line, ...]
    """What was said before, oldest first, without what is to be answered."""
    place: Place
    now: datetime
    unsure: bool = False
    """Nobody clearly spoke to the character, so that silence is an answer too."""
    handle: str = ""
    """What people tag to address the character, as "@ada_bot"."""
    people: tuple[Entity, ...] = ()
    """Who else is known to be here."""
    colleagues: tuple[Colleague, ...] = ()
    """Other characters of ours who are here."""
    actions: tuple[Action, ...] = ()
    """What may be done here and now, besides REPLY, IGNORE and NONE."""
    repertoire: Repertoire | None = None
    """Everything the character can do."""
    turn: Turn | None = None
    """For providers of plugins."""
    rank: Rank = Rank.MEMBER
    """Who leads the conversation, as far as it is known without asking the platform."""
    choices: tuple[Mapping[str, Any], ...] = ()
    """Open choices in this room: {"task", "name", "options": [{"name", "description"}]}."""
    deeds: tuple[tuple[str, str], ...] = ()
    """What was done in this turn already: (action, what came of it)."""
    state: State | None = None
    """What providers of earlier positions have said, for providers that build on it (C-06)."""
    capabilities: tuple[str, ...] = ()
    """What the character's services say that they are for."""
    room: RoomId | None = None
    person: EntityId | None = None
    """Who leads the conversation."""
    world: World | None = None
    """The server or group as it is kept, with its roles and settings."""
    read: Reader | None = None
    """For providers that need rows; None where there is no store."""
    note: Callable[[Callable[[Unit], object]], object] | None = None
    """Has something written down with the turn; None where nothing of it is kept."""
    remember: Remembering | None = None
    """For providers that look further; None where nothing is remembered."""
    aloud: bool = False
    """What she says will be a voice message."""
    remembered: Remembered | None = None
    """What came to mind before anybody was asked."""

    @property
    def is_direct(self) -> bool:
        return bool(self.inbound) and self.inbound[-1].is_direct

    @property
    def is_spoken(self) -> bool:
        """What she says will be heard, not read."""
        return self.aloud or (bool(self.inbound) and self.inbound[-1].spoken)

    @property
    def cue(self) -> str:
        """Why the character may speak although nobody has; empty where somebody has."""
        return self.inbound[-1].cue if self.inbound else ""
