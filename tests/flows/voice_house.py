"""The whole flow round voice channels that have no wire: people speak, and what is heard is read."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from bots.building import build
from bots.house import House
from bots.telegram.webhook import Hooks
from core.actions import BUILT_IN
from core.casting import read_loaded
from core.files import Files
from core.flow.cast import Bare, Cast, Part, policy_of
from core.flow.outbox import Outbox
from core.flow.pace import Pace, Rate
from core.flow.patience import PatientStore
from core.flow.tally import Tally
from core.flow.voice_talk import VoiceTalk
from core.ids import Account
from core.knowledge.reading import Reader
from core.memory.recent import line_of
from core.messages import Author, Memory
from core.models.roles import Models
from core.models.scripted import Scripted
from core.plugins.records import Repertoire
from core.ports import Limits
from core.providers import BUILT_IN as PROVIDERS
from core.settings.layers import Environment, Settings
from core.store.engine import SqlStore, open_store
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform
from tests.fakes.voices import Channel, Rooms, ToneSpeech, utterance
from tests.faults import ledgers

BOB, EVE = Author("7", "Bob"), Author("8", "Eve")
LOUNGE, KITCHEN = "500", "501"
LIMITS = Limits(max_text=2000, edits=True, idempotent_send=True, voice_rooms=True)
_STEP = 0.02
_MANY = 500
_SOUNDS: list[int] = [0]
_LOOKING: list[asyncio.Future[None]] = []
"""Who waits for the next step of time."""


class Hurrying(FakeClock):
    """Goes on by itself."""

    step = _STEP


class Discord(FakePlatform, Rooms):
    """One bot in one server."""

    name = "discord"

    def __init__(self, account: Account, handle: str, clock: FakeClock) -> None:
        FakePlatform.__init__(self, account, limits=LIMITS)
        Rooms.__init__(self, clock)
        self.handle = handle

    @property
    def texts(self) -> list[str]:
        """What stands in the chats."""
        return [one.payload.decode() for one in self.sent]


@dataclass
class Ada:
    """A character, and what people do where she is."""

    name: str
    house: House
    part: Part
    discord: Discord
    speech: ToneSpeech
    clock: Hurrying
    data: Path
    playing: Cast

    def reload(self, **settings: str) -> None:
        """She goes on by other settings, as after a reload."""
        given = Settings(Environment.of({"TROUPE_REFLECTION": "false", **settings}), self.name)
        policy = policy_of(self.part.character, given, "discord")
        self.part = replace(self.part, settings=given, policy=policy)
        self.playing.enter(self.part)

    @property
    def channel(self) -> Channel:
        return next(iter(self.discord.joined.values()))

    @property
    def talk(self) -> VoiceTalk:
        return cast(VoiceTalk, self.channel.listener)

    async def joins(self, channel: str = LOUNGE) -> str:
        """And has said that she listens."""
        words = await self.house.voices.join(self.part, "900", channel, "7")
        await until(lambda: self.channel.mouth.sounded > 2)
        await self.silent()
        return words

    async def silent(self) -> None:
        """She has nothing more to say, and everything is written down."""
        await until(lambda: not self.channel.mouth.speaking and not self.talk.doing["thinking"])
        await until(lambda: self.house.mailbox.open == 0)
        await passes(self.clock, 0.2)

    def begins(self, who: Author = BOB) -> None:
        self.talk.began(who.id)

    def insists(self, who: Author = BOB) -> None:
        self.talk.insists(who.id)

    def ends(self, text: str | Exception, who: Author = BOB, *, speech: float = 1.5) -> bytes:
        """Of what they have begun to say; its sound."""
        _SOUNDS[0] += 1
        sound = b"%d " % _SOUNDS[0] * 100
        self.speech.heard[sound] = text
        self.talk.ended(utterance(who.id, sound, self.clock.monotonic(), speech))
        return sound

    def hears(self, text: str | Exception, who: Author = BOB, *, speech: float = 1.5) -> bytes:
        self.begins(who)
        return self.ends(text, who, speech=speech)

    async def memories(self) -> list[Memory]:
        """Of the voice channel, oldest first."""
        room = (await self.house.turns._presence.at(self.part.id, self.talk.address, "900")).room
        return await self.house.store.read(
            lambda unit: unit.memories.recent(self.part.id, room, 50)
        )

    async def lines(self) -> list[str]:
        return [line_of(one).text for one in await self.memories()]

    def outcomes(self) -> list[tuple[str, str]]:
        """How what was spoken to her has ended."""
        return [
            (row["status"], row["rule"])
            for row in ledgers.read(self.data).inbox
            if row["account"] == self.part.platform.account
        ]


@asynccontextmanager
async def voices(
    data: Path,
    model: Scripted,
    *names: str,
    clock: Hurrying | None = None,
    **settings: str,
) -> AsyncIterator[list[Ada]]:
    """One process, with these characters in one server; time goes on by itself, and fast."""
    clock = clock or Hurrying()
    given = Settings(Environment.of({"TROUPE_REFLECTION": "false", **settings}))
    playing = Cast()
    speech = ToneSpeech(clock)
    async with (
        asyncio.timeout(100),
        open_store(None, data) as opened,
        Models(override=model, clock=clock) as models,
        Reader() as reader,
        asyncio.TaskGroup() as group,
    ):
        house = build(
            given, playing, PatientStore(opened, clock), models, Files(data / "files"), {},
            cast(Any, None), group, Tally(), clock, random.Random(1), reader, speech, data,
            Hooks(clock), lambda: (), lambda: None,
        )  # fmt: skip
        background = [
            group.create_task(one)
            for one in (
                house.mailbox.run(house.turns), house.after.run(), house.hearsay.run(),
                house.voices.run(), _time(clock),
            )
        ]  # fmt: skip
        await asyncio.sleep(0)
        troupe = []
        for number, name in enumerate(names or ("Ada",), 1):
            ada = _enter(house, playing, opened, speech, clock, group, number, name, settings, data)
            background.append(ada[1])
            troupe.append(ada[0])
        for one in troupe:
            for other in troupe:
                bot = Author(other.part.platform.account.partition(":")[2], other.name, is_bot=True)
                one.discord.who[bot.id] = bot
        try:
            yield troupe
        finally:
            _LOOKING.clear()
            for task in background:
                task.cancel()


def _enter(
    house: House,
    playing: Cast,
    store: SqlStore,
    speech: ToneSpeech,
    clock: Hurrying,
    group: asyncio.TaskGroup,
    number: int,
    name: str,
    settings: Mapping[str, str],
    data: Path,
) -> tuple[Ada, asyncio.Task[None]]:
    loaded = read_loaded({"name": name, "bio": f"{name} is made for a test."})
    account = Account(f"discord:{number}")
    discord = Discord(account, f"@{name.lower()}", clock)
    given = Settings(Environment.of({"TROUPE_REFLECTION": "false", **settings}), name)
    free = Rate(0, 1.0)
    pace = Pace(free, free, free, clock.monotonic)
    outbox = Outbox(
        account, cast(Any, store), clock, pace, LIMITS,
        settled=lambda row, status, message: house.hearsay.settled(row, status),
    )  # fmt: skip
    gear = Bare(Repertoire(actions=BUILT_IN, providers=PROVIDERS))
    part = Part(
        loaded.id, loaded.character, given, cast(Any, discord), outbox,
        policy_of(loaded.character, given, "discord"), gear,
    )  # fmt: skip
    playing.enter(part)
    ada = Ada(name, house, part, discord, speech, clock, data, playing)
    return ada, group.create_task(outbox.run(cast(Any, discord)))


async def _time(clock: Hurrying) -> None:
    """Much faster than on any wall, and never while somebody has something to do or to see."""
    while True:
        await asyncio.sleep(0.0005)
        await clock.advance(clock.step)
        while _LOOKING:
            if not (looks := _LOOKING.pop()).done():
                looks.set_result(None)


async def until(true: Callable[[], object], *, timeout: float = 60) -> None:
    """Looks after every step: however busy the machine is, no time passes that nobody saw."""
    async with asyncio.timeout(timeout):
        while not true():
            _LOOKING.append(stepped := asyncio.get_running_loop().create_future())
            await stepped


async def passes(clock: Hurrying, seconds: float) -> None:
    """So much time goes by."""
    until_then = clock.monotonic() + seconds
    clock.step = max(_STEP, seconds / _MANY)
    await until(lambda: clock.monotonic() >= until_then)
    clock.step = _STEP
