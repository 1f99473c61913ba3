"""A stage, Ada's link to its Discord, and the promise that each request keeps to the contract."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import orjson
import pytest

from bots.discord.client import DiscordLink
from bots.discord.endpoints import Endpoints, set_endpoints
from bots.sandbox import Bot, Stage
from core.ids import Account, TurnId
from core.messages import Address, Delivery, DeliveryKind, Kind, Received
from core.secrets import Secret
from tests.contracts import discordapi
from tests.fakes.clock import QuickClock


class Notebook:
    """An intake that remembers as the store does; `open` can make it wait, as a full house does."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.doubles = self.asked = 0
        self._keys: set[str] = set()
        self._came = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, received: Sequence[Received]) -> None:
        self.asked += 1
        await self.open.wait()
        for one in received:
            if one.event_key in self._keys:
                self.doubles += 1
                continue
            self._keys.add(one.event_key)
            self.received.append(one)
        self._came.set()

    async def newest(self, account: Account) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for one in self.received:
            if one.kind in (Kind.MESSAGE, Kind.COMMAND, Kind.WORLD):
                room = "" if one.kind is Kind.WORLD else one.address.room
                found[room] = max(found.get(room, 0), one.seq)
        return found

    @property
    def said(self) -> list[Received]:
        return [one for one in self.received if one.kind in (Kind.MESSAGE, Kind.COMMAND)]

    @property
    def texts(self) -> list[str]:
        return [orjson.loads(one.payload)["d"]["content"] for one in self.said]

    async def until(self, true: Callable[[], bool], seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while not true():
                self._came.clear()
                await self._came.wait()

    async def hears(self, number: int, seconds: float = 10) -> list[str]:
        await self.until(lambda: len(self.said) >= number, seconds)
        return self.texts

    async def worlds(self, number: int = 1) -> list[Received]:
        """Until the look round is over."""
        await self.until(lambda: len(self._worlds()) >= number)
        return self._worlds()

    def _worlds(self) -> list[Received]:
        return [one for one in self.received if one.kind is Kind.WORLD]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with Stage() as stage:
        yield stage
        if discordapi._FILE.exists():
            asked = [call for call in stage.discord.journal if call.source == "client"]
            assert not discordapi.problems_of_calls(asked)


@pytest.fixture(autouse=True)
def _discords_own_endpoints() -> Iterator[None]:
    yield
    set_endpoints()


@pytest.fixture
def ada(stage: Stage) -> Bot:
    return stage.discord.bot("Ada")


@pytest.fixture
def ed(stage: Stage) -> Any:
    return stage.person("Ed")


@pytest.fixture
def guild(stage: Stage, ada: Bot, ed: Any) -> Any:
    return stage.discord.guild("The Commons", [ed], [ada])


@pytest.fixture
def general(guild: Any) -> Any:
    return next(iter(guild.channels.values()))


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


MakeLink = Callable[..., DiscordLink]


def endpoints_of(stage: Stage) -> Endpoints:
    there = stage.discord
    return Endpoints(there.api_root, there.gateway_url, there.cdn_root, "ws")


@pytest.fixture
def make_link(stage: Stage, ada: Bot, clock: QuickClock) -> MakeLink:
    def made(token: str | None = None, **choices: Any) -> DiscordLink:
        choices = {
            "clock": clock,
            "endpoints": endpoints_of(stage),
            "chance": random.Random(7),
        } | choices
        return DiscordLink(Secret(token or ada.token), **choices)

    return made


@pytest.fixture
async def link(make_link: MakeLink) -> AsyncIterator[DiscordLink]:
    async with make_link() as link:
        yield link


Listening = Callable[..., AbstractAsyncContextManager[Notebook]]


@asynccontextmanager
async def listens(
    link: DiscordLink, notebook: Notebook | None = None, *, worlds: int | None = 1
) -> AsyncIterator[Notebook]:
    """The link hears until the block ends; it begins when the look round is over."""
    notebook = notebook or Notebook()
    before = len(notebook._worlds())
    async with asyncio.TaskGroup() as group:
        ears = group.create_task(link.listen(notebook))
        if worlds:
            await notebook.worlds(before + worlds)
        yield notebook
        ears.cancel()


@pytest.fixture
def listening() -> Listening:
    return listens


async def until(true: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - the stage has no event for it
            await asyncio.sleep(0.01)


def delivery(
    link: DiscordLink,
    room: Any,
    text: str = "hi",
    *,
    kind: DeliveryKind = DeliveryKind.SEND,
    nonce: str = "n1",
    **more: Any,
) -> Delivery:
    """`room` is a Chat or an id; `reference` and `emoji` go into the payload."""
    payload = {"content": text, "reference": more.pop("reference", None)}
    if emoji := more.pop("emoji", None):
        payload = {"emoji": emoji}
    where = Address("discord", link.account, str(getattr(room, "id", room)))
    return Delivery(where, kind, orjson.dumps(payload), nonce=nonce, turn=TurnId("t1"), **more)
