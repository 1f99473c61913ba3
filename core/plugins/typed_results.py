"""What an author's function gives back, in the words of the flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.plugins.records import ActionResult
from core.state import Section

_PARTS = ("success", "text", "values", "data", "error", "critical")


def action_result(name: str, answer: Any) -> ActionResult:
    """Text is what was found out; None is done, False is not; a mapping has elizaOS' keys."""
    match answer:
        case ActionResult():
            return answer
        case None:
            return ActionResult()
        case bool():
            return ActionResult(success=answer, error="" if answer else "it did not work")
        case str():
            return ActionResult(text=answer)
        case Mapping():
            return _from_mapping(name, answer)
    raise TypeError(f"{name} gave back {type(answer).__name__}; text or an ActionResult is wanted")


def section(name: str, position: int, answer: Any) -> Section | None:
    """Text, a Section, elizaOS' {text, values, data}, or None for nothing."""
    match answer:
        case None:
            return None
        case str():
            return Section(name, answer, position)
        case Section():
            return answer
        case Mapping():
            return Section(
                name,
                str(answer.get("text") or ""),
                position,
                _mapping(name, "values", answer.get("values")),
                _mapping(name, "data", answer.get("data")),
            )
    raise TypeError(f"{name} gave back {type(answer).__name__}; text or a Section is wanted")


def _from_mapping(name: str, answer: Mapping[str, Any]) -> ActionResult:
    error = answer.get("error")
    data = _mapping(name, "data", answer.get("data"))
    # What has no place of its own is kept: a ported handler's author counts on it.
    data |= {str(key): value for key, value in answer.items() if key not in _PARTS}
    return ActionResult(
        success=bool(answer.get("success", not error)),
        text=str(answer.get("text") or ""),
        values=_mapping(name, "values", answer.get("values")),
        data=data,
        error=str(error or ""),
        critical=bool(answer.get("critical", False)),
    )


def _mapping(name: str, part: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"{part} of what {name} gave back is no mapping")
    return {str(key): item for key, item in value.items()}
