"""Who is in a voice channel, and who of them is listened to: whoever could talk to her in writing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from core.messages import Author
from core.ports import Present

_KNOWN = 200

Admits = Callable[[Author], Awaitable[bool]]
"""Whether somebody may talk to her here."""


class Audience:
    """Of whoever is not heard nothing is decoded, written down or paid for."""

    def __init__(self) -> None:
        self.people: tuple[Present, ...] = ()
        self._met: OrderedDict[str, Author] = OrderedDict()
        self._left_out: frozenset[str] = frozenset()
        self._turned_away: frozenset[str] = frozenset()

    def now(self, people: Sequence[Present]) -> list[str]:
        """Who is there from now on; who has gone."""
        here = {one.who.id for one in people}
        gone = [one.who.id for one in self.people if one.who.id not in here]
        self.people = tuple(people)
        for one in people:
            self._met[one.who.id] = one.who
            self._met.move_to_end(one.who.id)
        while len(self._met) > _KNOWN:
            self._met.popitem(last=False)
        return gone

    def leave_out(self, people: frozenset[str]) -> None:
        """Those who do not want to be listened to."""
        self._left_out = people

    async def judge(self, admits: Admits) -> frozenset[str]:
        """Ask of everybody who is there; who is not to be listened to, and was until now."""
        people = [one.who for one in self.people if not one.who.is_bot]
        away = frozenset([one.id for one in people if not await admits(one)])
        news, self._turned_away = away - self._turned_away, away
        return news

    def author(self, person: str) -> Author:
        return self._met.get(person) or Author(person, "")

    def hears(self, person: str) -> bool:
        """Whether she listens to them."""
        return person not in self.ignored and not self.author(person).is_bot

    @property
    def ignored(self) -> frozenset[str]:
        bots = {one.who.id for one in self.people if one.who.is_bot}
        return self._left_out | self._turned_away | bots

    @property
    def alone(self) -> bool:
        """Nobody is there but bots."""
        return all(one.who.is_bot for one in self.people)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.who.name for one in self.people)
