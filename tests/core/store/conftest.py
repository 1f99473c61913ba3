"""A store of its own, on each kind of database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.store.engine import SqlStore, open_store
from tests.fakes.databases import Database


@pytest.fixture
async def store(tmp_path: Path, database: Database) -> AsyncIterator[SqlStore]:
    async with open_store(database.url, tmp_path) as store:
        yield store


class Held:
    """A piece of work that keeps the writing thread busy, so that what follows goes together."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._begun = threading.Event()

    def __call__(self, anything: object) -> None:
        self._begun.set()
        assert self._open.wait(10)

    async def begun(self) -> None:
        await asyncio.to_thread(self._begun.wait, 10)

    def release(self) -> None:
        self._open.set()
