"""The database is full, or somebody else holds it: the gateway waits, and confirms nothing: G18, G19."""

from __future__ import annotations

import asyncio
import errno
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bots.sandbox import Stage
from tests.faults import ledgers
from tests.faults.ledgers import Crowd, locked, until
from tests.faults.process import GatewayProcess, gateway_process

Variables = Callable[..., dict[str, str]]
MEGABYTES = 16
WORDS = " and so on" * 300


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB under the data directory; skipped where nobody may mount one."""
    folder = tmp_path / "data"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode != 0:
        pytest.skip(f"mounting a small disk is not permitted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take every byte that is left."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    return ballast


async def talk_until_full(crowd: Crowd, gateway: GatewayProcess) -> None:
    """Until nothing was taken for 3 s: at first there is slack within the files themselves."""
    refused_since: float | None = None
    async with asyncio.timeout(60):
        while refused_since is None or time.monotonic() - refused_since < 3:
            if refused_since is None:
                crowd.says(more=WORDS)
            await asyncio.sleep(0.1)
            if (await gateway.ready())["status"] != "down":
                refused_since = None
            elif refused_since is None:
                refused_since = time.monotonic()


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(6, id="6-seconds"),
        pytest.param(70, id="70-seconds", marks=[pytest.mark.soak, pytest.mark.timeout(300)]),
    ],
)
async def test_g18_on_a_full_disk_nothing_is_confirmed_and_all_goes_on_once_there_is_room(
    seconds: float, small_disk: Path, tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """In full the disk stays full for more than a minute, so that a second line is logged."""
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 10)
        await gateway.until()
        crowd.says(2)
        await crowd.until_answered(20)
        began = time.monotonic()
        ballast = fill(small_disk)
        await talk_until_full(crowd, gateway)
        report = await gateway.ready()
        assert (report["http"], report["status"]) == (503, "down")
        assert "full" in report["store"]
        crowd.says(2)
        await asyncio.sleep(seconds)
        assert (await gateway.ready())["status"] == "down"
        kept = ledgers.stored(crowd, small_disk)
        assert ledgers.confirmed(crowd) <= kept
        assert len(kept) < len(crowd.said)
        told = gateway.log.count("the database cannot be used now")
        minutes = int((time.monotonic() - began) // 60)
        assert min(minutes, 1) + 1 <= told <= minutes + 1
        assert gateway.log.count("the database takes writes again") < told + 1

        ballast.unlink()
        await gateway.until("ok", timeout=20)
        await crowd.until_answered(len(crowd.said))
        assert gateway.log.count("is live") == 1  # it was never started anew
        assert await gateway.end() == 0
        assert ledgers.integrity(small_disk) == "ok"
        assert not crowd.doubles
        ledgers.check(crowd, small_disk)
        assert "Traceback" not in gateway.log


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(5, id="5-seconds"),
        pytest.param(20, id="20-seconds", marks=[pytest.mark.soak]),
    ],
)
async def test_g19_a_locked_database_is_waited_for(
    seconds: float, tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """In full the lock is held for 20 s."""
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 10)
        await gateway.until()
        crowd.says(2)
        await crowd.until_answered(20)
        async with locked(gateway.data):
            for _ in range(int(seconds * 2)):
                crowd.says(rooms=[0, 1, 2])
                await asyncio.sleep(0.5)
            report = await gateway.until("down")
            assert "locked" in report["store"]
            assert ledgers.confirmed(crowd) <= ledgers.stored(crowd, gateway.data)
            assert crowd.answered == 20
        await gateway.until("ok", timeout=20)
        await crowd.until_answered(len(crowd.said))
        assert gateway.log.count("is live") == 1
        assert await gateway.end() == 0
    assert not crowd.doubles
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log


async def test_g19_a_database_locked_at_the_start_is_waited_for(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 3)
        await gateway.until()
        await gateway.kill()
        crowd.says(2)
        async with locked(gateway.data):
            await gateway.start()
            await gateway.until("down")
            await asyncio.sleep(3)  # longer than SQLite itself waits for a lock
        await gateway.until()
        await crowd.until_answered(6)
        assert await gateway.end() == 0
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log


async def test_g18_g19_a_killed_gateway_leaves_a_whole_database(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 10)
        await gateway.until()
        for wave in range(1, 4):
            crowd.says(5)
            await until(
                lambda: crowd.answered > len(crowd.said) - 40, lambda: f"{crowd.answered} answers"
            )
            await gateway.kill()
            assert ledgers.integrity(gateway.data) == "ok", wave
            await gateway.start()
        await crowd.until_answered(len(crowd.said))
        assert await gateway.end() == 0
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
