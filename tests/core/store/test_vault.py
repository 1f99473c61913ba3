"""Settings of people and rooms are unreadable in the file, and readable with the right key."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from core.errors import BadInput
from core.ports import Unit
from core.secrets import Secret
from core.store.engine import SqlStore, open_store
from core.store.notes import Vault
from tests.fakes.databases import Database

WORDS = "sk-canary-0123456789"


def put(value: str | None, key: str = "API_KEY", owner: str = "bob") -> Callable[[Unit], None]:
    return lambda unit: unit.notes.put(owner, key, value)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def new_key() -> str:
    return Fernet.generate_key().decode()


async def test_what_is_put_down_is_read_back_and_changes_and_goes(store: SqlStore) -> None:
    await store.write(put(WORDS))
    await store.write(put("éclair", "MOOD"))
    await store.write(put(None, "NOTHING"))
    await store.write(put("of another", owner="eve"))
    kept = {"API_KEY": WORDS, "MOOD": "éclair", "NOTHING": None}
    assert await store.read(lambda unit: unit.notes.get("bob")) == kept
    await store.write(put("changed"))
    await store.write(lambda unit: unit.notes.drop("bob", "MOOD"))
    kept = {"API_KEY": "changed", "NOTHING": None}
    assert await store.read(lambda unit: unit.notes.get("bob")) == kept
    assert await store.read(lambda unit: unit.notes.get("eve")) == {"API_KEY": "of another"}


async def test_nothing_that_was_sealed_stands_in_any_file_in_clear(
    database: Database, tmp_path: Path
) -> None:
    async with open_store(database.url, tmp_path) as store:
        await store.write(put(WORDS))
        written = files(tmp_path)
    written |= {f"{name} after the end": content for name, content in files(tmp_path).items()}
    if database.kind == "postgres":
        rows = database.ask(tmp_path, "SELECT * FROM settings")
        written["table"] = "\n".join(str(row) for row in rows).encode()
    assert any(b"API_KEY" in content for content in written.values())
    assert [name for name, content in written.items() if WORDS.encode() in content] == []


async def test_without_a_key_one_is_made_that_only_its_owner_can_read(
    database: Database, tmp_path: Path
) -> None:
    async with open_store(database.url, tmp_path) as store:
        assert not (tmp_path / "secret.key").exists()  # nobody has hidden anything yet
        await store.write(put(WORDS))
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    async with open_store(database.url, tmp_path) as store:
        assert await store.read(lambda unit: unit.notes.get("bob")) == {"API_KEY": WORDS}


async def test_a_key_file_that_a_full_disk_left_empty_is_made_anew(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "secret.key").touch(0o600)
    async with open_store(database.url, tmp_path) as store:
        await store.write(put(WORDS))
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    async with open_store(database.url, tmp_path) as store:
        assert await store.read(lambda unit: unit.notes.get("bob")) == {"API_KEY": WORDS}


async def test_another_key_is_told_apart_and_reveals_nothing(
    database: Database, tmp_path: Path
) -> None:
    async with open_store(database.url, tmp_path, key=Secret(new_key())) as store:
        await store.write(put(WORDS))
    async with open_store(database.url, tmp_path, key=Secret(new_key())) as store:
        with pytest.raises(BadInput, match="sealed with another key") as refused:
            await store.read(lambda unit: unit.notes.get("bob"))
    assert WORDS not in str(refused.value)


async def test_keys_rotate_the_first_seals_and_all_open(database: Database, tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    async with open_store(database.url, tmp_path, key=Secret(old)) as store:
        await store.write(put(WORDS))
    async with open_store(database.url, tmp_path, key=Secret(f"{new}, {old}")) as store:
        assert await store.read(lambda unit: unit.notes.get("bob")) == {"API_KEY": WORDS}
        await store.write(put(WORDS))
    async with open_store(database.url, tmp_path, key=Secret(new)) as store:
        assert await store.read(lambda unit: unit.notes.get("bob")) == {"API_KEY": WORDS}


@pytest.mark.parametrize("key", ["too short", "", "x" * 44])
def test_what_is_no_key_is_refused_by_name_and_not_shown(key: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="TROUPE_SECRET_KEY") as refused:
        Vault(Secret(key), tmp_path / "secret.key").seal(WORDS)
    assert not key or key not in str(refused.value)
    assert WORDS not in str(refused.value)


def test_two_seals_of_the_same_words_look_different(tmp_path: Path) -> None:
    vault = Vault(Secret(new_key()), tmp_path / "secret.key")
    assert vault.seal(WORDS) != vault.seal(WORDS)
    assert vault.unseal(vault.seal(WORDS)) == WORDS
