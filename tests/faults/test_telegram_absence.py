"""What was said on Telegram while nobody listened is caught up with, whichever way it comes."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.world import Chat, Message
from bots.telegram.envelope import envelope
from core.ids import Account
from tests.faults import ledgers
from tests.faults.ledgers import Crowd, Row, until
from tests.faults.process import GatewayProcess, free_port

Variables = Callable[..., dict[str, str]]
HOUR = 3600.0
WAYS = ("polling", "webhook")


def the_way(gateway: GatewayProcess, way: str) -> None:
    """How it is to hear of everything from its next start on."""
    there = f"http://127.0.0.1:{gateway.port}"
    gateway.settings["TELEGRAM_WEBHOOK_URL"] = there if way == "webhook" else "polling"


@asynccontextmanager
async def absent(
    folder: Path, stage: Stage, way: str, settings: dict[str, str]
) -> AsyncIterator[GatewayProcess]:
    """A gateway with Ada that has not begun yet."""
    gateway = GatewayProcess(folder, stage, {"Ada": stage.bot("Ada")}, settings, free_port())
    the_way(gateway, way)
    try:
        yield gateway
    finally:
        if gateway.process is not None and gateway.process.returncode is None:
            await gateway.kill()


def keys_of(stage: Stage, ada: Bot) -> list[str]:
    """By which keys the inbox will know what waits at Telegram."""
    account = Account(f"telegram:{ada.id}")
    waiting = stage.pending(ada)
    return [envelope(orjson.loads(one.body), account).event_key for one in waiting]


async def until_caught_up(gateway: GatewayProcess, number: int, *, timeout: float = 30) -> None:
    """So many rows stand in the inbox, all are ended, and nothing is owed."""

    def ended() -> bool:
        kept = ledgers.read(gateway.data)
        owed = {row["status"] for row in kept.deliveries} - {"sent", "failed"}
        return len(kept.inbox) >= number and "new" not in kept.statuses() and not owed

    def left() -> str:
        found = ledgers.read(gateway.data).statuses()
        return f"{found.total()} of {number} came: {found}"

    await until(ended, left, timeout=timeout)


def by_room(rows: Iterable[Row]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        found[row["room"], row["thread"]].append(row["event_key"])
    return found


@dataclass(slots=True)
class Town:
    """Ten chats of every sort; whatever is said in them bears the number of its room and its own."""

    stage: Stage
    ada: Bot
    ed: Person = field(init=False)
    rooms: list[tuple[Person, Chat, str | None]] = field(default_factory=list)
    """Who speaks there, and in which topic."""
    said: list[Message] = field(default_factory=list)
    buttons: list[Message] = field(default_factory=list)
    counts: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        stage, ada = self.stage, self.ada
        self.ed = ed = stage.person("Ed")
        friends = [stage.person(f"Friend {number}") for number in range(4)]
        self.rooms = [(one, stage.dm(one, ada), None) for one in friends]
        square = stage.supergroup("The square", [ed, *friends], [ada], admins=[ada])
        forum = stage.forum("The club", [ed], [ada], topics=["Books", "Chess"])
        talk = stage.supergroup("Talk of the news", [ed], [ada])
        news = stage.channel("The news", ed, [ada], group=talk)
        for chat in (square, stage.group("The yard", [ed], [ada]), talk, news):
            self.rooms.append((ed, chat, None))
        self.rooms += [(ed, forum, topic) for topic in ("Books", "Chess")]

    @property
    def square(self) -> Chat:
        return self.rooms[4][1]

    def says(self, times: int, *, asking: int = 0) -> None:
        """Everybody in turn; where others listen, only the last few are for Ada."""
        for left in range(times, 0, -1):
            for room, (who, chat, topic) in enumerate(self.rooms):
                name = "" if chat.kind == "private" or left > asking else "@Ada, "
                text = f"{name}m{room}.{self.counts[room]}? ({room}/{self.counts[room]})"
                self.counts[room] += 1
                self.said.append(who.says(chat, text, topic=topic))

    def is_founded(self) -> None:
        """A new room, of which she hears when she is back."""
        self.rooms.append((self.ed, self.ed.founds("New", [], [self.ada]), None))

    async def shows_buttons(self) -> None:
        """One of hers in private, one in the square."""
        markup = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}
        where = f"{self.stage.root}/bot{self.ada.token}/sendMessage"
        async with aiohttp.ClientSession() as session:
            for chat in (self.rooms[0][1], self.square):
                asked: dict[str, Any] = {
                    "chat_id": chat.id,
                    "text": "Well?",
                    "reply_markup": markup,
                }
                async with session.post(where, json=asked) as answer:
                    assert answer.status == 200
                self.buttons.append(self.stage.messages(chat)[-1])

    def acts(self) -> Message:
        """What people do beside speaking; gives a message whose words are others now."""
        self.ed.presses(self.buttons[1], "yes")
        for button, who in zip(self.buttons, (self.rooms[0][0], self.ed), strict=True):
            who.reacts(button, "👍")
        zoe = self.stage.person("Zoe")
        zoe.joins(self.square)
        self.ed.promotes(self.square, zoe)
        self.ed.renames(self.square, "The old square")
        self.rooms[3][0].blocks(self.ada)
        self.rooms[3][0].blocks(self.ada, on=False)
        old = next(one for one in self.said if one.chat is self.square)
        self.said.remove(old)
        return self.ed.edits(old, "m4.0, I meant (changed)")

    def answers(self, room: int) -> Iterator[tuple[str, bool]]:
        """What she has answered in a room, and whether in its topic."""
        _, chat, topic = self.rooms[room]
        for one in self.stage.messages(chat):
            in_room = topic is None or chat.topics.get(one.topic or 0) == topic
            if one.sender is self.ada and one.text.startswith(f"re m{room}."):
                yield one.text, in_room


@pytest.mark.parametrize("way", WAYS)
async def test_g5_on_telegram_three_hundred_things_of_ten_chats_are_caught_up_with_after_a_fall(
    way: str, tmp_path: Path, thinks: Variables
) -> None:
    """Two hours of talk, edits, presses, comings and goings; then what was said just now."""
    ago = [2 * HOUR]
    async with (
        Stage(limits=False, now=lambda: time.time() - ago[0]) as stage,
        absent(tmp_path, stage, way, thinks()) as gateway,
    ):
        ada = gateway.bots["Ada"]
        town = Town(stage, ada)
        await gateway.start()
        await gateway.until()
        town.says(1)
        before = len(keys_of(stage, ada))
        await town.shows_buttons()
        await until_caught_up(gateway, before)
        await gateway.kill()

        town.is_founded()
        town.says(19)
        changed = town.acts()
        ago[0] = 0.0
        town.says(9, asking=2)
        keys = keys_of(stage, ada)
        assert len(keys) == len(set(keys)) > 300
        await gateway.start()
        await until_caught_up(gateway, before + len(keys) + 2)
        assert not stage.pending(ada)
        assert await gateway.end() == 0

    kept = ledgers.read(gateway.data)
    waited = set(keys)
    late = [row for row in kept.inbox[before:] if row["event_key"] in waited]
    assert len(late) == len(keys)
    # What she says in a channel comes back from the group in which it is discussed.
    assert len(kept.inbox) - before - len(late) == 2
    if way == "polling":
        assert [row["event_key"] for row in late] == keys
    places = {key: number for number, key in enumerate(keys)}
    for room_keys in by_room(late).values():
        assert room_keys == sorted(room_keys, key=places.__getitem__)
    assert not {row["status"] for row in late} & {"dead", "failed"}

    known = [row["content"] for row in kept.memories]
    for one in (*town.said, changed):
        mark = f"({one.text.rpartition('(')[2]}"
        times = 2 if one.chat.kind == "channel" else 1  # in the group of its news as well
        assert sum(mark in content for content in known) == times, one
    for room, (_, chat, _) in enumerate(town.rooms):
        count = town.counts[room]
        first = 0 if chat.kind == "private" else count - 2
        wanted = [(f"re m{room}.{number}", True) for number in range(first, count)]
        assert list(town.answers(room)) == wanted, chat.title
    assert sum(row["rule"] == "stale" for row in late) >= 19 * 6
    assert "Traceback" not in gateway.log


async def test_g5_on_telegram_killed_again_and_again_while_it_catches_up_it_still_loses_nothing(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """And each time it comes back the other way."""
    async with absent(tmp_path, stage, "polling", thinks()) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 10)
        crowd.says(30)
        for way in ("polling", "webhook", "polling"):
            the_way(gateway, way)
            before = crowd.answered
            await gateway.start()
            await crowd.until_answered(before + 25)
            await gateway.kill()
            crowd.says(1)
        assert crowd.answered < 300, "or there was no midst"
        the_way(gateway, "webhook")
        await gateway.start()
        await crowd.until_answered(len(crowd.said))
        await until_caught_up(gateway, len(crowd.said))
        assert not stage.pending(crowd.bot)
        assert await gateway.end() == 0
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log


@pytest.mark.parametrize("way", WAYS)
async def test_g5_on_telegram_what_is_older_than_a_day_is_all_that_is_gone(
    way: str, tmp_path: Path, thinks: Variables
) -> None:
    ago = [25 * HOUR]
    async with (
        Stage(limits=False, now=lambda: time.time() - ago[0]) as stage,
        absent(tmp_path, stage, way, thinks()) as gateway,
    ):
        if way == "webhook":  # Telegram tries all the while
            await gateway.start()
            await gateway.until()
            await gateway.kill()
        crowd = Crowd.of(stage, gateway.bots["Ada"], 3)
        crowd.says(3)
        ago[0] = 23 * HOUR
        crowd.says(3)
        ago[0] = 0.0
        assert len(stage.pending(crowd.bot)) == 9
        await gateway.start()
        await crowd.until_answered(9)
        await until_caught_up(gateway, 9)
        assert [crowd.answers(room) for room in range(3)] == [
            [f"re m{room}.{number}" for number in (3, 4, 5)] for room in range(3)
        ]
        assert await gateway.end() == 0
    assert len(ledgers.read(gateway.data).inbox) == 9
