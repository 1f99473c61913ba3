"""Servers as bots see them: their channels, roles and members."""

from typing import Any

from bots.sandbox.discord import deeds, shapes, talking
from bots.sandbox.discord.asking import Answer, Ask
from bots.sandbox.discord.permissions import (
    KICK,
    MANAGE_CHANNELS,
    MANAGE_ROLES,
    THREADS,
    VIEW,
    in_channel,
    in_guild,
)
from bots.sandbox.discord.refusals import Form, no
from bots.sandbox.discord.routing import Routes
from bots.sandbox.discord.snowflakes import mint
from bots.sandbox.things import Role

Json = dict[str, Any]
routes = Routes()
_A_GUILD = "/guilds/{guild}"
_KINDS = {0: "text", 5: "announcement", 15: "board"}


@routes("GET", _A_GUILD)
def get_guild(ask: Ask) -> Json:
    guild = ask.guild()
    shape = shapes.guild(guild)
    if ask.query.get("with_counts", "").lower() in {"1", "true"}:
        shape["approximate_member_count"] = len(guild.members)
        shape["approximate_presence_count"] = len(guild.members)
    return shape


@routes("GET", "/users/@me/guilds")
def list_my_guilds(ask: Ask) -> list[Json]:
    form = Form()
    limit = form.number(dict(ask.query), "limit", 200, 1, 200)
    after = form.number(dict(ask.query), "after", 0, 0, 1 << 63)
    form.check()
    mine = [it for it in ask.world.guilds.values() if ask.bot in it.members and it.id > after]
    return [
        {
            "id": str(it.id),
            "name": it.name,
            "icon": None,
            "banner": None,
            "owner": it.owner is ask.bot,
            "permissions": str(in_guild(it, ask.bot)),
            "features": [],
        }
        for it in mine[:limit]
    ]


@routes("DELETE", "/users/@me/guilds/{guild}")
def leave_guild(ask: Ask) -> None:
    deeds.part(ask.world, ask.guild(), ask.bot)


@routes("GET", _A_GUILD + "/channels")
def list_guild_channels(ask: Ask) -> list[Json]:
    rooms = ask.guild().channels.values()
    return [
        shapes.channel(room, ask.bot)
        for room in rooms
        if room.kind not in THREADS and in_channel(room, ask.bot) & VIEW
    ]


@routes("POST", _A_GUILD + "/channels")
def create_guild_channel(ask: Ask) -> Answer:
    guild, body, form = ask.guild(), ask.form, Form()
    if not in_guild(guild, ask.bot) & MANAGE_CHANNELS:
        raise no(50013)
    name = form.text(body, "name", 100, least=1) or ""
    number = form.number(body, "type", 0, 0, 16)
    if number not in _KINDS:
        form.wrong("type", "BASE_TYPE_CHOICES", "Value must be one of {0, 5, 15}.")
    form.check()
    kind = _KINDS[number]
    more = {"topic": body.get("topic")}
    made = talking.open_room(ask.world, kind, name, guild=guild.id, more=more)
    return Answer(201, shapes.channel(made, ask.bot))


# -- roles -----------------------------------------------------------------------------------------


@routes("GET", _A_GUILD + "/roles")
def list_guild_roles(ask: Ask) -> list[Json]:
    return [shapes.role(each) for each in ask.guild().roles.values()]


@routes("GET", _A_GUILD + "/roles/{role}")
def get_guild_role(ask: Ask) -> Json:
    return shapes.role(_role(ask))


def _role(ask: Ask) -> Role:
    role = ask.guild().roles.get(ask.number("role"))
    if role is None:
        raise no(10011)
    return role


@routes("POST", _A_GUILD + "/roles")
def create_guild_role(ask: Ask) -> Json:
    guild, body, form = ask.guild(), ask.form, Form()
    if not in_guild(guild, ask.bot) & MANAGE_ROLES:
        raise no(50013)
    name = form.text(body, "name", 100) or "new role"
    permissions = form.number(body, "permissions", 0, 0, 1 << 63)
    form.check()
    number = mint(ask.world)
    fact = {"fact": "role", "guild": guild.id, "id": number, "name": name}
    ask.world.commit({**fact, "permissions": permissions})
    return shapes.role(guild.roles[number])


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
    who, role = ask.member(guild), _role(ask)
    if not in_guild(guild, ask.bot) & MANAGE_ROLES:
        raise no(50013)
    had = guild.members[who]
    roles = had | {role.id} if on else had - {role.id}
    if roles != had:
        deeds.give_roles(ask.world, guild, who, sorted(roles))
