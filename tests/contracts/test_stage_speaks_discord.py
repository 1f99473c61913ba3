"""Every answer of the local Discord fits what Discord publishes, and so does what discord.py asks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
import discord
import pytest
import yarl

from bots.discord.client import DiscordLink
from bots.discord.endpoints import Endpoints, living_at, set_endpoints
from bots.sandbox import Bot, Stage
from bots.sandbox.discord import (
    callbacks,
    channels,
    commands,
    messages,
    reactions,
    selves,
    servers,
)
from core.clock import SystemClock
from core.ids import Account, TurnId
from core.messages import Address, Delivery, DeliveryKind, Live, Received, Reply
from core.secrets import Secret
from tests.contracts.discordapi import (
    answer_problems,
    needs_contract,
    operation_named,
    operation_of,
    problems_of,
    problems_of_calls,
    request_problems,
)
from tests.stage.conftest import stage

pytestmark = needs_contract
__all__ = ["stage"]

PARTS = (callbacks, channels, commands, messages, reactions, selves, servers)
TEA = quote("🍵")
ADMINISTRATOR = 1 << 3
BUTTON = {"type": 2, "style": 1, "label": "Again", "custom_id": "again"}
TYPED = {"type": 4, "custom_id": "why", "label": "Why?", "style": 1}


@pytest.fixture(autouse=True)
def _discords_own_endpoints() -> Iterator[None]:
    yield
    set_endpoints()


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: dict[str, Any]
    body: Any
    status: int
    answer: Any

    @property
    def problems(self) -> list[str]:
        return answer_problems(self.method, self.path, self.status, self.answer)

    @property
    def own_problems(self) -> list[str]:
        return request_problems(self.method, self.path, self.body, self.query)


class Wire:
    """Asks the local Discord over its socket, and takes down what it is told."""

    def __init__(self, root: str, session: aiohttp.ClientSession, token: str) -> None:
        self._root, self._session, self._token = root, session, token
        self.asked: list[Asked] = []

    async def __call__(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **query: Any
    ) -> Any:
        headers = {"Authorization": f"Bot {token or self._token}"}
        params = {name: str(value) for name, value in query.items()}
        # `encoded`: the emoji in a path is quoted already.
        url = yarl.URL(self._root + path, encoded=True).with_query(params or None)
        async with self._session.request(method, url, json=body, headers=headers) as answer:
            is_json = answer.headers.get("Content-Type") == "application/json"
            assert is_json == (answer.status != 204), answer.headers
            told = await answer.json() if is_json else None
        self.asked.append(Asked(method, path, query, body, answer.status, told))
        return told


@contextlib.asynccontextmanager
async def wire_of(stage: Stage, bot: Bot) -> AsyncIterator[Wire]:
    async with aiohttp.ClientSession() as session:
        yield Wire(stage.discord.api_root, session, bot.token)


class House:
    """A server with one of everything."""

    def __init__(self, stage: Stage) -> None:
        play = self.play = stage.discord
        self.ada, self.eliza = play.bot("Ada"), play.bot("Eliza")
        self.bob, self.eve = stage.person("Bob", username="bob"), stage.person("Eve")
        self.guild = play.guild("Tea house", [self.bob, self.eve], [self.ada, self.eliza])
        self.general, self.random = list(self.guild.channels.values())[:2]
        self.role = play.role(self.guild, "Keepers", [self.ada], permissions=ADMINISTRATOR)
        self.board = play.channel(self.guild, "questions", "board")
        self.news = play.channel(self.guild, "news", "announcement")
        self.thread = play.thread(self.general, "Cups", self.bob)
        self.hidden_thread = play.thread(self.general, "Secrets", self.ada, private=True)
        self.post = play.post(self.board, "Which cup?", self.eve, "The big one?")
        self.dm = play.dm(self.bob, self.ada)
        self.said = self.bob.says(self.general, "hello @Ada, see https://a.org @everyone")
        self.answer = self.eve.says(self.general, "and I", reply_to=self.said)


async def play_well(wire: Wire, house: House) -> None:
    """Whatever may be asked, asked as it should be."""
    await ask_of_itself(wire, house)
    await talk(wire, house)
    await open_threads(wire, house)
    await keep_house(wire, house)
    await take_commands(wire, house)


async def ask_of_itself(wire: Wire, house: House) -> None:
    for path in ("/users/@me", "/applications/@me", "/oauth2/applications/@me"):
        await wire("GET", path)
    await wire("PATCH", "/applications/@me", {"flags": 1 << 19})
    await wire("GET", f"/users/{house.bob.snowflake}")
    await wire("GET", f"/users/{house.eliza.snowflake}")
    await wire("POST", "/users/@me/channels", {"recipient_id": str(house.eve.snowflake)})
    await wire("GET", "/users/@me/guilds", limit=5)
    await wire("GET", "/gateway")
    await wire("GET", "/gateway/bot")


async def talk(wire: Wire, house: House) -> None:
    here = f"/channels/{house.general.id}"
    said = f"{here}/messages/{house.said.id}"
    plain = {"content": "hi", "nonce": "n1", "enforce_nonce": True, "tts": False}
    first = await wire("POST", f"{here}/messages", plain)
    assert (await wire("POST", f"{here}/messages", plain))["id"] == first["id"]
    reference = {"message_id": str(house.said.id), "fail_if_not_exists": False}
    whom = {"parse": [], "users": [str(house.bob.snowflake)], "replied_user": True}
    rich = {
        "content": f"<@{house.bob.snowflake}>",
        "message_reference": reference,
        "allowed_mentions": whom,
        "embeds": [{"title": "Tea", "description": "green", "fields": [{"name": "a", "value": "b"}]}],
        "components": [{"type": 1, "components": [BUTTON]}],
        "flags": 1 << 12,
    }  # fmt: skip
    full = await wire("POST", f"{here}/messages", rich)
    for room in (house.dm, house.thread, house.post, house.news, house.hidden_thread):
        await wire("POST", f"/channels/{room.id}/messages", {"content": "here"})
        await wire("GET", f"/channels/{room.id}/messages", limit=2)
        await wire("GET", f"/channels/{room.id}")
    await wire("GET", f"{here}/messages", limit=100, after=0)
    await wire("GET", f"{here}/messages", limit=1, before=full["id"])
    await wire("GET", f"{here}/messages", limit=1, around=full["id"])
    await wire("GET", said)
    await wire("PATCH", f"{here}/messages/{first['id']}", {"content": "changed", "embeds": []})
    await wire("POST", f"{here}/typing")
    await wire("PUT", f"{said}/reactions/{TEA}/@me")
    await wire("DELETE", f"{said}/reactions/{TEA}/@me")
    house.bob.reacts(house.said, "🍵")
    await wire("GET", said)
    await wire("GET", f"{said}/reactions/{TEA}", limit=3)
    await wire("DELETE", f"{said}/reactions/{TEA}/{house.bob.snowflake}")
    await wire("DELETE", f"{said}/reactions/{TEA}")
    await wire("DELETE", f"{said}/reactions")
    for pins in (f"{here}/messages/pins", f"{here}/pins"):
        await wire("PUT", f"{pins}/{house.said.id}")
        await wire("GET", pins)
        await wire("DELETE", f"{pins}/{house.said.id}")
    await wire("DELETE", f"{here}/messages/{first['id']}")
    gone = [(await wire("POST", f"{here}/messages", {"content": n}))["id"] for n in "ab"]
    await wire("POST", f"{here}/messages/bulk-delete", {"messages": gone})


async def open_threads(wire: Wire, house: House) -> None:
    here = f"/channels/{house.general.id}"
    await wire("POST", f"{here}/messages/{house.said.id}/threads", {"name": "At a message"})
    await wire("GET", f"{here}/messages/{house.said.id}")
    public = await wire("POST", f"{here}/threads", {"name": "Beside", "type": 11})
    await wire("POST", f"{here}/threads", {"name": "Hidden", "type": 12, "invitable": False})
    question = {"name": "Which pot?", "message": {"content": "The blue one?"}}
    await wire("POST", f"/channels/{house.board.id}/threads", question)
    await wire("GET", f"/channels/{house.board.id}")
    members = f"/channels/{house.thread.id}/thread-members"
    await wire("PUT", f"{members}/@me")
    await wire("PUT", f"{members}/{house.eve.snowflake}")
    await wire("GET", members)
    await wire("GET", f"{members}/{house.eve.snowflake}", with_member="true")
    await wire("DELETE", f"{members}/{house.eve.snowflake}")
    await wire("DELETE", f"{members}/@me")
    await wire("GET", f"/guilds/{house.guild.id}/threads/active")
    await wire("PATCH", f"/channels/{public['id']}", {"archived": True, "name": "Aside"})
    house.play.archive(house.hidden_thread)
    await wire("GET", f"{here}/threads/archived/public", limit=5)
    await wire("GET", f"{here}/threads/archived/private")
    await wire("GET", f"{here}/users/@me/threads/archived/private")
    await wire("DELETE", f"/channels/{public['id']}")


async def keep_house(wire: Wire, house: House) -> None:
    here, eve = f"/guilds/{house.guild.id}", house.eve.snowflake
    await wire("GET", here, with_counts="true")
    await wire("GET", f"{here}/channels")
    made = await wire("POST", f"{here}/channels", {"name": "attic", "type": 0, "topic": "dust"})
    await wire("PATCH", f"/channels/{made['id']}", {"name": "cellar", "topic": None})
    await wire("DELETE", f"/channels/{made['id']}")
    await wire("GET", f"{here}/roles")
    await wire("GET", f"{here}/roles/{house.role}")
    role = (await wire("POST", f"{here}/roles", {"name": "Guests"}))["id"]
    await wire("GET", f"{here}/members", limit=10)
    await wire("GET", f"{here}/members/search", query="ev", limit=3)
    await wire("PUT", f"{here}/members/{eve}/roles/{role}")
    await wire("GET", f"{here}/members/{eve}")
    await wire("DELETE", f"{here}/members/{eve}/roles/{role}")
    await wire("DELETE", f"{here}/members/{eve}")


async def take_commands(wire: Wire, house: House) -> None:
    ada = house.ada.snowflake
    tea = {"name": "tea", "description": "Have some"}
    for place in (f"/applications/{ada}/commands", f"/applications/{ada}/guilds/{house.guild.id}/commands"):  # fmt: skip
        made = await wire("POST", place, tea)
        await wire("GET", place)
        await wire("PATCH", f"{place}/{made['id']}", {"description": "Have more"})
        await wire("GET", f"{place}/{made['id']}")
        await wire("DELETE", f"{place}/{made['id']}")
        await wire("PUT", place, [tea | {"options": [{"type": 3, "name": "cup", "description": "Which"}]}])  # fmt: skip

    async def answered(number: str, kind: int, data: Any = None, **query: Any) -> str:
        body = {"type": kind} | ({} if data is None else {"data": data})
        token = house.play.interaction(number).token
        await wire("POST", f"/interactions/{number}/{token}/callback", body, **query)
        return f"/webhooks/{ada}/{token}"

    hook = await answered(house.bob.uses(house.general, house.ada, "tea", cup="big"), 5)
    await wire("PATCH", f"{hook}/messages/@original", {"content": "Here it is"})
    await wire("GET", f"{hook}/messages/@original")
    later = (await wire("POST", hook, {"content": "and a cake"}, wait="true"))["id"]
    await wire("GET", f"{hook}/messages/{later}")
    await wire("PATCH", f"{hook}/messages/{later}", {"content": "no cake"})
    await wire("DELETE", f"{hook}/messages/{later}")
    await wire("DELETE", f"{hook}/messages/@original")
    keys = {"content": "Again?", "components": [{"type": 1, "components": [BUTTON]}]}
    use = house.bob.uses(house.dm, house.ada, "tea")
    await answered(use, 4, keys, with_response="true")
    asked = house.play.interaction(use).reply
    assert asked is not None
    await answered(house.bob.presses(asked, "again"), 6)
    form = {"custom_id": "f", "title": "Why", "components": [{"type": 1, "components": [TYPED]}]}
    press = house.bob.presses(asked, "again")
    await answered(press, 9, form)
    await answered(house.bob.fills(press, why="thirst"), 7, {"content": "I see", "components": []})


async def play_badly(wire: Wire, house: House) -> None:
    """Whatever is refused: a wrong token, places that are not there, what is too long or no JSON."""
    here = f"/channels/{house.general.id}/messages"
    bob, nowhere = house.bob.snowflake, 1 << 40
    house.play.close_channel(house.random, house.eliza)
    eliza = house.eliza.token
    await wire("GET", "/users/@me", token="x.y.z")
    await wire("GET", f"/channels/{nowhere}")
    await wire("GET", "/channels/general")
    await wire("GET", f"/channels/{house.random.id}", token=eliza)
    await wire("POST", f"/channels/{nowhere}/messages", {"content": "hi"})
    await wire("GET", f"{here}/{nowhere}")
    await wire("GET", here, limit=1000)
    await wire("POST", here, {})
    await wire("POST", here, {"content": ""})
    await wire("POST", here, {"content": "x" * 2001})
    await wire("POST", here, {"content": {"a": 1}})
    await wire("POST", here, {"content": "hi", "message_reference": {"message_id": str(nowhere)}})
    await wire("POST", here, {"content": "hi", "nonce": "n" * 26, "enforce_nonce": True})
    await wire("POST", here, {"embeds": [{"title": "t" * 257}] * 11})
    await wire("POST", here, [1])
    await wire("PATCH", f"{here}/{house.said.id}", {"content": "mine now"})
    await wire("DELETE", f"{here}/{nowhere}")
    await wire("DELETE", f"{here}/{house.said.id}", token=eliza)
    await wire("PUT", f"{here}/{house.said.id}/reactions/x/@me")
    await wire("POST", f"/channels/{house.general.id}/threads", {"name": ""})
    await wire("POST", f"/channels/{house.board.id}/threads", {"name": "empty"})
    await wire("POST", f"/channels/{house.board.id}/messages", {"content": "hi"})
    await wire("POST", "/users/@me/channels", {"recipient_id": str(nowhere)})
    await wire("GET", f"/guilds/{nowhere}")
    await wire("GET", f"/guilds/{house.guild.id}/members/{nowhere}")
    await wire("POST", f"/guilds/{house.guild.id}/roles", {"name": "x"}, token=eliza)
    await wire("DELETE", f"/guilds/{house.guild.id}/members/{bob}")
    commands = f"/applications/{house.ada.snowflake}/commands"
    await wire("POST", commands, {"name": "No Spaces", "description": ""})
    await wire("GET", f"{commands}/{nowhere}")
    await wire("GET", f"/applications/{house.eliza.snowflake}/commands")
    await wire("POST", f"/interactions/{nowhere}/token/callback", {"type": 4})
    await wire("POST", f"/webhooks/{house.ada.snowflake}/token", {"content": "hi"})
    house.play.faults.refuse(429, method="create_message", retry_after=1)
    await wire("POST", here, {"content": "hi"})


def keys() -> discord.ui.View:
    view = discord.ui.View()
    view.add_item(discord.ui.Button(label="Again", custom_id="again"))
    return view


async def take_tea(interaction: discord.Interaction, cup: str) -> None:
    await interaction.response.send_message(cup)


def endpoints_of(stage: Stage) -> Endpoints:
    play = stage.discord
    return Endpoints(play.api_root, play.gateway_url, play.cdn_root)


def told(problems: list[str]) -> str:
    return "\n".join(dict.fromkeys(problems))


async def test_what_is_asked_well_is_asked_and_answered_as_discord_publishes(stage):
    house = House(stage)
    async with wire_of(stage, house.ada) as wire:
        await play_well(wire, house)
        await wire("DELETE", f"/users/@me/guilds/{house.guild.id}")
    refused = [one for one in wire.asked if one.status >= 400]
    assert not refused
    assert not told([problem for one in wire.asked for problem in one.own_problems])
    assert not told([problem for one in wire.asked for problem in one.problems])
    every = {route.name for part in PARTS for route in part.routes}
    assert every == {operation_of(one.method, one.path).name for one in wire.asked}


async def test_what_is_refused_is_refused_as_discord_publishes(stage):
    house = House(stage)
    async with wire_of(stage, house.ada) as wire:
        await play_badly(wire, house)
    assert [one for one in wire.asked if one.status < 400 or one.status >= 500] == []
    assert not told([problem for one in wire.asked for problem in one.problems])
    assert not told(problems_of_calls(stage.discord.journal, requests=False))


async def test_what_discord_py_asks_is_asked_as_discord_publishes(stage):
    house = House(stage)
    client = discord.Client(intents=discord.Intents.all())
    with living_at(endpoints_of(stage)):
        async with client:
            await client.login(house.ada.token)
            general = await client.fetch_channel(house.general.id)
            assert isinstance(general, discord.TextChannel)
            said = await general.fetch_message(house.said.id)
            await said.reply("so", allowed_mentions=discord.AllowedMentions.none(), nonce="n1")
            sent = await general.send("hi", embed=discord.Embed(title="Tea"), view=keys())
            await sent.edit(content="ho", view=None)
            await said.add_reaction("🍵")
            await said.remove_reaction("🍵", discord.Object(house.ada.snowflake))
            await said.pin()
            await general.typing()
            assert [one async for one in general.history(limit=3, after=discord.Object(0))]
            thread = await sent.create_thread(name="At a message")
            await thread.send("here", silent=True)
            await thread.edit(archived=True)
            await general.create_thread(name="Hidden", type=discord.ChannelType.private_thread)
            await sent.delete()
            board = await client.fetch_channel(house.board.id)
            assert isinstance(board, discord.ForumChannel)
            await board.create_thread(name="Which pot?", content="The blue one?")
            guild = await client.fetch_guild(house.guild.id)
            await guild.fetch_member(house.eve.snowflake)
            assert await guild.active_threads()
            await (await client.fetch_user(house.bob.snowflake)).send("psst")
            tree = discord.app_commands.CommandTree(client)
            tree.command(name="tea", description="Have some")(take_tea)
            await tree.sync()
            await client.application_info()
    asked = {call.method for call in stage.discord.journal}
    assert {"create_message", "update_message", "create_thread", "list_messages"} <= asked
    assert {call.status for call in stage.discord.journal} <= {200, 201, 204}
    assert not told(problems_of_calls(stage.discord.journal))


async def test_what_our_link_asks_is_asked_as_discord_publishes(stage):
    house = House(stage)
    token, clock = Secret(house.ada.token), SystemClock()
    async with DiscordLink(token, endpoints=endpoints_of(stage), clock=clock) as link:
        here = Address(link.name, link.account, str(house.general.id))

        def delivery(kind: DeliveryKind, payload: bytes, target: str | None = None) -> Delivery:
            return Delivery(here, kind, payload, nonce="n1", turn=TurnId("t1"), target=target)

        (payload,) = link.render(Reply("hi **there**", str(house.said.id)))
        sent = await link.perform(delivery(DeliveryKind.SEND, payload))
        assert sent.message is not None
        await link.perform(delivery(DeliveryKind.EDIT, payload, sent.message))
        await link.show(Live(here, 1))
        await link.show(Live(here, 1, "so far", sent.message))
        reaction = delivery(DeliveryKind.REACT, b'{"emoji":"\xf0\x9f\x8d\xb5"}', sent.message)
        await link.perform(reaction)
        await link.perform(delivery(DeliveryKind.DELETE, b"{}", sent.message))
        await read_back(link, stage)
    asked = {call.method for call in stage.discord.journal}
    assert {"create_message", "update_message", "delete_message", "list_messages"} <= asked
    assert not told(problems_of_calls(stage.discord.journal))


async def read_back(link: DiscordLink, stage: Stage) -> None:
    """Listen until something has been read by REST."""
    done = asyncio.Event()

    class Blank:
        async def __call__(self, received: Sequence[Received]) -> None:
            if stage.discord.journal.of("list_messages"):
                done.set()

        async def newest(self, account: Account) -> Mapping[str, int]:
            return {"": 1, str(stage.discord.journal[0].chat or 1): 1}

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        ears = group.create_task(link.listen(Blank()))
        await done.wait()
        ears.cancel()


async def test_every_route_of_the_stage_is_an_operation_of_discord():
    for part in PARTS:
        for route in part.routes:
            operation = operation_named(route.name)
            assert operation is not None, route.name
            assert operation.method == route.method
            assert operation is operation_of(route.method, route.template.replace("{", "").replace("}", ""))  # fmt: skip


async def test_the_contract_catches_what_is_wrong():
    here = "/channels/1/messages"
    assert request_problems("POST", here, {"content": "x"}) == []
    assert (
        request_problems("POST", f"/api/v10{here}", {"message_reference": {"message_id": 5}}) == []
    )
    assert request_problems("POST", here, {"content": 5}) != []
    assert request_problems("POST", here, {"content": "x", "colour": 5}) != []
    assert request_problems("POST", here, {"message_reference": {}}) != []
    assert request_problems("POST", "/users/@me/channels", None) == []
    assert request_problems("GET", here, None, {"limit": 5, "page": 2}) != []
    assert request_problems("GET", here, {"limit": 5}) != []
    assert request_problems("GET", "/nowhere") != []
    assert answer_problems("DELETE", f"{here}/2", 204, None) == []
    assert answer_problems("DELETE", f"{here}/2", 204, {}) != []
    assert answer_problems("DELETE", f"{here}/2", 200, None) != []
    assert answer_problems("GET", "/gateway", 200, {"url": 5}) != []
    assert answer_problems("GET", "/gateway", 404, {"message": "no"}) != []
    assert answer_problems("GET", "/nowhere", 200, {}) != []
    assert problems_of("Error", {"code": 1, "message": "x"}) == []
    assert problems_of("SnowflakeType", 5) != []
    assert problems_of("ThreadMemberResponse", {"join_timestamp": "soon"}) != []
