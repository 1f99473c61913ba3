"""Brings updates to a bot's own address: each chat in order, again and again until it says yes."""

import asyncio
import logging
import random
import time
from collections import deque
from dataclasses import dataclass, field

import aiohttp

from bots.sandbox.desks import Desk, Webhook
from bots.sandbox.journal import Call, Journal
from bots.sandbox.queue import Update
from bots.sandbox.world import World

log = logging.getLogger(__name__)
_LONGEST_RETRY_AFTER = 3600.0
_PATIENCE = 60.0


@dataclass(slots=True, eq=False)
class _Lanes:
    """One webhook's deliveries: a line of updates for each chat, and the tasks that work them off."""

    hook: Webhook
    room: asyncio.Semaphore
    lines: dict[str, deque[Update]] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class Deliverer:
    """Delivers for every bot that has a webhook; runs inside the stage's task group."""

    def __init__(
        self, world: World, journal: Journal, tasks: asyncio.TaskGroup, first_retry: float
    ) -> None:
        self._world = world
        self._journal = journal
        self._tasks = tasks
        self._first_retry = first_retry
        self._lanes: dict[int, _Lanes] = {}
        self._session: aiohttp.ClientSession | None = None

    def change(self, desk: Desk) -> None:
        """A webhook was set or taken away: start over with everything that is still unconfirmed."""
        self._stop(self._lanes.pop(desk.bot.id, None))
        if desk.webhook is None:
            return
        room = asyncio.Semaphore(desk.webhook.max_connections)
        self._lanes[desk.bot.id] = _Lanes(desk.webhook, room)
        for update in desk.queue:
            self.post(desk, update)

    def post(self, desk: Desk, update: Update) -> None:
        """Put an update at the end of its chat's line."""
        lanes = self._lanes.get(desk.bot.id)
        if lanes is None:
            return
        line = lanes.lines.get(update.place)
        if line is not None:
            line.append(update)
            return
        lanes.lines[update.place] = deque([update])
        task = self._tasks.create_task(self._work(desk, lanes, update.place))
        lanes.tasks.add(task)
        task.add_done_callback(lanes.tasks.discard)

    async def _work(self, desk: Desk, lanes: _Lanes, place: str) -> None:
        line = lanes.lines[place]
        while line:
            update = line[0]
            pause = self._first_retry
            while update.expires > self._world.now():
                async with lanes.room:
                    asked_to_wait = await self._deliver(desk, lanes.hook, update)
                if asked_to_wait is None:
                    break
                if asked_to_wait:
                    await asyncio.sleep(asked_to_wait)
                else:
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, random.uniform(60.0, 120.0))
            fact = {"fact": "taken", "bot": desk.bot.id, "update": update.id}
            self._world.commit(fact)
            line.popleft()
        del lanes.lines[place]

    async def _deliver(self, desk: Desk, hook: Webhook, update: Update) -> float | None:
        """Try once; None when accepted, else how long the other side asked us to wait (0: not said)."""
        headers = {"Content-Type": "application/json"}
        if hook.secret is not None:
            headers["X-Telegram-Bot-Api-Secret-Token"] = hook.secret
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_PATIENCE)
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(timeout=timeout, connector=connector)
        call = Call(
            desk.bot.id, "webhook", {}, time.monotonic(), time.monotonic_ns(), source="stage"
        )
        self._journal.open(call)
        try:
            async with self._session.post(
                hook.url, data=update.body, headers=headers, allow_redirects=False
            ) as answer:
                call.status, call.done = answer.status, time.monotonic()
                if 200 <= answer.status < 300:
                    return None
                hook.error = f"Wrong response from the webhook: {answer.status} {answer.reason}"
                wait = _seconds(answer.headers.get("Retry-After"))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            hook.error = (
                "Read timeout expired" if isinstance(error, TimeoutError) else "Connection refused"
            )
            wait = 0.0
        hook.error_at = self._world.now()
        return wait

    def _stop(self, lanes: _Lanes | None) -> None:
        for task in lanes.tasks if lanes is not None else ():
            task.cancel()

    async def aclose(self) -> None:
        for lanes in self._lanes.values():
            self._stop(lanes)
        self._lanes.clear()
        if self._session is not None:
            await self._session.close()


def _seconds(value: str | None) -> float:
    try:
        return min(float(value or 0), _LONGEST_RETRY_AFTER)
    except ValueError:
        return 0.0
