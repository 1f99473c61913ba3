"""The Lantern Players' server on the local Discord, with a gateway that can be killed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.discord.permissions import MANAGE_WEBHOOKS
from bots.sandbox.world import Chat, Message
from bots.testkit import Play
from core.models.scripted import Scripted
from tests.faults import ledgers
from tests.flows.on_discord import on_discord
from tests.flows.talk import until
from tests.flows.ten_minutes_cast import BARNABY, WREN, Lines, rehearsals
from tests.flows.ten_minutes_log import Chronicle, Evening

_FINAL = {"sent", "failed"}


class Killed(Exception):
    """The process is gone from one moment to the next: nothing is ended, nothing is said."""


@dataclass(slots=True)
class Theatre:
    """The server, who is on it, and what is known of the evening; `play` is the process of now."""

    stage: Stage
    evening: Evening
    chronicle: Chronicle
    lines: Lines
    model: Scripted
    data: Path
    bot: Bot
    maya: Person
    jonas: Person
    rex: Person
    rehearsals: Chat
    box_office: Chat
    said: list[Message] = field(default_factory=list)
    """By people, in the order in which they were said."""
    begun: list[str] = field(default_factory=list)
    """Interactions."""
    _play: Play | None = None

    def __post_init__(self) -> None:
        self.lines.ready = self._acknowledged

    async def _acknowledged(self) -> None:
        its = [self.stage.discord.interaction(number) for number in self.begun]
        await until(lambda: all(it.answered for it in its))

    @property
    def play(self) -> Play:
        assert self._play is not None
        return self._play

    @property
    def guild(self) -> Any:
        return self.rehearsals.guild

    @property
    def accounts(self) -> tuple[str, str]:
        """Wren's and Barnaby's, as the inbox names them."""
        (face,) = [one for one in self.play.roster.loaded if one.name == "Barnaby"]
        return f"discord:{self.bot.id}", f"discord:{self.bot.id}/{face.id}"

    @asynccontextmanager
    async def process(self) -> AsyncIterator[None]:
        """A gateway over the same data, until it stops in order or is `Killed`."""
        playing = on_discord(
            WREN,
            BARNABY,
            model=self.model,
            data=self.data,
            stage=self.stage,
            plugins=[rehearsals()],
            clock=self.evening,
            settings={"DISCORD_WELCOME_CHANNEL": "rehearsals"},
        )
        offered = self.stage.discord._office.commands
        try:
            async with playing as self._play:
                await until(lambda: offered.get((self.bot.id, None)))
                yield
        except* Killed:
            pass

    # -- doing and waiting -----------------------------------------------------------------------

    def at(self, moment: str) -> None:
        self.evening.until(moment)

    def told(self, who: Person, room: Chat, text: str) -> Message:
        """Somebody says something, and nobody waits for what comes of it."""
        self.said.append(who.says(room, text))
        return self.said[-1]

    async def says(self, who: Person, room: Chat, text: str, *answers: str) -> list[Message]:
        """Somebody says something; waits until those who are named have answered, and all is done."""
        before = self.ids(room)
        self.told(who, room, text)
        return await self.answered(room, before, *answers)

    def ids(self, room: Chat) -> set[int]:
        return {one.id for one in self.stage.messages(room)}

    async def answered(self, room: Chat, before: set[int], *answers: str) -> list[Message]:
        def found() -> list[Message]:
            new = [one for one in self.stage.messages(room) if one.id not in before]
            return [one for one in new if one.sender.is_bot and one.service is None]

        await until(lambda: len(found()) >= len(answers))
        await self.settled()
        assert [one.spoken_as for one in found()] == [*answers]
        return found()

    async def uses(
        self,
        begin: Callable[[], str],
        done: Callable[[Any], object] = lambda it: _words(it),
        *,
        kept: bool = True,
    ) -> str:
        """Somebody gives a command or presses something; waits for what is shown for it."""
        number = begin()
        if kept:
            self.begun.append(number)
        it = self.stage.discord.interaction(number)
        await until(lambda: done(it))
        await self.settled()
        return number

    async def settled(self) -> None:
        """Wait until everybody has heard what was said, and nothing is owed to anybody."""
        await until(self._is_settled)

    async def happened(self, kind: str, number: int) -> None:
        """Wait until so many events of a kind have been heard of by Wren, and are over."""

        def heard() -> bool:
            found = [row for row in ledgers.read(self.data).inbox if row["kind"] == kind]
            return len([row for row in found if row["account"] == self.accounts[0]]) >= number

        await until(heard)
        await self.settled()

    def _is_settled(self) -> bool:
        now = ledgers.read(self.data)
        known = {(row["account"], row["event_key"]) for row in now.inbox}
        heard = all((one in known) for one in self.expected())
        over = all(row["status"] in ledgers.FINAL_IN for row in now.inbox)
        return heard and over and all(row["status"] in _FINAL for row in now.deliveries)

    def expected(self) -> list[tuple[str, str]]:
        """What has to stand in the inbox: by account, each message and each interaction."""
        host, face = self.accounts
        found = [(host, f"i:{number}") for number in self.begun]
        for one in self.said:
            key = f"m:{one.chat.id}:{one.id}"
            found += [(host, key)] if one.chat.guild is None else [(host, key), (face, key)]
        return found


def _words(it: Any) -> bool:
    return it.reply is not None and bool(it.reply.text) and it.reply.service is None


@asynccontextmanager
async def theatre(data: Path) -> AsyncIterator[Theatre]:
    evening = Evening()
    async with Stage(limits=False, record=True, now=evening.stage_now) as stage:
        maya, jonas, rex = (stage.person(name) for name in ("Maya", "Jonas", "Rex"))
        bot = stage.discord.bot("Wren")
        rooms = ("rehearsals", "box-office")
        guild = stage.discord.guild("Lantern Players", [maya, jonas], [bot], channels=rooms)
        stage.discord.role(guild, "Stage crew", [bot], permissions=MANAGE_WEBHOOKS)
        chronicle, lines = Chronicle(stage, evening), Lines(evening)
        general, sales = guild.channels.values()
        yield Theatre(
            stage,
            evening,
            chronicle,
            lines,
            Scripted(lines),
            data,
            bot,
            maya,
            jonas,
            rex,
            general,
            sales,
        )
