"""What a plugin of one test declares is unknown in the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.settings import schema


@pytest.fixture(autouse=True)
def what_one_test_declares_another_does_not_know() -> Iterator[None]:
    before = dict(schema._known)
    yield
    schema._known.clear()
    schema._known.update(before)
