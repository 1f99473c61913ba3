"""Calling ported functions: those that take less, those that block, and what they bring back."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import orjson

from core.messages import Attachment, Button, Content
from core.plugins.classic_shapes import Bag, Message, Shape, content_of, message_of
from core.plugins.records import ActionResult, Turn
from core.plugins.typed_threads import Threads

log = logging.getLogger(__name__)


def taking(function: Callable[..., Any], *names: str) -> Callable[..., Any]:
    """The function, to be called with a value for each of the names; it may take fewer of them.

    A parameter that bears one of the names gets that value wherever it stands, any other one gets
    the value of its place. Raises TypeError for a function that asks for more.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return function  # built-in ones keep it to themselves
    places: list[int] = []
    keywords: dict[str, int] = {}
    for at, one in enumerate(parameters):
        name = one.name.strip("_")
        if one.kind is one.VAR_KEYWORD:
            continue
        if one.kind is one.VAR_POSITIONAL:
            places.extend(range(len(places), len(names)))
        elif name in names and one.kind is one.KEYWORD_ONLY:
            keywords[one.name] = names.index(name)
        elif name in names:
            places.append(names.index(name))
        elif one.kind is not one.KEYWORD_ONLY and at < len(names):
            places.append(at)
        elif one.default is one.empty:
            raise TypeError(f"it asks for `{one.name}`; there is no more than {', '.join(names)}")
        else:
            break

    def call(*given: Any) -> Any:
        return function(
            *[given[at] for at in places], **{k: given[at] for k, at in keywords.items()}
        )

    return call


def off_the_loop(
    function: Callable[..., Any], threads: Threads, *names: str
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """As `taking`, to be awaited; one that is not async runs in a thread, for it may block."""
    call = taking(function, *names)
    called = getattr(function, "__call__", None)  # noqa: B004 - an object's own, to look at
    in_place = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)

    async def run(*given: Any) -> Any:
        try:
            answer = call(*given) if in_place else await threads.run(call, *given)
            return await answer if inspect.isawaitable(answer) else answer
        except SystemExit:  # no task may raise it: it would end everybody
            raise RuntimeError("it wanted to exit") from None

    return run


# --- what comes back -----------------------------------------------------------------------------


def result_of(answer: object) -> ActionResult:
    """Whatever a handler returns, as an ActionResult (C-11, CX-10); never raises.

    None and True are success, False is failure, a text is what was found out, and a mapping
    without `success` is one. What a mapping holds under keys of its own goes with its data.
    """
    match answer:
        case ActionResult():
            return answer
        case bool():
            return ActionResult(success=answer)
        case str():
            return ActionResult(text=_writable(answer))
        case Shape():
            return result_of({**answer.more, "text": answer.text} | _triple(answer))
        case Mapping():
            error = answer.get("error")
            return ActionResult(
                success=answer.get("success") is not False,
                text=_writable(answer.get("text") or ""),
                values=plain(answer.get("values")),
                data=plain({**_own(answer), **_mapping(answer.get("data"))}),
                error=_writable(_words(error)),
                critical=bool(answer.get("critical")) or "CRITICAL_ERROR" in _codes(answer, error),
            )
        case _:
            return ActionResult()


_KNOWN = frozenset(("success", "text", "values", "data", "error", "critical"))


def _own(answer: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: value for key, value in answer.items() if key not in _KNOWN}


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _triple(shape: Shape) -> dict[str, Any]:
    return {"values": shape.values, "data": shape.data}


def _writable(text: object) -> str:
    """Half a character cannot be written down, and JavaScript's texts may hold one."""
    return str(text).encode(errors="replace").decode()


def _words(error: object) -> str:
    match error:
        case None | False:
            return ""
        case Mapping():
            return str(error.get("message") or error.get("code") or "failed")
        case BaseException():
            return str(error) or type(error).__name__
        case _:
            return str(error)


def _codes(answer: Mapping[Any, Any], error: object) -> set[str]:
    """Every place in which elizaOS' samples put an error's code."""
    data = answer.get("data")
    inside = [one.get("code") for one in (error, data) if isinstance(one, Mapping)]
    return {str(code) for code in (*inside, getattr(error, "code", None), answer.get("code"))}


def plain(value: object) -> dict[str, Any]:
    """A mapping as JSON knows it: results are written down, and read again after a crash."""
    if not isinstance(value, Mapping):
        return {}
    try:
        written = orjson.dumps(dict(value), default=_written, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        log.warning("an action's values or data cannot be written down, and are left out")
        return {}
    read: dict[str, Any] = orjson.loads(written)
    return read


def _written(value: object) -> object:
    match value:
        case Shape():
            return {**value.more, "text": value.text} | _triple(value)
        case set() | frozenset():
            return list(value)
        case _:
            return str(value)


# --- speaking -------------------------------------------------------------------------------------


class Callback:
    """elizaOS' callback: each call says one message at once; what has no words says nothing."""

    __slots__ = ("_action", "_turn")

    def __init__(self, turn: Turn, action: str) -> None:
        self._turn = turn
        self._action = action

    async def __call__(
        self,
        content: str | Mapping[str, Any] | Content | None,
        action_name: str | Sequence[Any] | None = None,
        *,
        files: Sequence[Any] | None = None,
    ) -> list[Message]:
        """What is remembered of it. A list in the second place is files, as older code has it."""
        if action_name is not None and not isinstance(action_name, str):
            action_name, files = None, action_name
        match content:
            case str():
                said = Bag(text=content)
            case Content():
                said = content_of(content)
            case _:
                said = Bag(content or {})
        attachments = [
            attachment_of(one) for one in (*(said.get("attachments") or ()), *(files or ()))
        ]
        said["text"] = str(said.get("text") or "")
        if not said["text"].strip() and not attachments:
            return []
        name = action_name or self._action
        said["actions"] = list(said.get("actions") or ([name] if name else []))
        said["actionName"] = name
        buttons = [button_of(one) for one in said.pop("buttons", None) or ()]
        memory = await self._turn.say(said, buttons=buttons, attachments=attachments)
        return [message_of(memory)]


def button_of(button: Button | Mapping[str, Any]) -> Button:
    """Also elizaOS' {kind, text, url}, and Telegram's callback_data."""
    if isinstance(button, Button):
        return button
    given = Bag(button)
    presses = (given.get(key) for key in ("press", "callback_data", "value", "id"))
    return Button(
        label=str(given.get("label") or given.get("text") or ""),
        press=str(next(filter(None, presses), "") if not given.get("url") else ""),
        url=str(given.get("url") or ""),
    )


def attachment_of(attachment: Any) -> Attachment:
    """Also elizaOS' media object, and a path."""
    if isinstance(attachment, Attachment):
        return attachment
    if not isinstance(attachment, Mapping):
        return Attachment(ref=str(attachment), name=str(attachment).rpartition("/")[2])
    given = Bag(attachment)
    return Attachment(
        ref=str(given.get("url") or given.get("ref") or ""),
        mime=str(given.get("content_type") or given.get("mime") or ""),
        name=str(given.get("title") or given.get("name") or ""),
    )
