"""What is handed to a mouth, and what comes out of it every twenty milliseconds."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from bots.discord.mixing import FRAME
from bots.discord.mouth import ChannelMouth
from tests.bots.discord.voices import longest_gap, longest_jump, loud, samples, tone

_STEEPEST = longest_jump(samples(tone(0.1)))


class Player:
    """Plays as the pulse does, without its time."""

    def __init__(self, volume: float = 1.0) -> None:
        self.woken = 0
        self.mouth = ChannelMouth(asyncio.get_running_loop(), self._wake, volume=volume)
        self.heard = bytearray()

    def _wake(self) -> None:
        self.woken += 1

    def play(self, most: int = 10_000) -> int:
        for count in range(most):
            frame = self.mouth.take()
            if frame is None:
                return count
            self.heard += frame.pcm
            self.mouth.sent(frame)
        return most


@pytest.fixture
async def player() -> Player:
    return Player()


async def test_pieces_of_any_length_become_one_wave(player: Player) -> None:
    said = tone(0.5)
    for at in range(0, len(said), 333):
        player.mouth.say(said[at : at + 333])
    player.mouth.end()
    assert player.play() == 25
    heard = samples(player.heard)
    assert np.array_equal(heard[300:-300], samples(said)[300:-300])
    assert longest_jump(heard) <= _STEEPEST


async def test_the_first_frame_is_due_with_the_first_twenty_milliseconds(player: Player) -> None:
    player.mouth.say(tone(0.019))
    assert not player.mouth.due
    assert player.mouth.take() is None
    player.mouth.say(tone(0.001))
    assert player.mouth.due
    assert player.woken == 2
    assert player.play(1) == 1


async def test_what_does_not_fill_a_frame_goes_out_at_the_end(player: Player) -> None:
    player.mouth.say(tone(0.03))
    assert player.play(1) == 1
    player.mouth.end()
    assert player.play(1) == 1
    assert player.mouth.take() is None
    assert player.mouth.played == pytest.approx(0.03)
    assert not player.mouth.speaking
    assert longest_jump(samples(player.heard)) <= _STEEPEST


async def test_only_what_has_gone_out_counts_as_played(player: Player) -> None:
    player.mouth.say(tone(0.1))
    frame = player.mouth.take()
    assert frame is not None
    assert player.mouth.played == 0
    assert player.mouth.waiting == pytest.approx(0.1)
    player.mouth.sent(frame)
    assert player.mouth.played == pytest.approx(0.02)
    lost = player.mouth.take()
    assert lost is not None
    player.mouth.lost(lost)
    assert player.mouth.played == pytest.approx(0.02)
    assert player.mouth.waiting == pytest.approx(0.06)


async def test_played_is_counted_from_where_it_begins(player: Player) -> None:
    player.mouth.say(tone(0.1))
    on_its_way = player.mouth.take()
    assert on_its_way is not None
    player.mouth.begin()
    player.mouth.sent(on_its_way)
    assert player.mouth.played == 0
    player.play(2)
    assert player.mouth.played == pytest.approx(0.04)


async def test_sound_that_comes_too_slowly_fades_out_and_in_again(player: Player) -> None:
    said = tone(0.3)
    player.mouth.say(said[:9_000])
    player.play()
    player.heard += bytes(FRAME * 2 * 3)
    player.mouth.say(said[9_000:])
    player.mouth.end()
    player.play()
    assert longest_jump(samples(player.heard)) <= 1.2 * _STEEPEST
    assert player.mouth.played == pytest.approx(0.3)


async def test_a_pause_loses_nothing_of_what_is_said(player: Player) -> None:
    player.mouth.say(tone(0.3))
    player.mouth.end()
    player.play(5)
    player.mouth.pause()
    assert player.play() == 1, "the fade, and then nothing"
    assert player.mouth.played == pytest.approx(0.1)
    assert player.mouth.speaking
    assert not player.mouth.due
    player.mouth.resume()
    player.play()
    assert player.mouth.played == pytest.approx(0.3)
    assert longest_jump(samples(player.heard)) <= 1.2 * _STEEPEST


async def test_a_stop_throws_away_what_waits_and_is_no_click(player: Player) -> None:
    player.mouth.say(tone(1.0))
    player.play(10)
    prepared = player.mouth.take()
    assert prepared is not None
    player.mouth.stop()
    assert not player.mouth.speaking
    assert player.mouth.played == 0
    player.heard += prepared.pcm
    player.mouth.sent(prepared)
    assert player.play() == 1
    assert player.mouth.played == 0
    assert loud(player.heard).size <= 11 * FRAME + 300
    assert longest_jump(samples(player.heard)) <= 1.2 * _STEEPEST


async def test_what_is_said_right_after_a_stop_is_laid_over_its_end(player: Player) -> None:
    player.mouth.say(tone(1.0))
    player.play(3)
    player.mouth.stop()
    player.mouth.say(tone(0.1, 300))
    player.mouth.end()
    assert player.play() == 5
    assert player.mouth.played == pytest.approx(0.1)
    assert longest_gap(samples(player.heard)) < 0.02
    assert longest_jump(samples(player.heard)) <= 1.6 * _STEEPEST


async def test_the_volume_changes_without_a_step() -> None:
    player = Player(volume=0.5)
    player.mouth.say(tone(0.2))
    player.play(5)
    assert samples(player.heard).max() == pytest.approx(0.15 * 32_767, rel=0.02)
    player.mouth.volume = 5
    assert player.mouth.volume == 2.0
    player.play(2)
    assert longest_jump(samples(player.heard)) <= 2.2 * _STEEPEST
    assert samples(player.heard)[-900:].max() == pytest.approx(0.6 * 32_767, rel=0.02)


async def test_whoever_waits_for_quiet_hears_of_the_end_of_a_stop_and_of_a_close(
    player: Player,
) -> None:
    async with asyncio.timeout(5):
        await player.mouth.quiet()
        for ends in (player.play, player.mouth.stop, player.mouth.close):
            player.mouth.say(tone(0.1))
            player.mouth.end()
            async with asyncio.TaskGroup() as group:
                waits = group.create_task(player.mouth.quiet())
                await asyncio.sleep(0)
                assert not waits.done()
                ends()
    player.mouth.say(tone(0.1))
    assert not player.mouth.speaking


async def test_nobody_fills_the_memory_by_talking_on(
    player: Player, caplog: pytest.LogCaptureFixture
) -> None:
    minute = bytes(48_000 * 2 * 60)
    for _ in range(4):
        player.mouth.say(minute)
    assert player.mouth.waiting == pytest.approx(120)
    assert len(caplog.records) == 1
