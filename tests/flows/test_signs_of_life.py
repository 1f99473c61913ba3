"""What people see while an answer is made: typing in groups, drafts in private."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.model_server import ModelServer, Script
from tests.flows.talk import playing, reply, until

pytestmark = pytest.mark.usefixtures("database")

TEXT = "One two three four five six seven eight nine ten. " * 4


def slowly(request: dict[str, Any]) -> Script:
    return Script(reply(TEXT), before=0.6, between=0.12)


async def test_in_private_the_answer_grows_before_ones_eyes_and_then_stands(
    tmp_path: Path,
) -> None:
    async with ModelServer(slowly) as server:
        settings = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        async with playing("Ada", data=tmp_path, settings=settings) as play:
            ada, bob = play.bots["Ada"], play.stage.person("Bob")
            dm = play.stage.dm(bob, ada)
            seen: list[str] = []
            play.stage.on_event(
                lambda event: seen.append(event["text"]) if event["type"] == "draft" else None
            )
            bob.says(dm, "count")
            said = await play.stage.next_from(ada, dm)
            assert said.text == TEXT.strip()
            assert len(seen) >= 2
            assert seen == sorted(seen, key=len), "it only ever grows"
            assert all(said.text.startswith(text.rstrip("…")) for text in seen)
            assert play.stage.drafts(dm) == []
            shown = {call.params["draft_id"] for call in play.stage.journal.of("sendMessageDraft")}
            assert len(shown) == 1, "one answer is one draft"


async def test_in_a_group_she_types_while_she_thinks_and_sends_once(tmp_path: Path) -> None:
    async with ModelServer(slowly) as server:
        settings = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        async with playing("Ada", data=tmp_path, settings=settings) as play:
            ada, bob = play.bots["Ada"], play.stage.person("Bob")
            group = play.stage.group("Friends", [bob], [ada])
            bob.says(group, "Ada, count")
            await until(lambda: play.stage.journal.of("sendChatAction"))
            assert not play.stage.journal.of("sendMessage")
            await play.stage.next_from(ada, group)
            assert not play.stage.journal.of("sendMessageDraft")
            assert len(play.stage.journal.of("sendMessage")) == 1


async def test_an_answer_at_once_costs_no_sign(tmp_path: Path) -> None:
    async with ModelServer(lambda request: reply("Here.")) as server:
        settings = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        async with playing("Ada", data=tmp_path, settings=settings) as play:
            ada, bob = play.bots["Ada"], play.stage.person("Bob")
            dm = play.stage.dm(bob, ada)
            bob.says(dm, "warm up")
            await play.stage.next_from(ada, dm)
            before = play.stage.journal.opened
            bob.says(dm, "hello")
            await play.stage.next_from(ada, dm)
            calls = {call.method for call in play.stage.journal.since(before)}
    assert not calls & {"sendChatAction", "sendMessageDraft"}


async def test_a_late_answer_that_comes_in_one_piece_waits_for_no_draft(tmp_path: Path) -> None:
    async with ModelServer(lambda request: Script(reply("One two three."), before=0.7)) as server:
        settings = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        async with playing("Ada", data=tmp_path, settings=settings) as play:
            ada, bob = play.bots["Ada"], play.stage.person("Bob")
            dm = play.stage.dm(bob, ada)
            bob.says(dm, "count")
            await play.stage.next_from(ada, dm)
            assert play.stage.journal.of("sendChatAction"), "it took long"
            assert not play.stage.journal.of("sendMessageDraft")


async def test_a_sign_that_fails_harms_no_answer(tmp_path: Path) -> None:
    async with ModelServer(slowly) as server:
        settings = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        async with playing("Ada", data=tmp_path, settings=settings) as play:
            ada, bob = play.bots["Ada"], play.stage.person("Bob")
            dm = play.stage.dm(bob, ada)
            play.stage.faults.fail(500, method="sendMessageDraft", times=None)
            play.stage.faults.fail(500, method="sendChatAction", times=None)
            bob.says(dm, "count")
            assert (await play.stage.next_from(ada, dm)).text == TEXT.strip()
            assert play.stage.faults.met
            assert play.gateway.ready()["status"] == "ok"
