"""Two unmodified clients and a person of the stage talk to each other, end-to-end encrypted."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bots.sandbox import Bot, Chat, Person
from bots.sandbox.discord.voice import VoiceHouse
from tests.stage.discord.conftest import Scene
from tests.stage.discord.voices import (
    Ear,
    Playing,
    house_of,
    loud_seconds,
    online,
    pitch_of,
    tone,
    until,
)

pytestmark = pytest.mark.usefixtures("endpoints")


@dataclass
class Parlour:
    house: VoiceHouse
    guild: int
    channel: Chat
    ada: Bot
    eliza: Bot
    mia: Person

    @property
    def at(self) -> tuple[int, int]:
        return self.guild, self.channel.id

    def settled(self, count: int) -> bool:
        view = self.house.view(*self.at)
        return view.settled and len(view.encrypted) == count


@pytest.fixture
async def parlour(scene: Scene) -> AsyncIterator[Parlour]:
    channel = scene.stage.discord.channel(scene.guild, "Parlour", "voice")
    async with house_of(scene.stage) as house:
        yield Parlour(house, scene.guild.id, channel, scene.ada, scene.eliza, scene.mia)


async def test_a_client_hears_a_tone_of_another(parlour: Parlour) -> None:
    async with online(parlour.ada) as ada, online(parlour.eliza) as eliza:
        says = await ada.voice_channel(parlour.channel.id).connect()
        hears = await eliza.voice_channel(parlour.channel.id).connect()
        ear = Ear(hears)
        await until(lambda: parlour.settled(2))
        assert says.voice_privacy_code == hears.voice_privacy_code != ""
        says.play(Playing(tone(440, 1.0)))
        await until(lambda: len(ear.packets) >= 55)
        heard = ear.pcm[parlour.ada.snowflake]
        assert pitch_of(heard[: 48_000 * 2]) == pytest.approx(440, abs=3)
        assert loud_seconds(heard) == pytest.approx(1.0, abs=0.05)
        assert ear.failed == []
