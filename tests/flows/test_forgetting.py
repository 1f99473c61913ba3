"""/forget me and /export me, as people see them, and as the database's bytes show it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Bot, Person
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.models.scripted import Scripted
from core.ports import ModelRequest
from tests.flows.on_discord import ON_BOTH, Server, rows
from tests.flows.talk import playing, question, reply, until, whole

EVERYTHING_SETTLED = {"sent", "failed"}


@dataclass(slots=True)
class Talk:
    """Two people with a bot: each directly, and both in company."""

    play: Play
    bot: Bot
    quirin: Person
    zoe: Person
    direct: Chat
    hers: Chat
    group: Chat

    @classmethod
    def of(cls, play: Play, platform: str) -> Talk:
        stage = play.stage
        quirin, zoe = stage.person("Quirinus"), stage.person("Zoe")
        if platform == "telegram":
            bot = play.bots["Ada"]
            group = stage.group("Friends", [quirin, zoe], [bot])
            return cls(play, bot, quirin, zoe, stage.dm(quirin, bot), stage.dm(zoe, bot), group)
        bot = play.discord_bots["Ada"]
        group = Server.of(stage, [bot], quirin, zoe).general
        direct, hers = stage.discord.dm(quirin, bot), stage.discord.dm(zoe, bot)
        return cls(play, bot, quirin, zoe, direct, hers, group)

    async def says(self, who: Person, where: Chat, text: str, **how: Any) -> Any:
        """Say something, and wait for what is answered."""
        who.says(where, text, **how)
        return await self.play.stage.next_from(self.bot, where)

    def in_company(self, command: str) -> str:
        if self.bot.name in self.play.bots:
            return f"/{command}@ada_bot me"
        return f"@Ada /{command} me"

    async def went(self) -> None:
        """They talk of canaries: q- are Quirinus', z- are Zoe's."""
        await self.says(self.quirin, self.direct, "q-finch sang in my bedroom")
        await self.says(self.zoe, self.hers, "z-wren sang in mine")
        said = self.quirin.says(self.group, "Ada, q-linnet is my favourite")
        await self.play.stage.next_from(self.bot, self.group)
        await self.says(self.zoe, self.group, "Ada, z-robin is mine", reply_to=said)

    async def settled(self) -> None:
        await until(
            lambda: (
                all(one["status"] in EVERYTHING_SETTLED for one in rows(self.play, "deliveries"))
                and all(one["status"] != "new" for one in rows(self.play, "inbox"))
            )
        )


def parrot(request: ModelRequest) -> str:
    """What was said last, without whom it answers."""
    return reply(f"I heard: {question(request).rpartition('): ')[2]}")


def canaries(text: str) -> set[str]:
    return set(re.findall(r"\b[qz]-[a-z]+|Quirinus", text))


def in_files(data: Path) -> set[str]:
    """Those that can be read in the bytes of the database."""
    found = [path.read_bytes() for path in data.glob("troupe.db*")]
    assert found
    return {one for part in found for one in canaries(part.decode("latin-1"))}


def in_rows(play: Play) -> set[str]:
    tables = ("memories", "inbox", "deliveries", "entities", "rooms", "worlds", "passages", "cache")
    return {one for table in tables for row in rows(play, table) for one in canaries(str(row))}


@pytest.mark.parametrize("platform", ON_BOTH)
async def test_whoever_asks_is_forgotten_to_the_last_byte_and_nobody_else_is(
    platform: str, tmp_path: Path
) -> None:
    asked = Scripted(parrot)
    async with playing("Ada", model=asked, data=tmp_path, platforms=(platform,)) as play:
        talk = Talk.of(play, platform)
        await talk.went()
        await talk.settled()
        assert {"q-finch", "q-linnet", "Quirinus"} <= in_files(tmp_path)
        told = await talk.says(talk.quirin, talk.direct, "/forget me")
        assert "forgotten you" in told.text
        assert "2 messages and 2 answers to you are gone" in told.text
        assert "copy" not in told.text
        await talk.settled()
        await until(lambda: in_files(tmp_path) == {"z-wren", "z-robin"})
        # The other one's talk goes on where it was.
        await talk.says(talk.zoe, talk.hers, "and now?")
        assert "z-wren" in whole(asked.requests[-1])
        await talk.says(talk.zoe, talk.group, "Ada, and here?")
        assert "z-robin" in whole(asked.requests[-1])
        assert not canaries(whole(asked.requests[-1])) & {"q-finch", "q-linnet"}
        # And Quirinus is somebody new.
        await talk.says(talk.quirin, talk.direct, "q-hello")
        assert "q-finch" not in whole(asked.requests[-1])
        await talk.says(talk.quirin, talk.direct, "what did I say?")
        assert "q-hello" in whole(asked.requests[-1])


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("platform", ON_BOTH)
async def test_asked_in_company_it_forgets_everywhere(platform: str, tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(parrot), data=tmp_path, platforms=(platform,)) as play:
        talk = Talk.of(play, platform)
        await talk.went()
        await talk.says(talk.quirin, talk.group, talk.in_company("forget"))
        await talk.settled()
        assert in_rows(play) == {"z-wren", "z-robin"}
        assert [
            one["author"] for one in rows(play, "inbox") if one["rule"] == "command-forget"
        ] == [""]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("platform", ON_BOTH)
async def test_a_person_gets_a_file_with_everything_of_theirs_and_nothing_of_others(
    platform: str, tmp_path: Path
) -> None:
    async with playing("Ada", model=Scripted(parrot), data=tmp_path, platforms=(platform,)) as play:
        talk = Talk.of(play, platform)
        await talk.went()
        told = await talk.says(talk.quirin, talk.group, "Ada")
        told = await talk.says(talk.quirin, talk.group, talk.in_company("export"))
        assert "directly" in told.text
        told = await talk.says(talk.quirin, talk.direct, "/export me")
        (file,) = sent(play, talk.direct)
        assert file["name"] == "ada-export.json"
        kept = json.loads(file["data"])
        assert [one["text"] for one in kept["messages"]] == [
            "q-finch sang in my bedroom",
            "Ada, q-linnet is my favourite",
            "Ada",
        ]
        assert ["q-finch" in one["text"] for one in kept["answers"]] == [True]
        assert canaries(json.dumps(kept)) == {"q-finch", "q-linnet", "Quirinus"}
        await talk.settled()
        await until(lambda: not list((tmp_path / "files").glob("*.json")))
        assert not [one for one in rows(play, "memories") if "export" in one["content"]]


@pytest.mark.parametrize("command", ["/forget", "/export", "/forget Zoe", "/export everything"])
async def test_without_me_it_is_explained_and_nothing_is_done(command: str, tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(parrot), data=tmp_path) as play:
        talk = Talk.of(play, "telegram")
        await talk.says(talk.quirin, talk.direct, "q-finch sang")
        told = await talk.says(talk.quirin, talk.direct, command)
        assert f"{command.split()[0]} me" in told.text
        assert "q-finch" in in_rows(play)
        assert not sent(play, talk.direct)


@pytest.mark.usefixtures("database")
async def test_who_is_not_remembered_can_ask_for_both_all_the_same(tmp_path: Path) -> None:
    settings = {"DISABLE_MEMORY_CREATION": "true"}
    async with playing("Ada", model=Scripted(parrot), data=tmp_path, settings=settings) as play:
        talk = Talk.of(play, "telegram")
        await talk.says(talk.quirin, talk.direct, "q-finch sang")
        await talk.says(talk.quirin, talk.direct, "/export me")
        (file,) = sent(play, talk.direct)
        assert json.loads(file["data"])["messages"] == []
        told = await talk.says(talk.quirin, talk.direct, "/forget me")
        assert "nothing of you" in told.text
        await talk.settled()
        assert in_rows(play) == set()


async def test_a_copy_made_before_an_update_is_named(tmp_path: Path) -> None:
    (tmp_path / "troupe.db.before-0003").write_bytes(b"q-finch")
    async with playing("Ada", model=Scripted(parrot), data=tmp_path) as play:
        talk = Talk.of(play, "telegram")
        told = await talk.says(talk.quirin, talk.direct, "/forget me")
        assert "A copy of everything, made before an update, is kept until" in told.text


def sent(play: Play, where: Chat) -> list[dict[str, Any]]:
    """Files that somebody got."""
    found = []
    for said in play.stage.messages(where):
        document = said.more.get("document")
        for one in [*said.more.get("attachments", ()), *filter(None, [document])]:
            _, data = play.stage.world.files[one.get("file_id") or one["id"]]
            found.append({"name": one.get("file_name") or one["filename"], "data": data})
    return found
