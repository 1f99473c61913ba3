"""The typed door: a function's name, docstring and argument model are the tool."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any, overload

from core.messages import Rank
from core.plugins.equipment_shelf import working
from core.plugins.records import (
    Action,
    Command,
    Evaluator,
    Listener,
    Pluggable,
    RegisteredModel,
    Repertoire,
    Route,
    Worker,
)
from core.plugins.typed_actions import action_of
from core.plugins.typed_commands import command_of
from core.plugins.typed_results import section
from core.plugins.typed_signatures import (
    Commands,
    Does,
    Fn,
    Kept,
    Method,
    Opens,
    Tells,
    Wanted,
    awaited,
    check,
    name_of,
    sentence_of,
)
from core.plugins.typed_threads import Threads
from core.ports import ModelType, Offer, Option
from core.services import type_of
from core.settings.key import Key, Kind, Scope
from core.settings.layers import Settings
from core.state import Provider, Scene, Section

_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_SETTING = re.compile(r"[A-Z][A-Z0-9_]*")


class Plugin:
    """What an author adds to characters. Making one registers nothing: a character names it.

    Functions stay as they are, so a test calls them. A plain one (not async) runs in a thread.
    """

    def __init__(
        self,
        name: str,
        description: str = "",
        *,
        dependencies: Iterable[str] = (),
        priority: int = 0,
        needs: Iterable[str] = (),
    ) -> None:
        """`needs` are settings without which it stays off, in silence."""
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is no name for a plugin: lower case letters, digits, - and _"
            )
        self.name = name
        self.description = description
        self._lives_by = (tuple(dependencies), priority, tuple(needs))
        self._threads = Threads(name)
        self._actions: dict[str, Action] = {}
        self._commands: dict[str, Command] = {}
        self._providers: dict[str, Provider] = {}
        self._evaluators: dict[str, Evaluator] = {}
        self._workers: dict[str, Worker] = {}
        self._settings: dict[str, Key] = {}
        self._listeners: dict[str, tuple[Listener, ...]] = {}
        self._models: list[RegisteredModel] = []
        self._routes: list[Route] = []
        self._resources: list[Callable[[Settings], AbstractAsyncContextManager[Any]]] = []
        self._services: list[type[Any]] = []
        self._schemas: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"Plugin({self.name!r})"

    def pluggable(self) -> Pluggable:
        """What the loader takes in: everything that has been added so far."""
        dependencies, priority, needs = self._lives_by
        return Pluggable(
            name=self.name,
            description=self.description,
            dependencies=dependencies,
            priority=priority,
            needs=needs,
            resources=tuple(self._resources),
            services=tuple(self._services),
            repertoire=Repertoire(
                actions=tuple(self._actions.values()),
                providers=tuple(self._providers.values()),
                evaluators=tuple(self._evaluators.values()),
                listeners=dict(self._listeners),
                models=tuple(self._models),
                routes=tuple(self._routes),
                workers=tuple(self._workers.values()),
                settings=tuple(self._settings.values()),
                schemas=dict(self._schemas),
                commands=tuple(self._commands.values()),
            ),
        )

    # --- what a character can do, knows and looks back on ---------------------------------------

    @overload
    def action(self, fn: Does, /) -> Does: ...
    @overload
    def action(
        self,
        fn: None = None,
        /,
        *,
        name: str = ...,
        who: Rank = ...,
        idempotent: bool = ...,
        tells: bool = ...,
        says: bool = ...,
        similes: Iterable[str] = ...,
        offered: Wanted | None = ...,
        examples: Iterable[tuple[Mapping[str, Any], ...]] = ...,
    ) -> Callable[[Does], Does]: ...
    def action(
        self,
        fn: Any = None,
        /,
        *,
        name: str = "",
        who: Rank = Rank.STRANGER,
        idempotent: bool = False,
        tells: bool = True,
        says: bool = False,
        similes: Iterable[str] = (),
        offered: Wanted | None = None,
        examples: Iterable[tuple[Mapping[str, Any], ...]] = (),
    ) -> Any:
        """Something to do: `(turn)` or `(turn, arguments)`, the latter a pydantic model.

        Text that comes back is what was found out, and the character puts it into words; with
        `says` it is said as it is; without `tells` only later actions see it. None: it is done.
        `offered` is asked in place each turn, so it must be quick.
        """
        scope = sys._getframe(1).f_locals

        def add(fn: Any) -> Any:
            action = action_of(fn, name, scope, self.name, self._threads, says=says)
            action = replace(
                action,
                similes=tuple(name_of(None, simile) for simile in similes),
                examples=tuple(examples),
                offered=offered,
                who=who,
                idempotent=idempotent,
                tells=tells and not says,
            )
            self._add(self._actions, "action", action.name, action)
            return fn

        return add if fn is None else add(fn)

    def command(
        self,
        name: str,
        about: str = "",
        *,
        who: Rank = Rank.STRANGER,
        direct: bool = True,
        groups: bool = True,
        words: Mapping[str, str] | None = None,
        options: Iterable[Option] = (),
        aside: bool = False,
    ) -> Callable[[Commands], Commands]:
        """Done when somebody writes /name: `(turn)`, `(turn, arguments)`, the text behind it, or
        `(turn, arguments, given)` with what was said for each of `options`, by its name.

        A text that comes back is said, or a content with buttons and files. `about` stands in
        menus, `words` are the same in other languages, as {"de": ...}. `aside`: see Offer.
        """
        offer = Offer(name, about, words or {}, who, direct, groups, tuple(options), aside)

        def add(fn: Commands) -> Commands:
            command = command_of(fn, offer, self.name, self._threads)
            self._add(self._commands, "command", name, command)
            return fn

        return add

    @overload
    def provider(self, fn: Tells, /) -> Tells: ...
    @overload
    def provider(
        self,
        fn: None = None,
        /,
        *,
        name: str = ...,
        position: int = ...,
        dynamic: bool = ...,
        private: bool = ...,
    ) -> Callable[[Tells], Tells]: ...
    def provider(
        self,
        fn: Any = None,
        /,
        *,
        name: str = "",
        position: int = 0,
        dynamic: bool = False,
        private: bool = False,
    ) -> Any:
        """Context for every turn (`(turn)` -> text), or only when asked for where it is `dynamic`."""

        def add(fn: Any) -> Any:
            count = check(fn, "a provider", ("turn",))
            called = name_of(fn, name)
            tells = awaited(fn, count, self._threads)

            async def get(scene: Scene) -> Section | None:
                if scene.turn is None:
                    return None
                with working(self.name):
                    return section(called, position, await tells(scene.turn))

            provider = Provider(called, position, get, dynamic, private, sentence_of(fn), self.name)
            self._add(self._providers, "provider", called, provider)
            return fn

        return add if fn is None else add(fn)

    @overload
    def evaluator(self, fn: Fn, /) -> Fn: ...
    @overload
    def evaluator(
        self,
        fn: None = None,
        /,
        *,
        name: str = ...,
        always: bool = ...,
        wanted: Wanted | None = ...,
    ) -> Callable[[Fn], Fn]: ...
    def evaluator(
        self,
        fn: Any = None,
        /,
        *,
        name: str = "",
        always: bool = False,
        wanted: Wanted | None = None,
    ) -> Any:
        """Looks back at a turn that is over; `always` also where the character kept silent."""

        def add(fn: Any) -> Any:
            count = check(fn, "an evaluator", ("turn",))
            called = name_of(fn, name)
            run = self._ours(awaited(fn, count, self._threads))
            evaluator = Evaluator(called, sentence_of(fn), run, wanted, always, plugin=self.name)
            self._add(self._evaluators, "evaluator", called, evaluator)
            return fn

        return add if fn is None else add(fn)

    # --- what happens ----------------------------------------------------------------------------

    def on(self, event: str) -> Callable[[Fn], Fn]:
        """Told of an event of the character: `(payload)`, which always holds `runtime`."""

        def add(fn: Fn) -> Fn:
            count = check(fn, "a listener", ("payload",))
            listener = self._ours(awaited(fn, count, self._threads))
            self._listeners[str(event)] = (*self._listeners.get(str(event), ()), listener)
            return fn

        return add

    def task(self, name: str, *, wanted: Callable[..., bool] | None = None) -> Callable[[Fn], Fn]:
        """Does the stored tasks of this name: `(runtime, options, task)`, or fewer of them."""

        def add(fn: Fn) -> Fn:
            count = check(fn, "a task's worker", ("runtime", "options", "task"))
            run = self._ours(awaited(fn, count, self._threads))
            self._add(self._workers, "task", name, Worker(name, run, wanted, self.name))
            return fn

        return add

    def route(
        self, method: Method, path: str, *, public: bool = False, name: str = ""
    ) -> Callable[[Fn], Fn]:
        """Answers `/<plugin><path>` over HTTP: `(request)` or `(request, runtime)`.

        What is not `public` is asked for with the key ELIZA_SERVER_AUTH_TOKEN, where one is set.
        """

        def add(fn: Fn) -> Fn:
            count = check(fn, "a route", ("request", "runtime"))
            handler = self._ours(awaited(fn, count, self._threads))
            called = name or getattr(fn, "__name__", "")
            self._add_route(
                Route(method, path, handler, public=public, name=called, plugin=self.name)
            )
            return fn

        return add

    def static(self, path: str, folder: str, *, public: bool = True) -> None:
        """Serve the files of a folder under `/<plugin><path>`."""
        self._add_route(Route("STATIC", path, folder=folder, public=public, plugin=self.name))

    # --- what it lives by ------------------------------------------------------------------------

    def setting(
        self,
        name: str,
        *,
        help: str,
        default: str = "",
        kind: Kind = "text",
        scope: Scope = "character",
    ) -> None:
        """Make a setting known: only what is known is looked up in the shared variables."""
        if not _SETTING.fullmatch(name):
            raise ValueError(f"{name!r} is no setting: UPPER_CASE letters, digits and _")
        if kind == "secret" and default:
            raise ValueError(f"{name} is a secret, and a secret has no default")
        self._add(self._settings, "setting", name, Key(name, kind, default, help, scope))

    def resource(self, fn: Opens) -> Opens:
        """Opened once for each character and closed with it: an async context manager function.

        It takes the character's Settings; an async generator function that yields once will do.
        `turn.use(Kind)` finds what it yields.
        """
        opens: Any = asynccontextmanager(fn) if inspect.isasyncgenfunction(fn) else fn
        check(opens, "a resource", ("settings",))
        self._resources.append(opens)
        return fn

    def service(self, kind: Kept) -> Kept:
        """A class with a `service_type`: started once for each character, stopped with it."""
        if not callable(getattr(kind, "start", None)):
            raise TypeError(f"{kind!r} is no service: a class with start(runtime) and stop()")
        if not type_of(kind):
            raise TypeError(f"{kind.__name__} has no service_type, by which it would be found")
        self._services.append(kind)
        return kind

    def model(
        self, kind: ModelType | str, *, provider: str = "", priority: int = 0
    ) -> Callable[[Fn], Fn]:
        """Answers calls of one model type: `(runtime, params)`; the highest priority is asked."""
        of = ModelType(str(kind).upper())

        def add(fn: Fn) -> Fn:
            count = check(fn, "a model", ("runtime", "params"), at_least=2)
            handler = self._ours(awaited(fn, count, self._threads))
            self._models.append(
                RegisteredModel(of, handler, provider or self.name, priority, self.name)
            )
            return fn

        return add

    def schema(self, tables: Any) -> None:
        """Tables of its own, a SQLAlchemy MetaData; their names begin with `<plugin>_`."""
        self._schemas[self.name] = tables

    def _add(self, there: dict[str, Any], what: str, name: str, thing: Any) -> None:
        if name in there:
            raise ValueError(f"{self.name} has two of one name: {what} {name}")
        there[name] = thing

    def _add_route(self, route: Route) -> None:
        if not route.path.startswith("/"):
            raise ValueError(f"the path {route.path!r} of {self.name} must begin with /")
        if any((one.method, one.path) == (route.method, route.path) for one in self._routes):
            raise ValueError(f"{self.name} answers {route.method} {route.path} twice")
        self._routes.append(route)

    def _ours(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def ours(*args: Any) -> Any:
            with working(self.name):
                return await call(*args)

        return ours
