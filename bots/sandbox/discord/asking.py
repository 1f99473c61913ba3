"""One request as its answer needs it: who asks, the parts of the address, the body, the files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson
from aiohttp import BodyPartReader, web
from multidict import MultiDict

from bots.sandbox.asked import LARGEST
from bots.sandbox.discord.office import Office
from bots.sandbox.discord.permissions import BOARDS, VIEW, in_channel
from bots.sandbox.discord.refusals import Form, no
from bots.sandbox.things import Account, Chat, Guild, Hook, Message
from bots.sandbox.world import World

Json = dict[str, Any]


class Answer(NamedTuple):
    """What to say when it is not simply 200 with a body or 204 without."""

    status: int
    body: Any


class Upload(NamedTuple):
    """A file that came with a message."""

    name: str
    kind: str
    data: bytes


@dataclass(slots=True)
class Ask:
    """A request that was let in."""

    office: Office
    bot: Account
    args: dict[str, str]
    query: Mapping[str, str]
    body: Any = None
    files: dict[str, Upload] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.office.world

    @property
    def form(self) -> Json:
        """The body as an object; none at all counts as an empty one."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            form = Form()
            form.wrong("", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
            form.check()
        return dict(self.body)

    def number(self, name: str) -> int:
        """An id in the address."""
        return snowflake(name, self.args[name])

    def any_channel(self) -> Chat:
        """The channel of the address, if there is one and this bot can see it."""
        room = self.world.chats.get(f"dc:{self.number('channel')}")
        if room is None:
            raise no(10003)
        if not in_channel(room, self.bot) & VIEW:
            raise no(50001)
        return room

    def channel(self) -> Chat:
        """The same, for what needs messages."""
        room = self.any_channel()
        if room.kind in BOARDS or room.kind == "category":
            raise no(50008)
        return room

    def message(self) -> Message:
        return standing(self.channel(), self.number("message"))

    def guild(self) -> Guild:
        guild = self.world.guilds.get(self.number("guild"))
        if guild is None:
            raise no(10004)
        if self.bot not in guild.members:
            raise no(50001)
        return guild

    def hook(self) -> Hook | None:
        """The channel's webhook whose token is in the address; None where it is an interaction's."""
        hook = self.world.hooks.get(self.number("application"))
        return hook if hook is not None and hook.token == self.args["token"] else None

    def member(self, guild: Guild, name: str = "user") -> Account:
        who = self.world.snowflakes.get(self.number(name))
        if who is None:
            raise no(10013)
        if who not in guild.members:
            raise no(10007)
        return who


def standing(room: Chat, number: int) -> Message:
    """A message that was not deleted."""
    said = room.messages.get(number)
    if said is None or said.deleted or "only_for" in said.more:
        raise no(10008)
    return said


def snowflake(place: str, value: Any) -> int:
    """An id, however it was written."""
    text = str(value)
    if text.isascii() and text.isdigit() and len(text) <= 20:
        return int(text)
    form = Form()
    form.wrong(f"{place}_id", "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')
    form.check()
    return 0


def query_of(request: web.BaseRequest) -> Mapping[str, str]:
    return request.rel_url.query if request.rel_url.raw_query_string else MultiDict()


async def read_body(request: web.BaseRequest) -> tuple[Any, dict[str, Upload]]:
    """The JSON of a request and the files beside it."""
    if not request.body_exists:
        return None, {}
    if request.content_type == "multipart/form-data":
        return await _parts(request)
    raw = await request.read()
    return (_json(raw) if raw else None), {}


async def _parts(request: web.BaseRequest) -> tuple[Any, dict[str, Upload]]:
    body: Any = None
    files: dict[str, Upload] = {}
    async for part in await request.clone(client_max_size=LARGEST).multipart():
        if not isinstance(part, BodyPartReader):
            continue
        name, data = part.name or "", bytes(await part.read(decode=True))
        if name == "payload_json":
            body = _json(data)
        elif name.startswith(("files[", "file")):
            number = name.removeprefix("files[").removesuffix("]").removeprefix("file") or "0"
            kind = part.headers.get("Content-Type", "application/octet-stream")
            files[number] = Upload(unquote(part.filename or "file"), kind, data)
    return body, files


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise no(50109) from None
