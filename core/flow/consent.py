"""Who is listened to: everybody is told, and whoever does not want it is left out for good."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from core.clock import Clock
from core.flow.cast import Part
from core.flow.presence import Presence
from core.flow.speaking import Spoken, Where
from core.flow.voice_talk import VoiceTalk
from core.ids import TurnId
from core.messages import Content, Delivery, Reply
from core.ports import Store, Unit

_ALOUD = (
    "Hi, I am {name}. I listen here, and answer when you speak to me. How to be left out stands in "
    "this channel's chat."
)
_WRITTEN = (
    "I listen in this channel: what is said here is written down as text, and remembered as "
    "messages are. `/voice ignore me` leaves you out, `/voice leave` sends me away."
)


class Consent:
    """Kept by character, account and server."""

    def __init__(self, store: Store, presence: Presence, clock: Clock) -> None:
        self._store = store
        self._presence = presence
        self._clock = clock

    async def left_out(self, part: Part, world: str) -> frozenset[str]:
        """The platform's ids of those who are not to be heard in a server."""
        key, now = _key(part, world), self._clock.now()
        return await self._store.read(lambda unit: _ids(unit, part, key, now))

    async def leave_out(self, part: Part, world: str, person: str, *, out: bool) -> frozenset[str]:
        """From now on and for good, until they want it otherwise; everybody who is left out."""
        key, now = _key(part, world), self._clock.now()

        def change(unit: Unit) -> frozenset[str]:
            known = _ids(unit, part, key, now)
            ids = known | {person} if out else known - {person}
            unit.cache.put(part.id, key, sorted(ids))
            return ids

        return await self._store.write(change)

    async def tell(self, part: Part, talk: VoiceTalk) -> None:
        """Say once that she listens, aloud and in the channel's chat."""
        await self._post(part, talk, _WRITTEN)
        if not talk.alone:
            await talk.announce(_ALOUD.format(name=part.character.name))

    async def _post(self, part: Part, talk: VoiceTalk, text: str) -> None:
        """It is no part of the talk, and nobody remembers it."""
        address, place = talk.address, talk.place
        spot = await self._presence.at(part.id, address, place.world)
        number = uuid4().hex
        spoken = Spoken(
            where=Where(address, spot.room, spot.world, direct=False),
            say=Reply(text, silent=True),
            content=Content(text),
            key=number,
            turn=TurnId(f"x{number}"),
        )
        rows, now = spoken.rows(part, number), self._clock.now()

        def write(unit: Unit) -> list[Delivery]:
            return unit.deliveries.add(rows, now)

        part.outbox.accept(await self._store.write(write))


def _key(part: Part, world: str) -> str:
    return f"voice:left-out:{part.platform.account}:{world}"


def _ids(unit: Unit, part: Part, key: str, now: datetime) -> frozenset[str]:
    found = unit.cache.get(part.id, key, now)
    return frozenset(map(str, found)) if isinstance(found, list) else frozenset()
