"""A voice channel of the stage for unmodified clients: what they say into it, what reaches them."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import davey
import discord
import numpy as np
import yarl
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as decrypt
from nacl.exceptions import CryptoError

from bots.sandbox import Bot, Chat, Person, Stage
from bots.sandbox.discord.voice import VoiceHouse
from bots.sandbox.discord.voice_opus import RATE, Decoder, Encoder
from tests.stage.discord.conftest import Scene

PLAIN = "UnencryptedWhenPassthroughDisabled"


def tone(pitch: float, seconds: float, *, loud: float = 0.3) -> bytes:
    """48 kHz, one channel, signed 16 bits."""
    time = np.arange(int(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * pitch * time) * loud * 32767).astype("<i2").tobytes()


def pitch_of(pcm: bytes | bytearray) -> float:
    """The strongest pitch of some sound; 0 for silence."""
    samples = np.frombuffer(bytes(pcm), "<i2").astype(float)
    if samples.size == 0 or np.abs(samples).max() < 500:
        return 0.0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(spectrum.argmax() * RATE / samples.size)


def loud_seconds(pcm: bytes | bytearray) -> float:
    """How much of it is no silence, by frames of 20 ms."""
    samples = np.frombuffer(bytes(pcm), "<i2").astype(float)
    frames = samples[: samples.size // 960 * 960].reshape(-1, 960)
    return float((np.abs(frames).max(axis=1) > 1500).sum() * 0.02) if frames.size else 0.0


class Playing(discord.AudioSource):
    """Sound as discord.py's own player takes it, already in packets."""

    def __init__(self, pcm: bytes) -> None:
        with Encoder() as encoder:
            pieces = [pcm[at : at + 1920] for at in range(0, len(pcm) - 1919, 1920)]
            self._packets = iter([encoder.encode(piece) for piece in pieces])

    def read(self) -> bytes:
        return next(self._packets, b"")

    def is_opus(self) -> bool:
        return True


class Ear:
    """Takes what reaches a client's UDP socket apart, as a receiver must."""

    def __init__(self, client: discord.VoiceClient) -> None:
        self._connection: Any = client._connection
        self.people: dict[int, int] = {}
        self.pcm: dict[int, bytearray] = {}
        self.failed: list[str] = []
        self.packets: list[tuple[int, int]] = []
        """The sequence and the timestamp of each, in the order in which they came."""
        self._decoders: dict[int, Decoder] = {}
        self._connection.hook = self._told
        if self._connection.ws is not discord.utils.MISSING:
            self._connection.ws._hook = self._told
        self._connection.add_socket_listener(self._heard)

    async def _told(self, _: Any, message: dict[str, Any]) -> None:
        if message["op"] == 5:
            self.people[message["d"]["ssrc"]] = int(message["d"]["user_id"])

    def _heard(self, packet: bytes) -> None:
        """In discord.py's own thread."""
        if packet[1] != 0x78:
            return
        sequence, timestamp, ssrc = struct.unpack_from(">HII", packet, 2)
        self.packets.append((sequence, timestamp))
        head = 12 + 4 * (packet[0] & 0x0F)
        words = 0
        if packet[0] & 0x10:
            words = struct.unpack_from(">H", packet, head + 2)[0]
            head += 4
        key = bytes(self._connection.secret_key)
        try:
            body = decrypt(packet[head:-4], packet[:head], packet[-4:] + bytes(20), key)
        except CryptoError as error:
            self.failed.append(type(error).__name__)
            return
        body = body[4 * words :]
        if packet[0] & 0x20:
            body = body[: -body[-1]]
        session, user = self._connection.dave_session, self.people.get(ssrc, 0)
        if session is not None and session.ready and self._connection.dave_protocol_version:
            try:
                body = session.decrypt(user, davey.MediaType.audio, body)
            except ValueError as error:
                self.failed.append(str(error))
                if PLAIN not in str(error):
                    return
        decoder = self._decoders.setdefault(ssrc, Decoder())
        self.pcm.setdefault(user, bytearray()).extend(decoder.decode(bytes(body)))


async def until(so: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Look every few milliseconds."""
    async with asyncio.timeout(seconds):
        while not so():  # noqa: ASYNC110 - sound has no event for it
            await asyncio.sleep(0.01)


@dataclass
class Parlour:
    stage: Stage
    house: VoiceHouse
    guild: int
    channel: Chat
    ada: Bot
    eliza: Bot
    mia: Person
    guests: dict[int, Person] = field(default_factory=dict)

    def guest(self, number: int) -> int:
        """The id of one of any number of people."""
        if number not in self.guests:
            self.guests[number] = self.stage.person(f"Guest {number}")
        return self.guests[number].snowflake

    @property
    def at(self) -> tuple[int, int]:
        return self.guild, self.channel.id

    def settled(self, count: int) -> bool:
        view = self.house.view(*self.at)
        return view.settled and len(view.encrypted) == count


def parlour_of(scene: Scene) -> Parlour:
    """A voice channel on the stage, and the voice server behind it."""
    stage = scene.stage.discord
    channel = stage.channel(scene.guild, "Parlour", "voice")
    return Parlour(
        scene.stage, stage.voice, scene.guild.id, channel, scene.ada, scene.eliza, scene.mia
    )


class Client(discord.Client):
    """As it is, but that it dials voice by ws."""

    def __init__(self) -> None:
        intents = discord.Intents.default()
        super().__init__(intents=intents, guild_ready_timeout=0.05)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """It would sleep here for five seconds before each login but the first."""

    async def setup_hook(self) -> None:
        http: Any = self.http
        dial = http.ws_connect

        async def ws_connect(url: str, *, compress: int = 0) -> Any:
            if compress:
                url = str(yarl.URL(url).with_scheme("ws"))
            return await dial(url, compress=compress)

        http.ws_connect = ws_connect

    def voice_channel(self, number: int) -> discord.VoiceChannel:
        channel = self.get_channel(number)
        assert isinstance(channel, discord.VoiceChannel)
        return channel


@contextlib.asynccontextmanager
async def online(bot: Bot) -> AsyncIterator[Client]:
    """The client, ready."""
    async with Client() as client, asyncio.TaskGroup() as tasks:
        tasks.create_task(client.start(bot.token))
        await client.wait_until_ready()
        yield client
        for voice in tuple(client.voice_clients):
            await voice.disconnect(force=True)
        await client.close()
