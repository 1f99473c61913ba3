"""Several who speak in one channel, and what is typed there meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bots.sandbox import Stage
from core.models.scripted import Scripted
from core.ports import ModelRequest
from core.speech.offline_ear import OfflineEar
from tests.flows.talk import IGNORE, question, reply, speaker
from tests.voice.audio import alike, in_words, pitch_of
from tests.voice.parlour import parlour, until

SAYS = {"Victoria": "The sun is shining.", "Samantha": "Winter is my favorite season."}
LONG = (
    "The sun is shining. Winter is my favorite season. He has two brothers and one sister. "
    "The children are playing in the garden."
)


def each_once(request: ModelRequest) -> str:
    """To what Bob says; what they say to each other needs no answer."""
    if not question(request).startswith("Bob:"):
        return IGNORE
    return reply(SAYS[speaker(request)])


async def test_who_are_both_called_speak_one_after_the_other_each_with_her_own_voice(
    tmp_path: Path, stage: Stage, ear: OfflineEar
) -> None:
    own = {"OFFLINE_VOICE": ""}
    names = tuple(SAYS)
    async with parlour(
        tmp_path, *names, model=Scripted(each_once), stage=stage, settings=own
    ) as here:
        bob = await here.comes("Bob")
        await bob.says("Samantha and Victoria, how are you today")
        for name in names:
            await bob.hears(name)
        spells = sorted((bob.tracks[name].spells[0], name) for name in names)
        (first, _), (second, _) = spells
        assert first[1] < second[0], "nobody speaks over the other"
        for name, text in SAYS.items():
            assert alike(await in_words(bob.tracks[name].pcm, ear), text) > 0.6
        low, high = sorted(pitch_of(bob.tracks[name].pcm) for name in names)
        assert high > 1.1 * low, "two voices"


async def test_what_is_typed_is_answered_in_writing_while_she_speaks_in_that_channel_too(
    tmp_path: Path, stage: Stage
) -> None:
    def answer(request: ModelRequest) -> str:
        return reply("Here it is." if "link" in question(request) else LONG)

    async with parlour(tmp_path, "Ada", model=Scripted(answer), stage=stage) as here:
        bob = await here.comes("Bob")
        await bob.says("where is the library")
        await until(lambda: bob.tracks["Ada"].spells)
        bob.person.says(here.chat, "@Ada have you a link?")
        assert (await stage.next_from(here.bots["Ada"], here.chat)).text == "Here it is."
        assert await here.asks(bob, "@Ada and a link here?") == "Here it is."
        at = asyncio.get_running_loop().time()
        await bob.hears_out()
        assert bob.tracks["Ada"].sounded > at + 1, "she has spoken on meanwhile"
        await until(lambda: LONG in here.kept())
