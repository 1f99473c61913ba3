"""Open microphones, crowds and nonsense by UDP: a voice channel stays as large as it is, and goes on."""

from __future__ import annotations

import asyncio
import logging
import random
import struct
from pathlib import Path

import pytest

from bots.sandbox import Stage
from core.models.scripted import Scripted
from core.speech.ogg import put_together
from core.speech.opus import SILENCE
from tests.fakes.voice_server import VoiceServer, brisk
from tests.faults.lounges import ASKED, Lounge, lounges, state_of
from tests.faults.process import gateway_process
from tests.faults.test_bounds import MB, Size, size_of
from tests.faults.vendors import settings_of, vendors
from tests.flows.talk import echo, playing, question, until
from tests.voice.audio import said

SPEAKERS = 10
_HEAD = struct.Struct(">BBHII")


def nonsense(chance: random.Random, ssrcs: list[int]) -> bytes:
    """Bytes of any kind; more of them than not look a little like sound of somebody."""
    match chance.randrange(6):
        case 0:
            return chance.randbytes(chance.randrange(0, 40))
        case 1:
            return chance.randbytes(chance.randrange(40, 2_000))
        case 2:  # a head, and whatever it promises is not there
            return _HEAD.pack(0x9F, 0x78, 1, 2, chance.choice(ssrcs))
        case 3:  # of somebody who was never told of
            ssrc = chance.getrandbits(32)
        case _:
            ssrc = chance.choice(ssrcs)
    first, kind = chance.choice((0x80, 0x90, 0xB0, 0xBF)), chance.choice((0x78, 0xF8, 201, 101))
    number, time = chance.getrandbits(16), chance.getrandbits(32)
    head = _HEAD.pack(first, kind, number, time, ssrc)
    return head + chance.randbytes(chance.choice((0, 4, 8, 24, 100, 400)))


def shoot(here: Lounge, count: int, seed: int) -> None:
    """From the voice server's own address: of any other's, her socket takes nothing at all."""
    media = here.voice.media
    (line,) = [line for (guild, _), line in here.voice._lines.items() if guild == here.guild.id]
    chance = random.Random(seed)
    for _ in range(count):
        packet = nonsense(chance, [here.there.seat.ssrc, line.ssrc])
        media.send(line, packet)


async def test_nonsense_by_udp_does_no_harm_and_tells_the_log_next_to_nothing(
    tmp_path: Path, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with (
        vendors({"Ada": ""}, brisk) as servers,
        lounges(tmp_path, stage, ["Ada"], servers=servers) as (play, (ada,)),
    ):
        await ada.talks()
        lines = len(caplog.records)
        for seed in range(40):
            await until(lambda: ada.inside)
            shoot(ada, 250, seed)
            await asyncio.sleep(0.05)
        await ada.is_answered("in the middle of it")
        await ada.settles()
        await ada.rests(play)
        await ada.talks()
        state = state_of(play, "Ada")
        assert state["deaf"] == ""
        assert state["undecrypted"] > 100, "it has reached her"
        told = [one.getMessage() for one in caplog.records[lines:]]
        assert len(told) < 60, told
        assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(4.0, id="4-seconds"),
        pytest.param(7_200.0, id="two-hours", marks=[pytest.mark.soak, pytest.mark.timeout(8_000)]),
    ],
)
async def test_ten_open_microphones_for_hours_grow_nothing(
    seconds: float, tmp_path: Path, stage: Stage
) -> None:
    """In full: two hours. All speak at once and stop at times, and nobody is left behind."""
    ada = stage.discord.bot("Ada")
    people = [stage.person(f"Guest {number}") for number in range(SPEAKERS)]
    guild = stage.discord.guild("The Commons", people, [ada], channels=("general",))
    stage.discord.channel(guild, "Parlour", "voice")
    chat, room = list(guild.channels.values())[:2]
    speech = await said("where is the library", "en-us+edward")
    async with VoiceServer(brisk) as server:
        server.hears = ASKED
        own = settings_of({"Ada": server}, TRANSCRIPTION_PROVIDER="elevenlabs")
        own["DISCORD_VOICE_CHANNEL_ID"] = str(room.id)
        async with gateway_process(tmp_path, stage, "Ada", platform="discord", **own) as gateway:
            await gateway.until()
            await until(lambda: ada in stage.discord.in_voice(room))
            talkers = [stage.discord.joins_voice(one, room, self_deaf=True) for one in people]
            await until(lambda: stage.discord.voice.view(guild.id, room.id).settled)

            took: list[int] = []

            async def talk(for_seconds: float) -> None:
                end = asyncio.get_running_loop().time() + for_seconds
                while (left := end - asyncio.get_running_loop().time()) > 0:
                    for one in talkers:
                        one.says(speech)
                    # A breath now and then: an utterance each.
                    await asyncio.sleep(min(left, 2.5))
                took.append(len(server.heard))
                server.heard.clear()

            await talk(max(6.0, seconds / 10))
            before = await size_of(gateway)
            steps = max(1, round(seconds / 600))
            for _ in range(steps):
                await talk(seconds / steps)
                people[0].says(chat, "@Ada are you there?")
                await stage.next_from(ada, chat, timeout=30)
            after = await size_of(gateway)
            report = await gateway.ready()
            (state,) = report["voices"]
            _has_not_grown(before, after)
            assert min(took) >= SPEAKERS, "all of it was heard"
            assert (state["joined"], state["people"], state["deaf"]) == (True, SPEAKERS, "")
            assert report["open"] <= 2 * SPEAKERS
            assert "Traceback" not in gateway.log
            assert ASKED not in gateway.log
            assert await gateway.end() == 0


def _has_not_grown(before: Size, after: Size) -> None:
    assert after.resident - before.resident <= 25 * MB, (before, after)
    assert after.threads <= before.threads + 2
    assert after.files <= before.files + 6
    assert after.tasks <= before.tasks + 4 * SPEAKERS


@pytest.fixture(scope="module")
def endless() -> bytes:
    """Ten hours, in less than ten megabytes."""
    return put_together([SILENCE] * (50 * 3_600 * 10))


@pytest.mark.parametrize("told", [3, 36_000])
@pytest.mark.parametrize("platform", ["telegram", "discord"])
async def test_g32_a_voice_message_of_ten_hours_is_not_heard_and_is_answered(
    tmp_path: Path, stage: Stage, endless: bytes, platform: str, told: int
) -> None:
    """Whether its length is `told` or lied about."""
    model = Scripted(echo)
    async with playing(
        "Ada",
        model=model,
        data=tmp_path,
        stage=stage,
        platforms=(platform,),
        voices=True,
    ) as play:
        bob = stage.person("Bob")
        ada = play.bots["Ada"] if platform == "telegram" else play.discord_bots["Ada"]
        chat = stage.dm(bob, ada) if platform == "telegram" else stage.discord.dm(bob, ada)
        bob.sends_voice(chat, endless, seconds=told)
        async with asyncio.timeout(15):
            await stage.next_from(ada, chat)
        assert "could not be listened to: " in question(model.requests[0])
        bob.says(chat, "and in words?")
        await until(lambda: "and in words?" in stage.messages(chat)[-1].text)
