"""What each character has to act with: built in, and from her plugins, alive while she plays."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bots.mind import Mind
from core.actions import BUILT_IN as ACTIONS
from core.casting import LoadedCharacter
from core.clock import Clock
from core.errors import Finding
from core.events import Events
from core.flow.backstage import Backstage
from core.ids import CharacterId
from core.plugins.records import Repertoire, Worker
from core.ports import ModelRoles, Store
from core.providers import BUILT_IN as PROVIDERS
from core.settings.layers import Settings

log = logging.getLogger(__name__)

R = TypeVar("R")

_LEAST = frozenset({"CHARACTER", "ACTIONS", "PROVIDERS", "CAPABILITIES", "ROOM", "RECENT_MESSAGES"})
_TALK = frozenset({"REPLY", "IGNORE", "NONE"})
LEAST = Repertoire(
    actions=tuple(one for one in ACTIONS if one.name in _TALK),
    providers=tuple(one for one in PROVIDERS if one.name in _LEAST),
)
"""With IGNORE_BOOTSTRAP: who she is, where, and that she can answer."""


@dataclass(slots=True)
class Costume:
    """core.flow.cast.Gear of one character; without plugins nothing of it is loaded or runs."""

    loaded: LoadedCharacter
    settings: Settings
    events: Events
    makes_runtime: Callable[[Costume], Any]
    everything: Repertoire
    """What is built in."""
    equipment: Any = None
    """A core.plugins.equipment.Equipment, where there are plugins."""
    findings: list[Finding] = field(default_factory=list)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    _runtime: Any = None

    @property
    def repertoire(self) -> Repertoire:
        found: Repertoire = self.equipment.repertoire if self.equipment else self.built_in
        return found

    @property
    def built_in(self) -> Repertoire:
        least = self.settings.derived(Settings.flag, "IGNORE_BOOTSTRAP")
        return LEAST if least else self.everything

    @property
    def runtime(self) -> Any:
        if self._runtime is None:
            self._runtime = self.makes_runtime(self)
        return self._runtime

    @property
    def capabilities(self) -> tuple[str, ...]:
        if self.equipment is None:
            return ()
        told = (
            str(getattr(one, "capability_description", "") or "")
            for one in self.equipment.services.values()
        )
        return tuple(filter(None, told))

    @property
    def troubles(self) -> list[Finding]:
        return [*self.findings, *(self.equipment.troubles if self.equipment else ())]

    def use(self, kind: type[R]) -> R:
        if self.equipment is None:
            raise LookupError(f"no plugin has brought a {kind.__name__}")
        found: R = self.equipment.use(kind)
        return found

    def is_of(self, loaded: LoadedCharacter, settings: Settings) -> bool:
        same = self.loaded == loaded and self.settings == settings
        return same or (self.equipment is None and not loaded.character.plugins)


class Wardrobe:
    """Dresses everybody side by side, each in a task of her own: an ill plugin holds up nobody else.

    `at_hand` are plugins that need not be searched for; `backstage` gives what a runtime asks of
    the flow, `billed` the models whose calls it pays for.
    """

    def __init__(
        self,
        group: asyncio.TaskGroup,
        store: Store,
        models: ModelRoles,
        clock: Clock,
        backstage: Callable[[CharacterId], Backstage],
        tasks: Any,
        stop: Callable[[CharacterId], Any],
        billed: Callable[[Costume], ModelRoles],
        mind: Mind,
        *,
        allowed: Sequence[str] = (),
        at_hand: Iterable[Any] = (),
    ) -> None:
        self._group = group
        self._store = store
        self._models = models
        self._clock = clock
        self._backstage = backstage
        self._tasks = tasks
        self._stop = stop
        self._billed = billed
        self._built_in = Repertoire(ACTIONS, PROVIDERS, (mind.reflection.evaluator,))
        self._mind = mind
        self._allowed = allowed
        self._at_hand = tuple(at_hand)
        self._worn: dict[CharacterId, Costume] = {}

    def __iter__(self) -> Iterator[Costume]:
        return iter(self._worn.values())

    @property
    def troubles(self) -> Mapping[str, list[Finding]]:
        """By character's name: which plugin is off, and why."""
        return {one.loaded.name: one.troubles for one in self._worn.values() if one.troubles}

    async def of(self, character: CharacterId) -> Costume:
        """Her costume, once everything of it is set up or has failed."""
        costume = self._worn[character]
        await costume.ready.wait()
        return costume

    def events_of(self, character: CharacterId) -> Events | None:
        costume = self._worn.get(character)
        return costume.events if costume is not None else None

    async def worker(self, character: CharacterId, name: str) -> tuple[Worker, Any] | None:
        """Who does her tasks of that name, with her runtime; once she is dressed."""
        costume = self._worn.get(character)
        if costume is None:
            return None
        await costume.ready.wait()
        found = next((one for one in costume.repertoire.workers if one.name == name), None)
        return (found, costume.runtime) if found is not None else None

    def dress(self, everybody: Iterable[tuple[LoadedCharacter, Settings]]) -> None:
        """Begin; those who are dressed in the same already keep it, whoever is not named leaves."""
        wanted = {loaded.id: (loaded, settings) for loaded, settings in everybody}
        for known in [one for one in self._worn if one not in wanted]:
            self._worn.pop(known).leave.set()
        for character, (loaded, settings) in wanted.items():
            before = self._worn.get(character)
            if before is not None and before.is_of(loaded, settings):
                before.loaded, before.settings = loaded, settings
                continue
            events = before.events if before is not None and before.equipment is None else Events()
            costume = Costume(loaded, settings, events, self._runtime, self._built_in)
            self._worn[character] = costume
            if not loaded.character.plugins:
                costume.ready.set()
                if before is not None:
                    before.leave.set()
                continue
            costume.task = self._group.create_task(self._wear(costume, before))

    async def undress(self) -> None:
        """Services stop, what is open is closed; everybody side by side."""
        for costume in self._worn.values():
            costume.leave.set()
        tasks = [one.task for one in self._worn.values() if one.task is not None]
        if tasks:
            await asyncio.wait(tasks)

    async def _wear(self, costume: Costume, before: Costume | None) -> None:
        from core.plugins.equipment import Equipment  # only for those who have plugins
        from core.plugins.loader import load_plugins

        loaded, settings = costume.loaded, costume.settings
        try:
            if before is not None and before.task is not None:
                before.leave.set()
                await asyncio.wait([before.task])
            plugins, costume.findings = await load_plugins(
                loaded.character.plugins,
                settings,
                allowed=self._allowed,
                folder=loaded.path.parent if loaded.path else None,
                at_hand=self._at_hand,
            )
            for finding in costume.findings:
                log.warning("%s: %s", loaded.name, finding)
            if not plugins:
                return
            async with Equipment(
                loaded.character,
                settings,
                plugins,
                costume.built_in,
                costume.events,
                store=self._store,
                models=self._models,
                clock=self._clock,
            ) as equipment:
                costume.equipment = equipment
                await costume.runtime.initialize()
                costume.ready.set()
                await costume.leave.wait()
        except Exception as error:  # the wall of one character's plugins
            log.exception("%s plays without her plugins", loaded.name)
            what = f"plays without her plugins ({type(error).__name__})"
            costume.findings.append(Finding(loaded.name, what))
        finally:
            costume.equipment = None
            costume.ready.set()

    def _runtime(self, costume: Costume) -> Any:
        from core.runtime import AgentRuntime  # only for those who ask for it

        loaded = costume.loaded
        behind = self._backstage(loaded.id)

        async def stop() -> None:
            await self._stop(loaded.id)

        return AgentRuntime(
            agent_id=loaded.id,
            character=loaded.character,
            settings=costume.settings,
            store=self._store,
            models=self._billed(costume),
            gear=costume.equipment or _bare(costume),
            events=costume.events,
            clock=self._clock,
            compose=behind.compose,
            act=behind.act,
            evaluate=behind.evaluate,
            deliver=behind.deliver,
            tasks=self._tasks,
            stop=stop,
            embedder=self._mind.embedder,
            told=self._mind.told,
        )


def _bare(costume: Costume) -> Any:
    from core.plugins.equipment import Equipment

    loaded = costume.loaded
    return Equipment(loaded.character, costume.settings, (), costume.built_in, costume.events)
