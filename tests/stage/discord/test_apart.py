"""The stage in a process of its own, with Discord: built, driven and troubled from outside."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest

from tests.stage.discord.conftest import Asker
from tests.stage.discord.wires import Wire


class Apart:
    """What the process said of itself, and its control."""

    def __init__(self, ready: dict[str, Any], session: aiohttp.ClientSession) -> None:
        self.discord = ready["discord"]
        self._control = ready["control"]
        self._session = session

    async def post(self, path: str, body: Any) -> Any:
        async with self._session.post(self._control + path, json=body) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def get(self, path: str) -> Any:
        async with self._session.get(self._control + path) as answer:
            return await answer.json()

    async def do(self, **act: Any) -> Any:
        [done] = (await self.post("/stage/batch", [act]))["done"]
        return done


@pytest.fixture
async def apart(session: aiohttp.ClientSession) -> AsyncIterator[Apart]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bots.sandbox", "--bots", "", "--discord-bots", "Ada", "--no-limits", "--bare"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            yield Apart(orjson.loads(await process.stdout.readline()), session)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def test_a_set_is_built_talked_in_and_troubled_from_outside(
    apart: Apart, session: aiohttp.ClientSession
) -> None:
    [ada] = apart.discord["bots"]
    mia = await apart.do(do="someone", name="Mia")
    guild = await apart.do(do="discord.guild", name="Tea house", people=[mia], bots=[ada["id"]])
    general = guild["channels"]["general"]
    direct = await apart.do(do="discord.direct", **{"as": mia}, bot=ada["id"])
    board = await apart.do(do="discord.channel", guild=guild["id"], name="why", kind="board")
    post = {"do": "discord.post", "channel": board, "name": "Why?", "as": mia, "text": "So."}
    thread = {"do": "discord.thread", "channel": general, "name": "Plans", "as": mia}
    assert (await apart.do(**post)).startswith("dc:")
    assert (await apart.do(**thread)).startswith("dc:")
    eliza = await apart.do(do="discord.bot", name="Eliza")
    await apart.do(do="discord.invite", guild=guild["id"], who=eliza["id"])
    assert await apart.do(do="discord.group", name="Two", people=[mia]) is not None
    await apart.do(do="discord.installed", **{"as": mia}, bot=ada["id"])
    await apart.do(do="discord.slow", channel=general, seconds=0)
    await apart.do(do="discord.allow", channel=general, who=eliza["id"], deny=0)
    await apart.do(do="discord.lose", guild=guild["id"])
    await apart.do(do="discord.lose", guild=guild["id"], on=False)
    await apart.do(do="discord.role", guild=guild["id"], name="Hosts", members=[eliza["id"]])

    async with session.ws_connect(apart.discord["gateway"] + "?v=10") as socket:
        wire = Wire(socket)
        await wire.operation(10)
        intents = 1 << 9 | 1 << 12 | 1 << 15
        await wire.send(2, {"token": ada["token"], "intents": intents, "properties": {}})
        await wire.event("READY")
        for room in (general, direct):
            [number, _] = await apart.do(do="send", **{"as": mia}, chat=room, text="Hello @Ada")
            heard = await wire.event("MESSAGE_CREATE")
            assert (heard["id"], heard["content"]) == (str(number), f"Hello <@{ada['id']}>")
        trouble = {"do": "dispatch", "bot": ada["id"], "event": "ODD", "raw": "{broken"}
        await apart.post("/stage/discord/gateway", trouble)
        await apart.post("/stage/discord/gateway", {"do": "drop", "bot": ada["id"]})
        standing = await apart.get("/stage/discord/sessions")
        assert standing[str(ada["id"])]["identifies"] == 1

    ask = Asker(session, apart.discord["api"], ada["token"])
    at = f"/channels/{general.removeprefix('dc:')}/messages"
    fault = {"kind": "refuse", "status": 502, "method": "create_message"}
    await apart.post("/stage/discord/faults", {"faults": [fault]})
    assert (await ask("POST", at, json={"content": "x"}))[0] == 502
    sent = await ask.ok("POST", at, json={"content": "x"})
    journal = await apart.get("/stage/discord/journal?method=create_message")
    assert [(call["status"], call["text"]) for call in journal["calls"]] == [(502, "x"), (200, "x")]
    assert journal["calls"][1]["message_id"] == int(sent["id"])
    await apart.post("/stage/discord/gateway", {"do": "outage", "on": True})
    with pytest.raises(aiohttp.ClientError):
        await ask("GET", "/users/@me")
    await apart.post("/stage/discord/gateway", {"do": "outage", "on": False})
    await ask.ok("GET", "/users/@me")


async def test_what_cannot_be_done_is_told(apart: Apart) -> None:
    mia = await apart.do(do="someone", name="Mia")
    assert (
        "no bot of Discord"
        in (await apart.do(do="discord.direct", **{"as": mia}, bot=mia))["error"]
    )
    assert "error" in await apart.do(do="discord.invite", guild=7, who=mia)
