"""What a bot asked to hear: the bits of IDENTIFY, and the bit that each event needs."""

from enum import IntFlag
from typing import Final


class Intents(IntFlag):
    """The gateway's intents by their bits; a bit outside of these is refused with 4013."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_INTEGRATIONS = 1 << 4
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16
    AUTO_MODERATION_CONFIGURATION = 1 << 20
    AUTO_MODERATION_EXECUTION = 1 << 21
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


NONE: Final = Intents(0)
PRIVILEGED: Final = Intents.GUILD_MEMBERS | Intents.GUILD_PRESENCES | Intents.MESSAGE_CONTENT
_KNOWN: Final = sum(Intents)

# The application's flags that tell which privileged intents an unverified bot may use.
_FLAGS: Final = {
    Intents.GUILD_PRESENCES: 1 << 13,
    Intents.GUILD_MEMBERS: 1 << 15,
    Intents.MESSAGE_CONTENT: 1 << 19,
}
_IN_GUILDS: Final = {
    "MESSAGE_": Intents.GUILD_MESSAGES,
    "MESSAGE_REACTION_": Intents.GUILD_MESSAGE_REACTIONS,
    "TYPING_START": Intents.GUILD_MESSAGE_TYPING,
    "GUILD_MEMBER_": Intents.GUILD_MEMBERS,
    "THREAD_MEMBERS_UPDATE": Intents.GUILDS,
    "GUILD_": Intents.GUILDS,
    "CHANNEL_": Intents.GUILDS,
    "THREAD_": Intents.GUILDS,
}
_IN_DIRECT: Final = {
    "MESSAGE_": Intents.DIRECT_MESSAGES,
    "MESSAGE_REACTION_": Intents.DIRECT_MESSAGE_REACTIONS,
    "TYPING_START": Intents.DIRECT_MESSAGE_TYPING,
    "CHANNEL_PINS_UPDATE": Intents.DIRECT_MESSAGES,
}


def known(bits: object) -> Intents | None:
    """The intents of an IDENTIFY, or None when it holds anything that is not an intent."""
    if not isinstance(bits, int) or isinstance(bits, bool) or bits < 0 or bits & ~_KNOWN:
        return None
    return Intents(bits)


def needed(event: str, *, direct: bool) -> Intents:
    """The intent without which a bot does not hear this event; none for what is always told."""
    table = _IN_DIRECT if direct else _IN_GUILDS
    fitting = [prefix for prefix in table if event.startswith(prefix)]
    return table[max(fitting, key=len)] if fitting else NONE


def application_flags(granted: Intents) -> int:
    """The flags by which an application shows the privileged intents that it was granted."""
    return sum(flag for intent, flag in _FLAGS.items() if intent in granted)
