"""What she was saying, and says, while the voice server of her channel cannot be reached."""

from __future__ import annotations

from pathlib import Path

from core.models.scripted import Scripted
from tests.flows.talk import reply
from tests.flows.voice_house import BOB, LOUNGE, Ada, passes, until, voices

AWAY = "Discord's voice server is not to be reached"
LAST = "The fifth sentence is the last one."
LONG = (
    "The first sentence is said. The second sentence is said too. The third one follows it. The "
    f"fourth one is not the end. {LAST}"
)


def is_away(ada: Ada, why: str) -> None:
    ada.channel.away = why
    ada.channel.listener.present(ada.channel.people)


async def test_away_in_the_middle_she_writes_what_was_not_heard(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted([reply(LONG)])) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.hears("Tell me something.")
        await until(lambda: ada.channel.mouth.speaking and ada.channel.mouth.played > 2)
        ada.channel.mouth.pause()  # as where nothing goes out
        await passes(ada.clock, 5)
        is_away(ada, AWAY)
        await until(lambda: ada.discord.texts and LONG.endswith(ada.discord.texts[-1]), timeout=10)
        await ada.silent()
        rest = ada.discord.texts[-1]
        assert rest.endswith(LAST)
        assert not rest.startswith("The first")
        assert LAST not in ada.speech.said
        kept = " ".join((await ada.lines())[-1].split())
        assert LONG in kept, "heard or read, it was said"


async def test_while_she_is_away_she_answers_in_the_chat_and_nobody_pays_for_a_voice(
    tmp_path: Path,
) -> None:
    async with voices(tmp_path, Scripted([reply("In writing."), reply("Aloud.")])) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        is_away(ada, AWAY)
        asked = len(ada.speech.asked)
        ada.hears("Can you hear me?")
        await until(lambda: "In writing." in ada.discord.texts, timeout=10)
        assert len(ada.speech.asked) == asked
        is_away(ada, "")
        ada.hears("And now?")
        await until(lambda: "Aloud." in ada.speech.said)
        await ada.silent()
        assert "Aloud." not in ada.discord.texts


async def test_a_sentence_that_is_made_when_she_goes_away_is_the_last_that_is_paid_for(
    tmp_path: Path,
) -> None:
    async with voices(tmp_path, Scripted([reply(LONG)])) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        asked = len(ada.speech.asked)
        ada.hears("Tell me something.")
        await until(lambda: len(ada.speech.asked) > asked)
        ada.channel.away = AWAY  # nobody was told to look yet
        await until(lambda: any(LAST in one for one in ada.discord.texts), timeout=10)
        assert len(ada.speech.asked) == asked + 1
