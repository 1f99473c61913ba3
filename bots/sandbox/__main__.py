"""The stage in a process of its own: `python -m bots.sandbox --bots Ada,Eliza`."""

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

import orjson
from aiohttp import web

from bots.sandbox.control import control_routes
from bots.sandbox.stage import Stage


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bots.sandbox", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=0, help="where bots connect; 0 takes a free one"
    )
    parser.add_argument(
        "--control-port", type=int, default=0, help="where the page and tests connect"
    )
    parser.add_argument(
        "--bots", default="Ada,Eliza", help="names of the bots, with commas between"
    )
    parser.add_argument("--discord-port", type=int, default=0, help="where bots of Discord connect")
    parser.add_argument(
        "--discord-bots", default="", help="names of bots on Discord, with commas between"
    )
    parser.add_argument("--no-limits", action="store_true", help="switch flood control off")
    parser.add_argument(
        "--api", default="10.3", help="the version of the Bot API that Telegram here knows"
    )
    parser.add_argument("--persist", type=Path, help="a file that keeps the world")
    parser.add_argument("--bare", action="store_true", help="do not furnish people and rooms")
    return parser.parse_args()


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


async def _serve(asked: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(wanted, stopped.set)
    async with Stage(
        limits=not asked.no_limits,
        persist=asked.persist,
        port=asked.port,
        discord_port=asked.discord_port,
        api=asked.api,
    ) as stage:
        bots = [stage.bot(name) for name in _names(asked.bots)]
        discord_bots = [stage.discord.bot(name) for name in _names(asked.discord_bots)]
        if not asked.bare:
            stage.furnish([*bots, *discord_bots])
        app = web.Application(client_max_size=64 << 20)
        app.add_routes([*stage.page_routes(), *control_routes(stage)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", asked.control_port)
        await site.start()
        ready = {
            "root": stage.root,
            "control": f"http://127.0.0.1:{runner.addresses[0][1]}",
            "bots": [
                {"name": b.name, "token": b.token, "username": b.username, "id": b.id} for b in bots
            ],
            "discord": {
                "api": stage.discord.api_root,
                "gateway": stage.discord.gateway_url,
                "cdn": stage.discord.cdn_root,
                "bots": [{"name": b.name, "token": b.token, "id": b.id} for b in discord_bots],
            },
        }
        sys.stdout.buffer.write(orjson.dumps(ready) + b"\n")
        sys.stdout.buffer.flush()
        try:
            await stopped.wait()
        finally:
            await runner.cleanup()


def main() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(_arguments()))


if __name__ == "__main__":
    main()
