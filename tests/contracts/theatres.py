"""Each platform in front of a local copy of the real thing, all looked at in one way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from bots.discord.client import DiscordLink
from bots.discord.endpoints import Endpoints
from bots.sandbox import Stage
from bots.sandbox.discord.permissions import MANAGE_GUILD
from bots.sandbox.discord.talking import say
from bots.sandbox.journal import Journal
from bots.sandbox.world import Chat
from bots.telegram.client import TelegramLink
from core.clock import SystemClock
from core.files import Files
from core.ids import Account, TurnId
from core.messages import (
    Address,
    Delivery,
    DeliveryKind,
    Kind,
    Rank,
    Received,
)
from core.ports import Platform
from core.secrets import Secret


class Theatre(Protocol):
    """One platform's stage, as far as these tests look at it."""

    token: str
    wrong_token: str
    lone_room: str
    """A room that nobody has; sends to it are refused."""

    def link(self, token: str | None = None, *, files: Files | None = None) -> Platform: ...
    def room(self) -> str:
        """The id of the direct chat with a person."""
        ...

    def hears(self, text: str) -> None:
        """The person says something to the bot."""
        ...

    def sends(self, name: str, data: bytes, caption: str = "") -> None:
        """The person sends the bot a document."""
        ...

    def loses_files(self) -> None:
        """The platform forgets what was sent, or the person takes it back."""
        ...

    def presses(self, press: str) -> str:
        """The person presses a button below the last message; gives the person's id."""
        ...

    def buttons(self) -> list[str]:
        """The words on those below the last message."""
        ...

    async def answered(self) -> None:
        """Until the bot has told the platform that it heard the press."""
        ...

    def group(self) -> Group:
        """A new group that the bot is in."""
        ...

    async def attended(self, times: int = 1) -> None:
        """Until the bot listens, for the first time or again."""
        ...

    def said(self) -> list[str]:
        """What stands in the chat."""
        ...

    def pictures(self) -> list[bytes]:
        """What of it can be looked at."""
        ...

    def outage(self) -> AbstractAsyncContextManager[None]: ...


@dataclass(frozen=True, slots=True)
class Group:
    """A room of many, and what to do in it."""

    room: str
    people: Mapping[Rank, str]
    """Somebody of each rank."""
    bot_says: Callable[[str], object]
    """As another bot."""
    person_says: Callable[[str], object]


class TelegramTheatre:
    lone_room = "424242"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._bot = stage.bot("Ada")
        self._bob = stage.person("Bob", username="bob")
        self._dm = stage.dm(self._bob, self._bot)
        self.token = self._bot.token
        self.wrong_token = f"{self._bot.id}:AAHnotthetokennotthetokennotthetoken"

    def link(self, token: str | None = None, *, files: Files | None = None) -> Platform:
        secret = Secret(token or self.token)
        clock = SystemClock()
        return TelegramLink(secret, api_root=self._stage.root, clock=clock, files=files)

    def room(self) -> str:
        return str(self._dm.id)

    def hears(self, text: str) -> None:
        self._bob.says(self._dm, text)

    def sends(self, name: str, data: bytes, caption: str = "") -> None:
        self._bob.sends(self._dm, name, data, caption)

    def loses_files(self) -> None:
        self._stage.world.files.clear()

    def presses(self, press: str) -> str:
        self._bob.presses(self._stage.messages(self._dm)[-1], press)
        return str(self._bob.id)

    def buttons(self) -> list[str]:
        markup = self._stage.messages(self._dm)[-1].markup or {"inline_keyboard": []}
        return [key["text"] for row in markup["inline_keyboard"] for key in row]

    async def answered(self) -> None:
        await _answered(self._stage.journal, "answerCallbackQuery")

    def group(self) -> Group:
        eve, zoe = self._stage.person("Eve"), self._stage.person("Zoe")
        other = self._stage.bot("Eliza")
        room = self._stage.supergroup("Club", [self._bob, eve, zoe], [self._bot, other])
        self._bob.promotes(room, eve)
        ranks = [(Rank.OWNER, self._bob), (Rank.ADMIN, eve), (Rank.MEMBER, zoe)]
        people = {rank: str(who.id) for rank, who in ranks}
        return Group(
            str(room.id),
            people | {Rank.STRANGER: str(self._stage.person("Max").id)},
            lambda text: self._stage.world.say(other, room, text),
            lambda text: eve.says(room, text),
        )

    async def attended(self, times: int = 1) -> None:
        """Telegram keeps what nobody has heard."""

    def said(self) -> list[str]:
        return [message.text for message in self._stage.messages(self._dm)]

    def pictures(self) -> list[bytes]:
        return pictures(self._stage, self._dm)

    def outage(self) -> AbstractAsyncContextManager[None]:
        return self._stage.outage()


@asynccontextmanager
async def telegram() -> AsyncIterator[Theatre]:
    async with Stage() as stage:
        yield TelegramTheatre(stage)


class DiscordTheatre:
    lone_room = "424242"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._bot = stage.discord.bot("Ada")
        self._bob = stage.person("Bob", username="bob")
        self._dm = stage.discord.dm(self._bob, self._bot)
        self.token = self._bot.token
        self.wrong_token = self.token.rpartition(".")[0] + ".AAHnotthetokennotthetokennotthetoken"

    def link(self, token: str | None = None, *, files: Files | None = None) -> Platform:
        play = self._stage.discord
        there = Endpoints(play.api_root, play.gateway_url, play.cdn_root)
        secret, clock = Secret(token or self.token), SystemClock()
        return DiscordLink(secret, endpoints=there, clock=clock, files=files)

    def room(self) -> str:
        return str(self._dm.id)

    def hears(self, text: str) -> None:
        self._bob.says(self._dm, text)

    def sends(self, name: str, data: bytes, caption: str = "") -> None:
        self._bob.sends(self._dm, name, data, caption)

    def loses_files(self) -> None:
        self._stage.world.files.clear()

    def presses(self, press: str) -> str:
        self._bob.presses(self._stage.messages(self._dm)[-1], press)
        return str(self._bob.snowflake)

    def buttons(self) -> list[str]:
        rows = self._stage.messages(self._dm)[-1].more.get("components", ())
        return [key["label"] for row in rows for key in row["components"]]

    async def answered(self) -> None:
        await _answered(self._stage.discord.journal, "create_interaction_response")

    def group(self) -> Group:
        eve, zoe = self._stage.person("Eve"), self._stage.person("Zoe")
        play, other = self._stage.discord, self._stage.discord.bot("Eliza")
        guild = play.guild("The Club", [self._bob, eve, zoe], [self._bot, other])
        play.role(guild, "Hosts", [eve], permissions=MANAGE_GUILD)
        room = next(iter(guild.channels.values()))
        ranks = [(Rank.OWNER, self._bob), (Rank.ADMIN, eve), (Rank.MEMBER, zoe)]
        people = {rank: str(who.snowflake) for rank, who in ranks}
        return Group(
            str(room.id),
            people | {Rank.STRANGER: str(self._stage.person("Max").snowflake)},
            lambda text: say(self._stage.world, other, room, text),
            lambda text: eve.says(room, text),
        )

    async def attended(self, times: int = 1) -> None:
        async with asyncio.timeout(10):
            # The stage has no event for it.
            while self._stage.discord.gateway.sessions(self._bot).identifies < times:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    def said(self) -> list[str]:
        return [message.text for message in self._stage.messages(self._dm)]

    def pictures(self) -> list[bytes]:
        return pictures(self._stage, self._dm)

    def outage(self) -> AbstractAsyncContextManager[None]:
        return self._stage.discord.outage()


@asynccontextmanager
async def discord() -> AsyncIterator[Theatre]:
    async with Stage(limits=False) as stage:
        yield DiscordTheatre(stage)


def pictures(stage: Stage, room: Chat) -> list[bytes]:
    """Everything in a room that the page shows as a picture."""
    found = []
    for said in stage.messages(room):
        given = [*said.more.get("attachments", ()), *filter(None, [said.more.get("photo")])]
        numbers = [one.get("file_id") or one["id"] for one in given]
        found += [data for one in numbers for kind, data in [stage.world.files[one]]
                  if kind.startswith("image/")]  # fmt: skip
    return found


async def _answered(journal: Journal, method: str) -> None:
    async with asyncio.timeout(10):
        while not any(call.status == 200 for call in journal.of(method)):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)


THEATRES: list[Callable[[], AbstractAsyncContextManager[Theatre]]] = [telegram, discord]


def delivery(
    link: Platform,
    room: str,
    payload: bytes,
    kind: DeliveryKind = DeliveryKind.SEND,
    target: str | None = None,
    *,
    nonce: str = "n1",
) -> Delivery:
    where = Address(link.name, link.account, room)
    return Delivery(where, kind, payload, nonce=nonce, turn=TurnId("t1"), target=target)


class Notebook:
    """An intake that remembers as the store does, and dies when it is told a certain thing."""

    def __init__(self, link: Platform, dies_of: str = "") -> None:
        self._link, self._dies_of = link, dies_of
        self.stored: list[Received] = []
        self.lost: list[Received] = []
        self._came = asyncio.Event()

    async def __call__(self, received: Sequence[Received]) -> None:
        for one in received:
            if self._dies_of and self._link.read(one).text == self._dies_of:
                self.lost.append(one)
                raise RuntimeError("crash")
            self.stored.append(one)
        self._came.set()

    async def newest(self, account: Account) -> Mapping[str, int]:
        return {one.address.room: one.seq for one in self.stored if one.kind is Kind.MESSAGE}

    async def hears(self, text: str, kind: Kind = Kind.MESSAGE) -> Received:
        async with asyncio.timeout(10):
            while True:
                for one in self.stored:
                    if one.kind is kind and self._link.read(one).text == text:
                        return one
                self._came.clear()
                await self._came.wait()


async def hears(theatre: Theatre, link: Platform, text: str) -> Received:
    """What the link makes of what a person says while it listens."""
    notebook = Notebook(link)
    async with asyncio.TaskGroup() as group:
        ears = group.create_task(link.listen(notebook))
        await theatre.attended()
        theatre.hears(text)
        heard = await notebook.hears(text)
        ears.cancel()
    return heard
