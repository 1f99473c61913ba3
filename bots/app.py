"""Composition root: the only file that names concrete classes."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bots import logs
from bots.closing import close
from bots.http.metrics import Metrics
from bots.http.server import serve
from bots.links import Off, Plan, PlannedLink
from bots.readiness import report
from bots.supervise import Health, Leave, Phase, keep_link
from bots.watchdog import Watchdog
from core.bell import Bell
from core.clock import Clock, SystemClock
from core.errors import BadInput, LinkRejected, ModelError
from core.flow.cast import Cast, Part, policy_of
from core.flow.intake import Intake
from core.flow.mailbox import Mailbox
from core.flow.outbox import Outbox
from core.flow.pace import pace_of
from core.flow.patience import PatientStore
from core.flow.presence import Presence
from core.flow.records import Records
from core.flow.tally import Tally
from core.flow.turns import Turns
from core.ids import Account, CharacterId, turn_of
from core.memory.recall import Recent
from core.messages import Delivery, DeliveryStatus
from core.models.roles import Models
from core.ports import Batch, Handler, Limits, ModelRoles, Platform, Unit
from core.providers import BUILT_IN
from core.settings.layers import Settings
from core.store.engine import open_store

log = logging.getLogger(__name__)

_KEEP_LEDGER = timedelta(days=30)
"""Finished rows make a late repeat harmless; Telegram repeats for a day (guarantees A.3)."""
_SWEEP_EVERY = 3600.0
_LOOK_EVERY = 2.0

Opener = Callable[[PlannedLink, aiohttp.ClientSession, Clock], Platform]


@dataclass(slots=True)
class _Running:
    planned: PlannedLink
    health: Health
    leave: Leave
    task: asyncio.Task[None]


class Gateway:
    """The whole process apart from its command line: links, flow, store and server, one group.

    `settings` are those of the process. `openers` make a platform of a planned link. `models`
    takes the place of the configured ones in tests.
    """

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        data: Path,
        openers: dict[str, Opener],
        *,
        clock: Clock | None = None,
        models: ModelRoles | None = None,
        routes: Iterable[web.AbstractRouteDef] = (),
        notify: str = "",
        chance: random.Random | None = None,
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._data = data
        self._openers = openers
        self._clock = clock or SystemClock()
        self._given_models = models
        self._routes = tuple(routes)
        self._notify = notify
        self._chance = chance or random.Random()
        self._links: dict[tuple[CharacterId, str], _Running] = {}
        self._outboxes: dict[Account, Outbox] = {}
        self._taken_up: set[Account] = set()
        self._limits: dict[str, Limits] = {}
        self._store: PatientStore | None = None
        self._intake: Intake | None = None
        self._mailbox: Mailbox | None = None
        self._group: asyncio.TaskGroup | None = None
        self._session: aiohttp.ClientSession | None = None
        self.cast = Cast()
        self.tally = Tally()
        self.port = 0
        self.started = asyncio.Event()
        """Set once every link has tried to log in for the first time."""

    # --- running -------------------------------------------------------------------------------

    async def run(self, stop: Bell, hurry: Bell | None = None) -> None:
        """Until `stop` rings; then close in order. Raises BadInput when the port is taken."""
        settings = self._settings
        async with AsyncExitStack() as stack:
            self.port = await stack.enter_async_context(
                serve(
                    settings.text("SERVER_HOST"),
                    int(settings.number("SERVER_PORT", 3000)),
                    ready=self.ready,
                    metrics=Metrics(self.tally, self._gauges).page,
                    routes=self._routes,
                )
            )
            self._store = PatientStore(
                await stack.enter_async_context(
                    open_store(
                        settings.text("DATABASE_URL") or None,
                        self._data,
                        key=settings.secret("TROUPE_SECRET_KEY"),
                    )
                ),
                self._clock,
            )
            self._session = await stack.enter_async_context(
                aiohttp.ClientSession(
                    # Nobody's cookies are another character's business.
                    connector=aiohttp.TCPConnector(limit=0),
                    cookie_jar=aiohttp.DummyCookieJar(),
                )
            )
            models = self._given_models
            if models is None:
                models = await stack.enter_async_context(Models(self._session))
            turns = self._assemble(models)
            group = await stack.enter_async_context(asyncio.TaskGroup())
            self._group = group
            assert self._mailbox is not None
            watchdog = Watchdog(settings.number("TROUPE_WATCHDOG", 5.0), self._notify)
            background = [
                group.create_task(self._mailbox.run(self._told(turns))),
                group.create_task(watchdog.run()),
                group.create_task(self._sweep()),
                group.create_task(self._look()),
            ]
            for planned in self._plan.links:
                self._start(planned)
            background.append(group.create_task(self._first_results()))
            if isinstance(models, Models):
                background.append(group.create_task(self._warm(models)))
            await stop.heard()
            await close(
                [one.leave for one in self._links.values()],
                self._mailbox,
                list(self._outboxes.values()),
                hurry or Bell(),
                stop_patience=settings.number("STOP_PATIENCE", 20.0),
                send_patience=settings.number("SEND_PATIENCE", 5.0),
            )
            for task in background:
                task.cancel()

    def _assemble(self, models: ModelRoles) -> Turns:
        assert self._store is not None
        settings, store, clock = self._settings, self._store, self._clock
        self._mailbox = Mailbox(
            store, self.cast.keeps, at_once=int(settings.number("TROUPE_TURNS_AT_ONCE", 256))
        )
        self._intake = Intake(
            store,
            self._mailbox,
            clock,
            most_open=int(settings.number("TROUPE_MAX_OPEN", 20_000)),
            owed=lambda: sum(outbox.owed for outbox in self._outboxes.values()),
        )
        return Turns(
            self.cast,
            store,
            Presence(store),
            Recent(store),
            models,
            BUILT_IN,
            clock,
            self.tally,
            Records(logs.chat_line, logs.prompt_entry),
        )

    def _told(self, turns: Turns) -> Handler:
        """Every log line of a turn names its character and its message."""

        async def handle(batch: Batch) -> None:
            part = self.cast.on(batch.address.account)
            who = part.character.name if part else batch.address.account
            with logs.log_scope(character=who, turn=turn_of(batch.items[-1].id)):
                await turns(batch)

        return handle

    # --- links ---------------------------------------------------------------------------------

    def _start(self, planned: PlannedLink) -> None:
        assert self._group is not None
        assert self._intake is not None
        assert self._session is not None
        session = self._session
        health = Health(planned.character.name, planned.platform)
        leave = Leave()
        outbox = self._outbox(planned)
        opener = self._openers[planned.platform]

        async def entered(platform: Platform) -> None:
            # Her link outlives what she was when it started: a reload may have come between.
            now = self._links[planned.character.id, planned.platform].planned
            await self._entered(now, platform, outbox)

        task = self._group.create_task(
            keep_link(
                lambda: opener(planned, session, self._clock),
                outbox,
                self._intake,
                health,
                entered,
                leave,
                self._clock,
                self._chance,
            )
        )
        self._links[planned.character.id, planned.platform] = _Running(planned, health, leave, task)

    async def _entered(self, planned: PlannedLink, platform: Platform, outbox: Outbox) -> None:
        """A character has logged in: take up what it owes and what was said to it."""
        assert self._intake is not None
        loaded = planned.character
        try:
            policy = policy_of(loaded.character, planned.settings)
        except BadInput as error:  # trying again would find the same
            raise LinkRejected(str(error)) from None
        self.cast.enter(
            Part(
                id=loaded.id,
                character=loaded.character,
                settings=planned.settings,
                platform=platform,
                outbox=outbox,
                policy=policy,
            )
        )
        if planned.account not in self._taken_up:
            self._taken_up.add(planned.account)
            await outbox.load()
        await self._intake.replay(planned.account)

    def _outbox(self, planned: PlannedLink) -> Outbox:
        """One for an account, however often its link is made anew."""
        assert self._store is not None
        outbox = self._outboxes.get(planned.account)
        if outbox is None:
            outbox = self._outboxes[planned.account] = Outbox(
                planned.account,
                self._store,
                self._clock,
                pace_of(planned.platform, self._settings, self._clock.monotonic),
                _limits(planned.platform),
                repeats_uncertain=lambda: self._repeats_uncertain(planned.account),
                settled=self._settled,
            )
        return outbox

    def _repeats_uncertain(self, account: Account) -> bool:
        part = self.cast.on(account)
        return part is None or part.settings.flag("TROUPE_RESEND_UNCERTAIN", True)

    def _settled(self, delivery: Delivery, status: DeliveryStatus) -> None:
        self.tally.deliveries[delivery.address.platform, status.value] += 1

    async def _warm(self, models: Models) -> None:
        """Load what the first model call would have to wait for, once for each account."""
        for planned in self._plan.links:
            try:
                await models.warm(planned.settings)
            except (
                ModelError
            ) as error:  # her turns will say so; the others have nothing to do with it
                log.warning("%s has no model yet: %s", planned.character.name, error)

    async def _first_results(self) -> None:
        for one in list(self._links.values()):
            await one.health.changed.wait()
        self.started.set()

    async def reload(self, plan: Plan) -> None:
        """Take over a new plan: only links whose token changed, came or went are touched."""
        wanted = {(one.character.id, one.platform): one for one in plan.links}
        for key, running in list(self._links.items()):
            planned = wanted.get(key)
            same = planned is not None and planned.token == running.planned.token
            if same and not running.task.done():
                assert planned is not None
                self._recast(running, planned)
                del wanted[key]
                continue
            running.leave.listening.ring()
            running.leave.sending.ring()
            await asyncio.wait([running.task])
            del self._links[key]
            if planned is None or planned.account != running.planned.account:
                self._dismiss(running.planned.account)
        for planned in wanted.values():
            self._start(planned)
        self._plan = plan
        log.info("settings and characters were read again")

    def _dismiss(self, account: Account) -> None:
        """What is open there stays in the ledgers, until somebody plays on it again."""
        self.cast.leave(account)
        self._taken_up.discard(account)
        self._outboxes.pop(account, None)

    def _recast(self, running: _Running, planned: PlannedLink) -> None:
        try:
            policy = policy_of(planned.character.character, planned.settings)
        except BadInput as error:
            for finding in error.findings:
                log.error("not taken over, the old version stays: %s", finding)
            return
        running.planned = planned
        part = self.cast.on(planned.account)
        if part is not None:
            character, settings = planned.character.character, planned.settings
            self.cast.enter(replace(part, character=character, settings=settings, policy=policy))

    # --- telling -------------------------------------------------------------------------------

    @property
    def health(self) -> Sequence[Health]:
        return [one.health for one in self._links.values()]

    @property
    def off(self) -> Sequence[Off]:
        return self._plan.off

    def ready(self) -> dict[str, Any]:
        """What /ready says."""
        return report(
            self.health,
            self._plan.off,
            failing=self.tally.failing,
            trouble=self._store.trouble if self._store else "the database is not open yet",
            open_now=self._mailbox.open if self._mailbox else 0,
            owed=sum(outbox.owed for outbox in self._outboxes.values()),
        )

    def _gauges(self) -> dict[str, float]:
        mailbox, intake = self._mailbox, self._intake
        return {
            "troupe_messages_open": mailbox.open if mailbox else 0,
            "troupe_turns_running": mailbox.running if mailbox else 0,
            "troupe_deliveries_owed": sum(outbox.owed for outbox in self._outboxes.values()),
            "troupe_doubles_dropped": intake.doubles if intake else 0,
            "troupe_tasks": len(asyncio.all_tasks()),
            "troupe_links_live": sum(1 for one in self.health if one.phase is Phase.LIVE),
        }

    async def _look(self) -> None:
        """Touch the database now and then, so that /ready knows of its trouble before people do."""
        assert self._store is not None
        while True:
            await self._clock.sleep(_LOOK_EVERY)
            await self._store.write(lambda unit: None)

    async def _sweep(self) -> None:
        """The janitor: finished rows of both ledgers go after 30 days."""
        assert self._store is not None
        while True:
            before = self._clock.now() - _KEEP_LEDGER
            await self._store.write(partial(_forget, before=before))
            await self._clock.sleep(_SWEEP_EVERY)


def _forget(unit: Unit, *, before: datetime) -> None:
    unit.inbox.forget(before)
    unit.deliveries.forget(before)


def _limits(platform: str) -> Limits:
    match platform:
        case "telegram":
            from bots.telegram.client import TelegramLink

            return TelegramLink.limits
        case _:
            raise ValueError(platform)


def open_telegram(planned: PlannedLink, session: aiohttp.ClientSession, clock: Clock) -> Platform:
    """Imported when the first Telegram link starts, not before."""
    from bots.telegram.client import TelegramLink

    return TelegramLink(
        planned.token,
        api_root=planned.settings.text("TELEGRAM_API_ROOT"),
        session=session,
        clock=clock,
    )


OPENERS: dict[str, Opener] = {"telegram": open_telegram}
