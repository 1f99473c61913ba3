"""Killed in the middle of a talk: nothing is half, and nothing is answered that nobody waits for."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bots.sandbox import Stage
from tests.fakes.model_server import ModelServer
from tests.faults.process import gateway_process
from tests.voice.audio import seconds_of
from tests.voice.parlour import CLEAR, Parlour, furnished, until

ANSWER = "The sun is shining. Winter is my favorite season. The book is on the table."


async def test_what_was_asked_before_a_kill_is_remembered_and_not_answered_late(
    tmp_path: Path, stage: Stage
) -> None:
    guild = furnished(stage, {"Ada": stage.discord.bot("Ada")})
    chat, room = guild.channels.values()
    async with ModelServer(lambda request: ANSWER, keep_calls=False) as model:
        settings = {
            "OPENAI_API_KEY": "a-key-for-nothing",
            "OPENAI_BASE_URL": model.base_url,
            "SPEECH_PROVIDER": "offline",
            "TRANSCRIPTION_PROVIDER": "offline",
            "OFFLINE_VOICE": CLEAR,
            "DISCORD_VOICE_CHANNEL_ID": str(room.id),
            "TROUPE_REFLECTION": "false",
        }
        async with gateway_process(tmp_path, stage, "Ada", platform="discord", **settings) as own:
            here = Parlour(stage, room, chat, own.bots, own.data)
            await until(lambda: here.inside() and here.says(), 60)
            bob = await here.comes("Bob")
            await bob.says("where is the library")
            await until(lambda: seconds_of(bob.tracks["Ada"].pcm) > 1, 40)
            await own.kill()
            bob.forgets()
            await own.start()
            await own.until(timeout=60)
            await until(here.inside, 60)
            await here.settled()
            (asked,) = await here.settled_all(1)
            assert (asked.status, asked.rule) == ("silent", "spoken-before-restart")
            assert here.kept() == ["where is the library"]
            await asyncio.sleep(0.5)
            assert not bob.tracks["Ada"].spells, "she does not go on with what nobody waits for"
            assert len(here.says()) == 1, "nor in writing; and tells nobody anew that she listens"
            await bob.says("what time is it")
            await bob.hears(seconds=40)
            await until(lambda: here.kept()[1:] == ["what time is it", ANSWER])
            assert await own.end() == 0
        assert "Traceback" not in own.log
