"""Vectors in memory: bounded, caught up with what is new, let go of at once."""

from __future__ import annotations

import struct
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence

import pytest

from core.ids import CharacterId, RoomId
from core.store.exact import Bounds, Exact, Kept, Place

ADA, BOB = CharacterId("ada"), CharacterId("bob")
LOBBY, ATTIC = Place(1, ADA, RoomId("lobby")), Place(2, ADA, RoomId("attic"))
HIS = Place(3, BOB, RoomId("cellar"))
WIDTH = 8
ROW = WIDTH * 4 + 3 * 8
"""Bytes that a vector takes with what is known of it."""


class Database:
    """What is kept, and what was asked of it."""

    def __init__(self) -> None:
        self.rows: list[Kept] = []
        self.asked: list[tuple[tuple[int, ...], int]] = []

    def keep(self, place: Place, *values: float) -> None:
        for value in values:
            vector = struct.pack(f"<{WIDTH}e", value, (1 - value**2) ** 0.5, *[0] * (WIDTH - 2))
            self.rows.append(Kept(self.newest + 1, place.number, 7, self.newest + 1, vector))

    @property
    def newest(self) -> int:
        return len(self.rows)

    def load(self, places: Sequence[int], after: int) -> Iterable[Kept]:
        self.asked.append((tuple(places), after))
        return [row for row in self.rows if row.place in places and row.id > after]

    def near(self, exact: Exact, *places: Place, **bounds: int) -> list[int]:
        within = dict.fromkeys(places, Bounds(**bounds))
        asked = [1.0, *[0.0] * (WIDTH - 1)]
        return [id for _, id, _ in exact.nearest(within, asked, 3, self.newest, self.load)]


@pytest.fixture
def kept() -> Database:
    database = Database()
    database.keep(LOBBY, 0.1, 0.9, 0.5, 0.2)
    database.keep(ATTIC, 0.7, 0.3)
    database.keep(HIS, 1.0)
    return database


def test_each_place_is_read_once_and_then_only_what_is_new(kept: Database) -> None:
    exact = Exact(1 << 20)
    assert kept.near(exact, LOBBY, ATTIC) == [2, 5, 3]
    assert kept.near(exact, ATTIC, LOBBY) == [2, 5, 3]
    assert kept.asked == [((1,), 0), ((2,), 0)]
    kept.keep(ATTIC, 0.95)
    kept.keep(HIS, 0.99)
    assert kept.near(exact, LOBBY, ATTIC) == [8, 2, 5]
    assert kept.near(exact, LOBBY, ATTIC) == [8, 2, 5]
    assert kept.asked[2:] == [((1, 2), 7)]


def test_what_was_read_ahead_of_its_number_is_not_taken_twice(kept: Database) -> None:
    """Another process's commit, seen by the second of two statements alone."""
    exact = Exact(1 << 20)
    within = {LOBBY: Bounds()}
    asked = [1.0, *[0.0] * (WIDTH - 1)]
    for newest in (2, 3, kept.newest, kept.newest):
        found = exact.nearest(within, asked, 9, newest, kept.load)
        assert [id for _, id, _ in found] == [2, 3, 4, 1]


def test_bounds_leave_out_the_nearest(kept: Database) -> None:
    exact = Exact(1 << 20)
    assert kept.near(exact, LOBBY, before=2) == [1]
    assert kept.near(exact, LOBBY, since=3) == [3, 4]
    assert kept.near(exact, LOBBY, since=3, before=4) == [3]
    assert kept.near(exact, LOBBY, entity=8) == []
    assert len(kept.near(exact, LOBBY, entity=7)) == 3


def test_the_room_that_was_searched_longest_ago_makes_way(kept: Database) -> None:
    exact = Exact(6 * ROW)
    kept.near(exact, LOBBY, ATTIC)
    assert exact.bytes == 6 * ROW
    kept.near(exact, LOBBY)
    kept.near(exact, HIS)
    assert exact.bytes == 5 * ROW
    kept.asked.clear()
    kept.near(exact, LOBBY, HIS)
    assert kept.asked == []
    kept.near(exact, ATTIC)
    assert exact.bytes == 3 * ROW


def test_more_than_there_is_room_for_is_searched_all_the_same(kept: Database) -> None:
    exact = Exact(0)
    assert kept.near(exact, LOBBY, ATTIC) == [2, 5, 3]
    assert exact.bytes == 0


def test_a_room_or_a_character_is_evicted_at_once(kept: Database) -> None:
    exact = Exact(1 << 20)
    kept.near(exact, LOBBY, ATTIC, HIS)
    exact.evict(ADA, LOBBY.room)
    assert exact.bytes == 3 * ROW
    exact.evict(BOB, LOBBY.room)
    assert exact.bytes == 3 * ROW
    exact.evict(ADA)
    assert exact.bytes == ROW
    assert kept.near(exact, LOBBY, HIS) == [7, 2, 3]


def test_what_grows_row_by_row_is_not_copied_each_time(kept: Database) -> None:
    exact = Exact(1 << 20)
    kept.near(exact, LOBBY)
    sizes = set()
    for number in range(200):
        kept.keep(LOBBY, number / 1000)
        kept.near(exact, LOBBY)
        sizes.add(exact.bytes)
    assert len(sizes) < 5
    assert max(sizes) < 1.6 * 204 * ROW


def test_any_number_of_threads_see_whole_vectors(kept: Database) -> None:
    exact = Exact(1 << 20)
    wrong: list[object] = []
    go_on = threading.Event()
    go_on.set()

    def search() -> None:
        asked = [1.0, *[0.0] * (WIDTH - 1)]
        while go_on.is_set():
            newest = kept.newest
            found = exact.nearest(
                {LOBBY: Bounds(), ATTIC: Bounds()}, asked, 9999, newest, kept.load
            )
            ids = [id for _, id, _ in found]
            at_least = {row.id for row in kept.rows[:newest] if row.place != HIS.number}
            if len(set(ids)) != len(ids) or not at_least <= set(ids):
                wrong.append(ids)
            for score, id, _ in found:
                packed = struct.unpack(f"<{WIDTH}e", kept.rows[id - 1].vector)
                if abs(score - packed[0]) > 0.001:
                    wrong.append((id, score, packed))

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(300):
        kept.keep((LOBBY, ATTIC)[number % 2], (number % 100) / 100)
        if number % 50 == 0:
            exact.evict(ADA, LOBBY.room)
    go_on.clear()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_who_searches_no_vectors_loads_nothing_to_compute_with() -> None:
    asked = (
        "import asyncio, sys, tempfile, pathlib\n"
        "from core.store.engine import open_store\n"
        "async def run():\n"
        "    async with open_store(None, pathlib.Path(tempfile.mkdtemp())) as store:\n"
        "        await store.write(lambda unit: unit.passages.behind(9))\n"
        "        await store.read(lambda unit: unit.vectors.missing('ada', 'm', 0, 9))\n"
        "asyncio.run(run())\n"
        "print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
