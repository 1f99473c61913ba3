"""A model's words as an object: what OBJECT types ask for, and what is made of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from core.errors import ModelRejected, ModelUnavailable
from core.models.params import given
from core.ports import ModelRequest
from core.prompting import loose

_ASK = "Answer with one JSON {form} and nothing else."
_LIKE = "It matches this JSON schema:\n{schema}"


def asking(request: ModelRequest, params: Mapping[str, Any]) -> ModelRequest:
    """The request with what is wanted said at its end; raises ModelRejected."""
    form = "array" if _wants_list(params) else "object"
    lines = [_ASK.format(form=form)]
    schema = given(params, "schema")
    if isinstance(schema, type) and hasattr(schema, "model_json_schema"):
        schema = schema.model_json_schema()
    if schema is not None:
        try:
            lines.append(_LIKE.format(schema=orjson.dumps(schema).decode()))
        except TypeError:
            raise ModelRejected("the schema of an object must be plain JSON") from None
    wanted = "\n".join(lines)
    system = f"{request.system}\n\n{wanted}" if request.system else wanted
    return replace(request, system=system)


def read(text: str, params: Mapping[str, Any]) -> Any:
    """A dict, or a list where one was asked for; raises ModelUnavailable."""
    wanted: type = list if _wants_list(params) else dict
    try:
        found = orjson.loads(_unfenced(text))
    except orjson.JSONDecodeError:
        found = loose.read(text, form="json")
    if isinstance(found, wanted):
        return found
    if wanted is list and isinstance(found, dict) and len(found) == 1:
        only = next(iter(found.values()))  # wrapped: {"items": [...]}
        if isinstance(only, list):
            return only
    raise ModelUnavailable("the model gave no object")


def taken(result: Any, params: Mapping[str, Any]) -> Any:
    """What a plugin's handler gave: the object itself, or words that hold it."""
    if isinstance(result, str):
        return read(result, params)
    if isinstance(result, dict | list):
        return result
    raise ModelUnavailable("a plugin's model gave no object")


def _wants_list(params: Mapping[str, Any]) -> bool:
    return str(given(params, "output")) == "array"


def _unfenced(text: str) -> str:
    text = text.strip()
    if not text.startswith("```"):
        return text
    return text.partition("\n")[2].rpartition("```")[0]
