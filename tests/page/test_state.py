"""What the page is told of Discord, and what it may ask for there, without a browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bots.sandbox import Stage

Json = dict[str, Any]


@asynccontextmanager
async def stage_with_page() -> AsyncIterator[tuple[Stage, TestClient[Any, Any], list[Json]]]:
    """A furnished stage, somebody who asks it as the page does, and what the page is told."""
    async with Stage(limits=False) as stage:
        bots = [stage.bot("Ada"), stage.discord.bot("Ada")]
        stage.furnish(bots)
        told: list[Json] = []
        stage.on_event(told.append)
        app = web.Application()
        app.add_routes(stage.page_routes())
        async with TestClient(TestServer(app)) as client:
            yield stage, client, told


async def state_of(client: TestClient[Any, Any]) -> Json:
    async with client.get("/stage/state") as answer:
        return dict(await answer.json())


async def act(client: TestClient[Any, Any], **deed: Any) -> Json:
    async with client.post("/stage/act", json=deed) as answer:
        return dict(await answer.json())


async def test_each_chat_says_its_platform_its_server_and_what_it_is_under() -> None:
    async with stage_with_page() as (_, client, _told):
        state = await state_of(client)
        chats = {chat["title"]: chat for chat in state["chats"] if not chat["owner"]}
        [guild] = state["guilds"]
        assert guild["name"] == "The Commons"
        assert chats["Tea room"]["platform"] == "telegram"
        assert chats["Tea room"]["guild"] is None
        general, thread = chats["general"], chats["Plans for Friday"]
        assert (general["platform"], general["kind"]) == ("discord", "text")
        assert general["guild"] == thread["guild"] == guild["id"]
        assert (thread["kind"], thread["parent"]) == ("thread", general["id"])
        assert chats["What are you reading?"]["parent"] == chats["questions"]["id"]
        direct = [chat for chat in state["chats"] if chat["kind"] == "direct"]
        assert [chat["owner"] for chat in direct] == [state["you"]]


async def test_a_number_too_long_for_a_browser_travels_as_text() -> None:
    async with stage_with_page() as (stage, client, _):
        state = await state_of(client)
        bots = {bot["platform"]: bot for bot in state["bots"]}
        ada = stage.discord.bot("Ada")
        assert bots["discord"]["id"] == bots["discord"]["snowflake"] == str(ada.id)
        assert bots["telegram"]["id"] == stage.bot("Ada").id
        [guild] = state["guilds"]
        characters = next(role["id"] for role in guild["roles"] if role["name"] == "Characters")
        assert guild["members"][str(ada.id)] == [characters]


async def test_who_joins_or_leaves_a_server_is_told_with_all_its_rooms() -> None:
    async with stage_with_page() as (stage, _, told):
        guild = next(iter(stage.world.guilds.values()))
        noor = stage.person("Noor")
        stage.discord.invite(guild, noor)
        joined = told[-1]
        assert joined["type"] == "guild"
        assert str(noor.id) in joined["guild"]["members"]
        assert all(noor.id in chat["people"] for chat in joined["chats"])
        stage.discord.remove(guild, noor)
        assert str(noor.id) not in told[-1]["guild"]["members"]
        assert not any(noor.id in chat["people"] for chat in told[-1]["chats"])


async def test_a_channel_that_is_gone_is_told_of() -> None:
    async with stage_with_page() as (stage, client, told):
        guild = next(iter(stage.world.guilds.values()))
        room = stage.discord.channel(guild, "dust")
        assert told[-1]["chat"]["title"] == "dust"
        stage.discord.delete_channel(room)
        assert told[-1] == {"type": "closed", "chat": room.key}
        assert room.key not in [chat["id"] for chat in (await state_of(client))["chats"]]


async def test_commands_are_told_and_kept_for_those_who_come_later() -> None:
    async with stage_with_page() as (stage, client, told):
        ada = stage.discord.bot("Ada")
        commands = [
            {"id": "1", "name": "reckon", "description": "sums", "type": 1},
            {"id": "2", "name": "Inspect", "description": "", "type": 3},
        ]
        fact = {"fact": "app_commands", "bot": ada.id, "guild": None, "commands": commands}
        stage.world.commit(fact)
        shown: list[Json] = [
            {"name": "reckon", "description": "sums", "guild": None, "kind": 1, "options": []},
            {"name": "Inspect", "description": "", "guild": None, "kind": 3, "options": []},
        ]
        for bots in (told[-1]["bots"], (await state_of(client))["bots"]):
            assert [bot["commands"] for bot in bots if bot["id"] == str(ada.id)] == [shown]


@pytest.mark.parametrize(
    ("deed", "why"),
    [
        ({"do": "send", "chat": "{questions}", "text": "Hi"}, "questions has posts only"),
        ({"do": "send", "chat": "{general}", "text": "x" * 2001}, "2,000 characters at most"),
        ({"do": "post", "chat": "{general}", "name": "A", "text": "B"}, "only a forum has posts"),
        ({"do": "thread", "chat": "{questions}", "name": "A"}, "only a channel has threads"),
        ({"do": "channel", "guild": 5, "name": "A"}, "there is no such server"),
        ({"do": "channel", "guild": "x", "name": "A"}, "is not named by a number"),
        ({"do": "react", "chat": "{general}", "id": 1, "emoji": "x"}, "no such message"),
        ({"do": "command", "chat": "{general}", "bot": 1, "name": "a"}, "this bot is not here"),
    ],
)
async def test_what_discord_would_not_let_one_do_is_refused_in_a_sentence(
    deed: Json, why: str
) -> None:
    async with stage_with_page() as (_, client, _told):
        state = await state_of(client)
        keys = {chat["title"]: chat["id"] for chat in state["chats"]}
        deed = {**deed, "as": state["you"]}
        if "chat" in deed:
            deed["chat"] = keys[deed["chat"].strip("{}")]
        answer = await act(client, **deed)
        assert answer["ok"] is False
        assert why in answer["error"]


async def test_a_message_has_one_thread_at_most() -> None:
    async with stage_with_page() as (_, client, _told):
        state = await state_of(client)
        general = next(chat["id"] for chat in state["chats"] if chat["title"] == "general")
        deed = {"as": state["you"], "chat": general}
        said = (await act(client, do="send", text="Tea?", **deed))["message"]
        begin = {**deed, "do": "thread", "name": "Tea", "id": said["id"]}
        assert (await act(client, **begin))["ok"] is True
        again = await act(client, **begin)
        assert again["error"] == "this message has a thread already"
