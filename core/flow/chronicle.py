"""What was said before a character came: written into her memory past the turns, answered by none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.clock import Clock
from core.errors import Unreadable
from core.flow.cast import Cast, Part
from core.flow.presence import Introduction, Presence, Spot, entity_id, room_id
from core.flow.work import memory_of
from core.ids import Account, CharacterId, EntityId
from core.memory.recent import Recent
from core.messages import Address, Inbound, Kind, Memory, Received
from core.ports import Store, Unit

_SINCE_THEN = 1_000
"""Messages of a room that may have been heard before its past is known, to stand behind it."""
_AT_ONCE = 100
"""Messages that are read before others have their turn."""


class Chronicles:
    """`heard` is told when somebody has something new to remember."""

    def __init__(
        self,
        cast: Cast,
        store: Store,
        presence: Presence,
        recent: Recent,
        clock: Clock,
        heard: Callable[[Part], object],
    ) -> None:
        self.cast = cast
        self.store = store
        self.presence = presence
        self.recent = recent
        self.clock = clock
        self.heard = heard
        self.read: dict[Account, tuple[int, int]] = {}
        """By account, how many rooms are read, of how many; whoever is done is not here."""

    def of(self, account: Account, character: CharacterId) -> Chronicled:
        return Chronicled(self, account, character)

    @property
    def progress(self) -> list[dict[str, Any]]:
        """For /ready."""
        return [
            {"character": part.character.name, "work": "history", "done": done, "all": every}
            for account, (done, every) in self.read.items()
            if (part := self.cast.on(account)) is not None
        ]


class Chronicled:
    """core.ports.Chronicle of one account.

    A room's past and the mark that it is done are one transaction: a room that was being read when
    the process died is read anew, and one that is done never is.
    """

    def __init__(self, all: Chronicles, account: Account, character: CharacterId) -> None:
        self._all = all
        self._account = account
        self._whose = character
        self._began = all.clock.now()

    async def planned(self, world: str) -> Mapping[str, int]:
        return await self._all.store.read(lambda unit: self._rooms(unit, world))

    async def plan(self, world: str, rooms: Mapping[str, int]) -> Mapping[str, int]:
        def write_down(unit: Unit) -> Mapping[str, int]:
            told = {one: 0 if self._is_known(unit, one) else rooms[one] for one in rooms}
            planned = {**told, **self._rooms(unit, world)}
            self._put(unit, world, planned)
            return planned

        return await self._all.store.write(write_down)

    async def remember(self, world: str, room: str, said: Sequence[Received]) -> int:
        part = self._all.cast.on(self._account)
        if part is None:
            return 0  # she has left; it is read when she is back
        inbound = await _read(part, said)
        if not inbound:
            await self._all.store.write(lambda unit: self._done(unit, world, room))
            return 0
        return await self._keep(part, world, room, inbound)

    def tell(self, done: int, every: int) -> None:
        if done < every:
            self._all.read[self._account] = done, every
        else:
            self._all.read.pop(self._account, None)

    # --- one room --------------------------------------------------------------------------------

    async def _keep(self, part: Part, world: str, room: str, inbound: Sequence[Inbound]) -> int:
        newest = inbound[-1]
        spot = await self._all.presence.at(part.id, newest.address, newest.place.world)
        introduction = Introduction(spot, newest)
        past: list[Memory] = []
        # What opens a thread is sent to the channel that it hangs from.
        rooms = {room, newest.place.within} - {""}
        for number, one in enumerate(inbound):
            if not number % _AT_ONCE:
                await asyncio.sleep(0)
            ours = _is_ours(part, one)
            author = entity_id(part.id, one.address, one.author.id)
            memory = memory_of(part, one, spot, author)
            if one.sent_at < spot.since:
                continue  # a fresh start was asked for since
            if not ours:
                introduction.meet(author, one.author, one.address.platform)
            past.append(_as_hers(memory, part) if ours else memory)

        def commit(unit: Unit) -> int:
            introduction.write(unit)
            known = unit.memories.recent(part.id, spot.room, _SINCE_THEN)
            held = {one.id for one in known}
            new = [
                one
                for one in past
                if one.id not in held and not _said_in_this_life(unit, self._account, rooms, one)
            ]
            if new and known:
                # What was said is read back in the order in which it was written down.
                unit.memories.drop(part.id, [one.id for one in known])
            unit.memories.add([*new, *known] if new else [])
            self._done(unit, world, room)
            return len(new)

        new = await self._all.store.write(commit)
        introduction.written()
        self._settle(part, spot, new)
        return new

    def _settle(self, part: Part, spot: Spot, new: int) -> None:
        if not new:
            return
        self._all.recent.forget(part.id, spot.room)
        self._all.store.evict(part.id, spot.room)
        self._all.heard(part)

    # --- the plan --------------------------------------------------------------------------------

    def _is_known(self, unit: Unit, room: str) -> bool:
        """Whether there was talk already in an earlier process, of which the inbox may hold nothing
        any more."""
        platform = self._account.partition(":")[0]
        here = room_id(self._whose, Address(platform, self._account, room))
        return bool(unit.memories.find(self._whose, rooms=[here], end=self._began, limit=1))

    def _done(self, unit: Unit, world: str, room: str) -> None:
        self._put(unit, world, self._rooms(unit, world) | {room: 0})

    def _rooms(self, unit: Unit, world: str) -> dict[str, int]:
        found = unit.cache.get(self._whose, self._key(world), self._all.clock.now())
        return {str(room): int(mark) for room, mark in found.items()} if found else {}

    def _put(self, unit: Unit, world: str, rooms: Mapping[str, int]) -> None:
        unit.cache.put(self._whose, self._key(world), dict(rooms))

    def _key(self, world: str) -> str:
        return f"troupe:history:{self._account}:{world}"


async def _read(part: Part, said: Sequence[Received]) -> list[Inbound]:
    """What of it may be kept: as of those who speak now."""
    policy = part.policy
    if not policy.remembers:
        return []
    kept: list[Inbound] = []
    for number, received in enumerate(said):
        if not number % _AT_ONCE:
            await asyncio.sleep(0)
        if policy.sources and received.address.room not in policy.sources:
            continue
        try:
            one = part.platform.read(received)
        except Unreadable:
            continue
        if one.kind is not Kind.MESSAGE or not (one.text or one.attachments):
            continue
        if _is_ours(part, one) or not policy.door.refusal(one, one.author, known=False):
            kept.append(one)
    return kept


def _is_ours(part: Part, one: Inbound) -> bool:
    return part.platform.account == f"{part.platform.name}:{one.author.id}"


def _as_hers(memory: Memory, part: Part) -> Memory:
    about = {**memory.metadata, "entityName": part.character.name}
    about.pop("entityUserName", None)
    return replace(memory, author=EntityId(part.id), metadata=about)


def _said_in_this_life(
    unit: Unit, account: Account, rooms: Collection[str], memory: Memory
) -> bool:
    """Whether we have sent it ourselves, so that it is remembered under another name."""
    if memory.author != EntityId(memory.character):
        return False
    number = str(memory.metadata["messageId"])
    return any(unit.past.told(account, room, number) is not None for room in rooms)
