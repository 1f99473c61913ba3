"""What a member of a server may do, all in all and in one channel."""

from bots.sandbox.things import Account, Chat, Guild

KICK = 1 << 1
BAN = 1 << 2
ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
MANAGE_GUILD = 1 << 5
ADD_REACTIONS = 1 << 6
STREAM = 1 << 9
VIEW = 1 << 10
SEND = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED = 1 << 14
ATTACH = 1 << 15
HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
CONNECT = 1 << 20
SPEAK = 1 << 21
MUTE = 1 << 22
DEAFEN = 1 << 23
MOVE = 1 << 24
VOICE_ACTIVITY = 1 << 25
MANAGE_NICKNAMES = 1 << 27
MANAGE_ROLES = 1 << 28
MANAGE_WEBHOOKS = 1 << 29
COMMANDS = 1 << 31
REQUEST_TO_SPEAK = 1 << 32
MANAGE_THREADS = 1 << 34
PUBLIC_THREADS = 1 << 35
PRIVATE_THREADS = 1 << 36
SEND_IN_THREADS = 1 << 38
MODERATE = 1 << 40
SEND_VOICE = 1 << 46
POLLS = 1 << 49
EXTERNAL_APPS = 1 << 50
PIN = 1 << 51
VOICE_STATUS = 1 << 48
BYPASS_SLOW = 1 << 52
ALL = (1 << 53) - 1
THREADS = frozenset({"thread", "private_thread", "post"})
BOARDS = frozenset({"board", "media"})
WITH_THREADS = frozenset({"text", "announcement"})
SPOKEN = frozenset({"voice", "stage"})

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
    | SEND_VOICE
    | POLLS
    | EXTERNAL_APPS
    | STREAM
    | CONNECT
    | SPEAK
    | VOICE_ACTIVITY
    | REQUEST_TO_SPEAK
)
# What is left to somebody who was told to be silent for a while.
_TIMED_OUT = VIEW | HISTORY


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
    above = room.parent if room.kind in THREADS and room.parent is not None else room
    if who in room.closed_to or who in above.closed_to:
        return 0
    if allowed == ALL:
        return allowed
    if above.overwrites:
        allowed = _overwritten(above, room.guild, who, allowed)
    if not allowed & VIEW:
        return 0
    if room.kind == "private_thread" and who not in room.joined and not allowed & MANAGE_THREADS:
        return 0
    if who in room.muted or who in above.muted:
        allowed &= ~(SEND | SEND_IN_THREADS)
    return allowed & _TIMED_OUT if is_timed_out(room.guild, who) else allowed


def _overwritten(room: Chat, guild: Guild, who: Account, allowed: int) -> int:
    """First what holds for everyone here, then for the roles together, then for this one."""
    everyone = room.overwrites.get(guild.id)
    if everyone is not None:
        allowed = allowed & ~everyone.deny | everyone.allow
    roles = [room.overwrites[role] for role in guild.members[who] if role in room.overwrites]
    for each in roles:
        allowed &= ~each.deny
    for each in roles:
        allowed |= each.allow
    own = room.overwrites.get(who.snowflake)
    return allowed if own is None else allowed & ~own.deny | own.allow


def is_timed_out(guild: Guild, who: Account) -> bool:
    until = guild.timeouts.get(who)
    return until is not None and until > who.world.now()


def may_send(room: Chat, who: Account) -> bool:
    wanted = SEND_IN_THREADS if room.kind in THREADS else SEND
    return bool(in_channel(room, who) & wanted)


def is_unhurried(room: Chat, who: Account) -> bool:
    """Whether slow mode is not for this one; it never is for bots (the channel object's
    rate_limit_per_user in Discord's documentation)."""
    may = in_channel(room, who) & (MANAGE_MESSAGES | MANAGE_CHANNELS | BYPASS_SLOW)
    return who.is_bot or bool(may)
