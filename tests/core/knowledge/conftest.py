"""A store of its own, on each kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.store.engine import SqlStore, open_store
from tests.fakes.databases import Database


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The gateway's own folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
async def store(data: Path, database: Database) -> AsyncIterator[SqlStore]:
    async with open_store(database.url, data) as store:
        yield store
