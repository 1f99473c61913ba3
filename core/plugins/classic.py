"""The classic door: elizaOS' plugins in Python, with its fields, names and call signatures."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel

from core import state
from core.errors import BadInput, Finding
from core.messages import Rank
from core.plugins import records
from core.plugins.classic_doors import Door
from core.plugins.classic_parts import Gathering
from core.plugins.records import ActionResult, Pluggable, Repertoire
from core.plugins.typed_threads import Threads
from core.services import Service, ServiceType
from core.settings.key import Key

__all__ = [
    "Action",
    "ActionResult",
    "ComponentType",
    "Evaluator",
    "Plugin",
    "Provider",
    "Rank",
    "Route",
    "Service",
    "ServiceType",
    "TaskWorker",
    "TestCase",
    "TestSuite",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Action:
    """`handler(runtime, message, state, options, callback, responses)`; it may take fewer.

    `who`, `idempotent`, `tells` and `arguments` are ours and mean what they do in records.Action.
    """

    name: str
    description: str
    handler: Callable[..., Any]
    validate: Callable[..., Any] | None = None
    """`validate(runtime, message, state)`; it is always offered, where there is none."""
    similes: Sequence[str] = ()
    examples: Sequence[Sequence[Mapping[str, Any]]] = ()
    arguments: type[BaseModel] | None = None
    who: Rank = Rank.STRANGER
    idempotent: bool = False
    tells: bool = False

    def at(self, door: Door) -> records.Action:
        return door.action(
            self.name,
            self.handler,
            self.validate,
            self.arguments,
            description=self.description,
            similes=tuple(self.similes),
            examples=tuple(tuple(one) for one in self.examples),
            who=self.who,
            idempotent=self.idempotent,
            tells=self.tells,
        )


@dataclass(frozen=True, slots=True)
class Provider:
    """`get(runtime, message, state)` gives {values, data, text}, every part of it optional."""

    name: str
    get: Callable[..., Any]
    description: str = ""
    position: int = 0
    dynamic: bool = False
    """Only when asked for by name."""
    private: bool = False

    def at(self, door: Door) -> state.Provider:
        return door.provider(
            self.name,
            self.get,
            self.position,
            dynamic=self.dynamic,
            private=self.private,
            description=self.description,
        )


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Called as an action is, when the answer is on its way."""

    name: str
    description: str
    handler: Callable[..., Any]
    validate: Callable[..., Any] | None = None
    always_run: bool = False
    """Also after a turn in which the character kept silent."""
    similes: Sequence[str] = ()
    examples: Sequence[Mapping[str, Any]] = ()

    def at(self, door: Door) -> records.Evaluator:
        return door.evaluator(
            self.name,
            self.handler,
            self.validate,
            description=self.description,
            always=self.always_run,
            examples=tuple(self.examples),
        )


@dataclass(frozen=True, slots=True)
class Route:
    """`handler(request, runtime)`, an aiohttp Request; JSON, a StreamResponse or None comes back."""

    path: str
    handler: Callable[..., Any] | None = None
    type: str = "GET"
    """GET, POST, PUT, PATCH, DELETE or STATIC."""
    file_path: str = ""
    """The folder of a STATIC route."""
    public: bool = False
    name: str = ""
    is_multipart: bool = False
    """Taken and not needed: a request's parts are read as they come in any case."""

    def at(self, door: Door) -> records.Route:
        return records.Route(
            method=self.type.upper(),
            path=self.path,
            handler=None if self.handler is None else door.route(self.handler),
            folder=self.file_path,
            public=self.public,
            name=self.name,
            plugin=door.plugin,
        )


@dataclass(frozen=True, slots=True)
class TaskWorker:
    """`execute(runtime, options, task)` does the stored tasks of this name."""

    name: str
    execute: Callable[..., Any]
    validate: Callable[..., Any] | None = None

    def at(self, door: Door) -> records.Worker:
        return door.worker(self.name, self.execute, self.validate)


@dataclass(frozen=True, slots=True)
class ComponentType:
    """A kind of data about entities; what its validator refuses is not written (R-154)."""

    name: str
    schema: Any = None
    """A Pydantic model, or for the reader only."""
    validator: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class TestCase:
    __test__: ClassVar[bool] = False  # it is no test of ours

    name: str
    fn: Callable[..., Any]
    """`fn(runtime)`; it passes unless it raises."""


@dataclass(frozen=True, slots=True)
class TestSuite:
    __test__: ClassVar[bool] = False

    name: str
    tests: Sequence[TestCase] = ()


@dataclass(frozen=True, slots=True)
class Plugin:
    """elizaOS' plugin object; creating one registers nothing."""

    name: str
    description: str = ""
    init: Callable[..., Any] | None = None
    """`init(config, runtime)`; may be async."""
    config: Mapping[str, Any] = field(default_factory=dict)
    actions: Iterable[Action | records.Action | None] = ()
    providers: Iterable[Provider | None] = ()
    evaluators: Iterable[Evaluator | records.Evaluator | None] = ()
    services: Iterable[type[Any] | None] = ()
    models: Mapping[str, Any] | Iterable[Any] = ()
    """Handlers by type; or a list of {type, handler, provider, priority}."""
    events: Mapping[str, Any] = field(default_factory=dict)
    """Handlers by event, one or a list; each takes the payload."""
    routes: Iterable[Route | records.Route | None] = ()
    task_workers: Iterable[TaskWorker | None] = ()
    schema: Any = None
    """A SQLAlchemy MetaData; its tables' names begin with the plugin's."""
    adapter: Any = None
    """Another database: left aside, the gateway keeps everything in its own."""
    tests: Iterable[TestSuite] = ()
    component_types: Iterable[ComponentType] = ()
    dependencies: Sequence[str] = ()
    test_dependencies: Sequence[str] = ()
    priority: int = 0
    needs: Sequence[str] = ()
    """Settings without which it stays off for a character."""
    settings: Iterable[Key] = ()
    """Settings that it declares: what nobody declares is not looked up in the environment."""

    def pluggable(self) -> Pluggable:
        """Raises BadInput with every part that cannot be used."""
        if not self.name.strip():
            raise BadInput(Finding("a plugin", "it has no name", 'Write Plugin(name="weather")'))
        gathered = Gathering(Door(self.name, Threads(self.name)))
        pluggable = Pluggable(
            name=self.name,
            description=self.description,
            repertoire=Repertoire(
                actions=gathered.each("action", records.Action, self.actions),
                providers=gathered.each("provider", state.Provider, self.providers),
                evaluators=gathered.each("evaluator", records.Evaluator, self.evaluators),
                listeners=gathered.listeners(self.events),
                models=gathered.models(self.models),
                routes=gathered.each("route", records.Route, self.routes),
                workers=gathered.each("task worker", records.Worker, self.task_workers),
                settings=tuple(self.settings),
                schemas=gathered.schema(self.schema),
            ),
            dependencies=tuple(self.dependencies),
            priority=self.priority,
            needs=tuple(self.needs),
            config=self.config,
            init=gathered.init(self.init, self.component_types),
            services=gathered.services(self.services),
        )
        gathered.judge()
        if self.adapter is not None:
            log.warning(
                "plugin %s: its adapter is left aside, all is kept in our database", self.name
            )
        return pluggable
