"""A bot in voice channels of the stage: what people there hear of it, and how it comes and goes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bots.discord.client import DiscordLink
from bots.discord.face import DiscordFace
from bots.discord.faces import Faces, Mask
from bots.discord.pulse import PULSE
from bots.discord.ways import Ways
from bots.sandbox import Bot, Stage
from core.clock import SystemClock
from core.errors import CannotJoin
from core.ids import Account
from core.ports.voices import Listening, VoiceRooms
from tests.bots.discord.conftest import Listening as Listens
from tests.bots.discord.conftest import MakeLink
from tests.bots.discord.voices import (
    Notes,
    longest_gap,
    longest_jump,
    loud,
    pitch_of,
    samples,
    tone,
    until,
)

WAYS = Listening()


@pytest.fixture
def parlour(stage: Stage, guild: Any) -> Any:
    return stage.discord.channel(guild, "Parlour", "voice")


@pytest.fixture
def kitchen(stage: Stage, guild: Any) -> Any:
    return stage.discord.channel(guild, "Kitchen", "voice")


@pytest.fixture
async def live(make_link: MakeLink, listening: Listens, parlour: Any) -> AsyncIterator[DiscordLink]:
    """On Discord, all servers known."""
    async with make_link(clock=SystemClock()) as link, listening(link):
        yield link
    assert PULSE.settle()


@pytest.fixture
def notes() -> Notes:
    return Notes()


def sits(stage: Stage, person: Any, room: Any) -> Any:
    return stage.discord.joins_voice(person, room)


async def test_people_hear_exactly_what_is_said(
    live: DiscordLink, stage: Stage, ada: Bot, ed: Any, parlour: Any, notes: Notes
) -> None:
    them = sits(stage, ed, parlour)
    voice = await live.join(str(parlour.id), notes, WAYS)
    await until(lambda: voice.state.decrypting and them.seat.encrypted)
    said = tone(2.0)
    for at in range(0, len(said), 4_001):
        voice.mouth.say(said[at : at + 4_001])
    voice.mouth.end()
    await voice.mouth.quiet()
    assert voice.mouth.played == pytest.approx(2.0)
    await until(lambda: them.seat.heard[ada.snowflake].silent == 5)
    heard = loud(them.hears(ada))
    assert heard.size / 48_000 == pytest.approx(2.0, rel=0.02)
    assert longest_gap(heard) < 0.06
    assert longest_jump(heard) < 1.3 * longest_jump(samples(said))
    assert pitch_of(heard) == pytest.approx(440, abs=2)
    assert them.seat.heard[ada.snowflake].undecrypted == 0
    frames = them.seat.heard[ada.snowflake].frames
    await asyncio.sleep(0.1)
    assert them.seat.heard[ada.snowflake].frames == frames == 105


async def test_a_stop_is_silence_within_60_ms_and_without_a_click(
    live: DiscordLink, stage: Stage, ada: Bot, ed: Any, parlour: Any, notes: Notes
) -> None:
    them = sits(stage, ed, parlour)
    voice = await live.join(str(parlour.id), notes, WAYS)
    await until(lambda: voice.state.decrypting and them.seat.encrypted)
    said = tone(3.0)
    voice.mouth.say(said)
    await until(lambda: len(them.hears(ada)) > 48_000)
    before = len(them.hears(ada)) // 2
    voice.mouth.stop()
    assert voice.mouth.played == 0
    assert not voice.mouth.speaking
    await voice.mouth.quiet()
    silent = them.seat.heard[ada.snowflake].silent
    await until(lambda: them.seat.heard[ada.snowflake].silent == silent + 5)
    heard = samples(them.hears(ada))
    assert (loud(them.hears(ada)).size - before) / 48_000 < 0.06
    assert longest_jump(heard) < 1.3 * longest_jump(samples(said))


async def test_who_goes_on_after_a_pause_goes_on_where_it_stopped(
    live: DiscordLink, stage: Stage, ada: Bot, ed: Any, parlour: Any, notes: Notes
) -> None:
    them = sits(stage, ed, parlour)
    voice = await live.join(str(parlour.id), notes, WAYS)
    await until(lambda: voice.state.decrypting and them.seat.encrypted)
    voice.mouth.say(tone(1.0))
    voice.mouth.end()
    await until(lambda: voice.mouth.played > 0.3)
    voice.mouth.pause()
    await asyncio.sleep(0.3)
    stood = voice.mouth.played
    assert voice.mouth.speaking
    assert voice.mouth.waiting == pytest.approx(1.0 - stood)
    voice.mouth.resume()
    await voice.mouth.quiet()
    assert voice.mouth.played == pytest.approx(1.0)
    await asyncio.sleep(0.1)
    heard = samples(them.hears(ada))
    assert (abs(heard) > 300).sum() / 48_000 == pytest.approx(1.0, rel=0.03)


async def test_what_people_say_is_heard(
    live: DiscordLink, stage: Stage, ed: Any, parlour: Any, notes: Notes
) -> None:
    them = sits(stage, ed, parlour)
    voice = await live.join(str(parlour.id), notes, WAYS)
    await until(lambda: voice.state.decrypting and them.seat.encrypted)
    assert voice.state.privacy_code == them.privacy_code != ""
    assert [one.who.name for one in voice.people] == ["Ed"]
    assert notes.there[-1] == ["Ed"]
    them.leaves()
    await until(lambda: notes.there[-1] == [])


async def test_who_goes_into_a_voice_channel_is_noticed(
    live: DiscordLink, stage: Stage, guild: Any, ed: Any, parlour: Any, kitchen: Any
) -> None:
    seen: list[tuple[str, str, str]] = []
    live.watch(lambda *told: seen.append(told))
    assert isinstance(live, VoiceRooms)
    them = sits(stage, ed, parlour)
    world, person = str(guild.id), str(ed.snowflake)
    await until(lambda: seen == [(world, person, str(parlour.id))])
    assert live.whereabouts(world, person) == str(parlour.id)
    them.mutes()
    them.moves(kitchen)
    them.leaves()
    await until(lambda: len(seen) == 3)
    assert [one[2] for one in seen[1:]] == [str(kitchen.id), ""]
    assert live.whereabouts(world, person) == ""
    assert live.channels(world) == ((str(parlour.id), "Parlour"), (str(kitchen.id), "Kitchen"))


async def test_there_is_one_voice_channel_in_each_server(
    live: DiscordLink, stage: Stage, ada: Bot, parlour: Any, kitchen: Any, notes: Notes
) -> None:
    first = await live.join(str(parlour.id), notes, WAYS)
    assert await live.join(str(parlour.id), notes, WAYS) is first
    other = Notes()
    second = await live.join(str(kitchen.id), other, WAYS)
    assert notes.ends == [""]
    assert other.ends == []
    assert second.state.joined
    assert not first.state.joined
    assert stage.discord.in_voice(parlour) == []
    assert stage.discord.in_voice(kitchen) == [ada]
    await second.leave()
    assert other.ends == [""]
    await until(lambda: stage.discord.in_voice(kitchen) == [])
    assert PULSE.settle()


async def test_where_it_cannot_go_is_said_in_words(
    live: DiscordLink, stage: Stage, guild: Any, ed: Any, parlour: Any, notes: Notes
) -> None:
    general = next(iter(guild.channels.values()))
    for channel, reason in (
        ("17", "no such channel"),
        ("parlour", "no such channel"),
        (str(general.id), "no voice channel"),
    ):
        with pytest.raises(CannotJoin, match=reason):
            await live.join(channel, notes, WAYS)
    sits(stage, ed, parlour)
    stage.discord.limits_voice(parlour, 1)
    await until(lambda: live._client.get_channel(parlour.id).user_limit == 1)
    await until(lambda: live.whereabouts(str(guild.id), str(ed.snowflake)))
    with pytest.raises(CannotJoin, match="Parlour is full"):
        await live.join(str(parlour.id), notes, WAYS)
    assert notes.ends == []
    assert not PULSE.runs


async def test_the_channel_that_was_silent_longest_makes_room_for_another(
    make_link: MakeLink, listening: Listens, stage: Stage, ada: Bot, ed: Any, guild: Any
) -> None:
    rooms = [stage.discord.channel(guild, "One", "voice")]
    for name in ("Two", "Three"):
        place = stage.discord.guild(name, [ed], [ada])
        rooms.append(stage.discord.channel(place, name, "voice"))
    ways = Ways(voices=2)
    async with make_link(clock=SystemClock(), ways=ways) as link, listening(link):
        heard = [Notes() for _ in rooms]
        sits(stage, ed, rooms[0])
        first = await link.join(str(rooms[0].id), heard[0], WAYS)
        await link.join(str(rooms[1].id), heard[1], WAYS)
        await until(lambda: first.state.decrypting)
        first.mouth.say(tone(2.0))
        await link.join(str(rooms[2].id), heard[2], WAYS)
        assert [len(one.ends) for one in heard] == [0, 1, 0]
        assert "another voice channel" in heard[1].ends[0]
        assert stage.discord.in_voice(rooms[1]) == []
    assert [len(one.ends) for one in heard] == [1, 1, 1]
    assert all(stage.discord.in_voice(one) == [] for one in rooms[1:])
    assert PULSE.settle()


async def test_whoever_is_put_out_is_told_why(
    live: DiscordLink, stage: Stage, guild: Any, ada: Bot, parlour: Any, kitchen: Any, notes: Notes
) -> None:
    voice = await live.join(str(parlour.id), notes, WAYS)
    stage.discord.moves_voice(guild, ada, kitchen)
    await until(lambda: notes.moves == [str(kitchen.id)])
    await until(lambda: voice.state.joined)
    assert voice.id == str(kitchen.id)
    assert notes.ends == []
    voice.mouth.say(tone(1.0))
    stage.discord.puts_out_of_voice(guild, ada)
    await until(lambda: notes.ends == ["somebody has put her out"])
    await voice.mouth.quiet()
    again = Notes()
    await live.join(str(parlour.id), again, WAYS)
    assert not voice.state.joined


async def test_outside_discord_nobody_joins_anything(make_link: MakeLink, notes: Notes) -> None:
    link = make_link()
    with pytest.raises(CannotJoin, match="not on Discord"):
        await link.join("1", notes, WAYS)
    assert link.whereabouts("1", "2") == ""
    assert link.channels("1") == ()


async def test_whoever_stops_listening_leaves_while_discord_still_hears(
    make_link: MakeLink, listening: Listens, stage: Stage, parlour: Any, notes: Notes
) -> None:
    async with make_link(clock=SystemClock()) as link:
        async with listening(link):
            voice = await link.join(str(parlour.id), notes, WAYS)
            voice.mouth.say(tone(5.0))
        assert notes.ends == [""]
        assert stage.discord.in_voice(parlour) == []
        await voice.mouth.quiet()
        with pytest.raises(CannotJoin, match="not on Discord"):
            await link.join(str(parlour.id), notes, WAYS)
    assert PULSE.settle()


async def test_who_is_where_is_known_again_after_an_outage(
    live: DiscordLink, stage: Stage, guild: Any, ed: Any, parlour: Any, ada: Bot
) -> None:
    seen: list[tuple[str, str, str]] = []
    live.watch(lambda *told: seen.append(told))
    world, person = str(guild.id), str(ed.snowflake)
    them = sits(stage, ed, parlour)
    await until(lambda: len(seen) == 1)
    stage.discord.gateway.close(ada, 4009)
    await until(lambda: stage.discord.gateway.lines == 0)
    them.leaves()
    await until(lambda: len(seen) == 2, 20)
    assert seen[1] == (world, person, "")
    assert live.whereabouts(world, person) == ""


async def test_a_face_is_asked_into_no_voice_channel(notes: Notes) -> None:
    mask = Mask(Account("discord:900/bob"), Account("discord:900"), "Bob")
    face = DiscordFace(mask, Faces(), host_name="Ada")
    assert isinstance(face, VoiceRooms)
    with pytest.raises(CannotJoin, match="Ada's bot"):
        await face.join("1", notes, WAYS)
    assert face.channels("1") == ()
    assert face.whereabouts("1", "2") == ""


async def test_what_is_not_installed_is_named(
    live: DiscordLink, parlour: Any, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "davey", None)
    with pytest.raises(CannotJoin, match=r"pip install troupe\[voice\]"):
        await live.join(str(parlour.id), notes, WAYS)


def test_a_bot_without_voice_needs_none_of_its_libraries() -> None:
    needed = "import sys; import bots.discord.client, bots.discord.face; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", needed], capture_output=True, check=True)
    loaded = set(done.stdout.decode().split())
    assert not loaded & {"av", "webrtcvad", "core.speech.opus", "bots.discord.voice_line"}
