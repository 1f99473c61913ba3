"""FACTS, RELATIONSHIPS and WORLD: what has to be looked up, for those who ask for it by name.

Each reads once, in one transaction, and not at all where there is no store to ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.ids import EntityId
from core.kept import Relationship
from core.memory.bonds import told_in
from core.memory.places import places
from core.memory.recall import reach_of
from core.messages import Entity, Memory, Room, World
from core.ports import Unit
from core.prompting.words import UNKNOWN, display_name, named, quoted
from core.state import Provider, Scene, Section

_FACTS = 10
_RELATIONSHIPS = 30
_ROOMS = 20
_LONGEST = 300


async def _get_facts(scene: Scene) -> Section | None:
    """About who speaks, and those that fit what is asked, by meaning where there are vectors
    (R-116); where nothing is recalled, the newest of this room."""
    if scene.remember is not None:
        kept = (await scene.remember(scene, deep=True)).facts
        return _facts_section(scene, [one.memory for one in kept])
    character, room, read = scene.character.agent_id, scene.room, scene.read
    if read is None or room is None:
        return None

    def look(unit: Unit) -> list[Memory]:
        return unit.memories.find(character, table="facts", rooms=(room,), limit=_FACTS)

    return _facts_section(scene, await read(look))


def _facts_section(scene: Scene, facts: Iterable[Memory]) -> Section | None:
    found = [fact for fact in facts if fact.content.text.strip()]
    if not found:
        return None
    told = "\n".join(f"- {quoted(fact.content.text, most=_LONGEST)}" for fact in found)
    text = f"# What {scene.character.name} knows from before\n{told}"
    return Section("FACTS", text, 0, {"facts": told}, {"facts": found})


async def _get_relationships(scene: Scene) -> Section | None:
    """Of who leads the conversation, the closest first; as far as recall reaches, and no further."""
    character, person, read = scene.character.agent_id, scene.person, scene.read
    room = scene.room
    if read is None or person is None or room is None:
        return None

    def look(unit: Unit) -> tuple[list[Relationship], list[Entity]]:
        rooms = places(unit, scene, room, reach_of(scene), ()).rooms
        known = unit.bonds.relationships(character, person)
        bonds = [one for bond in known if (one := told_in(unit, bond, rooms)) is not None]
        bonds = sorted(bonds, key=_closeness, reverse=True)[:_RELATIONSHIPS]
        return bonds, unit.people.known(character, [_other(bond, person) for bond in bonds])

    bonds, known = await read(look)
    names = {one.id: display_name(one, _platform(scene)) for one in known}
    lines = []
    for bond in bonds:
        name = names.get(_other(bond, person), UNKNOWN)
        if name != UNKNOWN:
            lines.append(f"- {name}{_nature(bond)}")
    if not lines:
        return None
    who = named(scene.inbound[-1].author.name) if scene.inbound else "Somebody"
    text = "\n".join((f"# Whom {who} has to do with", *lines))
    return Section("RELATIONSHIPS", text, 0, {"relationships": text}, {"relationships": bonds})


async def _get_world(scene: Scene) -> Section | None:
    character, room, read = scene.character.agent_id, scene.room, scene.read
    if read is None or room is None:
        return None

    def look(unit: Unit) -> tuple[World | None, list[Room], int]:
        here = next(iter(unit.rooms.get(character, [room])), None)
        if here is None:
            return None, [], 0
        met = len(unit.people.here(character, room))
        return (
            unit.rooms.world(character, here.world),
            unit.rooms.within(character, here.world),
            met,
        )

    world, rooms, met = await read(look)
    if world is None:
        return None
    current = next((one for one in rooms if one.id == room), None)
    listed = [f"- {named(one.name)} ({one.channel.value.lower()})" for one in rooms if one.name]
    text = "\n".join(
        (
            f"# World: {named(world.name) if world.name else 'without a name'}",
            f"{len(rooms)} rooms are known; {met} people have been met in this one.",
            *listed[:_ROOMS],
        )
    )
    values = {
        "worldName": named(world.name) if world.name else "",
        "currentChannelName": named(current.name) if current and current.name else "",
    }
    return Section("WORLD", text, 0, values, {"world": world, "rooms": rooms})


def _other(bond: Relationship, person: EntityId) -> EntityId:
    return bond.target if bond.source == person else bond.source


def _closeness(bond: Relationship) -> float:
    count = _map(bond.metadata).get("interactions", 0)
    return float(count) if isinstance(count, int | float) else 0.0


def _nature(bond: Relationship) -> str:
    told: Iterable[str] = sorted(bond.tags)
    if count := int(_closeness(bond)):
        told = (*told, f"{count} exchanges")
    return f": {quoted(', '.join(told))}" if told else ""


def _platform(scene: Scene) -> str:
    return scene.inbound[-1].address.platform if scene.inbound else ""


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


facts = Provider(
    "FACTS",
    0,
    _get_facts,
    dynamic=True,
    description="What was learned in earlier talks here.",
    builds=False,
)
relationships = Provider(
    "RELATIONSHIPS",
    0,
    _get_relationships,
    dynamic=True,
    description="Whom the person who speaks has to do with.",
    builds=False,
)
world = Provider(
    "WORLD",
    0,
    _get_world,
    dynamic=True,
    description="The server or group with its rooms.",
    builds=False,
)
