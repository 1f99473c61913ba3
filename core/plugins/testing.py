"""For tests of ported plugins: elizaOS' mock factories, each of them new for every test."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any

from core.character import Character
from core.clock import Clock, SystemClock
from core.events import Events
from core.ids import unique_uuid
from core.messages import Memory
from core.plugins.classic import Action, Service
from core.plugins.classic_calls import off_the_loop, result_of, taking
from core.plugins.classic_doors import model_kind
from core.plugins.classic_given import asked, memory_from
from core.plugins.classic_shapes import Bag, Message, Shape, bag, message_of
from core.plugins.records import ActionResult
from core.plugins.typed_threads import Threads
from core.secrets import Secret
from core.settings.layers import Environment, Settings

_HANDLE = ("runtime", "message", "state", "options", "callback", "responses")


class MockRuntime:
    """An AgentRuntime in memory, without a database and without models.

    What it has not is given to `create_mock_runtime` by its name, which replaces what it has.
    """

    def __init__(
        self,
        *,
        character: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        models: Mapping[str, Any] | None = None,
        services: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`models` are answers by type, or handlers that take (runtime, params)."""
        who = {"name": "Mock", "bio": ["Somebody for tests."], **(character or {})}
        self.character = Character.model_validate(who)
        self.agent_id = self.character.agent_id
        self.logger = logging.getLogger("plugins.mock")
        self.events = Events()
        self.events.bind(self)
        self.emitted: list[tuple[str, Mapping[str, Any]]] = []
        """What was told, in order: the event's name and its payload."""
        self.asked: list[tuple[str, Any]] = []
        """Which models were asked for what."""
        self.memories: dict[str, Memory] = {}
        self.actions: list[Any] = []
        self.providers: list[Any] = []
        self.evaluators: list[Any] = []
        self.services: dict[str, Any] = dict(services or {})
        self.rooms: dict[str, Any] = {}
        self.entities: dict[str, Any] = {}
        self._settings = Settings(
            Environment.of(), self.character.name, self.agent_id, plain=dict(settings or {})
        )
        self._models = {model_kind(kind): one for kind, one in (models or {}).items()}
        self._cache: dict[str, Any] = {}
        self._states: dict[tuple[str, str], str | None] = {}
        self._clock = clock or SystemClock()

    # --- settings, models, services --------------------------------------------------------------

    def get_setting(self, key: str, default: Any = None) -> Any:
        """Of the person in the request context first, as in the house (TE-01)."""
        value = self._settings.get(key, default)
        return value.reveal() if isinstance(value, Secret) else value

    def has_setting(self, key: str) -> bool:
        return self._settings.get(key) is not None

    async def set_setting(self, key: str, value: Any) -> None:
        plain = {**self._settings.plain, key: value}
        self._settings = Settings(Environment.of(), self.character.name, self.agent_id, plain=plain)

    async def use_model(self, kind: str, params: Any = None, provider: str | None = None) -> Any:
        """What was given for this type; raises LookupError where nothing was."""
        known = model_kind(kind)
        self.asked.append((known.value, params))
        if known not in self._models:
            raise LookupError(f"give this mock an answer: models={{{known.value!r}: ...}}")
        answer = self._models[known]
        return await _awaited(answer(self, params)) if callable(answer) else answer

    def get_service(self, service: Any) -> Any:
        if isinstance(service, str):
            return self.services.get(service)
        return next((one for one in self.services.values() if isinstance(one, service)), None)

    def get_all_services(self) -> Mapping[str, Any]:
        return self.services

    def register_action(self, action: Any) -> None:
        self.actions.append(action)

    def register_provider(self, provider: Any) -> None:
        self.providers.append(provider)

    def register_evaluator(self, evaluator: Any) -> None:
        self.evaluators.append(evaluator)

    # --- memories --------------------------------------------------------------------------------

    async def create_memory(self, memory: Any, table_name: str = "", unique: bool = False) -> str:
        made = memory_from(
            memory, self.agent_id, self._clock.now(), table_name or "messages", unique=unique
        )
        self.memories.setdefault(made.id, made)
        return made.id

    async def get_memories(self, params: Any = None, /, **more: Any) -> list[Message]:
        """Newest first, by table, room, entity and count."""
        wish = asked(params, more)
        found = [
            one
            for one in reversed(self.memories.values())
            if one.table == wish.get("table_name", "messages")
            and wish.get("room_id") in (None, one.room)
            and wish.get("entity_id") in (None, one.author)
        ]
        return [message_of(one) for one in found[: wish.get("count")]]

    async def get_memory_by_id(self, id: str) -> Message | None:
        found = self.memories.get(id)
        return None if found is None else message_of(found)

    async def delete_memory(self, id: str) -> int:
        return 0 if self.memories.pop(id, None) is None else 1

    async def count_memories(
        self, room_id: str | None = None, unique: bool = False, table_name: str = "messages"
    ) -> int:
        return len(await self.get_memories(room_id=room_id, table_name=table_name))

    # --- people, rooms, cache --------------------------------------------------------------------

    async def get_room(self, room_id: str) -> Any:
        return bag(self.rooms.get(room_id))

    async def get_entity_by_id(self, entity_id: str) -> Any:
        return bag(self.entities.get(entity_id))

    async def get_participant_user_state(self, room_id: str, entity_id: str) -> str | None:
        return self._states.get((room_id, entity_id))

    async def set_participant_user_state(
        self, room_id: str, entity_id: str, state: str | None
    ) -> None:
        self._states[room_id, entity_id] = state

    update_participant_user_state = set_participant_user_state

    async def get_cache(self, key: str) -> Any:
        return self._cache.get(key)

    async def set_cache(self, key: str, value: Any, *, seconds: float | None = None) -> bool:
        self._cache[key] = value
        return True

    async def delete_cache(self, key: str) -> bool:
        return self._cache.pop(key, None) is not None

    # --- events and states -----------------------------------------------------------------------

    def on(self, event: str, handler: Callable[..., Any]) -> None:
        self.events.on(event, handler)

    def once(self, event: str, handler: Callable[..., Any]) -> None:
        self.events.once(event, handler)

    def off(self, event: str, handler: Callable[..., Any]) -> None:
        self.events.off(event, handler)

    register_event = on

    async def emit_event(
        self, event: str | Sequence[str], payload: Mapping[str, Any] | None = None
    ) -> None:
        for one in (event,) if isinstance(event, str) else event:
            self.emitted.append((one, payload or {}))
        await self.events.emit(event, payload or {})

    emit = emit_event

    async def compose_state(
        self,
        message: Any,
        include_list: Sequence[str] | None = None,
        only_include: bool = False,
        skip_cache: bool = False,
    ) -> Shape:
        """An empty one; give `compose_state` another where something is read from it."""
        return create_mock_state()

    def create_unique_uuid(self, base: str) -> str:
        return unique_uuid(self.agent_id, base)


def create_mock_runtime(**overrides: Any) -> Any:
    """A MockRuntime; `character`, `settings`, `models`, `services` and `clock` furnish it, any
    other name becomes an attribute or method of it."""
    furniture = ("character", "settings", "models", "services", "clock")
    runtime = MockRuntime(**{key: overrides[key] for key in furniture if key in overrides})
    for name, value in overrides.items():
        if name not in furniture:
            setattr(runtime, name, value)
    return runtime


def create_mock_memory(**overrides: Any) -> Message:
    """A person's message "Hello"; keys of elizaOS in either spelling, and `text` alone."""
    given = asked(overrides)
    content = {"text": "Hello", "source": "test", **(given.pop("content", None) or {})}
    content |= {"text": given.pop("text")} if "text" in given else {}
    given = asked({"entity_id": "mock-person", "room_id": "mock-room"}, given)
    memory = memory_from(
        {**given, "content": content},
        given.pop("agent_id", "mock-agent"),
        SystemClock().now(),
    )
    return message_of(memory)


def create_mock_state(
    values: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    text: str = "",
    **more: Any,
) -> Shape:
    """elizaOS' state; any further name is one of its values."""
    return Shape({**(values or {}), **more}, {"providers": {}, **(data or {})}, text)


def create_mock_service(service_type: str = "mock", **attributes: Any) -> Any:
    """A Service with these attributes and methods."""
    kind = type("MockService", (Service,), {"service_type": service_type})
    service = kind()
    for name, value in attributes.items():
        setattr(service, name, value)
    return service


@dataclass(frozen=True, slots=True)
class ActionTest:
    """What a handler is called with, and what it has said."""

    runtime: Any
    message: Message
    state: Shape
    said: list[Bag] = field(default_factory=list)
    """The contents that went through the callback."""

    async def callback(
        self, content: Any, action_name: Any = None, *, files: Any = None
    ) -> list[Message]:
        self.said.append(Bag(text=content) if isinstance(content, str) else bag(content))
        memory = {"content": self.said[-1], "room_id": self.message.room_id}
        agent = self.runtime.agent_id
        return [message_of(memory_from(memory, agent, SystemClock().now()))]

    async def validate(self, action: Action) -> bool:
        if action.validate is None:
            return True
        ask = taking(action.validate, *_HANDLE[:3])
        return bool(await _awaited(ask(self.runtime, self.message, self.state)))

    async def run(
        self,
        action: Action,
        options: Mapping[str, Any] | None = None,
        responses: Sequence[Any] = (),
    ) -> ActionResult:
        """Called and read as in the house."""
        call = off_the_loop(action.handler, Threads("test"), *_HANDLE)
        given = bag(options or {})
        answer = call(self.runtime, self.message, self.state, given, self.callback, list(responses))
        return result_of(await answer)


def setup_action_test(
    message_overrides: Mapping[str, Any] | None = None,
    state_overrides: Mapping[str, Any] | None = None,
    runtime_overrides: Mapping[str, Any] | None = None,
) -> ActionTest:
    return ActionTest(
        runtime=create_mock_runtime(**(runtime_overrides or {})),
        message=create_mock_memory(**(message_overrides or {})),
        state=create_mock_state(**(state_overrides or {})),
    )


async def _awaited(answer: Awaitable[Any] | Any) -> Any:
    return await answer if isawaitable(answer) else answer
