"""Whatever befalls a voice channel, she hears and speaks again, or says why not; text goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bots.sandbox import Stage
from tests.fakes.voice_server import brisk, tone
from tests.faults.lounges import Lounge, lounges, state_of
from tests.faults.vendors import vendors
from tests.flows.talk import until

Deed = Callable[[Lounge], Awaitable[None]]


async def _while(here: Lounge, **what: object) -> None:
    """She talks while it goes on."""
    with here.voice.faults.during(here.trouble(**what)):
        await here.talks()


WAYS: dict[str, Deed] = {
    "First": lambda here: _while(here, first=0.1),
    "Plain": lambda here: _while(here, plain=0.3, padded=0.5),
    "Unannounced": lambda here: _while(here, no_speaking=True),
    "Lossy": lambda here: _while(here, loss=0.05),
    "Lossier": lambda here: _while(here, loss=0.2),
    "Jittery": lambda here: _while(here, jitter=0.06, reorder=0.2, doubled=0.2),
    "Filmed": lambda here: _while(here, camera=True),
}
"""Bad ways of sound."""


async def test_on_bad_ways_of_sound_she_hears_and_is_heard(
    tmp_path: Path, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with (
        vendors(dict.fromkeys(WAYS, ""), brisk) as servers,
        lounges(tmp_path, stage, list(WAYS), servers=servers) as (play, all_here),
    ):
        async with asyncio.TaskGroup() as group:
            for here in all_here:
                group.create_task(WAYS[here.name](here))
                group.create_task(here.is_answered(f"and you, {here.name}?"))
        assert stage.discord.voice.faults.befallen > 100
        assert play.gateway.ready()["voices_failing"] == []
        for here in all_here:
            state = state_of(play, here.name)
            assert (state["joined"], state["decrypting"], state["deaf"]) == (True, True, "")
    assert "Traceback" not in caplog.text


async def _aborted(here: Lounge) -> None:
    here.voice.abort(*here.us)


def _closed(code: int, *, forget: bool = False) -> Deed:
    async def close(here: Lounge) -> None:
        here.voice.close(*here.us, code, forget=forget)

    return close


async def _renewed(here: Lounge) -> None:
    here.voice.renew(here.guild.id, here.room.id)


async def _relocated(here: Lounge) -> None:
    here.stage.discord.moves_region(here.guild)


async def _moved(here: Lounge) -> None:
    kitchen = here.stage.discord.channel(here.guild, "Kitchen", "voice")
    here.stage.discord.moves_voice(here.guild, here.bot, kitchen)
    here.there.moves(kitchen)
    here.room = kitchen


async def _dropped(here: Lounge) -> None:
    here.stage.discord.gateway.drop(here.bot)


async def _invalidated(here: Lounge) -> None:
    here.stage.discord.gateway.invalidate(here.bot)


async def _silenced(here: Lounge) -> None:
    heard = len(here.server.heard)
    with here.voice.faults.during(here.trouble(silent=True)):
        await here.there.quiet()
        here.says()
        await here.there.quiet()
        await asyncio.sleep(1)
        assert len(here.server.heard) <= heard + 1, "what began before"


LINES: dict[str, Deed] = {
    "Aborted": _aborted,
    "Unknown": _closed(4006, forget=True),
    "Crashed": _closed(4015),
    "Forgotten": _closed(4015, forget=True),
    "Renewed": _renewed,
    "Relocated": _relocated,
    "Moved": _moved,
    "Dropped": _dropped,
    "Invalidated": _invalidated,
    "Silenced": _silenced,
}


async def test_whatever_line_breaks_while_both_speak_she_hears_and_speaks_again(
    tmp_path: Path, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """By the voice server, by the gateway, by moving, by new keys, by silence: each to another."""
    caplog.set_level(logging.INFO)

    async with (
        vendors(dict.fromkeys(LINES, ""), tone) as servers,
        lounges(tmp_path, stage, list(LINES), servers=servers) as (play, all_here),
    ):

        async def befalls(here: Lounge) -> None:
            await here.talks()
            here.says()
            await LINES[here.name](here)
            await here.is_answered("while it breaks")
            await here.settles()
            await here.rests(play)
            await here.talks()
            await here.is_answered("and when it is over")

        async with asyncio.TaskGroup() as group:
            for here in all_here:
                group.create_task(befalls(here), name=here.name)
        assert play.gateway.ready()["voices_failing"] == []
        for here in all_here:
            state = state_of(play, here.name)
            assert (state["joined"], state["decrypting"], state["deaf"]) == (True, True, "")
            assert "it breaks" not in caplog.text, "words are not for the ordinary log"
            said = await here.asks("status")
            assert f"I am in {here.room.title} with 1 person" in said
            assert "its encryption is up" in said
    assert "Traceback" not in caplog.text


async def _evicted(here: Lounge) -> None:
    here.stage.discord.puts_out_of_voice(here.guild, here.bot)


async def _deleted(here: Lounge) -> None:
    here.stage.discord.delete_channel(here.room)


ENDS: dict[str, tuple[Deed, str]] = {
    "Evicted": (_evicted, "somebody has put her out"),
    "Deleted": (_deleted, "the channel is gone"),
    "Refused": (_closed(4017, forget=True), "end-to-end encryption"),
}


async def test_who_is_put_out_says_so_writes_on_and_comes_again_when_she_is_asked(
    tmp_path: Path, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with (
        vendors(dict.fromkeys(ENDS, ""), tone) as servers,
        lounges(tmp_path, stage, list(ENDS), servers=servers) as (play, all_here),
    ):

        async def befalls(here: Lounge) -> None:
            await here.talks()
            deed, why = ENDS[here.name]
            await deed(here)
            await here.is_answered("while it breaks")
            await until(lambda: not state_of(play, here.name))
            assert here.bot not in stage.discord.in_voice(here.room)
            assert why in caplog.text
            assert "I am in no voice channel here" in await here.asks("status")
            if here.name == "Deleted":
                here.room = stage.discord.channel(here.guild, "Kitchen", "voice")
                here.talker = stage.discord.joins_voice(here.person, here.room)
            assert f"I am in {here.room.title} now" in await here.asks("join")
            await here.settles()
            await here.talks()
            await here.is_answered("and when it is over")

        async with asyncio.TaskGroup() as group:
            for here in all_here:
                group.create_task(befalls(here))
    assert "Traceback" not in caplog.text
