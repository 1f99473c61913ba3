"""RECENT_MESSAGES: the conversation as a text, for templates that ask for it."""

from __future__ import annotations

from core.prompting.words import named, under_name
from core.state import Provider, Scene, Section


def _get(scene: Scene) -> Section | None:
    if not scene.history:
        return None
    lines = [under_name(named(line.name), line.text) for line in scene.history]
    text = "\n".join(lines)
    return Section(
        "RECENT_MESSAGES", f"# Conversation Messages\n{text}", 100, {"recentMessages": text}
    )


# The built-in prompt shows the conversation as messages, so the text is made only when named.
recent = Provider("RECENT_MESSAGES", 100, _get, dynamic=True)
