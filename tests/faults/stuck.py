"""The gateway with a model that blocks the loop, as a bug in somebody's plugin would.

`python -m tests.faults.stuck --character FILES`: whoever says "block SECONDS" holds up everything
for so long, once; a file in the working directory remembers that it was done.
"""

from __future__ import annotations

import asyncio
import re
import signal
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path

from bots import logs
from bots.app import DOORS, Gateway
from bots.links import plan_links
from core.bell import Bell
from core.casting import load_characters
from core.models.roles import Models
from core.ports import ModelRequest, Spent
from core.settings.layers import Environment, Settings
from tests.faults.ledgers import TAG

_BLOCK = re.compile(r"block (\d+)")
_DONE = Path("blocked")


class Blocking:
    """A ModelProvider that names the message it answers."""

    name = "blocking"

    async def stream(
        self, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]:
        words = request.messages[-1].text
        found = _BLOCK.search(words)
        if found:
            _block(int(found[1]))
        room, number = TAG.findall(words)[-1]
        yield f"<response><actions>REPLY</actions><text>re m{room}.{number}</text></response>"


def _block(seconds: int) -> None:
    if not _DONE.exists():
        _DONE.touch()
        time.sleep(seconds)


async def play(files: list[str]) -> None:
    environment = Environment.capture(None)
    settings = Settings(environment)
    data = Path(settings.text("TROUPE_DATA_DIR"))
    stop = Bell()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.ring)
    with logs.set_up_logs(settings.text("LOG_LEVEL"), data_dir=data):
        await Gateway(
            settings,
            plan_links(load_characters(map(Path, files)), environment),
            data,
            DOORS,
            models=Models(override=Blocking()),
            notify=str(environment.process.get("NOTIFY_SOCKET", "")),
        ).run(stop)


if __name__ == "__main__":
    asyncio.run(play(sys.argv[2:]))
