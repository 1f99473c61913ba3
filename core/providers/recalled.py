"""RECALL: what came to mind of earlier talk and of what was learned in it."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from datetime import datetime, timedelta

from core.ids import EntityId
from core.memory.fitting import LONGEST_FACT, LONGEST_SAYING
from core.messages import Memory
from core.prompting.words import UNKNOWN, display_name, named, quoted
from core.state import Provider, Recollection, Remembered, Scene, Section

_DAY = timedelta(days=1)
_ABOUT = "Words of people, from before the messages that you see:"
_UNITS = ((365, "year"), (30, "month"), (7, "week"), (1, "day"))


def _get(scene: Scene) -> Section | Awaitable[Section | None] | None:
    """In place, since a turn has remembered before; elsewhere it is done now."""
    if scene.remembered is None and scene.remember is not None:
        return _look(scene)
    return section_of(scene, scene.remembered)


async def _look(scene: Scene) -> Section | None:
    assert scene.remember is not None
    return section_of(scene, await scene.remember(scene))


def section_of(
    scene: Scene,
    remembered: Remembered | None,
    *,
    name: str = "RECALL",
    position: int = -3,
    header: str = "",
) -> Section | None:
    """Facts and talk; knowledge has a section of its own."""
    if remembered is None or not (remembered.facts or remembered.talk):
        return None
    facts = facts_told(remembered.facts)
    talk = "\n".join(_sayings(scene, remembered.talk))
    lines = [header or f"# What {scene.character.name} remembers", facts]
    if talk:
        lines += [_ABOUT, talk]
    return Section(
        name,
        "\n".join(filter(None, lines)),
        position,
        {"facts": facts, "recalled": talk},
        {
            "facts": [one.memory for one in remembered.facts],
            "talk": [one.memory for one in remembered.talk],
            "recalled": [one.trace for one in (*remembered.facts, *remembered.talk)],
        },
    )


def facts_told(facts: Iterable[Recollection]) -> str:
    return "\n".join(f"- {quoted(one.memory.content.text, most=LONGEST_FACT)}" for one in facts)


def ago(then: datetime, now: datetime) -> str:
    """How long ago, as people say it."""
    passed = now - then
    if passed < timedelta(minutes=2):
        return "just now"
    if passed < timedelta(hours=2):
        return f"{int(passed / timedelta(minutes=1))} minutes ago"
    if passed < _DAY:
        return f"{int(passed / timedelta(hours=1))} hours ago"
    days = passed.days
    if days == 1:
        return "yesterday" if then.date() == (now - _DAY).date() else "a day ago"
    size, unit = next((size, unit) for size, unit in _UNITS if days >= 2 * size or size == 1)
    return f"{days // size} {unit}s ago"


def _sayings(scene: Scene, talk: Sequence[Recollection]) -> Iterable[str]:
    """What stands beside another one stands below it, a question above its answer."""
    for at, one in enumerate(talk):
        if one.why == "beside":
            continue
        said = [one.memory]
        if at + 1 < len(talk) and talk[at + 1].why == "beside":
            said.append(talk[at + 1].memory)
        for number, memory in enumerate(sorted(said, key=lambda memory: memory.created_at)):
            yield f"{'  then ' if number else '- '}{_saying(scene, memory)}"


def _saying(scene: Scene, memory: Memory) -> str:
    words = quoted(memory.content.text, most=LONGEST_SAYING)
    return f"{_speaker(scene, memory)}, {ago(memory.created_at, scene.now)}: “{words}”"


def _speaker(scene: Scene, memory: Memory) -> str:
    if memory.author == EntityId(memory.character):
        return scene.character.name
    name = str(memory.metadata.get("entityName") or "")
    if not name.strip():
        source = scene.inbound[-1].address.platform if scene.inbound else ""
        known = next((one for one in scene.people if one.id == memory.author), None)
        name = display_name(known, source)
    return "Somebody" if name == UNKNOWN else named(name)


recalled = Provider("RECALL", -3, _get, builds=False)
