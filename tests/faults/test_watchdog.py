"""A stuck loop is seen, written down and ended, and nothing is lost by it: G14."""

from __future__ import annotations

import asyncio
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bots.sandbox import Stage
from tests.faults import ledgers
from tests.faults.ledgers import Crowd
from tests.faults.process import GatewayProcess
from tests.flows.talk import until

STUCK = ("-m", "tests.faults.stuck")


@asynccontextmanager
async def blocking(folder: Path, stage: Stage, **settings: str) -> AsyncIterator[GatewayProcess]:
    keep = {"BASIC_CAPABILITIES_KEEP_RESP": "true"}
    gateway = GatewayProcess(folder, stage, {"Ada": stage.bot("Ada")}, {**keep, **settings})
    await gateway.start(command=STUCK)
    try:
        await gateway.until()
        yield gateway
    finally:
        if gateway.process is not None and gateway.process.returncode is None:
            await gateway.kill()


async def test_g14_a_stuck_loop_says_where_it_is_stuck_and_goes_on_afterwards(
    tmp_path: Path, stage: Stage
) -> None:
    """With the 5 seconds of the default, as the guarantee has it: within 6 seconds of blocking."""
    async with blocking(tmp_path, stage) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 5)
        crowd.says(rooms=[0], more=" block 7")
        await until(lambda: (tmp_path / "blocked").exists())
        crowd.says(2, rooms=range(1, 5))
        async with asyncio.timeout(7):  # the promise is 6
            await until(lambda: "the loop has been stuck" in gateway.log)
        assert "stuck.py" in gateway.log, "the stack names the file that blocks"
        assert "time.sleep(" in gateway.log
        assert gateway.log.count("the loop has been stuck") == 1
        await crowd.until_answered(9)
        await until(lambda: "the loop runs again" in gateway.log)
        assert await gateway.end() == 0
    ledgers.check(crowd, gateway.data)
    assert crowd.doubles == []


class Systemd:
    """What systemd does for a service with WatchdogSec: listen, and end what has fallen silent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[bytes] = []
        self._link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._link.bind(str(path))

    async def next(self) -> bytes:
        said = await asyncio.get_running_loop().sock_recv(self._link, 4096)
        self.heard.append(said)
        return said

    async def until(self, state: bytes) -> None:
        async with asyncio.timeout(20):
            while await self.next() != state:
                pass

    async def until_silent(self, seconds: float) -> None:
        """Return when no WATCHDOG=1 has come for so long."""
        while True:
            try:
                async with asyncio.timeout(seconds):
                    await self.until(b"WATCHDOG=1")
            except TimeoutError:
                return

    def close(self) -> None:
        self._link.close()


async def test_g14_systemd_hears_the_silence_and_its_restart_loses_nothing(
    tmp_path: Path, stage: Stage
) -> None:
    with tempfile.TemporaryDirectory() as short:  # a socket's path has 107 characters at most
        systemd = Systemd(Path(short) / "notify")
        try:
            async with blocking(tmp_path, stage, NOTIFY_SOCKET=str(systemd.path)) as gateway:
                await systemd.until(b"READY=1")
                await systemd.until(b"WATCHDOG=1")
                crowd = Crowd.of(stage, gateway.bots["Ada"], 10)
                crowd.says(2)
                await crowd.until_answered(20)
                crowd.says(rooms=[0], more=" block 120")
                await until(lambda: (tmp_path / "blocked").exists())
                crowd.says(2, rooms=range(1, 10))
                await systemd.until_silent(3)
                await gateway.end(signal.SIGABRT)
                assert gateway.process is not None
                assert gateway.process.returncode == -signal.SIGABRT, "it could not have stopped"
                await gateway.start(command=STUCK)
                await systemd.until(b"READY=1")
                await crowd.until_answered(20 + 1 + 18)
                assert await gateway.end() == 0
                await systemd.until(b"STOPPING=1")
        finally:
            systemd.close()
    ledgers.check(crowd, gateway.data)
    assert len(crowd.doubles) <= 8
