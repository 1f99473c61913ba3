"""State: what providers say about the moment, gathered before a character answers."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

from core.character import Character
from core.ids import EntityId
from core.messages import Entity, Inbound, Place, Rank
from core.settings.layers import Settings

if TYPE_CHECKING:  # a turn holds a state, and a state is made for a turn
    from core.plugins.records import Action, Repertoire, Turn

log = logging.getLogger(__name__)


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
    """Everything a provider may look at."""

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

    @property
    def is_direct(self) -> bool:
        return bool(self.inbound) and self.inbound[-1].is_direct


@dataclass(frozen=True, slots=True)
class Section:
    """What one provider says; `values` are further names a character's template may use."""

    name: str
    text: str
    position: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    """Structured, for actions and other providers; never shown to a model."""


@dataclass(frozen=True, slots=True)
class State:
    """elizaOS' values, data and text of one moment (ME-12)."""

    sections: tuple[Section, ...] = ()
    """By position; equal positions in the order of the providers."""
    values: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """The text of one provider, empty where it said nothing."""
        return next((s.text for s in self.sections if s.name == name), "")

    @property
    def text(self) -> str:
        return "\n".join(section.text for section in self.sections)


Told = str | Section | None


@dataclass(frozen=True, slots=True)
class Provider:
    """One source of context. A plain function is called in place; an async one gets a task."""

    name: str
    position: int
    get: Callable[[Scene], Told | Awaitable[Told]]
    dynamic: bool = False
    """Only when asked for by name."""
    private: bool = False
    """As dynamic, and never listed to the model."""
    description: str = ""
    """For the model, which may ask for it by name where it is dynamic."""
    plugin: str = ""


def chosen(
    providers: Iterable[Provider], include: Iterable[str] = (), *, only: bool = False
) -> list[Provider]:
    """The default set and the named ones, or the named ones only; each once, by position."""
    names = frozenset(include)
    found: dict[str, Provider] = {}
    for provider in providers:
        default = not only and not provider.dynamic and not provider.private
        if default or provider.name in names:
            found.setdefault(provider.name, provider)
    return sorted(found.values(), key=attrgetter("position"))


async def compose(
    scene: Scene,
    providers: Iterable[Provider],
    include: Iterable[str] = (),
    *,
    only: bool = False,
    onto: State | None = None,
    limit: float = 30.0,
) -> State:
    """Ask the providers, those of one position at once, positions in order.

    A provider that fails or takes longer than `limit` seconds says nothing, and the log names it.
    Sections of `onto` stay where no fresh one takes their place.
    """
    told: dict[str, Section] = {s.name: s for s in onto.sections} if onto else {}
    asked = chosen(providers, include, only=only)
    for _, group in groupby(asked, attrgetter("position")):
        later: list[tuple[Provider, Awaitable[Told]]] = []
        for provider in group:
            try:
                answer = provider.get(scene)
            except Exception as error:  # noqa: BLE001 - the wall around one provider
                _blame(provider, error)
                continue
            if inspect.isawaitable(answer):
                later.append((provider, answer))
            else:
                _keep(told, provider, answer)
        if later:
            async with asyncio.TaskGroup() as tasks:
                for provider, waiting in later:
                    tasks.create_task(_wait(told, provider, waiting, limit))
    # Who was asked first stands first among equals, also when the others were quicker.
    place = {provider.name: at for at, provider in enumerate(asked)}
    sections = tuple(sorted(told.values(), key=lambda s: (s.position, place.get(s.name, -1))))
    values: dict[str, Any] = {}
    for section in sections:
        values[section.name] = section.text
        values.update(section.values)
    return State(sections, values)


async def _wait(
    told: dict[str, Section], provider: Provider, waiting: Awaitable[Told], limit: float
) -> None:
    try:
        async with asyncio.timeout(limit):
            _keep(told, provider, await waiting)
    except Exception as error:  # noqa: BLE001 - the wall around one provider
        _blame(provider, error)


def _keep(told: dict[str, Section], provider: Provider, answer: Told) -> None:
    if isinstance(answer, str):
        answer = Section(provider.name, answer, provider.position)
    if answer is not None and (answer.text or answer.values):
        told[answer.name] = answer


def _blame(provider: Provider, error: Exception) -> None:
    # Its text may quote people, so the log gets the place and the kind of the failure only.
    frames = extract_tb(error.__traceback__)
    where = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "?"
    log.warning("provider %s gave nothing: %s at %s", provider.name, type(error).__name__, where)
