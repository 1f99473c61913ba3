"""`troupe pair`: who wants to talk to which character; let them in, keep them out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

from bots import orders
from bots.bars import one_line
from bots.knowing import House
from bots.lock import hold
from core.clock import SystemClock
from core.errors import AlreadyRunning, BadInput, Finding
from core.flow.pairing import Standing, Stranger, drop, found, put, strangers
from core.ids import CharacterId
from core.ports import Unit
from core.settings.layers import Settings
from core.store.engine import open_store
from core.store.looking import looking

_STANDINGS = {
    Standing.ASKED: "waits",
    Standing.IN: "let in",
    Standing.OUT: "kept out",
}
_ORDERS = {"allow": orders.LET_IN, "deny": orders.KEEP_OUT, "remove": orders.REMOVE}
_DONE = {
    orders.LET_IN: "{who} may talk to {character} now.",
    orders.KEEP_OUT: "{character} tells {who} nothing any more.",
    orders.REMOVE: "{who} is a stranger to {character} again.",
}


def listed(house: House, character: str = "") -> Iterator[str]:
    """Everybody who has asked, those first who wait for an answer."""
    now = SystemClock().now().timestamp()
    rows = [("who", "on", "id", "with", "standing", "code", "minutes left")]
    known = sorted(_known(house, character), key=lambda one: (one.standing is not Standing.ASKED,))
    for one in known:
        waits = one.waits(now)
        if one.standing is Standing.ASKED and not waits:
            continue
        rows.append(
            (
                _named(one),
                one.address.platform,
                one.person,
                house.names.get(one.character, one.character),
                _STANDINGS[one.standing],
                one.code if waits else "",
                str(round((one.until - now) / 60)) if waits else "",
            )
        )
    if len(rows) == 1:
        yield "Nobody has asked."
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


def decided(house: House, what: str, whom: str, character: str = "") -> Iterator[str]:
    """Carry it out: by the gateway where one runs, else by ourselves. Raises BadInput."""
    known = _known(house, character)
    one = _one(known, whom) if what == "remove" else _with_code(known, whom)
    do = _ORDERS[what]
    try:
        with hold(house.data):
            asyncio.run(_by_ourselves(house, one, do))
    except AlreadyRunning:
        orders.give(house.own, one.character, one.entity, do).answer()
    yield _DONE[do].format(who=_named(one), character=house.names.get(one.character, one.character))


async def _by_ourselves(house: House, one: Stranger, do: str) -> None:
    def write(unit: Unit) -> None:
        if do == orders.REMOVE:
            drop(unit, one)
        else:
            standing = Standing.IN if do == orders.LET_IN else Standing.OUT
            put(unit, replace(one, standing=standing, code="", until=0.0))

    key = Settings(house.environment).secret("TROUPE_SECRET_KEY")
    async with open_store(house.url, house.own, key=key) as store:
        await store.write(write)


# --- who is meant ----------------------------------------------------------------------------------


def _known(house: House, character: str) -> list[Stranger]:
    whose: list[CharacterId] = (
        [house.character(character).id] if character else [one.id for one in house.roster.loaded]
    )
    with looking(house.url, house.own) as unit:
        return [one for who in whose for one in strangers(unit, who).values()]


def _with_code(known: list[Stranger], code: str) -> Stranger:
    one = found({one.entity: one for one in known}, code, SystemClock().now().timestamp())
    if one is None:
        what = "nobody waits with this code"
        raise BadInput(Finding("CODE", what, "It is good for an hour; `troupe pair list` tells"))
    return one


def _one(known: list[Stranger], whom: str) -> Stranger:
    wanted = whom.strip().lstrip("@").casefold()
    meant = [
        one
        for one in known
        if wanted in (one.person, one.name.casefold(), one.username.casefold(), one.entity)
    ]
    if len(meant) == 1:
        return meant[0]
    if not meant:
        raise BadInput(Finding("PERSON", "nobody of that name or id has asked"))
    mend = "Give the id and the character: " + ", ".join(
        f"{_named(one)} {one.person}" for one in meant
    )
    raise BadInput(Finding("PERSON", f"{len(meant)} are called that", mend))


def _named(one: Stranger) -> str:
    handle = f" (@{one.username})" if one.username else ""
    return f"{one_line(one.name) or 'somebody'}{handle}"
