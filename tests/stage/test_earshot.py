"""The page's sockets into voice channels: sound both ways, and what a page may do there."""

import array
import asyncio
import io
import json
import math
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError, web
from aiohttp.test_utils import TestClient, TestServer

from bots.sandbox import Chat, Person, Stage
from bots.sandbox.things import Guild

RATE = 48_000
FRAME = RATE // 50 * 2
Site = TestClient[web.Request, web.Application]


def tone(seconds: float, pitch: float = 500.0, rate: int = RATE) -> bytes:
    turn = 2 * math.pi * pitch / rate
    count = range(int(seconds * rate))
    return array.array("h", (int(9000 * math.sin(turn * at)) for at in count)).tobytes()


def loudness(pcm: bytes) -> float:
    samples = array.array("h", pcm)
    return math.sqrt(sum(one * one for one in samples) / len(samples))


@pytest.fixture
async def site(stage: Stage) -> AsyncIterator[Site]:
    app = web.Application()
    app.add_routes(stage.page_routes())
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
def mia(stage: Stage) -> Person:
    return stage.person("Mia")


@pytest.fixture
def max_(stage: Stage) -> Person:
    return stage.person("Max")


@pytest.fixture
def parlour(stage: Stage, mia: Person, max_: Person) -> Chat:
    guild = stage.discord.guild("Tea house", [mia, max_])
    return stage.discord.channel(guild, "Parlour", "voice")


def guild_of(room: Chat) -> Guild:
    assert room.guild is not None
    return room.guild


class Ear:
    """One page in a channel."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.told: list[Any] = []

    async def next(self) -> bytes | None:
        """The next sound, with whose it is; None when the stage has closed."""
        async with asyncio.timeout(10):
            while True:
                message = await self.socket.receive()
                if message.type is WSMsgType.BINARY:
                    return bytes(message.data)
                if message.type is not WSMsgType.TEXT:
                    return None
                self.told.append(json.loads(message.data))

    async def next_standing(self) -> Any:
        """In which channel the stage says next that the person is."""
        async with asyncio.timeout(10):
            while (message := await self.socket.receive()).type is not WSMsgType.TEXT:
                assert message.type is WSMsgType.BINARY
        return json.loads(message.data)["chat"]

    async def hears(self, who: Person, seconds: float) -> bytes:
        heard = b""
        while len(heard) / 2 / RATE < seconds:
            sound = await self.next()
            assert sound is not None
            if int.from_bytes(sound[:8], "big") == who.id:
                heard += sound[8:]
        return heard

    async def says(self, pcm: bytes) -> None:
        for at in range(0, len(pcm), FRAME):
            await self.socket.send_bytes(pcm[at : at + FRAME])
        await self.does("pause")

    async def does(self, deed: str, **how: Any) -> None:
        await self.socket.send_json({"do": deed, **how})


@asynccontextmanager
async def page_of(site: Site, who: Person, room: Chat) -> AsyncIterator[Ear]:
    async with site.ws_connect(f"/stage/voice?as={who.id}&chat={room.key}") as socket:
        ear = Ear(socket)
        ear.told.append(await socket.receive_json())
        yield ear


async def sealed(stage: Stage, room: Chat) -> None:
    """Wait until those in a channel understand each other."""
    async with asyncio.timeout(10):
        while not stage.discord.voice.view(guild_of(room).id, room.id).settled:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_what_one_page_says_another_hears(
    stage: Stage, site: Site, mia: Person, max_: Person, parlour: Chat
) -> None:
    async with page_of(site, mia, parlour) as one, page_of(site, max_, parlour) as two:
        assert one.told == [{"type": "standing", "chat": parlour.key}]
        await sealed(stage, parlour)
        await one.says(tone(0.4))
        heard = await two.hears(mia, 0.4)
        assert loudness(heard[RATE // 10 : RATE // 2]) > 3000
        await two.says(tone(0.2))
        await one.hears(max_, 0.2)


async def test_a_file_is_played_in_the_channel(
    stage: Stage, site: Site, mia: Person, max_: Person, parlour: Chat
) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 16_000, 0, "NONE", ""))
        writer.writeframes(tone(0.3, rate=16_000))
    address = f"/stage/voice/file?as={mia.id}&chat={parlour.key}"
    answer = await site.post(address, data=file.getvalue())
    assert answer.status == 400
    assert (await answer.json())["error"] == "Mia is not in Parlour"
    async with page_of(site, mia, parlour), page_of(site, max_, parlour) as two:
        await sealed(stage, parlour)
        answer = await site.post(address, data=file.getvalue())
        assert (await answer.json()) == {"ok": True, "seconds": pytest.approx(0.3, rel=0.02)}
        await two.hears(mia, 0.3)
        answer = await site.post(address, data=b"these are words" * 9)
        assert answer.status == 400
        assert "no sound" in (await answer.json())["error"]


async def test_a_page_mutes_deafens_and_shows_a_camera(
    site: Site, mia: Person, parlour: Chat
) -> None:
    guild = guild_of(parlour)
    async with page_of(site, mia, parlour) as page:
        for deed, shown in (
            ("mute", (True, False, False)),
            ("deafen", (True, True, False)),
            ("camera", (True, True, True)),
        ):
            await page.does(deed, on=True)
            await page.next_standing()
            state = guild.voices[mia]
            assert (state.self_mute, state.self_deaf, state.self_video) == shown
        await page.socket.send_str("nonsense")
        await page.does("fly")
        await page.does("deafen", on="perhaps")
        await page.does("deafen", on=False)
        await page.next_standing()
        assert not guild.voices[mia].self_deaf


async def test_a_page_that_goes_takes_its_person_along(
    site: Site, mia: Person, parlour: Chat
) -> None:
    guild = guild_of(parlour)
    async with page_of(site, mia, parlour):
        assert mia in guild.voices
    async with asyncio.timeout(10):
        while mia in guild.voices:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_person_is_there_by_one_page_at_a_time(
    site: Site, mia: Person, parlour: Chat
) -> None:
    async with page_of(site, mia, parlour) as first, page_of(site, mia, parlour):
        assert await first.next() is None
        assert first.socket.close_code == 4000
        assert mia in guild_of(parlour).voices


async def test_who_is_moved_or_put_out_is_told(
    stage: Stage, site: Site, mia: Person, parlour: Chat
) -> None:
    guild = guild_of(parlour)
    kitchen = stage.discord.channel(guild, "Kitchen", "voice")
    async with page_of(site, mia, parlour) as page:
        stage.discord.moves_voice(guild, mia, kitchen)
        assert await page.next_standing() == kitchen.key
        stage.discord.puts_out_of_voice(guild, mia)
        assert await page.next() is None
        assert page.told[-1]["chat"] is None


async def test_a_page_that_does_not_read_costs_the_others_nothing(
    stage: Stage, site: Site, mia: Person, max_: Person, parlour: Chat
) -> None:
    noor = stage.person("Noor")
    stage.discord.invite(guild_of(parlour), noor)
    async with (
        page_of(site, mia, parlour),
        page_of(site, max_, parlour),
        page_of(site, noor, parlour) as listening,
    ):
        await sealed(stage, parlour)
        talker = stage.discord.talker(mia, guild_of(parlour))
        assert talker is not None
        talker.says(tone(1.0))
        await listening.hears(mia, 1.0)


async def test_of_a_microphone_only_so_much_waits(
    stage: Stage, site: Site, mia: Person, parlour: Chat
) -> None:
    async with page_of(site, mia, parlour) as page:
        for _ in range(20):
            await page.socket.send_bytes(tone(0.5))
        await page.does("mute", on=False)
        await page.next_standing()
        talker = stage.discord.talker(mia, guild_of(parlour))
        assert talker is not None
        assert talker.waiting <= 2.5


async def test_nobody_comes_in_who_may_not(
    stage: Stage, site: Site, mia: Person, parlour: Chat
) -> None:
    ada = stage.discord.bot("Ada")
    general = next(iter(guild_of(parlour).channels.values()))
    for asked in (
        f"as={mia.id}&chat={general.key}",
        f"as={mia.id}&chat=dc:1",
        f"as={ada.id}&chat={parlour.key}",
        f"as=me&chat={parlour.key}",
        "",
    ):
        with pytest.raises(WSServerHandshakeError) as refused:
            await site.ws_connect(f"/stage/voice?{asked}")
        assert refused.value.status == 400
    good = f"/stage/voice?as={mia.id}&chat={parlour.key}"
    foreign = {"Origin": "http://elsewhere.org"}
    assert (await site.get(good, headers=foreign)).status == 403
    assert (await site.post("/stage/voice/file", headers=foreign)).status == 403
    # What is no socket at all leaves nobody behind.
    assert (await site.get(good)).status == 400
    assert guild_of(parlour).voices == {}


async def test_the_state_shows_who_is_in_a_voice_channel(
    stage: Stage, site: Site, mia: Person, parlour: Chat
) -> None:
    async with page_of(site, mia, parlour):
        state = await (await site.get("/stage/state")).json()
    (shown,) = [chat for chat in state["chats"] if chat["id"] == parlour.key]
    alone = {"id": mia.id, "mute": False, "deaf": False, "camera": False, "speaking": False}
    assert shown["voices"]["inside"] == [alone]
