"""Rate limits as Discord has them: a bucket for each route and place, one for all, and who pushed."""

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import md5

from bots.sandbox.discord.routing import Route

_ALL_MOST, _ALL_SECONDS = 50, 1.0


@dataclass(slots=True)
class _Bucket:
    left: int
    resets: float


@dataclass(frozen=True, slots=True)
class Slow:
    """Wait so long; `everywhere` when the bot's rate over all routes was reached."""

    seconds: float
    everywhere: bool = False
    shared: bool = False

    @property
    def scope(self) -> str:
        return "shared" if self.shared else "global" if self.everywhere else "user"


class Buckets:
    """Counts requests; a request on an empty bucket is a violation and is not counted in."""

    def __init__(self, on: bool, now: Callable[[], float] = time.monotonic) -> None:
        self.on = on
        self.violations: Counter[str] = Counter()
        self._now = now
        self._buckets: dict[tuple[int, str, str], _Bucket] = {}
        self._all: dict[int, deque[float]] = {}

    def take(self, bot: int, route: Route, major: str) -> tuple[Slow | None, dict[str, str]]:
        """Take one from the bucket; why it must wait, if it must, and the headers that tell."""
        if not self.on:
            return None, {}
        now = self._now()
        slow = None if route.open else self._everywhere(bot, now)
        if slow is not None:
            self.violations["global"] += 1
            return slow, {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
        most, seconds = route.rate
        bucket = self._buckets.get((bot, route.name, major))
        if bucket is None or bucket.resets <= now:
            bucket = self._buckets[bot, route.name, major] = _Bucket(most, now + seconds)
        if bucket.left <= 0:
            self.violations["bucket"] += 1
            slow = Slow(bucket.resets - now)
        else:
            bucket.left -= 1
            if not route.open:
                self._all.setdefault(bot, deque()).append(now)
        return slow, self._headers(route, bucket, now)

    def _everywhere(self, bot: int, now: float) -> Slow | None:
        times = self._all.setdefault(bot, deque())
        while times and times[0] <= now - _ALL_SECONDS:
            times.popleft()
        if len(times) < _ALL_MOST:
            return None
        return Slow(times[0] + _ALL_SECONDS - now, everywhere=True)

    @staticmethod
    def _headers(route: Route, bucket: _Bucket, now: float) -> dict[str, str]:
        after = bucket.resets - now
        return {
            "X-RateLimit-Limit": str(route.rate.most),
            "X-RateLimit-Remaining": str(bucket.left),
            "X-RateLimit-Reset": f"{time.time() + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": md5(route.name.encode(), usedforsecurity=False).hexdigest(),
        }

    def invalid(self) -> None:
        """Count an answer of 401, 403 or 429: ten thousand of them in ten minutes are a ban."""
        self.violations["invalid"] += 1
