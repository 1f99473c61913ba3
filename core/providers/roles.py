"""ROLES and SETTINGS: what is kept about a server, for those whom it concerns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.ids import EntityId
from core.messages import Rank
from core.prompting.words import UNKNOWN, display_name, named, quoted
from core.state import Provider, Scene, Section

_SAID_OF = {"OWNER": "Owner of this place:", "ADMIN": "Admins:"}
_MOST = 12


def _get_roles(scene: Scene) -> Section | None:
    """In groups only; people whose names are not known here are left out."""
    if scene.is_direct or scene.world is None:
        return None
    holders: dict[str, list[str]] = {}
    for entity, role in _roles(scene.world.metadata):
        name = _name(scene, entity)
        if role in _SAID_OF and name and name not in holders.setdefault(role, []):
            holders[role].append(name)
    told = [
        f"{_SAID_OF[role]} {', '.join(holders[role][:_MOST])}."
        for role in _SAID_OF
        if holders.get(role)
    ]
    if not told:
        return None
    text = " ".join(told)
    return Section("ROLES", text, 0, {"roles": text}, {"roles": dict(_roles(scene.world.metadata))})


def _roles(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    owner = _map(metadata.get("ownership")).get("ownerId")
    if owner:
        yield str(owner), "OWNER"
    for entity, role in _map(metadata.get("roles")).items():
        if entity != owner:
            yield str(entity), str(role).upper()


def _name(scene: Scene, entity: str) -> str:
    if entity == scene.person and scene.inbound:
        return named(scene.inbound[-1].author.name)
    source = scene.inbound[-1].address.platform if scene.inbound else ""
    known = next((one for one in scene.people if one.id == EntityId(entity)), None)
    name = display_name(known, source)
    return "" if name == UNKNOWN else name


def _get_settings(scene: Scene) -> Section | None:
    """To an admin, in private: what is set for the server, and what is still missing."""
    if scene.world is None or not scene.is_direct or scene.rank < Rank.ADMIN:
        return None
    wanted = _map(scene.world.metadata.get("settings"))
    lines = [_setting(key, _map(one)) for key, one in wanted.items() if isinstance(one, Mapping)]
    if not lines:
        return None
    text = "\n".join(("# Settings of this place", *lines))
    return Section("SETTINGS", text, 0, {"settings": text})


def _setting(key: str, one: Mapping[str, Any]) -> str:
    value = one.get("value")
    if value is None or value == "":
        told = "not set, and needed" if one.get("required") else "not set"
    else:
        told = "set" if one.get("secret") else quoted(str(value))
    about = str(one.get("usageDescription") or one.get("description") or "")
    name = quoted(str(one.get("name") or key))
    return f"- {name} ({named(key)}{f', {quoted(about)}' if about else ''}): {told}"


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


roles = Provider("ROLES", 0, _get_roles, builds=False)
settings = Provider("SETTINGS", 0, _get_settings, builds=False)
