"""What lies in a character's folders is known, kept up with, and forgotten with its file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from core.ids import EntityId, MemoryId
from core.knowledge.chunks import Piece
from core.knowledge.documents import SHARED, Document, Shelf
from core.knowledge.learning import TooMany
from core.messages import Room
from core.models.scripted import Scripted
from core.settings.layers import Environment, Settings
from core.store.engine import SqlStore
from tests.core.knowledge.shelf import character, library
from tests.core.store.rows import room, world


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where Ada's file lies."""
    folder = tmp_path / "characters"
    folder.mkdir()
    return folder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


async def test_a_folder_is_known_with_what_is_below_it(
    store: SqlStore, data: Path, home: Path
) -> None:
    write(home / "books/b.md", "# Boats\n\nThe ferry leaves at nine.")
    write(home / "books/deep/a.txt", "The harbour is closed on Sundays.")
    write(home / "books/.hidden.txt", "Nobody reads this.")
    write(home / "books/picture.png", "not a document")
    ada = character("Ada", {"directory": "books"}, file=home / "ada.json")
    async with library(store, data) as here:
        await here.tend(ada)
        assert await here.titles(ada.id) == ["Boats", "a.txt"]
        assert any("ferry leaves at nine" in one for one in await here.pieces(ada.id))
        assert here.told == [(ada.id, "knowledge")] * 2
        assert not here.librarian.progress()


async def test_a_changed_file_takes_the_place_of_what_it_was(
    store: SqlStore, data: Path, home: Path
) -> None:
    file = write(home / "ferry.txt", "The ferry leaves at nine.")
    ada = character("Ada", {"path": "ferry.txt"}, file=home / "ada.json")
    async with library(store, data) as here:
        await here.tend(ada)
        write(file, "The ferry leaves at eleven.")
        await here.look()
        assert await here.pieces(ada.id) == ["The ferry leaves at eleven."]
        file.unlink()
        await here.look()
        assert await here.pieces(ada.id) == []
        assert await here.documents(ada.id) == []


async def test_a_restart_finds_everything_known_and_reads_nothing_again(
    store: SqlStore, data: Path, home: Path
) -> None:
    write(home / "books/one.txt", "One.")
    ada = character("Ada", "A text of her own.", {"directory": "books"}, file=home / "ada.json")
    async with library(store, data) as here:
        await here.tend(ada)
        before = await here.documents(ada.id)
        assert len(before) == 2
    async with library(store, data) as here:
        await here.tend(ada)
        assert await here.documents(ada.id) == before
        assert here.told == []


async def test_what_was_taken_out_of_her_file_while_nobody_ran_is_forgotten(
    store: SqlStore, data: Path, home: Path
) -> None:
    file = write(home / "one.txt", "One.")
    ada = character("Ada", "A text.", {"path": "one.txt"}, file=home / "ada.json")
    async with library(store, data) as here:
        await here.tend(ada)
        assert len(await here.documents(ada.id)) == 2
    async with library(store, data) as here:
        await here.tend(character("Ada", "A text.", file=home / "ada.json"))
        assert await here.titles(ada.id) == ["A text."]
    assert file.exists()


async def test_a_file_that_is_only_touched_is_not_taken_in_again(
    store: SqlStore, data: Path, home: Path
) -> None:
    file = write(home / "one.txt", "One.")
    ada = character("Ada", {"path": "one.txt"}, file=home / "ada.json")
    async with library(store, data) as here:
        await here.tend(ada)
        os.utime(file, (1, 1))
        await here.look()
        assert here.told == [(ada.id, "knowledge")]
        assert len(await here.documents(ada.id)) == 1


async def test_what_is_shared_is_kept_once_and_what_is_not_is_hers_alone(
    store: SqlStore, data: Path, home: Path
) -> None:
    write(home / "all.txt", "For all of us.")
    write(home / "mine.txt", "For Ada.")
    write(data / "knowledge/shared/house.txt", "Of the house.")
    write(data / "knowledge/bob/his.txt", "For Bob.")
    all_of_us = {"path": "all.txt", "shared": True}
    ada = character("Ada", all_of_us, {"path": "mine.txt"}, file=home / "ada.json")
    bob = character("Bob", all_of_us, file=home / "bob.json")
    async with library(store, data) as here:
        await here.tend(ada, bob)
        assert await here.titles(ada.id) == ["mine.txt"]
        assert await here.titles(bob.id) == ["his.txt"]
        assert await here.titles(SHARED) == ["all.txt", "house.txt"]
        await here.tend(character("Ada", file=home / "ada.json"), bob)
        assert await here.titles(SHARED) == ["all.txt", "house.txt"]
        await here.tend(bob)
        assert await here.titles(SHARED) == ["all.txt", "house.txt"]
        await here.tend(character("Ada"), character("Bob"))
        assert await here.titles(SHARED) == ["house.txt"]


async def test_a_document_that_cannot_be_read_stops_none_of_the_others(
    store: SqlStore, data: Path, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(home / "books/a.pdf", "%PDF-1.7 and no more of it")
    write(home / "books/b.txt", "A good one.")
    ada = character("Ada", {"directory": "books"}, file=home / "ada.json")
    async with library(store, data) as here:
        await here.tend(ada)
        await here.look()
        assert await here.titles(ada.id) == ["b.txt"]
    told = [one.message for one in caplog.records if "a.pdf" in one.message]
    assert len(told) == 1
    assert told[0].startswith("Ada: a.pdf cannot be read")


async def test_two_files_that_differ_far_behind_are_two_documents(
    store: SqlStore, data: Path, home: Path
) -> None:
    """elizaOS' id is made of the first 2,000 characters (KN-04)."""
    same = "The parties agree as follows. " * 200
    write(home / "books/a/contract.txt", f"{same}\n\nThe price is ten.")
    write(home / "books/b/contract.txt", f"{same}\n\nThe price is twelve.")
    write(home / "books/c/contract.txt", f"{same}\n\nThe price is twelve.")
    ada = character("Ada", {"directory": "books"}, file=home / "ada.json")
    async with library(store, data) as here:
        await here.tend(ada)
        assert len(await here.documents(ada.id)) == 2
        (home / "books/b/contract.txt").unlink()
        await here.look()
        pieces = await here.pieces(ada.id)
        assert any("twelve" in one for one in pieces)
        (home / "books/c/contract.txt").unlink()
        await here.look()
        assert not any("twelve" in one for one in await here.pieces(ada.id))


async def test_what_a_crash_left_half_taken_in_is_dropped_and_taken_in_anew(
    store: SqlStore, data: Path, home: Path
) -> None:
    write(home / "long.txt", "\n\n".join(f"Paragraph {n}. " + "word " * 300 for n in range(300)))
    ada = character("Ada", {"path": "long.txt"}, file=home / "ada.json")
    writes = 0

    class Dying(Exception):
        pass

    class Store:
        """Goes down at the third step."""

        read, extend, scrub = store.read, store.extend, store.scrub

        async def write(self, work: object, early: object = None) -> object:
            nonlocal writes
            if "_add" in str(work):
                writes += 1
                if writes == 2:
                    raise Dying
            return await store.write(work)  # type: ignore[arg-type]

    async with library(Store(), data) as here:  # type: ignore[arg-type]
        await here.tend(ada)
    left = await store.read(lambda unit: unit.memories.count(ada.id, table="knowledge"))
    assert left == 200
    async with library(store, data) as here:
        await here.librarian.tend([])
        await here.tend(ada)
        (document,) = await here.documents(ada.id)
        assert document.whole
        assert document.pieces == len(await here.pieces(ada.id)) > 200


async def test_other_sizes_of_pieces_cut_everything_anew(
    store: SqlStore, data: Path, home: Path
) -> None:
    write(home / "long.txt", "Some words in a row. " * 200)
    ada = character("Ada", {"path": "long.txt"}, file=home / "ada.json")
    async with library(store, data) as here:
        await here.tend(ada)
        before = len(await here.pieces(ada.id))
        await here.tend(ada, EMBEDDING_CHUNK_SIZE="100", EMBEDDING_OVERLAP_SIZE="20")
        assert len(await here.pieces(ada.id)) > 2 * before
        assert len(await here.documents(ada.id)) == 1
        await here.tend(ada, EMBEDDING_CHUNK_SIZE="100", EMBEDDING_OVERLAP_SIZE="100")
        assert len(await here.documents(ada.id)) == 1


async def test_documents_of_all_are_read_where_that_is_asked_for(
    store: SqlStore, data: Path, tmp_path: Path
) -> None:
    write(tmp_path / "docs/guide.md", "Read me.")
    ada = character("Ada")
    there = {"KNOWLEDGE_PATH": str(tmp_path / "docs")}
    async with library(store, data, settings=there) as here:
        await here.tend(ada)
        assert await here.titles(SHARED) == []
    async with library(store, data, settings={**there, "LOAD_DOCS_ON_STARTUP": "true"}) as here:
        await here.tend(ada)
        assert await here.titles(SHARED) == ["guide.md"]
    async with library(store, data, settings=there) as here:
        await here.tend(ada)
        assert await here.titles(SHARED) == []


async def test_a_model_says_where_each_piece_stands_and_people_see_the_piece(
    store: SqlStore, data: Path, home: Path
) -> None:
    write(home / "ferry.txt", "It leaves at nine.")
    ada = character("Ada", {"path": "ferry.txt"}, file=home / "ada.json")
    model = Scripted(["From the timetable of the Tallinn ferry."])
    async with library(store, data, model=model) as here:
        await here.tend(ada, CTX_KNOWLEDGE_ENABLED="TRUE")
        assert await here.pieces(ada.id) == ["It leaves at nine."]
        (kept,) = await store.read(
            lambda unit: unit.memories.find(ada.id, table="knowledge", limit=5)
        )
        assert kept.content.text == "From the timetable of the Tallinn ferry.\n\nIt leaves at nine."
    assert len(model.requests) == 1


async def test_a_folder_nobody_may_look_into_now_is_not_taken_for_empty(
    store: SqlStore, data: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / "books/one.txt", "One.")
    ada = character("Ada", {"directory": "books"}, file=home / "ada.json")
    real = os.scandir

    def scandir(path: object) -> object:
        if str(path).endswith("books"):
            raise PermissionError
        return real(path)  # type: ignore[call-overload]

    async with library(store, data) as here:
        await here.tend(ada)
        monkeypatch.setattr("os.scandir", scandir)
        await here.look()
        assert await here.titles(ada.id) == ["one.txt"]


async def test_a_document_is_put_once(store: SqlStore, data: Path, home: Path) -> None:
    ada = character("Ada")
    async with library(store, data) as here:
        await here.tend(ada)
        shelf = Shelf(store, here.clock)
        plain = Document(
            id="d", owner=ada.id, room=ada.id, title="T", name="T", hash="h",  # type: ignore[arg-type]
            kind="text/plain", size=1, source="file",
        )  # fmt: skip
        first, new = await shelf.put(plain, "text", [])
        assert new
        assert await shelf.put(plain, "text", []) == (first, False)


async def test_while_a_document_comes_and_goes_it_is_known_to_be_half(
    store: SqlStore, data: Path, home: Path
) -> None:
    ada = character("Ada")
    half: set[MemoryId] = set()
    seen: list[set[MemoryId]] = []

    class Watched:
        async def read(self, work: Any) -> Any:
            return await store.read(work)

        async def write(self, work: Any) -> Any:
            done = await store.write(work)
            seen.append(set(half))
            return done

    async with library(store, data) as here:
        await here.tend(ada)
        shelf = Shelf(Watched(), here.clock, half)  # type: ignore[arg-type]
        one = Document(
            id="d", owner=ada.id, room=ada.id, title="T", name="T", hash="h",  # type: ignore[arg-type]
            kind="text/plain", size=1, source="file",
        )  # fmt: skip
        one, _ = await shelf.put(one, "text", [Piece(n, n + 1, f"Page {n}.") for n in range(500)])
        # What it begins with is no piece yet; between the last one and its end it is half still.
        assert seen == [set(), *[{"d"}] * 4]
        assert half == set()
        seen.clear()
        await shelf.remove([one])
        assert seen == [{"d"}] * 4
        assert half == set()


async def test_of_what_is_sent_in_a_room_a_hundred_documents_are_kept(
    store: SqlStore, data: Path
) -> None:
    ada = character("Ada")
    salon, there = room("r", ada.id), room("s", ada.id)
    async with library(store, data) as here:
        await here.tend(ada)

        async def send(number: int, where: Room = salon) -> None:
            text, sender = f"Owl {number}.", EntityId("zoe")
            await here.librarian.sent(
                where.character, where.id, where.world, sender, "telegram", text, text, settings
            )

        settings = Settings(Environment.of({}), ada.name, ada.id)
        await store.write(lambda unit: unit.rooms.ensure([world(ada.id)], [salon, there]))
        for number in range(100):
            await send(number)
        await send(0)  # known already
        with pytest.raises(TooMany, match="100 documents are known in this room already"):
            await send(100)
        await send(100, there)
        assert len(await here.documents(ada.id)) == 101
