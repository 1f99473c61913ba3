"""What may be spoken for a character in a day is never overshot, wherever she speaks: G28."""

from __future__ import annotations

from pathlib import Path

import pytest

from bots.discord.pulse import PULSE
from bots.sandbox import Stage
from bots.sandbox.world import Message
from core.models.scripted import Scripted
from core.ports import ModelRequest
from tests.fakes.voice_server import VoiceServer, brisk
from tests.faults.lounges import Lounge, answer, lounges
from tests.faults.test_g28_notes import sound
from tests.faults.vendors import failing, settings_of, vendors
from tests.flows.talk import playing, question, reply, until

MOST = 220
PEOPLE = 8


def spoken(server: VoiceServer) -> int:
    """Characters that the vendor would bill."""
    return sum(len(call.body["text"]) for call in server.asked)


def of_fifty(request: ModelRequest) -> str:
    """As many characters, whoever asks."""
    return reply(f"I have heard you say {question(request)[-9:]:>9}".ljust(49, "o") + ".")


async def test_g28_who_asks_all_at_once_overshoots_no_budget_and_has_every_word(
    tmp_path: Path, stage: Stage
) -> None:
    """On two platforms by one budget, each person with another question; once more after a restart."""
    async with vendors({"Ada": ""}, brisk) as servers:
        settings = settings_of(servers, TROUPE_SPEECH_PER_DAY=str(MOST), TROUPE_VOICE_NOTES="on")

        async def day(number: int) -> list[Message]:
            async with playing(
                "Ada",
                model=Scripted(of_fifty),
                data=tmp_path,
                stage=stage,
                platforms=("telegram", "discord"),
                settings=settings,
            ) as play:
                ada, other = play.bots["Ada"], play.discord_bots["Ada"]
                chats = []
                for one in range(PEOPLE):
                    person = stage.person(f"Person {number}{one}")
                    chats += [(ada, person, stage.dm(person, ada))]
                    chats += [(other, person, stage.discord.dm(person, other))]
                for at, (_, person, chat) in enumerate(chats):
                    person.says(chat, f"question {number}{at:02}")
                got = [await stage.next_from(bot, chat, timeout=30) for bot, _, chat in chats]
                bot, person, chat = chats[0]
                person.says(chat, f"question {number}99")
                assert not sound(stage, await stage.next_from(bot, chat, timeout=30))
                why = failing(play)["Ada", "TEXT_TO_SPEECH"]
                assert why == (
                    f"no more is spoken for her today: TROUPE_SPEECH_PER_DAY is {MOST} characters"
                )
                return got

        first = await day(1)
        aloud = [one for one in first if sound(stage, one)]
        assert 0 < spoken(servers["Ada"]) <= MOST
        assert len(aloud) == MOST // 50
        written = [one.text for one in first if not sound(stage, one)]
        assert len(set(written)) == 2 * PEOPLE - len(aloud)
        assert all(one.startswith("I have heard you say") for one in written)
        again = await day(2)
        assert not any(sound(stage, one) for one in again)
        assert spoken(servers["Ada"]) <= MOST, "also after a restart"


@pytest.mark.soak  # notes and channels share one budget, and notes play each time
async def test_g28_in_a_channel_she_writes_what_is_beyond_the_budget(
    tmp_path: Path, stage: Stage
) -> None:
    async with (
        vendors({"Ada": "", "Bea": ""}, brisk) as servers,
        lounges(
            tmp_path,
            stage,
            ["Ada", "Bea"],
            servers=servers,
            model=Scripted(answer),
            CHARACTER__ADA__TROUPE_SPEECH_PER_DAY=str(MOST),
        ) as (play, (ada, bea)),
    ):
        await ada.rests(play)
        written = len(ada.written())
        turns = 0
        while len(ada.written()) == written:
            turns += 1
            await _spoken_to(ada)
            await ada.rests(play)
            assert spoken(servers["Ada"]) <= MOST
        assert turns > 1, "as long as it lasted, she has spoken"
        assert "so be it" in ada.written()[-1]
        await bea.talks()
        assert {name for name, _ in failing(play)} == {"Ada"}, "Bea has her own"
    assert PULSE.settle()


async def _spoken_to(here: Lounge) -> None:
    here.there.forgets()
    written = len(here.written())
    here.says()
    await until(lambda: here.heard > 0.3 or len(here.written()) > written)
