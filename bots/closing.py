"""The order of stopping: ears, then thoughts, then mouth, each with its patience."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from bots.supervise import Leave
from core.bell import Bell

log = logging.getLogger(__name__)


class Thoughts(Protocol):
    async def settle(self) -> None: ...


class Mouth(Protocol):
    async def flush(self) -> None: ...


async def close(
    leaves: Sequence[Leave],
    thoughts: Thoughts,
    mouths: Sequence[Mouth],
    hurry: Bell,
    *,
    stop_patience: float,
    send_patience: float,
) -> None:
    """Afterwards nothing listens and nothing is sent; what was not finished is in the ledgers.

    `hurry` (a second Ctrl-C) skips what patience is left.
    """
    for leave in leaves:
        leave.listening.ring()
    async with hurry.interrupts():
        try:
            async with asyncio.timeout(stop_patience):
                await thoughts.settle()
        except TimeoutError:
            log.warning(
                "some turns took longer than %g s; the next start takes them up", stop_patience
            )
    async with hurry.interrupts():
        try:
            async with asyncio.timeout(send_patience), asyncio.TaskGroup() as group:
                for mouth in mouths:
                    group.create_task(mouth.flush())
        except TimeoutError:
            log.warning("some messages wait for the next start; their rows are in the ledger")
    for leave in leaves:
        leave.sending.ring()
