"""A voice that fails never harms text, where characters speak and listen in voice channels: G28."""

from __future__ import annotations

import asyncio
from io import StringIO
from pathlib import Path

from bots.logs import set_up_logs
from bots.sandbox import Stage
from bots.testkit import Play
from core.models.scripted import Scripted
from tests.fakes.voice_server import Fault, brisk
from tests.faults.lounges import ASKED, Lounge, answer, lounges, state_of
from tests.faults.test_secrets import files, hits
from tests.faults.vendors import KEY, failing, vendors
from tests.flows.talk import until, whole

SPEAKING: dict[str, tuple[Fault, str]] = {
    "Ada": ("", ""),
    "Bea": ("401", "refused the key"),
    "Cara": ("429", "asks for fewer calls"),
    "Dora": ("stall", "came to a halt"),
    "Fay": ("html", "in place of sound"),
    "Gwen": ("slow", "did not begin in time"),
    "Hedy": ("cut", "broke off"),
    "Iris": ("quota", "quota is used up"),
}
"""Whose vendor fails how, and what /ready says of it, in part."""
HEARING: dict[str, tuple[Fault, str]] = {
    "Jane": ("401", "refused the key"),
    "Kate": ("429", "asks for fewer calls"),
    "Lily": ("slow", ""),
    "Mary": ("html", "sent no JSON"),
}
"""The same of those who write down what is said."""
SAID = "says to “Where is the library?”: so be it."


async def test_g28_in_a_channel_what_no_voice_says_is_written_and_text_does_not_wait(
    tmp_path: Path, stage: Stage
) -> None:
    """Refused, throttled, hung in the middle and from the start, cut: each of another one."""
    model, screen = Scripted(answer), StringIO()
    names = [*SPEAKING, *HEARING]
    async with vendors(dict.fromkeys(names, ""), brisk) as servers:
        for name, server in servers.items():
            server.deaf = HEARING[name][0] if name in HEARING else ""
        with set_up_logs("debug", "true", data_dir=tmp_path, stream=screen):
            async with lounges(tmp_path, stage, names, servers=servers, model=model) as (
                play,
                here,
            ):
                async with asyncio.TaskGroup() as group:
                    for one in here:
                        group.create_task(one.rests(play))
                for name, (fault, _) in SPEAKING.items():
                    servers[name].fault = fault
                async with asyncio.TaskGroup() as group:
                    for one in here:
                        group.create_task(_talked(play, one))
                _told(play)
                servers["Hedy"].fault = ""
                hedy = next(one for one in here if one.name == "Hedy")
                await hedy.rests(play)
                await hedy.talks()
                assert ("Hedy", "TEXT_TO_SPEECH") not in failing(play), "she has it again"
                told = str(play.gateway.ready())
    logs = screen.getvalue() + (tmp_path / "troupe.log").read_text()
    assert "Traceback" not in logs, logs[logs.index("Traceback") - 300 :][:3000]
    assert ASKED not in logs, "words of people are not for the ordinary log"
    assert "so be it" not in logs
    texts = {name: body for name, body in files(tmp_path) if name != "secret.key"}
    prompts = "".join(map(whole, model.requests))
    assert hits(texts | {"screen": logs, "ready": told, "prompts": prompts}, [KEY]) == []
    assert not [name for name in texts if name.endswith((".wav", ".ogg", ".pcm", ".mp3"))]
    assert not [name for name, body in texts.items() if b"RIFF" in body], "no sound is kept"


async def _talked(play: Play, here: Lounge) -> None:
    """She is spoken to, and written to while her voice or her ear hangs."""
    written = len(here.written())
    here.there.forgets()
    asked, heard = len(here.server.asked), len(here.server.heard)
    here.says()
    await until(lambda: len(here.server.heard) > heard)
    if here.name in SPEAKING:
        await until(lambda: len(here.server.asked) > asked)
    for number in range(5):
        await here.is_answered(f"question {number}")
    if here.name in ("Gwen", "Lily"):
        assert not failing(play).get((here.name, "TEXT_TO_SPEECH")), "it hangs still"
        assert here.heard == 0
    if here.name in HEARING:
        return
    if here.name == "Ada":
        await until(lambda: here.heard > 0.5)
        assert len(here.written()) == written, "what is said is not written"
    else:
        await until(lambda: len(here.written()) > written)
        assert SAID in here.written()[-1]


def _told(play: Play) -> None:
    found = failing(play)
    for name, (fault, why) in SPEAKING.items():
        assert bool(fault) == ((name, "TEXT_TO_SPEECH") in found), name
        assert why in found.get((name, "TEXT_TO_SPEECH"), ""), found
        assert state_of(play, name)["deaf"] == ""
    for name, (_, why) in HEARING.items():
        if name == "Lily":
            continue
        assert why in found[name, "TRANSCRIPTION"], found
        assert why in state_of(play, name)["deaf"]
    assert play.gateway.ready()["status"] == "degraded"
