"""ATTACHMENTS: what hangs on the messages of late, and what is known to be in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from core.messages import Memory
from core.messages.hanging import kept
from core.ports import Unit
from core.prompting.words import harmless, named, quoted
from core.state import Provider, Scene, Section

_LOOKED_AT = 32
_FRESH = timedelta(hours=1)
"""Before the newest one; what is older is named without its text (X-20)."""
_LONGEST = 2000


async def _get(scene: Scene) -> Section | None:
    stored = [
        (memory.created_at, one)
        for memory in await _memories(scene)
        for one in memory.content.attachments
    ]
    seen = {_key(one) for _, one in stored}
    fresh = (
        (inbound.sent_at, kept(one)) for inbound in scene.inbound for one in inbound.attachments
    )
    found = [*stored, *((when, one) for when, one in fresh if _key(one) not in seen)]
    if not found:
        return None
    newest = max(when for when, _ in found)
    lines = [_line(one, newest - when <= _FRESH) for when, one in found]
    text = "\n".join(("# Attachments", *lines))
    media = [dict(one) for _, one in found]
    return Section("ATTACHMENTS", text, 0, {"attachments": text}, {"attachments": media})


async def _memories(scene: Scene) -> list[Memory]:
    character, room = scene.character.agent_id, scene.room
    if scene.read is None or room is None:
        return []

    def look(unit: Unit) -> list[Memory]:
        return unit.memories.recent(character, room, _LOOKED_AT)

    return await scene.read(look)


def _key(one: Mapping[str, Any]) -> tuple[str, str]:
    """What has no bytes has no id either."""
    return str(one.get("id") or ""), str(one.get("about") or "")


def _line(one: Mapping[str, Any], fresh: bool) -> str:
    called = one.get("title") or one.get("name") or one.get("kind")
    title = named(str(called or "a file"))
    kind = str(one.get("contentType") or one.get("mime") or "")
    line = f"- {title}" + (f" ({named(kind)})" if kind else "")
    if about := str(one.get("description") or one.get("about") or one.get("fault") or ""):
        line += f": {quoted(about, most=300)}"
    if fresh and (text := str(one.get("text") or "")):
        line += "\n  " + "\n  ".join(harmless(text.strip(), most=_LONGEST).splitlines())
    return line


attachments = Provider(
    "ATTACHMENTS",
    0,
    _get,
    dynamic=True,
    description="Files and pictures of the last messages, with what is in them.",
    builds=False,
)
