"""What people say in a voice channel, handed to the loop while they say it."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import AsyncIterator

import pytest

from tests.bots.discord.test_ears import ANN, BOB, SAID, Channel


class Along(Channel):
    def __init__(self) -> None:
        super().__init__(along=True)
        self.sounds: defaultdict[str, list[bytes]] = defaultdict(list)

    def sound(self, person: str, pcm: bytes) -> None:
        self.sounds[person].append(pcm)
        self.threads.add(threading.get_ident())


@pytest.fixture
async def channel() -> AsyncIterator[Along]:
    channel = Along()
    yield channel
    channel.ears.close()


async def test_each_ones_sound_comes_while_they_speak_and_is_what_they_have_said(
    channel: Along,
) -> None:
    ann, bob = channel.enter(ANN), channel.enter(BOB)
    channel.ears.begin()
    await channel.speaking(ANN)
    await channel.speaking(BOB)
    half = len(SAID) // 2
    channel.bring(ann, SAID[:half])
    await channel.until(lambda: bool(channel.sounds["11"]))
    assert channel.said == []
    channel.bring(ann, SAID[half:])
    channel.bring(bob)
    for said in await channel.utterances(2):
        sound = b"".join(channel.sounds[said.person])
        assert said.pcm.startswith(sound)
        assert len(sound) > len(said.pcm) - 13_000
        assert all(len(piece) >= 3_200 for piece in channel.sounds[said.person])
    assert channel.threads == {threading.get_ident()}


async def test_of_whom_we_ignore_no_sound_comes_any_more(channel: Along) -> None:
    ann = channel.enter(ANN)
    channel.ears.begin()
    await channel.speaking(ANN)
    channel.bring(ann, SAID[:30])
    await channel.until(lambda: bool(channel.sounds["11"]))
    channel.ears.ignore(frozenset({str(ANN)}))
    before = len(channel.sounds["11"])
    channel.bring(ann, SAID[30:])
    await channel.settled()
    await asyncio.sleep(0)
    assert len(channel.sounds["11"]) == before
    assert channel.said[-1].person == "77"
