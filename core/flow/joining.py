"""How often a character joins in where nobody has called her: so many times an hour in each room.

Each look at a room is a model's call, so looks have their own bound: some for each time that she
may join in, spread over the hour.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from core.messages import Address

RULE = "joins-in"
_HOUR = 3600.0
_LOOKS = 5
"""Times that she thinks about it, for each that she may join in."""
_ROOMS = 20_000


@dataclass(slots=True)
class _Room:
    looked: float = float("-inf")
    at: int = 0
    """The newest inbox row that she has thought about: a turn that begins anew thinks on."""
    joined: deque[float] = field(default_factory=deque)


class Joining:
    """Of each room of each account; a restart forgets it."""

    def __init__(self) -> None:
        self._rooms: OrderedDict[Address, _Room] = OrderedDict()

    def may_look(self, address: Address, row: int, most: float, now: float) -> bool:
        """Whether she may think about joining in, at most `most` times an hour in the end."""
        if most <= 0:
            return False
        room = self._room(address)
        if row and row == room.at:
            return True
        while room.joined and room.joined[0] <= now - _HOUR:
            room.joined.popleft()
        if len(room.joined) >= most or now - room.looked < _HOUR / (most * _LOOKS):
            return False
        room.looked, room.at = now, row
        return True

    def joined(self, address: Address, now: float) -> None:
        """She has."""
        self._room(address).joined.append(now)

    def _room(self, address: Address) -> _Room:
        room = self._rooms.setdefault(address, _Room())
        self._rooms.move_to_end(address)
        if len(self._rooms) > _ROOMS:
            self._rooms.popitem(last=False)
        return room
