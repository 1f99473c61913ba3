"""Speech over hers: what stops her, when, and what of her answer is remembered as heard."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bots.sandbox import Stage
from core.models.scripted import Scripted
from core.ports import Form, Spent
from core.speech.offline import OfflineVoice
from tests.flows.talk import reply
from tests.voice.audio import (
    Track,
    cough,
    loud_until,
    said,
    same_sound,
    seconds_of,
    trimmed,
    words,
)
from tests.voice.parlour import CLEAR, Guest, Parlour, parlour, until

SENTENCES = (
    "The sun is shining.",
    "Winter is my favorite season.",
    "He has two brothers and one sister.",
    "The children are playing in the garden.",
)
ANSWER = " ".join(SENTENCES)
ASKED = "where is the library"


def answering(text: str = ANSWER) -> Scripted:
    return Scripted([reply(text), reply("Yes.")])


async def speaking(here: Parlour, guest: Guest, seconds: float) -> None:
    """She is asked, and has been answering for a while."""
    await guest.says(ASKED)
    await until(lambda: seconds_of(guest.tracks["Ada"].pcm) >= seconds)


async def interrupted(here: Parlour, guest: Guest) -> float:
    """Somebody speaks over her; how long she was heard after half a second of that."""
    await speaking(here, guest, 3.0)
    over = await said("can you hear me now")
    began = asyncio.get_running_loop().time()
    await guest.sounds(over)
    await until(lambda: len(here.kept()) == 4)
    return silent_since(guest.tracks["Ada"]) - began - loud_until(over, 0.5)


def silent_since(track: Track) -> float:
    """When the answer ended that was broken off: what came behind it is one of its own."""
    return track.spells[-2][1]


async def sound_of(text: str) -> bytes:
    """As she says it, with the silence behind each sentence."""
    pieces = OfflineVoice(CLEAR).stream(text, Form.PCM, Spent())
    return b"".join([piece async for piece in pieces])


async def length_until(kept: str) -> float:
    """Seconds from the beginning of her answer to the end of its last word that is remembered."""
    seconds, rest = 0.0, kept
    for one in SENTENCES:
        if not rest.startswith(one):
            break
        seconds, rest = seconds + seconds_of(await sound_of(one)), rest[len(one) :].strip()
    return seconds + (seconds_of(await said(rest, CLEAR)) if rest else 0.0)


async def is_whole(heard: Track) -> None:
    """All of it was said, and nothing twice."""
    wanted = b"".join([await sound_of(one) for one in SENTENCES])
    spells = heard.spells
    # Behind the last word, and wherever she was held up, come five frames of silence.
    assert 0 <= seconds_of(heard.pcm) - seconds_of(wanted) <= 0.4
    before, after = heard.until(spells[0][1]).pcm, heard.since(spells[-1][0]).sounding
    behind = trimmed(wanted)
    assert same_sound(before, wanted[: len(before)]) > 0.9
    assert same_sound(after, behind[len(behind) - len(after) :]) > 0.9


async def test_speech_over_hers_stops_her_and_what_was_heard_is_what_is_remembered(
    tmp_path: Path, stage: Stage
) -> None:
    async with parlour(tmp_path, "Ada", model=answering(), stage=stage) as here:
        bob = await here.comes("Bob")
        late = await interrupted(here, bob)
        assert late < 0.5, "she does not wait until he is done"
        _, kept, _, last = here.kept()
        answer = bob.tracks["Ada"]
        heard = answer.until(silent_since(answer))
        assert ANSWER.startswith(kept)
        assert abs(await length_until(kept) - seconds_of(heard.pcm)) <= 0.3
        planned = b"".join([await sound_of(one) for one in SENTENCES])
        assert same_sound(heard.pcm, planned[: len(heard.pcm)]) > 0.9
        assert words(last) == ["yes"], "what was said over hers is answered"


@pytest.mark.soak
async def test_she_stops_within_200_ms_of_half_a_second_of_speech(
    tmp_path: Path, stage: Stage
) -> None:
    """On a machine that has nothing else to do."""
    async with parlour(tmp_path, "Ada", model=answering(), stage=stage) as here:
        assert await interrupted(here, await here.comes("Bob")) <= 0.2


async def test_a_cough_holds_her_up_and_costs_no_word(tmp_path: Path, stage: Stage) -> None:
    settings = {"VOICE_FALSE_INTERRUPTION": "0.5"}
    async with parlour(tmp_path, "Ada", model=answering(), stage=stage, settings=settings) as here:
        bob = await here.comes("Bob")
        await speaking(here, bob, 1.0)
        await bob.sounds(cough(0.6))
        await until(lambda: len(here.kept()) == 2)
        await bob.hears_out()
        assert len(bob.tracks["Ada"].spells) >= 2, "she was held up"
        await is_whole(bob.tracks["Ada"])
        assert here.kept() == [ASKED, ANSWER]


@pytest.mark.soak  # flows/test_voice_talk shows it without any sound
async def test_who_nods_does_not_interrupt(tmp_path: Path, stage: Stage) -> None:
    async with parlour(tmp_path, "Ada", model=answering(), stage=stage) as here:
        bob = await here.comes("Bob")
        await speaking(here, bob, 0.5)
        await bob.says("yes")
        await asyncio.sleep(0.7)
        await bob.says("okay good")
        await until(lambda: len(here.kept()) == 2)
        await bob.hears_out()
        await is_whole(bob.tracks["Ada"])
        assert here.kept() == [ASKED, ANSWER], "a nod is no part of the talk"
        assert len(here.spoken()) == 1
