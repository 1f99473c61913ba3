"""What people say in voice channels, written down while they speak, and as a whole where that fails."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bots.discord.pulse import PULSE
from bots.sandbox import Stage
from core.errors import ModelUnavailable
from core.models.scripted import Scripted
from core.ports import LiveWords, Spent
from core.ports.speech import HEARD_RATE
from tests.fakes.clock import settle
from tests.fakes.live_server import LiveFault
from tests.fakes.voice_server import VoiceServer
from tests.flows.talk import reply
from tests.flows.voice_house import BOB, EVE, LOUNGE, Ada, until, voices
from tests.voice.parlour import Parlour, parlour

KEY = "xi-0123456789abcdef0123456789abcdef"


@dataclass
class Scribe:
    """core.ports.LiveEar, and what comes of it."""

    text_: str = ""
    fed: bytes = b""
    running: bool = False
    ended: list[bytes] = field(default_factory=list)

    async def run(self) -> None:
        self.running = True
        try:
            await asyncio.Event().wait()
        finally:
            self.running = False

    def feed(self, pcm: bytes) -> None:
        self.fed += pcm

    def end(self) -> LiveWords:
        self.ended.append(self.fed)
        self.fed = b""
        return self

    async def text(self, spent: Spent) -> str:
        if not self.text_:
            raise ModelUnavailable("the line has broken")
        return self.text_


async def _joined(ada: Ada, scribe: Scribe) -> None:
    ada.speech.live = lambda: scribe
    ada.discord.goes(BOB, LOUNGE)
    await ada.joins()
    assert ada.discord.ways is not None
    assert ada.discord.ways.along


async def test_words_that_were_written_down_meanwhile_are_not_asked_for_again(
    tmp_path: Path,
) -> None:
    async with voices(tmp_path, Scripted([reply("Hello.")])) as (ada,):
        scribe = Scribe("Good morning.")
        await _joined(ada, scribe)
        ada.begins()
        ada.talk.sound(BOB.id, b"")
        await until(lambda: scribe.running)
        sound = ada.ends("Something else.")
        await until(lambda: "Hello." in ada.speech.said)
        await ada.silent()
        assert await ada.lines() == ["Good morning.", "Hello."]
        assert scribe.ended == [sound]
        assert ada.speech.written == []


async def test_where_that_fails_the_whole_is_written_down_once(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted([reply("Hello.")])) as (ada,):
        scribe = Scribe()
        await _joined(ada, scribe)
        ada.begins()
        ada.talk.sound(BOB.id, b"")
        await until(lambda: scribe.running)
        sound = ada.ends("Good morning.")
        await until(lambda: "Hello." in ada.speech.said)
        await ada.silent()
        assert await ada.lines() == ["Good morning.", "Hello."]
        assert [one.data for one in ada.speech.written] == [sound]
        assert ada.talk.trouble == ""


async def test_who_asks_not_to_be_heard_is_cut_off_in_the_middle(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted([])) as (ada,):
        scribe = Scribe("A secret.")
        await _joined(ada, scribe)
        ada.begins()
        ada.talk.sound(BOB.id, b"\x01\x00")
        await until(lambda: scribe.running)
        ada.talk.leave_out(frozenset({BOB.id}))
        await until(lambda: not scribe.running)
        ada.talk.sound(BOB.id, b"\x02\x00")
        ada.ends("A secret.")
        await settle()
        assert scribe.ended == []
        assert scribe.fed == b"\x01\x00"
        assert await ada.lines() == []


async def test_of_who_may_not_talk_to_her_no_sound_goes_anywhere(tmp_path: Path) -> None:
    only = {"DISCORD_ALLOWED_USERS": f'["{EVE.id}"]'}
    async with voices(tmp_path, Scripted([]), **only) as (ada,):
        scribe = Scribe("Good morning.")
        await _joined(ada, scribe)
        ada.begins()
        ada.talk.sound(BOB.id, b"\x01\x00")
        await settle()
        ada.ends("Good morning.")
        await ada.silent()
        assert (scribe.fed, scribe.ended, scribe.running) == (b"", [], False)
        assert await ada.lines() == []


async def test_no_line_is_left_when_she_leaves(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted([])) as (ada,):
        scribe = Scribe("Good morning.")
        await _joined(ada, scribe)
        ada.begins()
        ada.talk.sound(BOB.id, b"\x01\x00")
        await until(lambda: scribe.running)
        await ada.channel.leave()
        await until(lambda: not scribe.running)


# --- the whole gateway -----------------------------------------------------------------------------


def _hers(server: VoiceServer) -> dict[str, str]:
    return {
        "ELEVENLABS_API_KEY": KEY,
        "ELEVENLABS_BASE_URL": server.address,
        "TRANSCRIPTION_PROVIDER": "elevenlabs",
        "SPEECH_PROVIDER": "offline",
    }


async def _says(here: Parlour, server: VoiceServer, text: str) -> None:
    bob = await here.comes("Bob")
    for count, words in enumerate((text, f"{text} again"), 1):
        server.hears = words
        bob.forgets()
        await bob.says("where is the library")
        assert (await bob.hears()).spells
        found = await here.settled_all(count)
        assert [one.text for one in found] == [text, f"{text} again"][:count], "once"


@pytest.mark.parametrize(
    "fault",
    [
        "",
        "midway",
        # What becomes of these, core/speech/test_listening_along shows each time.
        pytest.param("401", marks=pytest.mark.soak),
        pytest.param("mute", marks=pytest.mark.soak),
    ],
)
async def test_what_people_say_is_answered_whatever_becomes_of_the_line(
    tmp_path: Path, fault: LiveFault
) -> None:
    model = Scripted(lambda request: reply("It is behind the church."))
    async with VoiceServer() as server, Stage(limits=False) as stage:
        server.live.fault = fault
        hers = _hers(server)
        async with parlour(tmp_path, "Ada", model=model, stage=stage, settings=hers) as here:
            await _says(here, server, "where is the library")
            assert len(here.kept()) == 4
        along = [one["audio"] for one in server.heard if "audio_format" in one]
        whole = [one["audio"] for one in server.heard if "audio_format" not in one]
        assert (len(along), len(whole)) == ((0, 2) if fault else (2, 0))
        if not fault:
            assert len(server.live.lines) == 1, "one handshake for all of a talk"
        assert set(server.live.said) <= {*along, *whole}, "the same sound either way"
        for pcm in along or whole:
            assert 0.8 < len(pcm) / 2 / HEARD_RATE < 2.5
        for line in server.live.lines:
            async with asyncio.timeout(5):
                await line.over.wait()
    assert PULSE.settle()
