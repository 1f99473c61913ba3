"""The packets of one voice channel, beat by beat, as whoever has the key reads them."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator
from time import sleep

import pytest
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as decrypt

from bots.discord.mouth import ChannelMouth
from bots.discord.voice_packets import EndToEnd, Way
from bots.discord.voice_sending import Sending
from core.speech.opus import SILENCE, Encoder
from tests.bots.discord.voices import tone

KEY = os.urandom(32)


class Wire:
    """Both ends of a way, and a sender whom a test lets beat."""

    def __init__(self, encoder: Encoder) -> None:
        self.near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.far.setblocking(False)
        self.stands = True
        self.dave: EndToEnd | None = None
        self.says: list[bool] = []
        self.waited: list[float] = []
        """What was still to be said when it had waited for long enough."""
        self.mouth = ChannelMouth(asyncio.get_running_loop(), lambda: None)
        self.sending = Sending(self.mouth, self._way, encoder, self.says.append, self._waits)

    def _way(self) -> Way | None:
        return Way(self.near, 77, KEY, self.dave) if self.stands else None

    def _waits(self) -> None:
        self.waited.append(self.mouth.waiting)

    def beat(self, times: int = 1) -> list[bool]:
        goes_on = []
        for _ in range(times):
            self.sending.send()
            goes_on.append(self.sending.prepare())
        return goes_on

    def packets(self) -> list[tuple[int, int, int, bytes]]:
        """Of each that has come: its number, its time, its nonce, and what is in it."""
        came = []
        while True:
            try:
                packet = self.far.recv(2_048)
            except BlockingIOError:
                return came
            kind, number, time, ssrc = struct.unpack_from(">HHII", packet)
            assert (kind, ssrc) == (0x8078, 77)
            body = decrypt(packet[12:-4], packet[:12], packet[-4:] + bytes(20), KEY)
            came.append((number, time, int.from_bytes(packet[-4:], "big"), body))

    def close(self) -> None:
        self.near.close()
        self.far.close()


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    wire = Wire(await asyncio.to_thread(Encoder))  # libopus is looked for on the disk
    yield wire
    wire.close()


async def test_the_first_frame_goes_out_in_the_beat_in_which_it_is_made(wire: Wire) -> None:
    wire.mouth.say(tone(0.1))
    wire.beat()
    assert len(wire.packets()) == 1
    assert wire.mouth.played == pytest.approx(0.02)
    assert wire.says == [True]


async def test_five_frames_of_silence_stand_behind_what_is_said_and_then_nothing(
    wire: Wire,
) -> None:
    wire.mouth.say(tone(0.1))
    wire.mouth.end()
    assert wire.beat(12)[-2:] == [False, False]
    came = wire.packets()
    assert [one[0] for one in came] == list(range(10))
    first = came[0][1]
    assert [one[1] - first for one in came] == list(range(0, 9_600, 960))
    assert [one[2] for one in came] == list(range(10))
    assert [one[3] == SILENCE for one in came] == [False] * 5 + [True] * 5
    assert wire.says == [True, False]


async def test_time_in_which_nothing_was_said_has_passed_for_those_who_listen(wire: Wire) -> None:
    wire.mouth.say(tone(0.02))
    wire.mouth.end()
    wire.beat(8)
    sleep(0.2)  # noqa: ASYNC251 - the beat's own time
    wire.mouth.say(tone(0.02))
    wire.beat()
    came = wire.packets()
    assert came[-1][0] == came[-2][0] + 1, "no packet is missing"
    assert 8 * 960 <= came[-1][1] - came[-2][1] <= 40 * 960


async def test_speech_waits_five_seconds_for_a_connection_and_then_goes_on_unheard(
    wire: Wire,
) -> None:
    wire.stands = False
    wire.mouth.say(tone(0.4))
    wire.mouth.end()
    assert all(wire.beat(249))
    assert not wire.waited
    wire.beat(51)
    assert wire.waited == [pytest.approx(0.4)], "whoever speaks is told while all of it waits"
    assert wire.mouth.waiting == pytest.approx(0.4)
    wire.beat(10)
    assert wire.mouth.waiting == pytest.approx(0.2)
    wire.stands = True
    wire.beat(20)
    assert not wire.mouth.speaking
    assert wire.mouth.played == pytest.approx(0.2), "half of it was heard by nobody"
    assert wire.packets()


async def test_keys_that_fail_cost_a_packet_and_not_the_speech(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    class Changing:
        calls = 0

        def encrypt_opus(self, packet: bytes) -> bytes:
            self.calls += 1
            if self.calls in (3, 4):
                raise ValueError("secret")
            return packet

    wire.dave = Changing()
    wire.mouth.say(tone(0.2))
    wire.mouth.end()
    wire.beat(20)
    assert [one[0] for one in wire.packets()] == list(range(13))
    assert not wire.mouth.speaking
    assert wire.mouth.played == pytest.approx(0.16)
    assert [one.message for one in caplog.records] == [
        "a packet of speech cannot be made (ValueError); said once"
    ]
