"""ACTION_STATE: what was done in this turn already, and what came of it."""

from __future__ import annotations

from typing import Any

from core.prompting.words import harmless
from core.state import Provider, Scene, Section

_MOST_TOLD = 4000
"""Characters of one result: a page that was looked up must not crowd out the talk."""


def _get(scene: Scene) -> Section | None:
    if not scene.deeds:
        return None
    lines = [f"{at}. {name}: {_told(text)}" for at, (name, text) in enumerate(scene.deeds, start=1)]
    text = "\n".join(("# Done just now", *lines))
    return Section("ACTION_STATE", text, 150, {"actionResults": text}, _data(scene))


def _told(text: str) -> str:
    return "\n   ".join(harmless(text.strip(), most=_MOST_TOLD).splitlines()) or "done"


def _data(scene: Scene) -> dict[str, Any]:
    """elizaOS' shape, for plugins (R-112)."""
    deeds = scene.turn.deeds if scene.turn is not None else ()
    well = {at: one.result.success for at, one in enumerate(deeds)}
    steps = [
        {"action": name, "status": "completed" if well.get(at, True) else "failed", "result": text}
        for at, (name, text) in enumerate(scene.deeds)
    ]
    return {
        "actionResults": [
            {"text": text, "success": well.get(at, True), "data": {"actionName": name}}
            for at, (name, text) in enumerate(scene.deeds)
        ],
        "actionPlan": {"totalSteps": len(steps), "currentStep": len(steps), "steps": steps},
        "workingMemory": [{"actionName": name, "result": text} for name, text in scene.deeds],
        "recentActionMemories": [],
    }


deeds = Provider("ACTION_STATE", 150, _get, builds=False)
