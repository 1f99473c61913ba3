"""Read back what was said while nobody listened: Discord repeats nothing to a new session."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import discord

from bots.discord.envelope import envelope
from bots.discord.errors import link_failure
from bots.discord.heard import Heard
from bots.discord.quota import Quota
from bots.discord.walls import Walls
from core.clock import Clock
from core.errors import LinkRejected
from core.ids import Account
from core.messages import Received
from core.ports import Intake

log = logging.getLogger(__name__)

PAGE = 100
"""Messages of a room that are read back; Discord gives no more at once."""
_DIRECT_ROOMS = 300
_AT_ONCE = 4
_REFUSALS = 20
"""Rooms that may refuse us before the rest of the unknown ones is left alone."""
_SLACK = 10_000 << 22
"""Ten seconds of Discord's numbers: what two channels say need not come in their order."""
_LAST_SERVER = 2.0
"""Seconds after which a server that was announced is no longer waited for."""
_TRIES = 5
_PATIENCE = 15.0
_CHUNK = 200
# Boards hold posts, categories hold channels; neither holds text.
_NO_TEXT = frozenset({4, 14, 15, 16})


@dataclass(frozen=True, slots=True)
class _Room:
    id: int
    after: int
    guild: int | None


class Backlog:
    """One account's look round after each new session."""

    def __init__(
        self,
        client: discord.Client,
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
        self._server = asyncio.Event()
        self._result: Counter[str] = Counter()
        self._cut: list[int] = []

    def begin(self) -> None:
        """A new session: hold what it tells until what came before is stored."""
        self._heard.shut()
        self._due.set()

    def server_came(self) -> None:
        self._server.set()

    async def keep_up(self, intake: Intake) -> None:
        """Look round whenever a session begins; until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            done = False
            try:
                await self._look_round(intake)
                done = True
            finally:
                if not done:  # the line broke in between; the next one takes it up
                    self._heard.shut()
                    self._due.set()

    async def _look_round(self, intake: Intake) -> None:
        await self._servers()
        newest = await intake.newest(self._account)
        self._result, self._cut = Counter(), []
        known, unknown = self._rooms(newest) if newest else ([], [])
        await self._meet(unknown, intake)
        if self._due.is_set():
            return  # another session has begun meanwhile, with a gap before it that is not read
        await self._mark(newest, intake)
        if self._due.is_set():
            return
        self._walls.looked_round = True
        self._heard.open(str(room.id) for room in known)
        await self._side_by_side(known, intake)
        self._tell(len(known) + len(unknown))

    async def _servers(self) -> None:
        """Wait until the servers that READY has named are here; some are away for hours."""
        while self._walls.awaited:
            self._server.clear()
            try:
                async with asyncio.timeout(_LAST_SERVER):
                    await self._server.wait()
            except TimeoutError:
                break

    def _rooms(self, newest: Mapping[str, int]) -> tuple[list[_Room], list[_Room]]:
        """Those to be read that were heard before, the newest first, and those never heard."""
        highest = max(newest.values())
        known: list[tuple[int, _Room]] = []
        unknown: list[_Room] = []
        here: set[str] = set()
        for guild in self._walls.servers():
            here.add(str(guild.id))
            since = max(highest - _SLACK, self._walls.joined.get(guild.id, 0))
            for room in (*guild.channels, *guild.threads):
                here.add(str(room.id))
                last = getattr(room, "last_message_id", None) or 0
                after = newest.get(str(room.id))
                if room.type.value in _NO_TEXT or last <= (since if after is None else after):
                    continue
                if after is None:
                    unknown.append(_Room(room.id, since, guild.id))
                else:
                    known.append((last, _Room(room.id, after, guild.id)))
        # What is no channel of a server is a direct chat; Discord has no list of those.
        direct = [
            (after, _Room(int(room), after, None))
            for room, after in newest.items()
            if room.isdecimal() and room not in here
        ]
        direct.sort(key=lambda it: -it[0])
        known += direct[:_DIRECT_ROOMS]
        known.sort(key=lambda it: -it[0])
        return [room for _, room in known], unknown

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

    async def _mark(self, newest: Mapping[str, int], intake: Intake) -> None:
        """Tell of each server, and so how far all rooms have been read.

        The number is one of Discord's, not of our clock's: the highest that anybody has written,
        and below whatever waits here unstored.
        """
        servers = list(self._walls.servers())
        rooms = [room for one in servers for room in (*one.channels, *one.threads)]
        said = [getattr(room, "last_message_id", None) or 0 for room in rooms]
        mark = max(*said, *newest.values(), 0, 0)
        self._walls.highest = max(mark, self._walls.highest)
        if waiting := self._heard.oldest_message():
            mark = min(mark, waiting - 1)
        if servers:
            await intake([self._walls.server(one, mark) for one in servers])

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
        new = [it for it in said if _number(it) > room.after and not self._walls.is_ours(it)]
        if len(page) >= PAGE and await self._goes_on(room, min(map(_number, said), default=0)):
            self._cut.append(room.id)
        self._result["messages"] += len(new)
        place = await self._place(room) if new else {}
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
        for attempt in range(_TRIES):
            await self._clock.sleep(self._quota.silence)
            try:
                async with asyncio.timeout(_PATIENCE):
                    answer = await ask()
                if not isinstance(answer, str):  # what is not JSON comes as a text
                    return answer
            except (discord.Forbidden, discord.NotFound):
                self._result["refused"] += 1
                return None
            except discord.RateLimited as error:
                await self._clock.sleep(error.retry_after)
                continue
            except Exception as error:  # noqa: BLE001 - the wall round one room: the others are read
                if isinstance(failure := link_failure(error), LinkRejected):
                    raise failure from None
            await self._clock.sleep(2.0**attempt)
        self._cut.append(room.id)
        return None

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
