"""Trouble on demand: what can go wrong between a bot and its platform, by hand or by seed."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["refuse", "cut", "cut_after", "delay", "hang", "garbage"]


@dataclass(slots=True, eq=False)
class Fault:
    """One kind of trouble and whom it meets; None means anyone.

    A method of Discord is named as in its contract: create_message, list_messages.

    `times` counts down, `until` is on the monotonic clock; a fault with neither stays.
    """

    kind: Kind
    bot: int | None = None
    method: str | None = None
    chat: int | None = None
    times: int | None = 1
    until: float | None = None
    chance: float = 1.0
    status: int = 429
    retry_after: float | None = None
    low: float = 0.0
    high: float = 0.0
    body: bytes = b"<html><body>502 Bad Gateway</body></html>"
    met: int = 0
    # Discord only: the code in its refusal, and whose rate it is: user, shared or global.
    code: int = 0
    scope: str = "user"

    def meets(self, bot: int, method: str, chat: int | None) -> bool:
        return (
            self.bot in {None, bot}
            and self.chat in {None, chat}
            and (self.method is None or self.method.lower() == method.lower())
        )


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """A mix of troubles drawn from one seed: the share of requests that meets each."""

    seed: int
    refused: float = 0.01
    broken: float = 0.02
    cut: float = 0.01
    cut_after: float = 0.01
    delayed: float = 0.05
    garbage: float = 0.005
    longest_delay: float = 0.5
    longest_wait: int = 2
    spares: frozenset[str] = field(default=frozenset({"getMe"}))

    def faults(self) -> list[Fault]:
        """The plan as standing faults, each with its chance."""
        return [
            Fault(
                "refuse", times=None, chance=self.refused, status=429, retry_after=self.longest_wait
            ),
            Fault("refuse", times=None, chance=self.broken, status=502),
            Fault("cut", times=None, chance=self.cut),
            Fault("cut_after", times=None, chance=self.cut_after),
            Fault("delay", times=None, chance=self.delayed, high=self.longest_delay),
            Fault("garbage", times=None, chance=self.garbage),
        ]


class Faults:
    """The faults that stand now; each request meets at most one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._standing: list[Fault] = []
        self._random = random.Random(0)
        self._spares: frozenset[str] = frozenset()
        self.met: list[tuple[Fault, str]] = []

    def add(self, fault: Fault) -> Fault:
        self._standing.append(fault)
        return fault

    def follow(self, plan: FaultPlan) -> None:
        """Let a plan decide from now on, beside what stands by hand."""
        self._random = random.Random(plan.seed)
        self._spares = plan.spares
        self._standing.extend(plan.faults())

    def clear(self) -> None:
        self._standing.clear()

    def flood(
        self,
        retry_after: float = 3,
        *,
        bot: int | None = None,
        method: str | None = None,
        chat: int | None = None,
        times: int | None = 1,
        seconds: float | None = None,
        scope: str = "user",
    ) -> Fault:
        """Answer 429 with this `retry_after`, so many times or for so long."""
        until = None if seconds is None else self._clock() + seconds
        times = times if seconds is None else None
        return self.add(
            Fault("refuse", bot, method, chat, times, until, retry_after=retry_after, scope=scope)
        )

    def refuse(
        self,
        status: int,
        *,
        code: int = 0,
        retry_after: float | None = None,
        bot: int | None = None,
        method: str | None = None,
        chat: int | None = None,
        times: int | None = 1,
    ) -> Fault:
        """Answer this status; with the code that Discord's refusals carry."""
        fault = Fault("refuse", bot, method, chat, times, status=status, code=code)
        fault.retry_after = retry_after
        return self.add(fault)

    def fail(
        self,
        status: int = 500,
        *,
        bot: int | None = None,
        method: str | None = None,
        chat: int | None = None,
        times: int | None = 1,
    ) -> Fault:
        """Answer a server error."""
        return self.add(Fault("refuse", bot, method, chat, times, status=status))

    def cut(
        self,
        *,
        after: bool = False,
        bot: int | None = None,
        method: str | None = None,
        chat: int | None = None,
        times: int | None = 1,
    ) -> Fault:
        """Drop the connection before the method took effect, or after: the uncertain send."""
        return self.add(Fault("cut_after" if after else "cut", bot, method, chat, times))

    def delay(
        self,
        low: float,
        high: float | None = None,
        *,
        bot: int | None = None,
        method: str | None = None,
        chat: int | None = None,
        times: int | None = None,
    ) -> Fault:
        """Take effect late, by a fixed or a random time."""
        high = low if high is None else high
        return self.add(Fault("delay", bot, method, chat, times, low=low, high=high))

    def hang(
        self,
        *,
        bot: int | None = None,
        method: str | None = None,
        chat: int | None = None,
        times: int | None = 1,
    ) -> Fault:
        """Never answer, and take no effect."""
        return self.add(Fault("hang", bot, method, chat, times))

    def garbage(
        self,
        body: bytes | None = None,
        *,
        bot: int | None = None,
        method: str | None = None,
        chat: int | None = None,
        times: int | None = 1,
    ) -> Fault:
        """Answer 200 with something that is not the Bot API."""
        fault = Fault("garbage", bot, method, chat, times)
        fault.body = body if body is not None else fault.body
        return self.add(fault)

    def next_for(self, bot: int, method: str, chat: int | None) -> Fault | None:
        """The trouble this request meets, used up by one; None for most."""
        if not self._standing:
            return None
        now = self._clock()
        self._standing = [f for f in self._standing if f.until is None or f.until > now]
        for fault in self._standing:
            if not fault.meets(bot, method, chat):
                continue
            if fault.chance < 1.0 and (
                method in self._spares or self._random.random() >= fault.chance
            ):
                continue
            fault.met += 1
            self.met.append((fault, method))
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._standing.remove(fault)
            return fault
        return None

    def seconds(self, fault: Fault) -> float:
        return self._random.uniform(fault.low, fault.high)
