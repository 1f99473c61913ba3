"""Ada, who may look after other bots, and characters who have none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bots.app import DOORS, Gateway
from bots.knowing import House
from bots.links import Plan, plan_links
from bots.sandbox import Bot, Person, Stage
from bots.sandbox.world import Chat, Message
from core.bell import Bell
from core.casting import Roster, read_loaded
from core.models.roles import Models
from core.models.scripted import Scripted
from core.settings.layers import Environment, Settings
from tests.fakes.databases import in_use
from tests.faults.process import UNPACED
from tests.flows.talk import echo

NAMES = ("Ada", "Eliza", "Old Owl")


@dataclass(slots=True)
class Nursery:
    """The stage outlives its gateways; `boss` runs them."""

    stage: Stage
    data: Path
    ada: Bot
    boss: Person
    eve: Person
    model: Scripted = field(default_factory=lambda: Scripted(echo))
    settings: dict[str, str] = field(default_factory=dict)
    running: Gateway | None = None

    @property
    def gateway(self) -> Gateway:
        assert self.running is not None
        return self.running

    @property
    def roster(self) -> Roster:
        about = "is made for a test."
        return Roster(tuple(read_loaded({"name": n, "bio": f"{n} {about}"}) for n in NAMES))

    @property
    def environment(self) -> Environment:
        return Environment.of(
            {
                **UNPACED,
                **in_use.now.settings,
                "SERVER_PORT": "0",
                "TROUPE_DATA_DIR": str(self.data),
                "STOP_PATIENCE": "5",
                "SEND_PATIENCE": "2",
                "TROUPE_REFLECTION": "false",
                "TROUPE_OWNERS": f"telegram:{self.boss.id}",
                "TELEGRAM_API_ROOT": self.stage.root,
                "CHARACTER.ADA.TELEGRAM_BOT_TOKEN": self.ada.token,
                **self.settings,
            }
        )

    @property
    def house(self) -> House:
        """As commands see it."""
        return House(self.environment, self.data, self.roster)

    @property
    def plan(self) -> Plan:
        return plan_links(self.roster, self.environment)

    @property
    def dm(self) -> Chat:
        return self.stage.dm(self.boss, self.ada)

    async def answers(self, who: Person, bot: Bot, text: str) -> Message:
        where = self.stage.dm(who, bot)
        who.says(where, text)
        return await self.stage.next_from(bot, where)

    async def makes(self, name: str, username: str) -> Bot:
        """The operator asks for a bot, makes it, and is told that it is there."""
        await self.answers(self.boss, self.ada, f"/newbot {name}")
        bot = self.boss.creates_bot(self.ada, name, username)
        told = await self.stage.next_from(self.ada, self.dm)
        assert told.text == f"{name} is @{username} from now on."
        return bot

    def fetches(self) -> int:
        """How often a token was asked for."""
        return len(self.stage.journal.of("getManagedBotToken"))

    def phases(self) -> dict[str, str]:
        return {one.character: one.phase.value for one in self.gateway.health}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Gateway]:
        """One run of the gateway, on the same data every time."""
        async with AsyncExitStack() as stack:
            self.running = gateway = Gateway(
                Settings(self.environment),
                self.plan,
                self.data,
                DOORS,
                models=Models(override=self.model),
            )
            stop = Bell()
            group = await stack.enter_async_context(asyncio.TaskGroup())
            group.create_task(gateway.run(stop))
            stack.callback(stop.ring)
            await gateway.started.wait()
            yield gateway


@asynccontextmanager
async def nursery(data: Path, *, api: str = "10.3", **settings: str) -> AsyncIterator[Nursery]:
    async with Stage(limits=False, api=api) as stage:
        ada = stage.bot("Ada")
        ada.may("managing")
        boss, eve = stage.person("Boss"), stage.person("Eve")
        stage.dm(boss, ada)
        yield Nursery(stage, data, ada, boss, eve, settings=settings)
