"""ENTITIES: who is here, in places with more than two."""

from __future__ import annotations

from core.prompting.words import UNKNOWN, display_name, named
from core.state import Provider, Scene, Section

_MOST = 20


def _get(scene: Scene) -> Section | None:
    if scene.is_direct:
        return None  # ROOM says with whom
    # Characters of ours are no people; COMPANY tells of them.
    others = {named(one.name) for one in scene.colleagues} | {scene.character.name}
    names: dict[str, None] = {}
    for inbound in reversed(scene.inbound):
        if inbound.author.name:
            names[named(inbound.author.name)] = None
    platform = scene.inbound[-1].address.platform if scene.inbound else ""
    for entity in scene.people[:_MOST]:
        names[display_name(entity, platform)] = None
    listed = [name for name in names if name not in others and name != UNKNOWN]
    if not listed:
        return None
    more = f" and {len(scene.people) - _MOST} more" if len(scene.people) > _MOST else ""
    shown = ", ".join(listed[:_MOST])
    text = f"People here: {shown}{more}."
    return Section("ENTITIES", text, -5, {"entities": shown}, {"entities": scene.people})


people = Provider("ENTITIES", -5, _get, builds=False)
