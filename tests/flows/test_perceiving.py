"""Pictures, voices and documents that people send, from their bytes to what she says of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bots.sandbox import Bot, Person
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.models.scripted import Scripted
from core.plugins import Plugin
from core.ports import ModelType
from tests.fakes.databases import in_use
from tests.fakes.pictures import png
from tests.flows.talk import echo, playing, question, whole

_CAT = "A grey cat sleeps on a sofa."


class Senses:
    """What a character's models were shown, and what they say of it."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.heard: list[dict[str, Any]] = []
        self.says: str | Exception = _CAT
        self.writes: str | Exception = "Good morning, Ada."

    def plugin(self) -> Plugin:
        plugin = Plugin("senses")

        @plugin.model(ModelType.IMAGE_DESCRIPTION)
        async def look(runtime: Any, params: Any) -> dict[str, str]:
            self.seen.append(params["imageUrl"])
            if isinstance(self.says, Exception):
                raise self.says
            return {"title": "A cat", "description": self.says}

        @plugin.model(ModelType.TRANSCRIPTION)
        async def listen(runtime: Any, params: Any) -> str:
            self.heard.append(params)
            if isinstance(self.writes, Exception):
                raise self.writes
            return self.writes

        return plugin


def direct(play: Play) -> tuple[Bot, Person, Chat]:
    ada, bob = play.bots["Ada"], play.stage.person("Bob")
    return ada, bob, play.stage.dm(bob, ada)


def rows(data: Path, table: str) -> list[Mapping[str, Any]]:
    return in_use.now.ask(data, f"SELECT * FROM {table}")


def hanging(data: Path) -> list[dict[str, Any]]:
    """The media objects of everything that is remembered, oldest first."""
    contents = [row["content"] for row in rows(data, "memories") if row["type"] == "messages"]
    plain = [json.loads(one) if isinstance(one, str) else one for one in contents]
    return [media for one in plain for media in one.get("attachments", ())]


def fetched(play: Play) -> int:
    return len(play.stage.journal.of("getFile"))


async def test_a_photo_is_described_and_stays_known(tmp_path: Path) -> None:
    asked, senses = Scripted(echo), Senses()
    async with playing("Ada", model=asked, data=tmp_path, plugins=[senses.plugin()]) as play:
        ada, bob, dm = direct(play)
        photo = png(9, 9)
        bob.sends_photo(dm, photo, caption="my cat")
        await play.stage.next_from(ada, dm)
        assert question(asked.requests[-1]) == f"my cat\n[photo: {_CAT}]"
        assert senses.seen == [photo], "the largest of its sizes"
        bob.says(dm, "how old is she?")
        await play.stage.next_from(ada, dm)
        assert f"{_CAT}]" in whole(asked.requests[-1]), "also when it is the past"
        assert len(senses.seen) == fetched(play) == 1
    (kept,) = hanging(tmp_path)
    assert (kept["description"], kept["title"], kept["kind"]) == (_CAT, "A cat", "photo")
