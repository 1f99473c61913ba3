"""elizaOS' parameters of a model call, in either spelling, to our request and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from core.errors import BadInput, ModelRejected
from core.ports import ModelRequest, ModelType, Said
from core.settings.layers import Settings

_BARE = ("TEMPERATURE", "MAX_TOKENS")
"""What may also be set without any type."""


def given(params: Mapping[str, Any], *names: str) -> Any:
    """The first of these that is there and not None."""
    for name in names:
        value = params.get(name)
        if value is not None:
            return value
    return None


def request_of(kind: ModelType, params: Mapping[str, Any]) -> ModelRequest:
    """Raises ModelRejected where nothing is asked."""
    system = _text(given(params, "system", "systemPrompt", "system_prompt"))
    said: list[Said] = []
    for message in _rows(given(params, "messages")):
        text, role = _text(message.get("content")), message.get("role")
        if role in ("system", "developer"):
            system = f"{system}\n\n{text}" if system else text
        elif text:
            said.append(Said("assistant" if role in ("assistant", "model") else "user", text))
    if prompt := _text(given(params, "prompt")):
        said.append(Said("user", prompt))
    if not said:
        raise ModelRejected(f"{kind} was asked for without a prompt")
    stop = given(params, "stopSequences", "stop_sequences", "stop") or ()
    limit = _number(given(params, "maxTokens", "max_tokens", "maxOutputTokens"))
    return ModelRequest(
        system,
        tuple(said),
        max_tokens=None if limit is None else max(1, int(limit)),
        temperature=_number(given(params, "temperature")),
        stop=(stop,) if isinstance(stop, str) else tuple(map(str, stop)),
        top_p=_number(given(params, "topP", "top_p")),
        frequency_penalty=_number(given(params, "frequencyPenalty", "frequency_penalty")),
        presence_penalty=_number(given(params, "presencePenalty", "presence_penalty")),
    )


def params_of(request: ModelRequest) -> dict[str, Any]:
    """What a plugin's handler gets: a prompt for those that want one text, messages for others."""
    params: dict[str, Any] = {
        "prompt": "\n\n".join(said.text for said in request.messages),
        "messages": [{"role": said.role, "content": said.text} for said in request.messages],
        "system": request.system,
        "temperature": request.temperature,
        "maxTokens": request.max_tokens,
        "topP": request.top_p,
        "frequencyPenalty": request.frequency_penalty,
        "presencePenalty": request.presence_penalty,
        "stopSequences": list(request.stop),
    }
    return {name: value for name, value in params.items() if value not in (None, [], "")}


def filled(settings: Settings, kind: ModelType, request: ModelRequest) -> ModelRequest:
    """What the call leaves open, from the settings of its type, then of all types (X-19)."""
    found = {
        name: value
        for name, value in settings.derived(_all_set, kind).items()
        if getattr(request, name) is None
    }
    return replace(request, **found) if found else request


def _all_set(settings: Settings, kind: ModelType) -> Mapping[str, Any]:
    """What is set, by the name of its field in a request."""
    found = {
        name: _set(settings, kind, name.upper())
        for name in ("temperature", "max_tokens", "frequency_penalty", "presence_penalty")
    }
    set_: dict[str, Any] = {name: value for name, value in found.items() if value is not None}
    if "max_tokens" in set_:
        set_["max_tokens"] = max(1, int(set_["max_tokens"]))
    return set_


def _set(settings: Settings, kind: ModelType, what: str) -> float | None:
    """What is no number counts as not set."""
    for name in _names(kind, what):
        try:
            value = settings.number(name)
        except BadInput:
            continue
        if value is not None:
            return value
    return None


@cache
def _names(kind: ModelType, what: str) -> tuple[str, ...]:
    """Where a parameter may be set, the strongest first."""
    names = [f"{kind}_{what}"]
    if kind.startswith("OBJECT_"):
        names.append(f"TEXT_{kind.removeprefix('OBJECT_')}_{what}")
    names.append(f"DEFAULT_{what}")  # and MODEL_..., its other name
    return (*names, what) if what in _BARE else tuple(names)


def _rows(messages: Any) -> list[Mapping[str, Any]]:
    if messages is None:
        return []
    if isinstance(messages, Mapping) or not isinstance(messages, Sequence):
        raise ModelRejected("messages must be a list of {role, content}")
    return [message for message in messages if isinstance(message, Mapping)]


def _text(value: Any) -> str:
    """A text, or the texts of a list of parts."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = [part.get("text") if isinstance(part, Mapping) else part for part in value]
        return "\n".join(part for part in parts if isinstance(part, str))
    if isinstance(value, Mapping):
        return _text(value.get("text"))
    return str(value)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
