"""What flow tests say, wait for and look up."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

from bots import testkit
from bots.sandbox import Bot
from bots.sandbox.world import Account, Chat
from bots.testkit import Play
from core.ports import ModelRequest
from tests.fakes.databases import in_use
from tests.faults import ledgers

IGNORE = "<response><actions>IGNORE</actions></response>"
_SPEAKER = re.compile(r"^# About (.+)$", re.MULTILINE)


def reply(text: str) -> str:
    """A model's answer in the form it is asked for."""
    return f"<response><actions>REPLY</actions><text>{text}</text></response>"


def speaker(request: ModelRequest) -> str:
    """The name of the character who is to answer."""
    found = _SPEAKER.search(request.system)
    assert found is not None
    return found[1]


def question(request: ModelRequest) -> str:
    """What is to be answered, without our context and without the talk before."""
    return request.messages[-1].text.rpartition("</context>\n")[2]


def echo(request: ModelRequest) -> str:
    """For Scripted: says who answers what."""
    return reply(f"{speaker(request)} heard: {question(request)}")


def whole(request: ModelRequest) -> str:
    """Everything that a model gets to read."""
    return "\n".join((request.system, *(said.text for said in request.messages)))


async def until(true: Callable[[], object], *, timeout: float = 60) -> None:
    """Wait until something holds; TimeoutError when it never does."""
    async with asyncio.timeout(timeout):
        while not true():  # noqa: ASYNC110  (what is waited for has no bell: files, other processes)
            await asyncio.sleep(0.02)


def playing(
    *characters: Any, settings: Mapping[str, str] | None = None, **how: Any
) -> AbstractAsyncContextManager[Play]:
    """`bots.testkit.playing`, on the database that the test was given."""
    return testkit.playing(*characters, settings=in_use.now.settings | dict(settings or {}), **how)


def outcomes(play: Play, name: str = "Ada") -> list[tuple[str, str]]:
    """How each inbound of a character ended that its platform has brought, and by which rule."""
    account = f"telegram:{play.bots[name].id}"
    return [
        (row["status"], row["rule"])
        for row in ledgers.read(play.data).inbox
        if row["account"] == account and row["kind"] != "overheard"
    ]


async def settled(play: Play, number: int, name: str = "Ada") -> list[tuple[str, str]]:
    """Wait until so many inbounds of a character have ended; how they did."""

    def ended() -> bool:
        found = outcomes(play, name)
        return len(found) >= number and all(status != "new" for status, _ in found)

    await until(ended)
    return outcomes(play, name)


def update(chat: Chat, who: Account, number: int, text: str, at: datetime | None = None) -> Any:
    """An update for `Bot.inject` where the stage itself would not send one: old ones, of bots."""
    kind = "private" if chat.kind == "private" else "group"
    named = {"first_name": who.name} if kind == "private" else {"title": chat.title}
    return {
        "message": {
            "message_id": number,
            "date": int((at or datetime.now(UTC)).timestamp()),
            "chat": {"id": chat.id, "type": kind, **named},
            "from": {"id": who.id, "is_bot": isinstance(who, Bot), "first_name": who.name},
            "text": text,
        }
    }
