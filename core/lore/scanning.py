"""Looking for keys in talk and in what entries say, and what an entry makes of those found."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import perf_counter

from core.character.macros import filled, names_the_person, plain, scanned
from core.lore.book import Entry, Logic, Lorebook
from core.lore.keys import Key, Needle, Needles, Pattern, folded, keys_of
from core.prompting.budget import tokens

log = logging.getLogger(__name__)

_MOST = 40_000
"""Characters of talk that are looked at, the newest first."""
_LONGEST_LINE = 12_000
_PATIENCE, _ONE_PATTERN = 0.02, 0.01
"""Seconds for all patterns of a scan, and for one of them."""
_KNOWN = 1_024
"""Messages whose keys are known: those of some fifty rooms."""
_ECHOED = 0
"""How deep what entries say is found: within every depth."""


class Ready:
    """An entry with its keys made ready."""

    __slots__ = ("_echoes", "_exclude", "_further", "_needed", "_secondary", "all_keys", "at",
                 "cost", "depth", "entry", "filled_in", "invalid", "keys", "said")  # fmt: skip

    def __init__(self, at: int, entry: Entry, book: Lorebook, char: str) -> None:
        self.at = at
        self.entry = entry
        self.depth = book.scan_depth if entry.scan_depth is None else entry.scan_depth
        self.said = scanned(entry.content, char=char) if book.recursive else ""
        """What of it may trigger others."""
        self.filled_in = not plain(entry.content)
        """Whether its words depend on the moment."""
        self.cost = tokens(filled(entry.content, char=char, user="somebody").strip())
        """In tokens; of one that is filled in, about so many."""
        self.invalid = 0
        """Keys that are no valid patterns."""
        self.keys = self._of(entry.keys, char)
        additional = self._of(entry.additional, char)
        # With patterns they are further keys; without, one of them must be said as well.
        self._further = additional if entry.regex else ()
        self._needed = () if entry.regex else additional
        self._secondary = [self._of((one,), char) for one in entry.secondary]
        self._exclude = self._of(entry.exclude, char)
        others = (key for keys in self._secondary for key in keys)
        self.all_keys = tuple(dict.fromkeys((*self.keys, *additional, *others, *self._exclude)))
        self._echoes: tuple[Key, ...] | None = None

    def why(self, seen: Mapping[Key, int]) -> str:
        """The key by which it is triggered; empty where it is not."""
        found = self._first(self.keys, seen) or self._first(self._further, seen)
        if (found is None and not self.entry.constant) or self.excluded(seen):
            return ""
        needed = self._first(self._needed, seen)
        if self._needed and needed is None:
            return ""
        if self._secondary and not self._agree(seen):
            return ""
        shown = found or needed
        return shown.shown if shown else ""

    def excluded(self, seen: Mapping[Key, int]) -> bool:
        return self._first(self._exclude, seen) is not None

    def echoes(self, scan: Scan) -> tuple[Key, ...]:
        """Keys in what it says; looked for once, since it always says the same."""
        if self._echoes is None:
            found = scan.finder.within(self.said, scan)
            if scan.out_of_time:
                return found
            self._echoes = found
        return self._echoes

    def _agree(self, seen: Mapping[Key, int]) -> bool:
        said = [self._first(keys, seen) is not None for keys in self._secondary]
        match self.entry.logic:
            case Logic.ANY:
                return any(said)
            case Logic.ALL:
                return all(said)
            case Logic.NOT_ANY:
                return not any(said)
            case Logic.NOT_ALL:
                return not all(said)

    def _first(self, keys: Iterable[Key], seen: Mapping[Key, int]) -> Key | None:
        return next((key for key in keys if seen.get(key, self.depth + 1) <= self.depth), None)

    def _of(self, written: Iterable[str], char: str) -> tuple[Key, ...]:
        found: list[Key] = []
        entry = self.entry
        for text in written:
            if names_the_person(text):
                continue  # keys are made ready for all people together
            text = filled(text, char=char, user="").strip()
            if not text:
                continue
            ready = keys_of(
                text, patterns=entry.regex, cased=entry.case_sensitive, whole=entry.whole_words
            )
            self.invalid += not ready
            found += ready
        return tuple(found)


class Finder:
    """Which keys a text holds; what was looked at lately is known, since talk only grows."""

    def __init__(self, keys: Iterable[Key]) -> None:
        listed = list(dict.fromkeys(keys))
        self._needles = Needles(key for key in listed if isinstance(key, Needle))
        self._patterns = [key for key in listed if isinstance(key, Pattern)]
        self._known: dict[tuple[int, int], tuple[Key, ...]] = {}

    def recent(self, line: str, scan: Scan) -> tuple[Key, ...]:
        """As `within`, for what is said; kept by a number, not with the words."""
        mark = (hash(line), len(line))
        known = self._known.pop(mark, None)
        if known is None:
            known = self.within(line, scan)
            if scan.out_of_time:
                return known
        self._known[mark] = known  # as the newest
        if len(self._known) > _KNOWN:
            del self._known[next(iter(self._known))]
        return known

    def within(self, text: str, scan: Scan) -> tuple[Key, ...]:
        plain = self._needles.within(folded(text), text)
        return (*plain, *self._search(text, scan))

    def _search(self, text: str, scan: Scan) -> Iterator[Pattern]:
        for pattern in self._patterns:
            if pattern.off:
                continue
            if scan.left <= 0:
                return
            began, whole = perf_counter(), scan.left >= _ONE_PATTERN
            try:
                found = pattern.within(text, min(scan.left, _ONE_PATTERN))
            except TimeoutError:
                found = False
                if whole:
                    pattern.off = True
                    log.warning("a lorebook's key takes too long and is off: %r", pattern.shown)
            scan.left -= perf_counter() - began
            if found:
                yield pattern


class Scan:
    """What was found, and how deep: 1 is the newest message."""

    def __init__(self, finder: Finder) -> None:
        self.seen: dict[Key, int] = {}
        self.left = _PATIENCE
        """Seconds for patterns."""
        self.finder = finder

    @property
    def out_of_time(self) -> bool:
        return self.left <= 0

    def talk(self, lines: Sequence[str], deepest: int) -> None:
        """The newest `deepest` lines; they are given oldest first."""
        size = 0
        for depth, line in enumerate(reversed(lines[max(len(lines) - deepest, 0) :]), 1):
            for key in self.finder.recent(line[:_LONGEST_LINE], self):
                self.seen.setdefault(key, depth)
            size += min(len(line), _LONGEST_LINE)
            if size > _MOST:
                return

    def echo(self, keys: Iterable[Key]) -> None:
        """What an entry says is within every depth."""
        self.seen.update(dict.fromkeys(keys, _ECHOED))
