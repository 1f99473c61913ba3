"""Ten thousand events of any shape: the line stands, and the good ones behind them are heard."""

from __future__ import annotations

import copy
import json
import random
from contextlib import suppress
from typing import Any

from core.errors import Unreadable
from tests.bots.discord.conftest import listens, until

_ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1.5,
    "",
    "x",
    "9" * 40,
    [],
    {},
    [None],
    {"id": None},
    "\ud83d",
    2**70,
)


def kinds(guild: Any, general: Any, ed: Any, ada: Any) -> list[tuple[str, dict[str, Any]]]:
    user = {"id": str(ed.id), "username": "ed", "discriminator": "0", "avatar": None}
    place = {"guild_id": str(guild.id), "channel_id": str(general.id)}
    message = {**place, "id": "1", "type": 0, "content": "x", "author": user, "mentions": []}
    member = {"guild_id": str(guild.id), "user": user, "roles": [], "joined_at": None}
    channel = {"id": str(general.id), "guild_id": str(guild.id), "type": 0, "name": "general"}
    emoji = {"id": None, "name": "👍"}
    reaction = {**place, "message_id": "1", "user_id": str(ed.id), "emoji": emoji, "type": 0}
    server = {
        "id": str(guild.id),
        "name": "G",
        "channels": [channel],
        "threads": [],
        "members": [member],
        "roles": [{"id": str(guild.id), "name": "@everyone", "permissions": "0"}],
    }
    press = {**place, "id": "2", "type": 3, "token": "t", "member": member, "data": {}}
    return [
        ("MESSAGE_CREATE", message),
        ("MESSAGE_UPDATE", {**message, "edited_timestamp": "2026-01-01T00:00:00+00:00"}),
        ("MESSAGE_DELETE", {**place, "id": "1"}),
        ("MESSAGE_DELETE_BULK", {**place, "ids": ["1"]}),
        ("MESSAGE_REACTION_ADD", reaction),
        ("MESSAGE_REACTION_REMOVE", reaction),
        ("GUILD_MEMBER_ADD", member),
        ("GUILD_MEMBER_UPDATE", member),
        ("GUILD_MEMBER_REMOVE", member),
        ("GUILD_UPDATE", server),
        ("GUILD_CREATE", server),
        ("CHANNEL_CREATE", channel),
        ("CHANNEL_UPDATE", channel),
        ("THREAD_CREATE", {**channel, "type": 11, "parent_id": str(general.id)}),
        ("THREAD_UPDATE", {**channel, "type": 11, "parent_id": str(general.id)}),
        ("INTERACTION_CREATE", press),
        ("PRESENCE_UPDATE", {"user": user, "guild_id": str(guild.id), "status": "online"}),
        ("TYPING_START", {**place, "user_id": str(ed.id), "timestamp": 1}),
        ("VOICE_STATE_UPDATE", {**place, "user_id": str(ed.id), "session_id": "s"}),
        ("USER_UPDATE", user),
        ("NEVER_HEARD_OF", {"x": 1}),
    ]


def mutated(chance: random.Random, data: Any) -> Any:
    """With one thing in it gone, or turned into something odd."""
    whole = copy.deepcopy(data)
    here: Any = whole
    while True:
        if not here or not isinstance(here, (dict, list)):
            return chance.choice(_ODD)
        key = chance.choice(list(here)) if isinstance(here, dict) else chance.randrange(len(here))
        if isinstance(here[key], (dict, list)) and here[key] and chance.random() < 0.5:
            here = here[key]
            continue
        if chance.random() < 0.3:
            del here[key]
        else:
            here[key] = chance.choice(_ODD)
        return whole


async def test_ten_thousand_odd_events_cost_neither_the_line_nor_a_word(
    make_link, stage, guild, general, ada, ed
):
    chance = random.Random(2026)
    chosen = kinds(guild, general, ed, ada)
    gateway = stage.discord.gateway
    async with make_link() as link, listens(link) as notebook:
        for number in range(10_000):
            event, data = chance.choice(chosen)
            body = _spelled(mutated(chance, data))
            gateway.dispatch(ada, event, body)
            if number % 500 == 499:
                ed.says(general, f"good {number}")
                await until(lambda number=number: f"good {number}" in notebook.texts, 20)
        good = [text for text in notebook.texts if str(text).startswith("good")]
        for one in notebook.received:
            _read(link, one)
    assert good == [f"good {number}" for number in range(499, 10_000, 500)]
    counts = gateway.sessions(ada)
    assert (counts.connections, counts.identifies, counts.resumes) == (1, 1, 0)


def _spelled(data: Any) -> bytes:
    return json.dumps(data).encode()


def _read(link: Any, received: Any) -> None:
    with suppress(Unreadable):
        link.read(received)
