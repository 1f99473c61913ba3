"""Files people send: what is said in them is heard, what is made to do harm is refused."""

from __future__ import annotations

import asyncio
import random
import tracemalloc

import pytest

from core.speech.convert import seconds_of, spoken_clip, to_clip, to_pcm
from core.speech.decoding import Bounds
from core.speech.ogg import packets_of, put_together
from core.speech.opus import SILENCE
from core.speech.pcm import UnreadableSound, silence, wav
from tests.core.speech.tones import as_file, strength, tone, vowel

FILES = {
    "mp3": ("mp3", "libmp3lame", 44_100, "stereo"),
    "m4a": ("mp4", "aac", 44_100, "mono"),
    "aac": ("adts", "aac", 44_100, "mono"),
    "ogg": ("ogg", "libopus", 48_000, "mono"),
    "ogg in stereo": ("ogg", "libopus", 48_000, "stereo"),
    "webm": ("webm", "libopus", 48_000, "mono"),
    "wav": ("wav", "pcm_s16le", 22_050, "mono"),
    "flac": ("flac", "flac", 48_000, "stereo"),
    "amr": ("amr", "libopencore_amrnb", 8_000, "mono"),
    "aiff": ("aiff", "pcm_s16be", 44_100, "mono"),
}


def written(name: str, seconds: float = 3.0) -> bytes:
    kind, codec, rate, layout = FILES[name]
    return as_file(tone(400, seconds, rate), kind, codec, rate, layout)


@pytest.mark.parametrize("name", FILES)
async def test_any_usual_file_is_heard(name: str) -> None:
    pcm = await to_pcm(written(name))
    assert len(pcm) / 32_000 == pytest.approx(3, rel=0.03)
    assert strength(pcm[16_000:-16_000], 400, 16_000) == pytest.approx(10_000, rel=0.2)


@pytest.mark.parametrize("name", FILES)
async def test_any_usual_file_becomes_a_voice_message(name: str) -> None:
    clip = await to_clip(written(name))
    pages, _ = packets_of(clip.data)
    assert pages.is_whole
    assert pages.head is not None
    assert pages.head.channels == 1
    assert clip.seconds == pages.seconds == pytest.approx(3, rel=0.02)
    assert 29 <= len(clip.waveform) <= 32
    assert min(clip.waveform[2:-2]) > 200
    back = await to_pcm(clip.data, 48_000)
    assert strength(back[48_000:-48_000], 400) == pytest.approx(10_000, rel=0.2)


async def test_what_is_a_voice_message_already_passes_through() -> None:
    data = written("ogg")
    assert (await to_clip(data)).data == data


async def test_raw_sound_becomes_a_voice_message_as_long_as_it_is() -> None:
    clip = await spoken_clip(vowel(1.234, 22_050), 22_050)
    assert clip.seconds == pytest.approx(1.234, abs=0.001)
    assert len(await to_pcm(clip.data, 48_000)) / 96_000 == pytest.approx(1.234, abs=0.001)


async def test_the_length_of_a_voice_message_is_known_without_hearing_it() -> None:
    assert await seconds_of(written("ogg", 2.2)) == pytest.approx(2.2)
    assert await seconds_of(written("mp3", 2.2)) == pytest.approx(2.2, abs=0.06)


async def test_the_sound_of_a_video_is_heard_and_its_pictures_are_not_looked_at() -> None:
    assert strength((await to_pcm(film()))[16_000:-16_000], 400, 16_000) > 8_000


def film() -> bytes:
    import io
    from fractions import Fraction

    import av
    import numpy as np

    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        pictures = file.add_stream("mpeg4", rate=10, width=64, height=64, pix_fmt="yuv420p")
        voice = file.add_stream("aac", rate=48_000, layout="mono")
        for number in range(20):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 10)
            file.mux(pictures.encode(picture))
        sound = np.frombuffer(tone(400, 2), "<i2").astype(np.float32)[None, :] / 32_768
        for at in range(0, 48_000 * 2, 1_024):
            part = av.AudioFrame.from_ndarray(sound[:, at : at + 1_024], "fltp", "mono")
            part.sample_rate, part.pts = 48_000, at
            file.mux(voice.encode(part))
        file.mux(pictures.encode(None))
        file.mux(voice.encode(None))
    return out.getvalue()


@pytest.mark.parametrize("name", ["mp3", "wav", "ogg", "webm", "m4a"])
async def test_what_is_longer_than_it_may_be_is_refused(name: str) -> None:
    data = written(name, 8)
    with pytest.raises(UnreadableSound, match="longer"):
        await to_pcm(data, bounds=Bounds(seconds=5))
    with pytest.raises(UnreadableSound, match="longer"):
        await to_clip(data, bounds=Bounds(seconds=5))


async def test_ten_hours_in_a_small_file_are_refused_without_hearing_them() -> None:
    endless = put_together([SILENCE] * (50 * 3_600 * 10))
    assert len(endless) < 10_000_000
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableSound, match="longer than 30 minutes"):
            await to_pcm(endless)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        with pytest.raises(UnreadableSound, match="longer than 30 minutes"):
            await to_clip(endless)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


async def test_a_file_that_lies_about_its_length_is_cut_off_on_the_way() -> None:
    """A WAV that says it holds nothing, as one does that was streamed."""
    data = bytearray(wav(silence(20, 8_000), 8_000))
    data[40:44] = data[4:8] = b"\xff\xff\xff\xff"
    with pytest.raises(UnreadableSound, match="longer"):
        await to_pcm(bytes(data), bounds=Bounds(seconds=5))


async def test_too_many_bytes_and_too_much_time_are_refused() -> None:
    data = written("mp3")
    with pytest.raises(UnreadableSound, match="larger"):
        await to_pcm(data, bounds=Bounds(bytes=1_000))
    with pytest.raises(UnreadableSound, match="longer than it may"):
        await to_pcm(data, bounds=Bounds(patience=0))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"plain words",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"OggS" + bytes(200),
        b"ID3\x04\0\0\0\0\0\0" + bytes(500),
        b"\x1a\x45\xdf\xa3" + bytes(500),
        b"\0\0\0\x18ftypmp42" + bytes(500),
        b"RIFF\xff\xff\xff\xffWAVE",
        b"#!AMR\n",
        b"fLaC" + bytes(60),
    ],
)
async def test_what_is_no_sound_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableSound):
        await to_pcm(data)
    with pytest.raises(UnreadableSound):
        await to_clip(data)


@pytest.mark.parametrize("name", FILES)
async def test_damage_is_heard_through_or_refused(name: str) -> None:
    chance = random.Random(name)
    whole = written(name, 1.0)
    for _ in range(12):
        data = bytearray(whole[: chance.randrange(len(whole) // 2, len(whole) + 1)])
        for _ in range(chance.randrange(30)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            pcm = await to_pcm(bytes(data), bounds=Bounds(seconds=60))
        except UnreadableSound:
            continue
        assert len(pcm) <= 60 * 32_000


async def test_who_no_longer_waits_ends_the_work() -> None:
    from concurrent.futures import ThreadPoolExecutor

    lane = ThreadPoolExecutor(1)
    asyncio.get_running_loop().set_default_executor(lane)
    data = wav(vowel(600, 8_000), 8_000)
    task = asyncio.Task(to_clip(data))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # The only thread there is takes the next work at once.
    async with asyncio.timeout(2):
        assert await asyncio.to_thread(int, "7") == 7
