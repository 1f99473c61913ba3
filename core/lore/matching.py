"""Which entries of a lorebook speak now: a function of the book, the talk and the moment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate

from core.character.macros import filled, lot
from core.lore.book import Entry, Lorebook
from core.lore.keys import Key
from core.lore.scanning import Finder, Ready, Scan
from core.prompting.budget import tokens

ALWAYS = "always"
"""Why an entry is told that waits for no key."""
_ROUNDS = 5
"""How far entries may trigger others that trigger others."""
_SETTLED = 2_000
"""Tokens of what always stands in the stable part, where a book names no budget."""
_MOST_SETTLED = 6_000
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Moment:
    """What decides beside the talk."""

    user: str = "the user"
    now: datetime = _EVER
    seed: int = 0
    """Of chance: the same moment always decides the same."""
    answers: int = 0
    """The character's, in this room, before this one."""
    messages: int = 0
    """Everybody's, in this room, with what is to be answered."""
    greeting: int | None = None
    """Which one began the talk; None where that is not known."""
    past: Mapping[str, int] = field(default_factory=dict)
    """By an entry's mark, after how many messages it was triggered last."""


@dataclass(frozen=True, slots=True)
class Told:
    entry: Entry
    text: str
    """Empty where it is settled."""
    why: str
    settled: bool = False
    """It stands in the stable part already."""

    @property
    def trace(self) -> dict[str, str]:
        """For the turn's record."""
        return {"entry": self.entry.name, "why": self.why}


@dataclass(frozen=True, slots=True)
class Speaking:
    """What is told now, in the order in which it stands."""

    told: tuple[Told, ...] = ()
    spent: int = 0
    """Tokens of what is not settled."""
    triggered: tuple[str, ...] = ()
    """Marks of those whose past matters, and which were triggered anew."""


class Reader:
    """One book made ready for one character. Making it takes a while, for some books a second."""

    def __init__(self, book: Lorebook, char: str) -> None:
        self.book = book
        self._char = char
        entries = [one for one in book.entries if one.enabled and one.content and not one.never]
        self._ready = [Ready(at, one, book, char) for at, one in enumerate(entries)]
        self._standing: dict[int, int] = {}
        """Settled ones with their tokens."""
        left = min(book.token_budget or _SETTLED, _MOST_SETTLED)
        for one in sorted((one for one in self._ready if one.entry.settled), key=_rank):
            if sum(self._standing.values()) + one.cost <= left:
                self._standing[one.at] = one.cost
        self.settled = tuple(
            sorted((entries[at] for at in self._standing), key=lambda one: one.order)
        )
        """What always stands in the stable part, in order."""
        self.needs_past = any(_has_past(one) for one in entries)
        self.needs_greeting = any(one.greeting is not None for one in entries)
        self.needs_answers = any(one.only_after or one.only_every for one in entries)
        self.needs_messages = any(one.sticky or one.cooldown or one.delay for one in entries)
        self.invalid = sum(one.invalid for one in self._ready)
        """Keys that are no valid patterns."""
        self._deepest = max((one.depth for one in self._ready), default=0)
        self._certain = [one for one in self._ready if one.entry.certain]
        self._by_mark = {one.entry.mark: one for one in self._ready}
        self._by_key: dict[Key, list[Ready]] = {}
        for one in self._ready:
            for key in one.all_keys:
                self._by_key.setdefault(key, []).append(one)
        self._finder = Finder(self._by_key)

    @property
    def fixed(self) -> bool:
        """Nothing is ever told but what is settled."""
        return len(self._standing) == len(self._ready)

    def speaking(self, lines: Sequence[str], moment: Moment, budget: int) -> Speaking:
        """`lines` oldest first, with what is to be answered; `budget` in tokens, for all of it."""
        scan = Scan(self._finder)
        scan.talk(lines, self._deepest)
        active: dict[int, str] = {}
        for one in self._certain:
            if self._may(one.entry, moment) and (one.entry.always or not one.excluded(scan.seen)):
                active[one.at] = ALWAYS
        for mark, last in moment.past.items():
            found = self._by_mark.get(mark)
            if found is not None and _stays(found.entry, moment.messages - last):
                active.setdefault(found.at, "was told before")
        stayed = frozenset(active)
        self._trigger(scan, scan.seen, active, moment)
        if self.book.recursive:
            self._recurse(scan, active, moment, budget)
        lost = _outdone([self._ready[at] for at in active], moment.seed)
        chosen = {at: why for at, why in active.items() if at not in lost}
        told, spent = self._affordable(chosen, moment, budget - sum(self._standing.values()))
        fresh = (self._ready[at].entry for at in chosen if at not in stayed)
        return Speaking(told, spent, tuple(one.mark for one in fresh if _has_past(one)))

    def _trigger(
        self,
        scan: Scan,
        found: Iterable[Key],
        active: dict[int, str],
        moment: Moment,
        by: Ready | None = None,
    ) -> list[Ready]:
        """Those that the keys found just now have triggered; `by` is the entry that said them."""
        candidates = {one.at: one for key in found for one in self._by_key.get(key, ())}
        fresh: list[Ready] = []
        for at in sorted(candidates.keys() - active.keys()):
            one = candidates[at]
            if one.entry.untouched if by else one.entry.only_recursion:
                continue
            if self._may(one.entry, moment) and (why := one.why(scan.seen)):
                active[at] = f"key: {why}, in “{by.entry.name}”" if by else f"key: {why}"
                fresh.append(one)
        return fresh

    def _recurse(self, scan: Scan, active: dict[int, str], moment: Moment, budget: int) -> None:
        speaking = [self._ready[at] for at in sorted(active)]
        spent = sum(one.cost for one in speaking)
        for _ in range(_ROUNDS):
            fresh: list[Ready] = []
            for one in speaking:
                if spent > budget:
                    return  # more would only push each other out
                if not one.entry.quiet and (keys := one.echoes(scan)):
                    scan.echo(keys)
                    found = self._trigger(scan, keys, active, moment, by=one)
                    spent += sum(other.cost for other in found)
                    fresh += found
            if not fresh:
                return
            speaking = fresh

    def _may(self, entry: Entry, moment: Moment) -> bool:
        """Whether anything but its keys stands against it."""
        if entry.always:
            return True
        if entry.greeting is not None and moment.greeting not in (None, entry.greeting):
            return False
        last = moment.past.get(entry.mark)
        if last is not None:
            gone = moment.messages - last
            if entry.once or (entry.cooldown and gone <= entry.sticky + entry.cooldown):
                return False
        if moment.answers < entry.only_after or moment.messages < entry.delay:
            return False
        if entry.only_every and moment.answers % entry.only_every:
            return False
        return entry.probability >= 100 or lot(entry.mark, moment.seed) * 100 < entry.probability

    def _affordable(
        self, chosen: Mapping[int, str], moment: Moment, budget: int
    ) -> tuple[tuple[Told, ...], int]:
        """What fits, the most important first; then in the order of the book."""
        told: list[Told] = []
        spent = 0
        for one in sorted((self._ready[at] for at in chosen), key=_rank):
            entry, why = one.entry, chosen[one.at]
            if one.at in self._standing:
                told.append(Told(entry, "", why, settled=True))
                continue
            if not one.filled_in and spent + one.cost > budget:
                continue
            text = self.text(entry, moment)
            cost = tokens(text) if one.filled_in else one.cost
            if not text or spent + cost > budget:
                continue
            spent += cost
            told.append(Told(entry, text, why))
        return tuple(sorted(told, key=lambda one: one.entry.order)), spent

    def text(self, entry: Entry, moment: Moment) -> str:
        text = filled(
            entry.content, char=self._char, user=moment.user, now=moment.now, seed=moment.seed
        )
        return text.strip()


def after(past: Mapping[str, int], speaking: Speaking, messages: int) -> dict[str, int]:
    """The past as it is once this was told."""
    return {**past, **dict.fromkeys(speaking.triggered, messages)}


def _rank(one: Ready) -> tuple[bool, float, int]:
    """The most important first; where no priority is named, it is the one later in order."""
    entry = one.entry
    importance = entry.order if entry.priority is None else entry.priority
    return entry.dispensable, -importance, one.at


def _outdone(active: Sequence[Ready], seed: int) -> set[int]:
    """Of entries that share a group one stays: the foremost, else by weight."""
    lost: set[int] = set()
    for group in sorted({group for one in active for group in one.entry.groups}):
        rivals = [one for one in active if group in one.entry.groups and one.at not in lost]
        foremost = [one for one in rivals if one.entry.group_first]
        if foremost:
            winner = min(foremost, key=_rank)
        elif rivals:
            winner = _drawn(rivals, lot(group, seed))
        else:
            continue
        lost.update(one.at for one in rivals if one is not winner)
    return lost


def _drawn(rivals: Sequence[Ready], drawn: float) -> Ready:
    weights = list(accumulate(one.entry.group_weight for one in rivals))
    at = bisect_right(weights, drawn * weights[-1])
    return rivals[min(at, len(rivals) - 1)]


def _stays(entry: Entry, gone: int) -> bool:
    return entry.keeps or 0 <= gone <= entry.sticky > 0


def _has_past(entry: Entry) -> bool:
    return bool(entry.keeps or entry.once or entry.sticky or entry.cooldown)


def settled_texts(readers: Iterable[Reader], user: str) -> Iterator[tuple[Entry, str]]:
    """What stands in the stable part, for this person."""
    moment = Moment(user=user)
    for reader in readers:
        for entry in reader.settled:
            yield entry, reader.text(entry, moment)
