"""Servers as bots see them: their channels and roles."""

from typing import Any

from bots.sandbox.discord import channels, deeds, shapes, talking
from bots.sandbox.discord.asking import Answer, Ask
from bots.sandbox.discord.permissions import (
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
_KINDS = {
    0: "text",
    2: "voice",
    4: "category",
    5: "announcement",
    13: "stage",
    15: "board",
    16: "media",
}


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
        form.wrong("type", "BASE_TYPE_CHOICES", f"Value must be one of {set(_KINDS)}.")
    form.check()
    kind = _KINDS[number]
    more = {"topic": body.get("topic"), **channels.sound(kind, body, form)}
    form.check()
    made = talking.open_room(ask.world, kind, name, guild=guild.id, more=more)
    return Answer(201, shapes.channel(made, ask.bot))


# -- roles -----------------------------------------------------------------------------------------


@routes("GET", _A_GUILD + "/roles")
def list_guild_roles(ask: Ask) -> list[Json]:
    return [shapes.role(each) for each in ask.guild().roles.values()]


@routes("GET", _A_GUILD + "/roles/{role}")
def get_guild_role(ask: Ask) -> Json:
    return shapes.role(role_of(ask))


def role_of(ask: Ask) -> Role:
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


@routes("PATCH", _A_GUILD + "/roles/{role}")
def update_guild_role(ask: Ask) -> Json:
    guild, role, body, form = ask.guild(), role_of(ask), ask.form, Form()
    if not in_guild(guild, ask.bot) & MANAGE_ROLES:
        raise no(50013)
    name = form.text(body, "name", 100) or role.name
    permissions = form.number(body, "permissions", role.permissions, 0, 1 << 63)
    form.check()
    fact = {"fact": "role", "guild": guild.id, "id": role.id, "name": name}
    ask.world.commit({**fact, "permissions": permissions})
    return shapes.role(guild.roles[role.id])


@routes("DELETE", _A_GUILD + "/roles/{role}")
def delete_guild_role(ask: Ask) -> None:
    guild, role = ask.guild(), role_of(ask)
    if not in_guild(guild, ask.bot) & MANAGE_ROLES or role.id == guild.id:
        raise no(50013)
    fact = {"fact": "role", "guild": guild.id, "id": role.id, "name": role.name, "gone": True}
    ask.world.commit({**fact, "permissions": role.permissions})
