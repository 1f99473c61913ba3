"""Models of plugins: who registered what for whom, and what their answers are taken for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, TypeVar

from core.errors import ModelError, ModelUnavailable
from core.events import where
from core.ids import CharacterId
from core.models.params import params_of
from core.models.wire import Patience
from core.ports import ModelHandler, ModelRequest, ModelType, Spent, Usage

log = logging.getLogger(__name__)

T = TypeVar("T")

_MOST_SOUND = 96 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Registered:
    kind: ModelType
    handler: ModelHandler
    provider: str
    priority: int
    order: int
    runtime: Any

    @property
    def account(self) -> str:
        return f"plugin {self.provider} {self.order}"


class Registry:
    """By character and type, the highest priority first, among equals the first that came."""

    def __init__(self) -> None:
        self._all: dict[str, dict[ModelType, tuple[Registered, ...]]] = {}
        self._count = 0

    def add(
        self,
        character: CharacterId,
        kind: ModelType,
        handler: ModelHandler,
        *,
        provider: str,
        priority: int,
        runtime: Any,
    ) -> None:
        self._count += 1
        one = Registered(kind, handler, provider, priority, self._count, runtime)
        kinds = self._all.setdefault(character, {})
        there = (*kinds.get(kind, ()), one)
        kinds[kind] = tuple(sorted(there, key=lambda one: (-one.priority, one.order)))

    def forget(self, character: CharacterId) -> None:
        self._all.pop(character, None)

    def of(self, character: str, kind: ModelType) -> tuple[Registered, ...]:
        kinds = self._all.get(character)
        return kinds.get(kind, ()) if kinds else ()

    def providers(self, character: str) -> tuple[str, ...]:
        """The names they go by, each once, in the order of registration."""
        kinds = self._all.get(character)
        if not kinds:
            return ()
        every = sorted((one for some in kinds.values() for one in some), key=lambda one: one.order)
        return tuple(dict.fromkeys(one.provider for one in every))


class Handled:
    """A plugin's handler as a ModelProvider; raises ModelError, nothing else."""

    def __init__(
        self,
        registered: Registered,
        patience: Patience,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        """`params` are what the caller gave, for what a ModelRequest cannot hold."""
        self._registered = registered
        self._patience = patience
        self._params = params or {}

    @property
    def name(self) -> str:
        return f"{self._registered.provider}:plugin"

    async def stream(
        self, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]:
        """A text comes in one piece; an async iterator of texts piece by piece."""
        # No asyncio.timeout may stand around a yield: it would go off in the caller's code.
        now = asyncio.get_running_loop().time()
        done_by = now + self._patience.whole
        told = 0
        answer = await self._asked({**self._params, **params_of(request)}, done_by)
        try:
            if isinstance(answer, AsyncIterator):
                first_by = min(now + self._patience.first, done_by)
                async with aclosing(_closable(answer)) as pieces:
                    while (
                        piece := await self._next(pieces, done_by if told else first_by)
                    ) is not None:
                        told += len(piece)
                        yield piece
                return
            text = answer
            if isinstance(answer, Mapping):
                text = answer.get("text", answer.get("content"))
            if not isinstance(text, str):
                raise ModelUnavailable(f"{self.name} gave no text")
            told = len(text)
            yield text
        finally:
            if told and spent is not None:
                spent.usage = self._usage(request, told)

    async def result(self, params: Any) -> Any:
        """What it gives for a type that is not streamed; of sound, a stream as a whole."""
        done_by = asyncio.get_running_loop().time() + self._patience.whole
        answer = await self._asked(params, done_by)
        if self._registered.kind is ModelType.TEXT_TO_SPEECH and isinstance(answer, AsyncIterator):
            return await self._walled(_joined(answer), done_by)
        return answer

    async def _asked(self, params: Any, deadline: float) -> Any:
        async def call() -> Any:
            answer: Any = self._registered.handler(self._registered.runtime, params)
            return await answer if isawaitable(answer) else answer

        return await self._walled(call(), deadline)

    async def _next(self, pieces: AsyncIterator[Any], deadline: float) -> str | None:
        async def step() -> Any:
            return await anext(pieces, None)

        piece = await self._walled(step(), deadline)
        if piece is None or isinstance(piece, str):
            return piece
        raise ModelUnavailable(f"{self.name} gave a piece that is no text")

    async def _walled(self, doing: Any, deadline: float) -> Any:
        """The wall of a plugin's model: whatever it raises, the next in the chain may do it."""
        failed: ModelError
        try:
            async with asyncio.timeout_at(deadline):
                return await doing
        except ModelError:
            raise
        except TimeoutError:
            failed = ModelUnavailable(f"{self.name} took too long to answer")
        except Exception as error:  # noqa: BLE001 - the wall: the next in the chain may do it
            log.warning("a model of plugin %s failed: %s", self._registered.provider, where(error))
            failed = ModelUnavailable(f"{self.name} failed ({type(error).__name__})")
        raise failed from None

    def _usage(self, request: ModelRequest, told: int) -> Usage:
        asked = len(request.system) + sum(len(said.text) for said in request.messages)
        provider = self._registered.provider
        return Usage(provider, asked // 4, max(1, told // 4), provider=provider, estimated=True)


async def _joined(pieces: AsyncIterator[Any]) -> bytes:
    sound = bytearray()
    async with aclosing(_closable(pieces)) as some:
        async for piece in some:
            sound += piece
            if len(sound) > _MOST_SOUND:
                raise ModelUnavailable("a plugin's voice does not end")
    return bytes(sound)


def _closable(pieces: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """The same, so that it can be closed when nobody reads on."""
    if isinstance(pieces, AsyncGenerator):
        return pieces

    async def wrapped() -> AsyncGenerator[T, None]:
        async for piece in pieces:
            yield piece

    return wrapped()
