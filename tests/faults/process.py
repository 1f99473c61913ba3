"""The gateway as a process of its own, to be killed, frozen and filled; the stage stays with us."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bots.sandbox import Bot, Stage
from tests.fakes.databases import in_use
from tests.faults.nursery import NURSERY, Born

ROOT = Path(__file__).resolve().parents[2]
UNPACED = {
    "TELEGRAM_SENDS_PER_SECOND": "0",
    "TELEGRAM_CHAT_SENDS_PER_SECOND": "0",
    "TELEGRAM_GROUP_SENDS_PER_MINUTE": "0",
    "DISCORD_SENDS_PER_SECOND": "0",
    "DISCORD_CHAT_SENDS_PER_SECOND": "0",
    "TROUPE_TURNS_PER_MINUTE": "0",
}
_MODULE = ("-m", "bots")
_TOKENS = {"telegram": "TELEGRAM_BOT_TOKEN", "discord": "DISCORD_API_TOKEN"}


@dataclass(slots=True)
class GatewayProcess:
    """`troupe run` against a stage; the same data directory at every start."""

    folder: Path
    stage: Stage
    bots: Mapping[str, Bot]
    """By the name of their character; a character file is written for each."""
    settings: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: asyncio.subprocess.Process | Born | None = None
    characters: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in self.bots:
            path = self.folder / f"{name.lower()}.json"
            path.write_text(json.dumps({"name": name, "bio": f"{name} is made for a test."}))
            self.characters.append(path)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text() if (self.folder / "log").exists() else ""

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        tokens = {
            f"CHARACTER__{name.upper()}__{_TOKENS[bot.platform]}": bot.token
            for name, bot in self.bots.items()
        }
        return {
            **kept,
            **UNPACED,
            "TELEGRAM_API_ROOT": self.stage.root,
            "DISCORD_API_ROOT": self.stage.discord.api_root,
            "DISCORD_GATEWAY_URL": self.stage.discord.gateway_url,
            "DISCORD_CDN_ROOT": self.stage.discord.cdn_root,
            "DISCORD_VOICE_SCHEME": "ws",
            "TROUPE_DATA_DIR": str(self.data),
            "SERVER_PORT": str(self.port),
            "PYTHONPATH": str(ROOT),
            **in_use.now.settings,
            **tokens,
            **self.settings,
        }

    async def start(self, *, command: tuple[str, ...] = (*_MODULE, "run")) -> None:
        """Start it; `port` is chosen anew when it was 0."""
        if self.port == 0:
            self.port = free_port()
        called = (*command, "--character", *map(str, self.characters))
        environment = self.environment()
        with (self.folder / "log").open("ab") as log:
            if command[:2] == _MODULE and sys.platform == "linux":
                self.process = await NURSERY.bear(
                    called[2:], self.folder, environment, log.fileno()
                )
                return
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, *called, cwd=self.folder, env=environment, stdout=log, stderr=log
            )

    async def ready(self) -> dict[str, Any]:
        """What /ready says, with its HTTP status under "http"; {} while nothing answers."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(2)) as session,
                session.get(f"http://127.0.0.1:{self.port}/ready") as answer,
            ):
                return {"http": answer.status, **await answer.json()}
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            return {}

    async def until(self, status: str = "ok", *, timeout: float = 60) -> dict[str, Any]:
        """Wait until /ready says so."""
        async with asyncio.timeout(timeout):
            while (report := await self.ready()).get("status") != status:
                assert self.process is not None
                assert self.process.returncode is None, self.log
                await asyncio.sleep(0.05)
        return report

    async def kill(self) -> None:
        """As the kernel does it: no farewell."""
        await self.end(signal.SIGKILL)

    async def end(self, number: signal.Signals = signal.SIGTERM, *, timeout: float = 30) -> int:
        """Send a signal and wait; its exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(timeout):
            return await self.process.wait()

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)


@asynccontextmanager
async def gateway_process(
    folder: Path, stage: Stage, *names: str, platform: str = "telegram", **settings: str
) -> AsyncIterator[GatewayProcess]:
    """A started gateway with a character for each name; killed at the end if it still runs."""
    house = stage.discord if platform == "discord" else stage
    bots = {name: house.bot(name) for name in names}
    gateway = GatewayProcess(folder, stage, bots, settings)
    await gateway.start()
    try:
        yield gateway
    finally:
        if gateway.process is not None and gateway.process.returncode is None:
            await gateway.kill()


async def until_dropped(gateway: GatewayProcess, doubles: int) -> None:
    """Wait until this process has met so many updates that it knew already."""
    dropped = 0.0
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while dropped < doubles:
            async with session.get(f"http://127.0.0.1:{gateway.port}/metrics") as answer:
                page = await answer.text()
            dropped = next(
                float(line.split()[1])
                for line in page.splitlines()
                if line.startswith("troupe_doubles_dropped")
            )
            await asyncio.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
