"""Flood control: sliding windows per bot, per chat and per group, and a count of those who pushed."""

import math
from collections import Counter, deque
from collections.abc import Callable
from typing import NamedTuple


class Window(NamedTuple):
    """At most `most` in any `seconds`."""

    most: int
    seconds: float


class Rates(NamedTuple):
    """What a server lets through: per bot, per chat, per group, and signs of life per chat."""

    bot: Window = Window(30, 1.0)
    chat: Window = Window(3, 3.0)
    group: Window = Window(20, 60.0)
    signs: Window = Window(30, 1.0)


class FloodControl:
    """Says how long a bot has to wait; a request that must wait is a violation and is not counted in."""

    def __init__(self, now: Callable[[], float], on: bool, rates: Rates | None = None) -> None:
        self._now = now
        self.on = on
        self.rates = rates or Rates()
        self.violations: Counter[str] = Counter()
        self._seen: dict[tuple[int, int | None, str], deque[float]] = {}

    def wait(self, bot: int, chat: int | None, is_group: bool, *, sign: bool = False) -> int:
        """Seconds to wait, 0 to go on; `chat` None counts against the bot's own rate only.

        A `sign` of life (a draft, typing, a reaction) has a looser rate of its own in a chat.
        """
        if not self.on:
            return 0
        now, rates = self._now(), self.rates
        asked = [("bot", self._window(bot, None, "bot", rates.bot, now), rates.bot)]
        if chat is not None and sign:
            asked.append(("signs", self._window(bot, chat, "signs", rates.signs, now), rates.signs))
        elif chat is not None:
            asked.append(("chat", self._window(bot, chat, "chat", rates.chat, now), rates.chat))
            if is_group:
                of_group = self._window(bot, chat, "group", rates.group, now)
                asked.append(("group", of_group, rates.group))
        longest = 0.0
        for kind, times, window in asked:
            if len(times) >= window.most:
                self.violations[kind] += 1
                longest = max(longest, times[0] + window.seconds - now)
        if longest > 0:
            return max(1, math.ceil(longest))
        for _, times, _ in asked:
            times.append(now)
        return 0

    def _window(
        self, bot: int, chat: int | None, kind: str, window: Window, now: float
    ) -> deque[float]:
        times = self._seen.setdefault((bot, chat, kind), deque())
        while times and times[0] <= now - window.seconds:
            times.popleft()
        return times
