"""Composition root: the only file that names concrete classes."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bots import logs
from bots.building import build
from bots.closing import close
from bots.company import Door
from bots.doors import DOORS
from bots.guarded import Guarded
from bots.house import House
from bots.http.metrics import Metrics
from bots.http.plugin_routes import Answering, plugin_routes
from bots.http.server import serve
from bots.links import Off, Plan, PlannedLink
from bots.orders import take_up
from bots.readiness import report
from bots.supervise import Health, Phase
from bots.telegram.webhook import Hooks
from bots.threads import Threads
from bots.voices import voices_of
from bots.wardrobe import Costume
from bots.watchdog import Watchdog
from core.bell import Bell
from core.casting import LoadedCharacter
from core.clock import Clock, SystemClock
from core.errors import ModelError
from core.files import Files
from core.flow.cast import Cast
from core.flow.janitor import Janitor
from core.flow.made_bots import PLATFORM
from core.flow.new_bots import NewBots
from core.flow.patience import PatientStore
from core.flow.tally import Tally
from core.flow.turns import Turns
from core.ids import turn_of
from core.knowledge.reading import Reader
from core.models.prices import USUAL, Prices
from core.models.roles import Models
from core.plugins.equipment_shelf import at_work
from core.ports import Batch, Handler, Store, Unit
from core.settings.layers import Settings
from core.store.engine import SqlStore, database_file, is_server, open_store

log = logging.getLogger(__name__)

_KEEP_LEDGER = timedelta(days=30)
"""Finished rows make a late repeat harmless; Telegram repeats for a day (guarantees A.3)."""
_KEEP_SPENDINGS = timedelta(days=400)
"""A year can be compared with the one before."""
_SWEEP_EVERY = 3600.0
_LOOK_EVERY = 2.0
_LAST_WORDS = 2.0
"""Seconds that listeners and evaluators get at a stop."""


class Gateway:
    """The whole process apart from its command line: links, flow, store and server, one group.

    `settings` are those of the process. `doors` lead to the platforms. `models` takes the place of
    the configured ones in tests. `plugins` are found by their names before any is searched for.
    Whoever `rehearses` has a voice and an ear without any key.
    """

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        data: Path,
        doors: Mapping[str, Door],
        *,
        clock: Clock | None = None,
        models: Models | None = None,
        routes: Iterable[web.AbstractRouteDef] = (),
        notify: str = "",
        chance: random.Random | None = None,
        plugins: Iterable[Any] = (),
        rehearses: bool = False,
    ) -> None:
        self._settings = settings
        self._plan = self._wanted = plan
        self._data = data
        self._doors = doors
        self._clock = clock or SystemClock()
        self._given_models = models
        self._routes = tuple(routes)
        self._notify = notify
        self._chance = chance or random.Random()
        self._plugins = tuple(plugins)
        self._rehearses = rehearses
        self._house: House | None = None
        self._bots_changed = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._hooks = Hooks(self._clock)
        self.cast = Cast()
        self.tally = Tally()
        self.port = 0
        self.started = asyncio.Event()
        """Set once every link has tried to log in for the first time."""

    async def run(self, stop: Bell, hurry: Bell | None = None) -> None:
        """Until `stop` rings; then close in order. Raises BadInput when the port is taken."""
        settings = self._settings
        asyncio.get_running_loop().set_default_executor(Threads(at_work))
        async with AsyncExitStack() as stack:
            self.port = await stack.enter_async_context(
                serve(
                    settings.text("SERVER_HOST"),
                    int(settings.number("SERVER_PORT", 3000)),
                    ready=self.ready,
                    metrics=Metrics(self.tally, self._gauges).page,
                    routes=self._routes,
                    hooks=self._hooks.routes,
                    plugins=plugin_routes(
                        self._answering, lambda: settings.secret("ELIZA_SERVER_AUTH_TOKEN")
                    ),
                )
            )
            opened: SqlStore | None = None
            async with stop.interrupts():  # a database that is away is waited for
                opened = await stack.enter_async_context(
                    open_store(
                        settings.text("DATABASE_URL") or None,
                        self._data,
                        key=settings.secret("TROUPE_SECRET_KEY"),
                        vectors_mb=int(settings.number("TROUPE_VECTORS_MB", 256)),
                    )
                )
            if opened is None:
                return
            session = await stack.enter_async_context(
                aiohttp.ClientSession(
                    # Nobody's cookies are another character's business.
                    connector=aiohttp.TCPConnector(limit=0),
                    cookie_jar=aiohttp.DummyCookieJar(),
                )
            )
            models = self._given_models
            if models is None:
                prices = await _prices(settings)
                models = await stack.enter_async_context(
                    Models(session, clock=self._clock, prices=prices)
                )
            speech = await stack.enter_async_context(
                voices_of(session, models, self._clock, self._data, stands_in=self._rehearses)
            )
            reader = await stack.enter_async_context(Reader())
            group = await stack.enter_async_context(asyncio.TaskGroup())
            house = build(
                settings,
                self.cast,
                PatientStore(opened, self._clock),
                models,
                Files(self._data / "files", Guarded().fetch),
                self._doors,
                session,
                group,
                self.tally,
                self._clock,
                self._chance,
                reader,
                speech,
                self._data,
                self._hooks,
                self._without_bots,
                self._bots_changed.set,
                self._plugins,
                database=_file(settings, self._data),
            )
            await house.acting.load()
            await house.tasks.load()
            await house.new_bots.load()
            self._plan = _completed(self._wanted, house.new_bots)
            house.wardrobe.dress(_everybody(self._plan))
            await house.mind.attend(_everybody(self._plan))
            watchdog = Watchdog(settings.number("TROUPE_WATCHDOG", 5.0), self._notify)
            background = [
                group.create_task(house.mailbox.run(self._told(house.turns))),
                group.create_task(house.after.run()),
                group.create_task(house.tasks.run()),
                group.create_task(house.initiative.run()),
                group.create_task(house.hearsay.run()),
                group.create_task(house.mind.run()),
                group.create_task(house.voices.run()),
                group.create_task(watchdog.run()),
                group.create_task(self._sweep(house.store, house.janitor)),
                group.create_task(house.janitor.run()),
                group.create_task(self._look(house)),
                group.create_task(self._follow_bots()),
            ]
            for planned in self._plan.links:
                house.company.start(planned, house.intake)
            self._house = house  # before its links are there, /ready has nobody to call well
            background.append(group.create_task(self._first_results(house.company.health)))
            background.append(group.create_task(self._warm(models)))
            await stop.heard()
            await self._reloading.acquire()  # for good: whoever came now would never be told to go
            await house.tasks.settle(_LAST_WORDS)
            await close(
                house.company.leaves,
                house.mailbox,
                house.company.outboxes,
                hurry or Bell(),
                stop_patience=settings.number("STOP_PATIENCE", 20.0),
                send_patience=settings.number("SEND_PATIENCE", 5.0),
            )
            await house.after.settle(_LAST_WORDS)
            await house.mind.embedder.stop()
            await house.wardrobe.undress()
            await house.till.settle()
            for task in background:
                task.cancel()

    async def reload(self, plan: Plan) -> None:
        """Take over a new plan: only links whose token changed, came or went are touched."""
        self._wanted = plan
        await self._take_over()
        log.info("settings and characters were read again")

    async def _take_over(self) -> None:
        async with self._reloading:
            house, plan = self._house, self._wanted
            if house is not None:
                plan = _completed(plan, house.new_bots)
                house.wardrobe.dress(_everybody(plan))
                await house.mind.attend(_everybody(plan))
                await house.company.reload(plan.links, house.intake)
            self._plan = plan

    def _told(self, turns: Turns) -> Handler:
        """Every log line of a turn names its character and its message."""

        async def handle(batch: Batch) -> None:
            part = self.cast.on(batch.address.account)
            who = part.character.name if part else batch.address.account
            with logs.log_scope(character=who, turn=turn_of(batch.items[-1].id)):
                await turns(batch)

        return handle

    # --- in the background ---------------------------------------------------------------------

    async def _follow_bots(self) -> None:
        """Whoever was given a bot logs in, whoever has lost hers goes; the others notice nothing."""
        while True:
            await self._bots_changed.wait()
            self._bots_changed.clear()
            await self._take_over()

    def _without_bots(self) -> Sequence[LoadedCharacter]:
        off = (one for one in self._plan.off if one.free and one.platform == PLATFORM)
        return [one.character for one in off]

    async def _first_results(self, health: Sequence[Health]) -> None:
        for one in health:
            await one.changed.wait()
        self._hooks.complete()
        self.started.set()

    async def _warm(self, models: Models) -> None:
        """Load what the first model call would have to wait for, once for each account."""
        for planned in self._plan.links:
            try:
                await models.warm(planned.settings)
            except ModelError as error:  # her turns will say so; it is nobody else's matter
                log.warning("%s has no model yet: %s", planned.character.name, error)

    async def _look(self, house: House) -> None:
        """Touch the database now and then, so that /ready knows of its trouble before people do;
        and see what an operator wants done."""
        while True:
            await self._clock.sleep(_LOOK_EVERY)
            await house.store.write(lambda unit: None)
            await take_up(self._data, house.orders, self._clock)

    async def _sweep(self, store: Store, janitor: Janitor) -> None:
        """Finished rows of both ledgers go after 30 days, files after one."""
        while True:
            now = self._clock.now()
            await store.write(partial(_forget, before=now - _KEEP_LEDGER, now=now))
            await janitor.sweep()
            await self._clock.sleep(_SWEEP_EVERY)

    # --- telling -------------------------------------------------------------------------------

    @property
    def health(self) -> Sequence[Health]:
        return self._house.company.health if self._house else []

    @property
    def links(self) -> Sequence[PlannedLink]:
        return self._plan.links

    @property
    def off(self) -> Sequence[Off]:
        return self._plan.off

    def ready(self) -> dict[str, Any]:
        """What /ready says."""
        house = self._house
        return report(
            self.health,
            self._plan.off,
            failing=self.tally.failing,
            plugins=house.wardrobe.troubles if house else {},
            trouble=house.store.trouble if house else "the database is not open yet",
            open_now=house.mailbox.open if house else 0,
            owed=house.company.owed if house else 0,
            busy=house.progress if house else (),
            voices=house.voices.states() if house else (),
            voices_failing=self.tally.voices_failing,
        )

    def _answering(self) -> Iterable[Answering]:
        for one in self._house.wardrobe if self._house else ():
            if routes := one.repertoire.routes:
                yield Answering(one.loaded.id, one.loaded.name, routes, partial(_runtime_of, one))

    def _gauges(self) -> dict[str, float]:
        gauges: dict[str, float] = {
            "troupe_tasks": len(asyncio.all_tasks()),
            "troupe_links_live": sum(1 for one in self.health if one.phase is Phase.LIVE),
        }
        if house := self._house:
            gauges |= {
                "troupe_messages_open": house.mailbox.open,
                "troupe_turns_running": house.mailbox.running,
                "troupe_deliveries_owed": house.company.owed,
                "troupe_doubles_dropped": house.intake.doubles,
                "troupe_webhooks_put_off": self._hooks.put_off,
                "troupe_webhooks_refused": self._hooks.refused,
            }
        return gauges


async def _prices(settings: Settings) -> Prices:
    """Raises BadInput for a file of the operator's that is none."""
    own = settings.text("MODEL_PRICES")
    return await asyncio.to_thread(USUAL.overlaid, Path(own)) if own else USUAL


def _file(settings: Settings, data: Path) -> Path | None:
    """The database, where it is a file."""
    url = settings.text("DATABASE_URL") or None
    return None if url and is_server(url) else database_file(url, data)


def _runtime_of(costume: Costume) -> Any:
    return costume.runtime


def _completed(plan: Plan, new_bots: NewBots) -> Plan:
    """With the bots that were made by a command, for those for whom nothing is set."""
    whole = plan.completed(new_bots.tokens)
    for finding in whole.findings:
        if finding not in plan.findings:
            log.error("%s", finding)
    return whole


def _everybody(plan: Plan) -> Iterable[tuple[LoadedCharacter, Settings]]:
    """Once each, on however many platforms they are."""
    return {one.character.id: (one.character, one.settings) for one in plan.links}.values()


def _forget(unit: Unit, *, before: datetime, now: datetime) -> None:
    unit.inbox.forget(before)
    unit.deliveries.forget(before)
    unit.steps.forget(before)
    unit.cache.forget(now)
    unit.spendings.forget(now - _KEEP_SPENDINGS)


__all__ = ["DOORS", "Gateway"]
