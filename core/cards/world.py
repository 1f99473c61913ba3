"""SillyTavern's own lorebooks: an entry of its world info as an entry of a card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FIELDS: Mapping[str, str] = {
    "uid": "id",
    "key": "keys",
    "keysecondary": "secondary_keys",
    "order": "insertion_order",
}
_SHARED = frozenset(
    {"comment", "content", "constant", "selective", "name", "priority", "extensions"}
)
"""Of the same name in both."""
_EXTENSIONS: Mapping[str, str] = {
    "excludeRecursion": "exclude_recursion",
    "preventRecursion": "prevent_recursion",
    "delayUntilRecursion": "delay_until_recursion",
    "displayIndex": "display_index",
    "groupOverride": "group_override",
    "groupWeight": "group_weight",
    "useGroupScoring": "use_group_scoring",
    "scanDepth": "scan_depth",
    "caseSensitive": "case_sensitive",
    "matchWholeWords": "match_whole_words",
    "automationId": "automation_id",
}
"""Names that differ in a card's extensions; all others are the same there."""


def is_worldly(entry: Mapping[str, Any]) -> bool:
    return "key" in entry and "keys" not in entry


def from_world(entry: Mapping[str, Any]) -> dict[str, Any]:
    """As that program itself writes it on a card."""
    made = {name: one for name, one in entry.items() if name in _SHARED}
    made |= {_FIELDS[name]: one for name, one in entry.items() if name in _FIELDS}
    made["enabled"] = not entry.get("disable", False)
    made["position"] = "before_char" if entry.get("position") in (0, "0") else "after_char"
    taken = {*_SHARED, *_FIELDS, "disable"}
    extensions = made.get("extensions")
    made["extensions"] = {
        **(extensions if isinstance(extensions, Mapping) else {}),
        **{_EXTENSIONS.get(name, name): one for name, one in entry.items() if name not in taken},
    }
    return made
