"""Who may talk to a character on one platform, as her settings say: read once, judged in no time.

An id counts as what it names: of groups both forms, with and without the -100 of supergroups. A
list that cannot be read lets nobody in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core.errors import Finding
from core.messages import Author, Inbound
from core.settings import schema, values
from core.settings.layers import Settings

_SUPER = 10**12
"""Telegram's supergroups and channels are -(this + their own number)."""
_NUMBER = re.compile(r"([+-]?)([0-9]{1,18})")
_NAME = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{3,31})")
_LINK = re.compile(
    r"(?:https?://)?(?:www\.)?(?:t|telegram)\.me/"
    r"(?:c/(?P<number>[0-9]{1,12})|(?:s/)?(?P<name>[A-Za-z][A-Za-z0-9_]{3,31}))(?:/[0-9]+)*/?"
)
_DASHES = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2012": "-", "\u2011": "-"})
_EVERYBODYS = frozenset({"the environment", ".env"})
_MEND = 'Write ["123456", "-1001234567890", "@name"]'
INLINE = "inline:"
"""Such an Inbound.via comes from a person in whatever chat, and goes back to that person alone."""
GUEST = "guest:"
"""Such a one summons her into a chat in which she is not a member."""


@dataclass(frozen=True, slots=True)
class Listed:
    """People, groups and channels."""

    ids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    """Public @names, without the sign and in lower case."""

    def holds(self, id: str, name: str = "") -> bool:
        return id in self.ids or (bool(name) and name.casefold() in self.names)

    @property
    def groups_alone(self) -> bool:
        """No entry can be a person."""
        return not self.names and all(one.startswith("-") for one in self.ids)


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
        listed, room = self.listed, lead.address.room
        in_person = listed is not None and listed.holds(author.id, author.username)
        if lead.is_direct or lead.via.startswith(INLINE):
            if lead.is_direct and not self.directs:
                return "directs-off"
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
        """Whether a group is to be left in which somebody was refused by this rule.

        Where people are listed, one of them may be there and speak yet: then she goes only out of
        what somebody else has brought her into.
        """
        if not self.leaves:
            return False
        if rule == "group-not-allowed":
            return True
        alone = self.listed is not None and self.listed.groups_alone
        return rule == "not-allowed" and (added or alone)


OPEN = Door()


def door_of(settings: Settings, platform: str) -> Door:
    """What is set for a platform; of one that has no such settings everybody may talk."""
    wrong: list[Finding] = []
    prefix = f"{platform.upper()}_"
    listed = _list(settings, f"{prefix}ALLOWED_CHATS", wrong)
    shut = bool(wrong) and listed == Listed()
    groups = None
    if _flag(settings, f"{prefix}ONLY_ALLOWED_GROUPS", doubt=True, otherwise=False):
        groups = _list(settings, f"{prefix}ALLOWED_GROUPS", wrong, groups=True) or Listed()
    return Door(
        listed=listed,
        directs=_flag(settings, f"{prefix}DIRECT_MESSAGES", doubt=False, otherwise=True),
        inline=_flag(settings, f"{prefix}INLINE", doubt=False, otherwise=True),
        guest=_flag(settings, f"{prefix}GUEST", doubt=False, otherwise=True),
        groups=groups,
        leaves=_flag(settings, f"{prefix}LEAVES_OTHERS", doubt=False, otherwise=False),
        pairs=not shut and _flag(settings, "TROUPE_PAIRING", doubt=True, otherwise=False),
        per_minute=int(settings.number("TROUPE_TURNS_PER_MINUTE", 10)),
        per_hour=int(settings.number("TROUPE_TURNS_PER_HOUR", 0)),
        notice=settings.text("TROUPE_PAIRING_NOTICE"),
        enough=settings.text("TROUPE_TOO_MANY"),
        findings=tuple(wrong),
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
    settings: Settings, key: str, wrong: list[Finding], *, groups: bool = False
) -> Listed | None:
    """None where nothing is set."""
    if schema.find(key) is None:
        return None
    value = settings.get(key)
    if value is None:
        return None
    found, faults = listed_in(value, groups=groups)
    where = settings.where(key)
    hers = settings.character_name and where not in _EVERYBODYS
    whose = f" of {settings.character_name}" if hers else ""
    wrong += [Finding(f"{key}{whose}, in {where}", one, _MEND) for one in faults]
    return found


def listed_in(value: object, *, groups: bool = False) -> tuple[Listed, list[str]]:
    """What a list names, and what is wrong with it; what is wrong lets nobody in.

    `groups` says that every number is a group's, also one without its sign.
    """
    try:
        entries = values.parse_csv(value)
    except ValueError as error:
        return Listed(), [f"{error}, so nobody is let in by it"]
    ids: set[str] = set()
    names: set[str] = set()
    faults: list[str] = []
    for number, entry in enumerate(entries, 1):
        found = _read(entry.translate(_DASHES).strip("\"' "), groups=groups)
        if found is None:
            faults.append(f"entry {number} is neither an id nor a @name, and lets nobody in")
        elif isinstance(found, str):
            names.add(found)
        else:
            ids.update(map(str, found))
    return Listed(frozenset(ids), frozenset(names)), faults


def _read(entry: str, *, groups: bool) -> str | Iterable[int] | None:
    """A name, or the ids by which a chat may go; None for what is neither."""
    if number := _NUMBER.fullmatch(entry):
        value = int(number[2])
        if number[1] == "-" or groups:
            return tuple(_as_group(value))
        # Nobody's own number is as large as that: it is a supergroup's that has lost its sign.
        return (value, -value) if value > _SUPER else (value,)
    if link := _LINK.fullmatch(entry):
        if link["number"]:
            return (-(_SUPER + int(link["number"])),)
        return link["name"].casefold()
    name = _NAME.fullmatch(entry)
    return name[1].casefold() if name else None


def _as_group(value: int) -> Iterator[int]:
    yield -value
    if value < _SUPER:
        yield -(_SUPER + value)
