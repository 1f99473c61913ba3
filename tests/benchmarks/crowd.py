"""The people of a measurement: they write to bots on the stage and hear what is answered."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

import aiohttp
import orjson

Platform = Literal["telegram", "discord"]

_MARK = re.compile(r"\bq(\d+)z\b")
_LISTEN_EVERY = 0.01
"""Seconds: rare enough that listening costs the stage next to nothing."""
_AT_ONCE = 500
_GIVE_UP = 20.0


@dataclass(frozen=True, slots=True)
class Room:
    """Where one person talks with one bot."""

    person: int
    key: str
    call: str = ""
    """What a message begins with where others could be meant."""
    among_themselves: bool = False
    """What is said is for the others; nobody waits for an answer."""


@dataclass(slots=True)
class Talk:
    """One message and its answer; times in nanoseconds of the machine's monotonic clock."""

    room: Room
    sent: int
    answered: int = 0
    answers: int = 0

    @property
    def took(self) -> float:
        """Milliseconds from the event being there to the request with its answer arriving."""
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


_JOURNALS: Mapping[Platform, tuple[str, str]] = {
    "telegram": ("/stage/journal", "sendMessage"),
    "discord": ("/stage/discord/journal", "create_message"),
}


class Crowd:
    """Drives the stage of another process through its control door."""

    def __init__(
        self, session: aiohttp.ClientSession, control: str, platforms: Sequence[Platform]
    ) -> None:
        self._session = session
        self._control = control
        self._heard = dict.fromkeys(platforms, 0)
        self._numbers = count(1)
        self._people = count(1)

    async def rooms(self, bot: int, many: int) -> list[Room]:
        """On Telegram: so many people, each in a private chat with the bot."""
        people = await self._anybody(many)
        keys: list[str] = []
        for at in range(0, many, _AT_ONCE):
            some = people[at : at + _AT_ONCE]
            keys += await self._do(
                [{"do": "chat", "kind": "private", "members": [person, bot]} for person in some]
            )
        return [Room(person, key) for person, key in zip(people, keys, strict=True)]

    async def channels(self, bot: int, many: int) -> list[Room]:
        """On Discord: so many people of one new server, each mentioning the bot in a channel."""
        people = await self._anybody(many)
        names = [f"c{number}" for number in range(many)]
        wanted = {"do": "discord.guild", "name": f"S{bot}", "people": people, "bots": [bot]}
        (server,) = await self._do([{**wanted, "channels": names}])
        keys = [server["channels"][name] for name in names]
        return [Room(one, key, f"<@{bot}> ") for one, key in zip(people, keys, strict=True)]

    async def groups(self, bot: int, name: str, many: int, each: int) -> list[list[Room]]:
        """On Telegram: so many groups of so many people, with the bot; each as its people see it."""
        people = await self._anybody(many * each)
        theirs = [people[at * each : (at + 1) * each] for at in range(many)]
        keys = await self._do(
            [
                {"do": "chat", "kind": "supergroup", "title": f"G{at}", "members": [*some, bot]}
                for at, some in enumerate(theirs)
            ]
        )
        return [
            [Room(person, key, f"@{name} ") for person in some]
            for some, key in zip(theirs, keys, strict=True)
        ]

    async def _anybody(self, many: int) -> list[int]:
        people: list[int] = []
        for at in range(0, many, _AT_ONCE):
            size = min(_AT_ONCE, many - at)
            wanted = [{"do": "someone", "name": f"P{next(self._people)}"} for _ in range(size)]
            people += await self._do(wanted)
        return people

    async def say(self, rooms: Sequence[Room], load: Load) -> None:
        """Everybody says something, in one go."""
        numbers = [next(self._numbers) for _ in rooms]
        said = await self._do(
            [
                {
                    "do": "send",
                    "as": room.person,
                    "chat": room.key,
                    "text": f"{room.call}q{number}z and what do you make of that?",
                }
                for number, room in zip(numbers, rooms, strict=True)
            ]
        )
        for number, room, (_, at) in zip(numbers, rooms, said, strict=True):
            if not room.among_themselves:
                load.talks[number] = Talk(room, at)

    async def listen(self, load: Load) -> list[Talk]:
        """The talks that were answered for the first time since the last look."""
        fresh: list[Talk] = []
        for call in [call for platform in self._heard for call in await self._calls(platform)]:
            found = _MARK.search(call["text"] or "")
            talk = load.talks.get(int(found[1])) if found else None
            if talk is None or call["status"] not in (0, 200):
                continue
            talk.answers += 1
            if talk.answers == 1:
                talk.answered = call["at_ns"]
                fresh.append(talk)
        return fresh

    async def first_shown(self) -> dict[str, int]:
        """When something of an answer was first seen as a draft, in nanoseconds, by its mark."""
        asked = {"since": "0", "method": "sendMessageDraft"}
        async with self._session.get(f"{self._control}/stage/journal", params=asked) as answer:
            calls = orjson.loads(await answer.read())["calls"]
        shown: dict[str, int] = {}
        for call in calls:
            if found := _MARK.search(call["text"] or ""):
                shown.setdefault(found[0], call["at_ns"])
        return shown

    async def _calls(self, platform: Platform) -> list[dict[str, Any]]:
        path, method = _JOURNALS[platform]
        asked = {"since": str(self._heard[platform]), "method": method}
        async with self._session.get(f"{self._control}{path}", params=asked) as answer:
            journal = orjson.loads(await answer.read())
        self._heard[platform] = journal["next"]
        calls: list[dict[str, Any]] = journal["calls"]
        return calls

    async def brought(self) -> list[float]:
        """Seconds until each update was taken that Telegram has brought to a webhook so far."""
        asked = {"method": "webhook"}
        async with self._session.get(f"{self._control}/stage/journal", params=asked) as answer:
            calls = orjson.loads(await answer.read())["calls"]
        return [call["took"] for call in calls if call["status"] == 200]

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

    async def hears(self, bot: int) -> None:
        """Wait until a bot of Discord has logged in: what is said before, nobody ever tells it."""
        while True:
            async with self._session.get(f"{self._control}/stage/discord/sessions") as answer:
                if (await answer.json())[str(bot)]["connections"]:
                    return
            await asyncio.sleep(_LISTEN_EVERY)

    async def standing(self, bot: int) -> dict[str, int]:
        """How a bot of Discord stands with the gateway: what it has done, and what waits for it."""
        async with self._session.get(f"{self._control}/stage/discord/sessions") as answer:
            found: dict[str, int] = (await answer.json())[str(bot)]
            return found

    async def servers(self, bot: int, many: int, channels: int) -> None:
        """On Discord: so many servers of one person's with the bot in them."""
        (owner,) = await self._anybody(1)
        names = [f"room-{number}" for number in range(channels)]
        wanted = {"do": "discord.guild", "people": [owner], "bots": [bot], "channels": names}
        for at in range(0, many, 20):
            size = min(20, many - at)
            await self._do([{**wanted, "name": f"Server {at + one}"} for one in range(size)])

    async def trouble(self, path: str, asked: Mapping[str, object]) -> None:
        """Something goes wrong on the stage, or ends: see its control door."""
        body = orjson.dumps(asked)
        async with self._session.post(f"{self._control}{path}", data=body) as answer:
            answer.raise_for_status()

    async def _do(self, acts: Sequence[Mapping[str, object]]) -> list[Any]:
        body = orjson.dumps(acts)
        async with self._session.post(f"{self._control}/stage/batch", data=body) as answer:
            done: list[Any] = orjson.loads(await answer.read())["done"]
        for one in done:
            if isinstance(one, dict) and "error" in one:
                raise RuntimeError(f"the stage refused an act: {one['error']}")
        return done
