"""What is said may be remembered as a document; whoever wants it forgotten has it forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.models.scripted import Scripted
from core.ports import ModelRequest
from tests.flows.talk import playing, question, reply, whole
from tests.flows.test_knowledge import asks, known, remembers, shelf

pytestmark = pytest.mark.usefixtures("database")


async def test_a_text_is_remembered_as_a_document_is(tmp_path: Path) -> None:
    def told(request: ModelRequest) -> str:
        if "remember" not in question(request) or "is known now" in whole(request):
            return reply("Well.")
        given = json.dumps({"PROCESS_KNOWLEDGE": {"text": "The lighthouse has 144 stairs."}})
        return f"<response><actions>PROCESS_KNOWLEDGE</actions><params>{given}</params></response>"

    async with playing("Ada", model=(asked := Scripted(told)), data=tmp_path) as play:
        ada, zoe = play.bots["Ada"], play.stage.person("Zoe")
        dm = play.stage.dm(zoe, ada)
        zoe.says(dm, "please remember how many stairs there are")
        await play.stage.next_from(ada, dm)
        await known(tmp_path, 1)
        zoe.says(dm, "How many stairs has the lighthouse?")
        await play.stage.next_from(ada, dm)
        assert "# Knowledge" in whole(asked.requests[-1])
        assert "144 stairs" in whole(asked.requests[-1])


async def test_what_somebody_sent_goes_with_whoever_sent_it(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(remembers), data=tmp_path) as play:
        ada, zoe = play.bots["Ada"], play.stage.person("Zoe")
        dm = play.stage.dm(zoe, ada)
        zoe.sends(dm, "owls.txt", b"Owls hunt at night.", "please remember this")
        await play.stage.next_from(ada, dm)
        await known(tmp_path, 1)
        zoe.says(dm, "/forget me")
        assert "1 document" in (await play.stage.next_from(ada, dm)).text
        await known(tmp_path, 0)


async def test_where_no_talk_is_kept_folders_are_known_and_nothing_that_is_sent(
    tmp_path: Path,
) -> None:
    shelf(tmp_path, "owls.txt", "Owls hunt at night.")
    asked = Scripted(lambda request: reply("Well."))
    ada = {"name": "Ada", "bio": "Ada knows birds.", "settings": {"DISABLE_MEMORY_CREATION": True}}
    async with playing(ada, model=asked, data=tmp_path) as play:
        await known(tmp_path, 1)
        bot, zoe = play.bots["Ada"], play.stage.person("Zoe")
        dm = play.stage.dm(zoe, bot)
        zoe.sends(dm, "bees.txt", b"Bees dance.", "please remember this")
        await play.stage.next_from(bot, dm)
        assert "PROCESS_KNOWLEDGE" not in asked.requests[0].system
        await asks(play, text="When do owls hunt?")
        assert "Owls hunt at night." in whole(asked.requests[-1])
        await known(tmp_path, 1)
