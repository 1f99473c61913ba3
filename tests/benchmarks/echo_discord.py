"""The least a bot of Discord can do: one socket, one request a message, no library of Discord's."""

from __future__ import annotations

import asyncio
import sys

import aiohttp
import orjson
import uvloop

_HEARTBEAT, _IDENTIFY = 1, 2
_INTENTS = 1 << 0 | 1 << 9 | 1 << 15
"""Servers, their messages, and what is in them."""


async def _run(api: str, gateway: str, token: str) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bot {token}"}
    identify = {"token": token, "intents": _INTENTS, "properties": {}}

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def say(channel: str, text: str) -> None:
            body = orjson.dumps({"content": text})
            where = f"{api}/channels/{channel}/messages"
            async with session.post(where, data=body, headers=headers) as answer:
                await answer.read()

        async with (
            session.ws_connect(f"{gateway}?v=10&encoding=json", max_msg_size=0) as socket,
            asyncio.TaskGroup() as group,
        ):
            async for frame in socket:
                match orjson.loads(frame.data):
                    case {"op": 10, "d": {"heartbeat_interval": every}}:
                        await socket.send_json({"op": _IDENTIFY, "d": identify})
                        group.create_task(_beat(socket, every / 1000))
                    case {"t": "MESSAGE_CREATE", "d": said} if not said["author"].get("bot"):
                        group.create_task(say(said["channel_id"], said["content"]))


async def _beat(socket: aiohttp.ClientWebSocketResponse, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        await socket.send_json({"op": _HEARTBEAT, "d": None})


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(*sys.argv[1:4]))
