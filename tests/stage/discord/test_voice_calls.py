"""Two unmodified clients and a person of the stage talk to each other, end-to-end encrypted."""

import asyncio

import pytest

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


async def test_a_client_hears_a_tone_of_another(parlour: Parlour) -> None:
    async with online(parlour.ada) as ada, online(parlour.eliza) as eliza:
        says = await ada.voice_channel(parlour.channel.id).connect()
        hears = await eliza.voice_channel(parlour.channel.id).connect()
        ear = Ear(hears)
        await until(lambda: parlour.settled(2))
        assert says.voice_privacy_code == hears.voice_privacy_code != ""
        says.play(Playing(tone(440, 1.0)))
        await until(lambda: len(ear.packets) >= 55)
        heard = ear.pcm[parlour.ada.snowflake]
        assert pitch_of(heard[: 48_000 * 2]) == pytest.approx(440, abs=3)
        assert loud_seconds(heard) == pytest.approx(1.0, abs=0.05)
        assert ear.failed == []


async def test_a_person_of_the_stage_and_a_client_hear_each_other(parlour: Parlour) -> None:
    async with online(parlour.ada) as ada:
        client = await ada.voice_channel(parlour.channel.id).connect()
        ear = Ear(client)
        mia = parlour.house.seat(*parlour.at, parlour.mia.snowflake)
        await until(lambda: parlour.settled(2))
        assert mia.privacy_code == client.voice_privacy_code != ""
        mia.say(tone(600, 0.6))
        client.play(Playing(tone(440, 0.6)))
        await mia.quiet()
        await until(lambda: not client.is_playing())
        await until(lambda: mia.heard[parlour.ada.snowflake].frames >= 35)
        assert pitch_of(ear.pcm[parlour.mia.snowflake][9_600:57_600]) == pytest.approx(600, abs=4)
        heard = mia.heard[parlour.ada.snowflake]
        assert pitch_of(heard.pcm[9_600:57_600]) == pytest.approx(440, abs=4)
        assert (heard.frames, heard.silent, heard.undecrypted) == (35, 5, 0)


async def test_what_is_said_takes_as_long_as_it_lasts(parlour: Parlour) -> None:
    loop = asyncio.get_running_loop()
    mia = parlour.house.seat(*parlour.at, parlour.mia.snowflake)
    max_ = parlour.house.seat(*parlour.at, parlour.guest(7))
    await until(lambda: parlour.settled(2))
    began = loop.time()
    assert mia.say(tone(600, 0.5)) == pytest.approx(0.5)
    await mia.quiet()
    assert loop.time() - began >= 0.5
    heard = max_.heard[parlour.mia.snowflake]
    assert 0.4 < heard.ended - heard.began < 0.7
    assert loud_seconds(heard.pcm) == pytest.approx(0.5, abs=0.05)


async def test_pieces_of_a_microphone_come_out_as_one_sound(parlour: Parlour) -> None:
    mia = parlour.house.seat(*parlour.at, parlour.mia.snowflake)
    max_ = parlour.house.seat(*parlour.at, parlour.guest(7))
    await until(lambda: parlour.settled(2))
    sound = tone(600, 0.6)
    for at in range(0, len(sound), 3_000):
        mia.say(sound[at : at + 3_000], more=True)
    await until(lambda: parlour.mia.snowflake in max_.heard and not mia.speaking)
    heard = max_.heard[parlour.mia.snowflake]
    assert heard.silent == 5
    assert loud_seconds(heard.pcm) == pytest.approx(0.6, abs=0.03)


async def test_who_stops_falls_silent_at_once(parlour: Parlour) -> None:
    mia = parlour.house.seat(*parlour.at, parlour.mia.snowflake)
    max_ = parlour.house.seat(*parlour.at, parlour.guest(7))
    await until(lambda: parlour.settled(2))
    mia.say(tone(600, 30))
    await until(lambda: parlour.mia.snowflake in max_.heard)
    mia.stop()
    await mia.quiet()
    assert loud_seconds(max_.heard[parlour.mia.snowflake].pcm) < 1
    assert parlour.house.view(*parlour.at).speaking == frozenset()


async def test_who_speaks_is_told_when_they_begin_and_when_they_end(parlour: Parlour) -> None:
    told: list[tuple[str, int]] = []
    parlour.house.watchers.append(lambda event: told.append((event.kind, event.user)))
    mia = parlour.house.seat(*parlour.at, parlour.guest(5))
    mia.say(tone(600, 0.1))
    await until(lambda: mia.speaking)
    assert parlour.house.view(*parlour.at).speaking == {parlour.guest(5)}
    await mia.quiet()
    mia.leave()
    people = [each for each in told if each[0] != "encryption"]
    assert people == [(kind, parlour.guest(5)) for kind in ("joined", "speaking", "silent", "left")]


async def test_ten_come_and_go_and_all_who_stay_have_the_same_keys(parlour: Parlour) -> None:
    seats = [parlour.house.seat(*parlour.at, parlour.guest(100 + number)) for number in range(10)]
    await until(lambda: parlour.settled(10))
    codes = {seat.privacy_code for seat in seats}
    assert len(codes) == 1
    for seat in seats[::2]:
        seat.leave()
    await until(lambda: parlour.settled(5))
    stay = seats[1::2]
    newcomers = [
        parlour.house.seat(*parlour.at, parlour.guest(200 + number)) for number in range(3)
    ]
    await until(lambda: parlour.settled(8))
    present = [*stay, *newcomers]
    assert len({seat.privacy_code for seat in present}) == 1
    assert {seat.privacy_code for seat in present} != codes
    newcomers[0].say(tone(500, 0.2))
    await newcomers[0].quiet()
    for seat in present[:-3] + present[-2:]:
        assert seat.heard[parlour.guest(200)].undecrypted == 0
        assert loud_seconds(seat.heard[parlour.guest(200)].pcm) > 0.1


@pytest.mark.soak  # discord.py's own reader sometimes sleeps on for half a minute
async def test_clients_come_and_go_while_somebody_speaks(parlour: Parlour) -> None:
    mia = parlour.house.seat(*parlour.at, parlour.mia.snowflake, listens=False)
    async with online(parlour.ada) as ada, online(parlour.eliza) as eliza:
        room = ada.voice_channel(parlour.channel.id)
        client = await room.connect()
        ear = Ear(client)
        await until(lambda: parlour.settled(2))
        mia.say(tone(500, 30))
        other = await eliza.voice_channel(room.id).connect()
        await until(lambda: parlour.settled(3))
        await other.disconnect()
        await until(lambda: parlour.settled(2))
        other = await eliza.voice_channel(room.id).connect()
        last = Ear(other)
        await until(lambda: parlour.settled(3))
        await until(lambda: len(last.packets) > 20)
        mia.stop()
        assert pitch_of(last.pcm[parlour.mia.snowflake][19_200:]) == pytest.approx(500, abs=6)
        # Round a change of keys a packet may fall between the two.
        assert len(ear.failed) <= 3


async def test_alone_there_are_no_keys_and_everybody_gone_the_next_is_the_first(
    parlour: Parlour,
) -> None:
    mia = parlour.house.seat(*parlour.at, parlour.guest(1))
    await until(lambda: parlour.settled(1))
    assert not mia.encrypted
    max_ = parlour.house.seat(*parlour.at, parlour.guest(2))
    await until(lambda: parlour.settled(2))
    assert parlour.house.view(*parlour.at).epoch == 1
    mia.leave()
    max_.leave()
    assert parlour.house.calls() == ()
    parlour.house.seat(*parlour.at, parlour.guest(3))
    await until(lambda: parlour.settled(1))
    assert parlour.house.view(*parlour.at).epoch == 0


async def test_a_deaf_one_is_sent_nothing_and_a_muted_one_is_not_passed_on(
    parlour: Parlour,
) -> None:
    mia, max_ = (parlour.house.seat(*parlour.at, parlour.guest(user)) for user in (1, 2))
    await until(lambda: parlour.settled(2))
    parlour.house.hears(parlour.guild, parlour.guest(2), False)
    mia.say(tone(500, 0.1))
    await mia.quiet()
    parlour.house.hears(parlour.guild, parlour.guest(2), True)
    parlour.house.is_heard(parlour.guild, parlour.guest(1), False)
    mia.say(tone(500, 0.1))
    await mia.quiet()
    assert max_.heard == {}
    parlour.house.is_heard(parlour.guild, parlour.guest(1), True)
    mia.say(tone(500, 0.1))
    await mia.quiet()
    assert max_.heard[parlour.guest(1)].frames == 10


async def test_two_at_once_are_heard_apart(parlour: Parlour) -> None:
    mia, max_, zoe = (parlour.house.seat(*parlour.at, parlour.guest(user)) for user in (1, 2, 3))
    await until(lambda: parlour.settled(3))
    mia.say(tone(400, 0.3))
    max_.say(tone(900, 0.3))
    await mia.quiet()
    await max_.quiet()
    assert pitch_of(zoe.heard[parlour.guest(1)].pcm[9_600:28_800]) == pytest.approx(400, abs=8)
    assert pitch_of(zoe.heard[parlour.guest(2)].pcm[9_600:28_800]) == pytest.approx(900, abs=8)
