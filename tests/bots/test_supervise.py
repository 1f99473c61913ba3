"""One link's trouble stays its own, and somebody can always say what it is."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import pytest

from bots.supervise import Backoff, Health, Leave, Phase, keep_link
from core.errors import LinkLost, LinkRejected
from core.flow.outbox import Outbox
from core.flow.pace import Pace, Rate
from core.ids import Account
from core.messages import Received
from core.ports import Intake, Platform, Store
from tests.fakes.clock import FakeClock, settle
from tests.fakes.ledger import FakeLedger
from tests.fakes.platform import FakePlatform


@dataclass
class Kept:
    platform: FakePlatform
    health: Health
    clock: FakeClock
    leave: Leave
    entered: list[str]
    task: asyncio.Task[None]


async def _hear(received: Sequence[Received]) -> None:
    """Nothing is said in these tests."""


@asynccontextmanager
async def kept(
    *platforms: FakePlatform, clock: FakeClock | None = None
) -> AsyncIterator[list[Kept]]:
    clock = clock or FakeClock()
    free = Rate(0, 1.0)
    links: list[Kept] = []
    async with asyncio.TaskGroup() as group:
        for number, platform in enumerate(platforms):
            health, leave, entered = Health(f"C{number}", "telegram"), Leave(), list[str]()
            outbox = Outbox(
                Account(f"telegram:{number}"),
                cast(Store, FakeLedger()),
                clock,
                Pace(free, free, free, clock.monotonic),
                platform.limits,
            )

            async def on_entered(entering: Platform, into: list[str] = entered) -> None:
                into.append(entering.handle)

            def open_platform(platform: FakePlatform = platform) -> Platform:
                return platform

            task = group.create_task(
                keep_link(
                    open_platform, outbox, _hear, health, on_entered, leave, clock, random.Random(1)
                )
            )
            links.append(Kept(platform, health, clock, leave, entered, task))
        await settle()
        yield links
        for link in links:
            link.leave.listening.ring()
            link.leave.sending.ring()


async def test_one_refused_and_one_flaky_link_do_not_touch_the_third() -> None:
    refused, flaky, good = FakePlatform(), FakePlatform(), FakePlatform()
    refused.entries.append(LinkRejected("the token is refused"))
    flaky.entries.extend([LinkLost("unreachable"), RuntimeError("a bug in the client")])
    async with kept(refused, flaky, good) as links:
        phases = [one.health.phase for one in links]
        assert phases == [Phase.REJECTED, Phase.RETRYING, Phase.LIVE]
        assert links[0].health.reason == "the token is refused"
        assert links[0].task.done()
    assert [one.health.phase for one in links] == [Phase.REJECTED, Phase.STOPPED, Phase.STOPPED]


async def test_a_link_that_only_cannot_listen_still_sends() -> None:
    deaf = FakePlatform()
    deaf.listens.append(LinkLost("another program reads with this token", pause=30))
    async with kept(deaf) as [link]:
        assert link.health.phase is Phase.RETRYING
        assert "another program" in link.health.reason
        assert link.platform.inside


async def test_a_bug_in_a_client_ends_that_attempt_and_not_the_process(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = FakePlatform()
    broken.listens.append(ZeroDivisionError())
    async with kept(broken) as [link]:
        assert link.health.phase is Phase.RETRYING
        assert link.health.reason == "the client failed (ZeroDivisionError)"
    assert "the client failed" in caplog.text


async def test_each_change_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    health = Health("Ada", "telegram")
    for _ in range(3):
        health.turn(Phase.RETRYING, "unreachable")
    health.turn(Phase.LIVE)
    lines = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert lines == ["Ada on telegram is retrying: unreachable"]


async def test_told_to_stop_listening_it_still_speaks_until_told_to_be_silent() -> None:
    async with kept(FakePlatform()) as [link]:
        link.leave.listening.ring()
        await settle()
        assert link.platform.inside
        assert not link.task.done()
        link.leave.sending.ring()
        await settle()
        assert not link.platform.inside
        assert link.task.done()


# --- how long it waits ------------------------------------------------------------------------


async def waits(clock: FakeClock, seconds: float) -> list[float]:
    """How long each try is waited for while nothing answers for so long."""
    backoff, found = Backoff(clock, random.Random(5)), list[float]()
    end = clock.monotonic() + seconds
    while clock.monotonic() < end:
        found.append(backoff.next())
        await clock.advance(found[-1])
    return found


async def test_what_was_away_for_half_a_minute_is_found_again_within_ten_seconds() -> None:
    found = await waits(FakeClock(), 40)
    assert found[0] <= 1.0
    assert max(found) <= 8.0


async def test_what_is_away_for_long_is_asked_seldom_and_however_long_it_lasts() -> None:
    """Ten days: each try doubles a number that must not grow beyond what a float holds."""
    found = await waits(FakeClock(), 10 * 86_400)
    assert len(found) > 1_100
    assert all(150 <= one <= 300 for one in found[-1_000:])


async def test_a_live_link_says_what_it_cannot_hear() -> None:
    deaf = FakePlatform()
    deaf.lacks = "it hears only what mentions it"
    async with kept(deaf) as [link]:
        assert (link.health.phase, link.health.reason) == (Phase.LIVE, deaf.lacks)
        deaf.lacks = "it may not write in two channels"
        assert link.health.told == deaf.lacks, "it is told as it is now"


async def test_a_link_that_is_in_and_does_not_hear_yet_is_not_live() -> None:
    class Waiting(FakePlatform):
        async def listen(self, intake: Intake, begun: Callable[[], None] = lambda: None) -> None:
            await ready.wait()
            begun()
            await asyncio.Event().wait()

    ready = asyncio.Event()
    async with kept(Waiting()) as [link]:
        assert link.health.phase is Phase.STARTING
        ready.set()
        await settle()
        assert link.health.phase is Phase.LIVE
