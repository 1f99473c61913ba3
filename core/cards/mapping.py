"""What of a card is what of a character file: each group of fields there and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.cards.books import character_book, lorebook
from core.cards.examples import conversations, rendered
from core.cards.shapes import Spec

GROUPS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("name", "nickname"), "name"),
    (("description",), "bio"),
    (("personality",), "personality"),
    (("scenario",), "scenario"),
    (("first_mes", "alternate_greetings"), "greetings"),
    (("mes_example",), "messageExamples"),
    (("system_prompt",), "system"),
    (("post_history_instructions",), "finalInstructions"),
    (("character_book",), "lorebook"),
)
"""Fields of a card, and the field of a file that they are. Her name first: examples need it."""
MAPPED = frozenset(name for names, _ in GROUPS for name in names)
NOBODY = "This is {{char}}."
"""A bio has to say something, and cards may leave it to the rest."""


def file_parts(data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a character file that a card's data amounts to; blank ones are left out."""
    name = called(data)
    told, _ = conversations(readable(_text(data, "mes_example")), _names(data))
    greetings = (_text(data, "first_mes"), *data.get("alternate_greetings", ()))
    book = data.get("character_book")
    parts: dict[str, Any] = {
        "name": name,
        "bio": [readable(_text(data, "description"))],
        "personality": readable(_text(data, "personality")),
        "scenario": readable(_text(data, "scenario")),
        "greetings": [readable(one) for one in greetings if one.strip()],
        "messageExamples": told,
        "system": readable(_text(data, "system_prompt")),
        "finalInstructions": readable(_text(data, "post_history_instructions")),
        "lorebook": lorebook(book) if book else None,
    }
    if not parts["bio"][0].strip():
        parts["bio"] = [NOBODY]
    for field in ("personality", "scenario", "system", "finalInstructions"):
        parts[field] = parts[field] if parts[field].strip() else ""
    return {field: one for field, one in parts.items() if one}


def card_fields(file: Mapping[str, Any], spec: Spec) -> dict[str, Any]:
    """The mapped fields of a card as a character file would have them."""
    name = file.get("name", "")
    first, *others = file.get("greetings") or [""]
    fields: dict[str, Any] = {
        "name": name,
        "description": _description(file),
        "personality": _personality(file),
        "scenario": _authors(file.get("scenario", "")),
        "first_mes": _authors(first),
        "alternate_greetings": [_authors(one) for one in others],
        "mes_example": rendered(
            file.get("messageExamples") or (), (name, file.get("username", ""), "{{char}}")
        ),
        "system_prompt": _authors(file.get("system") or ""),
        "post_history_instructions": _authors(file.get("finalInstructions", "")),
    }
    if file.get("lorebook"):
        fields["character_book"] = character_book(file["lorebook"], spec)
    return fields


def called(data: Mapping[str, Any]) -> str:
    """Her name as {{char}} has it, in one line."""
    return " ".join((_text(data, "nickname").strip() or _text(data, "name")).split())


def unsaid(data: Mapping[str, Any]) -> list[str]:
    """What of the examples nobody says."""
    return conversations(readable(_text(data, "mes_example")), _names(data))[1]


def readable(text: str) -> str:
    """With real line breaks."""
    if "\n" not in text and text.count("\\n") > 1:
        # Somebody's export wrote them out twice.
        text = text.replace("\\r", "").replace("\\n", "\n").replace('\\"', '"')
    return text


def _description(file: Mapping[str, Any]) -> str:
    style = file.get("style") or {}
    rules = [*style.get("all", ()), *style.get("chat", ())]
    topics = file.get("topics") or ()
    bio = list(file.get("bio") or ())
    parts = [
        "" if bio == [NOBODY] else "\n".join(bio),
        "\n".join(file.get("lore") or ()),
        f"{{{{char}}}} likes to talk about {', '.join(topics)}." if topics else "",
        "\n".join(("How {{char}} writes:", *(f"- {one}" for one in rules))) if rules else "",
    ]
    return _authors("\n\n".join(part for part in parts if part))


def _personality(file: Mapping[str, Any]) -> str:
    parts = (file.get("personality", ""), ", ".join(file.get("adjectives") or ()))
    return _authors("\n".join(part for part in parts if part))


def _authors(text: str) -> str:
    """elizaOS' placeholder for her name as cards have it."""
    return text.replace("{{agentName}}", "{{char}}")


def _names(data: Mapping[str, Any]) -> tuple[str, ...]:
    name, nickname = _text(data, "name"), _text(data, "nickname")
    first = name.split()[0] if name.split() else ""
    return (called(data), name.strip(), nickname.strip(), first)


def _text(data: Mapping[str, Any], field: str) -> str:
    value = data.get(field)
    return value if isinstance(value, str) else ""
