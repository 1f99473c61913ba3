"""What a turn of somebody without plugins does not wait for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PLAY = """
import asyncio, pathlib, sys
from bots.testkit import playing

async def run():
    async with playing("Ada", data=pathlib.Path(sys.argv[1])) as play:
        zoe = play.stage.person("Zoe")
        chat = play.stage.dm(zoe, play.bots["Ada"])
        zoe.says(chat, "hello")
        await play.stage.next_from(play.bots["Ada"], chat)
        print("core.runtime" in sys.modules)

asyncio.run(run())
"""


def test_who_has_no_plugins_answers_without_what_only_they_ask_for(tmp_path: Path) -> None:
    asked = [sys.executable, "-c", _PLAY, str(tmp_path)]
    done = subprocess.run(
        asked,
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"
