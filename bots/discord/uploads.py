"""A file beside a message's words, as Discord takes both in one request."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import discord
import orjson
from discord.http import HTTPClient, Route

from core.errors import Unsendable
from core.files import Files


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    mime: str
    data: bytes = field(repr=False)
    about: dict[str, Any] = field(default_factory=dict, repr=False)
    """What else its message tells of it."""


async def read(files: Files | None, payload: dict[str, Any]) -> Upload | None:
    """What a payload names; raises Unsendable when it is not there any more."""
    named = payload.get("file")
    if not named:
        return None
    data = await files.read(named["ref"]) if files else None
    if data is None:
        raise Unsendable("the file is not there any more")
    return Upload(named["name"], named["mime"], data)


def form_of(asked: dict[str, Any], upload: Upload) -> tuple[list[dict[str, Any]], discord.File]:
    """The one file that the message has from now on: a repeat adds none."""
    told = {**asked, "attachments": [{"id": 0, "filename": upload.name, **upload.about}]}
    # discord.py rewinds its own kind of file when it repeats a request.
    file = discord.File(BytesIO(upload.data), filename=upload.name)
    form: list[dict[str, Any]] = [
        {"name": "payload_json", "value": orjson.dumps(told).decode()},
        {
            "name": "files[0]",
            "value": file.fp,
            "filename": upload.name,
            "content_type": upload.mime,
        },
    ]
    return form, file


async def hand_over(http: HTTPClient, route: Route, asked: dict[str, Any], upload: Upload) -> Any:
    form, file = form_of(asked, upload)
    return await http.request(route, files=[file], form=form)
