"""The least a bot can do, to see how much the stage and the driver can carry."""

from __future__ import annotations

import asyncio
import sys

import aiohttp
import orjson
import uvloop


async def _run(root: str, token: str) -> None:
    address = f"{root}/bot{token}"
    headers = {"Content-Type": "application/json"}

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(method: str, **asked: object) -> object:
            body = orjson.dumps(asked)
            async with session.post(f"{address}/{method}", data=body, headers=headers) as answer:
                return orjson.loads(await answer.read())["result"]

        async with asyncio.TaskGroup() as group:
            offset = 0
            while True:
                updates = await ask("getUpdates", offset=offset, timeout=30)
                assert isinstance(updates, list)
                for update in updates:
                    offset = update["update_id"] + 1
                    said = update["message"]
                    say = ask("sendMessage", chat_id=said["chat"]["id"], text=said["text"])
                    group.create_task(say)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(*sys.argv[1:3]))
