"""Where an application can be used, by whom, and on whose behalf: a server's or a person's own."""

from typing import Any

from bots.sandbox.discord.permissions import (
    ALL,
    ATTACH,
    COMMANDS,
    EMBED,
    EXTERNAL_APPS,
    MENTION_EVERYONE,
    in_channel,
    in_guild,
)
from bots.sandbox.things import Account, Chat
from bots.sandbox.world import World

Json = dict[str, Any]
IN_GUILD, IN_DIRECT, IN_PRIVATE = 0, 1, 2
GUILD_INSTALL, USER_INSTALL = 0, 1
_LOCALES = {
    "en": "en-US",
    "es": "es-ES",
    "pt": "pt-BR",
    "zh": "zh-CN",
    "sv": "sv-SE",
}
# What an application may do in a channel that it came into with a person.
_AS_A_GUEST = EMBED | ATTACH | MENTION_EVERYONE


def context(room: Chat, bot: Account) -> int:
    """A server, the application's own direct channel, or people's among themselves."""
    if room.guild is not None:
        return IN_GUILD
    return IN_DIRECT if bot in room.members else IN_PRIVATE


def owners(world: World, who: Account, room: Chat, bot: Account) -> Json:
    """Who has the application here, by the kind of installation; empty when nobody has."""
    found: Json = {}
    if room.guild is not None and bot in room.guild.members:
        found[str(GUILD_INSTALL)] = str(room.guild.id)
    elif bot in room.members:
        found[str(GUILD_INSTALL)] = "0"
    if (who.id, bot.id) in world.installs:
        found[str(USER_INSTALL)] = str(who.snowflake)
    return found


def may_use(world: World, who: Account, room: Chat, bot: Account, command: Json) -> Json:
    """On whose behalf somebody uses a command here; ValueError says why it is not on offer."""
    refusal = f"{bot.name} cannot be asked in {room.title}"
    if who not in room.members:
        raise ValueError(refusal)
    kinds = {str(kind) for kind in command.get("integration_types") or (GUILD_INSTALL,)}
    found = {kind: whose for kind, whose in owners(world, who, room, bot).items() if kind in kinds}
    if not found:
        raise ValueError(refusal)
    where = context(room, bot)
    contexts = command.get("contexts")
    if contexts is not None and where not in contexts:
        raise ValueError(f"{command['name']} is not on offer in {room.title}")
    if where == IN_DIRECT and command.get("dm_permission") is False:
        raise ValueError(f"{command['name']} is not on offer in {room.title}")
    _check_member(who, room, command)
    return found


def _check_member(who: Account, room: Chat, command: Json) -> None:
    """In a server roles decide as well; who may do everything may do this."""
    if room.guild is None or in_guild(room.guild, who) == ALL:
        return
    held, wanted = in_channel(room, who), command.get("default_member_permissions")
    if not held & COMMANDS:
        raise ValueError(f"{who.name} may not use commands in {room.title}")
    if wanted is None:
        return
    mask = int(wanted)
    if mask == 0 or held & mask != mask:
        raise ValueError(f"{who.name} may not use {command['name']}")


def is_guest(room: Chat, bot: Account) -> bool:
    """Whether an application is here with a person alone."""
    if room.guild is not None:
        return bot not in room.guild.members
    return bot not in room.members


def must_whisper(who: Account, room: Chat, bot: Account) -> bool:
    """Whether what a guest answers is for the asker alone."""
    return (
        is_guest(room, bot) and room.guild is not None and not in_channel(room, who) & EXTERNAL_APPS
    )


def permissions_of(room: Chat, bot: Account) -> int:
    return _AS_A_GUEST if is_guest(room, bot) else in_channel(room, bot)


def locale(who: Account) -> str:
    return _LOCALES.get(who.language, who.language)


def is_called(command: Json, name: str, who: Account) -> bool:
    """Whether a name means this command; a person may see it in the own language."""
    own = (command.get("name_localizations") or {}).get(locale(who))
    # The name of an entry in a context menu may have spaces; a command's has parts.
    head = name if command["type"] != 1 else name.partition(" ")[0]
    return bool(head in {command["name"], own})
