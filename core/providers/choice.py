"""CHOICE: what somebody here is still to choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.prompting.words import named, quoted
from core.state import Provider, Scene, Section

_MOST = 5
_MOST_OPTIONS = 10


def _get(scene: Scene) -> Section | None:
    if not scene.choices:
        return None
    lines = [_line(choice) for choice in scene.choices[:_MOST]]
    text = "\n".join(("Still to be chosen by somebody here:", *lines))
    return Section("CHOICE", text, 0, {"choices": text}, {"tasks": list(scene.choices)})


def _line(choice: Mapping[str, Any]) -> str:
    options = choice.get("options") or ()
    told = "; ".join(_option(option) for option in options[:_MOST_OPTIONS])
    task, name = named(str(choice.get("task", ""))), quoted(str(choice.get("name", "")))
    return f"- task {task}, “{name}”: {told}"


def _option(option: Any) -> str:
    if not isinstance(option, Mapping):
        return quoted(str(option))
    name, about = str(option.get("name", "")), str(option.get("description") or "")
    return f"{quoted(name)} ({quoted(about)})" if about and about != name else quoted(name)


choice = Provider("CHOICE", 0, _get, builds=False)
