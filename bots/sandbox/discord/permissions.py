"""What a member of a server may do, all in all and in one channel."""

from bots.sandbox.things import Account, Chat, Guild

KICK = 1 << 1
ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
MANAGE_GUILD = 1 << 5
ADD_REACTIONS = 1 << 6
VIEW = 1 << 10
SEND = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED = 1 << 14
ATTACH = 1 << 15
HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
MANAGE_ROLES = 1 << 28
MANAGE_WEBHOOKS = 1 << 29
COMMANDS = 1 << 31
MANAGE_THREADS = 1 << 34
PUBLIC_THREADS = 1 << 35
PRIVATE_THREADS = 1 << 36
SEND_IN_THREADS = 1 << 38
PIN = 1 << 51
ALL = (1 << 53) - 1
THREADS = frozenset({"thread", "private_thread", "post"})

# What everyone may do in a new server.
EVERYONE = (
    ADD_REACTIONS
    | VIEW
    | SEND
    | EMBED
    | ATTACH
    | HISTORY
    | MENTION_EVERYONE
    | COMMANDS
    | PUBLIC_THREADS
    | PRIVATE_THREADS
    | SEND_IN_THREADS
)


def in_guild(guild: Guild, who: Account) -> int:
    """The permissions a member has by the roles it has; none for those outside."""
    if who not in guild.members:
        return 0
    allowed = guild.roles[guild.id].permissions
    for number in guild.members[who]:
        role = guild.roles.get(number)
        allowed |= role.permissions if role is not None else 0
    return ALL if who is guild.owner or allowed & ADMINISTRATOR else allowed


def in_channel(room: Chat, who: Account) -> int:
    """The permissions in one channel; in a direct one, everything that there is to do."""
    if room.guild is None:
        return EVERYONE if who in room.members else 0
    allowed = in_guild(room.guild, who)
    if who in room.closed_to or (room.parent is not None and who in room.parent.closed_to):
        return 0
    if room.kind == "private_thread" and who not in room.joined and not allowed & MANAGE_THREADS:
        return 0
    if who in room.muted or (room.parent is not None and who in room.parent.muted):
        allowed &= ~(SEND | SEND_IN_THREADS)
    return allowed


def may_send(room: Chat, who: Account) -> bool:
    wanted = SEND_IN_THREADS if room.kind in THREADS else SEND
    return bool(in_channel(room, who) & wanted)
