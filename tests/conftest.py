"""What a test may not do: block the loop in our code, or reach beyond this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from core.secrets import taught

_LOCAL = ("127.0.0.1", "::1", "localhost", "0.0.0.0")


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
def nobody_phones_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in _LOCAL:
            raise AssertionError(f"a test tried to reach {address[0]}")
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
