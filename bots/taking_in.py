"""Taking documents in without a gateway: the same librarian, for as long as that lasts."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import aiohttp
from rich.console import Console

from bots.bars import bar
from bots.knowing import House
from bots.links import settings_of
from core.clock import SystemClock
from core.events import Events
from core.flow.after import After
from core.flow.tally import Tally
from core.flow.till import Billed, Till
from core.ids import CharacterId
from core.knowledge.ingest import Librarian
from core.knowledge.learning import Learning
from core.knowledge.reading import Reader
from core.models.roles import Models
from core.ports import ModelRoles
from core.settings.layers import Settings
from core.store.engine import open_store


async def take_in(house: House, owner: CharacterId, console: Console, title: str) -> None:
    """What a gateway would take in and forget by itself; the data directory is held meanwhile."""
    clock, settings = SystemClock(), Settings(house.environment)
    async with AsyncExitStack() as stack:
        key = settings.secret("TROUPE_SECRET_KEY")
        store = await stack.enter_async_context(open_store(house.url, house.own, key=key))
        reader = await stack.enter_async_context(Reader())
        session = await stack.enter_async_context(aiohttp.ClientSession())
        models = await stack.enter_async_context(Models(session))
        till = Till(models, store, Tally(), After(clock), clock)

        def models_of(whose: CharacterId, chosen: Settings) -> ModelRoles:
            return Billed(models, till, whose, house.names.get(whose, ""), Events())

        learning = Learning(store, reader, clock, models_of, settings)
        librarian = Librarian(store, learning, clock, settings, house.own)
        everybody = settings_of(house.roster, house.environment)
        await librarian.tend([(one, chosen) for one, chosen in everybody if one.id == owner])
        group = await stack.enter_async_context(asyncio.TaskGroup())
        work = group.create_task(librarian.run())
        await librarian.look()
        with bar(console, title, 0) as show:
            while found := next(iter(librarian.progress().values()), None):
                show(found.done, found.all, found.title)
                await clock.sleep(0.1)
        await librarian.idle()
        work.cancel()
