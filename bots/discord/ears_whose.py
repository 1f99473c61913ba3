"""Who is there, and whose sound a stream is: told, and guessed where the server forgets to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bots.discord.secrecy import Endwise
from core.ports.voices import Present

SPEAKING, CLIENTS_CONNECT, CLIENT_CONNECT, CLIENT_DISCONNECT = 5, 11, 12, 13

_MANY = 256
_EAGER, _SELDOM = 10, 25
"""A stranger's first packets are all tried, then one of so many."""


def told(message: Mapping[str, Any]) -> tuple[int, int, int]:
    """What a message of the voice server says as (op, person, stream); zeros where it does not."""
    op, data = _number(message.get("op")), message.get("d")
    if not isinstance(data, Mapping):
        return op, 0, 0
    stream = data.get("audio_ssrc") if op == CLIENT_CONNECT else data.get("ssrc")
    return op, _number(data.get("user_id")), _number(stream)


class Crowd:
    """Who is there and whom we hear: the loop writes it, each time anew; any thread reads it."""

    def __init__(self) -> None:
        self._ignored: frozenset[int] = frozenset()
        self._people: dict[int, bool] = {}

    @property
    def people(self) -> Iterable[int]:
        return tuple(self._people)

    def see(self, present: Sequence[Present], wanted: Callable[[Present], bool]) -> None:
        self._people = {
            int(each.who.id): wanted(each) for each in present if each.who.id.isdecimal()
        }

    def ignore(self, people: frozenset[str]) -> list[str]:
        """Who is ignored now, and was not before."""
        before = self._ignored
        self._ignored = frozenset(int(each) for each in people if each.isdecimal())
        return [str(person) for person in self._ignored - before]

    def ignores(self, person: str) -> bool:
        return person.isdecimal() and int(person) in self._ignored

    def hears(self, person: int) -> bool | None:
        """None for somebody who has not been seen here."""
        return False if person in self._ignored else self._people.get(person)

    @property
    def sole(self) -> int | None:
        """The only one here whom we hear."""
        wanted = [person for person, heard in self._people.items() if heard]
        return wanted[0] if len(wanted) == 1 else None


class Whose:
    """Which person sends which stream; for one thread."""

    def __init__(self) -> None:
        self._people: dict[int, int] = {}
        self._strangers: dict[int, int] = {}
        """Streams of nobody known, and how many of their packets have come."""

    def of(self, stream: int) -> int | None:
        return self._people.get(stream)

    def tell(self, stream: int, person: int) -> None:
        self._bound(self._people)
        self._people.pop(stream, None)
        self._people[stream] = person
        self._strangers.pop(stream, None)

    def gone(self, person: int) -> None:
        for stream in [each for each, whose in self._people.items() if whose == person]:
            del self._people[stream]

    def guess(
        self, stream: int, frame: bytes, crowd: Crowd, endwise: Endwise
    ) -> tuple[int, bytes | None] | None:
        """Whose it must be, of whom the keys fit, or who is the only person here.

        With what is in the frame, where that has been opened.
        """
        self._bound(self._strangers)
        tries = self._strangers[stream] = self._strangers.get(stream, 0) + 1
        if tries > _EAGER and tries % _SELDOM:
            return None
        found: tuple[int, bytes | None] | None = None
        if endwise.wanted:
            # Who sends another stream already is less likely to be it.
            known = set(self._people.values())
            found = endwise.whose(frame, sorted(crowd.people, key=known.__contains__))
        elif (sole := crowd.sole) is not None:
            found = sole, None
        if found is not None:
            self.tell(stream, found[0])
        return found

    @staticmethod
    def _bound(streams: dict[int, int]) -> None:
        while len(streams) >= _MANY:
            del streams[next(iter(streams))]


def _number(given: object) -> int:
    try:
        return int(given) if isinstance(given, str | int) else 0
    except ValueError:
        return 0
