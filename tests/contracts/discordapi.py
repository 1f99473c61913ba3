"""Discord's published REST API, as questions: what is wrong with this request, with this answer?"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from bots.sandbox.journal import Call

_FILE = Path(__file__).resolve().parents[2] / "../shared/contracts/discord-openapi.json"
_ASKED, _ANSWERED = "urn:asked", "urn:answered"
_BASE = re.compile(r"^/api(?:/v\d+)?(?=/)")
_SNOWFLAKE = {"type": "string", "pattern": "^(0|[1-9][0-9]*)$"}
# discord.py writes some ids as numbers, which Discord reads; no answer may.
_SNOWFLAKE_ASKED = {"type": ["string", "integer"], "pattern": "^(0|[1-9][0-9]*)$", "minimum": 0}
# What the file says and Discord does not do.
_INNER_CODE = {
    "type": "object",
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
    "required": ["code", "message"],
}
# By discord.py, whenever it edits, and when it makes a post.
_SENT_ALL_THE_SAME = {"update_message": {"tts"}, "create_thread": {"use_nested_fields"}}

needs_contract = pytest.mark.skipif(
    not _FILE.exists(), reason="../shared/contracts/discord-openapi.json is not here"
)

_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time")
def _is_time(value: object) -> bool:
    try:
        return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


@_FORMATS.checks("int32")
def _is_short(value: object) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31


def is_here() -> bool:
    """Whether what Discord publishes lies beside this project."""
    return _FILE.exists()


class Operation:
    """One method of one path."""

    def __init__(self, method: str, path: str, shared: list[Any], about: dict[str, Any]) -> None:
        self.name: str = about["operationId"]
        self.method, self.path = method.upper(), path
        self.shape = re.compile(
            "".join(
                "[^/]+" if part.startswith("{") else re.escape(part)
                for part in re.split(r"(\{\w+\})", path)
            )
        )
        parameters = [*shared, *about.get("parameters", [])]
        self.places = [one["name"] for one in parameters if one["in"] == "path"]
        self.query = {one["name"]: one for one in parameters if one["in"] == "query"}
        self.body = about.get("requestBody", {})
        self.answers = about["responses"]

    def __repr__(self) -> str:
        return f"{self.method} {self.path}"


@cache
def _contract() -> dict[str, Any]:
    if not _FILE.exists():
        pytest.skip("../shared/contracts/discord-openapi.json is not here")
    contract: dict[str, Any] = json.loads(_FILE.read_text())
    return contract


@cache
def operations() -> tuple[Operation, ...]:
    """Those whose path is written out before those that have places in it."""
    found = [
        Operation(method, path, about.get("parameters", []), operation)
        for path, about in _contract()["paths"].items()
        for method, operation in about.items()
        if method in ("get", "put", "post", "patch", "delete")
    ]
    return tuple(sorted(found, key=lambda one: [part[:1] == "{" for part in one.path.split("/")]))


@cache
def _registry() -> Registry[Any]:
    resources = []
    for name, snowflake in ((_ASKED, _SNOWFLAKE_ASKED), (_ANSWERED, _SNOWFLAKE)):
        whole = {"components": _bent(_contract()["components"], name)}
        schemas = whole["components"]["schemas"]
        schemas["SnowflakeType"] = snowflake
        # A field's own error has a word for its code: BASE_TYPE_REQUIRED.
        schemas["InnerErrors"]["properties"]["_errors"]["items"] = _INNER_CODE
        # A field may be wrong by itself and in something inside of it.
        inside = {"$ref": f"{name}#/components/schemas/ErrorDetails"}
        schemas["InnerErrors"]["additionalProperties"] = inside
        # Forwards came after the file was written.
        schemas["MessageReferenceType"] = {"type": "integer", "enum": [0, 1]}
        # Neither are channels for pictures in it.
        schemas["ChannelTypes"]["anyOf"].append({"const": 16})
        schemas["GuildChannelResponse"]["properties"]["type"]["enum"].append(16)
        # Only some limits have a code.
        schemas["RatelimitedResponse"]["allOf"][0] = {"required": ["message"]}
        resources.append((name, Resource.from_contents(whole, DRAFT202012)))
    return Registry().with_resources(resources)


def _bent(schema: Any, side: str) -> Any:
    """References made whole, and one of several made any of several.

    What tells the alternatives apart is often left unsaid, so that two of them fit.
    """
    if isinstance(schema, list):
        return [_bent(one, side) for one in schema]
    if not isinstance(schema, dict):
        return schema
    bent = {"anyOf" if name == "oneOf" else name: _bent(one, side) for name, one in schema.items()}
    if isinstance(bent.get("$ref"), str):
        bent["$ref"] = side + bent["$ref"]
    return bent


def operation_of(method: str, path: str) -> Operation | None:
    bare = _BASE.sub("", urlsplit(path).path)
    for one in operations():
        if one.method == method.upper() and one.shape.fullmatch(bare):
            return one
    return None


def operation_named(name: str) -> Operation | None:
    return next((one for one in operations() if one.name == name), None)


def request_problems(
    method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None
) -> list[str]:
    """What a client got wrong: an unknown path, field or parameter, what is missing or mistyped."""
    operation = operation_of(method, path)
    if operation is None:
        return [f"{method} {path}: there is no such operation"]
    return problems_of_request(operation, body, query or {})


def answer_problems(method: str, path: str, status: int, body: Any) -> list[str]:
    """What is wrong with an answer; of a failure of the server itself nothing is published."""
    operation = operation_of(method, path)
    if operation is None:
        return [f"{method} {path}: there is no such operation"]
    return problems_of_answer(operation, status, body)


def problems_of(kind: str, value: Any) -> list[str]:
    """What is wrong with one object of an answer, by the name of its schema."""
    return _misfits({"$ref": f"#/components/schemas/{kind}"}, value, _ANSWERED, kind)


def problems_of_calls(calls: Iterable[Call], *, requests: bool = True) -> list[str]:
    """Of everything in a journal: of what clients asked, and of what the stage answered.

    A journal knows operations by their names.
    """
    problems = []
    for call in calls:
        operation = operation_named(call.method)
        if operation is None:
            problems.append(f"{call.method}: there is no such operation")
            continue
        if requests:
            problems += problems_of_request(operation, call.body, call.query)
        if call.result is not None or call.status == 204:
            problems += problems_of_answer(operation, call.status, call.result)
    return problems


def problems_of_request(operation: Operation, body: Any, query: Mapping[str, Any]) -> list[str]:
    known = operation.query.keys() | _SENT_ALL_THE_SAME.get(operation.name, set())
    problems = [f"{operation}: ?{name} is unknown" for name in query if name not in known]
    if not operation.body:
        return problems if body is None else [*problems, f"{operation}: takes no body"]
    schema = operation.body["content"]["application/json"]["schema"]
    if body is None:
        missing = operation.body.get("required") and not _may_be_empty(schema)
        return [*problems, f"{operation}: the body is missing"] if missing else problems
    problems += _misfits(schema, body, _ASKED, str(operation))
    if isinstance(body, dict) and (fields := _fields(schema)):
        fields |= _SENT_ALL_THE_SAME.get(operation.name, set())
        problems += [f"{operation}: {name} is unknown" for name in body if name not in fields]
    return problems


def problems_of_answer(operation: Operation, status: int, body: Any) -> list[str]:
    if status >= 500:
        return []
    answer = operation.answers.get(str(status))
    if answer is None and status >= 400:
        answer = operation.answers["4XX"]
    if answer is None:
        return [f"{operation}: {status} is no answer to it"]
    if "$ref" in answer:
        answer = _contract()["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    if "content" not in answer:
        return [] if body is None else [f"{operation}: {status} has no body"]
    schema = answer["content"]["application/json"]["schema"]
    return _misfits(schema, body, _ANSWERED, f"{operation} {status}")


def _misfits(schema: dict[str, Any], value: Any, side: str, where: str) -> list[str]:
    validator = Draft202012Validator(
        _bent(schema, side), registry=_registry(), format_checker=_FORMATS
    )
    return [f"{where}: {_told(error)}" for error in validator.iter_errors(value)]


def _told(error: ValidationError) -> str:
    """The place that is wrong, as deep within as it can be named."""
    deepest = best_match([error]) or error
    return f"{deepest.json_path}: {deepest.message[:200]}"


def _may_be_empty(schema: dict[str, Any]) -> bool:
    return not _misfits(schema, {}, _ASKED, "")


def _fields(schema: dict[str, Any]) -> set[str]:
    """Every field that an object of this schema may have; none where any field will do."""
    if name := schema.get("$ref", ""):
        return _fields(_contract()["components"]["schemas"][name.rsplit("/", 1)[1]])
    found = set(schema.get("properties", ()))
    for way in ("oneOf", "anyOf", "allOf"):
        for one in schema.get(way, ()):
            found |= _fields(one)
    return found
