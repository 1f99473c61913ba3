"""A house of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.memory.house import House, a_house
from tests.fakes.databases import Database


@pytest.fixture
async def house(tmp_path: Path, database: Database) -> AsyncIterator[House]:
    async with a_house(tmp_path, database.url) as house:
        yield house
