"""The services of one character: started, looked up, started anew, stopped in reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, overload

from core.clock import Clock
from core.events import EventType, where
from core.plugins.equipment_held import Held
from core.plugins.found import told
from core.plugins.typed_signatures import awaited
from core.plugins.typed_threads import Threads
from core.services import ServiceStatus, type_of

log = logging.getLogger(__name__)

S = TypeVar("S")

_AGAIN = 2


class Telling(Protocol):
    """What services need of the character's events."""

    def wanted(self, event: str) -> bool: ...
    async def emit(self, event: str, payload: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class _Running:
    plugin: str
    kind: type[Any]
    service: Any
    held: Held


class Services:
    """One of each type; `limit` seconds to start, `closing` to stop."""

    def __init__(
        self,
        whose: str,
        events: Telling,
        clock: Clock,
        group: asyncio.TaskGroup,
        *,
        limit: float,
        closing: float,
    ) -> None:
        self._whose = whose
        self._events = events
        self._clock = clock
        self._group = group
        self._limit = limit
        self._closing = closing
        self._running: dict[str, _Running] = {}
        self._status: dict[str, ServiceStatus] = {}
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> Mapping[str, Any]:
        """By their types, in the order in which they were started."""
        return {name: one.service for name, one in self._running.items()}

    @property
    def status(self) -> Mapping[str, ServiceStatus]:
        """Also of those that are not running."""
        return dict(self._status)

    @overload
    def get(self, kind: type[S]) -> S | None: ...
    @overload
    def get(self, kind: str) -> Any | None: ...
    def get(self, kind: type[Any] | str) -> Any | None:
        if isinstance(kind, str):
            one = self._running.get(kind)
            return one.service if one else None
        for one in self._running.values():
            if one.kind is kind or isinstance(one.service, kind):
                return one.service
        return None

    async def start(self, plugin: str, kind: type[Any], runtime: Any) -> Any:
        """The service, an earlier one of its type where there is one; raises what it raises.

        A line that cannot be had is tried three times, after 1 and 2 seconds (R-192).
        """
        name = type_of(kind)
        if not name:
            raise TypeError(f"{kind.__name__} has no service_type, by which it would be found")
        there = self._running.get(name)
        if there is not None:
            if there.kind is not kind:
                log.warning("%s has a service %s already", self._whose, name)
            return there.service
        held = Held(plugin, self._serving(plugin, kind, runtime))
        try:
            service = await held.open(self._group, self._limit)
        except Exception as error:
            self._status[name] = ServiceStatus.ERROR
            self._tell(EventType.SERVICE_ERROR, name, plugin, told(error))
            raise
        self._running[name] = _Running(plugin, kind, service, held)
        self._status[name] = ServiceStatus.RUNNING
        log.info("service %s of %s started", name, self._whose)
        self._tell(EventType.SERVICE_STARTED, name, plugin)
        return service

    async def stop(self, name: str) -> None:
        """Never raises for the service; one that is not running is left alone."""
        one = self._running.pop(name, None)
        if one is None:
            return
        failure = await one.held.close(self._closing)
        if failure is None:
            self._status[name] = ServiceStatus.STOPPED
            log.info("service %s of %s stopped", name, self._whose)
            self._tell(EventType.SERVICE_STOPPED, name, one.plugin)
        else:
            self._status[name] = ServiceStatus.ERROR
            log.warning("service %s of %s stopped badly: %s", name, self._whose, where(failure))
            self._tell(EventType.SERVICE_ERROR, name, one.plugin, told(failure))

    async def restart(self, name: str, runtime: Any) -> Any:
        """Raises LookupError for one that does not run, else what its start raises."""
        one = self._running.get(name)
        if one is None:
            raise LookupError(f"{self._whose} has no service {name} that runs")
        await self.stop(name)
        return await self.start(one.plugin, one.kind, runtime)

    async def stop_those_of(self, plugin: str) -> None:
        for name in [name for name, one in self._running.items() if one.plugin == plugin][::-1]:
            await self.stop(name)

    async def close(self) -> None:
        """The last one first; nobody waits long for listeners."""
        for name in list(self._running)[::-1]:
            await self.stop(name)
        if self._telling:
            _, late = await asyncio.wait(self._telling, timeout=self._closing)
            for task in late:
                task.cancel()

    @asynccontextmanager
    async def _serving(self, plugin: str, kind: Any, runtime: Any) -> AsyncIterator[Any]:
        threads = Threads(f"{plugin} {type_of(kind)}", most=1)
        service = await self._started(awaited(kind.start, 1, threads), type_of(kind), runtime)
        if service is None:
            raise TypeError(f"{kind.__name__}.start() gave nothing back: return the service")
        try:
            yield service
        finally:
            if callable(getattr(service, "stop", None)):
                await awaited(service.stop, 0, threads)()

    async def _started(self, start: Callable[..., Awaitable[Any]], name: str, runtime: Any) -> Any:
        pause = 1.0
        while True:
            try:
                return await start(runtime)
            except OSError as error:  # refused, reset, timed out: the other end may come back
                if pause >= 2**_AGAIN:
                    raise
                log.info("service %s is tried again: %s", name, where(error))
            await self._clock.sleep(pause)
            pause *= 2

    def _tell(self, event: EventType, name: str, plugin: str, error: str = "") -> None:
        """In a task of its own: a listener that hangs must hold up no start."""
        if not self._events.wanted(event):
            return
        about = {"service_type": name, "plugin": plugin, "status": str(self._status[name])}
        payload = {**about, "error": error} if error else about
        task = self._group.create_task(self._events.emit(event, payload))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
