"""Suites that a plugin brings along, run against a living runtime (TE-05)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.events import where
from core.plugins.classic import Plugin, TestCase
from core.plugins.classic_calls import off_the_loop
from core.plugins.typed_threads import Threads


@dataclass(frozen=True, slots=True)
class Ran:
    """How one test ended; `error` is empty where it passed."""

    suite: str
    test: str
    error: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return not self.error


async def run_tests(plugin: Plugin, runtime: Any, *, limit: float = 60.0) -> list[Ran]:
    """Every test of every suite, one after the other; one that fails or hangs stops no other."""
    threads = Threads(plugin.name)
    suites: Iterable[Any] = plugin.tests
    return [
        await _run(suite.name, test, runtime, threads, limit)
        for suite in suites
        for test in suite.tests
    ]


async def _run(suite: str, test: TestCase, runtime: Any, threads: Threads, limit: float) -> Ran:
    clock = asyncio.get_running_loop().time
    begun, error = clock(), ""
    try:
        async with asyncio.timeout(limit):
            await off_the_loop(test.fn, threads, "runtime")(runtime)
    except Exception as failure:  # noqa: BLE001 - the wall around one test
        # To whoever runs it, and not to the log: here its words are wanted.
        error = f"{where(failure)}: {failure}"
    return Ran(suite, test.name, error, clock() - begun)
