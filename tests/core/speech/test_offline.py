"""The pair that needs no key: what its voice says, its ear writes down."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import aclosing, suppress
from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelRejected, ModelUnavailable
from core.ports import Spent
from core.ports.speech import HEARD, Form, Sound
from core.settings.layers import Environment, Settings
from core.speech.espeak import Manner
from core.speech.offline import MANNERS, OfflineVoice, offline_pair, offline_voice
from core.speech.offline_ear import OfflineEar
from core.speech.ogg import packets_of
from core.speech.opus import Decoder, Encoder
from core.speech.pcm import FRAME_BYTES, louder, resampled, silence
from core.speech.phones import phones
from tests.core.speech.sentences_heard import SENTENCES
from tests.core.speech.tones import samples, vowel

in_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


async def said(text: str, voice: OfflineVoice | None = None, form: Form = Form.PCM) -> bytes:
    stream = (voice or OfflineVoice()).stream(text, form, Spent())
    async with aclosing(stream) as pieces:
        return b"".join([piece async for piece in pieces])


async def utterance(text: str, voice: OfflineVoice | None = None) -> Sound:
    """As it is heard in a channel: through Opus."""
    return Sound(await asyncio.to_thread(through_opus, await said(text, voice)), HEARD)


def through_opus(spoken: bytes) -> bytes:
    spoken += bytes(-len(spoken) % FRAME_BYTES)
    encoder, decoder = Encoder(), Decoder(16_000)
    frames = range(0, len(spoken), FRAME_BYTES)
    return b"".join(decoder.decode(encoder.encode(spoken[at : at + FRAME_BYTES])) for at in frames)


async def heard(ear: OfflineEar, text: str, words: tuple[str, ...] = ()) -> str:
    sound = await utterance(text)
    return await ear.transcribe(Sound(sound.data, HEARD, words=words), Spent())


def children() -> list[int]:
    """The ears; a test that runs beside this one has none."""
    found = []
    with suppress(FileNotFoundError, ProcessLookupError):  # one has just ended
        for task in Path("/proc/self/task").iterdir():
            for one in map(int, (task / "children").read_text().split()):
                if b"core.speech" in Path(f"/proc/{one}/cmdline").read_bytes():
                    found.append(one)
    return found


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # a process tells nobody that it ends


# --- the voice -----------------------------------------------------------------------------------


async def test_it_speaks_at_48_khz_without_clicks() -> None:
    spoken = await said("Good morning everyone. What is the weather today?")
    assert 2 < len(spoken) / 96_000 < 5
    wave = samples(spoken)
    assert 3_000 < np.abs(wave).max() <= 32_767
    assert abs(wave[0]) < 100
    assert abs(wave[-1]) < 100


async def test_a_long_text_comes_part_by_part_and_can_be_stopped() -> None:
    text = "This is one sentence of a very long story. " * 60
    spent = Spent()
    async with aclosing(OfflineVoice().stream(text, Form.PCM, spent)) as pieces:
        async for piece in pieces:
            assert piece
            break
    assert 0 < spent.usage.units <= 300
    assert spent.usage.provider == "offline"


async def test_a_note_is_ogg_with_opus_as_long_as_what_is_said() -> None:
    spoken = await said("Good morning everyone.")
    pages, _ = packets_of(await said("Good morning everyone.", form=Form.NOTE))
    assert pages.is_whole
    assert pages.seconds == pytest.approx(len(spoken) / 96_000, abs=0.001)


@pytest.mark.parametrize("text", ["", "  \n ", "😀", "\0", "<speak>tag</speak> [[a]]"])
async def test_any_text_is_said_or_passed_over(text: str) -> None:
    assert len(await said(text)) % 2 == 0


async def test_each_character_keeps_a_voice_and_two_can_be_told_apart() -> None:
    marks = {OfflineVoice(whose=f"character-{n}").mark for n in range(60)}
    assert len(marks) == len(MANNERS)
    assert OfflineVoice(whose="ada").mark == OfflineVoice(whose="ada").mark


async def test_a_voice_can_be_named_in_the_settings() -> None:
    environment = Environment.of({"OFFLINE_VOICE": "en-us+f3"})
    named = offline_voice(Settings(environment, character_id="ada"))
    assert "en-us+f3" in named.mark
    assert await said("Hello.", named) != await said("Hello.")


async def test_another_language_is_spoken_as_such() -> None:
    german = OfflineVoice(language="de")
    assert await said("Guten Morgen.", german) != await said("Guten Morgen.")
    assert german.mark != OfflineVoice().mark


async def test_voices_differ_in_height() -> None:
    def height(spoken: bytes) -> float:
        """Where the energy of the lowest octave and a half lies."""
        power = np.abs(np.fft.rfft(samples(spoken))) ** 2
        hertz = np.fft.rfftfreq(len(spoken) // 2, 1 / 48_000)
        low = (hertz > 60) & (hertz < 250)
        return float((power[low] * hertz[low]).sum() / power[low].sum())

    low, high = (OfflineVoice(whose=name) for name in whose_are(MANNERS[5], MANNERS[3]))
    assert (
        height(await said("Hello everyone.", high))
        > height(await said("Hello everyone.", low)) + 10
    )


def whose_are(*manners: Manner) -> list[str]:
    """Characters who speak so."""
    names = [f"character-{n}" for n in range(100)]
    return [next(n for n in names if str(one) in OfflineVoice(whose=n).mark) for one in manners]


@pytest.mark.parametrize("name", ["no-such-voice", "../../etc/passwd", "en-us+nobody/../f3"])
async def test_a_voice_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ModelRejected):
        await said("Hello.", OfflineVoice(name))


async def test_many_speak_at_once_and_none_is_mixed_with_another() -> None:
    """No text sounds twice the same, but it takes as long."""
    texts = ["so " * n for n in range(1, 9)]
    alone = [len(await said(text)) for text in texts]
    assert len(set(alone)) == len(alone)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(said(text)) for text in texts]
    assert [len(task.result()) for task in tasks] == alone


def test_names_are_told_as_the_recogniser_wants_them() -> None:
    assert phones("Eliza") == "IH L AY Z AH"
    assert phones("Otto") == "AA T OW"
    assert phones("Hieronymus").startswith("HH AY ER")


# --- the ear -------------------------------------------------------------------------------------


async def test_what_is_said_is_written_down() -> None:
    async with OfflineEar() as ear:
        wrong = [text for text in SENTENCES[:6] if await heard(ear, text) != text]
        assert wrong == []
        spent = Spent()
        note = await said(SENTENCES[0], form=Form.NOTE)
        assert await ear.transcribe(Sound(note), spent) == SENTENCES[0]
        assert spent.usage.units == pytest.approx(packets_of(note)[0].seconds, abs=0.1)


async def test_two_sentences_with_a_pause_are_both_written_down() -> None:
    async with OfflineEar() as ear:
        both = f"{SENTENCES[0]}. {SENTENCES[1]}."
        assert await heard(ear, both) == f"{SENTENCES[0]} {SENTENCES[1]}"


async def test_the_names_of_who_is_there_are_understood_and_no_others() -> None:
    async with OfflineEar() as ear:
        there = ("Hieronymus", "Eliza")
        assert "Hieronymus" in await heard(ear, "Hieronymus, where are you?", there)
        assert (await heard(ear, "What do you think, Eliza?", there)).endswith("Eliza")
        assert await heard(ear, SENTENCES[0], there) == SENTENCES[0]
        elsewhere = await heard(ear, "Hieronymus, where are you?", ("Eliza",))
        assert "Hieronymus" not in elsewhere


async def test_soft_speech_is_understood_as_well() -> None:
    async with OfflineEar() as ear:
        sound = await utterance(SENTENCES[0])
        soft = Sound(louder(sound.data, 0.05), HEARD)
        assert await ear.transcribe(soft, Spent()) == SENTENCES[0]


async def test_silence_has_no_words() -> None:
    async with OfflineEar() as ear:
        assert await ear.transcribe(Sound(b"", HEARD), Spent()) == ""
        assert await ear.transcribe(Sound(silence(2, 16_000), HEARD), Spent()) == ""


async def test_what_it_cannot_understand_it_says_at_once() -> None:
    async with OfflineEar() as ear:
        with pytest.raises(ModelRejected, match="English"):
            await ear.transcribe(Sound(silence(1, 16_000), HEARD, language="de"), Spent())
        with pytest.raises(ModelRejected, match="no kind of sound"):
            await ear.transcribe(Sound(b"no sound at all"), Spent())
        assert children() == []


async def test_sounds_that_come_together_are_each_answered() -> None:
    async with OfflineEar() as ear, asyncio.TaskGroup() as group:
        tasks = {text: group.create_task(heard(ear, text)) for text in SENTENCES[:4]}
    assert {text: task.result() for text, task in tasks.items()} == {
        text: text for text in SENTENCES[:4]
    }


@pytest.mark.parametrize("seconds", [2, 60])
async def test_a_call_that_is_given_up_does_not_confuse_the_next(seconds: int) -> None:
    async with OfflineEar() as ear:
        assert await heard(ear, SENTENCES[0]) == SENTENCES[0]
        given_up = asyncio.Task(ear.transcribe(Sound(vowel(seconds, 16_000), HEARD), Spent()))
        await asyncio.sleep(0.05)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert await heard(ear, SENTENCES[1]) == SENTENCES[1]


@in_proc
async def test_whatever_ends_the_child_the_sound_is_written_down_all_the_same() -> None:
    async with OfflineEar() as ear:
        assert await heard(ear, SENTENCES[0]) == SENTENCES[0]
        (child,) = children()
        os.kill(child, signal.SIGKILL)
        assert await heard(ear, SENTENCES[1]) == SENTENCES[1]
        (child,) = children()
        sound = Sound((await utterance(SENTENCES[2])).data, HEARD)
        task = asyncio.Task(ear.transcribe(sound, Spent()))
        await asyncio.sleep(0.05)
        os.kill(child, signal.SIGKILL)
        assert await task == SENTENCES[2]


@in_proc
async def test_the_child_comes_with_the_first_sound_and_goes_with_the_house() -> None:
    async with OfflineEar() as ear:
        assert children() == []
        await heard(ear, SENTENCES[0])
        (child,) = children()
        there = Path(f"/proc/{child}")
        assert (there / "environ").read_bytes() == b""
        assert {one.name for one in (there / "fd").iterdir()} == {"0", "1", "2"}
        task = asyncio.Task(ear.transcribe(Sound(vowel(60, 16_000), HEARD), Spent()))
        await asyncio.sleep(0.05)
    assert children() == []
    with pytest.raises(ModelUnavailable):
        await task
    with pytest.raises(ModelUnavailable):
        await ear.transcribe(Sound(b"", HEARD), Spent())


@in_proc
async def test_an_idle_child_ends_and_the_next_sound_has_a_new_one() -> None:
    async with OfflineEar(idle=0.1) as ear:
        assert await heard(ear, SENTENCES[0]) == SENTENCES[0]
        await until(lambda: not children())
        assert await heard(ear, SENTENCES[0]) == SENTENCES[0]


async def test_the_pair_is_for_all_characters() -> None:
    settings = Settings(Environment.of({}), character_id="ada")
    async with offline_pair(stands_in=True) as pair:
        assert pair.stands_in
        assert pair.voice is not None
        assert pair.ear is not None
        spoken = await said(SENTENCES[0], pair.voice(settings))  # type: ignore[arg-type]
        sound = Sound(resampled(spoken, 48_000, 16_000), HEARD)
        words = await pair.ear(settings).transcribe(sound, Spent())
        assert len(set(words.split()) & set(SENTENCES[0].split())) >= 3
