"""Which models a character has for which role; resolved anew for each call."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from random import Random
from types import TracebackType
from typing import Literal, Self

import aiohttp

from core.clock import Clock, SystemClock
from core.errors import ModelRejected
from core.models import chain
from core.models.account import DEFAULT_BASE_URL, Account, Connections
from core.models.chain import Link
from core.models.offline import Offline
from core.models.openai import OpenAI, Patience
from core.ports import ModelProvider, ModelRequest, Spent
from core.settings.layers import Settings

Role = Literal["TEXT_SMALL", "TEXT_LARGE"]

_MODELS: dict[Role, str] = {
    "TEXT_SMALL": "OPENAI_SMALL_MODEL",
    "TEXT_LARGE": "OPENAI_LARGE_MODEL",
}
_MOST_ACCOUNTS = 64
_OFFLINE = Link(Offline(), "offline")


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
    ) -> None:
        """With `override` that one answers for every role; a given session stays open."""
        self._given = session
        self._own: aiohttp.ClientSession | None = None
        self._override = override
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self._connections = Connections()
        self._accounts: OrderedDict[tuple[str, str], Account] = OrderedDict()

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
        await self._connections.close()
        if self._own is not None:
            await self._own.close()
            self._own = None

    def stream(
        self, settings: Settings, role: Role, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]:
        """Pieces of the answer; raises ModelUnavailable or ModelRejected when all have failed."""
        links = self.links(settings, role)
        return chain.stream(links, request, spent, self._clock, self._random)

    def links(self, settings: Settings, role: Role) -> tuple[Link, ...]:
        """The chain in force, the preferred one first."""
        if self._override is not None:
            return (Link(self._override, "override"),)
        found = self._account(settings)
        if found is None:
            return (_OFFLINE,)
        identity, account = found
        patience = Patience(
            first=settings.number("MODEL_FIRST_TOKEN_TIMEOUT", 30),
            whole=settings.number("MODEL_TIMEOUT", 120),
        )
        names = settings.csv(_MODELS[role])
        return tuple(
            Link(OpenAI(name, account, self._session(), patience), identity) for name in names
        ) or (_OFFLINE,)

    def can_embed(self, settings: Settings) -> bool:
        return self._override is None and self._account(settings) is not None

    async def embed(self, settings: Settings, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text; raises ModelRejected where there is no embedding model."""
        found = None if self._override is not None else self._account(settings)
        if found is None:
            raise ModelRejected("no embedding model is set up")
        if not texts:
            return []
        return await found[1].embed(settings.text("OPENAI_EMBEDDING_MODEL"), texts)

    async def warm(self, settings: Settings) -> None:
        """Load what the first call would have to wait for."""
        found = None if self._override is not None else self._account(settings)
        if found is not None:
            self._session()
            await found[1].headers()

    def _account(self, settings: Settings) -> tuple[str, Account] | None:
        key = settings.secret("OPENAI_API_KEY")
        base_url = settings.text("OPENAI_BASE_URL") or DEFAULT_BASE_URL
        if key is None and base_url.rstrip("/") == DEFAULT_BASE_URL:
            return None
        identity = (key.fingerprint if key else "", base_url)
        account = self._accounts.get(identity)
        if account is None:
            account = self._accounts[identity] = Account(key, base_url, self._connections)
            if len(self._accounts) > _MOST_ACCOUNTS:
                self._accounts.popitem(last=False)
        self._accounts.move_to_end(identity)
        return "|".join(identity), account

    def _session(self) -> aiohttp.ClientSession:
        if self._given is not None:
            return self._given
        if self._own is None:
            # Nobody's cookies are another character's business, and rooms do not wait in a queue.
            self._own = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._own
