"""On Telegram no bot is shown what another one says: the house tells its characters."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.rooms import asked_of, lines, room
from tests.flows.talk import question

pytestmark = pytest.mark.usefixtures("database")

TRIO = ("Ada", "Bert", "Cleo")


async def test_what_never_reached_people_is_heard_by_nobody(tmp_path: Path) -> None:
    model = lines({"Ada": "Bert, can you hear me?"})
    async with room("telegram", *TRIO, model=model, data=tmp_path) as here:
        here.zoe.says(here.chat, "Good evening")
        await here.settled()
        here.stage.faults.refuse(403, method="sendMessage", bot=here.bots["Ada"].id)
        here.zoe.says(here.chat, "Ada, say something")
        await here.settled()
        assert here.voices == []
        assert here.rules("Bert")[-1] == ("silent", "never-said")
        assert not any("hear me" in one for one in here.remembered("Bert"))


async def test_an_answer_in_several_messages_is_heard_once_and_whole(tmp_path: Path) -> None:
    long = "\n\n".join(f"Chapter {one}. " + "word " * 700 for one in range(3)) + "\n\nBert, go on."
    model = lines({"Ada": long})
    async with room("telegram", *TRIO, model=model, data=tmp_path) as here:
        here.zoe.says(here.chat, "Good evening")
        await here.settled()
        here.zoe.says(here.chat, "Ada, tell us a story")
        await here.settled()
        assert here.voices[:-1] == ["Ada"] * (len(here.voices) - 1)
        assert here.voices[-1] == "Bert"
        assert len(here.voices) > 3
        told = [one for one in here.remembered("Cleo") if "Chapter" in one]
        assert len(told) == 1
        assert "Chapter 2" in told[0]
    [request] = asked_of(model, "Bert")
    assert question(request).count("Ada: Chapter") == 1


async def test_a_handle_in_an_answer_calls_its_owner_and_nobody_else(tmp_path: Path) -> None:
    model = lines({"Ada": "@CLEO_bot knows. Bert_bot does not, and neither does mail@bert_bot."})
    async with room("telegram", *TRIO, model=model, data=tmp_path) as here:
        here.zoe.says(here.chat, "Ada, who knows?")
        await here.settled()
        assert here.voices == ["Ada", "Cleo"]
        assert ("answered", "mentioned") in here.rules("Cleo")
        assert ("silent", "addressed-to-another") in here.rules("Bert")


async def test_one_that_hears_only_what_is_meant_for_it_hears_the_others_all_the_same(
    tmp_path: Path,
) -> None:
    """Telegram's privacy mode, which is on unless it is switched off."""
    model = lines({"Ada": "Bert, it is your turn.", "Bert": "Thank you."})
    async with room("telegram", "Ada", "Bert", model=model, data=tmp_path) as here:
        here.zoe.says(here.chat, "Good evening, Bert")
        await here.settled()
        here.bots["Bert"].privacy(True)
        here.zoe.says(here.chat, "Ada, begin")
        await here.settled(but="Bert")
        await here.overheard("Bert", 1)
        assert here.voices == ["Bert", "Ada", "Bert"]
