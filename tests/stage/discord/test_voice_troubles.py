"""What goes wrong in voice channels, met by unmodified clients and by people of the stage."""

import asyncio
from typing import Any

import discord
import pytest

from bots.sandbox.discord.voice import Policy, Trouble
from tests.stage.discord.conftest import Scene
from tests.stage.discord.voices import (
    Ear,
    Parlour,
    Playing,
    loud_seconds,
    online,
    parlour_of,
    pitch_of,
    tone,
    until,
)

pytestmark = pytest.mark.usefixtures("endpoints")


@pytest.fixture
def parlour(scene: Scene) -> Parlour:
    return parlour_of(scene)


def states(client: discord.VoiceClient) -> Any:
    return client._connection


# -- servers that move, crash, cut ---------------------------------------------------------------


async def test_who_is_put_into_another_channel_goes_there(parlour: Parlour, scene: Scene) -> None:
    other = scene.stage.discord.channel(scene.guild, "Kitchen", "voice")
    cook = parlour.house.seat(parlour.guild, other.id, parlour.guest(1))
    async with online(parlour.ada) as ada:
        client = await ada.voice_channel(parlour.channel.id).connect()
        Ear(client)
        await until(lambda: parlour.settled(1))
        scene.stage.discord.gateway.calls.move(scene.guild, scene.ada, other)
        await until(lambda: cook.encrypted)
        assert client.channel.id == other.id
        assert parlour.house.view(*parlour.at).inside == ()
        client.play(Playing(tone(440, 0.2)))
        await until(lambda: cook.heard and cook.heard[parlour.ada.snowflake].frames >= 15)


async def test_a_client_goes_where_its_channel_went(parlour: Parlour) -> None:
    mia = parlour.house.seat(*parlour.at, parlour.guest(1))
    async with online(parlour.ada) as ada:
        client = await ada.voice_channel(parlour.channel.id).connect()
        await until(lambda: parlour.settled(2) and not states(client).dave_pending_transitions)
        endpoint = parlour.house.move_region(parlour.guild)
        await until(lambda: client.endpoint == endpoint and client.is_connected())
        await until(lambda: parlour.settled(2) and client.voice_privacy_code == mia.privacy_code)
        mia.forget()
        client.play(Playing(tone(440, 0.2)))
        await until(lambda: mia.heard and mia.heard[parlour.ada.snowflake].frames >= 15)


@pytest.mark.soak  # discord.py's own reader sometimes sleeps on for half a minute
@pytest.mark.parametrize("code", [4006, 4015, 1006])
async def test_a_client_whose_line_breaks_may_come_again(parlour: Parlour, code: int) -> None:
    mia = parlour.house.seat(*parlour.at, parlour.guest(1))
    async with online(parlour.ada) as ada:
        room = ada.voice_channel(parlour.channel.id)
        # Its own way back is a matter of luck: it may look at the old UDP socket for 30 seconds.
        client = await room.connect(reconnect=False)
        await until(lambda: parlour.settled(2))
        if code == 1006:
            parlour.house.abort(parlour.guild, parlour.ada.snowflake)
        else:
            parlour.house.close(parlour.guild, parlour.ada.snowflake, code)
        if code == 4015:
            await client.disconnect()  # it would wait half a minute for more than RESUMED
        await until(lambda: not ada.voice_clients)
        await until(lambda: parlour.settled(1))
        again = await room.connect()
        await until(lambda: parlour.settled(2) and again.voice_privacy_code == mia.privacy_code)
        again.play(Playing(tone(440, 0.2)))
        await until(lambda: mia.heard and mia.heard[parlour.ada.snowflake].frames >= 15)


@pytest.mark.parametrize("code", [4014, 4022])
async def test_a_client_that_is_put_out_stays_out(
    parlour: Parlour, scene: Scene, code: int
) -> None:
    async with online(parlour.ada) as ada:
        client = await ada.voice_channel(parlour.channel.id).connect()
        if code == 4022:
            parlour.house.end_call(*parlour.at)
        scene.stage.discord.gateway.calls.leave(scene.guild, scene.ada)
        await until(lambda: not client.is_connected() and not ada.voice_clients)
        assert parlour.house.view(*parlour.at).inside == ()


# -- encryption that begins anew -----------------------------------------------------------------


async def test_encryption_begins_anew_in_the_middle_of_speech(parlour: Parlour) -> None:
    mia = parlour.house.seat(*parlour.at, parlour.guest(1))
    async with online(parlour.ada) as ada, online(parlour.eliza) as eliza:
        client = await ada.voice_channel(parlour.channel.id).connect()
        ear = Ear(client)
        other = await eliza.voice_channel(parlour.channel.id).connect()
        await until(lambda: parlour.settled(3))
        before = mia.privacy_code
        mia.say(tone(500, 30))
        await until(lambda: len(ear.packets) > 10)
        parlour.house.renew(*parlour.at)
        await until(lambda: parlour.settled(3) and mia.privacy_code not in {"", before})
        await until(lambda: client.voice_privacy_code == mia.privacy_code)
        assert other.voice_privacy_code == mia.privacy_code
        ear.pcm.clear()
        ear.failed.clear()
        await until(lambda: len(ear.pcm.get(parlour.guest(1), b"")) > 48_000)
        mia.stop()
        assert ear.failed == []
        assert pitch_of(ear.pcm[parlour.guest(1)]) == pytest.approx(500, abs=5)


async def test_a_client_that_cannot_follow_is_taken_in_again(parlour: Parlour) -> None:
    mia = parlour.house.seat(*parlour.at, parlour.guest(1))
    async with online(parlour.ada) as ada:
        client = await ada.voice_channel(parlour.channel.id).connect()
        await until(lambda: parlour.settled(2))
        before = mia.privacy_code
        await states(client)._recover_from_invalid_commit(0)
        await until(lambda: mia.privacy_code != before and parlour.settled(2))
        await until(lambda: client.voice_privacy_code == mia.privacy_code)
        client.play(Playing(tone(440, 0.2)))
        await until(lambda: mia.heard and mia.heard[parlour.ada.snowflake].frames >= 15)
        assert mia.heard[parlour.ada.snowflake].undecrypted == 0
        assert parlour.house.view(*parlour.at).invalid == 1


async def test_encryption_is_switched_off_and_on_while_people_talk(parlour: Parlour) -> None:
    mia = parlour.house.seat(*parlour.at, parlour.guest(1))
    async with online(parlour.ada) as ada:
        client = await ada.voice_channel(parlour.channel.id).connect()
        ear = Ear(client)
        await until(lambda: parlour.settled(2))
        parlour.house.set_policy(Policy.OFF, *parlour.at)
        await until(lambda: not mia.encrypted and states(client).dave_protocol_version == 0)
        assert not client.voice_privacy_code or not states(client).can_encrypt
        mia.say(tone(500, 0.3))
        client.play(Playing(tone(440, 0.3)))
        await until(lambda: len(ear.pcm.get(parlour.guest(1), b"")) >= 20 * 1920)
        await until(lambda: mia.heard and mia.heard[parlour.ada.snowflake].frames >= 20)
        parlour.house.set_policy(Policy.REQUIRED, *parlour.at)
        await until(lambda: parlour.settled(2) and mia.encrypted and states(client).can_encrypt)
        assert client.voice_privacy_code == mia.privacy_code
        ear.failed.clear()
        mia.say(tone(500, 0.3))
        await mia.quiet()
        await until(lambda: len(ear.pcm[parlour.guest(1)]) >= 40 * 1920)
        assert ear.failed == []


# -- packets -------------------------------------------------------------------------------------


async def hearing(parlour: Parlour, trouble: Trouble, *, seconds: float = 1.0) -> Ear:
    """What a client has of a person who speaks while there is trouble."""
    mia = parlour.house.seat(*parlour.at, parlour.guest(1))
    async with online(parlour.ada) as ada:
        client = await ada.voice_channel(parlour.channel.id).connect()
        ear = Ear(client)
        await until(lambda: parlour.settled(2))
        with parlour.house.faults.during(trouble):
            mia.say(tone(500, seconds))
            await mia.quiet()
            await asyncio.sleep(max(0.05, trouble.jitter + 0.05))
        assert parlour.house.faults.none
        return ear


async def test_packets_are_lost(parlour: Parlour) -> None:
    ear = await hearing(parlour, Trouble(loss=0.3))
    assert 20 < len(ear.packets) < 50
    assert ear.failed == []


async def test_packets_come_twice(parlour: Parlour) -> None:
    ear = await hearing(parlour, Trouble(doubled=1.0), seconds=0.2)
    assert len(ear.packets) == 30
    assert len(set(ear.packets)) == 15


@pytest.mark.parametrize("trouble", [Trouble(jitter=0.1), Trouble(reorder=0.3)])
async def test_packets_overtake_each_other(parlour: Parlour, trouble: Trouble) -> None:
    ear = await hearing(parlour, trouble)
    assert len(ear.packets) == 55
    begun = ear.packets[0][0]
    order = [(sequence - begun + 100) & 0xFFFF for sequence, _ in ear.packets]
    assert order != sorted(order)


async def test_the_first_of_a_spell_cannot_be_decrypted(parlour: Parlour) -> None:
    ear = await hearing(parlour, Trouble(first=0.1))
    assert 3 <= len(ear.failed) <= 7
    assert all("NoValidCryptorFound" in failure for failure in ear.failed)
    assert loud_seconds(ear.pcm[parlour.guest(1)]) == pytest.approx(0.9, abs=0.06)


async def test_some_frames_are_plain_with_a_supplement_and_padding(parlour: Parlour) -> None:
    ear = await hearing(parlour, Trouble(plain=0.3, padded=0.3))
    assert 4 < len(ear.failed) < 40
    assert parlour.house.faults.befallen > 5


async def test_a_wrong_key_and_a_silent_line(parlour: Parlour) -> None:
    ear = await hearing(parlour, Trouble(wrong_key=True, to=parlour.ada.snowflake), seconds=0.1)
    assert ear.failed == ["CryptoError"] * 10
    ear = await hearing(parlour, Trouble(silent=True, of=parlour.guest(1)), seconds=0.1)
    assert ear.packets == []


async def test_speaking_is_not_told(parlour: Parlour) -> None:
    mia = parlour.house.seat(*parlour.at, parlour.guest(1))
    with parlour.house.faults.during(Trouble(no_speaking=True)):
        async with online(parlour.ada) as ada:
            client = await ada.voice_channel(parlour.channel.id).connect()
            ear = Ear(client)
            await until(lambda: parlour.settled(2))
            mia.say(tone(500, 0.2))
            await mia.quiet()
            await until(lambda: len(ear.packets) == 15)
            assert ear.people == {}


async def test_trouble_meets_only_whom_it_is_meant_for(parlour: Parlour) -> None:
    seats = [parlour.house.seat(*parlour.at, parlour.guest(user)) for user in (1, 2, 3)]
    await until(lambda: parlour.settled(3))
    trouble = parlour.house.faults.add(
        Trouble(silent=True, of=parlour.guest(1), to=parlour.guest(2))
    )
    for seat in seats:
        seat.say(tone(500, 0.1))
        await seat.quiet()
    parlour.house.faults.end(trouble)
    assert set(seats[0].heard) == {parlour.guest(each) for each in (2, 3)}
    assert set(seats[1].heard) == {parlour.guest(each) for each in (3,)}
    assert set(seats[2].heard) == {parlour.guest(each) for each in (1, 2)}


async def test_a_camera_sends_packets_that_are_nobodys(parlour: Parlour) -> None:
    mia, max_ = (parlour.house.seat(*parlour.at, parlour.guest(user)) for user in (1, 2))
    async with online(parlour.ada) as ada:
        client = await ada.voice_channel(parlour.channel.id).connect()
        pictures: list[bytes] = []
        states(client).add_socket_listener(
            lambda packet: pictures.append(packet) if packet[1] == 101 else None
        )
        await until(lambda: parlour.settled(3))
        with parlour.house.faults.during(Trouble(camera=True, of=parlour.guest(1))):
            mia.say(tone(500, 0.1))
            await mia.quiet()
        await until(lambda: len(pictures) == 10)
        assert max_.heard[parlour.guest(1)].frames == 10
        assert {packet[8:12] for packet in pictures} != {mia.ssrc.to_bytes(4)}


async def test_where_udp_is_blocked_nobody_gets_in(parlour: Parlour) -> None:
    parlour.house.media.silent = True
    async with online(parlour.ada) as ada:
        with pytest.raises(TimeoutError):
            await ada.voice_channel(parlour.channel.id).connect(timeout=0.3, reconnect=False)
        assert parlour.house.view(*parlour.at).inside == ()
        parlour.house.media.silent = False
        await ada.voice_channel(parlour.channel.id).connect()
        await until(lambda: parlour.settled(1))


async def test_a_zombie_acknowledges_no_heartbeat_until_it_is_let_go(parlour: Parlour) -> None:
    async with online(parlour.ada) as ada:
        client = await ada.voice_channel(parlour.channel.id).connect()
        parlour.house.hold(parlour.guild, parlour.ada.snowflake)
        parlour.house.seat(*parlour.at, parlour.guest(1))
        await asyncio.sleep(0.1)
        assert not client.voice_privacy_code
        parlour.house.hold(parlour.guild, parlour.ada.snowflake, on=False)
        await until(lambda: client.voice_privacy_code and parlour.settled(2))
