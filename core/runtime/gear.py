"""What plugins have brought, looked up and added to by elizaOS' names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from core.plugins.classic_doors import Door, model_kind
from core.plugins.classic_parts import Gathering
from core.plugins.classic_reading import part_from
from core.plugins.equipment_shelf import at_work
from core.plugins.records import Action, Evaluator, Pluggable, Repertoire, Worker
from core.plugins.typed_threads import Threads
from core.ports import ModelRoles
from core.settings.layers import Settings
from core.state import Provider


class Gear(Protocol):
    """core.plugins.equipment.Equipment, as far as it is needed here."""

    repertoire: Repertoire

    @property
    def plugins(self) -> Sequence[Pluggable]: ...
    @property
    def services(self) -> Mapping[str, Any]: ...
    def get_service(self, kind: Any) -> Any: ...
    async def restart_service(self, name: str) -> Any: ...
    async def register_service(self, kind: type[Any]) -> None: ...
    def add(self, more: Repertoire) -> tuple[str, ...]: ...
    async def start(self, runtime: Any) -> None: ...


class GearCalls:
    """What is registered here belongs to the plugin whose code is running, and goes with it."""

    def __init__(self, gear: Gear) -> None:
        self._gear = gear
        self._threads = Threads("registered")

    def action(self, given: Any) -> None:
        """A record, a classic object or a mapping; raises BadInput for what is none."""
        self._gear.add(Repertoire(actions=self._taken("action", Action, given)))

    def provider(self, given: Any) -> None:
        self._gear.add(Repertoire(providers=self._taken("provider", Provider, given)))

    def evaluator(self, given: Any) -> None:
        self._gear.add(Repertoire(evaluators=self._taken("evaluator", Evaluator, given)))

    def worker(self, given: Any) -> None:
        self._gear.add(Repertoire(workers=self._taken("task worker", Worker, given)))

    def model(
        self, kind: str, handler: Callable[..., Any], provider: str = "", priority: int = 0
    ) -> None:
        made = self._door.model(kind, handler, provider, priority)
        self._gear.add(Repertoire(models=(made,)))

    def event(self, event: str, handler: Callable[..., Any]) -> None:
        listener = self._door.listener(handler)
        self._gear.add(Repertoire(listeners={event: (listener,)}))

    def task_worker(self, name: str) -> Worker | None:
        return next((one for one in self._gear.repertoire.workers if one.name == name), None)

    @property
    def _door(self) -> Door:
        return Door(at_work() or "runtime", self._threads)

    def _taken(self, what: str, kind: type[Any], given: Any) -> tuple[Any, ...]:
        gathered = Gathering(self._door)
        made = gathered.each(what, kind, [part_from(f"{what}s", given)])
        gathered.judge()
        return made


class ModelCalls:
    """elizaOS' useModel, by the character's own chains and its plugins' handlers."""

    def __init__(self, models: ModelRoles, settings: Callable[[], Settings]) -> None:
        self._models = models
        self._settings = settings

    async def use(self, kind: str, params: Any, provider: str | None) -> Any:
        """Raises ModelError, and ValueError for a type that nobody knows."""
        return await self._models.use(
            self._settings(), model_kind(kind), _params(params), provider=provider or ""
        )

    def handler(self, kind: str) -> Callable[..., Any]:
        """elizaOS' getModel: `handler(runtime, params)` of whichever is asked first."""
        known = model_kind(kind)

        async def ask(runtime: Any, params: Any) -> Any:
            return await self._models.use(self._settings(), known, _params(params))

        return ask


def _params(params: Any) -> Mapping[str, Any]:
    """A text alone is the prompt."""
    return {"prompt": params} if isinstance(params, str) else dict(params or {})


class Life:
    """Set up once, whoever asks for it first (RT-02); and an end, by whoever began it."""

    def __init__(self, gear: Gear, end: Callable[[], Awaitable[None]]) -> None:
        self._gear = gear
        self._end = end
        self._begun = False
        self.ready = False

    async def start(self, runtime: Any) -> None:
        if not self._begun:
            self._begun = True
            await self._gear.start(runtime)
            self.ready = True

    async def stop(self) -> None:
        self.ready = False
        await self._end()
