"""What an author's function says by itself: its name, its sentence, what it takes."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, TypeAlias, TypeVar

from pydantic import BaseModel
from pydantic.errors import PydanticUserError

from core.plugins.records import ActionResult, Turn
from core.plugins.typed_threads import Threads
from core.settings.layers import Settings
from core.state import Section

Answer: TypeAlias = str | ActionResult | Mapping[str, Any] | bool | None
Context: TypeAlias = str | Section | Mapping[str, Any] | None
Speech: TypeAlias = str | Mapping[str, Any] | None
Wanted: TypeAlias = Callable[[Turn], bool | Awaitable[bool]]
Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

Does = TypeVar(
    "Does",
    bound=Callable[[Turn], Awaitable[Answer] | Answer]
    | Callable[[Turn, Any], Awaitable[Answer] | Answer],
)
Commands = TypeVar(
    "Commands",
    bound=Callable[[Turn], Awaitable[Speech] | Speech]
    | Callable[[Turn, str], Awaitable[Speech] | Speech]
    | Callable[[Turn, str, Mapping[str, str]], Awaitable[Speech] | Speech],
)
Tells = TypeVar("Tells", bound=Callable[[Turn], Awaitable[Context] | Context])
Opens = TypeVar(
    "Opens", bound=Callable[[Settings], AbstractAsyncContextManager[Any] | AsyncIterator[Any]]
)
Fn = TypeVar("Fn", bound=Callable[..., Any])
Kept = TypeVar("Kept", bound=type[Any])

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def name_of(fn: Any, given: str = "") -> str:
    """The name given, else the function's own, as the model sees it: CHECK_WEATHER."""
    name = given or getattr(fn, "__name__", "")
    if name == "<lambda>" or not name:
        raise TypeError(f"{fn!r} has no name of its own: give it one with name=...")
    shaped = re.sub(r"[\W_]+", "_", name).strip("_").upper()
    if not shaped:
        raise ValueError(f"{name!r} holds nothing that a name could be made of")
    return shaped


def sentence_of(thing: Any) -> str:
    """The first paragraph of its docstring, in one line; empty where it has none."""
    doc = inspect.getdoc(thing) if getattr(thing, "__doc__", None) else None
    return " ".join((doc or "").partition("\n\n")[0].split())


def check(fn: Any, what: str, takes: tuple[str, ...], *, at_least: int = 1) -> int:
    """How many of `takes` it wants, at least `at_least`; raises TypeError, in a sentence."""
    if not callable(fn):
        raise TypeError(f"{what} must be a function, and {fn!r} is none")
    called = getattr(fn, "__name__", repr(fn))
    shape = " or ".join(
        f"({', '.join(takes[:count])})" for count in range(at_least, len(takes) + 1)
    )
    if inspect.isasyncgenfunction(fn) or inspect.isgeneratorfunction(fn):
        raise TypeError(f"{called} yields, and {what} must return")
    parameters = list(inspect.signature(fn).parameters.values())
    if any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters):
        return len(takes)
    demanded = [
        one.name
        for one in parameters
        if one.kind is inspect.Parameter.KEYWORD_ONLY and one.default is inspect.Parameter.empty
    ]
    if demanded:
        raise TypeError(f"{called} demands {demanded[0]} by keyword; {what} takes {shape}")
    positional = [one for one in parameters if one.kind in _POSITIONAL]
    needed = sum(one.default is inspect.Parameter.empty for one in positional)
    if len(positional) < at_least or needed > len(takes):
        raise TypeError(f"{called} takes {_counted(positional)}; {what} takes {shape}")
    return min(len(positional), len(takes))


def argument_model(fn: Callable[..., Any], scope: Mapping[str, Any]) -> type[BaseModel] | None:
    """The type of the second parameter; `scope` is where the function was defined."""
    called = fn.__name__ if hasattr(fn, "__name__") else repr(fn)
    positional = [
        one for one in inspect.signature(fn).parameters.values() if one.kind in _POSITIONAL
    ]
    if len(positional) < 2:
        return None
    second = positional[1]
    kind = second.annotation
    if kind is inspect.Parameter.empty:
        raise TypeError(
            f"{called} does not say what {second.name} is: annotate it with a pydantic model"
        )
    if isinstance(kind, str):
        known = {**getattr(inspect.unwrap(fn), "__globals__", {}), **scope}
        try:
            kind = eval(kind, known)  # the author's own annotation, as Python itself reads it
        except Exception as error:  # noqa: BLE001 - whatever an annotation may raise
            raise TypeError(
                f"the type of {second.name} in {called} cannot be found ({error}): "
                "define it before the function"
            ) from None
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        shown = getattr(kind, "__name__", repr(kind))
        raise TypeError(f"{second.name} of {called} must be a pydantic model, and is {shown}")
    try:
        kind.model_json_schema()
    except PydanticUserError as error:
        what = str(error).partition("\n")[0]
        raise TypeError(f"{kind.__name__} of {called} cannot be told to a model: {what}") from None
    return kind


def awaited(fn: Callable[..., Any], count: int, threads: Threads) -> Callable[..., Awaitable[Any]]:
    """The function with its first `count` arguments, awaitable; a plain one runs in a thread."""
    if is_async(fn):

        async def call(*args: Any) -> Any:
            try:
                return await fn(*args[:count])
            except SystemExit:  # no task may raise it: it would end everybody
                raise RuntimeError("it wanted to exit") from None

        return call

    async def call_in_thread(*args: Any) -> Any:
        result = await threads.run(fn, *args[:count])
        return await result if inspect.isawaitable(result) else result

    return call_in_thread


def is_async(fn: Any) -> bool:
    """Also of an object whose call is async."""
    return inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(
        getattr(type(fn), "__call__", None)  # noqa: B004 - the method itself is looked at
    )


def _counted(parameters: list[inspect.Parameter]) -> str:
    if not parameters:
        return "nothing"
    return f"({', '.join(one.name for one in parameters)})"
