"""Read back what was said while nobody listened: Discord repeats nothing to a new session."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import discord

from bots.discord.envelope import envelope
from bots.discord.heard import Heard
from bots.discord.members import Members
from bots.discord.patience import NO_TEXT, PAGE, Unread, patiently
from bots.discord.quota import Quota
from bots.discord.sharded import Sharded
from bots.discord.telling import tell
from bots.discord.walls import Walls
from core.clock import Clock
from core.ids import Account
from core.messages import Received
from core.ports import Intake

log = logging.getLogger(__name__)

_DIRECT_ROOMS = 300
_AT_ONCE = 4
_REFUSALS = 20
"""Rooms that may refuse us before the rest of the unknown ones is left alone."""
_SLACK = 10_000 << 22
"""Ten seconds of Discord's numbers: what two channels say need not come in their order."""
_ALL_LINES = 60.0
"""Seconds after which a line that is not in yet is no longer waited for."""
_LAST_SERVER = 2.0
"""Seconds after which a server that was announced is no longer waited for."""
_CHUNK = 200


_A_WHILE = 40
"""Servers whose channels are gone through at a stretch."""


@dataclass(frozen=True, slots=True)
class _Room:
    id: int
    after: int
    guild: int | None


@dataclass(slots=True)
class _Scope:
    """Where a look round is due: in whole shards, and in servers that came late."""

    shards: set[int] = field(default_factory=set)
    servers: set[int] = field(default_factory=set)

    def add(self, other: _Scope) -> None:
        self.shards |= other.shards
        self.servers |= other.servers


class Backlog:
    """One account's look round after each new session."""

    def __init__(
        self,
        client: Sharded,
        walls: Walls,
        heard: Heard,
        quota: Quota,
        account: Account,
        clock: Clock,
    ) -> None:
        self._client = client
        self._walls = walls
        self._heard = heard
        self._quota = quota
        self._account = account
        self._clock = clock
        self._due = asyncio.Event()
        self._scope = _Scope()
        self._server = asyncio.Event()
        self._first: int | None = None
        self.on_late_server: Callable[[], None] = lambda: None
        self.members: Members | None = None
        """Where it matters who has which role: what is read back does not tell."""
        self.settled = asyncio.Event()
        """Every line is in, or is not waited for: so that nothing newer is stored before what one
        of them has missed."""
        self._result: Counter[str] = Counter()
        self._cut: list[int] = []

    def begin(self, shard: int = 0) -> None:
        """A new session: hold what it tells until what came before is stored."""
        self._heard.shut()
        self._scope.shards.add(shard)
        self._due.set()

    def came_late(self, server: int) -> None:
        """One that was away until now, or has just invited us."""
        self._heard.shut()
        self._scope.servers.add(server)
        self._due.set()
        self.on_late_server()

    def server_came(self) -> None:
        self._server.set()

    async def keep_up(self, intake: Intake) -> None:
        """Look round whenever a session begins; until cancelled."""
        while True:
            await self._due.wait()
            try:
                async with asyncio.timeout(_ALL_LINES):
                    await self.settled.wait()
            except TimeoutError:
                log.warning("%s: not all connections stand; it goes on", self._account)
            self._due.clear()
            scope, self._scope = self._scope, _Scope()
            done = False
            try:
                done = await self._look_round(scope, intake)
            finally:
                if not done:  # the line broke in between; the next one takes it up
                    self._heard.shut()
                    self._scope.add(scope)
                    self._due.set()

    async def _look_round(self, scope: _Scope, intake: Intake) -> bool:
        """False when another session has begun meanwhile, with a gap before it that is not read."""
        await self._servers()
        self._client.all_here()
        newest = await intake.newest(self._account)
        if self._first is None:
            self._first = max(newest.values(), default=0)
        self._result, self._cut = Counter(), []
        if self.members is not None:
            self.members.forget()
        known, unknown = await self._rooms(newest, scope) if newest else ([], [])
        await self._meet(unknown, intake)
        if self._due.is_set():
            return False
        self._walls.changed.clear()
        servers, mark = await self._mark(newest, scope, intake)
        if self._due.is_set():
            return False
        self._walls.looked_round = True
        self._heard.open(str(room.id) for room in known)
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(
                tell(servers, mark, self._walls, intake, self._clock, self._due)
            )
            await self._side_by_side(known, intake)
        self._scope.servers.update(one.id for one in telling.result())
        self._tell(len(known) + len(unknown))
        return True

    async def _servers(self) -> None:
        """Wait until the servers that READY has named are here; some are away for hours."""
        while self._walls.awaited:
            self._server.clear()
            try:
                async with asyncio.timeout(_LAST_SERVER):
                    await self._server.wait()
            except TimeoutError:
                break

    async def _rooms(
        self, newest: Mapping[str, int], scope: _Scope
    ) -> tuple[list[_Room], list[_Room]]:
        """Those to be read that were heard before, the newest first, and those never heard."""
        known: list[tuple[int, _Room]] = []
        unknown: list[_Room] = []
        # What is no channel of a server is a direct chat; Discord has no list of those.
        elsewhere = {int(room): after for room, after in newest.items() if room.isdecimal()}
        async for guild in self._in_turn(self._walls.servers()):
            rooms = (*guild.channels, *guild.threads)
            elsewhere.pop(guild.id, None)
            for room in rooms:
                elsewhere.pop(room.id, None)
            if not self._concerns(scope, guild.id):
                continue
            since = self._since(guild.id, newest)
            for room in rooms:
                last = getattr(room, "last_message_id", None) or 0
                after = newest.get(str(room.id))
                if room.type.value in NO_TEXT or last <= (since if after is None else after):
                    continue
                if after is None:
                    unknown.append(_Room(room.id, since, guild.id))
                else:
                    known.append((last, _Room(room.id, after, guild.id)))
        if 0 in scope.shards:
            direct = sorted(elsewhere.items(), key=lambda it: -it[1])[:_DIRECT_ROOMS]
            known += [(after, _Room(room, after, None)) for room, after in direct]
        known.sort(key=lambda it: -it[0])
        return [room for _, room in known], unknown

    def _concerns(self, scope: _Scope, guild: int) -> bool:
        return self._client.shard_of(guild) in scope.shards or guild in scope.servers

    def _since(self, guild: int, newest: Mapping[str, int]) -> int:
        """What was heard of a server's other rooms, at least.

        With several lines the newest of all may have been heard while this server's was away.
        """
        reached = self._walls.reached.get(self._client.shard_of(guild), self._first or 0)
        # Where nothing had ever been heard when we came, nothing has been missed.
        highest = min(max(newest.values()), reached) if reached else max(newest.values())
        # What was said in the very millisecond in which we came was said to us as well.
        return max(highest - _SLACK, (self._walls.joined.get(guild, 0) >> 22 << 22) - 1)

    @staticmethod
    async def _in_turn(servers: Iterable[discord.Guild]) -> AsyncIterator[discord.Guild]:
        """So that thousands of servers hold nobody up."""
        for number, guild in enumerate(servers):
            if number % _A_WHILE == 0:
                await asyncio.sleep(0)
            yield guild

    async def _meet(self, rooms: list[_Room], intake: Intake) -> None:
        """Rooms never heard: stored together, oldest first.

        Their mark is the newest of all that is stored. So nothing newer may be stored while any
        of them is missing: neither across a crash, nor when the line breaks in between.
        """
        found: list[Received] = []

        async def one(room: _Room) -> None:
            found.extend(await self._read(room))

        await self._each(rooms, one)
        found.sort(key=attrgetter("seq"))
        for start in range(0, len(found), _CHUNK):
            await intake(found[start : start + _CHUNK])

    async def _mark(
        self, newest: Mapping[str, int], scope: _Scope, intake: Intake
    ) -> tuple[list[discord.Guild], int]:
        """Tell of one server, and so how far all rooms have been read; the others, to be told of.

        The number is one of Discord's, not of our clock's: the highest that anybody has written,
        and below whatever waits here unstored.
        """
        servers = [one for one in self._walls.servers() if self._concerns(scope, one.id)]
        mark = max(newest.values(), default=0)
        async for guild in self._in_turn(servers):
            for room in (*guild.channels, *guild.threads):
                mark = max(mark, getattr(room, "last_message_id", None) or 0)
        self._walls.highest = max(mark, self._walls.highest)
        for shard in scope.shards:
            self._walls.reach(shard, mark)
        if waiting := self._heard.oldest_message():
            mark = min(mark, waiting - 1)
        if servers:
            await intake([self._walls.server(servers[0], mark)])
        return servers[1:], mark

    async def _side_by_side(self, rooms: list[_Room], intake: Intake) -> None:
        async def one(room: _Room) -> None:
            if found := await self._read(room):
                await intake(found)
            self._heard.release(str(room.id))

        await self._each(rooms, one)

    async def _each(self, rooms: Iterable[_Room], do: Callable[[_Room], Awaitable[None]]) -> None:
        line = iter(rooms)

        async def worker() -> None:
            for room in line:
                await do(room)

        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(worker())

    async def _read(self, room: _Room) -> list[Received]:
        """What others have said in it since, oldest first; nothing where we may not look."""
        if room.guild is None and self._result["refused"] >= _REFUSALS:
            self._result["left alone"] += 1
            return []
        page = await self._page(room)
        said = [it for it in page if isinstance(it, dict)]
        new = [it for it in said if _number(it) > room.after and not self._walls.passes_over(it)]
        if len(page) >= PAGE and await self._goes_on(room, min(map(_number, said), default=0)):
            self._cut.append(room.id)
        self._result["messages"] += len(new)
        place = await self._place(room) if new else {}
        if self.members is not None:
            await self.members.add(place.get("guild_id"), new)
        found = [
            envelope("MESSAGE_CREATE", it, self._walls.scene(it, place), self._account)
            for it in new
        ]
        return sorted(found, key=attrgetter("seq"))

    async def _goes_on(self, room: _Room, oldest: int) -> bool:
        """Whether more was said than a page holds."""
        if oldest <= room.after:
            return False
        ask = self._client.http.logs_from
        before = await self._asked(room, lambda: ask(room.id, 1, before=oldest))
        return any(_number(it) > room.after for it in before or () if isinstance(it, dict))

    async def _place(self, room: _Room) -> Mapping[str, Any]:
        """What the room is; one that no server has named may be a direct chat or a thread asleep."""
        if room.guild is not None:
            return {"guild_id": str(room.guild)}
        place = await self._asked(room, lambda: self._client.http.get_channel(room.id))
        whole = place if isinstance(place, dict) else {}
        return {"guild_id": None} | whole

    async def _page(self, room: _Room) -> list[Any]:
        page = await self._asked(room, lambda: self._client.http.logs_from(room.id, PAGE))
        return page if isinstance(page, list) else []

    async def _asked(self, room: _Room, ask: Callable[[], Awaitable[Any]]) -> Any:
        """None where we may not look, or where Discord's answer makes no sense to the last."""
        answer = await patiently(ask, self._clock, lambda: self._clock.sleep(self._quota.silence))
        if answer is Unread.CLOSED:
            self._result["refused"] += 1
        elif answer is Unread.SENSELESS:
            self._cut.append(room.id)
        return None if isinstance(answer, Unread) else answer

    def _tell(self, rooms: int) -> None:
        if self._cut:
            log.warning(
                "%s: more was said than the last %d messages that are read back, or it could not "
                "be read, in %d rooms: %s%s",
                self._account,
                PAGE,
                len(self._cut),
                ", ".join(map(str, self._cut[:20])),
                " ..." if len(self._cut) > 20 else "",
            )
        if rooms:
            log.info(
                "%s: %d messages read back in %d rooms; closed to us: %d, left alone: %d",
                self._account,
                self._result["messages"],
                rooms,
                self._result["refused"],
                self._result["left alone"],
            )


def _number(said: dict[str, Any]) -> int:
    number = said.get("id")
    return int(number) if isinstance(number, str) and number.isdecimal() else 0
