"""The stage with people who speak, and a clock on its port: when each packet came, by the kernel."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from bots.sandbox import Person, Stage
from bots.sandbox.control import control_routes
from bots.sandbox.discord.voice_media import Media
from core.ports import RATE, Form, Spent
from core.speech.offline import OfflineVoice

_STAMPS = 35
"""SO_TIMESTAMPNS of Linux, which Python does not name."""
_STAMP = struct.Struct("@qq")
_LARGEST = 2_048
_OPUS = 0x78
_AUDIBLE = 600
QUESTION = "What time is it?"
_TALK = (
    "The river was high that spring and all the bridges but one were closed so everybody walked "
    "through the market and nobody minded because the bakers gave away what they had not sold "
)


@dataclass(slots=True)
class Traffic:
    """What went by: nanoseconds of the wall clock, bytes, and whose packet it is."""

    came: list[tuple[int, int, int]] = field(default_factory=list)
    went: list[tuple[int, int, int]] = field(default_factory=list)


class TimedMedia(Media):
    """A port whose packets are timed where they arrive, not where somebody comes to read them."""

    def __init__(self) -> None:
        super().__init__()
        self.traffic = Traffic()
        self._line: socket.socket | None = None
        self._host = ""

    async def open(self, host: str) -> None:
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        line.setblocking(False)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        with contextlib.suppress(OSError):  # elsewhere than on Linux, when it is read
            line.setsockopt(socket.SOL_SOCKET, _STAMPS, 1)
        line.bind((host, 0))
        self._line, self._host = line, host
        self.connection_made(_Out(line, self.traffic))
        asyncio.get_running_loop().add_reader(line, self._read)

    def close(self) -> None:
        if self._line is not None:
            asyncio.get_running_loop().remove_reader(self._line)
            self._line.close()

    @property
    def where(self) -> tuple[str, int]:
        assert self._line is not None
        return self._host, self._line.getsockname()[1]

    def _read(self) -> None:
        assert self._line is not None
        while True:
            try:
                data, told, _, address = self._line.recvmsg(_LARGEST, 64)
            except (BlockingIOError, ConnectionError):
                return
            if len(data) > 12 and data[1] & 0x7F == _OPUS:
                (whose,) = struct.unpack_from(">I", data, 8)
                self.traffic.came.append((_stamp(told), len(data), whose))
            self.datagram_received(data, address)


class _Out:
    """As much of a transport as the port needs."""

    def __init__(self, line: socket.socket, traffic: Traffic) -> None:
        self._line = line
        self._traffic = traffic

    def sendto(self, packet: bytes, address: tuple[str, int]) -> None:
        if packet[1] & 0x7F == _OPUS:
            (whose,) = struct.unpack_from(">I", packet, 8)
            self._traffic.went.append((time.time_ns(), len(packet), whose))
        with contextlib.suppress(OSError):  # a packet is lost, as on any way
            self._line.sendto(packet, address)


def _stamp(told: list[tuple[int, int, bytes]]) -> int:
    for level, kind, data in told:
        if level == socket.SOL_SOCKET and kind == _STAMPS:
            seconds, rest = _STAMP.unpack(data[: _STAMP.size])
            return int(seconds * 1_000_000_000 + rest)
    return time.time_ns()


class Talkers:
    """People in voice channels, who listen to nobody: what they would cost is not Troupe's."""

    def __init__(self, stage: Stage, media: TimedMedia, sounds: dict[str, bytes]) -> None:
        self._stage = stage
        self._media = media
        self._sounds = sounds
        self._deeds: dict[str, Callable[[dict[str, Any]], Any]] = {
            "sit": self._sit,
            "say": self._say,
            "stop": self._stop,
            "traffic": self._traffic,
        }

    async def handle(self, request: web.Request) -> web.Response:
        asked = orjson.loads(await request.read())
        return web.json_response(body=orjson.dumps(self._deeds[asked["do"]](asked)))

    def _person(self, asked: dict[str, Any]) -> Person:
        who = self._stage.world.accounts[int(asked["as"])]
        assert isinstance(who, Person)
        return who

    def _sit(self, asked: dict[str, Any]) -> None:
        room = self._stage.world.chats[asked["channel"]]
        self._stage.discord.joins_voice(self._person(asked), room).seat.deaf = True

    def _say(self, asked: dict[str, Any]) -> None:
        """Say a sound, again and again for so many seconds if they are given."""
        sound = self._sounds[asked["sound"]]
        size = round(asked.get("seconds", 0) * RATE) * 2 or len(sound)
        told = (sound * (size // len(sound) + 1))[:size]
        for one in asked["people"]:
            self._talker(one).says(told)

    def _stop(self, asked: dict[str, Any]) -> None:
        for one in asked["people"]:
            self._talker(one).stops()

    def _talker(self, number: int) -> Any:
        who = self._stage.world.accounts[number]
        assert isinstance(who, Person)
        guilds = self._stage.world.guilds.values()
        return next(it for guild in guilds if (it := self._stage.discord.talker(who, guild)))

    def _traffic(self, asked: dict[str, Any]) -> dict[str, Any]:
        traffic = self._media.traffic
        told = {"came": list(traffic.came), "went": list(traffic.went)}
        if asked.get("clear"):
            traffic.came.clear()
            traffic.went.clear()
        return told


async def _said(text: str) -> bytes:
    """From its first sound to its last."""
    import numpy as np

    pieces = [piece async for piece in OfflineVoice("en-us").stream(text, Form.PCM, Spent())]
    pcm = b"".join(pieces)
    loud = np.flatnonzero(np.abs(np.frombuffer(pcm, "<i2")) > _AUDIBLE)
    return pcm[2 * loud[0] : 2 * loud[-1] + 2]


async def _serve(name: str) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    sounds = {"question": await _said(QUESTION), "talk": await _said(_TALK)}
    stage = Stage(limits=False)
    media = stage.discord.voice.media = TimedMedia()
    async with stage:
        bot = stage.discord.bot(name)
        app = web.Application(client_max_size=64 << 20)
        app.add_routes(control_routes(stage))
        app.router.add_post("/bench/voice", Talkers(stage, media, sounds).handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        discord = stage.discord
        ready = {
            "root": stage.root,
            "control": f"http://127.0.0.1:{runner.addresses[0][1]}",
            "bots": [],
            "discord": {
                "api": discord.api_root,
                "gateway": discord.gateway_url,
                "cdn": discord.cdn_root,
                "bots": [{"name": bot.name, "token": bot.token, "id": bot.id}],
            },
        }
        sys.stdout.buffer.write(orjson.dumps(ready) + b"\n")
        sys.stdout.buffer.flush()
        try:
            await stopped.wait()
        finally:
            await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
