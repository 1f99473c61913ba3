"""What must hold whatever was done to the gateway: read from its database and from the stage."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.world import Chat, Message
from tests.fakes.databases import in_use

MARK = "🔁 "
"""What Telegram's people see before a possible double."""
TAG = re.compile(r"\bm(\d+)\.(\d+)\b")
FINAL_IN = {"answered", "silent", "answered-by", "failed", "dead"}


def answer(request: dict[str, Any]) -> str:
    """For the model server: names the message that is answered, so that no two texts are alike."""
    room, number = TAG.findall(request["messages"][-1]["content"])[-1]
    return f"re m{room}.{number}"


async def until(
    holds: Callable[[], object], otherwise: Callable[[], str], *, timeout: float = 60
) -> None:
    """Wait for something; fails with what `otherwise` says."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            while True:
                if holds():
                    return
                await asyncio.sleep(0.02)
    raise AssertionError(otherwise())


@dataclass(slots=True)
class Crowd:
    """People in rooms of their own with one bot; each says m<room>.0, m<room>.1 and so on."""

    stage: Stage
    bot: Bot
    rooms: list[tuple[Person, Chat]]
    said: list[Message] = field(default_factory=list)
    _next: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, stage: Stage, bot: Bot, rooms: int) -> Crowd:
        people = [stage.person(f"Person {one}") for one in range(rooms)]
        return cls(stage, bot, [(person, stage.dm(person, bot)) for person in people])

    def says(self, times: int = 1, *, rooms: Iterable[int] | None = None, more: str = "") -> None:
        """Everybody says the next thing, so many times, room by room."""
        chosen = list(range(len(self.rooms)) if rooms is None else rooms)
        for _ in range(times):
            for room in chosen:
                person, chat = self.rooms[room]
                text = f"m{room}.{self._next[room]}{more}"
                self._next[room] += 1
                self.said.append(person.says(chat, text))

    def heard(self, chat: Chat) -> list[Message]:
        return [one for one in self.stage.messages(chat) if one.sender is self.bot]

    def answers(self, room: int) -> list[str]:
        """What was answered in a room, marks of doubles taken off."""
        return [one.text.removeprefix(MARK) for one in self.heard(self.rooms[room][1])]

    @property
    def answered(self) -> int:
        """How many different texts came back."""
        return sum(len(set(self.answers(room))) for room in range(len(self.rooms)))

    @property
    def doubles(self) -> list[Message]:
        """Whatever repeats what was said before in its room."""
        found: list[Message] = []
        for _, chat in self.rooms:
            seen: set[str] = set()
            for one in self.heard(chat):
                text = one.text.removeprefix(MARK)
                if text in seen:
                    found.append(one)
                seen.add(text)
        return found

    async def until_answered(self, number: int, *, timeout: float = 60) -> None:
        await until(
            lambda: self.answered >= number,
            lambda: f"{self.answered} of {number} were answered",
            timeout=timeout,
        )


Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ledgers:
    """Rows as they stand in the database."""

    inbox: Sequence[Row]
    deliveries: Sequence[Row]
    memories: Sequence[Row]

    def statuses(self) -> Counter[str]:
        return Counter(row["status"] for row in self.inbox)


def read(data: Path) -> Ledgers:
    """The ledgers of a gateway, stopped or running."""
    return Ledgers(*(in_use.now.rows(data, one) for one in ("inbox", "deliveries", "memories")))


def integrity(data: Path) -> str:
    with closing(sqlite3.connect(data / "troupe.db")) as file:
        return str(file.execute("PRAGMA integrity_check").fetchone()[0])


def stored(crowd: Crowd, data: Path) -> set[tuple[str, int]]:
    """Which of the crowd's messages stand in the inbox, by chat and number."""
    keys = {row["event_key"] for row in read(data).inbox}
    return {(one.chat.key, one.id) for one in crowd.said if f"m:{one.chat.id}:{one.id}" in keys}


def confirmed(crowd: Crowd) -> set[tuple[str, int]]:
    """Which of the crowd's messages Telegram has forgotten, because we said that we have them."""
    waiting = {(one.place, one.message) for one in crowd.stage.pending(crowd.bot)}
    return {(one.chat.key, one.id) for one in crowd.said if (one.chat.key, one.id) not in waiting}


def check(crowd: Crowd, data: Path) -> None:
    """Every inbound has a terminal state, every sent part one row, every room its order."""
    ledgers = read(data)
    by_key = Counter(row["event_key"] for row in ledgers.inbox)
    assert {by_key[f"m:{one.chat.id}:{one.id}"] for one in crowd.said} == {1}
    assert {row["status"] for row in ledgers.inbox} <= FINAL_IN, ledgers.statuses()

    parts = [(row["turn_id"], row["step"], row["ordinal"]) for row in ledgers.deliveries]
    assert len(set(parts)) == len(parts)
    assert {row["status"] for row in ledgers.deliveries} <= {"sent", "failed"}

    rows = Counter(row["room"] for row in ledgers.deliveries if row["status"] == "sent")
    for room, (_, chat) in enumerate(crowd.rooms):
        assert rows[str(chat.id)] == len(set(crowd.answers(room)))
        assert ordered(crowd.answers(room)), crowd.answers(room)


def ordered(texts: Sequence[str]) -> bool:
    """Whether answers follow the order of their questions; doubles of the last one are let pass."""
    numbers = list(_numbers(texts))
    return numbers == sorted(numbers)


def _numbers(texts: Iterable[str]) -> Iterator[int]:
    for text in texts:
        found = TAG.search(text)
        assert found, text
        yield int(found[2])


def _lock_all(line: psycopg.Connection) -> None:
    """One after another, while a writer may hold one and want the next."""
    while True:
        try:
            line.execute("LOCK TABLE inbox, deliveries, memories IN EXCLUSIVE MODE")
        except psycopg.errors.DeadlockDetected:
            line.rollback()
        else:
            return


_HOLD = """
import sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
file.execute("ROLLBACK")
"""


@asynccontextmanager
async def locked(data: Path) -> AsyncIterator[None]:
    """Another process holds the one lock that a writer needs."""
    if in_use.now.url:
        with psycopg.connect(in_use.now.url) as line:
            _lock_all(line)
            yield
        return
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _HOLD, str(data / "troupe.db")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    try:
        assert await holder.stdout.readline() == b"held\n"
        yield
    finally:
        holder.stdin.close()
        assert await holder.wait() == 0
