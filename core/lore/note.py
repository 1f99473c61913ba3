"""The author's note of a card: a few lines that stand between the messages, always as deep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.character import Character

_DEPTH = 4
"""As SillyTavern has it."""
_DEEPEST = 999
_ROLES = ("system", "user", "assistant")


def authors_note(character: Character) -> dict[str, Any] | None:
    """SillyTavern's `extensions.depth_prompt` of the card that she came from, as a lorebook of one
    entry; None where it says nothing."""
    data = _map(character.card.get("data"))
    note = _map(_map(data.get("extensions")).get("depth_prompt"))
    prompt = note.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        return None
    depth, role = note.get("depth"), note.get("role")
    deep = depth if isinstance(depth, int) and 0 <= depth <= _DEEPEST else _DEPTH
    head = f"@@depth {deep}\n@@role {role if role in _ROLES else _ROLES[0]}\n"
    return {
        "entries": [
            {
                "name": "her author's note",
                "keys": [],
                "content": head + prompt.strip(),
                "constant": True,
                "enabled": True,
                "insertion_order": 100,
            }
        ]
    }


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
