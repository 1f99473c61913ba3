"""Stickers of servers: listed, looked up, and put into messages."""

from typing import Any

from bots.sandbox.discord import shapes
from bots.sandbox.discord.asking import Ask
from bots.sandbox.discord.refusals import Form, no
from bots.sandbox.discord.routing import Routes
from bots.sandbox.things import Chat, Guild

Json = dict[str, Any]
routes = Routes()
_MOST = 3
_OF_GUILD = "/guilds/{guild}/stickers"


def read(ask: Ask, form: Form, room: Chat, body: Json) -> list[Json]:
    """The stickers that a body names; a server knows its own, and other places none."""
    given = form.items(body, "sticker_ids", _MOST)
    known = room.guild.stickers if room.guild is not None else {}
    picked = [int(str(each)) for each in given if str(each).isdigit()]
    if len(picked) < len(given) or not set(picked) <= known.keys():
        raise no(50081)
    return [item(number, known[number]) for number in picked]


def item(number: int, about: Json) -> Json:
    """A sticker as a message bears it."""
    return {"id": str(number), "name": about["name"], "format_type": 1}


def _whole(ask: Ask, guild: Guild, number: int) -> Json:
    shape = shapes.sticker(guild, number)
    return shape | {"user": shapes.user(ask.world.accounts[guild.stickers[number]["by"]])}


@routes("GET", _OF_GUILD)
def list_guild_stickers(ask: Ask) -> list[Json]:
    guild = ask.guild()
    return [_whole(ask, guild, number) for number in guild.stickers]


@routes("GET", _OF_GUILD + "/{sticker}")
def get_guild_sticker(ask: Ask) -> Json:
    guild, number = ask.guild(), ask.number("sticker")
    if number not in guild.stickers:
        raise no(10060)
    return _whole(ask, guild, number)


@routes("GET", "/stickers/{sticker}")
def get_sticker(ask: Ask) -> Json:
    number = ask.number("sticker")
    for guild in ask.world.guilds.values():
        if number in guild.stickers:
            return shapes.sticker(guild, number)
    raise no(10060)
