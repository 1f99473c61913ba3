"""What a runtime can set going: a state, actions, evaluators, words in another room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from core.ids import RoomId
from core.messages import Memory
from core.plugins.classic_shapes import Message, Shape, message_of, state_of
from core.plugins.records import Evaluator
from core.runtime.memories import MemoryCalls
from core.runtime.places import PlaceCalls
from core.state import State

Compose = Callable[[Memory, Sequence[str], bool, bool], Awaitable[State]]
"""message, the providers named, only those, and anew though it was composed before."""
Act = Callable[[Memory, Sequence[Memory], Any, Any], Awaitable[Any]]
"""message, responses, state, callback."""
Evaluate = Callable[[Memory, Any, bool, Any, Sequence[Memory]], Awaitable[list[Evaluator]]]
"""message, state, whether it was answered, callback, responses."""
Deliver = Callable[[RoomId, Mapping[str, Any]], Awaitable[Memory]]


class TurnCalls:
    def __init__(
        self,
        memories: MemoryCalls,
        places: PlaceCalls,
        *,
        compose: Compose,
        act: Act,
        evaluate: Evaluate,
        deliver: Deliver,
    ) -> None:
        self._memories = memories
        self._places = places
        self._compose = compose
        self._act = act
        self._evaluate = evaluate
        self._deliver = deliver

    async def compose(
        self, message: Any, include: Sequence[str] | None, only: bool, skip_cache: bool
    ) -> Shape:
        state = await self._compose(self._record(message), tuple(include or ()), only, skip_cache)
        return state_of(state)

    async def act(
        self, message: Any, responses: Sequence[Any] | None, state: Any, callback: Any
    ) -> Any:
        said = [self._record(one) for one in responses or ()]
        return await self._act(self._record(message), said, state, callback)

    async def evaluate(
        self,
        message: Any,
        state: Any,
        answered: bool,
        callback: Any,
        responses: Sequence[Any] | None,
    ) -> list[Evaluator]:
        said = [self._record(one) for one in responses or ()]
        return await self._evaluate(self._record(message), state, answered, callback, said)

    async def send(self, target: Any, content: str | Mapping[str, Any]) -> Message:
        """Raises LookupError for a target that nobody knows."""
        room = await self._places.target(target)
        words = {"text": content} if isinstance(content, str) else content
        return message_of(await self._deliver(room, words))

    def _record(self, message: Any) -> Memory:
        return message if isinstance(message, Memory) else self._memories.made(message)
