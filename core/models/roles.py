"""Which models play which part for a character; resolved anew for each call."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from random import Random
from types import TracebackType
from typing import Any, Self

import aiohttp

from core.clock import Clock, SystemClock
from core.errors import BadInput, ModelRejected, ModelUnavailable
from core.ids import CharacterId
from core.models import chain, objects
from core.models.breaker import Gates
from core.models.chain import Link, Try
from core.models.handlers import Registry
from core.models.kinds import is_object, role_of
from core.models.lineup import Lineup
from core.models.params import filled, request_of
from core.models.prices import USUAL, Prices
from core.models.tries import handled, patience_of
from core.ports import (
    ModelHandler,
    ModelProvider,
    ModelRequest,
    ModelRole,
    ModelType,
    Spent,
    Usage,
)
from core.ports.speech import Lent, Plugged
from core.settings.layers import Settings

_OBJECT_TRIES = 2


class Models:
    """All the models of the house. Close it (`async with`) to end its connections.

    Settings are read at the call, inside its request context, so a person's own key is used for
    that person's call alone.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession | None = None,
        *,
        override: ModelProvider | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        prices: Prices = USUAL,
    ) -> None:
        """`override` answers in place of all that is built in; a given session stays open."""
        self._given = session
        self._own: aiohttp.ClientSession | None = None
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self._prices = prices
        self._registry = Registry()
        self._lineup = Lineup(self._registry, Gates(self._clock), self._session, override)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        self._lineup.close()
        if self._own is not None:
            await self._own.close()
            self._own = None

    # --- what the flow asks --------------------------------------------------------------------

    def stream(
        self,
        settings: Settings,
        role: ModelRole,
        request: ModelRequest,
        spent: Spent | None = None,
        *,
        provider: str = "",
    ) -> AsyncGenerator[str, None]:
        """Pieces of the answer; raises ModelUnavailable or ModelRejected when all have failed."""
        return self._stream(settings, role, ModelType(role), request, spent, provider)

    async def use(
        self,
        settings: Settings,
        kind: ModelType,
        params: Any,
        *,
        provider: str = "",
        spent: Spent | None = None,
    ) -> Any:
        """elizaOS' useModel: a text, a vector, pictures, a dict ... by type; raises ModelError."""
        try:
            if is_object(kind):
                tries: Sequence[Try] = self._object_tries(settings, kind, params, provider, spent)
            elif role_of(kind) is not None:
                return await self._text(settings, kind, params, provider, spent)
            else:
                tries = self._lineup.tries(settings, kind, params, provider, spent)
        except BadInput as error:
            raise ModelRejected(str(error)) from None
        return await chain.first(tries)

    def register(
        self,
        character: CharacterId,
        kind: ModelType,
        handler: ModelHandler,
        *,
        provider: str,
        priority: int = 0,
        runtime: Any = None,
    ) -> None:
        """A plugin's handler; what is built in has priority 0 and comes first among equals."""
        self._registry.add(
            character, kind, handler, provider=provider, priority=priority, runtime=runtime
        )

    def unregister(self, character: CharacterId) -> None:
        self._registry.forget(character)

    def price(self, usage: Usage) -> float | None:
        return self._prices.of(usage)

    # --- and what the house asks ---------------------------------------------------------------

    def links(self, settings: Settings, role: ModelRole, *, provider: str = "") -> tuple[Link, ...]:
        """The chain in force, the preferred one first."""
        return tuple(self._lineup.links(settings, role, provider))

    def borrow(self, voices: Lent) -> None:
        """From now on these speak, and write down, for whoever asks here."""
        self._lineup.voices = voices

    def plugged(self, settings: Settings) -> tuple[tuple[Plugged, ...], tuple[Plugged, ...]]:
        """Plugins' voices: those that come before the built-in ones, and those behind them."""
        return self._lineup.plugged(settings)

    def hears(self, settings: Settings) -> str:
        """Who would be asked first to write down what is spoken; empty where it is nobody."""
        return self._lineup.first(settings, ModelType.TRANSCRIPTION)

    def serves(self, settings: Settings, kind: ModelType) -> bool:
        """Whether `use` would find anybody for a type that is not text."""
        return self._lineup.serves(settings, kind)

    def writes(self, settings: Settings, role: ModelRole) -> str:
        """See `ModelRoles.writes`."""
        try:
            link = next(self._lineup.links(settings, role), None)
        except ModelRejected:
            return ""
        return link.provider.name if link is not None else ""

    def embeds(self, settings: Settings) -> str:
        """See `ModelRoles.embeds`."""
        try:
            return self._lineup.embeds(settings)
        except BadInput:
            return ""

    async def warm(self, settings: Settings) -> None:
        """Make what the first call would have to wait for, and ask nobody; raises ModelError."""
        self._lineup.warm(settings)

    # --- how -----------------------------------------------------------------------------------

    def _stream(
        self,
        settings: Settings,
        role: ModelRole,
        kind: ModelType,
        request: ModelRequest,
        spent: Spent | None,
        provider: str,
        params: Mapping[str, Any] | None = None,
    ) -> AsyncGenerator[str, None]:
        links = self._lineup.links(settings, role, provider, params)
        request = filled(settings, kind, request)
        return chain.stream(links, request, spent, self._clock, self._random)

    async def _text(
        self, settings: Settings, kind: ModelType, params: Any, provider: str, spent: Spent | None
    ) -> str:
        params = {"prompt": params} if isinstance(params, str) else params
        return await self._written(
            settings, kind, request_of(kind, params), params, provider, spent
        )

    async def _written(
        self,
        settings: Settings,
        kind: ModelType,
        request: ModelRequest,
        params: Mapping[str, Any],
        provider: str,
        spent: Spent | None,
    ) -> str:
        role = role_of(kind)
        assert role is not None
        pieces = self._stream(settings, role, kind, request, spent, provider, params)
        async with aclosing(pieces):
            return "".join([piece async for piece in pieces])

    def _object_tries(
        self, settings: Settings, kind: ModelType, params: Any, provider: str, spent: Spent | None
    ) -> list[Try]:
        """Handlers of the type itself, and between them whoever writes for its size."""
        params = {"prompt": params} if isinstance(params, str) else params
        patience = patience_of(settings)
        before, behind = self._lineup.around(settings, kind, provider)
        asked = objects.asking(request_of(kind, params), params)

        async def written() -> Any:
            failed: ModelUnavailable | None = None
            for _ in range(_OBJECT_TRIES):
                own = Spent()
                try:
                    text = await self._written(settings, kind, asked, params, provider, own)
                finally:
                    if spent is not None:
                        spent.add(own.usage)
                try:
                    return objects.read(text, params)
                except ModelUnavailable as error:
                    failed = error
            assert failed is not None
            raise failed

        return [
            *(handled(one, patience, params, spent) for one in before),
            Try(kind.value, "text", written),
            *(handled(one, patience, params, spent) for one in behind),
        ]

    def _session(self) -> aiohttp.ClientSession:
        if self._given is not None:
            return self._given
        if self._own is None:
            # Nobody's cookies are another character's business, and rooms do not wait in a queue.
            self._own = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._own
