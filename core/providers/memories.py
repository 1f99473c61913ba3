"""MEMORIES: a deeper look into the past, when the model asks for it by name."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace

from core.ids import MemoryId
from core.providers.recalled import section_of
from core.state import Provider, Recollection, Remembered, Scene, Section


async def _get(scene: Scene) -> Section | None:
    """By the question's own vector, whatever that costs; without what is told already."""
    if scene.remember is None:
        return None
    found = await scene.remember(scene, deep=True)
    told = scene.remembered or Remembered()
    known = {one.memory.id for one in (*told.facts, *told.talk)}
    facts = tuple(one for one in found.facts if one.memory.id not in known)
    new = replace(found, facts=facts, talk=tuple(_new(found.talk, known)))
    header = f"# What else {scene.character.name} remembers, having thought about it"
    section = section_of(scene, new, name="MEMORIES", position=0, header=header)
    return section or Section("MEMORIES", f"{scene.character.name} remembers nothing more of it.")


def _new(talk: Iterable[Recollection], known: Container[MemoryId]) -> Iterator[Recollection]:
    """What stands beside one that is told already goes with it."""
    kept = False
    for one in talk:
        new = one.memory.id not in known
        kept = new and (kept or one.why != "beside")
        if kept:
            yield one


memories = Provider(
    "MEMORIES",
    0,
    _get,
    dynamic=True,
    description="What was said long ago: when somebody refers to earlier talk that you do not see.",
    builds=False,
)
