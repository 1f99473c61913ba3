"""What voices hold in memory: each joined channel, and each hour in which somebody speaks."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import orjson

from bots.discord.ears_reading import Reading
from bots.discord.ears_whose import Crowd
from core.messages import Author
from core.ports import RATE, Form, Listening, Present, Spent, Utterance
from core.speech.offline import OfflineVoice
from core.speech.opus import Encoder
from tests.benchmarks.processes import running, said_on_start
from tests.benchmarks.rows import Row
from tests.benchmarks.speed import Bench
from tests.benchmarks.voice_world import voices
from tests.bots.discord.sealing import Group, Line, Sending

_PERSON, _US = 42, 43
_STREAM = 7
_TALK = "Every evening the lamps along the harbour were lit one by one and the boats came home."
_PAUSE = 1.0
_WARM = 120.0
"""Seconds of speech in which what is bounded fills."""


async def memory(bench: Bench) -> list[Row]:
    many = 3 if bench.quick else 10
    few, all_ = await _joined(bench, 1), await _joined(bench, many)
    each = (all_ - few) / (many - 1)
    seconds = 60 if bench.quick else 3_600
    told = await _hour(bench, seconds)
    grown = (float(str(told["after"])) - float(str(told["before"]))) * 3_600 / seconds
    return [
        Row(f"MB for each further voice channel, {many} of them", f"{each:.2f}"),
        Row(
            f"MB grown for each hour that somebody speaks, {seconds:,} s",
            f"{grown:.2f}",
            "",
            None,
            "" if bench.quick else "<= 1 MB",
            None if bench.quick else grown <= 1,
        ),
        Row("  utterances in it, and CPU us a packet, encrypting included",
            f"{told['utterances']}, {float(str(told['us'])):.0f}"),
    ]  # fmt: skip


async def _joined(bench: Bench, many: int) -> float:
    """Megabytes, when she was spoken to and has answered in all of them."""
    async with voices(bench.fresh(), many) as world, world.playing(many) as one:
        await world.tell(seconds=1.0, hears="What time is it?")
        await world.calm()
        for _ in range(2):
            await world.say(world.channels, "question")
            await world.speaks(many)
            await world.calm()
        await asyncio.sleep(bench.settles)
        return one.memory()


async def _hour(bench: Bench, seconds: float) -> dict[str, object]:
    log = bench.fresh().with_suffix(".hour")
    async with running(["-m", "tests.benchmarks.voice_hours", str(seconds)], log) as one:
        while not one.ended:  # noqa: ASYNC110 - a process, seen through /proc
            await asyncio.sleep(0.1)
        return await said_on_start(one)


class _Counting:
    """Told of utterances, and keeps none."""

    def __init__(self) -> None:
        self.utterances = 0

    def began(self, person: str) -> None:
        """Nobody minds."""

    def insists(self, person: str) -> None:
        """Nor now."""

    def sound(self, person: str, pcm: bytes) -> None:
        """Nobody listens along."""

    def ended(self, said: Utterance) -> None:
        self.utterances += 1

    def dropped(self, person: str) -> None:
        """It was nothing."""


async def _listen(seconds: float) -> None:
    """Hear somebody through all that a packet goes through, faster than they could speak."""
    group = Group()
    theirs, ours = group.add(_PERSON), group.add(_US)
    line = Line(dave_session=ours, dave_protocol_version=1)
    crowd, counting = Crowd(), _Counting()
    crowd.see([Present(Author(str(_PERSON), "Bob"))], lambda one: True)
    reading = Reading(Listening(), counting, crowd, lambda why: None, lambda: None)
    reading.begin(line)
    reading.tell(_STREAM, _PERSON)
    packets = await _packets()
    sending = Sending(_STREAM, theirs)
    before, began, at = 0.0, time.process_time(), 0.0
    for number in range(round((seconds + _WARM) * 50)):
        at += 0.02
        if number == round(_WARM * 50):
            before, began = _resident(), time.process_time()
        reading.read(sending.packet(packets[number % len(packets)]), at)
        reading.advance(at)
    told = {
        "before": before,
        "after": _resident(),
        "utterances": counting.utterances,
        "us": (time.process_time() - began) / (seconds * 50) * 1e6,
    }
    print(orjson.dumps(told).decode(), flush=True)


async def _packets() -> list[bytes]:
    """A sentence and the pause behind it."""
    pieces = OfflineVoice("en-us").stream(_TALK, Form.PCM, Spent())
    pcm = b"".join([piece async for piece in pieces]) + bytes(round(_PAUSE * RATE) * 2)
    encoder, size = Encoder(), RATE // 50 * 2
    return [encoder.encode(pcm[at : at + size]) for at in range(0, len(pcm) - size, size)]


def _resident() -> float:
    line = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in line
    )
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    asyncio.run(_listen(float(sys.argv[1])))
