"""Read back what was said in channels before its character came: slowly, once, to be remembered.

What was missed while nobody listened is another matter, and answered: see `backlog`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import discord

from bots.discord.envelope import envelope, snowflake
from bots.discord.patience import NO_TEXT, PAGE, Unread, patiently
from bots.discord.quota import Quota
from bots.discord.walls import Walls
from core.clock import Clock
from core.errors import LinkRejected
from core.ids import Account
from core.messages import Kind, Received
from core.ports import Chronicle, Intake

log = logging.getLogger(__name__)

_MOST = 5_000
"""Messages of one channel: they are held together until they are stored together."""
_EVERY = 0.25
"""Seconds between two requests; and none at all while others are many."""
_LOOK_AGAIN = 30.0
"""Seconds after which channels are looked for that have come, or opened, since."""
_WAITS = 0.5


@dataclass(frozen=True, slots=True)
class _Room:
    id: int
    guild: int
    below: int
    last: int


class History:
    """One account's; `most` messages of each channel, 0 for none.

    A server's channels are planned before any is read, and the plan is kept: what is said in them
    meanwhile does not make them known, and a channel is done only once its past is stored.
    """

    def __init__(
        self,
        client: discord.Client,
        walls: Walls,
        quota: Quota,
        account: Account,
        clock: Clock,
        chronicle: Chronicle | None,
        most: int,
    ) -> None:
        self._client = client
        self._walls = walls
        self._quota = quota
        self._account = account
        self._clock = clock
        self._chronicle = chronicle
        self._most = min(most, _MOST)
        self._look = asyncio.Event()
        self._plans: dict[int, dict[int, int]] = {}
        """Of each server its rooms, as `Chronicle.planned` tells of them."""
        self._left_alone: set[int] = set()
        """Rooms that refused us or could not be read; a later process asks them again."""
        self._since = 0
        """The newest message when it was first looked round: what began later was all heard."""
        self._told: Counter[str] = Counter()

    def look(self) -> None:
        """There may be a server that was not there before."""
        self._look.set()

    async def keep_up(self, intake: Intake) -> None:
        """Until cancelled; whatever goes wrong with it costs nobody the line."""
        if self._chronicle is None or self._most <= 0:
            return
        # Before anything new is stored: afterwards every room that is alive would be known.
        known = frozenset(await intake.newest(self._account))
        while True:
            while not self._walls.looked_round:
                await self._clock.sleep(_WAITS)
            self._look.clear()
            try:
                await self._round(self._chronicle, known)
            except LinkRejected:
                raise
            except Exception:  # the wall round what nobody waits for
                log.exception("%s: what was said before could not be read", self._account)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN):
                    await self._look.wait()

    async def _round(self, chronicle: Chronicle, known: frozenset[str]) -> None:
        rooms: list[_Room] = []
        self._since = self._since or self._newest()
        for guild in list(self._walls.servers()):
            rooms += await self._planned(chronicle, guild, known)
            await asyncio.sleep(0)
        rooms.sort(key=attrgetter("last"), reverse=True)
        self._told.clear()
        try:
            for done, room in enumerate(rooms):
                chronicle.tell(done, len(rooms))
                await self._read_back(chronicle, room)
        finally:
            chronicle.tell(0, 0)
        if rooms:
            log.info(
                "%s: %d messages from before it came are remembered, of %d rooms; left alone: %d",
                self._account,
                self._told["new"],
                len(rooms),
                self._told["left alone"],
            )

    # --- which rooms ---------------------------------------------------------------------------

    def _newest(self) -> int:
        return max(
            (_last(one) for guild in self._walls.servers() for one in _rooms(guild)), default=1
        )

    async def _planned(
        self, chronicle: Chronicle, guild: discord.Guild, known: frozenset[str]
    ) -> list[_Room]:
        """What is still to be read of a server; rooms that are new in it are written down first."""
        plan = self._plans.get(guild.id)
        if plan is None:
            told = await chronicle.planned(str(guild.id))
            plan = self._plans[guild.id] = {int(room): below for room, below in told.items()}
        here = {one.id: one for one in _rooms(guild) if one.type.value not in NO_TEXT}
        heard_since = max(self._since, self._walls.joined.get(guild.id, 0))
        new = {
            number: _below(one, known, heard_since)
            for number, one in here.items()
            if number not in plan and number not in self._left_alone and _may_read(guild, one)
        }
        if new:
            told = await chronicle.plan(
                str(guild.id), {str(room): below for room, below in new.items()}
            )
            plan |= {int(room): below for room, below in told.items()}
        return [
            _Room(number, guild.id, below, _last(here[number]))
            for number, below in plan.items()
            if below and number in here and number not in self._left_alone
        ]

    # --- one room ------------------------------------------------------------------------------

    async def _read_back(self, chronicle: Chronicle, room: _Room) -> None:
        said = await self._read(room)
        if said is None:
            self._left_alone.add(room.id)
            self._told["left alone"] += 1
            return
        self._told["new"] += await chronicle.remember(str(room.guild), str(room.id), said)
        self._plans[room.guild][room.id] = 0

    async def _read(self, room: _Room) -> list[Received] | None:
        """The newest that were said, oldest first; None where we may not look."""
        found: list[Received] = []
        whole = {"guild_id": str(room.guild)}
        below, left = room.below, self._most
        while left > 0 and below > 1:
            page = await self._page(room.id, min(PAGE, left), below)
            if page is None:
                return None
            said = [one for one in page if isinstance(one, dict) and snowflake(one.get("id"))]
            found += [
                envelope("MESSAGE_CREATE", one, self._walls.scene(one, whole), self._account)
                for one in said
            ]
            left -= len(page)
            lowest = min((int(snowflake(one["id"])) for one in said), default=0)
            if len(page) < PAGE or not 0 < lowest < below:
                break
            below = lowest
        return sorted(
            (one for one in found if one.kind is Kind.MESSAGE and one.address.room == str(room.id)),
            key=attrgetter("seq"),
        )

    async def _page(self, room: int, size: int, below: int) -> list[Any] | None:
        ask = self._client.http.logs_from
        answer = await self._asked(lambda: ask(room, size, before=below))
        return answer if isinstance(answer, list) else None

    async def _asked(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """None where we may not look, or where Discord's answer makes no sense to the last."""
        answer = await patiently(ask, self._clock, self._leisure)
        return None if isinstance(answer, Unread) else answer

    async def _leisure(self) -> None:
        await self._clock.sleep(_EVERY)
        while not self._quota.at_leisure:
            await self._clock.sleep(_EVERY)


def _rooms(guild: discord.Guild) -> list[Any]:
    return [*guild.channels, *guild.threads]


def _last(room: Any) -> int:
    """The newest message in it, as the server told when the session began."""
    return getattr(room, "last_message_id", None) or 0


def _below(room: Any, known: frozenset[str], heard_since: int) -> int:
    if str(room.id) in known or room.id > heard_since:
        return 0
    return _last(room) + 1 if _last(room) else 0


def _may_read(guild: discord.Guild, room: Any) -> bool:
    """As far as that is known without asking: a refusal is held against the whole host."""
    if guild.me is None:
        return True
    try:
        may = room.permissions_for(guild.me)
    except discord.ClientException:
        return False  # a thread whose channel is not shown to us
    return bool(may.view_channel and may.read_message_history)
