"""What goes wrong in one character's voice reaches neither another one nor anybody's text."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from bots.logs import set_up_logs
from bots.sandbox import Stage
from core.plugins import Plugin
from tests.fakes.voice_server import brisk
from tests.faults.lounges import Lounge, lounges, state_of
from tests.faults.test_secrets import hits
from tests.faults.vendors import KEY, failing, vendors
from tests.flows.talk import until

NAMES = ("Ada", "Bug", "Ill", "Mute", "Odd")
"""Ada is well; the others' plugins listen, speak and write down as no plugin should."""
EVENTS = (
    "VOICE_STARTED", "VOICE_MESSAGE_RECEIVED", "VOICE_MESSAGE_SENT", "MODEL_USED", "MODEL_FAILED",
)  # fmt: skip


def ill(told: list[str]) -> Plugin:
    """Whatever it is told of voices, it falls over, and quotes a secret at that."""
    plugin = Plugin("ill")

    def listen(event: str) -> None:
        @plugin.on(event)
        async def fall(payload: Mapping[str, Any]) -> None:
            told.append(event)
            raise RuntimeError(f"cannot stand {event}, nor {KEY}Ill")

    for event in EVENTS:
        listen(event)
    return plugin


def mumbling(told: list[str]) -> Plugin:
    """It would speak before anybody else, and has a bug."""
    plugin = Plugin("mumbling")

    @plugin.model("TEXT_TO_SPEECH", priority=100)
    async def mumble(runtime: Any, params: Any) -> bytes:
        told.append("TEXT_TO_SPEECH")
        raise ZeroDivisionError(f"no sound of {params}")

    return plugin


async def test_one_characters_ill_voice_is_nobody_elses(tmp_path: Path, stage: Stage) -> None:
    screen, told = StringIO(), list[str]()
    plugins = {"Ill": ill(told), "Bug": mumbling(told)}
    async with vendors(dict.fromkeys(NAMES, ""), brisk) as servers:
        servers["Mute"].fault, servers["Mute"].deaf = "401", ""
        servers["Odd"].fault, servers["Odd"].deaf = "disguised", ""
        with set_up_logs("info", "false", data_dir=tmp_path, stream=screen):
            async with lounges(tmp_path, stage, NAMES, servers=servers, plugins=plugins) as (
                play,
                here,
            ):
                async with asyncio.TaskGroup() as group:
                    for one in here:
                        group.create_task(_talked(one))
                assert {name for name, _ in failing(play)} == {"Mute", "Odd"}
                for one in here:
                    assert state_of(play, one.name)["joined"]
                ada = next(one for one in here if one.name == "Ada")
                await ada.rests(play)
                await ada.talks()
    assert "TEXT_TO_SPEECH" in told
    assert set(EVENTS) - {"MODEL_FAILED"} <= set(told)
    assert "so be it" not in screen.getvalue(), "no words in a bug's traceback either"
    assert hits({"log": screen.getvalue()}, [KEY]) == []


async def _talked(here: Lounge) -> None:
    for number in range(2):
        await here.is_answered(f"before {number}")
        written = len(here.written())
        if here.name in ("Mute", "Odd"):
            here.says()
            await until(lambda written=written: len(here.written()) > written)
        else:
            await here.talks()
        await here.is_answered(f"behind {number}")
