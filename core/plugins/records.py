"""What a plugin adds to a character, in the one shape that the flow knows; both doors end here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from core.character import Character
from core.messages import Attachment, Button, Inbound, Memory, Rank
from core.ports import ModelHandler, ModelRole, ModelType, Offer
from core.settings.key import Key
from core.settings.layers import Settings
from core.state import Provider, State

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ActionResult:
    """elizaOS': what came of one action. JSON only: it is written down, and survives a crash."""

    success: bool = True
    text: str = ""
    """For the character to know: what was found out or done."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Merged into the state that later actions and templates see."""
    data: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    critical: bool = False
    """A failure after which the actions that were to follow make no sense."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One action that has been done in this turn."""

    action: str
    result: ActionResult


class Turn(Protocol):
    """What an action, provider or evaluator may see and do: one turn of one character."""

    @property
    def character(self) -> Character: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def inbound(self) -> Inbound:
        """What is answered; where there are several, the last of them."""
        ...

    @property
    def message(self) -> Memory:
        """The same as elizaOS knows it."""
        ...

    @property
    def state(self) -> State: ...
    @property
    def rank(self) -> Rank:
        """Who asks. In a group it is looked up once, before the first action that depends on it."""
        ...

    @property
    def deeds(self) -> Sequence[Deed]:
        """What has been done in this turn already, in order."""
        ...

    @property
    def responses(self) -> Sequence[Memory]:
        """What the character has answered in this turn so far."""
        ...

    @property
    def runtime(self) -> Any:
        """The character's AgentRuntime, with elizaOS' method names."""
        ...

    async def say(
        self,
        content: str | Mapping[str, Any],
        *,
        buttons: Sequence[Button] = (),
        attachments: Sequence[Attachment] = (),
    ) -> Memory:
        """Say something here at once; it is remembered and on its way when this returns.

        An attachment of the content may hold its bytes (`data`) or be a data: address; then it is
        shown as a picture or handed over as a file, of at most 8 MB. After a crash in mid-action,
        what was said is not said again: the n-th call of a step is the same message.
        """
        ...

    async def ask(self, question: str, *, role: ModelRole = "TEXT_SMALL", **params: Any) -> str:
        """One call of one of the character's models; raises ModelError."""
        ...

    def use(self, kind: type[R]) -> R:
        """A plugin's resource or service, by its class; raises LookupError."""
        ...


Arguments = Any
"""An instance of the action's argument model, or None where it has none."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something that the character can do when its model names it."""

    name: str
    """Upper case with underscores."""
    description: str
    """For the model, in a sentence: what it does, and when it is called for."""
    run: Callable[[Turn, Arguments], Awaitable[ActionResult]]
    similes: tuple[str, ...] = ()
    examples: tuple[tuple[Mapping[str, Any], ...], ...] = ()
    """elizaOS': conversations of {name, content}."""
    arguments: type[BaseModel] | None = None
    """What the model gives in <params>; validated before `run`."""
    offered: Callable[[Turn], bool | Awaitable[bool]] | None = None
    """elizaOS' validate: whether it makes sense here and now; always, where there is none."""
    who: Rank = Rank.STRANGER
    """The least rank of whoever asks; checked after the model has answered, whatever it says."""
    idempotent: bool = False
    """May run a second time after a crash; else it is never begun twice."""
    tells: bool = False
    """Its result's text is for the character to put into words: one more model call."""
    plugin: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """Something that people have done by its name, without a model: `/dice 2d6`."""

    offer: Offer
    run: Callable[[Turn, str], Awaitable[ActionResult]]
    """With what stands behind the name; its result's text is said."""
    plugin: str = ""

    @property
    def name(self) -> str:
        return self.offer.name


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Looks back at a turn when it is over, off the critical path."""

    name: str
    description: str
    run: Callable[[Turn], Awaitable[Any]]
    wanted: Callable[[Turn], bool | Awaitable[bool]] | None = None
    """elizaOS' validate."""
    always: bool = False
    """Also after a turn in which the character kept silent (elizaOS' alwaysRun)."""
    due: Callable[[Turn], bool] | None = None
    """Asked at once where a turn ends, whether to come to `wanted` at all; it must be quick."""
    examples: tuple[Mapping[str, Any], ...] = ()
    plugin: str = ""


Listener = Callable[[Mapping[str, Any]], Awaitable[Any] | Any]
"""Takes an event's payload, which always holds `runtime`."""


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    kind: ModelType
    handler: ModelHandler
    provider: str
    priority: int = 0
    plugin: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """One path of the HTTP server, `/<plugin>/<path>`; `?agentId=` says whose where several have it."""

    method: str
    """GET, POST, PUT, PATCH, DELETE or STATIC."""
    path: str
    handler: Callable[..., Awaitable[Any]] | None = None
    """Takes an aiohttp Request and the runtime; a StreamResponse, JSON or None comes back."""
    folder: str = ""
    """Of a STATIC route."""
    public: bool = False
    """Asked without ELIZA_SERVER_AUTH_TOKEN."""
    name: str = ""
    plugin: str = ""


@dataclass(frozen=True, slots=True)
class Worker:
    """Does the stored tasks of one name."""

    name: str
    run: Callable[[Any, Mapping[str, Any], Any], Awaitable[Any]]
    """`execute(runtime, options, task)`."""
    wanted: Callable[..., bool | Awaitable[bool]] | None = None
    """elizaOS' validate(runtime, message, state)."""
    plugin: str = ""


@dataclass(frozen=True, slots=True)
class Repertoire:
    """Everything one character can do, built-in and from plugins; the first of a name wins."""

    actions: tuple[Action, ...] = ()
    providers: tuple[Provider, ...] = ()
    evaluators: tuple[Evaluator, ...] = ()
    listeners: Mapping[str, tuple[Listener, ...]] = field(default_factory=dict)
    models: tuple[RegisteredModel, ...] = ()
    routes: tuple[Route, ...] = ()
    workers: tuple[Worker, ...] = ()
    settings: tuple[Key, ...] = ()
    schemas: Mapping[str, Any] = field(default_factory=dict)
    """By plugin: a SQLAlchemy MetaData."""
    commands: tuple[Command, ...] = ()

    def merged(self, other: Repertoire) -> tuple[Repertoire, tuple[str, ...]]:
        """Both, and the names that were taken already, as "action REPLY"."""
        doubles: list[str] = []
        listeners = dict(self.listeners)
        for event, more in other.listeners.items():
            listeners[event] = (*listeners.get(event, ()), *more)
        return (
            Repertoire(
                actions=_joined("action", self.actions, other.actions, doubles),
                providers=_joined("provider", self.providers, other.providers, doubles),
                evaluators=_joined("evaluator", self.evaluators, other.evaluators, doubles),
                listeners=listeners,
                models=(*self.models, *other.models),
                routes=(*self.routes, *other.routes),
                workers=_joined("worker", self.workers, other.workers, doubles),
                settings=tuple(dict.fromkeys((*self.settings, *other.settings))),
                schemas={**self.schemas, **other.schemas},
                commands=_joined("command", self.commands, other.commands, doubles),
            ),
            tuple(doubles),
        )


@dataclass(frozen=True, slots=True)
class Pluggable:
    """A plugin of either door as the loader takes it in: what it adds, and what it lives by."""

    name: str
    repertoire: Repertoire = field(default_factory=Repertoire)
    description: str = ""
    dependencies: tuple[str, ...] = ()
    priority: int = 0
    """elizaOS' bands, lower ones first: -100 databases, -50 models, 0 core, 50 features, 100
    platforms. Dependencies come before whoever needs them, whatever the band."""
    needs: tuple[str, ...] = ()
    """Settings without which it stays off for a character, in silence."""
    config: Mapping[str, Any] = field(default_factory=dict)
    init: Callable[[Mapping[str, Any], Any], Any] | None = None
    """elizaOS' init(config, runtime); may be async."""
    resources: tuple[Callable[[Settings], AbstractAsyncContextManager[Any]], ...] = ()
    """Opened once for each character, closed with it."""
    services: tuple[type[Any], ...] = ()
    """elizaOS' Service classes: `service_type`, async classmethod `start(runtime)`, `stop()`."""


class Plugged(Protocol):
    """An author's plugin object, of either door."""

    def pluggable(self) -> Pluggable: ...


class _Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


def _joined(what: str, ours: Iterable[N], more: Iterable[N], doubles: list[str]) -> tuple[N, ...]:
    found = {one.name: one for one in ours}
    for one in more:
        if one.name in found:
            doubles.append(f"{what} {one.name}")
        else:
            found[one.name] = one
    return tuple(found.values())
