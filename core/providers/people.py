"""ENTITIES: who is here, in places with more than two."""

from __future__ import annotations

from core.prompting.words import named
from core.state import Provider, Scene

_MOST = 20


def _get(scene: Scene) -> str | None:
    if scene.is_direct:
        return None  # ROOM says with whom
    names: dict[str, None] = {}
    for inbound in reversed(scene.inbound):
        names[named(inbound.author.name)] = None
    for entity in scene.people[:_MOST]:
        names[named(entity.names[0] if entity.names else "")] = None
    names.pop(scene.character.name, None)
    listed = list(names)
    more = f" and {len(scene.people) - _MOST} more" if len(scene.people) > _MOST else ""
    return f"Here are {', '.join(listed[:_MOST])}{more}." if listed else None


people = Provider("ENTITIES", -5, _get)
