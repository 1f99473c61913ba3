"""Strangers who want to talk to a character: a code for each, until her operator has decided."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from core.clock import Clock
from core.flow.presence import entity_id
from core.ids import CharacterId, EntityId, unique_uuid
from core.kept import Component
from core.messages import Address, Author
from core.ports import Store, Unit
from core.ports.persons import Forgotten

HOLDS = 3600.0
"""Seconds for which a code is good."""
_DAY = 86_400.0
_NOTICES = 3
"""That one stranger gets in a day."""
_MOST = 50
"""Strangers of one character who wait at once: whoever comes then is told nothing."""
_TYPE = "troupe:pairing"
_SIGNS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without those that look like others."""
_BETWEEN = str.maketrans("", "", " -`")


class Standing(StrEnum):
    ASKED = "asked"
    IN = "in"
    OUT = "out"
    """Told nothing any more, until they are removed."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who has written to a character directly, and where they stand with her."""

    character: CharacterId
    entity: EntityId
    address: Address
    """Their direct chat."""
    person: str
    """The platform's id."""
    name: str = ""
    username: str = ""
    standing: Standing = Standing.ASKED
    code: str = ""
    until: float = 0.0
    told: tuple[float, ...] = ()
    """When they were given a code."""
    row: int = 0
    """The inbox row that the last code is the answer to."""

    def waits(self, now: float) -> bool:
        """Their code can be let in."""
        return self.standing is Standing.ASKED and now < self.until


class Pairing:
    """Who stands where with each character; of what strangers say nothing is kept."""

    def __init__(self, store: Store, clock: Clock, chance: random.Random) -> None:
        """`chance` makes codes that nobody can guess."""
        self._store = store
        self._clock = clock
        self._chance = chance
        self._known: dict[CharacterId, dict[EntityId, Stranger]] = {}
        self._loading = asyncio.Lock()

    async def of(self, character: CharacterId) -> Mapping[EntityId, Stranger]:
        return await self._of(character)

    async def ask(self, character: CharacterId, address: Address, author: Author, row: int) -> str:
        """The code that a stranger is to be told now; empty where nothing is to be said.

        `row` is what they have written, whose answer is the same in a second try.
        """
        known, now = await self._of(character), self._clock.now().timestamp()
        whom = entity_id(character, address, author.id)
        one = known.get(whom)
        if one is not None and one.row == row:
            return one.code
        if one is not None and (one.standing is not Standing.ASKED or one.waits(now)):
            return ""
        told = tuple(at for at in (one.told if one else ()) if now - at < _DAY)
        waiting = sum(other.waits(now) for other in known.values())
        if len(told) >= _NOTICES or waiting >= _MOST:
            return ""
        asked = Stranger(
            character,
            whom,
            address,
            author.id,
            author.name,
            author.username,
            code=self._new_code(known),
            until=now + HOLDS,
            told=(*told, now),
            row=row,
        )
        gone = [other for other in known.values() if _is_over(other, now) and other.entity != whom]

        def put_down(unit: Unit) -> None:
            for other in gone:
                drop(unit, other)
            put(unit, asked)

        await self._store.write(put_down)
        for other in gone:
            known.pop(other.entity, None)
        known[whom] = asked
        return asked.code

    async def by_code(self, character: CharacterId, code: str) -> Stranger | None:
        return found(await self._of(character), code, self._clock.now().timestamp())

    async def decide(self, character: CharacterId, whom: EntityId, standing: Standing) -> bool:
        """Let somebody in or keep them out; False where they are not known."""
        known = await self._of(character)
        one = known.get(whom)
        if one is None:
            return False
        decided = replace(one, standing=standing, code="", until=0.0)
        await self._store.write(lambda unit: put(unit, decided))
        known[whom] = decided
        return True

    async def remove(self, character: CharacterId, whom: EntityId) -> bool:
        """Somebody is a stranger again; False where they were not known."""
        known = await self._of(character)
        one = known.get(whom)
        if one is None:
            return False
        await self._store.write(lambda unit: drop(unit, one))
        known.pop(whom, None)
        return True

    def forgotten(self, gone: Forgotten) -> None:
        """Who is forgotten is a stranger again."""
        if gone.character is not None and gone.entity is not None:
            self._known.get(gone.character, {}).pop(gone.entity, None)

    async def _of(self, character: CharacterId) -> dict[EntityId, Stranger]:
        known = self._known.get(character)
        if known is not None:
            return known
        async with self._loading:
            if character not in self._known:
                kept = await self._store.read(lambda unit: strangers(unit, character))
                self._known[character] = kept
            return self._known[character]

    def _new_code(self, known: Mapping[EntityId, Stranger]) -> str:
        taken = {one.code for one in known.values()}
        while True:
            code = "".join(self._chance.choices(_SIGNS, k=8))
            if code not in taken:
                return code


def found(known: Mapping[EntityId, Stranger], code: str, now: float) -> Stranger | None:
    """Who waits with this code, however it is written."""
    wanted = code.upper().translate(_BETWEEN)
    waiting = (one for one in known.values() if one.waits(now))
    return next((one for one in waiting if wanted and one.code == wanted), None)


def _is_over(one: Stranger, now: float) -> bool:
    """Nobody has decided, and they may ask anew without being counted."""
    last = one.told[-1] if one.told else 0.0
    return one.standing is Standing.ASKED and not one.waits(now) and now - last >= _DAY


# --- as it is kept -----------------------------------------------------------------------------------


def strangers(unit: Unit, character: CharacterId) -> dict[EntityId, Stranger]:
    """Everybody who has asked a character, and has been let in or kept out since."""
    kept = unit.bonds.components(character, EntityId(character), type=_TYPE)
    read = (_read(one) for one in kept)
    return {one.entity: one for one in read if one is not None}


def put(unit: Unit, one: Stranger) -> None:
    unit.bonds.put_component(
        Component(
            id=_id(one),
            entity=EntityId(one.character),
            character=one.character,
            type=_TYPE,
            data={
                "address": list(one.address),
                "person": one.person,
                "name": one.name,
                "username": one.username,
                "standing": one.standing.value,
                "code": one.code,
                "until": one.until,
                "told": list(one.told),
                "row": one.row,
            },
            # So that it goes when they want to be forgotten.
            source=one.entity,
        )
    )


def drop(unit: Unit, one: Stranger) -> None:
    unit.bonds.drop_component(one.character, _id(one))


def _id(one: Stranger) -> str:
    return unique_uuid(one.character, f"pairing:{one.entity}")


def _read(kept: Component) -> Stranger | None:
    """None for what somebody else has put there."""
    data: Mapping[str, Any] = kept.data
    try:
        return Stranger(
            kept.character,
            EntityId(str(kept.source)),
            Address(*data["address"]),
            str(data["person"]),
            str(data.get("name", "")),
            str(data.get("username", "")),
            Standing(data["standing"]),
            str(data["code"]),
            float(data["until"]),
            tuple(map(float, data["told"])),
            int(data["row"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
