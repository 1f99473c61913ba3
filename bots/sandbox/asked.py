"""What a client asked for: parameters read from any body, and Telegram's words for a refusal."""

from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson
from aiohttp import BodyPartReader, web

from bots.sandbox.ages import NEWEST, Version

LARGEST = 60 * 1024 * 1024
"""Bytes of a request with a file; aiohttp would take one megabyte."""


class Refused(Exception):
    """The server says no; its description is what a client will see."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> bytes:
        answer: dict[str, Any] = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        if self.parameters:
            answer["parameters"] = self.parameters
        return orjson.dumps(answer)


def bad(description: str) -> Refused:
    return Refused(400, f"Bad Request: {description}")


def slow_down(seconds: int) -> Refused:
    return Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


class Upload(NamedTuple):
    """A file that came with a request."""

    name: str
    data: bytes


class Asked(dict[str, Any]):
    """Parameters by name; forms carry numbers and JSON as text, so each is read as what it should be."""

    def __init__(self, given: Iterable[tuple[str, Any]] = ()) -> None:
        super().__init__(given)
        self.files: dict[str, Upload] = {}
        """By the name of their parameter, whose value is but a word for them."""
        self.api: Version = NEWEST
        """The version of the Bot API that the server speaks."""

    def text(self, name: str) -> str | None:
        value = self.get(name)
        if value is None or isinstance(value, str):
            return value
        raise bad(f'field "{name}" must be of type String')

    def number(self, name: str, default: int | None = None) -> int | None:
        value = self.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, int):
            return int(value)
        try:
            return int(str(value).strip())
        except ValueError:
            raise bad(f"invalid {name} specified") from None

    def decimal(self, name: str) -> float | None:
        value = self.get(name)
        if value is None or value == "":
            return None
        try:
            return float(value)
        except (TypeError, ValueError):
            raise bad(f"invalid {name} specified") from None

    def needed(self, name: str) -> int:
        value = self.number(name)
        if value is None:
            raise bad(f"{name} isn't specified")
        return value

    def flag(self, name: str) -> bool:
        return self.get(name) in (True, "true", "True", "1", "yes")

    def json(self, name: str) -> Any:
        """A structure, whether it came as JSON or as text holding JSON."""
        value = self.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise bad(f"can't parse {name} JSON object") from None


async def read_asked(request: web.BaseRequest) -> Asked:
    """Read the parameters of a request from its address and its body, whatever form it has."""
    try:
        return await _read(request)
    except UnicodeDecodeError:
        raise bad("strings must be encoded in UTF-8") from None


async def _read(request: web.BaseRequest) -> Asked:
    query = request.rel_url.raw_query_string
    asked = Asked(_form(query)) if query else Asked()
    if request.method != "POST" or not request.body_exists:
        return asked
    kind = request.content_type
    if kind == "application/json":
        try:
            body = orjson.loads(await request.read())
        except orjson.JSONDecodeError:
            raise bad("can't parse request body as JSON object") from None
        if not isinstance(body, dict):
            raise bad("can't parse request body as JSON object")
        asked.update(body)
    elif kind == "application/x-www-form-urlencoded":
        asked.update(_form((await request.read()).decode()))
    elif kind == "multipart/form-data":
        await _read_parts(request, asked)
    return asked


async def _read_parts(request: web.BaseRequest, asked: Asked) -> None:
    async for part in await request.clone(client_max_size=LARGEST).multipart():
        if not isinstance(part, BodyPartReader):
            continue
        name, data = part.name or "", bytes(await part.read(decode=True))
        if part.filename is None:
            asked[name] = data.decode()
        else:
            asked[name] = f"file:{part.filename}"
            asked.files[name] = Upload(part.filename, data)


def _form(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, errors="strict")
