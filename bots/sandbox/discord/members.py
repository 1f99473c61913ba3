"""Members of servers as bots see and treat them: their names, roles, silence, and the door."""

from datetime import datetime
from typing import Any

from bots.sandbox.discord import deeds, seating, shapes
from bots.sandbox.discord.asking import Ask
from bots.sandbox.discord.permissions import (
    BAN,
    DEAFEN,
    KICK,
    MANAGE_NICKNAMES,
    MANAGE_ROLES,
    MODERATE,
    MUTE,
    in_guild,
)
from bots.sandbox.discord.refusals import Form, no
from bots.sandbox.discord.routing import Routes
from bots.sandbox.discord.servers import role_of
from bots.sandbox.things import Guild

Json = dict[str, Any]
routes = Routes()
_A_GUILD = "/guilds/{guild}"
_BANS = _A_GUILD + "/bans"


# -- members ---------------------------------------------------------------------------------------


@routes("GET", _A_GUILD + "/members")
def list_guild_members(ask: Ask) -> list[Json]:
    guild, form = ask.guild(), Form()
    limit = form.number(dict(ask.query), "limit", 1, 1, 1000)
    after = form.number(dict(ask.query), "after", 0, 0, 1 << 63)
    form.check()
    people = sorted(guild.members, key=lambda who: who.snowflake)
    rest = [who for who in people if who.snowflake > after]
    return [shapes.member(guild, who) for who in rest[:limit]]


@routes("GET", _A_GUILD + "/members/search")
def search_guild_members(ask: Ask) -> list[Json]:
    guild, form = ask.guild(), Form()
    limit = form.number(dict(ask.query), "limit", 1, 1, 1000)
    wanted = (form.text(dict(ask.query), "query", 100, least=1) or "").lower()
    form.check()
    found = [
        who
        for who in guild.members
        if who.name.lower().startswith(wanted) or (who.username or "").lower().startswith(wanted)
    ]
    return [shapes.member(guild, who) for who in found[:limit]]


@routes("GET", _A_GUILD + "/members/{user}")
def get_guild_member(ask: Ask) -> Json:
    guild = ask.guild()
    return shapes.member(guild, ask.member(guild))


@routes("DELETE", _A_GUILD + "/members/{user}")
def delete_guild_member(ask: Ask) -> None:
    guild = ask.guild()
    who = ask.member(guild)
    if not in_guild(guild, ask.bot) & KICK or who is guild.owner:
        raise no(50013)
    deeds.part(ask.world, guild, who, ask.bot)


@routes("PUT", _A_GUILD + "/members/{user}/roles/{role}")
def add_guild_member_role(ask: Ask) -> None:
    _set_role(ask, on=True)


@routes("DELETE", _A_GUILD + "/members/{user}/roles/{role}")
def delete_guild_member_role(ask: Ask) -> None:
    _set_role(ask, on=False)


def _set_role(ask: Ask, *, on: bool) -> None:
    guild = ask.guild()
    who, role = ask.member(guild), role_of(ask)
    if not in_guild(guild, ask.bot) & MANAGE_ROLES:
        raise no(50013)
    had = guild.members[who]
    roles = had | {role.id} if on else had - {role.id}
    if roles != had:
        deeds.give_roles(ask.world, guild, who, sorted(roles))


@routes("PATCH", _A_GUILD + "/members/@me")
def update_my_guild_member(ask: Ask) -> Json:
    guild, form = ask.guild(), Form()
    nick = form.text(ask.form, "nick", 32)
    form.check()
    if "nick" in ask.form:
        deeds.rename(ask.world, guild, ask.bot, nick)
    return shapes.member(guild, ask.bot)


@routes("PATCH", _A_GUILD + "/members/{user}")
def update_guild_member(ask: Ask) -> Json:
    guild, body, form = ask.guild(), ask.form, Form()
    who = ask.member(guild)
    nick = form.text(body, "nick", 32)
    form.check()
    _check(guild, ask, "nick" in body, MANAGE_NICKNAMES)
    _check(guild, ask, "roles" in body, MANAGE_ROLES)
    _check(guild, ask, "communication_disabled_until" in body, MODERATE)
    _check(guild, ask, body.get("mute") is not None, MUTE)
    _check(guild, ask, body.get("deaf") is not None, DEAFEN)
    if "channel_id" in body:
        seating.move(ask, guild, who, body["channel_id"])
    if "nick" in body:
        deeds.rename(ask.world, guild, who, nick)
    if body.get("roles") is not None:
        deeds.give_roles(ask.world, guild, who, sorted(int(each) for each in body["roles"]))
    if "communication_disabled_until" in body:
        until = body["communication_disabled_until"]
        moment = None if until is None else datetime.fromisoformat(until).timestamp()
        deeds.silence(ask.world, guild, who, moment)
    seating.rule(ask, guild, who, body.get("mute"), body.get("deaf"))
    return shapes.member(guild, who)


def _check(guild: Guild, ask: Ask, wanted: bool, permission: int) -> None:
    if wanted and not in_guild(guild, ask.bot) & permission:
        raise no(50013)


@routes("GET", _BANS)
def list_guild_bans(ask: Ask) -> list[Json]:
    guild = ask.guild()
    _check(guild, ask, True, BAN)
    return [{"user": shapes.user(who), "reason": None} for who in guild.banned]


@routes("PUT", _BANS + "/{user}")
def ban_user_from_guild(ask: Ask) -> None:
    guild, who = ask.guild(), ask.world.snowflakes.get(ask.number("user"))
    _check(guild, ask, True, BAN)
    if who is None:
        raise no(10013)
    if who is guild.owner:
        raise no(50013)
    deeds.ban(ask.world, guild, who, ask.bot)


@routes("DELETE", _BANS + "/{user}")
def unban_user_from_guild(ask: Ask) -> None:
    guild, who = ask.guild(), ask.world.snowflakes.get(ask.number("user"))
    _check(guild, ask, True, BAN)
    if who is None or who not in guild.banned:
        raise no(10026)
    deeds.ban(ask.world, guild, who, ask.bot, on=False)
