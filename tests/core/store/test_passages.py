"""The full-text index: it follows behind, finds what shares most, and forgets with the memories."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.ids import EntityId, MemoryId, RoomId
from core.messages import Content, Memory, Room
from core.ports import Found, Scope, Unit
from core.ports.finding import Shared
from core.store import passages
from core.store.engine import SqlStore
from core.words import words
from tests.core.store.rows import ADA, BOB, NOON, address, memory, room, world
from tests.fakes.databases import Database

LOBBY, ATTIC = room("lobby"), room("attic")
HIS = room("lobby", BOB, address("lobby"))
HERE = Scope(ADA, (LOBBY.id,))


@pytest.fixture
async def furnished(store: SqlStore) -> SqlStore:
    await store.write(lambda unit: unit.rooms.ensure([world(ADA), world(BOB)], [LOBBY, ATTIC, HIS]))
    return store


async def hear(store: SqlStore, *memories: Memory) -> None:
    """Write down and take in."""
    await store.write(lambda unit: unit.memories.add(memories))
    await take_in(store)


async def take_in(store: SqlStore) -> None:
    while await store.write(lambda unit: unit.passages.behind(100)):
        pass


async def search(
    store: SqlStore, question: str, scope: Scope = HERE, limit: int = 9
) -> list[Found]:
    return await store.read(lambda unit: unit.passages.find(scope, words(question), limit))


async def find(store: SqlStore, question: str, scope: Scope = HERE, limit: int = 9) -> list[str]:
    return [one.memory.id for one in await search(store, question, scope, limit)]


def said(*texts: str, where: Room = LOBBY, first: int = 0) -> list[Memory]:
    return [
        memory(first + number, where, text, NOON + timedelta(minutes=first + number))
        for number, text in enumerate(texts)
    ]


# --- finding -----------------------------------------------------------------------------------


async def test_what_shares_most_comes_first_and_whole(furnished: SqlStore) -> None:
    talk = said(
        "my cat sleeps all day",
        "your dog sleeps in the kitchen",
        "the kitchen is cold",
        "a cat and a dog in one kitchen",
    )
    await hear(furnished, *talk)
    found = await search(furnished, "Do dogs and cats share a kitchen?")
    assert [one.memory for one in found] == [talk[3], talk[1], talk[0], talk[2]]
    assert set(found[0].words) == {"a", "and", "cat", "dog", "kitchen"}
    assert found[1].words == ("dog", "kitchen")
    assert [one.seq for one in found] == [4, 2, 1, 3]
    assert await find(furnished, "kitchen", limit=1) == ["m3"]


async def test_a_word_is_worth_what_it_tells_apart_within_the_scope(furnished: SqlStore) -> None:
    """In the attic everybody talks of boats; in the lobby that one word is what matters."""
    await hear(
        furnished,
        *said(*["boats again"] * 9, "a red boat", where=ATTIC),
        *said("a boat", *["red"] * 9, first=20),
    )
    both = "red boats"
    (_, boat), (_, red) = [(one.memory.id, one.score) for one in await search(furnished, both)][:2]
    assert boat == pytest.approx(math.log1p(10 / 1))
    assert red == pytest.approx(math.log1p(10 / 9))
    there = await search(furnished, both, Scope(ADA, (ATTIC.id,)))
    assert there[0].score == pytest.approx(math.log1p(10 / 1) + math.log1p(10 / 10))


async def test_of_equals_the_newest_come_first(furnished: SqlStore) -> None:
    await hear(furnished, *said(*["tea"] * 30))
    assert await find(furnished, "tea", limit=3) == ["m29", "m28", "m27"]


async def test_words_of_any_script_are_found(furnished: SqlStore) -> None:
    await hear(
        furnished,
        *said(
            "Ich trinke Kaffee in Köln", "東京に住んでいます", "Он живёт в Москве", "좋아해요 커피"
        ),
    )
    assert await find(furnished, "koln") == ["m0"]
    assert await find(furnished, "東京は?") == ["m1"]
    assert await find(furnished, "москве") == ["m2"]
    assert await find(furnished, "커피") == ["m3"]


@pytest.mark.parametrize(
    "words",
    [
        ['dog" OR terms:"cat'],
        ["dog*", "'", '"', "NEAR(cat)", "a_b", "cat)", "-cat", "%", "\0", "", " "],
        ["':*", "'cat' | 'dog'", "!cat", "\\"],
    ],
)
async def test_words_are_never_taken_for_a_query(furnished: SqlStore, words: list[str]) -> None:
    await hear(furnished, *said("cat", "dog", "a b terms near or and not"))
    assert await furnished.read(lambda unit: unit.passages.find(HERE, words, 9)) == []


@pytest.mark.parametrize("word", ["and", "or", "not", "near", "terms", "null"])
async def test_words_that_a_query_could_hold_are_words(furnished: SqlStore, word: str) -> None:
    await hear(furnished, *said(word.upper(), "else"))
    assert await find(furnished, word) == ["m0"]


async def test_nothing_is_asked_for_without_words_rooms_or_room_for_an_answer(
    furnished: SqlStore,
) -> None:
    await hear(furnished, *said("tea"))
    assert await find(furnished, "") == []
    assert await find(furnished, "!?") == []
    assert await find(furnished, "tea", limit=0) == []
    assert await find(furnished, "tea", Scope(ADA, ())) == []
    assert await find(furnished, "tea", Scope(ADA, (RoomId("nowhere"),))) == []


# --- the scope ---------------------------------------------------------------------------------


async def test_tables_people_and_times_narrow_it_down(furnished: SqlStore) -> None:
    old, new, other = said("tea", "more tea", "cold tea")
    fact = replace(memory(7, LOBBY, "likes tea"), table="facts")
    await hear(furnished, old, new, replace(other, author=EntityId("kim")), fact)
    assert await find(furnished, "tea") == ["m2", "m1", "m0"]
    assert await find(furnished, "tea", replace(HERE, table="facts")) == ["m7"]
    assert await find(furnished, "tea", replace(HERE, entity=EntityId("kim"))) == ["m2"]
    assert await find(furnished, "tea", replace(HERE, before=new.created_at)) == ["m0"]


async def test_nothing_comes_from_before_a_fresh_start(furnished: SqlStore) -> None:
    await hear(furnished, *said("tea", "tea", "tea"), *said("tea", where=ATTIC, first=9))
    moment = NOON + timedelta(minutes=2)
    await furnished.write(lambda unit: unit.rooms.forget_before(ADA, LOBBY.id, moment))
    assert await find(furnished, "tea") == ["m2"]
    both = replace(HERE, rooms=(LOBBY.id, ATTIC.id))
    assert await find(furnished, "tea", both) == ["m9", "m2"]


async def test_many_rooms_are_searched_as_one(furnished: SqlStore) -> None:
    rooms = [room(f"r{number}") for number in range(90)]
    await furnished.write(lambda unit: unit.rooms.ensure([], rooms))
    talk = [memory(n, one, f"tea in r{n}, {'cold' * (n % 2)}") for n, one in enumerate(rooms)]
    await hear(furnished, *talk)
    some = Scope(ADA, tuple(one.id for one in rooms[:80]))
    assert await find(furnished, "tea", some, 99) == [f"m{n}" for n in range(79, -1, -1)]
    assert (await find(furnished, "cold tea", some))[:2] == ["m79", "m77"]
    assert await find(furnished, "r85", some) == []
    assert await find(furnished, "r85", Scope(ADA, tuple(one.id for one in rooms))) == ["m85"]


async def test_the_answer_is_exact_though_frequent_words_are_not_read_to_their_ends(
    furnished: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the bounds are: the same as comparing with every memory there is."""
    texts = [
        " ".join(f"w{k}" for k in range(1, 12) if n % k == 0) + f" n{n % 50}" for n in range(400)
    ]
    await hear(furnished, *said(*texts))
    having = {k: sum(k in text.split() for text in texts) for k in (f"w{n}" for n in range(1, 12))}
    for asked in (["w1", "w2", "w7"], ["w11", "w10", "w9", "w1"], ["w1"], ["w5", "w1", "w3"]):
        worth = {word: math.log1p(400 / having[word]) for word in asked}
        scores = [sum(worth[w] for w in asked if w in text.split()) for text in texts]
        best = sorted(((s, n) for n, s in enumerate(scores) if s), reverse=True)[:20]
        for cheap in (1, 60, 10_000):
            monkeypatch.setattr(passages, "_CHEAP", cheap)
            found = await furnished.read(
                lambda unit, asked=asked: unit.passages.find(HERE, asked, 20)
            )
            assert [one.score for one in found] == pytest.approx([score for score, _ in best])
            # Of equals with several words the order is not promised.
            if len(asked) == 1:
                assert [one.memory.id for one in found] == [f"m{n}" for _, n in best]


async def test_several_scopes_are_searched_together_as_each_alone(furnished: SqlStore) -> None:
    """Of several tables, people, times, rooms and characters."""
    talk = [
        replace(one, author=EntityId(("kim", "bob")[at % 2]))
        for at, one in enumerate(said(*["tea and cake", "tea", "cake", "coffee and tea"] * 5))
    ]
    facts = [replace(memory(n, LOBBY, f"tea {n}"), table="facts") for n in range(40, 45)]
    attic, his = said("tea", "cake", where=ATTIC, first=50), said("tea", where=HIS, first=60)
    await hear(furnished, *talk, *facts, *attic, *his)
    both = Scope(ADA, (LOBBY.id, ATTIC.id))
    wanted = [
        (HERE, 9),
        (replace(HERE, entity=EntityId("kim")), 9),
        (replace(HERE, before=talk[6].created_at), 3),
        (replace(HERE, table="facts"), 2),
        (both, 99),
        (Scope(ADA, (RoomId("nowhere"),)), 9),
        (HERE, 0),
        (Scope(BOB, (HIS.id, LOBBY.id)), 9),
    ]
    asked = ["tea", "cake", "water"]
    together = await furnished.read(lambda unit: unit.passages.find_each(wanted, asked))
    for (scope, limit), found in zip(wanted, together, strict=True):
        alone = await furnished.read(
            lambda unit, scope=scope, limit=limit: unit.passages.find(scope, asked, limit)
        )
        assert list(found.found) == alone
    assert [len(found.found) for found in together] == [9, 9, 3, 2, 22, 0, 0, 1]


async def test_what_is_not_worth_reading_is_told_by_the_words_it_shares(
    furnished: SqlStore,
) -> None:
    asked = ["tea", "cake", "water"]
    await hear(furnished, *said("tea with cake", "cake", "water and cake", "tea", "nothing"))

    def judge(hits: Sequence[Shared]) -> list[bool]:
        return ["tea" in shared for shared in hits]

    whole = await furnished.read(lambda unit: unit.passages.find(HERE, asked, 99))
    (hits,) = await furnished.read(lambda unit: unit.passages.find_each([(HERE, 99)], asked, judge))
    assert list(hits.found) == [one for one in whole if "tea" in one.words]
    others = [one.words for one in whole if "tea" not in one.words]
    assert hits.found
    assert others
    assert sorted(hits.others) == sorted(others)


# --- following behind --------------------------------------------------------------------------


async def test_what_was_written_down_is_taken_in_later_a_few_at_a_time(
    furnished: SqlStore,
) -> None:
    await furnished.write(lambda unit: unit.memories.add(said(*["tea"] * 7)))
    assert await find(furnished, "tea") == []
    steps = []
    for _ in range(4):
        left = await furnished.read(lambda unit: unit.passages.waiting())
        steps.append((left, await furnished.write(lambda unit: unit.passages.behind(3))))
    assert steps == [(7, 3), (4, 3), (1, 1), (0, 0)]
    assert len(await find(furnished, "tea")) == 7


async def test_what_has_no_words_and_what_nobody_said_is_passed_by(
    furnished: SqlStore, database: Database, tmp_path: Path
) -> None:
    (plain,) = said("tea")
    await hear(
        furnished,
        plain,
        memory(1, LOBBY, "👍 !"),
        replace(memory(2, LOBBY, "tea, the whole book"), table="documents"),
        replace(memory(3, LOBBY, "tea was made"), metadata={"type": "action_result"}),
        replace(memory(4, LOBBY, "tea was made"), table="action_results"),
        replace(memory(5, LOBBY, "tea, a piece of the book"), table="knowledge"),
    )
    assert await furnished.read(lambda unit: unit.passages.waiting()) == 0
    assert await find(furnished, "tea") == ["m0"]
    assert await find(furnished, "tea", replace(HERE, table="knowledge")) == ["m5"]
    assert database.ask(tmp_path, "SELECT count(*) AS n FROM passages") == [{"n": 2}]


async def test_a_number_that_is_given_again_is_looked_at_again(furnished: SqlStore) -> None:
    """The newest row is deleted, and SQLite gives its number to the next."""
    await hear(furnished, *said("one", "two", "three"))
    last = [MemoryId("m1"), MemoryId("m2")]
    await furnished.write(lambda unit: unit.memories.drop(ADA, last))
    await hear(furnished, *said("four", "five", "six", first=5))
    assert await find(furnished, "one two three four five six") == ["m7", "m6", "m5", "m0"]


async def test_an_edit_is_found_by_its_new_words_at_once(furnished: SqlStore) -> None:
    await hear(furnished, *said("tea", "tea"))
    assert await furnished.write(lambda unit: unit.memories.rewrite(ADA, MemoryId("m0"), "coffee"))
    assert await find(furnished, "tea") == ["m1"]
    assert await find(furnished, "coffee") == ["m0"]
    changed = memory(1, LOBBY, "cocoa")
    assert await furnished.write(lambda unit: unit.memories.put(changed))
    assert await find(furnished, "tea") == []
    assert await find(furnished, "cocoa coffee") == ["m1", "m0"]


async def test_an_edit_gives_and_takes_words_also_before_it_was_taken_in(
    furnished: SqlStore,
) -> None:
    await hear(furnished, *said("?", "tea"))
    await furnished.write(lambda unit: unit.memories.add(said("tea", first=2)))

    def edit(unit: Unit) -> None:
        unit.memories.rewrite(ADA, MemoryId("m0"), "cocoa")
        unit.memories.rewrite(ADA, MemoryId("m1"), "!")
        unit.memories.rewrite(ADA, MemoryId("m2"), "coffee")

    await furnished.write(edit)
    assert await find(furnished, "cocoa tea coffee") == ["m0"]
    await take_in(furnished)
    assert await find(furnished, "cocoa tea coffee") == ["m2", "m0"]


async def test_an_edit_that_is_undone_leaves_what_was_there(furnished: SqlStore) -> None:
    await hear(furnished, *said("tea"))

    def fail(unit: Unit) -> None:
        unit.memories.rewrite(ADA, MemoryId("m0"), "coffee")
        raise LookupError

    with pytest.raises(LookupError):
        await furnished.write(fail)
    assert await find(furnished, "tea") == ["m0"]
    assert await find(furnished, "coffee") == []


# --- forgetting --------------------------------------------------------------------------------


def gone(how: str) -> Any:
    def drop(unit: Unit) -> object:
        if how == "drop":
            return unit.memories.drop(ADA, [MemoryId("m0"), MemoryId("m1")])
        if how == "clear":
            return unit.memories.clear(ADA, LOBBY.id)
        return unit.rooms.drop(ADA, LOBBY.id)

    return drop


@pytest.mark.parametrize("how", ["drop", "clear", "room"])
async def test_what_is_deleted_is_gone_from_the_index(
    furnished: SqlStore, database: Database, tmp_path: Path, how: str
) -> None:
    await hear(furnished, *said("tea", "sesame"), *said("tea", where=ATTIC, first=5))
    await furnished.write(gone(how))
    assert await find(furnished, "tea sesame") == []
    assert await find(furnished, "tea", Scope(ADA, (ATTIC.id,))) == ["m5"]
    assert database.ask(tmp_path, "SELECT words FROM passages") == [{"words": "tea"}]
    if database.kind == "sqlite":
        terms = database.ask(tmp_path, "SELECT term, doc FROM passages_counts")
        assert [row["doc"] for row in terms] == [1, 1], "the word, and that there is one"
        # FTS5 compares every term it has with every passage there is.
        check = "INSERT INTO passages_fts(passages_fts, rank) VALUES ('integrity-check', 1)"
        assert database.ask(tmp_path, check) == []


async def test_another_character_finds_nothing_of_hers(furnished: SqlStore) -> None:
    await hear(furnished, *said("tea"), *said("tea", where=HIS, first=5))
    assert await find(furnished, "tea", Scope(BOB, (LOBBY.id, HIS.id, ATTIC.id))) == ["m5"]
    assert await find(furnished, "tea", Scope(ADA, (LOBBY.id, HIS.id))) == ["m0"]


async def test_an_attachments_description_is_no_word_of_the_text(furnished: SqlStore) -> None:
    (one,) = said("look")
    picture: Sequence[Any] = ({"url": "file:1", "text": "a tree"},)
    await hear(furnished, replace(one, content=Content("look", attachments=tuple(picture))))
    assert await find(furnished, "tree") == []
