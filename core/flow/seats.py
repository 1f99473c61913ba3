"""Where a character sits in voice channels, and whom she follows there: kept over a restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.clock import Clock
from core.flow.cast import Part
from core.ports import Store, Unit


@dataclass(frozen=True, slots=True)
class Seat:
    """A voice channel in which she was."""

    world: str
    channel: str
    told: bool = False
    """Everybody there was told that she listens."""


class Seats:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, part: Part) -> list[Seat]:
        kept = await self._get(part, "seats")
        return [
            Seat(world, str(one.get("channel", "")), bool(one.get("told")))
            for world, one in kept.items()
            if isinstance(one, Mapping)
        ]

    async def told(self, part: Part, world: str, channel: str) -> bool:
        """Whether those in a channel know that she listens: she was there until a restart."""
        seats = await self.of(part)
        return any(one.told for one in seats if (one.world, one.channel) == (world, channel))

    async def take(self, part: Part, seat: Seat) -> None:
        await self._put(part, "seats", seat.world, {"channel": seat.channel, "told": seat.told})

    async def give_up(self, part: Part, world: str) -> None:
        await self._put(part, "seats", world, None)

    async def followed(self, part: Part) -> Mapping[str, frozenset[str]]:
        """Whom she was asked to follow, by their servers."""
        kept = await self._get(part, "follows")
        return {
            world: frozenset(map(str, who)) for world, who in kept.items() if isinstance(who, list)
        }

    async def follow(self, part: Part, world: str, people: frozenset[str]) -> None:
        await self._put(part, "follows", world, sorted(people) or None)

    async def _get(self, part: Part, what: str) -> Mapping[str, object]:
        key, now = _key(part, what), self._clock.now()
        kept = await self._store.read(lambda unit: unit.cache.get(part.id, key, now))
        return kept if isinstance(kept, Mapping) else {}

    async def _put(self, part: Part, what: str, world: str, value: object) -> None:
        key, now = _key(part, what), self._clock.now()

        def write(unit: Unit) -> None:
            kept = unit.cache.get(part.id, key, now)
            new = dict(kept) if isinstance(kept, Mapping) else {}
            new.pop(world, None)
            if value is not None:
                new[world] = value
            unit.cache.put(part.id, key, new)

        await self._store.write(write)


def _key(part: Part, what: str) -> str:
    return f"voice:{what}:{part.platform.account}"
