"""Who somebody is where they ask: from what is set, what is kept, or what the platform says."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from core.clock import Clock
from core.flow.cast import Part
from core.flow.presence import Spot, entity_id
from core.ids import EntityId, WorldId
from core.messages import Address, Inbound, Kind, Rank, World
from core.ports import Store
from core.settings.context import RequestContext, request_scope
from core.settings.layers import Settings
from core.state.house import rules_of

log = logging.getLogger(__name__)

_KEPT = 300.0
"""Seconds for which an answer holds: somebody who was made an admin waits no longer than this."""
_FAILED = 30.0
_PATIENCE = 10.0
_MOST = 5_000
_NOBODY = frozenset({Kind.CUE, Kind.OVERHEARD})
_ROLES = {"OWNER": Rank.OWNER, "ADMIN": Rank.ADMIN, "NONE": Rank.MEMBER}
# What one person has set for themselves must not make them an owner.
_NO_PERSON = RequestContext(entity_id="")


class Ranks:
    """Asked at most once every few minutes about the same person in the same group or server."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._told: OrderedDict[tuple[WorldId, str], tuple[Rank, float]] = OrderedDict()
        self._worlds: OrderedDict[WorldId, tuple[World | None, float]] = OrderedDict()

    def settled(self, part: Part, inbound: Inbound, spot: Spot) -> Rank | None:
        """What is known without waiting; None where somebody has to be asked first."""
        author = inbound.author
        if inbound.kind in _NOBODY or author.is_bot or not author.id:
            return Rank.STRANGER
        if self.is_operator(part, inbound.address, author.id):
            return Rank.OPERATOR
        if inbound.is_direct:
            return Rank.OWNER  # of this talk; nothing else is theirs
        world = self._fresh(self._worlds, spot.world)
        if world is None and not spot.new:
            return None
        least = self._least(inbound, spot)
        role = _role(world[0] if world else None, entity_id(part.id, inbound.address, author.id))
        if role is not None:
            return max(role, least)
        told = self._fresh(self._told, (spot.world, author.id))
        return max(Rank(told[0]), least) if told else None

    def known(self, part: Part, inbound: Inbound, spot: Spot) -> Rank:
        """As `settled`; a member, or a moderator, as long as nobody has been asked."""
        rank = self.settled(part, inbound, spot)
        return max(Rank.MEMBER, self._least(inbound, spot)) if rank is None else rank

    async def of(self, part: Part, inbound: Inbound, spot: Spot) -> Rank:
        """Looked up where it is not known; whoever cannot be asked about is a member at most."""
        rank = self.settled(part, inbound, spot)
        if rank is not None:
            return rank
        found = await self.of_person(part, inbound.address, inbound.author.id, spot.world)
        return max(found, self._least(inbound, spot))

    async def of_person(self, part: Part, address: Address, author: str, world: WorldId) -> Rank:
        """Somebody in a group or server, whether or not they have spoken."""
        if self.is_operator(part, address, author):
            return Rank.OPERATOR
        role = _role(await self.world(part, world), entity_id(part.id, address, author))
        if role is not None:
            return role
        key = (world, author)
        told = self._fresh(self._told, key)
        if told is not None:
            return Rank(told[0])
        rank, lasts = await self._ask(part, address, author)
        self._keep(self._told, key, (rank, self._clock.monotonic() + lasts))
        return rank

    def is_operator(self, part: Part, address: Address, author: str) -> bool:
        """One of TROUPE_OWNERS, who may do everything everywhere."""
        owners = part.settings.derived(_owners)
        return bool(author) and f"{address.platform}:{author}" in owners

    # --- worlds ----------------------------------------------------------------------------------

    async def world(self, part: Part, world: WorldId) -> World | None:
        """A world with its roles and settings, as it was at most a few minutes ago."""
        found = self._fresh(self._worlds, world)
        if found is None:
            kept = await self._store.read(lambda unit: unit.rooms.world(part.id, world))
            found = (kept, self._clock.monotonic() + _KEPT)
            self._keep(self._worlds, world, found)
        return found[0]

    def told(self, world: WorldId, author: str, rank: Rank) -> None:
        """The platform has told by itself what somebody is now."""
        self._keep(self._told, (world, author), (rank, self._clock.monotonic() + _KEPT))

    def unsure(self, world: WorldId, author: str) -> None:
        """They have come or gone: what they were says nothing of what they are."""
        self._told.pop((world, author), None)

    def all_unsure(self, world: WorldId) -> None:
        """The platform has told that something is different there: perhaps who leads it."""
        for key in [key for key in self._told if key[0] == world]:
            del self._told[key]

    def forget(self, world: WorldId) -> None:
        """Its roles or settings have changed."""
        self._worlds.pop(world, None)

    # --- keeping ---------------------------------------------------------------------------------

    def _least(self, inbound: Inbound, spot: Spot) -> Rank:
        """What somebody's roles on the server make of them by its own settings."""
        if not inbound.author.roles:
            return Rank.STRANGER
        world = self._fresh(self._worlds, spot.world)
        moderates = world is not None and rules_of(world[0]).moderates(inbound.author.roles)
        return Rank.ADMIN if moderates else Rank.STRANGER

    async def _ask(self, part: Part, address: Address, author: str) -> tuple[Rank, float]:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await part.platform.rank(address, author), _KEPT
        except Exception as error:  # noqa: BLE001 - the wall around one platform's answer
            log.warning(
                "%s cannot tell who somebody is: %s", part.platform.name, type(error).__name__
            )
            return Rank.MEMBER, _FAILED

    def _fresh(
        self, kept: Mapping[Any, tuple[Any, float]], key: object
    ) -> tuple[Any, float] | None:
        found = kept.get(key)
        return found if found is not None and found[1] > self._clock.monotonic() else None

    def _keep(self, kept: OrderedDict[Any, Any], key: object, value: object) -> None:
        kept[key] = value
        kept.move_to_end(key)
        if len(kept) > _MOST:
            kept.popitem(last=False)


def _owners(settings: Settings) -> tuple[str, ...]:
    """Whatever the person who asks has set for themselves."""
    with request_scope(_NO_PERSON):
        return settings.csv("TROUPE_OWNERS")


def _role(world: World | None, person: EntityId) -> Rank | None:
    """What a world's metadata says (R-155); None where it says nothing about this person."""
    if world is None:
        return None
    ownership, roles = world.metadata.get("ownership"), world.metadata.get("roles")
    if isinstance(ownership, Mapping) and ownership.get("ownerId") == person:
        return Rank.OWNER
    if not isinstance(roles, Mapping) or person not in roles:
        return None
    return _ROLES.get(str(roles[person]).upper(), Rank.MEMBER)
