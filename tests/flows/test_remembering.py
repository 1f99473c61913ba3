"""What stays and what does not: commands, edits, moved groups, rooms that keep nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from core.models.scripted import Scripted
from core.ports import ModelRequest
from tests.fakes.databases import in_use
from tests.flows.talk import (
    echo,
    outcomes,
    playing,
    question,
    reply,
    settled,
    speaker,
    until,
    whole,
)

pytestmark = pytest.mark.usefixtures("database")


def rows(data: Path, table: str) -> list[Mapping[str, Any]]:
    return in_use.now.rows(data, table)


async def test_start_and_help_are_answered_without_a_model(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "/start")
        assert "I am Ada" in (await play.stage.next_from(ada, dm)).text
        bob.says(dm, "/help")
        told = (await play.stage.next_from(ada, dm)).text
        assert "/reset" in told
        assert await settled(play, 2) == [
            ("answered", "command-start"),
            ("answered", "command-help"),
        ]
    assert asked.requests == []


async def test_a_command_nobody_knows_is_talk_in_private_and_silence_in_company(
    tmp_path: Path,
) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm, group = play.stage.dm(bob, ada), play.stage.group("Friends", [bob], [ada])
        bob.says(dm, "/dance with me")
        assert "/dance with me" in (await play.stage.next_from(ada, dm)).text
        bob.says(group, "/help@another_bot")
        bob.says(group, "/help@ada_bot")
        assert "mention me" in (await play.stage.next_from(ada, group)).text
        await settled(play, 3)
    assert outcomes(play)[1] == ("silent", "command-of-another")


async def test_reset_takes_the_older_talk_out_of_the_prompt_and_nothing_else(
    tmp_path: Path,
) -> None:
    async with Stage(limits=False) as stage:
        bob = stage.person("Bob")
        for start in range(2):
            asked = Scripted(lambda request: reply("noted"))
            async with playing("Ada", model=asked, data=tmp_path, stage=stage) as play:
                ada = play.bots["Ada"]
                dm = stage.dm(bob, ada)
                if start == 0:
                    bob.says(dm, "my cat is called Harold")
                    await stage.next_from(ada, dm)
                    bob.says(dm, "what is it called?")
                    await stage.next_from(ada, dm)
                    assert "Harold" in whole(asked.requests[-1])
                    bob.says(dm, "/reset")
                    await stage.next_from(ada, dm)
                    bob.says(dm, "my dog is called Otto")
                    await stage.next_from(ada, dm)
                bob.says(dm, "and now, who is called what?")
                await stage.next_from(ada, dm)
                assert "Harold" not in whole(asked.requests[-1])
                assert "Otto" in whole(asked.requests[-1])


async def test_an_edit_changes_what_she_remembers_though_not_what_she_answered(
    tmp_path: Path,
) -> None:
    asked, never = Scripted(echo), {"TROUPE_EDIT_WINDOW": "0"}
    async with playing("Ada", model=asked, data=tmp_path, settings=never) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        wrong = bob.says(dm, "I live in Pairs")
        await play.stage.next_from(ada, dm)
        bob.edits(wrong, "I live in Paris")
        await settled(play, 2)
        bob.says(dm, "where do I live?")
        await play.stage.next_from(ada, dm)
        assert outcomes(play)[1] == ("silent", "edit-noted")
        assert sum(1 for one in play.stage.messages(dm) if one.sender is ada) == 2
    talk = asked.requests[-1].messages[0].text
    assert "Paris" in talk
    assert "Pairs" not in talk


async def test_a_group_that_becomes_a_supergroup_keeps_its_past(tmp_path: Path) -> None:
    asked = Scripted(lambda request: reply("noted"))
    async with playing("Ada", model=asked, data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        group = play.stage.group("Friends", [bob], [ada])
        bob.says(group, "Ada, the password is swordfish")
        await play.stage.next_from(ada, group)
        new = play.stage.migrate(group)
        await settled(play, 3)
        bob.says(new, "Ada, what was the password?")
        await play.stage.next_from(ada, new)
        assert "swordfish" in whole(asked.requests[-1])
    assert len(rows(tmp_path, "rooms")) == 1
    assert rows(tmp_path, "rooms")[0]["channel"] == str(new.id)


async def test_an_answer_that_is_made_while_its_group_moves_arrives_in_the_new_one(
    tmp_path: Path,
) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        group = play.stage.group("Friends", [bob], [ada])
        play.stage.faults.flood(1, method="sendMessage", chat=group.id)
        bob.says(group, "Ada, hello?")
        await settled(play, 1)
        new = play.stage.migrate(group)
        assert "hello?" in (await play.stage.next_from(ada, new)).text


SECRET = "the-quick-brown-canary"


async def test_with_memory_off_no_word_is_kept_anywhere(tmp_path: Path) -> None:
    """Nor when a turn fails, stays silent, or hears of an edit."""

    def model(request: ModelRequest) -> str | Exception:
        return RuntimeError("a bug") if "boom" in question(request) else echo(request)

    async with playing(
        "Ada",
        model=Scripted(model),
        data=tmp_path,
        settings={"DISABLE_MEMORY_CREATION": "true"},
    ) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm, group = play.stage.dm(bob, ada), play.stage.group("Friends", [bob], [ada])
        said = bob.says(dm, f"a word: {SECRET}")
        assert SECRET in (await play.stage.next_from(ada, dm)).text
        bob.edits(said, f"another word: {SECRET}")
        await settled(play, 2)
        bob.says(dm, f"boom {SECRET}")
        await play.stage.next_from(ada, dm)
        bob.says(group, f"to nobody: {SECRET}")
        await settled(play, 4)
    assert rows(tmp_path, "memories") == []
    for table in ("inbox", "deliveries"):
        kept = [tuple(row.values()) for row in rows(tmp_path, table)]
        assert kept, "the events themselves are written down"
        assert SECRET not in str(kept)


async def test_what_is_never_kept_is_not_recalled_either(tmp_path: Path) -> None:
    asked = Scripted(lambda request: reply("noted"))
    async with playing(
        "Ada", model=asked, data=tmp_path, settings={"DISABLE_MEMORY_CREATION": "true"}
    ) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        for text in (SECRET, "what did I say?"):
            bob.says(dm, text)
            await play.stage.next_from(ada, dm)
    assert SECRET not in whole(asked.requests[-1])


async def test_only_the_named_sources_are_kept(tmp_path: Path) -> None:
    async with Stage(limits=False) as stage:
        bob = stage.person("Bob")
        ada = stage.bot("Ada")
        kept, other = stage.group("Kept", [bob], [ada]), stage.group("Other", [bob], [ada])
        async with playing(
            "Ada",
            model=Scripted(echo),
            data=tmp_path,
            stage=stage,
            settings={"ALLOW_MEMORY_SOURCE_IDS": f'["{kept.id}"]'},
        ) as play:
            for group in (kept, other):
                bob.says(group, f"Ada, in {group.title}: {SECRET}")
                await play.stage.next_from(ada, group)
            await until(lambda: all(row["settled_at"] for row in rows(tmp_path, "deliveries")))
    memories = [row["content"] for row in rows(tmp_path, "memories")]
    assert len(memories) == 2
    assert all("in Kept" in content for content in memories)
    for table in ("inbox", "deliveries"):
        found = [SECRET in str(list(row.values())) for row in rows(tmp_path, table)]
        assert found == [True, False]


@pytest.mark.parametrize("times", [2])
async def test_a_turn_that_fails_says_sorry_once(times: int, tmp_path: Path) -> None:
    model = Scripted(lambda request: RuntimeError(f"{speaker(request)} has a bug"))
    async with playing("Ada", model=model, data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        for number in range(times):
            bob.says(dm, f"question {number}")
            ended = await settled(play, number + 1)
        said = [one.text for one in play.stage.messages(dm) if one.sender is ada]
    assert ended == [("failed", "bug-RuntimeError")] * times
    assert len(said) == 1
    assert "Sorry" in said[0]
