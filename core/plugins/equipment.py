"""What one character is equipped with: its plugins set up in order, each behind a wall of its own."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar, overload

from core.character import Character
from core.clock import Clock, SystemClock
from core.errors import BadInput, Finding
from core.plugins.equipment_held import Held
from core.plugins.equipment_services import Services, Telling
from core.plugins.equipment_settings import make_known
from core.plugins.equipment_shelf import Shelf, at_work
from core.plugins.found import built_in, short, told
from core.plugins.records import Listener, Pluggable, Repertoire
from core.plugins.typed_signatures import awaited
from core.plugins.typed_threads import Threads
from core.ports import ModelHandler, ModelType
from core.services import ServiceStatus, type_of
from core.settings.layers import Settings

log = logging.getLogger(__name__)

R = TypeVar("R")

# What elizaOS' plugins say where a key is missing (X-06): the operator's business, and no bug.
_UNCONFIGURED = re.compile(
    r"api[ _-]?key|environment variable|invalid plugin configuration|not configured|is not set",
    re.IGNORECASE,
)


class Hearing(Telling, Protocol):
    def on(self, event: str, handler: Listener) -> None: ...
    def off(self, event: str, handler: Listener) -> None: ...


class Extending(Protocol):
    async def extend(self, owner: str, schema: Any) -> None: ...


class Registering(Protocol):
    """What is needed of ModelRoles."""

    def register(
        self,
        character: Any,
        kind: ModelType,
        handler: ModelHandler,
        *,
        provider: str,
        priority: int = 0,
        runtime: Any = None,
    ) -> None: ...
    def unregister(self, character: Any) -> None: ...


@dataclass(slots=True)
class _Fitted:
    """One plugin, and what it holds."""

    plugin: Pluggable
    held: list[Held] = field(default_factory=list)
    listening: list[tuple[str, Listener]] = field(default_factory=list)
    added: list[Repertoire] = field(default_factory=list)
    """What it has registered by itself, while it was set up."""
    on: bool = True


class Equipment:
    """Everything that plugins give to one character, and everything that is open for them.

    A plugin that fails while it is set up, or that loses what it holds, is off for this character
    and with it whatever depends on it; nothing of it stays, and `troubles` says why.
    """

    def __init__(
        self,
        character: Character,
        settings: Settings,
        plugins: Sequence[Pluggable],
        built_in: Repertoire,
        events: Hearing,
        *,
        store: Extending | None = None,
        models: Registering | None = None,
        clock: Clock | None = None,
        opening: float = 30.0,
        closing: float = 10.0,
    ) -> None:
        """`plugins` in the order in which the loader gave them; limits are seconds for each."""
        self._character = character
        self._settings = settings
        self._given = plugins
        self._built_in = built_in
        self._events = events
        self._store = store
        self._models = models
        self._opening = opening
        self._closing = closing
        self._clock = clock or SystemClock()
        self._group = asyncio.TaskGroup()
        self._fitted: dict[str, _Fitted] = {}
        self._extra = _Fitted(Pluggable(""))
        """What was registered while no plugin was at work."""
        self._shelf = Shelf()
        self._services = self._no_services()
        self._queued: list[tuple[str, type[Any]]] = []
        self._runtime: Any = None
        self._started = False
        self._ready = False
        self.repertoire = built_in
        self.troubles: list[Finding] = []

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        for plugin in self._given:
            if plugin.name in self._fitted:
                self._trouble(plugin.name, "is there twice, and counts once")
                continue
            self._fitted[plugin.name] = _Fitted(plugin)
            self.troubles += make_known(plugin)
        self._merge(tell=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Services stop first, the last one first; then what plugins hold, the last one first."""
        try:
            await self._services.close()
            for fitted in reversed(self._fitted.values()):
                self._deafen(fitted)
                await self._let_go(fitted)
        except BaseException as interrupted:
            await self._group.__aexit__(type(interrupted), interrupted, None)
            raise
        if self._models is not None and self._started:
            self._models.unregister(self._character.agent_id)
        await self._group.__aexit__(None, None, None)

    # --- what others ask -------------------------------------------------------------------------

    @property
    def plugins(self) -> tuple[Pluggable, ...]:
        """Those that are on, in order."""
        return tuple(fitted.plugin for fitted in self._fitted.values() if fitted.on)

    @property
    def services(self) -> Mapping[str, Any]:
        """Those that run, by type, in the order of starting."""
        return self._services.running

    @property
    def service_status(self) -> Mapping[str, ServiceStatus]:
        return self._services.status

    def use(self, kind: type[R]) -> R:
        """A plugin's resource or service, by its class; raises LookupError."""
        service = self._services.get(kind)
        return self._shelf.find(kind) if service is None else service

    @overload
    def get_service(self, kind: type[R]) -> R | None: ...
    @overload
    def get_service(self, kind: str) -> Any | None: ...
    def get_service(self, kind: type[Any] | str) -> Any | None:
        """By its class or its type; None where none runs."""
        return self._services.get(kind)

    async def restart_service(self, name: str) -> Any:
        """Stop one and start it anew; raises LookupError, or what its start raises."""
        return await self._services.restart(name, self._runtime)

    async def register_service(self, kind: type[Any]) -> None:
        """Start one more, now or with the others; raises what its start raises."""
        if self._ready:
            await self._services.start(at_work(), kind, self._runtime)
        else:
            self._queued.append((at_work(), kind))

    def add(self, more: Repertoire) -> tuple[str, ...]:
        """Take in what a plugin registers by itself; the names that were taken already.

        It belongs to the plugin that is being set up, and goes with it.
        """
        owner = self._fitted.get(at_work(), self._extra)
        owner.added.append(more)
        doubles = self.repertoire.merged(more)[1]
        self._merge()
        for event, listeners in more.listeners.items():
            self._listen(owner, event, listeners)
        return doubles

    # --- setting up ------------------------------------------------------------------------------

    async def start(self, runtime: Any) -> None:
        """Set every plugin up, one after another, then start their services. Once; never raises
        for a plugin."""
        if self._started:
            return
        self._started = True
        self._runtime = runtime
        self._merge()
        for fitted in self._fitted.values():
            if fitted.on:
                await self._set_up(fitted)
        for fitted in self._fitted.values():
            for kind in fitted.plugin.services:
                if fitted.on:
                    await self._start_service(fitted.plugin.name, kind)
        for plugin, kind in self._queued:
            if not plugin or self._fitted[plugin].on:
                await self._start_service(plugin, kind)
        self._ready = True

    async def _set_up(self, fitted: _Fitted) -> None:
        plugin = fitted.plugin
        try:
            if plugin.init is not None:
                begun = Held(plugin.name, self._initialised(plugin))
                await begun.open(self._group, self._opening)
                await begun.close(self._closing)
            for opens in plugin.resources:
                await self._open(fitted, opens(self._settings))
            for owner, tables in plugin.repertoire.schemas.items():
                if self._store is None:
                    raise BadInput(Finding("", "it has tables, and there is no database"))
                await self._store.extend(owner, tables)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the wall around one plugin
            await self._take_off(fitted, error)
            return
        for event, listeners in plugin.repertoire.listeners.items():
            self._listen(fitted, event, listeners)
        log.debug("the plugin %s of %s is on", plugin.name, self._character.name)

    @asynccontextmanager
    async def _initialised(self, plugin: Pluggable) -> AsyncIterator[None]:
        if plugin.init is not None:
            await awaited(plugin.init, 2, Threads(plugin.name))(plugin.config, self._runtime)
        yield

    async def _open(self, fitted: _Fitted, opens: AbstractAsyncContextManager[Any]) -> None:
        held = Held(fitted.plugin.name, opens)
        thing = await held.open(self._group, self._opening, partial(self._lose, fitted))
        fitted.held.append(held)
        self._shelf.put(fitted.plugin.name, thing)

    async def _start_service(self, plugin: str, kind: type[Any] | None) -> None:
        if kind is None:
            log.warning("the plugin %s has None among its services", plugin)
            return
        try:
            await self._services.start(plugin, kind, self._runtime)
        except Exception as error:  # noqa: BLE001 - the wall around one service
            name = type_of(kind) or kind.__name__
            if getattr(kind, "required", False) and plugin:
                await self._take_off(self._fitted[plugin], error, f"its service {name}")
            else:
                self._report(plugin, error, f"its service {name} is off")

    # --- taking off ------------------------------------------------------------------------------

    async def _take_off(self, fitted: _Fitted, error: BaseException, what: str = "") -> None:
        """It and whatever depends on it; closes what they hold."""
        await self._put_away(self._blame(fitted, error, what))

    def _lose(self, fitted: _Fitted, error: BaseException) -> None:
        """What it held has broken while it was in use."""
        self._group.create_task(self._put_away(self._blame(fitted, error)))

    async def _put_away(self, gone: Sequence[_Fitted]) -> None:
        for one in gone:
            await self._services.stop_those_of(one.plugin.name)
            await self._let_go(one)

    def _blame(self, fitted: _Fitted, error: BaseException, what: str = "") -> list[_Fitted]:
        """Switch it off, and whatever depends on it; those that are off now, the last one first."""
        if not fitted.on:
            return []
        self._report(fitted.plugin.name, error, f"it is off, for {what}" if what else "it is off")
        gone = [fitted]
        fitted.on = False
        for other in self._fitted.values():
            for one in gone:
                if other.on and short(one.plugin.name) in _needed(other.plugin):
                    other.on = False
                    self._trouble(other.plugin.name, f"is off: it needs {one.plugin.name}")
                    gone.append(other)
                    break
        for one in gone:
            self._deafen(one)
            self._shelf.clear(one.plugin.name)
            one.added.clear()
        self._merge()
        return gone[::-1]

    def _report(self, plugin: str, error: BaseException, what: str) -> None:
        missing = isinstance(error, BadInput) or _UNCONFIGURED.search(str(error)) is not None
        mend = "Set it in .env or in the character's file" if missing else ""
        self._trouble(plugin, f"{what}: {told(error)}", mend, None if missing else error)

    def _trouble(
        self, plugin: str, what: str, mend: str = "", error: BaseException | None = None
    ) -> None:
        where = f"the plugin {plugin} of {self._character.name}"
        finding = Finding(where if plugin else self._character.name, what, mend)
        self.troubles.append(finding)
        log.warning("%s", finding, exc_info=error)

    async def _let_go(self, fitted: _Fitted) -> None:
        while fitted.held:
            failure = await fitted.held.pop().close(self._closing)
            if failure is not None and fitted.on:
                name = fitted.plugin.name
                log.warning("the plugin %s did not close well: %s", name, told(failure))

    # --- the whole -------------------------------------------------------------------------------

    def _merge(self, *, tell: bool = False) -> None:
        """Put together what is on; the first of a name counts, and the character's own before all."""
        whole = self._built_in
        for fitted in (*self._fitted.values(), self._extra):
            parts = (fitted.plugin.repertoire, *fitted.added) if fitted.on else ()
            for part in parts:
                whole, doubles = whole.merged(part)
                for double in doubles if tell else ():
                    self._trouble(fitted.plugin.name, f"{double} is there already")
        self.repertoire = whole
        if self._models is not None and self._started:
            whose = self._character.agent_id
            self._models.unregister(whose)
            for one in whole.models:
                self._models.register(
                    whose,
                    one.kind,
                    one.handler,
                    provider=one.provider,
                    priority=one.priority,
                    runtime=self._runtime,
                )

    def _listen(self, fitted: _Fitted, event: str, listeners: Sequence[Listener]) -> None:
        for listener in listeners:
            self._events.on(event, listener)
            fitted.listening.append((event, listener))

    def _deafen(self, fitted: _Fitted) -> None:
        for event, listener in fitted.listening:
            self._events.off(event, listener)
        fitted.listening.clear()

    def _no_services(self) -> Services:
        return Services(
            self._character.name,
            self._events,
            self._clock,
            self._group,
            limit=self._opening,
            closing=self._closing,
        )


def _needed(plugin: Pluggable) -> set[str]:
    return {short(one) for one in plugin.dependencies if not built_in(one)}
