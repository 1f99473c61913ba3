"""A server with a voice channel, characters who live there, and people who come, speak and listen."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bots.sandbox import Bot, Chat, Person, Stage
from bots.sandbox.discord.talker import Talker
from bots.sandbox.things import Account, Guild
from bots.testkit import Play
from core.ports import ModelProvider
from tests.fakes.databases import in_use
from tests.flows.forms import answer_of
from tests.flows.talk import playing
from tests.voice.audio import Track, said, seconds_of

CLEAR = "en-us+edward"
"""The voice that the offline ear understands best."""


async def until(so: Callable[[], object], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not so():  # noqa: ASYNC110 - sound has no event for it
            await asyncio.sleep(0.01)


class Quiet:
    """Looks at something that grows, and knows for how long it has not."""

    def __init__(self, size: Callable[[], int]) -> None:
        self._size = size
        self._last, self._at = -1, time.monotonic()

    def lasts(self, seconds: float) -> bool:
        if (size := self._size()) != self._last:
            self._last, self._at = size, time.monotonic()
        return time.monotonic() - self._at >= seconds


@dataclass
class Guest:
    """A person in a voice channel, and all that reaches them there."""

    person: Person
    talker: Talker
    voice: str = ""
    tracks: dict[str, Track] = field(default_factory=lambda: defaultdict(Track))
    """By the name of who spoke."""

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()

        def hear(who: Account, pcm: bytes) -> None:
            self.tracks[who.name].add(loop.time(), pcm)

        self.talker.on_heard = hear

    async def says(self, text: str) -> float:
        """Say it aloud, to the end; gives the time of the last sound."""
        return await self.sounds(await said(text, self.voice))

    async def sounds(self, pcm: bytes) -> float:
        began = asyncio.get_running_loop().time()
        self.talker.says(pcm)
        await self.talker.quiet()
        return began + seconds_of(pcm)

    async def hears(self, who: str = "Ada", *, since: float = 0.0, seconds: float = 20.0) -> Track:
        """What somebody says from now on, to its end."""
        await until(lambda: self.tracks[who].since(since).spells, seconds)
        await self.hears_out(who)
        return self.tracks[who].since(since)

    async def hears_out(self, who: str = "Ada") -> None:
        """Wait until somebody has been silent for a while."""
        loop = asyncio.get_running_loop()
        await until(lambda: loop.time() - self.tracks[who].frames[-1][0] > 0.5, 60)

    def forgets(self) -> None:
        self.tracks.clear()


@dataclass(frozen=True, slots=True)
class Spoken:
    """What somebody has said aloud, and what came of it."""

    who: str
    text: str
    status: str
    rule: str


@dataclass
class Parlour:
    """Everybody of the server, and the gateway that its characters live in."""

    stage: Stage
    room: Chat
    chat: Chat
    """Its first channel, for text."""
    bots: Mapping[str, Bot]
    data: Path
    play: Play | None = None
    """None where the gateway is a process of its own."""

    @property
    def guild(self) -> Guild:
        assert self.room.guild is not None
        return self.room.guild

    def inside(self, name: str = "Ada") -> bool:
        """She is in the channel, and her voice server knows it."""
        bot = self.bots[name]
        return bot in self.stage.discord.in_voice(self.room) and self.stage.discord.voice.connected(
            self.guild.id, bot.snowflake
        )

    async def comes(self, name: str, voice: str = "") -> Guest:
        """Somebody comes in; they and everybody there can decrypt each other."""
        known = {one.name: one for one in self.guild.members if isinstance(one, Person)}
        person = known.get(name) or self.stage.person(name)
        if name not in known:
            self.stage.discord.invite(self.guild, person)
        guest = Guest(person, self.stage.discord.joins_voice(person, self.room), voice)
        await self.settled()
        return guest

    async def settled(self) -> None:
        """Everybody in the channel is in its encryption."""
        voice = self.stage.discord.voice

        def so() -> bool:
            view = voice.view(self.guild.id, self.room.id)
            there = {one.snowflake for one in self.stage.discord.in_voice(self.room)}
            return view.settled and set(view.encrypted) == set(view.inside) == there

        await until(so)

    def rows(self, table: str) -> list[Mapping[str, Any]]:
        return in_use.now.rows(self.data, table)

    def says(self, name: str = "Ada", room: Chat | None = None) -> list[str]:
        """What a character has written in the channel's chat."""
        found = self.stage.messages(room or self.room)
        return [one.text for one in found if one.sender is self.bots[name]]

    async def commands(
        self, guest: Guest, action: str, room: Chat | None = None, *, name: str = "", **more: Any
    ) -> str:
        """What a character answers to /voice."""
        bot = self.bots[name or next(iter(self.bots))]
        given = {"action": action, **more} if action else more

        def begun() -> str:
            try:
                return guest.person.uses(room or self.room, bot, "voice", **given)
            except ValueError as error:
                if "has no command" not in str(error):
                    raise
                return ""

        async with asyncio.timeout(20):
            while not (number := begun()):  # noqa: ASYNC110 - the menu comes when it comes
                await asyncio.sleep(0.05)
        return await answer_of(self.stage.discord.interaction(number))

    async def asks(self, guest: Guest, text: str, name: str = "Ada") -> str:
        """What a character writes to something that is typed in the channel's chat."""
        before = len(self.says(name))
        guest.person.says(self.room, text)
        await until(lambda: len(self.says(name)) > before)
        return self.says(name)[before]

    def spoken(self) -> list[Spoken]:
        """All that people have said aloud, in order."""
        rows = (row for row in self.rows("inbox") if row["event_key"].startswith("spoken:"))
        return [
            Spoken(told["author"]["name"], told["text"], row["status"], row["rule"] or "")
            for row in rows
            for told in [json.loads(row["payload"])]
        ]

    def __repr__(self) -> str:
        return f"{self.spoken()} {self.kept()}"

    async def settled_all(self, count: int) -> list[Spoken]:
        """Wait until so much was said aloud, and each of it has ended one way or the other."""

        def so() -> bool:
            found = self.spoken()
            return len(found) >= count and all(one.status != "new" for one in found)

        await until(so)
        return self.spoken()

    def kept(self) -> list[str]:
        """What is remembered of it all, oldest first."""
        return [json.loads(row["content"])["text"] for row in self.rows("memories")]


def furnished(stage: Stage, bots: Mapping[str, Bot]) -> Guild:
    """The server, with a channel for text and one for voices; made once."""
    guild = next(iter(stage.world.guilds.values()), None)
    if guild is None:
        olga = stage.person("Olga")
        guild = stage.discord.guild("The Commons", [olga], bots.values(), channels=("general",))
        stage.discord.channel(guild, "Parlour", "voice")
    return guild


@asynccontextmanager
async def parlour(
    data: Path,
    *characters: str | Mapping[str, Any],
    model: ModelProvider | None = None,
    stage: Stage,
    joins: bool = True,
    inside: tuple[str, ...] = (),
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Parlour]:
    """The characters are in the channel by their setting, before anybody else; `joins` off, nowhere."""
    names = [one if isinstance(one, str) else str(one["name"]) for one in characters]
    bots = {name: stage.discord.bot(name) for name in names}
    guild = furnished(stage, bots)
    chat, room = list(guild.channels.values())[:2]
    given = {"OFFLINE_VOICE": CLEAR}
    if joins:
        given["DISCORD_VOICE_CHANNEL_ID"] = str(room.id)
    async with playing(
        *characters,
        model=model,
        data=data,
        stage=stage,
        platforms=("discord",),
        settings=given | dict(settings or {}),
        voices=True,
    ) as play:
        here = Parlour(stage, room, chat, bots, data, play)
        if joins:
            await until(lambda: all(here.inside(one) and here.says(one) for one in inside or names))
            await here.settled()
        try:
            yield here
        except BaseException as error:
            error.add_note(repr(here))
            raise
