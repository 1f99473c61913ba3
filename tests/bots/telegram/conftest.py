"""A stage, Ada's link to it, and the promise that every request keeps to the published API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from bots.sandbox import Bot, Stage
from bots.telegram.client import TelegramLink
from core.ids import Account, TurnId
from core.messages import Address, Delivery, DeliveryKind, Received
from core.secrets import Secret
from tests.contracts import botapi
from tests.fakes.clock import QuickClock


class Notebook:
    """An intake that remembers; `full` makes it wait, as a full house does."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._came = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, received: Sequence[Received]) -> None:
        await self.open.wait()
        self.received += received
        self._came.set()

    async def until(self, number: int) -> list[Received]:
        async with asyncio.timeout(20):
            while len(self.received) < number:
                self._came.clear()
                await self._came.wait()
        return self.received


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with Stage() as stage:
        yield stage
        if botapi._FILE.exists():
            asked = [call for call in stage.journal if call.source == "client"]
            wrong = [p for c in asked for p in botapi.problems_of_request(c.method, c.params)]
            assert not wrong


@pytest.fixture
def ada(stage: Stage) -> Bot:
    return stage.bot("Ada")


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


@pytest.fixture
def make_link(stage: Stage, ada: Bot, clock: QuickClock) -> Callable[..., TelegramLink]:
    def made(token: str | None = None, **choices: object) -> TelegramLink:
        choices = {"clock": clock, "api_root": stage.root, "poll_seconds": 5} | choices
        return TelegramLink(Secret(token or ada.token), **choices)  # type: ignore[arg-type]

    return made


@pytest.fixture
async def link(make_link: Callable[..., TelegramLink]) -> AsyncIterator[TelegramLink]:
    async with make_link() as link:
        yield link


Listening = Callable[[TelegramLink], AbstractAsyncContextManager[Notebook]]


@pytest.fixture
def listening() -> Listening:
    """`async with listening(link) as notebook`: the link reads until the block ends."""

    @asynccontextmanager
    async def listens(link: TelegramLink) -> AsyncIterator[Notebook]:
        notebook = Notebook()
        async with asyncio.TaskGroup() as group:
            ears = group.create_task(link.listen(notebook))
            yield notebook
            ears.cancel()

    return listens


def delivery(
    link: TelegramLink,
    room: object,
    payload: bytes = b'{"text":"hi"}',
    *,
    kind: DeliveryKind = DeliveryKind.SEND,
    thread: str = "",
    target: str | None = None,
) -> Delivery:
    where = Address("telegram", Account(link.account), str(room), thread)
    return Delivery(where, kind, payload, nonce="n", turn=TurnId("t1"), target=target)
