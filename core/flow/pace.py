"""How fast one account may speak: never more than a platform's published rates, in any window."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from core.messages import Address
from core.ports import Limits
from core.settings.layers import Settings

_MARGIN = 0.05
"""Seconds by which the platform's clock may count otherwise than ours."""
_LOOK_AGAIN = 0.05
"""Seconds after which one looks again where everything that counts is still on its way."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `most` in any `seconds`; 0 means no limit."""

    most: int
    seconds: float


class Window:
    """A sliding log, exact in every window; a leaky bucket lets twice its rate through at times.

    What counts is when the platform gets something, and all that is known of that is that it is
    before the answer. So a place is taken for as long as something is on its way, and from then on
    for the seconds of the rate: however long it took, the rate is kept where it arrives.
    """

    __slots__ = ("_flying", "_rate", "_times")

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._flying = 0
        self._times: deque[float] = deque(maxlen=rate.most)

    def wait(self, now: float, share: float = 1.0) -> float:
        """Seconds until there is room for one more; with a share, until that is still free."""
        most = self._rate.most
        used = most - 1 if share >= 1.0 else min(int(share * most), most - 2)
        if used < 0:
            return math.inf  # there is but one place, and it is kept
        used -= self._flying
        if used < 0:
            return _LOOK_AGAIN
        if len(self._times) <= used:
            return 0.0
        return max(0.0, self._times[-used - 1] + self._rate.seconds + _MARGIN - now)

    def take(self) -> None:
        self._flying += 1

    def land(self, now: float) -> None:
        self._flying -= 1
        self._times.append(now)

    def idle(self, now: float) -> bool:
        if self._flying:
            return False
        return not self._times or self._times[-1] + self._rate.seconds + _MARGIN < now


class Flight:
    """Something is on its way, and has its places until it is known to have arrived, or not."""

    __slots__ = ("_pace", "_windows")

    def __init__(self, pace: Pace, windows: tuple[Window, ...]) -> None:
        self._pace = pace
        self._windows = windows

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None:
        self.land()

    def land(self) -> None:
        """The platform has answered, or nothing was sent; once more is no harm."""
        self._pace.landed(self, self._windows)


@dataclass(frozen=True, slots=True)
class Use:
    """What something shown beside the messages takes of the rates: never what a message needs."""

    share: float
    """It goes only while no more than this of each window is taken, and one place stays free."""
    counts: bool = False
    """In the windows of its chat and group as well, and not in the account's alone."""
    in_group: bool = True


BEGINNING = Use(0.5, counts=True)
EDIT = Use(0.5, counts=True)
DRAFT = Use(0.5)
REACTION = Use(0.4, counts=True, in_group=False)
"""A group's minute is for what is said in it."""
TYPING = Use(0.3)


class Pace:
    """The rates of one account: overall, for each chat, and for each group on top of that.

    Telegram: about 30 messages a second for a bot, one a second in a chat with short bursts, 20 a
    minute in a group (P-07). Discord: 50 requests a second for a bot, five messages in five
    seconds in a channel.
    """

    _SWEEP = 1_000

    def __init__(
        self, overall: Rate, chat: Rate, group: Rate, monotonic: Callable[[], float]
    ) -> None:
        self._overall = Window(overall) if overall.most else None
        self._chat_rate, self._group_rate = chat, group
        self._chats: dict[str, Window] = {}
        self._groups: dict[str, Window] = {}
        self._now = monotonic
        self._paused_until = 0.0
        self._silences: dict[str, float] = {}
        self._flights: set[Flight] = set()

    def wait(self, address: Address, *, direct: bool) -> float:
        """Seconds until a message may go there; 0 for now."""
        now = self._now()
        wait = self._silent(address.room, now)
        if self._overall:
            wait = max(wait, self._overall.wait(now))
        if chat := self._chats.get(address.room):
            wait = max(wait, chat.wait(now))
        if not direct and (group := self._groups.get(address.room)):
            wait = max(wait, group.wait(now))
        return max(0.0, wait)

    def take(self, address: Address, *, direct: bool) -> Flight:
        """One message goes there; whoever sends it lets it land."""
        now = self._now()
        windows = [self._overall] if self._overall else []
        if self._chat_rate.most:
            windows.append(self._of(self._chats, address.room, self._chat_rate, now))
        if not direct and self._group_rate.most:
            windows.append(self._of(self._groups, address.room, self._group_rate, now))
        return self._fly(windows)

    def leisure(self, address: Address, use: Use, *, direct: bool) -> float:
        """Seconds until something may be shown there that keeps no message waiting; 0 for now."""
        now = self._now()
        wait = self._silent(address.room, now)
        if self._overall:
            wait = max(wait, self._overall.wait(now, use.share))
        if not use.counts:
            return max(0.0, wait)
        if self._chat_rate.most == 1:
            return math.inf  # its one place is a message's
        if chat := self._chats.get(address.room):
            wait = max(wait, chat.wait(now, use.share))
        if use.in_group and not direct and (group := self._groups.get(address.room)):
            wait = max(wait, group.wait(now, use.share))
        return max(0.0, wait)

    def spend(self, address: Address, use: Use, *, direct: bool) -> Flight:
        """It is shown; whoever shows it lets it land."""
        if use.counts:
            return self.take(address, direct=direct or not use.in_group)
        return self._fly([self._overall] if self._overall else [])

    def landed(self, flight: Flight, windows: tuple[Window, ...]) -> None:
        if flight in self._flights:
            self._flights.remove(flight)
            now = self._now()
            for window in windows:
                window.land(now)

    def land_all(self) -> None:
        """The link is gone, and whatever was on its way with it."""
        for flight in tuple(self._flights):
            flight.land()

    def silent(self, room: str) -> float:
        """Seconds for which the platform wants to hear nothing there; 0 for none."""
        return max(0.0, self._silent(room, self._now()))

    def silence(self, room: str, seconds: float) -> None:
        """Nothing goes to one chat for a while: the platform has said so."""
        until = self._now() + seconds
        self._silences[room] = max(self._silences.get(room, 0.0), until)

    def pause(self, seconds: float) -> None:
        """Nothing goes out for a while: the platform has said so for the whole account."""
        self._paused_until = max(self._paused_until, self._now() + seconds)

    def _silent(self, room: str, now: float) -> float:
        until = self._silences.get(room) if self._silences else None
        if until is None:
            return self._paused_until - now
        if until <= now:
            del self._silences[room]
        return max(self._paused_until, until) - now

    def _fly(self, windows: list[Window]) -> Flight:
        flight = Flight(self, tuple(windows))
        self._flights.add(flight)
        for window in windows:
            window.take()
        return flight

    def _of(self, windows: dict[str, Window], room: str, rate: Rate, now: float) -> Window:
        window = windows.get(room)
        if window is None:
            if len(windows) >= self._SWEEP and len(windows) % self._SWEEP == 0:
                for idle in [key for key, one in windows.items() if one.idle(now)]:
                    del windows[idle]
            window = windows[room] = Window(rate)
        return window


def pace_of(
    platform: str, limits: Limits, settings: Settings, monotonic: Callable[[], float]
) -> Pace:
    """The settings of a platform; a chat's rate holds over as many seconds as may go at once."""
    prefix = platform.upper()
    overall = settings.number(f"{prefix}_SENDS_PER_SECOND", 30)
    chat = settings.number(f"{prefix}_CHAT_SENDS_PER_SECOND", 1)
    group = settings.number(f"{prefix}_GROUP_SENDS_PER_MINUTE", 0)
    return Pace(
        overall=Rate(max(1, int(overall)) if overall else 0, 1.0),
        chat=_in_bursts(chat, limits.burst),
        group=Rate(max(1, int(group)) if group else 0, 60.0),
        monotonic=monotonic,
    )


def _in_bursts(rate: float, burst: int) -> Rate:
    if not rate:
        return Rate(0, 1.0)
    return Rate(round(rate * burst), burst) if rate * burst >= 1 else Rate(1, 1 / rate)
