"""One browser for all tests of the page; each test has a fresh profile in it."""

from collections.abc import Iterator

import pytest

from tests.page.browser import CHROMIUM, chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[str]:
    if CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed")
    with chromium() as address:
        yield address
