"""Bots that a manager bot looks after: a person makes one, and the manager gets its token."""

from typing import Any

from bots.sandbox import shapes
from bots.sandbox.asked import Asked, bad
from bots.sandbox.desks import Desk
from bots.sandbox.things import Account, Change, Fact
from bots.sandbox.world import World


def create(world: World, person: Account, manager: Account, name: str, username: str) -> Account:
    """A person makes a bot for a manager: it says so in their chat, and the manager is told."""
    if "managing" not in manager.able:
        raise ValueError(f"{manager.name} manages no bots")
    if not username.lower().endswith("bot"):
        raise ValueError("the username of a bot ends in bot")
    room = world.dm_of(person.id, manager.id)
    if room is None:
        raise ValueError(f"{person.name} has no chat with {manager.name}")
    made = world.account(name, username, True)
    world.give_token(made)
    fact = {"fact": "managed", "bot": made.id, "manager": manager.id, "owner": person.id}
    world.say(person, room, "", service={"managed_bot_created": made.id})
    world.commit(fact)
    return made


def get_managed_bot_token(world: World, desk: Desk, asked: Asked) -> Any:
    return world.tokens[_managed(world, desk, asked)["bot"]]


def replace_managed_bot_token(world: World, desk: Desk, asked: Asked) -> Any:
    """Revoke the token: who uses it is out, and the manager is told as well."""
    known = _managed(world, desk, asked)
    token = world.give_token(world.accounts[known["bot"]])
    world.commit(known)
    return token


def get_managed_bot_access_settings(world: World, desk: Desk, asked: Asked) -> Any:
    bot = _managed(world, desk, asked)["bot"]
    known = world.about.get((bot, "access", ""), {"restricted": False, "users": []})
    shape: dict[str, Any] = {"is_access_restricted": known["restricted"]}
    if known["restricted"]:
        shape["added_users"] = [shapes.user(world.accounts[number]) for number in known["users"]]
    return shape


def set_managed_bot_access_settings(world: World, desk: Desk, asked: Asked) -> Any:
    """Say who may use a bot; the stage keeps it and lets everybody in all the same."""
    bot, users = _managed(world, desk, asked)["bot"], asked.json("added_user_ids") or []
    if not isinstance(users, list) or not {*users} <= world.accounts.keys():
        raise bad("USER_ID_INVALID")
    value = {"restricted": asked.flag("is_access_restricted"), "users": users}
    world.commit({"fact": "about", "bot": bot, "what": "access", "where": "", "value": value})
    return True


def _managed(world: World, desk: Desk, asked: Asked) -> Fact:
    known: Fact | None = world.about.get((asked.needed("user_id"), "managed", ""))
    if known is None or known["manager"] != desk.bot.id:
        raise bad("BOT_INVALID")
    return known


def _on_managed(world: World, fact: Fact) -> Change:
    world.about[fact["bot"], "managed", ""] = fact
    return Change("managed", fact)


FACTS = {"managed": _on_managed}
