"""Silence that a platform has asked for: of a chat or of a whole account, and over a restart."""

from __future__ import annotations

import logging
from collections import deque
from datetime import timedelta

from core.clock import Clock
from core.flow.pace import Pace
from core.ids import Account, CharacterId
from core.ports import Store

log = logging.getLogger(__name__)

_MANY = 3
"""Rooms refused within one window: then it is the account that is too fast, not a room."""
_WINDOW = 10.0
_KEY = "penalties"
_EVERYWHERE = ""


class Penalties:
    """Whatever was refused, a message, an edit or a sign of life: all that goes there waits.

    What is owed knows its own time as well (`not_before`); this also holds back what is owed
    later, and what is never written down.
    """

    def __init__(self, account: Account, store: Store, clock: Clock, pace: Pace) -> None:
        self._account = account
        self._store = store
        self._clock = clock
        self._pace = pace
        self._until: dict[str, float] = {}
        """Unix times, by room."""
        self._refused: deque[tuple[float, str]] = deque(maxlen=_MANY)

    async def load(self) -> None:
        """Take up what an earlier run was told."""
        now = self._clock.now()
        kept = await self._store.read(lambda unit: unit.cache.get(self._owner, _KEY, now))
        for room, until in (kept if isinstance(kept, dict) else {}).items():
            if (left := float(until) - now.timestamp()) > 0:
                self._until[room] = float(until)
                self._hold(room, left)

    async def note(self, room: str, seconds: float) -> None:
        """The platform asks for silence: it is kept from now on, and written down."""
        now, moment = self._clock.monotonic(), self._clock.now()
        self._refused.append((now, room))
        self._add(room, seconds)
        rooms = {one for at, one in self._refused if now - at < _WINDOW}
        if len(rooms) >= _MANY:
            log.warning("%s: many rooms are throttled; everything waits", self._account)
            self._add(_EVERYWHERE, seconds)
        at = moment.timestamp()
        self._until = {one: until for one, until in self._until.items() if until > at}
        kept = dict(self._until)
        expires = moment + timedelta(seconds=max(kept.values(), default=at) - at)
        await self._store.write(lambda unit: unit.cache.put(self._owner, _KEY, kept, expires))

    @property
    def _owner(self) -> CharacterId:
        """Accounts have no cache of their own; their names are no character's id."""
        return CharacterId(self._account)

    def _add(self, room: str, seconds: float) -> None:
        until = self._clock.now().timestamp() + seconds
        self._until[room] = max(self._until.get(room, 0.0), until)
        self._hold(room, seconds)

    def _hold(self, room: str, seconds: float) -> None:
        if room == _EVERYWHERE:
            self._pace.pause(seconds)
        else:
            self._pace.silence(room, seconds)
