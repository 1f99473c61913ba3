"""The programs of a measurement, each a process of its own, and what the kernel counts for them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

ROOT = Path(__file__).resolve().parents[2]
_TICK = os.sysconf("SC_CLK_TCK")
_STARTS_WITHIN = 30.0
_STOPS_WITHIN = 15.0


@dataclass(frozen=True, slots=True)
class Running:
    """A process that we have started, seen through /proc."""

    pid: int
    log: Path

    def cpu(self) -> float:
        """Seconds of processor time so far, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    @property
    def ended(self) -> bool:
        return not Path(f"/proc/{self.pid}/exe").exists()

    def memory(self) -> float:
        """Resident megabytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


@contextlib.asynccontextmanager
async def running(
    arguments: Sequence[str],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    folder: Path = ROOT,
) -> AsyncIterator[Running]:
    """Start a program of this Python; its output goes to `log`. Afterwards it has ended."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=_environment(env or {}),
        )
    try:
        yield Running(process.pid, log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOPS_WITHIN):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def said_on_start(one: Running) -> dict[str, object]:
    """The line of JSON that a server of ours prints when it can be reached."""
    async with asyncio.timeout(_STARTS_WITHIN):
        while True:
            for line in one.log.read_bytes().splitlines(keepends=True):
                if line.startswith(b"{") and line.endswith(b"\n"):
                    said: dict[str, object] = orjson.loads(line)
                    return said
            if one.ended:
                raise RuntimeError(f"a program ended at its start:\n{one.log.read_text()}")
            await asyncio.sleep(0.02)


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Of the caller's variables only those without which no program runs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), **ours}
