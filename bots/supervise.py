"""Keep one link alive: log in, listen, send; retry, reject and tell its health."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from core.bell import Bell
from core.clock import Clock
from core.errors import LinkLost, LinkRejected
from core.flow.outbox import Outbox
from core.ports import Intake, Platform

log = logging.getLogger(__name__)

_FIRST, _LONGEST = 1.0, 300.0
_BRIEF, _SHARE = 8.0, 0.1
"""Nobody waits long for what was away briefly: no longer than these seconds, or this share of it."""
_DOUBLINGS = 16
_HEALTHY = 60.0
"""Seconds of health after which earlier failures are forgotten."""
_SURVIVES = 2.0
"""Seconds of listening after which a link counts as live again."""


class Phase(StrEnum):
    OFF = "off"
    STARTING = "starting"
    LIVE = "live"
    RETRYING = "retrying"
    REJECTED = "rejected"
    STOPPED = "stopped"


@dataclass(slots=True)
class Health:
    """What /ready tells about one character on one platform; reasons are in our own words."""

    character: str
    platform: str
    phase: Phase = Phase.STARTING
    reason: str = ""
    handle: str = ""
    note: str = ""
    """What is amiss although the link is live."""
    lacks: Callable[[], str] = lambda: ""
    """What a live link cannot hear, or where it may not write, as far as it has found out."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def turn(self, phase: Phase, reason: str = "") -> None:
        """One line for each change, not for each attempt."""
        if phase is not self.phase:
            level = logging.INFO if phase in (Phase.LIVE, Phase.STOPPED) else logging.WARNING
            log.log(
                level,
                "%s on %s is %s%s",
                self.character,
                self.platform,
                phase,
                f": {reason}" if reason else "",
            )
        self.phase, self.reason = phase, reason
        self.changed.set()

    def live(self, lacks: Callable[[], str]) -> None:
        """It hears."""
        self.lacks = lacks
        self.turn(Phase.LIVE, self._amiss())

    @property
    def told(self) -> str:
        """The reason, as it is now."""
        return self._amiss() if self.phase is Phase.LIVE else self.reason

    def _amiss(self) -> str:
        return "; ".join(filter(None, (self.lacks(), self.note)))


class Backoff:
    """Longer and longer waits with jitter; a minute of health starts anew."""

    def __init__(self, clock: Clock, chance: random.Random) -> None:
        self._clock = clock
        self._chance = chance
        self._failures = 0
        self._failed_at = float("-inf")
        self._since = 0.0

    def next(self, *, least: float = 0.0) -> float:
        now = self._clock.monotonic()
        if now - self._failed_at > _HEALTHY + _LONGEST:
            self._failures = 0
        if not self._failures:
            self._since = now
        longest = min(_LONGEST, max(_BRIEF, (now - self._since) * _SHARE))
        ceiling = min(longest, _FIRST * 2.0 ** min(self._failures, _DOUBLINGS))
        self._failures += 1
        self._failed_at = now
        return max(least, self._chance.uniform(ceiling / 2, ceiling))

    def healthy_since(self, started: float) -> None:
        if self._clock.monotonic() - started > _HEALTHY:
            self._failures = 0


@dataclass(slots=True)
class Leave:
    """The two bells of one link: first it stops hearing, later it stops speaking."""

    listening: Bell = field(default_factory=Bell)
    sending: Bell = field(default_factory=Bell)


async def keep_link(
    open_platform: Callable[[], Platform],
    outbox: Outbox,
    intake: Intake,
    health: Health,
    entered: Callable[[Platform], Awaitable[None]],
    leave: Leave,
    clock: Clock,
    chance: random.Random,
) -> None:
    """Returns when the link is told to leave, or when the platform refuses it for good.

    The wall of one link: whatever a client raises, here it ends.
    """
    backoff = Backoff(clock, chance)
    while not leave.sending.rung:
        started = clock.monotonic()
        try:
            async with leave.sending.interrupts():
                platform = open_platform()
                async with platform:
                    health.handle = platform.handle
                    await entered(platform)
                    await _serve(platform, outbox, intake, health, leave, clock, backoff)
            break
        except LinkRejected as error:
            health.turn(Phase.REJECTED, str(error))
            return
        except LinkLost as error:
            reason, least = str(error), error.pause
        except Exception as error:  # the wall of one link
            log.exception("%s on %s: the client failed", health.character, health.platform)
            reason, least = f"the client failed ({type(error).__name__})", 0.0
        backoff.healthy_since(started)
        health.turn(Phase.RETRYING, reason)
        if await leave.listening.nap(backoff.next(least=least)):
            break  # told to leave while nothing is connected
    health.turn(Phase.STOPPED)


async def _serve(
    platform: Platform,
    outbox: Outbox,
    intake: Intake,
    health: Health,
    leave: Leave,
    clock: Clock,
    backoff: Backoff,
) -> None:
    """Speak and listen side by side; a deaf link still sends."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(outbox.run(platform))
            await _listen(platform, intake, health, leave, clock, backoff)
            await leave.sending.heard()
    except BaseExceptionGroup as errors:
        raise _gravest(errors) from None


async def _listen(
    platform: Platform,
    intake: Intake,
    health: Health,
    leave: Leave,
    clock: Clock,
    backoff: Backoff,
) -> None:
    survives = 0.0
    while not leave.listening.rung:
        started = clock.monotonic()
        hears = asyncio.Event()
        try:
            async with leave.listening.interrupts(), asyncio.TaskGroup() as group:
                lives = group.create_task(_lives(platform, health, hears, survives, clock))
                await platform.listen(intake, hears.set)
                lives.cancel()
        except* LinkLost as lost:
            error = _gravest(lost)
            assert isinstance(error, LinkLost)
            backoff.healthy_since(started)
            health.turn(Phase.RETRYING, str(error))
            await leave.listening.nap(backoff.next(least=error.pause))
        survives = _SURVIVES


async def _lives(
    platform: Platform, health: Health, hears: asyncio.Event, survives: float, clock: Clock
) -> None:
    """A link that hears is live: at once after its login, and after a while where it was cut."""
    await hears.wait()
    if survives:
        await clock.sleep(survives)
    health.live(lambda: platform.lacks)


def _gravest(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Of several failures the one that decides what happens: a refusal before a loss."""
    leaves: list[BaseException] = []
    open_groups: list[BaseException] = [errors]
    while open_groups:
        one = open_groups.pop()
        if isinstance(one, BaseExceptionGroup):
            open_groups.extend(one.exceptions)
        else:
            leaves.append(one)
    for kind in (LinkRejected, LinkLost):
        for leaf in leaves:
            if isinstance(leaf, kind):
                return leaf
    return leaves[0]
