"""The walls around what authors wrote: one action tried, and those that fit asked whether they do."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Sequence
from traceback import extract_tb

from pydantic import BaseModel

from core.actions.desk import failed
from core.flow.running_turn import RunningTurn
from core.plugins.records import Action, ActionResult

log = logging.getLogger(__name__)

_LIMIT = 60.0
"""Seconds for one action."""
_VALIDATION = 10.0
_TALK = frozenset({"REPLY", "IGNORE", "NONE"})


async def fitting(turn: RunningTurn, actions: Sequence[Action]) -> tuple[Action, ...]:
    """Those that say they make sense here and now; one whose validator fails does not (PL-09)."""
    rank = turn.settled_rank
    wanted = [
        action
        for action in actions
        if action.name not in _TALK and (rank is None or rank >= action.who)
    ]
    fits: set[str] = set()
    later: list[tuple[Action, Awaitable[bool]]] = []
    for action in wanted:
        try:
            answer = True if action.offered is None else action.offered(turn)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the wall around one validator
            _blame("validator of", action, error)
            continue
        if answer is True:
            fits.add(action.name)
        elif answer is not False and inspect.isawaitable(answer):
            later.append((action, answer))
        elif answer:
            fits.add(action.name)
    if later:
        async with asyncio.TaskGroup() as group:
            for action, waiting in later:
                group.create_task(_validate(action, waiting, fits))
    return tuple(action for action in wanted if action.name in fits)


async def tried(turn: RunningTurn, action: Action, given: BaseModel | None) -> ActionResult:
    """The wall around one action: whatever it does, it has a result, and its text is ours."""
    try:
        async with asyncio.timeout(_LIMIT):
            result = await action.run(turn, given)
    except TimeoutError:
        log.warning("action %s took longer than %g s", action.name, _LIMIT)
        return failed(f"{action.name} took too long and was given up.", "timeout")
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        # Nobody has cancelled the turn: the action has waited for something that was.
        return failed(f"{action.name} did not work.", "cancelled-itself")
    except Exception as error:  # noqa: BLE001 - the wall around one action
        _blame("action", action, error)
        return failed(f"{action.name} did not work.", type(error).__name__)
    if not isinstance(result, ActionResult):
        log.warning("action %s gave back %s", action.name, type(result).__name__)
        return failed(f"{action.name} did not say what it did.", "no-result")
    return result


async def _validate(action: Action, waiting: Awaitable[bool], fits: set[str]) -> None:
    try:
        async with asyncio.timeout(_VALIDATION):
            if await waiting:
                fits.add(action.name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the wall around one validator
        _blame("validator of", action, error)


def _blame(what: str, action: Action, error: BaseException) -> None:
    # Its text may quote people, so the log gets the place and the kind of the failure only.
    frames = extract_tb(error.__traceback__)
    where = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "?"
    log.warning("%s %s failed: %s at %s", what, action.name, type(error).__name__, where)
