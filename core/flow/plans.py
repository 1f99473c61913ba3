"""What a model has set out to do: its names understood, and all of it fit to be written down."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from core.actions import IGNORE, NONE, REPLY
from core.kept import Step, StepStatus
from core.plugins.records import Action, ActionResult
from core.prompting.reading import Answer

PLAN = "PLAN"
"""Stands in place of an action's name in the row that holds a plan."""
_MOST = 10
"""Actions of one answer; a model that wants more is lost in a loop."""
_LONGEST = 64 * 1024
"""Bytes of one result as it is written down."""
_TALK = (REPLY, IGNORE, NONE)
_SILENT = frozenset({"IGNORE", "NONE", "STOP"})
_LOOSE = re.compile(r"[\s_\-]+")


@dataclass(frozen=True, slots=True)
class Planned:
    """One action as the model has named it."""

    name: str
    action: Action | None
    """None where there is none of that name here."""
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    steps: tuple[Planned, ...]
    """In the model's order, without REPLY and silence."""
    text: str = ""
    """Said before anything is done."""
    thought: str = ""
    named: tuple[str, ...] = ()
    """Everything the model has named, for the memory of what it said."""
    replies_last: bool = False
    """It wants to speak of what comes out."""

    def written(self, *, within: int = 0) -> dict[str, Any]:
        """`within` is the step of the action that has this done, where it is not the model."""
        return {
            "within": within,
            "actions": [one.name for one in self.steps],
            "params": [dict(one.params) for one in self.steps],
            "text": self.text,
            "thought": self.thought,
            "named": list(self.named),
            "repliesLast": self.replies_last,
        }


def plan_of(answer: Answer, actions: Sequence[Action]) -> Plan | None:
    """What an answer says is to be done; None where it is talk or silence only.

    A name means what it says: exact names come first, then exact similes of all actions, then a
    name that differs in case and underscores only. A part of a name is nothing (X-05).
    """
    every = (*actions, *_TALK)
    steps: list[Planned] = []
    told = replies_last = False
    for name in answer.actions:
        action = resolve(name, every)
        if name in _SILENT or (action is not None and action.name in _SILENT):
            continue
        if action is not None and action.name == REPLY.name:
            replies_last = told
            continue
        params = _params(answer, name, action)
        one = Planned(action.name if action else name, action, params)
        if one in steps:
            continue
        told = told or (action is not None and action.tells)
        steps.append(one)
    if not steps:
        return None
    return Plan(tuple(steps[:_MOST]), answer.text, answer.thought, answer.actions, replies_last)


def plan_from(written: Mapping[str, Any], actions: Sequence[Action]) -> Plan:
    """A plan of an earlier process; what it named and is not there any more is unknown now."""
    known = {action.name: action for action in actions}
    names = [str(one) for one in written.get("actions", ())]
    params = [one if isinstance(one, Mapping) else {} for one in written.get("params", ())]
    params += [{}] * (len(names) - len(params))
    return Plan(
        tuple(
            Planned(name, known.get(name), given)
            for name, given in zip(names, params[: len(names)], strict=True)
        ),
        str(written.get("text", "")),
        str(written.get("thought", "")),
        tuple(str(one) for one in written.get("named", ())),
        bool(written.get("repliesLast")),
    )


def resolve(name: str, actions: Sequence[Action]) -> Action | None:
    """The action of that name, or None; never one whose name merely contains it."""
    for action in actions:
        if action.name == name:
            return action
    found = [action for action in actions if name in action.similes]
    if not found and (loose := _loosely(name)):
        found = [action for action in actions if _loosely(action.name) == loose]
        found = found or [action for action in actions if loose in map(_loosely, action.similes)]
    # Two that could be meant are none: what is done must not hang on their order.
    return found[0] if len({action.name for action in found}) == 1 else None


def arguments(action: Action, params: Mapping[str, Any]) -> BaseModel | None:
    """Raises ValueError with a sentence for the character, which says what is wrong with them."""
    if action.arguments is None:
        return None
    try:
        return action.arguments.model_validate(dict(params))
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, one['loc'])) or 'all of it'}: {one['msg']}"
            for one in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise ValueError(f"{action.name} lacks what it needs ({'; '.join(wrong[:5])}).") from None


# --- results ---------------------------------------------------------------------------------------


def written(result: ActionResult) -> dict[str, Any]:
    """As JSON takes it, and no longer than what one row may hold."""
    whole = _plain(
        {
            "success": result.success,
            "text": result.text,
            "values": result.values,
            "data": result.data,
            "error": result.error,
            "critical": result.critical,
        }
    )
    for large in ("data", "values"):
        if len(orjson.dumps(whole)) <= _LONGEST:
            return whole
        whole[large] = {}
    # A character of JSON takes at most six bytes.
    whole["text"], whole["error"] = result.text[: _LONGEST // 8], result.error[: _LONGEST // 32]
    return whole


def result_from(row: Mapping[str, Any]) -> ActionResult:
    values, data = row.get("values"), row.get("data")
    return ActionResult(
        success=bool(row.get("success", True)),
        text=str(row.get("text", "")),
        values=values if isinstance(values, Mapping) else {},
        data=data if isinstance(data, Mapping) else {},
        error=str(row.get("error", "")),
        critical=bool(row.get("critical")),
    )


def status_of(result: ActionResult) -> StepStatus:
    return StepStatus.DONE if result.success else StepStatus.FAILED


def last_plan(steps: Sequence[Step]) -> Step | None:
    """The model's own; what an action had others do is a part of that action."""
    plans = (step for step in reversed(steps) if step.action == PLAN)
    return next((step for step in plans if not step.result.get("within")), None)


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    try:
        return orjson.loads(orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS))  # type: ignore[no-any-return]  # an object went in
    except (TypeError, ValueError, RecursionError):
        return {**value, "values": {}, "data": {}}


def _params(answer: Answer, name: str, action: Action | None) -> Mapping[str, Any]:
    found = answer.params.get(name)
    if found is None and action is not None:
        found = answer.params.get(action.name)
    return found if isinstance(found, Mapping) else {}


def _loosely(name: str) -> str:
    return _LOOSE.sub("", name).casefold()
