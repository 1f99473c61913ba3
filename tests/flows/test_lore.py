"""Lorebooks and greetings at work: what the model is shown, and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from core.models.scripted import Scripted
from core.ports import ModelRequest
from core.prompting.budget import tokens
from tests.fakes.databases import in_use
from tests.flows.talk import playing, reply, whole

pytestmark = pytest.mark.usefixtures("database")

REX = "Rex is a cat who was a king once."
CROWN = "The crown lies at the bottom of the well."
WELL = "The well is as deep as the year is long."


def entry(*keys: str, content: str, **more: Any) -> dict[str, Any]:
    return {"keys": list(keys), "content": content, "enabled": True, "insertion_order": 1, **more}


def ada(**more: Any) -> dict[str, Any]:
    return {"name": "Ada", "bio": "Ada tells of a kingdom.", **more}


def book(*entries: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"entries": list(entries), **more}


async def test_an_entry_is_shown_only_once_its_key_is_said(tmp_path: Path) -> None:
    asked = Scripted(lambda request: reply("noted"))
    lorebook = book(entry("rex", content=REX), entry(content="It rains here.", constant=True))
    async with playing(ada(lorebook=lorebook), model=asked, data=tmp_path) as play:
        bot, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, bot)
        for text in ("good evening", "who is Rex?", "a", "b", "c", "d"):
            bob.says(dm, text)
            await play.stage.next_from(bot, dm)
    shown = [REX in whole(request) for request in asked.requests]
    assert shown == [False, True, True, False, False, False], "it is seen for four messages"
    assert all("It rains here." in request.system for request in asked.requests)
    assert len({request.system for request in asked.requests}) == 1
    rows = in_use.now.ask(tmp_path, "SELECT metadata FROM memories ORDER BY seq")
    kept = [row["metadata"] for row in rows]
    kept = [json.loads(one) if isinstance(one, str) else one for one in kept]
    told = [one["recalled"] for one in kept if "recalled" in one]
    assert told == [[{"table": "lorebook", "entry": "#1", "why": "key: rex"}]] * 2


async def test_entries_trigger_others_within_the_budget(tmp_path: Path) -> None:
    asked = Scripted(lambda request: reply("noted"))
    entries = (
        entry("rex", content=f"{REX} He lost his crown.", priority=3),
        entry("crown", content=CROWN, priority=2),
        entry("well", content=WELL, priority=1),
    )
    budget = sum(map(tokens, (f"{REX} He lost his crown.", CROWN)))
    lorebook = book(*entries, recursive_scanning=True, token_budget=budget)
    async with playing(ada(lorebook=lorebook), model=asked, data=tmp_path) as play:
        bot, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, bot)
        bob.says(dm, "who is Rex?")
        await play.stage.next_from(bot, dm)
    shown = whole(asked.requests[0])
    assert REX in shown
    assert CROWN in shown
    assert WELL not in shown, "it was triggered too, and there was no room for it"


async def test_an_entry_stands_as_deep_in_the_talk_as_it_asks_for(tmp_path: Path) -> None:
    asked = Scripted(lambda request: reply("noted"))
    deep = entry(content="@@depth 2\n@@role system\nSpeak in rhymes.", constant=True)
    last = entry(content="@@depth 0\nBe brief.", constant=True)
    async with playing(ada(lorebook=book(deep, last)), model=asked, data=tmp_path) as play:
        bot, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, bot)
        for text in ("one", "two"):
            bob.says(dm, text)
            await play.stage.next_from(bot, dm)
    talk = asked.requests[1].messages
    assert [said.role for said in talk] == ["user", "assistant", "user"]
    assert talk[0].text == "one\n<context>\nSpeak in rhymes.\n</context>"
    assert talk[2].text.endswith("two\n<context>\nBe brief.\n</context>")


async def test_the_authors_note_of_a_card_stands_between_the_messages(tmp_path: Path) -> None:
    asked = Scripted(lambda request: reply("noted"))
    note = {"prompt": "{{char}} is in a hurry.", "depth": 1, "role": "system"}
    card = {"data": {"extensions": {"depth_prompt": note}}}
    async with playing(ada(card=card), model=asked, data=tmp_path) as play:
        bot, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, bot)
        for text in ("good evening", "how are you?"):
            bob.says(dm, text)
            await play.stage.next_from(bot, dm)
    talk = [one.text for one in asked.requests[1].messages]
    assert "Ada is in a hurry." in "\n".join(talk)
    assert "Ada is in a hurry." not in asked.requests[1].system
    said = "\n".join(talk)
    assert said.index("noted") < said.index("in a hurry") < said.index("how are you?")


async def test_what_is_told_once_is_told_once_even_by_the_next_process(tmp_path: Path) -> None:
    once = entry("rex", content=f"@@dont_activate_after_match\n{REX}")
    third = entry("rex", content="@@activate_only_after 2\nHe is old now.")
    async with Stage(limits=False) as stage:
        bob = stage.person("Bob")
        shown = []
        for _ in range(3):
            asked = Scripted(lambda request: reply("noted"))
            her = ada(lorebook=book(once, third))
            async with playing(her, model=asked, data=tmp_path, stage=stage) as play:
                bot = play.bots["Ada"]
                dm = stage.dm(bob, bot)
                bob.says(dm, "tell me of Rex")
                await stage.next_from(bot, dm)
            said = whole(asked.requests[0])
            shown.append((REX in said, "He is old now." in said))
    assert shown == [(True, False), (False, False), (False, True)]


async def test_she_greets_in_the_words_of_her_author_and_knows_it(tmp_path: Path) -> None:
    asked = Scripted(lambda request: reply("noted"))
    her = ada(
        greetings=["Welcome, {{user}}! I am {{char}}."], personality="{{char}} likes {{user}}."
    )
    async with playing(her, model=asked, data=tmp_path) as play:
        bot, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, bot)
        bob.says(dm, "/start abc")
        assert (await play.stage.next_from(bot, dm)).text == "Welcome, Bob! I am Ada."
        bob.says(dm, "hello yourself")
        await play.stage.next_from(bot, dm)
        bob.says(dm, "/reset")
        assert "begin anew" in (await play.stage.next_from(bot, dm)).text
    assert ("assistant", "Welcome, Bob! I am Ada.") in _talk(asked.requests[0])
    assert "Ada likes Bob." in asked.requests[0].system


async def test_each_reset_begins_with_the_next_greeting_also_after_a_restart(
    tmp_path: Path,
) -> None:
    her = ada(
        greetings=["In the castle.", "At the well.", "On the road."],
        lorebook=book(entry(content="@@is_greeting 1\nIt is night.", constant=True)),
    )
    asked = Scripted(lambda request: reply("noted"))
    async with Stage(limits=False) as stage:
        bob = stage.person("Bob")
        greeted = []
        for commands in (("/start", "/reset"), ("/reset", "/reset", "/reset")):
            async with playing(her, model=asked, data=tmp_path, stage=stage) as play:
                bot = play.bots["Ada"]
                dm = stage.dm(bob, bot)
                for command in commands:
                    bob.says(dm, command)
                    greeted.append((await stage.next_from(bot, dm)).text)
                    bob.says(dm, "where are we?")
                    await stage.next_from(bot, dm)
    assert greeted == [
        "In the castle.",
        "At the well.",
        "On the road.",
        "In the castle.",
        "At the well.",
    ]
    assert ["It is night." in whole(request) for request in asked.requests] == [
        False, True, False, False, True,
    ]  # fmt: skip
    last = asked.requests[-1]
    assert _talk(last)[:2] == [
        ("user", "(The conversation begins.)"),
        ("assistant", "At the well."),
    ]
    assert "On the road." not in whole(last)
    assert "/reset" not in whole(last)


async def test_in_a_group_a_greeting_names_who_asked_for_it(tmp_path: Path) -> None:
    her = ada(greetings=["Welcome, {{user}}!"], scenario="{{user}} enters.")
    asked = Scripted(lambda request: reply("noted"))
    async with playing(her, model=asked, data=tmp_path) as play:
        bot, bob = play.bots["Ada"], play.stage.person("Bob")
        group = play.stage.group("Friends", [bob], [bot])
        bob.says(group, f"/start@{bot.username}")
        assert (await play.stage.next_from(bot, group)).text == "Welcome, Bob!"
        bob.says(group, "Ada, hello")
        await play.stage.next_from(bot, group)
    assert "whoever is speaking enters." in asked.requests[0].system


def _talk(request: ModelRequest) -> list[tuple[str, str]]:
    return [(said.role, said.text) for said in request.messages]
