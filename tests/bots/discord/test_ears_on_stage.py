"""Listening with discord.py's own client in a voice channel of the stage, faults and all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord
import numpy as np
import pytest

from bots.discord.ears import Ears
from bots.sandbox.discord.voice import Policy, Seat, Trouble
from core.clock import SystemClock
from core.messages import Author
from core.ports import Spent
from core.ports.speech import HEARD, RATE, Sound
from core.ports.voices import Listening, Present, Utterance
from core.speech import espeak
from core.speech.offline_ear import OfflineEar
from core.speech.pcm import resampled
from tests.bots.discord.test_ears import voice
from tests.stage.discord.conftest import Scene, endpoints, scene
from tests.stage.discord.voices import Parlour, Playing, online, parlour_of, until

__all__ = ["endpoints", "scene"]

pytestmark = pytest.mark.usefixtures("endpoints")
SENTENCE = voice(0.8)
_OVERTOOK = 5
"""Packets of whoever has new keys already, which on a busy machine overtake the word of them."""


@pytest.fixture
def parlour(scene: Scene) -> Parlour:
    return parlour_of(scene)


class Eavesdropper:
    """Ada's ears in the parlour, and what they hear."""

    def __init__(self, parlour: Parlour, client: discord.VoiceClient, silence: float) -> None:
        self.parlour = parlour
        self.told: list[tuple[str, str]] = []
        self.said: list[Utterance] = []
        self.ailing: list[str] = []
        self.bots = frozenset({parlour.ada.snowflake, parlour.eliza.snowflake})
        connection: Any = client._connection
        self.ears = Ears(
            client,
            asyncio.get_running_loop(),
            self,
            Listening(silence=silence),
            self.present,
            SystemClock(),
            self.ailing.append,
        )
        connection.hook = self.ears.hook
        connection.ws._hook = self.ears.hook
        self.ears.begin()

    def present(self, now: object = None) -> list[Present]:
        return [
            Present(Author(str(user), "Somebody", is_bot=user in self.bots))
            for user in self.parlour.house.view(*self.parlour.at).inside
            if user != self.parlour.ada.snowflake
        ]

    def began(self, person: str) -> None:
        self.told.append(("began", person))

    def insists(self, person: str) -> None:
        self.told.append(("insists", person))

    def ended(self, said: Utterance) -> None:
        self.told.append(("ended", said.person))
        self.said.append(said)

    def dropped(self, person: str) -> None:
        self.told.append(("dropped", person))

    def moved(self, channel: str) -> None: ...
    def closed(self, reason: str) -> None: ...

    async def utterances(self, count: int = 1) -> list[Utterance]:
        await until(lambda: len(self.said) >= count)
        return self.said


@asynccontextmanager
async def listening(parlour: Parlour, *, silence: float = 0.5) -> AsyncIterator[Eavesdropper]:
    async with online(parlour.ada) as ada:
        client = await ada.voice_channel(parlour.channel.id).connect()
        listening = Eavesdropper(parlour, client, silence)
        try:
            yield listening
        finally:
            listening.ears.close()


async def seated(parlour: Parlour, *guests: int, already: int = 1) -> list[Seat]:
    seats = [parlour.house.seat(*parlour.at, parlour.guest(number)) for number in guests]
    await until(lambda: parlour.settled(len(guests) + already))
    return seats


async def test_a_person_is_heard_and_when_they_are_done(parlour: Parlour) -> None:
    async with listening(parlour) as ada:
        (mia,) = await seated(parlour, 1)
        mia.say(SENTENCE)
        (said,) = await ada.utterances()
        person = str(mia.user)
        assert ada.told == [("began", person), ("insists", person), ("ended", person)]
        assert said.speech == pytest.approx(0.8, abs=0.2)
        assert np.abs(np.frombuffer(said.pcm, "<i2")).max() > 3_000
        state = ada.ears.state
        assert (state.decrypting, state.deaf, state.undecrypted) == (True, "", 0)


async def test_a_pause_shorter_than_the_silence_is_part_of_what_is_said(parlour: Parlour) -> None:
    async with listening(parlour) as ada:
        (mia,) = await seated(parlour, 1)
        for _ in range(2):
            mia.say(SENTENCE)
            await mia.quiet()
            await asyncio.sleep(0.05)
        (said,) = await ada.utterances()
        # The five frames of silence behind the first, the pause, both sentences.
        assert said.speech == pytest.approx(1.6, abs=0.25)
        assert 1.6 < len(said.pcm) / 32_000 < 2.5


async def test_people_who_speak_at_once_are_heard_apart(parlour: Parlour) -> None:
    async with listening(parlour) as ada:
        mia, max_ = await seated(parlour, 1, 2)
        mia.say(SENTENCE)
        max_.say(voice(0.8, pitch=210))
        said = await ada.utterances(2)
        assert {each.person for each in said} == {str(mia.user), str(max_.user)}
        assert ada.ears.state.undecrypted == 0


async def test_another_bot_is_not_heard(parlour: Parlour) -> None:
    async with listening(parlour) as ada, online(parlour.eliza) as eliza:
        client = await eliza.voice_channel(parlour.channel.id).connect()
        (mia,) = await seated(parlour, 1, already=2)
        client.play(Playing(SENTENCE))
        await until(lambda: not client.is_playing())
        mia.say(SENTENCE)
        (said,) = await ada.utterances()
        assert {person for _, person in ada.told} == {said.person} == {str(mia.user)}


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(loss=0.1),
        Trouble(reorder=0.2),
        Trouble(jitter=0.05),
        Trouble(doubled=0.5),
        Trouble(plain=0.05, padded=0.2),
        Trouble(first=0.1),
        Trouble(undecryptable=0.1),
        Trouble(no_speaking=True),
    ],
    ids=lambda trouble: next(
        name
        for name in (
            "loss",
            "reorder",
            "jitter",
            "doubled",
            "plain",
            "first",
            "undecryptable",
            "no",
        )
        if name == "no" or getattr(trouble, name)
    ),
)
async def test_on_a_bad_way_a_person_is_still_heard(parlour: Parlour, trouble: Trouble) -> None:
    async with listening(parlour) as ada:
        with parlour.house.faults.during(trouble):
            (mia,) = await seated(parlour, 1)
            mia.say(voice(1.5))
            await mia.quiet()
            (said,) = await ada.utterances()
        assert said.person == str(mia.user)
        assert said.speech == pytest.approx(1.5, abs=0.35)
        assert ada.ailing == []
        if not (trouble.undecryptable or trouble.first or trouble.plain):
            assert ada.ears.state.undecrypted <= _OVERTOOK


async def test_whose_key_is_not_ours_makes_us_ail(parlour: Parlour) -> None:
    async with listening(parlour) as ada:
        (mia,) = await seated(parlour, 1)
        with parlour.house.faults.during(Trouble(wrong_key=True)):
            mia.say(voice(4.0))
            await until(lambda: ada.ailing != [])
        assert ada.ears.state.deaf == "what people say cannot be decrypted"
        await ada.utterances()
        assert ada.ears.state.deaf == ""


async def test_people_who_come_while_somebody_speaks_change_nothing(parlour: Parlour) -> None:
    async with listening(parlour) as ada:
        (mia,) = await seated(parlour, 1)
        mia.say(voice(1.5))
        await asyncio.sleep(0.3)
        _, zoe = await seated(parlour, 2, 3, already=2)
        zoe.leave()
        (said,) = await ada.utterances()
        assert said.speech == pytest.approx(1.5, abs=0.3)
        assert ada.ears.state.undecrypted <= 3 * _OVERTOOK
        assert ada.ailing == []


async def test_what_is_heard_can_be_written_down(parlour: Parlour) -> None:
    text = "what is the weather today"
    made = await asyncio.to_thread(espeak.spoken, text, espeak.Manner("en-us"))
    async with listening(parlour, silence=1.5) as ada, OfflineEar() as ear:
        (mia,) = await seated(parlour, 1)
        with parlour.house.faults.during(Trouble(loss=0.02, reorder=0.05, plain=0.05)):
            mia.say(resampled(made, espeak.RATE, RATE))
            (said,) = await ada.utterances()
        heard = await ear.transcribe(Sound(said.pcm, HEARD), Spent())
        assert heard.lower().strip(" .") == text


async def test_a_group_that_begins_anew_while_somebody_speaks_costs_little(
    parlour: Parlour,
) -> None:
    async with listening(parlour) as ada:
        (mia,) = await seated(parlour, 1)
        mia.say(voice(2.0))
        await until(lambda: ada.told != [])
        parlour.house.renew(*parlour.at)
        await mia.quiet()
        await until(lambda: sum(each.speech for each in ada.said) > 1.4)
        assert ada.ailing == []


async def test_encryption_that_ends_and_comes_back_costs_little(parlour: Parlour) -> None:
    async with listening(parlour) as ada:
        (mia,) = await seated(parlour, 1)
        mia.say(voice(3.0))
        await until(lambda: ada.told != [])
        parlour.house.set_policy(Policy.OFF)
        await until(lambda: not ada.ears.state.decrypting)
        await asyncio.sleep(0.5)
        parlour.house.set_policy(Policy.REQUIRED)
        await until(lambda: ada.ears.state.decrypting)
        await mia.quiet()
        await until(lambda: sum(each.speech for each in ada.said) > 2.4)
        assert ada.ailing == []
