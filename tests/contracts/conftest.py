"""One theatre after the other, and the link that plays in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from bots.discord.endpoints import set_endpoints
from core.ports import Platform
from tests.contracts.theatres import THEATRES, Theatre


@pytest.fixture(autouse=True)
def _discords_own_endpoints() -> Iterator[None]:
    yield
    set_endpoints()


@pytest.fixture(params=THEATRES, ids=lambda opened: opened.__name__)
async def theatre(request: pytest.FixtureRequest) -> AsyncIterator[Theatre]:
    async with request.param() as theatre:
        yield theatre


@pytest.fixture
async def link(theatre: Theatre) -> AsyncIterator[Platform]:
    async with theatre.link() as link:
        yield link
