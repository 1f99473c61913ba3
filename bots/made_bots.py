"""`troupe bots`: which characters have a bot made by /newbot; forget one, or renew its token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bots import orders
from bots.bars import one_line
from bots.knowing import House
from bots.links import TELEGRAM, Plan, PlannedLink, plan_links, settings_of
from bots.lock import hold
from bots.telegram.client import TelegramLink
from core.clock import SystemClock
from core.errors import (
    AlreadyRunning,
    BadInput,
    Finding,
    LinkLost,
    LinkRejected,
    SendFailed,
)
from core.flow.made_bots import Made, drop, put, stored, tokens
from core.ids import CharacterId
from core.secrets import Secret
from core.settings.layers import Settings
from core.store.engine import open_store
from core.store.looking import looking

_Does = Callable[[House, Made, Plan], Coroutine[Any, Any, None]]


def listed(house: House) -> Iterator[str]:
    """Everybody who was given a bot, and whose bot looks after it."""
    known = _known(house)
    if not known:
        yield "No bots were made by /newbot."
        return
    own = {
        one.id: settings.secret(TELEGRAM.token)
        for one, settings in settings_of(house.roster, house.environment)
    }
    managers = {link.account: link.character.name for link in _plan(house, known).links}
    rows = [("character", "bot", "id", "looked after by", "")]
    for one in known.values():
        rows.append(
            (
                house.names.get(one.character, one.character),
                f"@{one_line(one.username)}" if one.username else "",
                one.bot,
                managers.get(one.manager, one.manager),
                f"not used: {TELEGRAM.token} is set" if own.get(one.character) else "",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


def removed(house: House, name: str) -> Iterator[str]:
    """She leaves Telegram; the bot stays with whoever made it. Raises BadInput."""
    made = _one(house, name)
    _carry_out(house, made, orders.DROP_BOT, _remove)
    yield f"{_named(house, made)} is forgotten here. /deletebot at @BotFather deletes it."


def rotated(house: House, name: str) -> Iterator[str]:
    """Whoever has the old token is out. Raises BadInput."""
    made = _one(house, name)
    _carry_out(house, made, orders.RENEW_TOKEN, _renew)
    yield f"{_named(house, made)} has a new token; the old one is worth nothing any more."


def _carry_out(house: House, made: Made, do: str, does: _Does) -> None:
    """By the gateway where one runs, else by ourselves."""
    try:
        with hold(house.data):
            asyncio.run(does(house, made, _plan(house, {made.character: made})))
    except AlreadyRunning:
        if not orders.give(house.own, made.character, do=do).answer().get("bots"):
            what = "could not do it: whoever looks after that bot is not there"
            raise BadInput(Finding("the gateway", what, "Its /ready says more")) from None


async def _remove(house: House, made: Made, plan: Plan) -> None:
    async with open_store(house.url, house.own, key=_key(house)) as store:
        await store.write(lambda unit: drop(unit, made.character))


async def _renew(house: House, made: Made, plan: Plan) -> None:
    manager = next((one for one in plan.links if one.account == made.manager), None)
    if manager is None:
        what = "whoever looks after this bot has no token any more"
        raise BadInput(Finding("NAME", what, "/revoke at @BotFather gives a new one, for .env"))
    async with open_store(house.url, house.own, key=_key(house)) as store:
        try:
            token = await _renewed(manager, made)
        except (LinkLost, LinkRejected, SendFailed) as error:
            raise BadInput(Finding("Telegram", str(error), "Try again later")) from None
        new = replace(made, token=token)
        await store.write(lambda unit: put(unit, new))


async def _renewed(manager: PlannedLink, made: Made) -> Secret:
    """A login, and no poll: nothing that was said to the manager is lost by it."""
    root = manager.settings.text("TELEGRAM_API_ROOT")
    async with TelegramLink(manager.token, api_root=root, clock=SystemClock()) as link:
        return await link.renew_token(made.bot)


# --- who is meant ----------------------------------------------------------------------------------


def _known(house: House) -> Mapping[CharacterId, Made]:
    with looking(house.url, house.own, key=_key(house)) as unit:
        return stored(unit)


def _one(house: House, name: str) -> Made:
    known = _known(house)
    wanted = name.strip().removeprefix("@").casefold()
    for one in known.values():
        if wanted in (house.names.get(one.character, "").casefold(), one.username.casefold(),
                      one.character, one.bot):  # fmt: skip
            return one
    there = ", ".join(_named(house, one) for one in known.values()) or "nobody has"
    raise BadInput(Finding("NAME", f"{name} has no bot that was made by /newbot", f"See: {there}"))


def _named(house: House, made: Made) -> str:
    name = house.names.get(made.character, made.character)
    return f"{name} (@{one_line(made.username)})" if made.username else name


def _plan(house: House, known: Mapping[CharacterId, Made]) -> Plan:
    return plan_links(house.roster, house.environment).completed(tokens(known))


def _key(house: House) -> Secret | None:
    return Settings(house.environment).secret("TROUPE_SECRET_KEY")
