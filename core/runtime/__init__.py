"""AgentRuntime: elizaOS' method names, each one line to the part that does it.

For plugins; our own code takes the part that it needs. Nothing is decided here: a test sees to it
that no method holds an `if` or a loop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from core.character import Character
from core.clock import Clock
from core.events import Events, Handler
from core.ids import CharacterId, unique_uuid
from core.plugins.classic_doors import Hearing
from core.plugins.records import Action, Evaluator, Pluggable, Worker
from core.ports import ModelRoles, Store
from core.runtime import runs
from core.runtime.adapter import DatabaseAdapter
from core.runtime.gear import Gear, GearCalls, Life, ModelCalls
from core.runtime.keeping import CacheCalls, TaskBook, TaskCalls
from core.runtime.logger import CharacterLog
from core.runtime.memories import MemoryCalls, Told
from core.runtime.people import BondCalls, EntityCalls
from core.runtime.places import PlaceCalls
from core.runtime.prompting import PromptCalls
from core.runtime.searching import Embedding, SearchCalls
from core.runtime.settings import SettingCalls
from core.runtime.turning import Act, Compose, Deliver, Evaluate, TurnCalls
from core.settings.layers import Settings
from core.state import Provider

__all__ = ["Act", "AgentRuntime", "Compose", "DatabaseAdapter", "Deliver", "Evaluate", "TaskBook"]


class AgentRuntime(DatabaseAdapter):
    """One character's, for as long as it plays."""

    def __init__(
        self,
        *,
        agent_id: CharacterId,
        character: Character,
        settings: Settings,
        store: Store,
        models: ModelRoles,
        gear: Gear,
        events: Events,
        clock: Clock,
        compose: Compose,
        act: Act,
        evaluate: Evaluate,
        deliver: Deliver,
        tasks: TaskBook,
        stop: Callable[[], Awaitable[None]],
        embedder: Embedding | None = None,
        told: Told = lambda character, room, table: None,
    ) -> None:
        """`stop` makes the character leave: what began it ends it. `told` hears of new memories."""
        memories = MemoryCalls(store, agent_id, character.name, clock, told)
        cache = CacheCalls(store, agent_id, clock)
        own = SettingCalls(store, settings, agent_id)
        places = PlaceCalls(store, agent_id, character.name)
        super().__init__(
            memories=memories,
            searches=SearchCalls(store, agent_id, cache, lambda: own.now, embedder),
            places=places,
            entities=EntityCalls(store, agent_id),
            bonds=BondCalls(store, agent_id, clock),
            tasks=TaskCalls(tasks, agent_id),
            cache=cache,
            tables=store,
        )
        self.agent_id = agent_id
        self.character = character
        self.logger = CharacterLog(character.name)
        self.events = events
        self._settings = own
        self._models = ModelCalls(models, lambda: self._settings.now)
        self._gear = gear
        self._brought = GearCalls(gear)
        self._life = Life(gear, stop)
        self._turns = TurnCalls(
            memories, places, compose=compose, act=act, evaluate=evaluate, deliver=deliver
        )
        self._prompts = PromptCalls(models, lambda: self._settings.now, clock)
        events.bind(self)

    # --- life ----------------------------------------------------------------------------------

    async def initialize(self) -> None:
        """Set up what plugins have brought, and start their services; the second time nothing."""
        await self._life.start(self)

    @property
    def is_initialized(self) -> bool:
        return self._life.ready

    async def stop(self) -> None:
        """The character leaves: services stop, the last one first, and its links close."""
        await self._life.stop()

    # --- settings ------------------------------------------------------------------------------

    def get_setting(self, key: str, default: Any = None) -> Any:
        return self._settings.get(key, default)

    def has_setting(self, key: str) -> bool:
        return self._settings.has(key)

    async def set_setting(self, key: str, value: Any) -> None:
        await self._settings.put(key, value)

    def get_conversation_length(self) -> int:
        return int(self._settings.number("CONVERSATION_LENGTH", 32))

    # --- a turn --------------------------------------------------------------------------------

    async def compose_state(
        self,
        message: Any,
        include_list: Sequence[str] | None = None,
        only_include: bool = False,
        skip_cache: bool = False,
    ) -> Any:
        return await self._turns.compose(message, include_list, only_include, skip_cache)

    async def dynamic_prompt_exec_from_state(
        self,
        state: Any = None,
        schema: Any = None,
        options: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, Any] | None = None,
    ) -> dict[str, Any] | None:
        """`params` holds the `prompt`, a template of the state, and the model's parameters."""
        return await self._prompts.fields(state, schema, params, options)

    async def process_actions(
        self,
        message: Any,
        responses: Sequence[Any] | None = None,
        state: Any = None,
        callback: Any = None,
    ) -> Any:
        return await self._turns.act(message, responses, state, callback)

    async def evaluate(
        self,
        message: Any,
        state: Any = None,
        did_respond: bool = False,
        callback: Any = None,
        responses: Sequence[Any] | None = None,
    ) -> list[Evaluator]:
        return await self._turns.evaluate(message, state, did_respond, callback, responses)

    async def send_message_to_target(self, target: Any, content: str | Mapping[str, Any]) -> Any:
        """`target` is elizaOS' {source, roomId | channelId | entityId}, or a room's id."""
        return await self._turns.send(target, content)

    async def speak_first(self, room: str, reason: str, at: Any = None) -> str:
        """Have her say something of her own accord in a room, now or later; a task's id.

        Within what TROUPE_INITIATIVE and the people there allow, else nothing is said. `reason` is
        for her model; `at` is a moment, or milliseconds since 1970.
        """
        return await self._tasks.speak_first(room, reason, at)

    # --- models --------------------------------------------------------------------------------

    async def use_model(self, kind: str, params: Any = None, provider: str | None = None) -> Any:
        return await self._models.use(kind, params, provider)

    def get_model(self, kind: str) -> Callable[..., Any]:
        return self._models.handler(kind)

    def register_model(
        self, kind: str, handler: Callable[..., Any], provider: str = "", priority: int = 0
    ) -> None:
        self._brought.model(kind, handler, provider, priority)

    # --- what plugins bring --------------------------------------------------------------------

    @property
    def actions(self) -> Sequence[Action]:
        return self._gear.repertoire.actions

    @property
    def providers(self) -> Sequence[Provider]:
        return self._gear.repertoire.providers

    @property
    def evaluators(self) -> Sequence[Evaluator]:
        return self._gear.repertoire.evaluators

    @property
    def plugins(self) -> Sequence[Pluggable]:
        return self._gear.plugins

    @property
    def services(self) -> Mapping[str, Any]:
        return self._gear.services

    def register_action(self, action: Any) -> None:
        self._brought.action(action)

    def register_provider(self, provider: Any) -> None:
        self._brought.provider(provider)

    def register_evaluator(self, evaluator: Any) -> None:
        self._brought.evaluator(evaluator)

    def register_task_worker(self, worker: Any) -> None:
        self._brought.worker(worker)

    def get_task_worker(self, name: str) -> Worker | None:
        return self._brought.task_worker(name)

    async def register_service(self, service: type[Any]) -> None:
        await self._gear.register_service(service)

    async def restart_service(self, name: str) -> Any:
        return await self._gear.restart_service(name)

    def get_service(self, service: Any) -> Any:
        """By its class or its type; None where none runs."""
        return self._gear.get_service(service)

    def get_all_services(self) -> Mapping[str, Any]:
        return self._gear.services

    # --- events --------------------------------------------------------------------------------

    def register_event(self, event: str, handler: Handler) -> None:
        self._brought.event(event, handler)

    def on(self, event: str, handler: Handler) -> None:
        self.events.on(event, Hearing(handler))

    def once(self, event: str, handler: Handler) -> None:
        self.events.once(event, Hearing(handler))

    def off(self, event: str, handler: Handler) -> None:
        self.events.off(event, Hearing(handler))

    def remove_all_listeners(self, event: str | None = None) -> None:
        self.events.remove_all_listeners(event)

    async def emit_event(
        self, event: str | Sequence[str], payload: Mapping[str, Any] | None = None
    ) -> None:
        await self.events.emit(event, payload or {})

    emit = emit_event

    # --- runs ----------------------------------------------------------------------------------

    def create_run_id(self) -> str:
        return runs.create_run_id()

    def start_run(self, room_id: str | None = None) -> str:
        """For what this task does from now on; no two tasks share one."""
        return runs.start_run()

    def end_run(self) -> None:
        runs.end_run()

    def get_current_run_id(self) -> str:
        return runs.current_run()

    # --- ids -----------------------------------------------------------------------------------

    def create_unique_uuid(self, base: str) -> str:
        """elizaOS' createUniqueUuid: what `base` is to this character."""
        return unique_uuid(self.agent_id, base)
