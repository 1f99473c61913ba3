"""The helpers that elizaOS' plugins write their prompts with, under names Python would give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from core.prompting.loose import find
from core.prompting.sheet import fill
from core.prompting.templates import Template, written
from core.state import State

_CAST = {
    **{f"name{number}": fill(f"{{{{name{number}}}}}", "") for number in range(1, 11)},
    **{f"user{number}": fill(f"{{{{user{number}}}}}", "") for number in range(1, 11)},
}
"""Who plays the parts of an example: the same people as everywhere else."""


def compose_prompt_from_state(
    state: State | Mapping[str, Any],
    template: Template,
    additional_context: Mapping[str, Any] | None = None,
) -> str:
    """The template with the state's values, and over those the further ones; may raise
    TemplateError."""
    return written(template, {**values_of(state), **(additional_context or {})})


def values_of(state: State | Mapping[str, Any]) -> dict[str, Any]:
    """What a template may name: {{x}} of a provider's values, {{NAME}} and {{providers.NAME}} of
    its text, {{providers}} of all texts together.

    elizaOS' state of dicts is taken as well: its own keys first, its `values` over them.
    """
    if isinstance(state, State):
        texts = {section.name: section.text for section in state.sections if section.text}
        return {**_CAST, **state.values, "providers": texts}
    own = {key: one for key, one in state.items() if key not in ("text", "values", "data")}
    inner = state.get("values")
    given = {**own, **(inner if isinstance(inner, Mapping) else {})}
    told = state.get("text")
    if "providers" not in given and isinstance(told, str):
        given["providers"] = told
    return {**_CAST, **given}


def parse_key_value_xml(text: str | Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of a <response>, or of whatever stands there in tags; None where nothing does.

    `actions`, `providers` and `evaluators` come as lists, `simple` as a boolean.
    """
    if isinstance(text, Mapping):
        return dict(text) or None
    found = find(text, form="xml")
    return found.values if found else None


def add_header(header: str, body: str) -> str:
    """A header with something below it; nothing at all without."""
    if not body:
        return ""
    return f"{header}\n{body}\n" if header else f"{body}\n"


def generate_id() -> str:
    return str(uuid4())
