"""From what elizaOS' plugins are made of to the one shape that the flow knows."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from core.kept import Task
from core.messages import Memory
from core.plugins import records
from core.plugins.classic_calls import Callback, off_the_loop, plain, result_of, taking
from core.plugins.classic_given import task_shown
from core.plugins.classic_shapes import Bag, Shape, bag, message_of, plan_of, result_shape, state_of
from core.plugins.records import ActionResult, Turn
from core.plugins.typed_threads import Threads
from core.ports import ModelType
from core.ports.models import ModelHandler
from core.state import Provider, Scene, Section, Told

log = logging.getLogger(__name__)

_VALIDATE = ("runtime", "message", "state")
_HANDLE = ("runtime", "message", "state", "options", "callback", "responses")
_MODELS = {
    "IMAGE_GENERATION": "IMAGE",
    "IMAGE_ANALYSIS": "IMAGE_DESCRIPTION",
    "SPEECH_TO_TEXT": "TRANSCRIPTION",
}
"""Names of older pages (R-170)."""


@dataclass(frozen=True, slots=True)
class Door:
    """Makes records for one plugin. Each method raises TypeError for what cannot be called."""

    plugin: str
    threads: Threads

    def action(
        self,
        name: str,
        handler: Callable[..., Any],
        validate: Callable[..., Any] | None,
        arguments: type[BaseModel] | None,
        **more: Any,
    ) -> records.Action:
        name = action_name(name)
        run = off_the_loop(handler, self.threads, *_HANDLE)

        async def act(turn: Turn, given: Any) -> ActionResult:
            return result_of(await run(*_handed(turn, name, given)))

        return records.Action(
            name=name,
            run=act,
            arguments=arguments,
            offered=None if validate is None else self._question(validate),
            plugin=self.plugin,
            **more,
        )

    def evaluator(
        self,
        name: str,
        handler: Callable[..., Any],
        validate: Callable[..., Any] | None,
        **more: Any,
    ) -> records.Evaluator:
        run = off_the_loop(handler, self.threads, *_HANDLE)

        async def look(turn: Turn) -> ActionResult:
            return result_of(await run(*_handed(turn, name, None)))

        return records.Evaluator(
            name=name,
            run=look,
            wanted=None if validate is None else self._question(validate),
            plugin=self.plugin,
            **more,
        )

    def provider(self, name: str, get: Callable[..., Any], position: int, **more: Any) -> Provider:
        run = off_the_loop(get, self.threads, *_VALIDATE)

        async def tell(scene: Scene) -> Told:
            turn = scene.turn
            if turn is None:
                return None  # it is written for a runtime and a message, and there are none
            state = state_of(scene.state, turn.deeds)
            return section_of(
                name, position, await run(turn.runtime, message_of(turn.message), state)
            )

        return Provider(name, position, tell, plugin=self.plugin, **more)

    def worker(
        self, name: str, execute: Callable[..., Any], validate: Callable[..., Any] | None
    ) -> records.Worker:
        run = off_the_loop(execute, self.threads, "runtime", "options", "task")

        async def do(runtime: Any, options: Mapping[str, Any], task: Any) -> Any:
            shown = task_shown(task) if isinstance(task, Task) else task
            return await run(runtime, bag(options), shown)

        if validate is None:
            return records.Worker(name=name, run=do, plugin=self.plugin)
        ask = off_the_loop(validate, self.threads, *_VALIDATE)

        async def wanted(runtime: Any, message: Any, state: Any) -> Any:
            return await ask(runtime, bag(message), bag(state))

        return records.Worker(name=name, run=do, wanted=wanted, plugin=self.plugin)

    def model(
        self, kind: str, handler: Callable[..., Any], provider: str = "", priority: int = 0
    ) -> records.RegisteredModel:
        """Raises ValueError for a type that nobody knows."""
        run: ModelHandler = off_the_loop(handler, self.threads, "runtime", "params")
        return records.RegisteredModel(
            kind=model_kind(kind),
            handler=run,
            provider=provider or self.plugin,
            priority=priority,
            plugin=self.plugin,
        )

    def init(self, init: Callable[..., Any]) -> Callable[..., Any]:
        return taking(init, "config", "runtime")

    def route(self, handler: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        if "res" in inspect.signature(handler).parameters:
            raise TypeError("its handler takes a `res`; give back what is to be answered instead")
        return off_the_loop(handler, self.threads, "request", "runtime")

    def listener(self, handler: Callable[..., Any]) -> records.Listener:
        run = off_the_loop(handler, self.threads, "payload")

        async def hear(payload: Mapping[str, Any]) -> Any:
            return await run(payload_of(payload))

        return hear

    def _question(self, validate: Callable[..., Any]) -> Callable[[Turn], Awaitable[bool]]:
        # In place: it is asked for every action before every answer, and a thread costs more.
        ask = taking(validate, *_VALIDATE)

        async def wanted(turn: Turn) -> bool:
            state = state_of(turn.state, turn.deeds)
            answer = ask(turn.runtime, message_of(turn.message), state)
            return bool(await answer if inspect.isawaitable(answer) else answer)

        return wanted


@dataclass(frozen=True, slots=True)
class Hearing:
    """A handler that is told in elizaOS' words; equal to another of the same handler."""

    handler: Callable[..., Any]

    def __call__(self, payload: Mapping[str, Any]) -> Any:
        return self.handler(payload_of(payload))


def payload_of(payload: Mapping[str, Any]) -> Bag:
    """What an event carries, with messages as ported code knows them."""
    return Bag(
        {
            key: message_of(value) if isinstance(value, Memory) else bag(value)
            for key, value in payload.items()
        }
    )


def action_name(name: str) -> str:
    return "_".join(name.replace("-", " ").split()).upper()


def model_kind(kind: str) -> ModelType:
    """Every spelling of elizaOS' pages: TEXT_SMALL, text_small, text:small."""
    name = str(kind).replace(":", "_").replace("-", "_").upper()
    try:
        return ModelType(_MODELS.get(name, name))
    except ValueError:
        raise ValueError(f"no type of models is called {kind}") from None


def section_of(name: str, position: int, answer: Any) -> Told:
    """elizaOS' {values, data, text}; every part may be left out, and a text alone will do."""
    match answer:
        case None | str() | Section():
            return answer
        case Shape():
            return Section(name, answer.text, position, answer.values, answer.data)
        case Mapping():
            return Section(
                name,
                str(answer.get("text") or ""),
                position,
                dict(answer.get("values") or {}),
                dict(answer.get("data") or {}),
            )
        case _:
            raise TypeError(f"provider {name} gave {type(answer).__name__}")


def _handed(turn: Turn, name: str, given: Any) -> Sequence[Any]:
    """The six that a handler is called with (PL-07)."""
    return (
        turn.runtime,
        message_of(turn.message),
        state_of(turn.state, turn.deeds),
        options_of(turn, name, given),
        Callback(turn, name),
        [message_of(one) for one in turn.responses],
    )


def options_of(turn: Turn, name: str, given: Any) -> Bag:
    """elizaOS' options: earlier results under both names (R-61), arguments and the plan."""
    results = [result_shape(deed) for deed in turn.deeds]

    def previous(action: str) -> Shape | None:
        wanted = action_name(action)
        return next((one for one in reversed(results) if one.actionName == wanted), None)

    context = Bag(previousResults=results, getPreviousResult=previous)
    arguments = given.model_dump() if isinstance(given, BaseModel) else plain(given)
    return Bag(
        context=context,
        actionContext=context,
        params=bag(arguments),
        actionParams=bag(arguments),
        actionPlan=plan_of(turn.deeds, name),
    )
