"""A group on Telegram or a channel on Discord with several characters, seen from the platform."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.world import Chat, Message
from bots.testkit import Play
from core.clock import Clock
from core.models.scripted import Scripted
from core.ports import ModelRequest
from tests.fakes.databases import in_use
from tests.faults import ledgers
from tests.flows.on_discord import Server, bot_says
from tests.flows.talk import playing, question, reply, speaker, until, update

BOTH = ("telegram", "discord")
_FINAL = {"sent", "failed"}


@dataclass(slots=True)
class Room:
    """Zoe is a person; `play` may be another one after a restart."""

    play: Play
    platform: str
    chat: Chat
    zoe: Person
    data: Path
    foreign: Bot | None = None
    _injected: int = 0

    @property
    def stage(self) -> Stage:
        return self.play.stage

    @property
    def bots(self) -> Mapping[str, Bot]:
        return self.play.bots if self.platform == "telegram" else self.play.discord_bots

    @property
    def messages(self) -> list[Message]:
        return [one for one in self.stage.messages(self.chat) if one.service is None]

    @property
    def talk(self) -> list[tuple[str, str]]:
        """Who has said what, as it stands at the platform."""
        return [(one.sender.name, one.text) for one in self.messages]

    def said(self, name: str) -> list[str]:
        return [text for who, text in self.talk if who == name]

    @property
    def voices(self) -> list[str]:
        """Who of ours has spoken, in order."""
        return [who for who, _ in self.talk if who in self.bots]

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        """What a character has heard here, oldest first."""
        account = f"{self.platform}:{self.bots[name].id}"
        return [
            row
            for row in ledgers.read(self.data).inbox
            if row["account"] == account
            and row["room"] == str(self.chat.id)
            and row["kind"] in ("message", "overheard")
        ]

    def rules(self, name: str) -> list[tuple[str, str]]:
        """How each thing that a character heard has ended, and by which rule."""
        return [(row["status"], row["rule"]) for row in self.rows(name)]

    def remembered(self, name: str) -> list[str]:
        """Everything that stands in a character's memory of this room, as it was written."""
        account = f"{self.platform}:{self.bots[name].id}"
        return [
            row["content"]
            for row in in_use.now.ask(
                self.data,
                "SELECT m.content FROM memories m JOIN rooms r ON r.id = m.room_id "
                f"WHERE r.account = '{account}' AND r.channel = '{self.chat.id}' ORDER BY m.seq",
            )
        ]

    def foreign_says(self, text: str) -> None:
        """A bot that is not ours; Telegram shows that to no bot, so it is put before each."""
        assert self.foreign is not None
        if self.platform == "discord":
            bot_says(self.stage, self.foreign, self.chat, text)
            return
        self._injected += 1
        for bot in self.bots.values():
            bot.inject(update(self.chat, self.foreign, 90_000 + self._injected, text))

    async def settled(self, *, but: str = "", timeout: float = 20) -> None:
        """Wait until everybody has heard everything and owes nothing, one left out."""
        await until(lambda: self._is_settled(but), timeout=timeout)

    async def overheard(self, name: str, number: int) -> None:
        """Wait until a character has heard so many things from the others and is done with them."""

        def is_over() -> bool:
            rows = [row for row in self.rows(name) if row["kind"] == "overheard"]
            owed = [
                row for row in ledgers.read(self.data).deliveries if row["status"] not in _FINAL
            ]
            return len([row for row in rows if row["status"] != "new"]) >= number and not owed

        await until(is_over)

    def _is_settled(self, but: str) -> bool:
        for name, bot in self.bots.items():
            if name == but:
                continue
            theirs = [one for one in self.messages if self._is_told(one, bot)]
            rows = self.rows(name)
            if len([row for row in rows if row["kind"] == "message"]) < len(theirs):
                return False
            if any(row["status"] == "new" for row in rows):
                return False
        return all(row["status"] in _FINAL for row in ledgers.read(self.data).deliveries)

    def _is_told(self, one: Message, bot: Bot) -> bool:
        """Whether the platform tells a bot of it."""
        if one.sender is bot:
            return False
        return self.platform == "discord" or not one.sender.is_bot


@asynccontextmanager
async def room(
    platform: str,
    *characters: Any,
    model: Any,
    data: Path,
    stage: Stage | None = None,
    before: Room | None = None,
    foreign: str = "",
    settings: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Room]:
    """With `before` it is the room of an earlier process on the same `stage`."""
    async with playing(
        *characters,
        model=model,
        data=data,
        stage=stage,
        settings=settings,
        platforms=(platform,),
        clock=clock,
    ) as now:
        if before is not None:
            before.play = now
            yield before
            return
        zoe = now.stage.person("Zoe")
        if platform == "discord":
            other = now.stage.discord.bot(foreign) if foreign else None
            bots = [*now.discord_bots.values(), *filter(None, (other,))]
            chat = Server.of(now.stage, bots, zoe).general
        else:
            other = now.stage.bot(foreign) if foreign else None
            chat = now.stage.group("The Commons", [zoe], now.bots.values())
        yield Room(now, platform, chat, zoe, data, other)


def lines(
    says: Mapping[str, str | Callable[[ModelRequest], str]], otherwise: str = "Well."
) -> Scripted:
    """Each character says the same all the time, or what a function of the request gives."""

    def one(request: ModelRequest) -> str:
        said = says.get(speaker(request), otherwise)
        return reply(said) if isinstance(said, str) else said(request)

    return Scripted(one)


def asked_of(model: Scripted, name: str) -> list[ModelRequest]:
    """The requests by which a character was to answer, in order."""
    return [one for one in model.requests if speaker(one) == name]


def giving(text: str, to: str) -> str:
    """An answer that names who speaks next."""
    return f"<response><actions>REPLY</actions><text>{text}</text><next>{to}</next></response>"


def questions(requests: Iterable[ModelRequest]) -> list[str]:
    return [question(one) for one in requests]
