"""Every answer of the local Discord fits what Discord publishes, and so does what discord.py asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

import discord
import pytest

from bots.discord.client import DiscordLink
from bots.discord.endpoints import Endpoints, living_at, set_endpoints
from bots.sandbox import Stage
from bots.sandbox.discord import (
    callbacks,
    channels,
    commands,
    hooks,
    members,
    messages,
    reactions,
    seating,
    selves,
    servers,
    stickers,
    voting,
)
from core.clock import SystemClock
from core.ids import Account, TurnId
from core.messages import Address, Attachment, Delivery, DeliveryKind, Live, Received, Reply
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
from tests.contracts.discordhouse import House, Wire, play_badly, play_well, wire_of
from tests.stage.conftest import stage

pytestmark = needs_contract
__all__ = ["stage"]

PARTS = (
    callbacks,
    channels,
    commands,
    hooks,
    members,
    messages,
    reactions,
    seating,
    selves,
    servers,
    stickers,
    voting,
)


@pytest.fixture(autouse=True)
def _discords_own_endpoints() -> Iterator[None]:
    yield
    set_endpoints()


def keys() -> discord.ui.View:
    view = discord.ui.View()
    view.add_item(discord.ui.Button(label="Again", custom_id="again"))
    return view


async def take_tea(interaction: discord.Interaction, cup: str) -> None:
    await interaction.response.send_message(cup)


def endpoints_of(stage: Stage) -> Endpoints:
    play = stage.discord
    return Endpoints(play.api_root, play.gateway_url, play.cdn_root)


async def take_seats(wire: Wire, house: House) -> None:
    """Whatever may be asked of voice channels, as it should be."""
    play, calls, eve = house.play, house.play.gateway.calls, house.eve.snowflake
    parlour, attic = (play.channel(house.guild, name, "voice") for name in ("Parlour", "Attic"))
    podium = play.channel(house.guild, "Podium", "stage")
    states = f"/guilds/{house.guild.id}/voice-states"
    member = f"/guilds/{house.guild.id}/members/{eve}"
    await wire("GET", "/voice/regions")
    for status in ("Tea", None):
        await wire("PUT", f"/channels/{parlour.id}/voice-status", {"status": status})
    calls.enter(parlour, house.ada, "its")
    calls.enter(parlour, house.eve, "hers", self_mute=True)
    for who in ("@me", eve):
        await wire("GET", f"{states}/{who}")
    for change in ({"mute": True, "deaf": True}, {"channel_id": str(attic.id)}):
        await wire("PATCH", member, change)
        await wire("GET", f"{states}/{eve}")
    await wire("PATCH", member, {"channel_id": None})
    for who, session in ((house.ada, "its"), (house.eve, "hers")):
        calls.enter(podium, who, session)
    here = {"channel_id": str(podium.id), "suppress": False}
    at = "2036-01-01T00:00:00+00:00"
    await wire("PATCH", f"{states}/@me", {**here, "request_to_speak_timestamp": at})
    await wire("PATCH", f"{states}/{eve}", here)
    await wire("GET", f"{states}/{eve}")


async def take_seats_badly(wire: Wire, house: House) -> None:
    """Who is nowhere, what is no voice channel, and what somebody may not who has no such right."""
    play, calls, eve = house.play, house.play.gateway.calls, house.eve.snowflake
    parlour = play.channel(house.guild, "Parlour", "voice")
    podium = play.channel(house.guild, "Podium", "stage")
    states = f"/guilds/{house.guild.id}/voice-states"
    member, eliza = f"/guilds/{house.guild.id}/members/{eve}", house.eliza.token
    for who in ("@me", eve, 1 << 40):
        await wire("GET", f"{states}/{who}")
        await wire("PATCH", f"{states}/{who}", {"suppress": False})
    for change in ({"mute": True}, {"channel_id": None}, {"channel_id": str(parlour.id)}):
        await wire("PATCH", member, change)
    calls.enter(parlour, house.eve, "hers")
    for where in (house.general.id, 1 << 40):
        await wire("PATCH", member, {"channel_id": str(where)})
    for change in ({"mute": True}, {"channel_id": None}):
        await wire("PATCH", member, change, token=eliza)
    await wire("PATCH", f"{states}/{eve}", {"suppress": False})
    for where, status in ((house.general, "Tea"), (parlour, "x" * 501), (parlour, 5)):
        await wire("PUT", f"/channels/{where.id}/voice-status", {"status": status})
    await wire("PUT", f"/channels/{parlour.id}/voice-status", {"status": "Tea"}, token=eliza)
    for somebody, session in ((house.eliza, "its"), (house.eve, "hers")):
        calls.enter(podium, somebody, session)
    for who in ("@me", eve):
        await wire("PATCH", f"{states}/{who}", {"suppress": False}, token=eliza)


def told(problems: list[str]) -> str:
    return "\n".join(dict.fromkeys(problems))


async def test_what_is_asked_well_is_asked_and_answered_as_discord_publishes(stage):
    house = House(stage)
    async with wire_of(stage, house.ada) as wire:
        await play_well(wire, house)
        await take_seats(wire, house)
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
        await take_seats_badly(wire, house)
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
        house.bob.sends(house.general, "poem.txt", b"owls", "A poem")
        await read_back(link, stage)
        await fetch_last(link, house)
    asked = {call.method for call in stage.discord.journal}
    assert {"create_message", "update_message", "delete_message", "list_messages"} <= asked
    assert "get_message" in asked
    assert not told(problems_of_calls(stage.discord.journal))


async def fetch_last(link: DiscordLink, house: House) -> None:
    said = list(house.general.messages.values())[-1]
    ref = f"{house.general.id}/{said.id}/{said.more['attachments'][0]['id']}"
    assert await link.fetch(Attachment(ref, size=4), 100) == b"owls"


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
