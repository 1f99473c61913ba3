"""People of the stage in voice channels: heard by each other and by a real client, moved, put out."""

import array
import asyncio
import io
import itertools
import math
import subprocess
import sys
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest

from bots.discord.endpoints import Endpoints, lead_voice, set_endpoints
from bots.sandbox import Chat, Person
from bots.sandbox.discord.talker import Talker
from tests.stage.discord.conftest import Scene

RATE = 48_000


def tone(seconds: float, pitch: float = 440.0, rate: int = RATE) -> bytes:
    turn = 2 * math.pi * pitch / rate
    return array.array(
        "h", (int(9000 * math.sin(turn * at)) for at in range(int(seconds * rate)))
    ).tobytes()


def seconds_of(pcm: bytes) -> float:
    return len(pcm) / 2 / RATE


def pitch_of(pcm: bytes) -> float:
    """By how often the wave goes up through nothing, in the loud part of it."""
    samples = array.array("h", pcm)[RATE // 10 :]
    rises = sum(1 for one, two in itertools.pairwise(samples) if one < 0 <= two)
    return rises * RATE / len(samples)


async def until(is_so: Callable[[], object], within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while not is_so():  # noqa: ASYNC110 - of frames nobody is told
            await asyncio.sleep(0.01)


@pytest.fixture
def parlour(scene: Scene) -> Chat:
    return scene.stage.discord.channel(scene.guild, "Parlour", "voice")


@pytest.fixture
def kitchen(scene: Scene) -> Chat:
    return scene.stage.discord.channel(scene.guild, "Kitchen", "voice")


def sits(scene: Scene, person: Person, room: Chat) -> Talker:
    return scene.stage.discord.joins_voice(person, room)


@asynccontextmanager
async def together(scene: Scene, room: Chat) -> AsyncIterator[tuple[Talker, Talker]]:
    """Mia and Max, once they can understand each other."""
    mia, max_ = sits(scene, scene.mia, room), sits(scene, scene.max, room)
    await until(lambda: mia.seat.encrypted and max_.seat.encrypted)
    yield mia, max_


async def test_what_one_says_the_other_hears(scene: Scene, parlour: Chat) -> None:
    async with together(scene, parlour) as (mia, max_):
        assert mia.says(tone(0.5)) == pytest.approx(0.5)
        await mia.quiet()
        await until(lambda: seconds_of(max_.hears(scene.mia)) >= 0.5)
        assert pitch_of(max_.hears(scene.mia)[: RATE // 2 * 2]) == pytest.approx(440, rel=0.05)
        assert max_.hears(scene.max) == b""


async def test_any_sound_file_can_be_said(scene: Scene, parlour: Chat) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 16_000, 0, "NONE", ""))
        writer.writeframes(tone(0.3, rate=16_000))
    async with together(scene, parlour) as (mia, max_):
        assert await mia.says_file(file.getvalue()) == pytest.approx(0.3, rel=0.02)
        await mia.quiet()
        await until(lambda: seconds_of(max_.hears(scene.mia)) >= 0.3)
        with pytest.raises(ValueError, match="no sound"):
            await mia.says_file(b"these are words" * 9)


async def test_who_is_muted_says_nothing_and_who_is_deaf_hears_nothing(
    scene: Scene, parlour: Chat
) -> None:
    async with together(scene, parlour) as (mia, max_):
        mia.mutes()
        assert mia.says(tone(0.2)) == 0
        mia.mutes(on=False)
        scene.stage.discord.silences_voice(scene.guild, scene.mia, mute=True)
        assert mia.says(tone(0.2)) == 0
        scene.stage.discord.silences_voice(scene.guild, scene.mia, mute=False)
        max_.deafens()
        assert scene.guild.voices[scene.max].self_mute
        mia.says(tone(0.1))
        await mia.quiet()
        assert max_.hears(scene.mia) == b""
        max_.deafens(on=False)
        mia.says(tone(0.1))
        await until(lambda: max_.hears(scene.mia))


async def test_who_is_moved_talks_on_in_the_other_channel(
    scene: Scene, parlour: Chat, kitchen: Chat
) -> None:
    async with together(scene, parlour) as (mia, max_):
        scene.stage.discord.moves_voice(scene.guild, scene.max, kitchen)
        assert max_.room is kitchen
        mia.moves(kitchen)
        await until(lambda: mia.seat.encrypted and max_.seat.encrypted)
        await until(lambda: mia.privacy_code and mia.privacy_code == max_.privacy_code)
        mia.says(tone(0.2))
        await until(lambda: seconds_of(max_.hears(scene.mia)) >= 0.2)


async def test_who_is_put_out_is_out(scene: Scene, parlour: Chat) -> None:
    play = scene.stage.discord
    changes: list[Chat | None] = []
    async with together(scene, parlour) as (mia, max_):
        mia.on_changed = lambda: changes.append(mia.room)
        play.puts_out_of_voice(scene.guild, scene.mia)
        assert changes == [None]
        with pytest.raises(ValueError, match="in no voice channel"):
            mia.says(tone(0.1))
        play.delete_channel(parlour)
        assert max_.room is None
        assert play.talker(scene.max, scene.guild) is None
        assert play.voice.calls() == ()


async def test_a_full_channel_takes_nobody(scene: Scene, parlour: Chat) -> None:
    play = scene.stage.discord
    play.limits_voice(parlour, 1)
    sits(scene, scene.max, parlour)
    other = scene.stage.person("Noor")
    play.invite(scene.guild, other)
    with pytest.raises(ValueError, match="may not come"):
        sits(scene, other, parlour)


async def test_the_world_knows_who_speaks_and_that_nobody_else_hears_it(
    scene: Scene, parlour: Chat
) -> None:
    guild = scene.guild
    events: list[dict[str, Any]] = []
    scene.stage.on_event(events.append)
    async with together(scene, parlour) as (mia, max_):
        await until(lambda: guild.codes.get(parlour))
        mia.says(tone(0.2))
        await until(lambda: scene.mia in guild.speaking)
        await until(lambda: scene.mia not in guild.speaking)
        await until(lambda: guild.codes.get(parlour) == max_.privacy_code == mia.privacy_code)
        told = [event["rooms"][parlour.key] for event in events if event["type"] == "voices"]
        assert any(one["speaking"] for it in told for one in it["inside"])
        assert told[-1]["code"] == mia.privacy_code
        mia.leaves()
        max_.leaves()
        assert guild.codes == {}


async def test_a_real_client_and_a_person_hear_each_other_wherever_both_are_put(
    scene: Scene, parlour: Chat, kitchen: Chat, client: discord.Client
) -> None:
    guild = scene.guild
    mia = sits(scene, scene.mia, parlour)
    there = client.get_channel(parlour.id)
    assert isinstance(there, discord.VoiceChannel)
    await until(lambda: list(there.voice_states) == [scene.mia.snowflake])
    voice: discord.VoiceClient = await there.connect(timeout=20)
    try:
        await hears_of(mia, voice, scene)
        # The owner moves both; then Discord moves to another voice server.
        for who in (scene.mia, scene.ada):
            scene.stage.discord.moves_voice(guild, who, kitchen)
        await until(lambda: getattr(voice.channel, "id", 0) == kitchen.id and voice.is_connected())
        await hears_of(mia, voice, scene)
        scene.stage.discord.moves_region(guild)
        await until(lambda: voice.endpoint == scene.stage.discord.voice.endpoint(guild.id))
        await until(voice.is_connected)
        await hears_of(mia, voice, scene)
    finally:
        await voice.disconnect()
    await until(lambda: scene.ada not in guild.voices)


async def hears_of(mia: Talker, voice: discord.VoiceClient, scene: Scene) -> None:
    mia.forgets()
    await until(lambda: mia.seat.encrypted)
    await until(lambda: len(scene.stage.discord.voice.calls()[0].encrypted) == 2)
    await until(lambda: voice.is_connected())
    voice.play(discord.PCMAudio(io.BytesIO(stereo(tone(0.4)))))
    await until(lambda: seconds_of(mia.hears(scene.ada)) >= 0.3)
    await until(lambda: not voice.is_playing())


def stereo(pcm: bytes) -> bytes:
    return b"".join(pcm[at : at + 2] * 2 for at in range(0, len(pcm), 2))


async def test_a_bot_that_is_put_out_of_its_channel_knows_it(
    scene: Scene, parlour: Chat, client: discord.Client
) -> None:
    there = client.get_channel(parlour.id)
    assert isinstance(there, discord.VoiceChannel)
    voice: discord.VoiceClient = await there.connect(timeout=20)
    scene.stage.discord.puts_out_of_voice(scene.guild, scene.ada)
    await until(lambda: not voice.is_connected())
    await until(lambda: not there.voice_states)


@pytest.fixture
async def client(scene: Scene, parlour: Chat, kitchen: Chat) -> AsyncIterator[discord.Client]:
    """Ada, logged in by discord.py as it is."""
    play = scene.stage.discord
    set_endpoints(Endpoints(play.api_root, play.gateway_url, play.cdn_root, "ws"))
    ready = asyncio.Event()
    client = discord.Client(intents=discord.Intents.default(), guild_ready_timeout=0.1)

    @client.event
    async def on_ready() -> None:
        ready.set()

    try:
        async with client, asyncio.TaskGroup() as tasks:
            lead_voice(client.http)
            run = tasks.create_task(client.start(scene.ada.token))
            async with asyncio.timeout(20):
                await ready.wait()
            yield client
            await client.close()
            run.cancel()
    finally:
        set_endpoints()


WITHOUT = """
import asyncio, sys
sys.modules["davey"] = sys.modules["av"] = sys.modules["nacl"] = None
from bots.sandbox import Stage

async def main():
    async with Stage() as stage:
        you = stage.furnish([stage.bot("Ada"), stage.discord.bot("Ada")])
        (guild,) = stage.world.guilds.values()
        room = stage.discord.channel(guild, "Parlour", "voice")
        print(stage.discord.has_voice, [it.kind for it in guild.channels.values()].count("voice"))
        try:
            stage.discord.joins_voice(you, room)
        except ValueError as error:
            print(error)

asyncio.run(main())
"""


def test_without_the_libraries_of_voices_the_stage_says_what_to_install() -> None:
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, timeout=60, check=True
    )
    told = "the extra [voice] is not installed: pip install troupe[voice]"
    assert run.stdout.splitlines() == ["False 1", told]
