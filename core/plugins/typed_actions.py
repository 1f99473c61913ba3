"""An action of an author's: what its function says by itself, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.plugins.equipment_shelf import working
from core.plugins.records import Action, ActionResult, Arguments, Turn
from core.plugins.typed_results import action_result
from core.plugins.typed_signatures import argument_model, awaited, check, name_of, sentence_of
from core.plugins.typed_threads import Threads


def action_of(
    fn: Callable[..., Any],
    name: str,
    scope: Mapping[str, Any],
    plugin: str,
    threads: Threads,
    *,
    says: bool,
) -> Action:
    """Raises TypeError or ValueError for a function that is none; `scope` is where it stands."""
    count = check(fn, "an action", ("turn", "arguments"))
    called = name_of(fn, name)
    if not sentence_of(fn):
        raise TypeError(f"{called} has no docstring, and that is what the model knows of it")
    model = argument_model(fn, scope)
    does = awaited(fn, count, threads)

    async def run(turn: Turn, arguments: Arguments) -> ActionResult:
        with working(plugin):
            result = action_result(called, await does(turn, arguments))
        if says and result.text:
            await turn.say(result.text)
        return result

    return Action(called, sentence_of(fn), run, arguments=model, plugin=plugin)
