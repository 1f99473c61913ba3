"""Listening on a machine that is busy with something else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bots.discord.ears_rounds import Hears, Rounds
from core.ports.voices import Listening
from core.speech.vad import Detector
from tests.bots.discord.test_ears import ANN, SAID, Channel
from tests.fakes.clock import FakeClock


class ByHand(Rounds):
    """Nobody has a turn but by the test."""

    def join(self, ears: Hears) -> None: ...


class Halting(FakeClock):
    def halts(self, seconds: float) -> None:
        self._passed += seconds


class Slow:
    """Opens what one person says; at one packet of it something happens."""

    def __init__(self, session: Any, at: int, happens: Callable[[], None]) -> None:
        self._session = session
        self._left = at
        self._happens = happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def decrypt(self, *given: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            self._happens()
        return self._session.decrypt(*given)


async def test_who_is_read_late_is_not_taken_to_have_paused() -> None:
    await asyncio.to_thread(Detector, Listening())  # its library is read from the disk
    clock = Halting()
    channel = Channel(clock=clock, rounds=ByHand())
    ann = channel.enter(ANN)
    packets = [ann.packet(opus) for opus in SAID]

    def goes_on() -> None:
        """While the first half is read, which takes a busy machine long, the other half comes."""
        for packet in packets[25:]:
            channel.line.bring(packet)
        clock.halts(0.4)

    channel.line.dave_session = Slow(channel.line.dave_session, 25, goes_on)  # type: ignore[assignment]
    channel.ears.begin()
    await channel.speaking(ANN)
    for packet in packets[:25]:
        channel.line.bring(packet)
    assert channel.ears.turn()
    await asyncio.sleep(0)
    assert channel.said == []
    assert channel.ears.turn()
    await asyncio.sleep(0)
    (said,) = channel.said
    assert 0.8 <= said.speech <= 1.2
    channel.ears.close()
