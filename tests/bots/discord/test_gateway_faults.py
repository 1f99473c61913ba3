"""What may go wrong on the gateway, as Discord documents it; and that nobody loses a word by it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import yarl

from bots.discord.endpoints import DISCORD, Endpoints, always_at, living_at
from bots.sandbox.discord.intents import NONE, Intents
from core.errors import LinkLost, LinkRejected
from core.ports import ModelRequest, Spent
from tests.bots.discord.conftest import Notebook, listens, until
from tests.flows.on_discord import Server, on_discord


@pytest.mark.parametrize("code", [4000, 4001, 4002, 4005, 4008])
async def test_after_these_codes_the_session_goes_on(link, stage, general, ada, ed, code):
    gateway = stage.discord.gateway
    async with listens(link) as notebook:
        gateway.close(ada, code)
        ed.says(general, "between")
        assert await notebook.hears(1) == ["between"]
    assert (gateway.sessions(ada).identifies, gateway.sessions(ada).resumes) == (1, 1)


@pytest.mark.parametrize("code", [4003, 4007, 4009])
async def test_after_these_codes_a_new_session_begins_without_asking_for_the_old_one(
    link, stage, general, ada, ed, code
):
    gateway = stage.discord.gateway
    async with listens(link) as notebook:
        ed.says(general, "before")
        await notebook.hears(1)
        gateway.close(ada, code)
        await until(lambda: gateway.lines == 0)
        ed.says(general, "between")
        await until(lambda: gateway.sessions(ada).identifies == 2)
        ed.says(general, "after")
        assert await notebook.hears(3) == ["before", "between", "after"]
    assert gateway.sessions(ada).resumes == 0
    assert gateway.sessions(ada).connections == 2


@pytest.mark.parametrize(
    ("code", "told"), [(4004, "token"), (4010, "connection"), (4012, "version")]
)
async def test_after_these_codes_nobody_tries_again(link, stage, guild, ada, code, told):
    notebook = Notebook()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        ears = group.create_task(_end_of(link, notebook))
        await notebook.worlds()
        stage.discord.gateway.close(ada, code)
        end = await ears
    assert isinstance(end, LinkRejected)
    assert told in str(end)
    assert stage.discord.gateway.sessions(ada).connections == 1


@pytest.mark.parametrize("code", [4013, 4014])
async def test_intents_that_are_refused_in_the_middle_cost_what_they_bring_and_no_more(
    link, stage, general, ada, ed, code, caplog
):
    caplog.set_level(logging.WARNING, "bots.discord")
    gateway = stage.discord.gateway
    async with listens(link) as notebook:
        ed.says(general, "one @Ada")
        await notebook.hears(1)
        gateway.close(ada, code)
        await until(lambda: gateway.sessions(ada).identifies == 2)
        ed.says(general, "two @Ada")
        await notebook.hears(2)
        assert "Message Content Intent is off" in link.lacks
    assert f"({code})" in caplog.text
    assert "https://discord.com/developers/applications" in caplog.text


async def test_a_switch_that_is_moved_while_the_bot_runs_is_told_by_its_name(
    link, stage, general, ada, ed, caplog
):
    caplog.set_level(logging.WARNING, "bots.discord")
    gateway = stage.discord.gateway
    async with listens(link) as notebook:
        stage.discord.grant(ada, Intents.GUILD_MEMBERS)
        gateway.invalidate(ada)
        await until(lambda: gateway.sessions(ada).identifies == 2)
        ed.says(general, "hello @Ada")
        assert await notebook.hears(1) == [f"hello <@{ada.id}>"]
        assert "Message Content" in link.lacks
        assert "Server Members" not in link.lacks
    assert "Server Members" not in caplog.text


async def test_a_bot_that_may_hear_nothing_special_says_both_switches_once(
    link, stage, general, ada, ed, caplog
):
    caplog.set_level(logging.WARNING, "bots.discord")
    stage.discord.grant(ada, NONE)
    async with listens(link) as notebook:
        ed.says(general, "hello @Ada")
        await notebook.hears(1)
        stage.discord.gateway.invalidate(ada)
        await until(lambda: stage.discord.gateway.sessions(ada).identifies == 2)
    assert caplog.text.count("Switch on") == 2


async def test_a_gateway_that_says_no_hello_is_let_go(make_link, stage, general, ada, ed):
    gateway = stage.discord.gateway
    gateway.mute = True
    async with make_link(patience=0.1, dialling=0.2) as link:
        with pytest.raises(LinkLost, match="unreachable"):
            await link.listen(Notebook())
        await until(lambda: gateway.lines == 0)
        gateway.mute = False
        async with listens(link) as notebook:
            ed.says(general, "hello")
            assert await notebook.hears(1) == ["hello"]
    assert gateway.sessions(ada).identifies == 1


@pytest.mark.parametrize("only_acks", [True, False], ids=["talks", "is silent"])
async def test_a_line_whose_heartbeats_nobody_answers_is_left_and_resumed(
    link, stage, general, ada, ed, only_acks
):
    gateway = stage.discord.gateway
    gateway.heartbeat = 0.2
    async with listens(link) as notebook:
        gateway.hold(ada, only_acks=only_acks)
        number = 0
        async with asyncio.timeout(60):
            while not gateway.sessions(ada).resumes:
                ed.says(general, str(number))
                number += 1
                await asyncio.sleep(0.05)
        assert await notebook.hears(number) == [str(one) for one in range(number)]
    assert gateway.sessions(ada).identifies == 1
    assert number > 5


async def test_a_line_whose_heartbeats_are_answered_stands(link, stage, general, ada, ed):
    gateway = stage.discord.gateway
    gateway.heartbeat = 0.4
    async with listens(link) as notebook:
        await asyncio.sleep(1.5)
        ed.says(general, "hello")
        await notebook.hears(1)
    assert gateway.sessions(ada).connections == 1


def test_a_gateway_of_ones_own_is_not_passed_by_when_a_session_is_taken_up():
    with living_at(Endpoints(gateway_url="ws://127.0.0.1:1/gateway")):
        assert always_at() == yarl.URL("ws://127.0.0.1:1/gateway")
    with living_at(DISCORD):
        assert always_at() is None


class _Slowly:
    """Speaks for about a second, a few words at a time."""

    name = "slowly"

    async def stream(
        self, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]:
        yield "Once upon a time"
        for _ in range(20):
            yield " and a time"
            await asyncio.sleep(0.05)
        yield ", the end."


@pytest.mark.parametrize("trouble", ["cut", "op 7", "op 9, to be resumed", "op 9", "4009"])
async def test_whatever_befalls_the_line_while_an_answer_grows_nothing_is_lost_or_said_twice(
    tmp_path: Path, trouble: str
) -> None:
    async with on_discord("Ada", model=_Slowly(), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        gateway, people = stage.discord.gateway, [stage.person(name) for name in ("Bob", "Cy")]
        server = Server.of(stage, [ada], *people)
        rooms = [stage.discord.dm(people[0], ada), server.general]

        def said(number: int) -> list[str]:
            return [it.text for it in stage.messages(rooms[number]) if it.sender is ada]

        people[0].says(rooms[0], "tell me a story")
        await until(lambda: bool(said(0)))
        assert not said(0)[0].endswith("the end.")
        match trouble:
            case "cut":
                gateway.drop(ada)
            case "op 7":
                gateway.reconnect(ada)
            case "4009":
                gateway.close(ada, 4009)
            case _:
                gateway.invalidate(ada, resumable="resumed" in trouble)
        people[1].says(rooms[1], "@Ada and me")
        whole = f"Once upon a time{' and a time' * 20}, the end."
        async with asyncio.timeout(20):
            while [said(0), said(1)] != [[whole], [whole]]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await stage.quiet(rooms[1])
        assert [said(0), said(1)] == [[whole], [whole]]
        assert gateway.sessions(ada).connections == 2


async def _end_of(link, notebook):
    try:
        await link.listen(notebook)
    except (LinkLost, LinkRejected) as end:
        return end
