"""Who may talk to a character on one platform, as her settings say: read once, judged in no time.

A list that cannot be read lets nobody in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from core.errors import Finding
from core.flow.door_lists import (
    Listed,
    channels_in,
    listed_in,
    people_in,
    roles_in,
    servers_in,
)
from core.flow.gate import Gate
from core.messages import Author, Inbound
from core.settings import schema, values
from core.settings.layers import Settings

_EVERYBODYS = frozenset({"the environment", ".env"})
_MEND = 'Write ["123456", "-1001234567890", "@name"]'
_MEND_DISCORD = 'Write ["123456789012345678"]: in Discord, with the developer mode on, Copy ID'
_MEND_PEOPLE = 'Write ["123456789012345678", "@name"]'
INLINE = "inline:"
"""Such an Inbound.via comes from a person in whatever chat, and goes back to that person alone."""
GUEST = "guest:"
"""Such a one summons her into a chat in which she is not a member."""


@dataclass(frozen=True, slots=True)
class Door:
    """One character's settings about whom she talks to on a platform; as it stands, to everybody."""

    listed: Listed | None = None
    """Who may talk, or where; None: everybody."""
    directs: bool = True
    inline: bool = True
    guest: bool = True
    """Whether she answers where she is not: queries behind her name, and who summons her."""
    groups: Listed | None = None
    """Where she takes part; None: wherever she is."""
    gate: Gate | None = None
    """Of a platform of servers; the lists above are empty there."""
    leaves: bool = False
    pairs: bool = False
    """Whoever writes directly first needs her operator's consent."""
    per_minute: int = 0
    per_hour: int = 0
    """Answers to one person; 0: any number."""
    notice: str = ""
    """What strangers are told, with {code} in it."""
    enough: str = ""
    """What they are told who ask too much; empty: nothing."""
    findings: tuple[Finding, ...] = field(default=(), compare=False)
    """What could not be read, and lets nobody in."""

    def refusal(self, lead: Inbound, author: Author, *, known: bool) -> str:
        """The rule by which somebody may not talk here; empty where they may.

        `known` are those whom the operator has let in.
        """
        if lead.via.startswith(INLINE) and not self.inline:
            return "inline-off"
        if lead.via.startswith(GUEST) and not self.guest:
            return "guest-off"
        if lead.is_direct and not self.directs:
            return "directs-off"
        if self.gate is not None:
            return self.gate.refusal(lead, author, known=known, pairs=self.pairs)
        listed, room = self.listed, lead.address.room
        in_person = listed is not None and listed.holds(author.id, author.username)
        if lead.is_direct or lead.via.startswith(INLINE):
            if in_person or known:
                return ""
            if self.pairs:
                return "not-paired"
            return "not-allowed" if listed is not None else ""
        if self.groups is not None and not self.groups.holds(room, lead.place.handle):
            return "group-not-allowed"
        if listed is None or in_person or known or listed.holds(room, lead.place.handle):
            return ""
        return "not-allowed"

    def wants_out(self, rule: str, *, added: bool) -> bool:
        """Whether a group or server is to be left in which somebody was refused by this rule.

        Where people are listed, one of them may be there and speak yet: then she goes only out of
        what somebody else has brought her into.
        """
        if not self.leaves:
            return False
        if rule in ("group-not-allowed", "server-not-allowed"):
            return True
        alone = self.listed is not None and self.listed.groups_alone
        return self.gate is None and rule == "not-allowed" and (added or alone)

    def is_out_of_place(self, server: str) -> bool:
        """Whether it is to leave a server in which nobody has said anything yet."""
        servers = self.gate.servers if self.gate is not None else None
        return self.leaves and servers is not None and not servers.holds(server)


OPEN = Door()


def door_of(settings: Settings, platform: str) -> Door:
    """What is set for a platform; of one that has no such settings everybody may talk."""
    wrong: list[Finding] = []
    prefix = f"{platform.upper()}_"
    listed = _list(settings, f"{prefix}ALLOWED_CHATS", wrong, listed_in)
    gate = _gate(settings, wrong) if platform == "discord" else None
    people = (listed,) if gate is None else (gate.people, gate.roles)
    # Whoever has tried to name people does not want every stranger to be told a code.
    shut = bool(wrong) and any(one == Listed() for one in people)
    groups = None
    if _flag(settings, f"{prefix}ONLY_ALLOWED_GROUPS", doubt=True, otherwise=False):
        groups = _list(settings, f"{prefix}ALLOWED_GROUPS", wrong, _groups_in) or Listed()
    leaves = _flag(settings, f"{prefix}LEAVES_OTHERS", doubt=False, otherwise=False)
    return Door(
        listed=listed,
        directs=_flag(settings, f"{prefix}DIRECT_MESSAGES", doubt=False, otherwise=True),
        inline=_flag(settings, f"{prefix}INLINE", doubt=False, otherwise=True),
        guest=_flag(settings, f"{prefix}GUEST", doubt=False, otherwise=True),
        groups=groups,
        gate=gate,
        # By a misprint nobody is let in; but nowhere is left for it, as she cannot come back.
        leaves=leaves and not wrong,
        pairs=not shut and _flag(settings, "TROUPE_PAIRING", doubt=True, otherwise=False),
        per_minute=int(settings.number("TROUPE_TURNS_PER_MINUTE", 10)),
        per_hour=int(settings.number("TROUPE_TURNS_PER_HOUR", 0)),
        notice=settings.text("TROUPE_PAIRING_NOTICE"),
        enough=settings.text("TROUPE_TOO_MANY"),
        findings=tuple(wrong),
    )


def _gate(settings: Settings, wrong: list[Finding]) -> Gate:
    return Gate(
        _list(settings, "DISCORD_ALLOWED_SERVERS", wrong, servers_in, _MEND_DISCORD),
        _list(settings, "DISCORD_ALLOWED_CHANNELS", wrong, channels_in, _MEND_DISCORD),
        _list(settings, "DISCORD_ALLOWED_ROLES", wrong, roles_in, _MEND_DISCORD),
        _list(settings, "DISCORD_ALLOWED_USERS", wrong, people_in, _MEND_PEOPLE),
    )


def _flag(settings: Settings, key: str, *, doubt: bool, otherwise: bool) -> bool:
    """`doubt` counts for what says neither yes nor no: a door must not open by a misprint."""
    if schema.find(key) is None:
        return otherwise
    value = settings.get(key)
    if value is None:
        return otherwise
    return values.parse_flag(value) if values.is_flag(value) else doubt


def _list(
    settings: Settings,
    key: str,
    wrong: list[Finding],
    read: Callable[[object], tuple[Listed, list[str]]],
    mend: str = _MEND,
) -> Listed | None:
    """None where nothing is set."""
    if schema.find(key) is None:
        return None
    value = settings.get(key)
    if value is None:
        return None
    found, faults = read(value)
    where = settings.where(key)
    hers = settings.character_name and where not in _EVERYBODYS
    whose = f" of {settings.character_name}" if hers else ""
    wrong += [Finding(f"{key}{whose}, in {where}", one, mend) for one in faults]
    return found


def _groups_in(value: object) -> tuple[Listed, list[str]]:
    return listed_in(value, groups=True)
