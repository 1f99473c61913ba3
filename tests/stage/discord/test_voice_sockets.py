"""The voice gateway, v8, by hand: who is let in, what is numbered, what a RESUME brings back."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest

from bots.sandbox.discord.voice import Policy, VoiceHouse
from bots.sandbox.port import Port

MODE = "aead_xchacha20_poly1305_rtpsize"
ROOM = (1, 10)


class Line:
    """One socket: sends operations, reads messages in the order in which they come."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.seq = -1
        self.ready: dict[str, Any] = {}

    async def send(self, op: int, told: Any = None) -> None:
        await self.socket.send_str(orjson.dumps({"op": op, "d": told}).decode())

    async def next(self) -> tuple[int, Any]:
        async with asyncio.timeout(10):
            frame = await self.socket.receive()
        if frame.type is aiohttp.WSMsgType.BINARY:
            self.seq = struct.unpack_from(">H", frame.data)[0]
            return frame.data[2], frame.data[3:]
        if frame.type is not aiohttp.WSMsgType.TEXT:
            raise EOFError(f"closed with {self.socket.close_code}")
        message = orjson.loads(frame.data)
        self.seq = message.get("seq", self.seq)
        return message["op"], message["d"]

    async def operation(self, op: int) -> Any:
        while True:
            found, told = await self.next()
            if found == op:
                return told

    async def identify(self, house: VoiceHouse, user: int, **more: Any) -> None:
        asked = {
            "server_id": str(ROOM[0]),
            "user_id": str(user),
            "session_id": f"session-{user}",
            "token": house.admit(*ROOM, user, f"session-{user}"),
            "max_dave_protocol_version": 1,
            **more,
        }
        await self.send(0, asked)

    async def describe(self, mode: str = MODE) -> dict[str, Any]:
        """READY and SELECT PROTOCOL; gives the session's description."""
        self.ready = await self.operation(2)
        data = {"address": "127.0.0.1", "port": 5, "mode": mode}
        await self.send(1, {"protocol": "udp", "data": data})
        described: dict[str, Any] = await self.operation(4)
        return described

    async def closed(self) -> int | None:
        with contextlib.suppress(EOFError):
            while True:
                await self.next()
        return self.socket.close_code


@pytest.fixture
async def house() -> AsyncIterator[VoiceHouse]:
    port = Port("127.0.0.1", 0)
    async with VoiceHouse(lambda: port.where) as house:
        await port.open(house.handle)
        yield house
        port.shut()
    await port.end()


@contextlib.asynccontextmanager
async def dialled(house: VoiceHouse, query: str = "v=8") -> AsyncIterator[Line]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"ws://{house.endpoint(ROOM[0])}/?{query}", compress=15) as socket,
    ):
        yield Line(socket)


async def test_it_says_hello_answers_beats_and_takes_a_client_in(house: VoiceHouse) -> None:
    async with dialled(house) as line:
        assert (await line.operation(8))["heartbeat_interval"] == 41_250
        await line.send(3, {"t": 77, "seq_ack": -1})
        assert await line.operation(6) == {"t": 77}
        assert line.seq == -1
        await line.identify(house, 5)
        described = await line.describe()
        assert MODE in line.ready["modes"]
        assert described["dave_protocol_version"] == 1
        assert len(described["secret_key"]) == 32
        assert line.seq == 2
        assert await line.operation(25)
        assert house.connected(ROOM[0], 5)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"token": "another"}, 4004),
        ({"session_id": "another"}, 4006),
        ({"user_id": "6"}, 4006),
        ({"server_id": "nine"}, 4002),
        ({"max_dave_protocol_version": 0}, 4017),
    ],
)
async def test_who_may_not_come_is_told_why(
    house: VoiceHouse, wrong: dict[str, Any], code: int
) -> None:
    async with dialled(house) as line:
        await line.identify(house, 5, **wrong)
        assert await line.closed() == code
    assert house.calls() == ()


@pytest.mark.parametrize(
    ("op", "told", "code"),
    [
        (1, {}, 4003),
        (99, {}, 4003),
        (0, "me", 4002),
    ],
)
async def test_a_stranger_may_do_nothing_but_say_who_it_is(
    house: VoiceHouse, op: int, told: Any, code: int
) -> None:
    async with dialled(house) as line:
        await line.send(op, told)
        assert await line.closed() == code


@pytest.mark.parametrize(
    ("op", "told", "code"),
    [
        (99, {}, 4001),
        (0, {}, 4005),
        (1, {"protocol": "tcp"}, 4012),
        (1, {"protocol": "udp", "data": 4}, 4002),
        (
            1,
            {"protocol": "udp", "data": {"address": "", "port": 1, "mode": "xsalsa20_poly1305"}},
            4016,
        ),
    ],
)
async def test_a_rule_that_is_broken_ends_the_session(
    house: VoiceHouse, op: int, told: Any, code: int
) -> None:
    async with dialled(house) as line:
        await line.identify(house, 5)
        await line.send(op, told)
        assert await line.closed() == code


async def test_other_versions_and_old_regions_are_refused(house: VoiceHouse) -> None:
    async with dialled(house, "v=4") as line:
        assert await line.closed() == 4012
    async with dialled(house) as line:
        await line.operation(8)
        house.move_region(ROOM[0])
        await line.identify(house, 5)
        assert await line.closed() == 4011


async def test_who_says_nothing_is_timed_out(house: VoiceHouse) -> None:
    house.heartbeat = 0.05
    async with dialled(house) as line:
        assert await line.closed() == 4009


async def test_a_resume_brings_what_was_missed_and_nothing_twice(house: VoiceHouse) -> None:
    async with dialled(house) as line:
        await line.identify(house, 5)
        await line.describe()
        await line.operation(25)
        seq = line.seq
        house.abort(ROOM[0], 5)
        assert await line.closed() == 1006
    house.seat(*ROOM, 6)
    async with dialled(house) as line:
        token = house.admit(*ROOM, 5, "session-5")
        asked = {"server_id": "1", "session_id": "session-5", "token": token, "seq_ack": seq}
        await line.send(7, asked)
        told = [(await line.next())[0] for _ in range(4)]
        assert told == [8, 11, 5, 9]
    await asyncio.sleep(0.02)
    assert house.view(*ROOM).inside == (6,)


async def test_a_resume_of_what_is_gone_is_refused(house: VoiceHouse) -> None:
    async with dialled(house) as line:
        await line.identify(house, 5)
        await line.describe()
        house.close(ROOM[0], 5, 4015)
        assert await line.closed() == 4015
    assert house.view(*ROOM).inside == (5,)
    asked = {"server_id": "1", "session_id": "session-5", "token": "another", "seq_ack": 1}
    async with dialled(house) as line:
        await line.send(7, asked)
        assert await line.closed() == 4006
    asked["token"] = house.admit(*ROOM, 5, "session-5")
    async with dialled(house) as line:
        await line.send(7, {**asked, "seq_ack": 400})
        assert await line.closed() == 4006
    house.resumable = False
    async with dialled(house) as line:
        await line.send(7, asked)
        assert await line.closed() == 4006


async def test_who_is_not_back_in_time_is_out(house: VoiceHouse) -> None:
    house.survives = 0.05
    async with dialled(house) as line:
        await line.identify(house, 5)
        await line.describe()
        house.abort(ROOM[0], 5)
        assert await line.closed() == 1006
        assert house.view(*ROOM).inside == (5,)
    await asyncio.sleep(0.1)
    assert house.view(*ROOM).inside == ()


async def test_speaking_is_told_to_the_others_with_whose_it_is(house: VoiceHouse) -> None:
    async with dialled(house) as one, dialled(house) as two:
        await one.identify(house, 5)
        await one.describe()
        await two.identify(house, 6)
        await two.describe()
        assert await one.operation(11) == {"user_ids": ["6"]}
        assert await two.operation(11) == {"user_ids": ["5"]}
        await one.send(5, {"speaking": 1, "delay": 0, "ssrc": one.ready["ssrc"]})
        heard = await two.operation(5)
        assert (heard["user_id"], heard["ssrc"], heard["speaking"]) == ("5", one.ready["ssrc"], 1)
        house.dismiss(ROOM[0], 5)
        assert await one.closed() == 4014
        assert await two.operation(13) == {"user_id": "5"}
        house.end_call(*ROOM)
        assert await two.closed() == 4022


async def test_packets_of_nobody_and_by_no_key_are_counted_and_dropped(house: VoiceHouse) -> None:
    async with dialled(house) as line:
        await line.identify(house, 5)
        await line.describe()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(5)
            udp.connect(house.media.where)
            udp.send(b"\x80\x78" + bytes(40))
            await asyncio.sleep(0.02)
            assert house.media.strange == 1
            udp.send(struct.pack(">HHI", 1, 70, line.ready["ssrc"]) + bytes(66))
            await asyncio.sleep(0.02)
            found = udp.recv(100)
            assert struct.unpack(">HHI", found[:8]) == (2, 70, line.ready["ssrc"])
            assert found[8:72].rstrip(b"\0") == b"127.0.0.1"
            assert struct.unpack(">H", found[72:]) == (udp.getsockname()[1],)
            udp.send(b"\x80\x78" + bytes(40))
            udp.send(b"keepaliv")
            await asyncio.sleep(0.02)
            assert udp.recv(100) == b"keepaliv"
            assert house.media.undecryptable == 1


async def test_one_without_encryption_takes_it_from_all_until_it_leaves(house: VoiceHouse) -> None:
    house.set_policy(Policy.OFFERED)
    seats = [house.seat(*ROOM, user) for user in (7, 8)]
    await asyncio.sleep(0.1)
    assert all(seat.encrypted for seat in seats)
    async with dialled(house) as line:
        await line.identify(house, 5, max_dave_protocol_version=0)
        assert (await line.describe())["dave_protocol_version"] == 0
        await asyncio.sleep(0.05)
        assert house.view(*ROOM).version == 0
        assert not any(seat.encrypted for seat in seats)
        seats[0].say(bytes(1920 * 5))
        await seats[0].quiet()
        assert seats[1].heard[7].frames == 10
    await asyncio.sleep(0.2)
    assert all(seat.encrypted for seat in seats)
    assert seats[0].privacy_code == seats[1].privacy_code
    seats[0].say(bytes(1920 * 5))
    await seats[0].quiet()
    assert (seats[1].heard[7].frames, seats[1].heard[7].undecrypted) == (20, 0)
