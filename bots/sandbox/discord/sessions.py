"""Sessions outlive their connections: numbered events, kept for a RESUME; and the budget of IDENTIFY."""

import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from bots.sandbox.discord.intents import NONE, Intents
from bots.sandbox.world import Account

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it goes to everyone who hears the same of it."""

    name: str
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Counts:
    """What a bot did on the gateway since the start, and how many events it was told again."""

    connections: int = 0
    identifies: int = 0
    resumes: int = 0
    replayed: int = 0


class Line(Protocol):
    """The connection that a session speaks through just now."""

    def wake(self) -> None: ...


@dataclass(slots=True, eq=False)
class Session:
    """One login of a bot: `seq` is the last event's number, `sent` the last one given to the line."""

    bot: Account = field(repr=False)
    token: str = field(repr=False)
    intents: Intents = NONE
    shard: tuple[int, int] = (0, 1)
    large: int = 50
    keeps: int = 5_000
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    seq: int = 0
    sent: int = 0
    line: Line | None = field(default=None, repr=False)
    lost_at: float | None = None
    presence: dict[str, Any] = field(default_factory=dict, repr=False)
    _kept: deque[Event] = field(default_factory=deque, repr=False)

    def put(self, event: Event) -> None:
        """Number an event and keep it; the line, if there is one, takes it from here."""
        self.seq += 1
        self._kept.append(event)
        # What the line has not taken yet must stay, however much it is.
        while len(self._kept) > self.keeps and (self.line is None or self._first <= self.sent):
            self._kept.popleft()
        if self.line is not None:
            self.line.wake()

    def take(self) -> tuple[int, Event] | None:
        """The next event that the line has not been given."""
        if self.sent >= self.seq:
            return None
        self.sent += 1
        return self.sent, self._kept[self.sent - self._first]

    def can_resume(self, seq: int) -> bool:
        """Whether everything after this number is still there."""
        return self._first - 1 <= seq <= self.seq

    def wants(self, intent: Intents) -> bool:
        return intent in self.intents

    def covers(self, guild: int) -> bool:
        """Whether a server is told of by this session's shard; 0 stands for direct messages."""
        return (guild >> 22) % self.shard[1] == self.shard[0]

    @property
    def pending(self) -> int:
        """How many events the line has not been given."""
        return self.seq - self.sent

    @property
    def _first(self) -> int:
        return self.seq - len(self._kept) + 1


class Sessions:
    """Every session that can still be spoken to or resumed, and what each bot has used up."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        *,
        survives: float = 180.0,
        keeps: int = 5_000,
        budget: int = 1_000,
        identify_every: float = 0.0,
        together: int = 1,
    ) -> None:
        """In `identify_every` seconds one login is let in for each of `together` groups of shards."""
        self._now = now
        self.survives = survives
        self.keeps = keeps
        self.budget = budget
        self.identify_every = identify_every
        self.together = together
        self.ended: Callable[[Session], None] = lambda session: None
        """Told of each session that is over and cannot be resumed."""
        self.counts: dict[int, Counts] = {}
        self._all: dict[str, Session] = {}
        self._by_bot: dict[int, list[Session]] = {}
        self._starts: dict[int, deque[float]] = {}
        self._last: dict[tuple[int, int], float] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._all.values()))

    def __len__(self) -> int:
        return len(self._all)

    def of(self, bot: int) -> list[Session]:
        """A bot's sessions, oldest first, without those that were cut off too long ago."""
        mine = self._by_bot.get(bot)
        if not mine:
            return []
        for session in [s for s in mine if self._is_over(s)]:
            self.end(session)
        return self._by_bot.get(bot, [])

    def count(self, bot: int) -> Counts:
        return self.counts.setdefault(bot, Counts())

    def begin(
        self,
        bot: Account,
        token: str,
        intents: Intents,
        shard: tuple[int, int] = (0, 1),
        large: int = 50,
    ) -> Session:
        """Log a bot in, beside the sessions it has."""
        for lost in [each for each in self if self._is_over(each)]:
            self.end(lost)
        session = Session(bot, token, intents, shard, large, self.keeps)
        self._all[session.id] = session
        self._by_bot.setdefault(bot.id, []).append(session)
        self.count(bot.id).identifies += 1
        return session

    def find(self, session_id: object) -> Session | None:
        """A session to resume; None when it is unknown or was cut off too long ago."""
        session = self._all.get(session_id) if isinstance(session_id, str) else None
        if session is not None and self._is_over(session):
            self.end(session)
            return None
        return session

    def cut(self, session: Session) -> None:
        """The line is gone; from now on the session waits to be resumed."""
        session.line = None
        session.lost_at = self._now()

    def end(self, session: Session) -> None:
        session.line = None
        if self._all.pop(session.id, None) is None:
            return
        mine = self._by_bot[session.bot.id]
        mine.remove(session)
        if not mine:
            del self._by_bot[session.bot.id]
        self.ended(session)

    def pending(self, bot: int) -> int:
        """Events that wait for a bot: of its newest session for each shard, since older ones are lost."""
        newest = {session.shard: session for session in self.of(bot)}
        return sum(session.pending for session in newest.values())

    # -- the budget of IDENTIFY ------------------------------------------------------------------

    def may_identify(self, bot: int, shard: int = 0) -> bool:
        """Spend one of the day's logins; False when none is left."""
        starts = self._recent(bot)
        if len(starts) >= self.budget:
            return False
        starts.append(self._now())
        self._last[bot, shard % self.together] = self._now()
        return True

    def too_soon(self, bot: int, shard: int = 0) -> bool:
        """Whether the last login of its group is less than `identify_every` seconds ago."""
        last = self._last.get((bot, shard % self.together))
        return last is not None and self._now() - last < self.identify_every

    def start_limit(self, bot: int) -> dict[str, int]:
        """`session_start_limit` as `GET /gateway/bot` tells it."""
        starts = self._recent(bot)
        left = DAY - (self._now() - starts[0]) if starts else 0.0
        return {
            "total": self.budget,
            "remaining": max(0, self.budget - len(starts)),
            "reset_after": int(left * 1000),
            "max_concurrency": self.together,
        }

    def _recent(self, bot: int) -> deque[float]:
        starts = self._starts.setdefault(bot, deque())
        # A day begins with its first login and ends for all of them at once.
        if starts and self._now() - starts[0] >= DAY:
            starts.clear()
        return starts

    def _is_over(self, session: Session) -> bool:
        lost = session.lost_at
        return session.line is None and lost is not None and self._now() - lost > self.survives
