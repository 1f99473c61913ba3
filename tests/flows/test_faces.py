"""Several characters behind one bot of Discord, each with her own name, picture and memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.discord.permissions import MANAGE_WEBHOOKS
from bots.sandbox.world import Chat, Message
from bots.testkit import Play
from core.models.scripted import Line, Scripted
from core.ports import ModelRequest
from tests.flows.on_discord import Server, calls, on_discord, rows
from tests.flows.talk import echo, question, reply, speaker, until, whole

pytestmark = pytest.mark.usefixtures("database")

PICTURE = "https://cdn.example.org/bert.png"
BERT: dict[str, Any] = {
    "name": "Bert",
    "bio": "Bert is made for a test.",
    "settings": {"DISCORD_FACE_OF": "Ada", "avatar": PICTURE},
}


def room(stage: Stage, bots: Iterable[Bot], *people: Person, webhooks: bool = True) -> Server:
    """A server in whose channels the bots may have webhooks."""
    bots = tuple(bots)
    server = Server.of(stage, bots, *people)
    if webhooks:
        stage.discord.role(server.guild, "Stagehands", bots, permissions=MANAGE_WEBHOOKS)
    return server


def said(stage: Stage, chat: Chat, name: str) -> list[Message]:
    """What stands in a chat under a name."""
    return [one for one in stage.messages(chat) if one.spoken_as == name and not one.deleted]


async def answers(stage: Stage, chat: Chat, name: str, number: int = 1) -> list[Message]:
    await until(lambda: len(said(stage, chat, name)) >= number)
    return said(stage, chat, name)


def ended(play: Play, character: str) -> list[tuple[str, str]]:
    """How what a face has heard has ended, by her account: "<bot>/<her id>"."""
    (loaded,) = [one for one in play.roster.loaded if one.name == character]
    account = f"discord:{play.discord_bots['Ada'].id}/{loaded.id}"
    return [
        (row["status"], row["rule"])
        for row in rows(play, "inbox")
        if row["account"] == account and row["kind"] in ("message", "command")
    ]


async def settled(play: Play, number: int, character: str = "Bert") -> list[tuple[str, str]]:
    await until(
        lambda: (
            len(found := ended(play, character)) >= number
            and all(status != "new" for status, _ in found)
        )
    )
    return ended(play, character)


async def test_a_face_answers_by_its_own_name_and_picture_and_the_bot_by_the_bots(
    tmp_path: Path,
) -> None:
    async with on_discord("Ada", BERT, model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe = stage.person("Zoe")
        general = room(stage, [ada], zoe).general
        zoe.says(general, "Bert, who are you?")
        (first,) = await answers(stage, general, "Bert")
        zoe.says(general, "@Ada and you?")
        (second,) = await answers(stage, general, "Ada")
        zoe.says(general, "really?", reply_to=first)
        await answers(stage, general, "Bert", 2)
        zoe.says(general, "and more of it")
        found = await settled(play, 5)
        made = calls(stage, "create_webhook")
    assert "Bert heard: " in first.text
    assert first.more["face"]["url"] == PICTURE
    assert "Ada heard: " in second.text
    assert "webhook_id" not in second.more
    assert [rule for _, rule in found] == [
        "named",
        "addressed-to-another",
        "addressed-to-another",  # what Ada has answered
        "reply",
        "follow-up",
    ]
    assert len(made) == 1, "one webhook serves a channel"


async def test_whoever_marks_the_bot_and_names_the_face_means_the_face(tmp_path: Path) -> None:
    async with on_discord("Ada", BERT, model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe = stage.person("Zoe")
        general = room(stage, [ada], zoe).general
        zoe.says(general, "@Ada Bert, what do you say?")
        (answer,) = await answers(stage, general, "Bert")
        await settled(play, 1)
        await stage.quiet(general)
        alone = said(stage, general, "Ada")
    assert "Bert, what do you say?" in answer.text
    assert alone == []


async def test_the_bot_and_its_face_hear_each_other_as_colleagues(tmp_path: Path) -> None:
    def model(request: ModelRequest) -> str:
        if speaker(request) == "Bert":
            return reply("A moth.")
        asked = "ask him" in question(request)
        return reply("Bert, what is a bug?" if asked else "Thank you.")

    async with on_discord("Ada", BERT, model=(asked_of := Scripted(model)), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe = stage.person("Zoe")
        general = room(stage, [ada], zoe).general
        zoe.says(general, "Ada, ask him")
        (asked,) = await answers(stage, general, "Ada")
        (answered,) = await answers(stage, general, "Bert")
        zoe.says(general, "Ada, what is it then?")
        await answers(stage, general, "Ada", 2)
        zoe.says(general, "Bert, is that so?")
        await answers(stage, general, "Bert", 2)
        await settled(play, 4)
        people = rows(play, "entities")
        prompts = [whole(one) for one in asked_of.requests]
    assert asked.text == "Bert, what is a bug?"
    assert answered.text.endswith("A moth.")
    assert any("Bert: A moth." in one for one in prompts if "# About Ada" in one)
    assert any("Ada: Bert, what is a bug?" in one for one in prompts if "# About Bert" in one)
    assert not [one for one in people if "Characters" in str(one["names"])]
