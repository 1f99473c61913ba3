"""How many answers one person gets of a character: some at once, then one at a time (G37)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from core.clock import Clock
from core.flow.cast import Cast
from core.flow.door import Door
from core.flow.etiquette import Choice, Verdict
from core.flow.ranks import Ranks
from core.flow.work import Work
from core.ids import EntityId
from core.messages import Inbound, Kind, Reply

RULE = "too-many"
_TOLD_EVERY = 600.0
"""Seconds between two notices to one person, wherever they write."""
_PEOPLE = 20_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is done, what is said about it once, and whether the group is left."""

    rule: str
    say: Reply | None = None
    leave: bool = False


@dataclass(slots=True)
class _Bucket:
    most: int
    seconds: float
    """In which it fills up."""
    left: float
    at: float

    def fill(self, now: float) -> None:
        gained = (now - self.at) * self.most / self.seconds
        self.left, self.at = min(float(self.most), self.left + gained), now


@dataclass(slots=True)
class _Person:
    buckets: list[_Bucket] = field(default_factory=list)
    limits: tuple[int, int] = (0, 0)
    paid: int = 0
    """The newest inbox row that was counted: a turn that begins anew is not counted again."""
    told: float = float("-inf")


class Allowance:
    """Of each person and character over all rooms; a restart forgets it."""

    def __init__(self, cast: Cast, ranks: Ranks, clock: Clock) -> None:
        self._cast = cast
        self._ranks = ranks
        self._clock = clock
        self._people: OrderedDict[EntityId, _Person] = OrderedDict()

    def refusal(self, work: Work, verdict: Verdict) -> Refusal | None:
        """Count an answer that is about to be thought of; a Refusal where there are too many.

        Nobody is told where the character might as well have been silent.
        """
        door, lead = work.part.policy.door, work.lead
        if not (door.per_minute or door.per_hour) or self._is_exempt(work):
            return None
        now = self._clock.monotonic()
        person = self._of(work.person, door, now)
        if person.paid == lead.id or _take(person.buckets, now):
            person.paid = lead.id
            return None
        if verdict.choice is not Choice.ANSWER or now - person.told < _TOLD_EVERY:
            return Refusal(RULE)
        person.told = now
        return Refusal(RULE, for_their_eyes(lead, door.enough))

    def _is_exempt(self, work: Work) -> bool:
        """Operators; and whoever has bounds of their own: cues, our other characters."""
        address, author = work.lead.address, work.lead.author
        return (
            work.lead.kind is Kind.CUE
            or self._cast.is_colleague(address.platform, author.id)
            or self._ranks.is_operator(work.part, address, author.id)
        )

    def _of(self, whom: EntityId, door: Door, now: float) -> _Person:
        person = self._people.setdefault(whom, _Person())
        self._people.move_to_end(whom)
        if len(self._people) > _PEOPLE:
            self._people.popitem(last=False)
        limits = (door.per_minute, door.per_hour)
        if person.limits != limits:
            person.limits = limits
            person.buckets = [
                _Bucket(most, seconds, float(most), now)
                for most, seconds in zip(limits, (60.0, 3600.0), strict=True)
                if most
            ]
        return person


def _take(buckets: list[_Bucket], now: float) -> bool:
    """One out of each, or none at all."""
    for one in buckets:
        one.fill(now)
    if any(one.left < 1.0 for one in buckets):
        return False
    for one in buckets:
        one.left -= 1.0
    return True


def for_their_eyes(lead: Inbound, text: str) -> Reply | None:
    """What only its author is to read, where a platform can do that; None without a text."""
    if not text:
        return None
    if lead.is_direct:
        return Reply(text)
    return Reply(text, lead.message or None, via=lead.via, only_for=lead.author.id, silent=True)
