"""`troupe memory`: looking into what is remembered, and an operator who forgets somebody."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bots.knowing import House
from bots.lock import hold
from bots.remembering import Sought, forgotten, handed_out, searched, shown
from core.casting import Roster, read_loaded
from core.errors import BadInput
from core.ids import string_to_uuid
from core.models.scripted import Scripted
from core.settings.layers import Environment
from core.store.engine import open_store
from tests.fakes.databases import in_use
from tests.flows.on_discord import rows
from tests.flows.talk import playing, reply, until
from tests.flows.test_command_line import character, troupe

pytestmark = pytest.mark.usefixtures("database")

ADA = string_to_uuid("Ada")


def house(data: Path) -> House:
    loaded = read_loaded({"name": "Ada", "bio": "Ada is made for a test."})
    environment = Environment.of({"TROUPE_DATA_DIR": str(data), **in_use.now.settings})
    return House(environment, data, Roster((loaded,)))


async def said(command: Callable[..., Iterable[str]], *given: Any) -> str:
    """Of a command, which has no loop of its own beside it."""
    return await asyncio.to_thread(lambda: "\n".join(command(*given)))


def quiet() -> Console:
    return Console(file=io.StringIO())


def in_bytes(data: Path) -> list[bytes]:
    return [path.read_bytes() for path in data.glob("troupe.db*")]


async def talked(data: Path) -> None:
    """Bob and Zoe have spoken with Ada, and what they said is indexed."""
    async with playing("Ada", model=Scripted(lambda asked: reply("Well.")), data=data) as play:
        ada = play.bots["Ada"]
        for name, text in (("Bob", "a heron stood in the pond"), ("Zoe", "a heron flew by")):
            person = play.stage.person(name)
            dm = play.stage.dm(person, ada)
            person.says(dm, text)
            await play.stage.next_from(ada, dm)
        await until(lambda: all(row["status"] == "sent" for row in rows(play, "deliveries")))
    async with open_store(in_use.now.url or None, data) as store:
        while await store.write(lambda unit: unit.passages.behind(100)):
            pass


async def test_search_finds_words_and_names_nobody(tmp_path: Path) -> None:
    await talked(tmp_path)
    told = await said(searched, house(tmp_path), Sought("herons"), quiet())
    assert "a heron stood in the pond" in told
    assert "a heron flew by" in told
    assert "Bob" not in told
    assert "Nothing" in await said(searched, house(tmp_path), Sought("ostrich"), quiet())
    told = await said(searched, house(tmp_path), Sought("heron", person="zoe"), quiet())
    assert "flew by" in told
    assert "pond" not in told
    with pytest.raises(BadInput, match="no word"):
        await said(searched, house(tmp_path), Sought("?!"), quiet())


async def test_show_gives_a_memory_a_room_or_a_person(tmp_path: Path) -> None:
    await talked(tmp_path)
    (memory,) = in_use.now.ask(tmp_path, "SELECT * FROM memories WHERE content LIKE '%pond%'")
    whole = json.loads(await said(shown, house(tmp_path), Sought(memory=memory["id"])))
    assert (whole["text"], whole["character"]) == ("a heron stood in the pond", "Ada")
    told = await said(shown, house(tmp_path), Sought(room=memory["room_id"]))
    assert told.index("pond") < told.index("Well.")
    assert "flew by" not in told
    told = await said(shown, house(tmp_path), Sought(person="Bob"))
    assert "pond" in told
    assert "Well." not in told
    with pytest.raises(BadInput, match="no memory"):
        await said(shown, house(tmp_path), Sought(memory="nonsense"))


async def test_an_operator_forgets_somebody_without_a_gateway(tmp_path: Path) -> None:
    await talked(tmp_path)
    asked: list[str] = []

    def sure(question: str) -> bool:
        asked.append(question)
        return len(asked) > 1

    given = (house(tmp_path), Sought(person="bob"), sure, quiet())
    assert "Nothing was done" in await said(forgotten, *given)
    assert await said(forgotten, *given) == "Ada: 1 messages, 1 answers"
    assert "Forget Bob (" in asked[0]
    assert not [one for one in in_bytes(tmp_path) if b"pond" in one or b"Bob" in one]
    with pytest.raises(BadInput, match="nobody here"):
        await said(forgotten, *given)
    assert "flew by" in await said(shown, house(tmp_path), Sought(person="Zoe"))


async def test_a_gateway_that_runs_does_it_itself_and_forgets_what_it_held(tmp_path: Path) -> None:
    asked = Scripted(lambda request: reply("Well."))
    with hold(tmp_path):
        async with playing("Ada", model=asked, data=tmp_path) as play:
            ada, bob = play.bots["Ada"], play.stage.person("Bob")
            dm = play.stage.dm(bob, ada)
            bob.says(dm, "a heron stood in the pond")
            await play.stage.next_from(ada, dm)
            given = (house(tmp_path), Sought(person="Bob"), lambda one: True, quiet())
            told = await said(forgotten, *given)
            assert told == "Ada: 1 messages, 1 answers"
            bob.says(dm, "what did I say?")
            await play.stage.next_from(ada, dm)
            prompt = "".join(one.text for one in asked.requests[-1].messages)
            assert "what did I say?" in prompt
            assert "pond" not in prompt


async def test_what_is_somebodys_is_handed_out(tmp_path: Path) -> None:
    await talked(tmp_path)
    (one,) = json.loads(
        await said(handed_out, house(tmp_path), Sought(person="Bob"), None, quiet())
    )
    assert one["character"] == "Ada"
    assert [message["text"] for message in one["messages"]] == ["a heron stood in the pond"]
    out = tmp_path / "bob.json"
    await said(handed_out, house(tmp_path), Sought(person="Bob"), out, quiet())
    assert json.loads(out.read_bytes()) == [one]
    assert out.stat().st_mode & 0o077 == 0
    with pytest.raises(BadInput, match="cannot be made"):
        await said(handed_out, house(tmp_path), Sought(person="Bob"), out, quiet())


async def test_two_of_one_name_are_told_apart_by_their_ids(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(lambda asked: reply("Well.")), data=tmp_path) as play:
        ada = play.bots["Ada"]
        for _ in range(2):
            person = play.stage.person("Sam")
            person.says(dm := play.stage.dm(person, ada), "hello")
            await play.stage.next_from(ada, dm)
    with pytest.raises(BadInput) as refused:
        await said(shown, house(tmp_path), Sought(person="Sam"))
    (finding,) = refused.value.findings
    ids = [row["id"] for row in in_use.now.ask(tmp_path, "SELECT id FROM entities")]
    assert len(ids) == 2
    assert all(one in str(finding) for one in ids)
    assert "hello" in await said(shown, house(tmp_path), Sought(person=ids[0]))


async def test_the_command_line_knows_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await talked(data)
    (tmp_path / "characters").mkdir()
    character(tmp_path / "characters", "Ada")
    variables = {"TROUPE_DATA_DIR": str(data), **in_use.now.settings}
    code, told = await troupe(tmp_path, "memory", "search", "heron", **variables)
    assert (code, "pond" in told) == (0, True), told
    code, told = await troupe(tmp_path, "memory", "forget", "--person", "Bob", **variables)
    assert (code, "--yes" in told) == (0, True), told
    code, told = await troupe(tmp_path, "memory", "forget", "--person", "Bob", "--yes", **variables)
    assert (code, told.strip()) == (0, "Ada: 1 messages, 1 answers")
    code, told = await troupe(tmp_path, "memory", "export", "--person", "Bob", **variables)
    assert (code, "nobody here is called Bob" in told) == (2, True), told
    code, told = await troupe(tmp_path, "memory", "show", "--person", "Zoe", **variables)
    assert (code, "flew by" in told) == (0, True), told
