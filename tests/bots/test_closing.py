"""Ears first, then thoughts, then mouth; each with its patience."""

from __future__ import annotations

import asyncio

from bots.closing import close
from bots.supervise import Leave
from core.bell import Bell


class Slow:
    def __init__(self, log: list[str], name: str, leave: Leave, seconds: float = 0.0) -> None:
        self._log, self._name, self._leave, self._seconds = log, name, leave, seconds

    async def settle(self) -> None:
        self._note()
        await asyncio.sleep(self._seconds)
        self._log.append(f"{self._name} done")

    flush = settle

    def _note(self) -> None:
        ears = "deaf" if self._leave.listening.rung else "listening"
        mouth = "silent" if self._leave.sending.rung else "speaking"
        self._log.append(f"{self._name} while {ears} and {mouth}")


async def test_the_order_is_ears_thoughts_mouth() -> None:
    leave, log = Leave(), list[str]()
    await close(
        [leave],
        Slow(log, "thoughts", leave),
        [Slow(log, "mouth", leave)],
        Bell(),
        stop_patience=1,
        send_patience=1,
    )
    assert log == [
        "thoughts while deaf and speaking",
        "thoughts done",
        "mouth while deaf and speaking",
        "mouth done",
    ]
    assert leave.sending.rung


async def test_patience_ends() -> None:
    leave, log = Leave(), list[str]()
    await close(
        [leave],
        Slow(log, "thoughts", leave, 60),
        [Slow(log, "mouth", leave, 60)],
        Bell(),
        stop_patience=0.01,
        send_patience=0.01,
    )
    assert "thoughts done" not in log
    assert leave.sending.rung


async def test_a_second_signal_skips_what_patience_is_left() -> None:
    leave, log, hurry = Leave(), list[str](), Bell()
    hurry.ring()
    async with asyncio.timeout(20):
        await close(
            [leave],
            Slow(log, "thoughts", leave, 60),
            [Slow(log, "mouth", leave, 60)],
            hurry,
            stop_patience=60,
            send_patience=60,
        )
    assert leave.sending.rung
