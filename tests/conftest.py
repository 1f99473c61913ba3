"""What a test may not do, and which database it does it on."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from core.secrets import taught
from core.store.engine import open_store
from tests.contracts.witness import watched
from tests.fakes.databases import Database, in_use
from tests.fakes.postgres import NoPostgres, PostgresServer, postgres_server

_OF_DATABASES = ("test_database.py", "test_memory_isolation.py")
_LOCAL = ("127.0.0.1", "::1", "localhost", "0.0.0.0")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests are no garbage: nobody looks through them, while they come or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of flows and faults a sixth plays on PostgreSQL each time, by their names; at night all do.

    What a database itself does is tested on both kinds everywhere else; so is G1, that no word is
    lost.
    """
    for item in items:
        on = getattr(item, "callspec", None)
        if on is None or on.params.get("database") != "postgres":
            continue
        playing = item.nodeid.startswith(("tests/flows/", "tests/faults/"))
        always = item.path.name in _OF_DATABASES or item.name.startswith("test_g1_")
        if playing and not always and crc32(item.nodeid.encode()) % 6:
            item.add_marker(pytest.mark.soak)


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> Iterator[BlockBuster]:
    with blockbuster_ctx("core") as guard:
        yield guard


@pytest.fixture(autouse=True)
def what_one_test_keeps_secret_another_may_say() -> Iterator[None]:
    before = set(taught._values)
    yield
    taught._values.intersection_update(before)
    taught._pattern = None


@pytest.fixture(autouse=True)
def what_is_asked_of_the_local_discord_and_answered_is_as_discord_publishes_it(
    request: pytest.FixtureRequest,
) -> Iterator[None]:
    """Only the stage's own tests ask odd things, to see what becomes of them."""
    odd = request.node.nodeid.startswith(("tests/stage/", "tests/contracts/"))
    with watched(requests=not odd) as problems:
        yield
    assert not problems, "\n".join(dict.fromkeys(problems))


@pytest.fixture(autouse=True)
def nobody_phones_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in _LOCAL:
            raise AssertionError(f"a test tried to reach {address[0]}")
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One server for all tests that ask for it; those that stop theirs start one of their own."""
    try:
        with postgres_server() as server:
            server.ask("CREATE DATABASE furnished")
            asyncio.run(_furnish(server.url("furnished"), tmp_path_factory.mktemp("furnished")))
            yield server
    except NoPostgres as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"PostgreSQL cannot run here: {error}")


async def _furnish(url: str, folder: Path) -> None:
    """Make the tables once; every database of a test is a copy."""
    async with open_store(url, folder):
        pass


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Each kind in turn, new and empty; what is read by `ledgers.read` is read there."""
    if request.param == "sqlite":
        yield Database()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.database("furnished")
    in_use.now = Database(server.url(name), name, server)
    try:
        yield in_use.now
    finally:
        in_use.now = Database()
        server.drop(name)
