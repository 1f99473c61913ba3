"""The people of a measurement: they write to bots on the stage and hear what is answered."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import aiohttp
import orjson

_MARK = re.compile(r"\bq(\d+)z\b")
_LISTEN_EVERY = 0.01
"""Seconds: rare enough that listening costs the stage next to nothing."""
_AT_ONCE = 500
_GIVE_UP = 20.0


@dataclass(frozen=True, slots=True)
class Room:
    """A private chat of one person with one bot."""

    person: int
    key: str


@dataclass(slots=True)
class Talk:
    """One message and its answer; times in nanoseconds of the machine's monotonic clock."""

    room: Room
    sent: int
    answered: int = 0
    answers: int = 0

    @property
    def took(self) -> float:
        """Milliseconds from the update being there to sendMessage arriving."""
        return (self.answered - self.sent) / 1e6


@dataclass(slots=True)
class Load:
    """What was said and answered in one go, by number of message."""

    talks: dict[int, Talk] = field(default_factory=dict)
    stopped: int = 0
    """When the people stopped writing; afterwards the load falls off."""

    @property
    def answered(self) -> list[Talk]:
        """In the order of the answers."""
        return sorted((t for t in self.talks.values() if t.answers), key=lambda t: t.answered)

    @property
    def unanswered(self) -> int:
        return sum(1 for talk in self.talks.values() if not talk.answers)

    @property
    def doubles(self) -> int:
        return sum(talk.answers - 1 for talk in self.talks.values() if talk.answers)

    def rate(self, *, skip: float = 0.25) -> float:
        """Answers a second under full load, after the first part of them."""
        times = [talk.answered for talk in self.answered if talk.answered <= self.stopped]
        times = times[int(len(times) * skip) :]
        return (len(times) - 1) / ((times[-1] - times[0]) / 1e9) if len(times) > 1 else 0.0

    def inversions(self) -> int:
        """Answers that overtook an earlier one of their room."""
        wrong = 0
        latest: dict[Room, int] = {}
        for number, talk in sorted(self.talks.items(), key=lambda item: item[1].answered):
            if talk.answers:
                wrong += number < latest.get(talk.room, -1)
                latest[talk.room] = max(number, latest.get(talk.room, -1))
        return wrong


class Crowd:
    """Drives the stage of another process through its control door."""

    def __init__(self, session: aiohttp.ClientSession, control: str) -> None:
        self._session = session
        self._control = control
        self._heard = 0
        self._numbers = count(1)
        self._people = count(1)

    async def rooms(self, bot: int, many: int) -> list[Room]:
        """So many people, each in a private chat with the bot."""
        people: list[int] = []
        for at in range(0, many, _AT_ONCE):
            size = min(_AT_ONCE, many - at)
            wanted = [{"do": "someone", "name": f"P{next(self._people)}"} for _ in range(size)]
            people += await self._do(wanted)
        keys: list[str] = []
        for at in range(0, many, _AT_ONCE):
            some = people[at : at + _AT_ONCE]
            keys += await self._do(
                [{"do": "chat", "kind": "private", "members": [person, bot]} for person in some]
            )
        return [Room(person, key) for person, key in zip(people, keys, strict=True)]

    async def say(self, rooms: Sequence[Room], load: Load) -> None:
        """Everybody says something, in one go."""
        numbers = [next(self._numbers) for _ in rooms]
        said = await self._do(
            [
                {
                    "do": "send",
                    "as": room.person,
                    "chat": room.key,
                    "text": f"q{number}z and what do you make of that?",
                }
                for number, room in zip(numbers, rooms, strict=True)
            ]
        )
        for number, room, (_, at) in zip(numbers, rooms, said, strict=True):
            load.talks[number] = Talk(room, at)

    async def listen(self, load: Load) -> list[Talk]:
        """The talks that were answered for the first time since the last look."""
        asked = {"since": str(self._heard), "method": "sendMessage"}
        async with self._session.get(f"{self._control}/stage/journal", params=asked) as answer:
            journal = orjson.loads(await answer.read())
        self._heard = journal["next"]
        fresh: list[Talk] = []
        for call in journal["calls"]:
            found = _MARK.search(call["text"] or "")
            talk = load.talks.get(int(found[1])) if found else None
            if talk is None or call["status"] not in (0, 200):
                continue
            talk.answers += 1
            if talk.answers == 1:
                talk.answered = call["at_ns"]
                fresh.append(talk)
        return fresh

    async def pump(
        self,
        rooms: Sequence[Room],
        outstanding: int,
        *,
        messages: int | None = None,
        seconds: float | None = None,
    ) -> Load:
        """So many messages under way at any time, each room in its turn and one at a time."""
        load = Load()
        idle = deque(rooms)
        loop = asyncio.get_running_loop()
        began = loop.time()
        under_way, said = 0, 0
        quiet_since = began
        while True:
            now = loop.time()
            open_ = (messages is None or said < messages) and (
                seconds is None or now - began < seconds
            )
            if open_:
                size = min(outstanding - under_way, len(idle))
                size = size if messages is None else min(size, messages - said)
                if size:
                    await self.say([idle.popleft() for _ in range(size)], load)
                    under_way, said = under_way + size, said + size
            elif not load.stopped:
                load.stopped = time.monotonic_ns()
            if not open_ and not under_way:
                return load
            fresh = await self.listen(load)
            if fresh:
                quiet_since = loop.time()
            elif loop.time() - quiet_since > _GIVE_UP:
                load.stopped = load.stopped or time.monotonic_ns()
                return load  # whatever is missing now counts as unanswered
            under_way -= len(fresh)
            idle.extend(talk.room for talk in fresh)
            await asyncio.sleep(_LISTEN_EVERY)

    async def stroll(self, rooms: Sequence[Room], every: float, messages: int) -> Load:
        """One message after the other at a fixed pace, whether or not the last was answered."""
        load = Load()
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(messages):
            await asyncio.sleep(began + number * every - loop.time())
            await self.say([rooms[number % len(rooms)]], load)
        await self.all_answered(load, _GIVE_UP)
        return load

    async def all_answered(self, load: Load, patience: float) -> None:
        """Return when nothing is open any more, or nothing has come for so long."""
        loop = asyncio.get_running_loop()
        quiet_since = loop.time()
        while load.unanswered and loop.time() - quiet_since < patience:
            if await self.listen(load):
                quiet_since = loop.time()
            await asyncio.sleep(_LISTEN_EVERY)
        load.stopped = load.stopped or time.monotonic_ns()

    async def _do(self, acts: Sequence[Mapping[str, object]]) -> list[Any]:
        body = orjson.dumps(acts)
        async with self._session.post(f"{self._control}/stage/batch", data=body) as answer:
            done: list[Any] = orjson.loads(await answer.read())["done"]
        for one in done:
            if isinstance(one, dict) and "error" in one:
                raise RuntimeError(f"the stage refused an act: {one['error']}")
        return done
