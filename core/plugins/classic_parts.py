"""What a classic plugin is made of, gathered part by part; every fault is named, not only one."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from core.errors import BadInput, Finding
from core.events import normalised
from core.plugins import records
from core.plugins.classic_doors import Door
from core.state import Provider

log = logging.getLogger(__name__)

T = TypeVar("T")


class Part(Protocol):
    """An author's object, which becomes a record at the door."""

    def at(self, door: Door) -> Any: ...


_READY = (records.Action, records.Evaluator, records.Route, records.Worker, Provider)


class Gathering:
    """Walks through one plugin's lists; what cannot be used is left out and stands in `faults`."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.faults: list[Finding] = []

    def each(self, what: str, kind: type[T], parts: Iterable[Any]) -> tuple[T, ...]:
        """The records of a list; empty places are skipped with a warning (PL-06)."""
        found: list[T] = []
        for part in self._there(what, parts):
            made: Any
            if isinstance(part, _READY):
                made = replace(part, plugin=self._door.plugin)
            elif hasattr(part, "at"):
                made = self._tried(f"{what} {part.name}", _at, part)
            else:
                self._blame(what, f"{type(part).__name__} is none")
                continue
            if isinstance(made, kind):
                found.append(made)
            elif made is not None:
                self._blame(f"{what} {part.name}", f"{type(part).__name__} is none")
        return tuple(found)

    def services(self, services: Iterable[Any]) -> tuple[type[Any], ...]:
        found: list[type[Any]] = []
        for one in self._there("service", services):
            if isinstance(one, type):
                found.append(one)
            else:
                self._blame("service", f"{type(one).__name__} is no class")
        return tuple(found)

    def models(self, models: Mapping[str, Any] | Iterable[Any]) -> tuple[Any, ...]:
        """elizaOS' map of handlers by type, or the list of older pages."""
        found: list[records.RegisteredModel] = []
        for kind, handler, more in _handlers(models):
            made = self._tried(f"model {kind}", Door.model, kind, handler, **more)
            if made is not None:
                found.append(made)
        return tuple(found)

    def listeners(self, events: Mapping[str, Any]) -> dict[str, tuple[records.Listener, ...]]:
        found: dict[str, tuple[records.Listener, ...]] = {}
        for event, handlers in events.items():
            several = handlers if isinstance(handlers, list | tuple) else (handlers,)
            for one in self._there(f"listener of {event}", several):
                made = self._tried(f"listener of {event}", Door.listener, one)
                if made is not None:
                    name = normalised(event)
                    found[name] = (*found.get(name, ()), made)
        return found

    def schema(self, schema: Any) -> dict[str, Any]:
        """A MetaData by the plugin's name, which is how its tables' names begin."""
        if schema is None:
            return {}
        if not hasattr(schema, "tables"):
            self._blame("schema", f"{type(schema).__name__} is no SQLAlchemy MetaData")
            return {}
        return {self._door.plugin: schema}

    def init(
        self, init: Callable[..., Any] | None, component_types: Iterable[Any]
    ) -> Callable[[Mapping[str, Any], Any], Any] | None:
        """The author's init, after the runtime has learned the plugin's component types."""
        kinds = tuple(component_types)
        if init is None and not kinds:
            return None
        own = self._tried("init", Door.init, init) if init else None

        async def begin(config: Mapping[str, Any], runtime: Any) -> None:
            for kind in kinds:
                runtime.register_component_type(kind)
            answer = own(config, runtime) if own is not None else None
            if inspect.isawaitable(answer):
                await answer

        return begin

    def judge(self) -> None:
        """Raises BadInput with every fault that was found."""
        if self.faults:
            raise BadInput(*self.faults)

    def _there(self, what: str, parts: Iterable[Any]) -> Iterator[Any]:
        for part in parts or ():
            if part is None:
                log.warning("plugin %s: an empty %s is left out", self._door.plugin, what)
            else:
                yield part

    def _tried(self, what: str, make: Callable[..., T], *given: Any, **more: Any) -> T | None:
        try:
            return make(self._door, *given, **more)
        except (TypeError, ValueError) as error:
            self._blame(what, str(error))
            return None

    def _blame(self, where: str, what: str) -> None:
        self.faults.append(Finding(f"plugin {self._door.plugin}, {where}", what))


def _at(door: Door, part: Part) -> Any:
    return part.at(door)


def _handlers(models: Any) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    if isinstance(models, Mapping):
        for kind, handler in models.items():
            yield str(kind), handler, {}
        return
    for one in models:
        if isinstance(one, records.RegisteredModel):
            yield str(one.kind), one.handler, {"provider": one.provider, "priority": one.priority}
        else:
            kind = one.get("type") or one.get("model_type") or one.get("modelType") or ""
            more = {key: one[key] for key in ("provider", "priority") if key in one}
            yield str(kind), one.get("handler"), more
