"""Lists of whom a character talks to, and where, in every form in which people paste them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from core.settings import values

_SUPER = 10**12
"""Telegram's supergroups and channels are -(this + their own number)."""
_NUMBER = re.compile(r"([+-]?)([0-9]{1,18})")
_NAME = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{3,31})")
_LINK = re.compile(
    r"(?:https?://)?(?:www\.)?(?:t|telegram)\.me/"
    r"(?:c/(?P<number>[0-9]{1,12})|(?:s/)?(?P<name>[A-Za-z][A-Za-z0-9_]{3,31}))(?:/[0-9]+)*/?"
)
_DASHES = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2012": "-", "\u2011": "-"})

_FLAKE = re.compile(r"[0-9]{1,20}")
_TAG = re.compile(r"<(?:@[!&]?|#)([0-9]{1,20})>")
"""Discord's tags of people, roles and channels, as a message holds them."""
_PLACE = re.compile(
    r"(?:https?://)?(?:www\.|ptb\.|canary\.)?discord(?:app)?\.com/channels/"
    r"(?P<server>[0-9]{1,20})(?:/(?P<channel>[0-9]{1,20}))?(?:/[0-9]{1,20})?/?"
)
_USERNAME = re.compile(r"@?([A-Za-z0-9_.]{2,32})(?:#[0-9]{4})?")

Read = str | Iterable[int] | None
"""A name, or the ids by which something may go; None for what is neither."""


@dataclass(frozen=True, slots=True)
class Listed:
    """People, roles, groups, channels and servers."""

    ids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    """Public @names, without the sign and in lower case."""

    def holds(self, id: str, name: str = "") -> bool:
        return id in self.ids or (bool(name) and name.casefold() in self.names)

    @property
    def groups_alone(self) -> bool:
        """No entry can be a person."""
        return not self.names and all(one.startswith("-") for one in self.ids)


def listed_in(value: object, *, groups: bool = False) -> tuple[Listed, list[str]]:
    """What a list of Telegram's names, and what is wrong with it; what is wrong lets nobody in.

    `groups` says that every number is a group's, also one without its sign.
    """

    def read(entry: str) -> Read:
        return _of_telegram(entry.translate(_DASHES).strip("\"' "), groups=groups)

    return _listed(value, read, "neither an id nor a @name")


def servers_in(value: object) -> tuple[Listed, list[str]]:
    """Servers of Discord, by their ids or by the link to any place in them."""
    return _listed(value, lambda entry: _of_place(entry, "server"), "not the id of a server")


def channels_in(value: object) -> tuple[Listed, list[str]]:
    """Channels of Discord, by their ids, tags or links."""
    return _listed(value, lambda entry: _of_place(entry, "channel"), "not the id of a channel")


def roles_in(value: object) -> tuple[Listed, list[str]]:
    """Roles of Discord, by their ids or tags."""
    return _listed(value, _flake, "not the id of a role")


def people_in(value: object) -> tuple[Listed, list[str]]:
    """People on Discord, by their ids, tags or @names."""
    return _listed(value, _of_person, "neither an id nor a @name")


def _listed(value: object, read: Callable[[str], Read], otherwise: str) -> tuple[Listed, list[str]]:
    try:
        entries = values.parse_csv(value)
    except ValueError as error:
        return Listed(), [f"{error}, so nobody is let in by it"]
    ids: set[str] = set()
    names: set[str] = set()
    faults: list[str] = []
    for number, entry in enumerate(entries, 1):
        found = read(entry.strip("\"' "))
        if found is None:
            faults.append(f"entry {number} is {otherwise}, and lets nobody in")
        elif isinstance(found, str):
            names.add(found)
        else:
            ids.update(map(str, found))
    return Listed(frozenset(ids), frozenset(names)), faults


# --- Telegram ------------------------------------------------------------------------------------


def _of_telegram(entry: str, *, groups: bool) -> Read:
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


# --- Discord -------------------------------------------------------------------------------------


def _flake(entry: str) -> tuple[int] | None:
    tag = _TAG.fullmatch(entry)
    number = tag[1] if tag else entry
    return (int(number),) if _FLAKE.fullmatch(number) and int(number) else None


def _of_place(entry: str, what: str) -> Read:
    link = _PLACE.fullmatch(entry)
    return _flake(link[what] or "") if link else _flake(entry)


def _of_person(entry: str) -> Read:
    """Who is called by a number alone goes by their id, or with the sign before it."""
    if number := _flake(entry):
        return number
    name = _USERNAME.fullmatch(entry)
    return name[1].casefold() if name else None
