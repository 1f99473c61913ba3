"""A classic plugin written as plain data: elizaOS' object literal, in camelCase or snake_case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from core.errors import BadInput, Finding
from core.plugins import classic
from core.plugins.classic_shapes import snake

T = TypeVar("T")

_PARTS: Mapping[str, type[Any]] = {
    "actions": classic.Action,
    "providers": classic.Provider,
    "evaluators": classic.Evaluator,
    "routes": classic.Route,
    "task_workers": classic.TaskWorker,
    "component_types": classic.ComponentType,
}


def plugin_from(given: Mapping[str, Any]) -> classic.Plugin:
    """Raises BadInput for a part that lacks what it cannot be without.

    Keys that mean nothing to us are left aside, as they are in elizaOS.
    """
    named = {snake(key): value for key, value in given.items()}
    faults: list[Finding] = []
    whose = f"plugin {named.get('name') or '?'}"
    for key, kind in _PARTS.items():
        if named.get(key):
            named[key] = [_part(kind, one, f"{whose}, {key}", faults) for one in named[key]]
    if named.get("tests"):
        named["tests"] = [
            _suite(one, f"{whose}, tests", faults) for one in _several(named["tests"])
        ]
    named.setdefault("name", "")
    plugin = _made(classic.Plugin, named, whose, faults)
    if faults or plugin is None:
        raise BadInput(*faults)
    return plugin


def part_from(key: str, given: Any) -> Any:
    """One part of a plugin, as `actions` has them; what is no mapping stays what it is."""
    faults: list[Finding] = []
    part = _part(_PARTS[key.replace(" ", "_")], given, key, faults)
    if faults:
        raise BadInput(*faults)
    return part


def _part(kind: type[T], given: Any, where: str, faults: list[Finding]) -> T | None:
    """Objects stay what they are: whoever gathers them judges them."""
    return _made(kind, given, where, faults) if isinstance(given, Mapping) else given


def _suite(given: Any, where: str, faults: list[Finding]) -> Any:
    if not isinstance(given, Mapping):
        return given
    cases = [_part(classic.TestCase, one, where, faults) for one in given.get("tests") or ()]
    return classic.TestSuite(str(given.get("name", "")), [one for one in cases if one is not None])


def _several(given: Any) -> Iterable[Any]:
    return [given] if isinstance(given, Mapping) else given


def _made(kind: type[T], given: Mapping[str, Any], where: str, faults: list[Finding]) -> T | None:
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]  # they are dataclasses
    named = {snake(str(key)): value for key, value in given.items()}
    named = {key: value for key, value in named.items() if key in known and value is not None}
    if kind in (classic.Action, classic.Evaluator):
        named.setdefault("description", "")
    try:
        return kind(**named)
    except TypeError as error:
        # "Action.__init__() missing 1 required positional argument: 'handler'"
        lacking = str(error).rpartition(":")[2].strip()
        faults.append(Finding(f"{where}, {named.get('name') or '?'}", f"it has no {lacking}"))
        return None
