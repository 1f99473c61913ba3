"""`troupe check --online`: what platforms say of each bot, without changing or taking anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bots.checked import Checked
from bots.links import plan_links
from bots.online import ears, look, voices
from bots.rehearsal import environment_without_keys, platforms_of, pointed_at
from bots.sandbox import Stage
from bots.sandbox.discord.permissions import HISTORY, SEND, VIEW
from bots.sandbox.faults import Fault
from bots.sandbox.world import Guild
from bots.telegram.client import WANTED
from core.casting import Roster, read_loaded
from core.clock import SystemClock
from core.settings.layers import Environment
from tests.fakes.voice_server import VoiceServer
from tests.flows.test_command_line import character, troupe

_EVERYTHING = 380_141_685_824
_HARMLESS = {"getMe", "getWebhookInfo", "getMyCommands"}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with Stage(limits=False) as made:
        yield made


async def looked(
    stage: Stage, *platforms: str, names: tuple[str, ...] = ("Ada",), **variables: Any
) -> list[Checked]:
    roster = Roster(tuple(read_loaded({"name": name, "bio": "A test."}) for name in names))
    environment = environment_without_keys(Environment.of(variables), with_model=True)
    environment = pointed_at(stage, environment)
    plan = plan_links(roster, environment, stages=platforms_of(stage, platforms))
    return await look(plan.links, SystemClock())


def told(found: list[Checked]) -> str:
    return "\n".join(f"{one.severity}: {one}" for one in found)


def wrong(found: list[Checked]) -> list[str]:
    return [f"{one.severity}: {one}" for one in found if one.severity != "note"]


def server(stage: Stage, name: str = "The Commons", permissions: int = _EVERYTHING) -> Guild:
    """In which Ada may do whatever she needs."""
    ada = stage.discord.bot("Ada")
    guild = stage.discord.guild(name, [stage.person("Bob")], [ada])
    if permissions:
        stage.discord.role(guild, "Ada", [ada], permissions=permissions)
    return guild


# --- Discord -----------------------------------------------------------------------------------------


async def test_where_all_is_well_on_discord_there_are_but_notes(stage: Stage) -> None:
    server(stage)
    found = await looked(stage, "discord")
    assert wrong(found) == []
    assert "logs in as" in told(found)
    assert "is in 1 server" in told(found)
    assert "asks for one connection; 1000 of 1000 logins are left" in told(found)
    assert "no commands yet" in told(found)


async def test_nothing_is_begun_or_changed_on_discord(stage: Stage) -> None:
    server(stage)
    ada = stage.discord.bot("Ada")
    await looked(stage, "discord", CHANNEL_IDS="1", DISCORD_ALLOWED_ROLES="1")
    assert stage.discord.gateway.sessions(ada).identifies == 0
    methods = {call.method for call in stage.discord.journal.since(0)}
    assert methods
    assert not [one for one in methods if not one.startswith(("get_", "list_"))]


async def test_intents_that_are_off_are_told_with_their_switches(stage: Stage) -> None:
    stage.discord.bot("Ada", message_content=False, members=False)
    server(stage)
    found = wrong(await looked(stage, "discord"))
    assert len(found) == 2
    assert "Switch on Message Content Intent on the page https://discord.com/dev" in found[0]
    assert "Switch on Server Members Intent" in found[1]
    assert all(one.startswith("warning: Ada on Discord") for one in found)


async def test_what_it_may_not_do_in_a_server_is_told_by_name(stage: Stage) -> None:
    server(stage, permissions=_EVERYTHING)
    server(stage, "Elsewhere", permissions=0)
    (found,) = wrong(await looked(stage, "discord"))
    assert "lacks Use External Emojis in Elsewhere" in found
    assert "permissions=380141685824" in found


async def test_a_bot_through_which_others_speak_needs_webhooks(stage: Stage) -> None:
    server(stage)
    faces: dict[str, Any] = {"CHARACTER.BOB.DISCORD_FACE_OF": "Ada"}
    (found,) = wrong(await looked(stage, "discord", names=("Ada", "Bob"), **faces))
    assert "lacks Manage Webhooks in The Commons" in found


async def test_of_many_servers_some_are_looked_at(stage: Stage) -> None:
    for number in range(23):
        server(stage, f"Server {number}")
    found = told(await looked(stage, "discord"))
    assert "servers that were not looked at: 3" in found
    assert "is in 23 servers" in found


async def test_a_bot_in_no_server_is_told_how_it_comes_into_one(stage: Stage) -> None:
    ada = stage.discord.bot("Ada")
    found = told(await looked(stage, "discord"))
    address = f"https://discord.com/oauth2/authorize?client_id={ada.id}&permissions=380141685824"
    assert f"is in no server; to bring it into one, open {address}" in found


async def test_channels_that_are_not_there_or_hidden_or_shut_are_told(stage: Stage) -> None:
    ada, bob = stage.discord.bot("Ada"), stage.person("Bob")
    guild = stage.discord.guild("The Commons", [bob], [ada], channels=("a", "b", "c", "d", "e"))
    stage.discord.role(guild, "Ada", [ada], permissions=_EVERYTHING)
    fine, hidden, mute, told_off, freed = guild.channels.values()
    stage.discord.close_channel(hidden, ada)
    stage.discord.allow(mute, ada, deny=SEND)
    stage.discord.allow(told_off, guild.id, deny=SEND | HISTORY)
    stage.discord.allow(freed, guild.id, deny=SEND)
    stage.discord.allow(freed, ada, allow=SEND | VIEW)
    thread = stage.discord.thread(mute, "A thread", bob)
    board = stage.discord.channel(guild, "board", "board")
    category = stage.discord.channel(guild, "Group", "category")
    rooms = [fine, hidden, mute, told_off, freed, thread, board, category]
    listed = ",".join([*(str(room.id) for room in rooms), "12345"])
    found = await looked(stage, "discord", CHANNEL_IDS=listed)
    assert len(wrong(found)) == 5
    setting = "DISCORD_ALLOWED_CHANNELS of Ada, in the environment: "
    assert f"{setting}there is no channel 12345" in told(found)
    assert f"{setting}it may not see the channel {hidden.id}" in told(found)
    assert f"{setting}it lacks Send Messages in #c of The Commons" in told(found)
    assert f"{setting}it lacks Send Messages in #d of The Commons" in told(found)
    assert f"{setting}#Group is a category" in told(found)


async def test_servers_and_roles_that_are_not_there_are_told(stage: Stage) -> None:
    guild = server(stage)
    lists: dict[str, Any] = {
        "DISCORD_ALLOWED_SERVERS": "77",
        "DISCORD_ALLOWED_ROLES": f"88,{guild.id}",
    }
    found = await looked(stage, "discord", **lists)
    assert len(wrong(found)) == 2
    assert "it is in no server 77" in told(found)
    assert "no server that it is in has a role 88" in told(found)
    assert "it is silent in The Commons" in told(found)
    leaves = await looked(stage, "discord", **lists, DISCORD_LEAVES_OTHERS="true")
    assert "it goes out of The Commons" in told(leaves)


async def test_commands_that_show_twice_are_told(stage: Stage) -> None:
    guild = server(stage)
    ada = stage.discord.bot("Ada")
    chat = {"type": 1, "name": "chat", "description": "x"}
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {ada.token}"}) as session:
        root = f"{stage.discord.api_root}/applications/{ada.id}"
        await session.put(f"{root}/commands", json=[chat])
        others = [chat, {**chat, "name": "mine"}]
        await session.put(f"{root}/guilds/{guild.id}/commands", json=others)
    found = await looked(stage, "discord")
    (doubled,) = wrong(found)
    assert "shows /chat twice in The Commons" in doubled
    assert "commands for all servers: 1" in told(found)


async def test_a_token_that_discord_refuses_is_one_error_without_the_token(stage: Stage) -> None:
    server(stage)
    ada = stage.discord.bot("Ada")
    old = ada.token
    stage.discord.faults.add(Fault("refuse", method="get_my_user", status=401))
    (found,) = await looked(stage, "discord")
    assert found.severity == "error"
    assert "DISCORD_API_TOKEN of Ada: Discord refuses it" in str(found)
    assert old not in str(found)


async def test_an_address_that_is_shut_out_does_not_blame_the_token(stage: Stage) -> None:
    stage.discord.faults.add(Fault("refuse", method="get_my_user", status=403))
    stage.faults.add(Fault("refuse", method="getMe", status=403))
    found = await looked(stage, "telegram", "discord")
    assert "refuses to be asked (403)" in told(found)
    assert len(wrong(found)) == 2
    assert "refuses it" not in told(found)


async def test_a_setting_that_cannot_be_read_is_told_and_the_others_are_looked_at(
    stage: Stage,
) -> None:
    server(stage)
    found = await looked(stage, "telegram", "discord", DISCORD_SHARDS="many")
    (bad,) = wrong(found)
    assert "DISCORD_SHARDS" in bad
    assert "logs in as @" in told(found)


async def test_more_connections_than_are_set_and_few_logins_left_are_told(stage: Stage) -> None:
    server(stage)
    stage.discord.gateway.ask_shards(stage.discord.bot("Ada"), 4)
    found = await looked(stage, "discord", DISCORD_SHARDS="2")
    assert wrong(found) == [
        "warning: DISCORD_SHARDS of Ada, in the environment: Discord asks for 4 connections. "
        "Leave it out, or set it to as many"
    ]


# --- Telegram ----------------------------------------------------------------------------------------


async def test_on_telegram_nothing_is_taken_from_whoever_polls(stage: Stage) -> None:
    ada, bob = stage.bot("Ada"), stage.person("Bob")
    bob.says(stage.dm(bob, ada), "hello")
    found = await looked(stage, "telegram")
    assert wrong(found) == []
    assert f"logs in as @{ada.username} ({ada.id}); no menu yet" in told(found)
    assert "updates that wait: 1" in told(found)
    assert len(stage.pending(ada)) == 1
    assert {call.method for call in stage.journal.since(0)} <= _HARMLESS


async def test_privacy_mode_is_told_with_its_switch(stage: Stage) -> None:
    stage.bot("Ada").privacy(True)
    (found,) = wrong(await looked(stage, "telegram"))
    assert "hears in groups only what is addressed to it" in found
    assert "/setprivacy" in found


async def test_a_webhook_that_is_set_where_updates_are_polled_is_told_without_its_path(
    stage: Stage,
) -> None:
    ada = stage.bot("Ada")
    url = "https://other.example.org/secret-finch"
    fact = {"fact": "webhook", "bot": ada.id, "url": url, "secret": None, "certificate": None}
    stage.world.commit({**fact, "max_connections": 40})
    found = await looked(stage, "telegram")
    assert "a webhook is set (other.example.org), while updates are to be polled" in told(found)
    assert "does not bring chat_member, message_reaction" in told(found)
    other: dict[str, Any] = {"TELEGRAM_WEBHOOK_URL": "https://bots.example.org"}
    found = await looked(stage, "telegram", **other)
    assert "(other.example.org) is not the one of TELEGRAM_WEBHOOK_URL" in told(found)
    assert "secret-finch" not in told(found)


async def test_a_webhook_that_is_not_set_yet_is_a_note(stage: Stage) -> None:
    found = await looked(stage, "telegram", TELEGRAM_WEBHOOK_URL="https://bots.example.org")
    assert wrong(found) == []
    assert "no webhook is set yet" in told(found)


async def test_a_webhook_that_brings_nothing_is_told_with_its_reason(stage: Stage) -> None:
    ada, bob = stage.bot("Ada"), stage.person("Bob")
    fact = {"fact": "webhook", "bot": ada.id, "url": "http://127.0.0.1:9/x", "secret": None}
    stage.world.commit({"fact": "allowed", "bot": ada.id, "kinds": sorted(WANTED[:-1])})
    stage.world.commit({**fact, "certificate": None, "max_connections": 40})
    bob.says(stage.dm(bob, ada), "hello")
    async with asyncio.timeout(10):
        while True:
            found = told(await looked(stage, "telegram"))
            if "could not bring an update" in found:
                break
            await asyncio.sleep(0.05)
    assert f"the webhook does not bring {WANTED[-1]}" in found


# --- both --------------------------------------------------------------------------------------------


async def test_a_platform_that_is_away_is_told_and_the_others_are_looked_at(stage: Stage) -> None:
    server(stage)
    await stage.discord.cut_off()
    found = await looked(stage, "telegram", "discord")
    (away,) = wrong(found)
    assert away.startswith("error: Ada on Discord: Discord cannot be reached")
    assert "logs in as @" in told(found)


async def test_rates_are_waited_out_and_nonsense_costs_no_more_than_its_bot(stage: Stage) -> None:
    server(stage)
    stage.discord.faults.flood(0.1, method="get_my_user")
    stage.faults.add(Fault("garbage", method="getMe"))
    found = await looked(stage, "telegram", "discord")
    (nonsense,) = wrong(found)
    assert "Ada on Telegram" in nonsense
    assert "is in 1 server" in told(found)


async def test_the_command_tells_it_and_ends_as_the_offline_check(
    stage: Stage, tmp_path: Path
) -> None:
    folder = tmp_path / "characters"
    folder.mkdir()
    character(folder, "Ada")
    server(stage)
    variables = {
        "SERVER_PORT": "0",
        "TELEGRAM_API_ROOT": stage.root,
        "DISCORD_API_ROOT": stage.discord.api_root,
        "TELEGRAM_BOT_TOKEN": stage.bot("Ada").token,
        "DISCORD_API_TOKEN": stage.discord.bot("Ada").token,
    }
    code, said = await troupe(tmp_path, "check", "--online", **variables)
    assert code == 0, said
    assert "All is well." in said
    assert "Ada on Telegram: logs in as @" in said
    assert "Ada on Discord: logs in as" in said
    stage.discord.new_token(stage.discord.bot("Ada"))
    code, said = await troupe(tmp_path, "check", "--online", **variables)
    assert code == 2
    assert "error: DISCORD_API_TOKEN of Ada: Discord refuses it" in said
    assert variables["DISCORD_API_TOKEN"] not in said
    code, said = await troupe(tmp_path, "check", **variables)
    assert code == 0
    assert "is brought into a server by https://discord.com/oauth2/authorize" in said


# --- voices ------------------------------------------------------------------------------------------


async def test_what_elevenlabs_says_of_each_character_is_told_with_her_name() -> None:
    async with VoiceServer() as server:
        variables = {
            "ELEVENLABS_BASE_URL": server.address,
            "CHARACTER.ADA.ELEVENLABS_API_KEY": "xi-" + "0" * 32,
            "CHARACTER.BEA.ELEVENLABS_API_KEY": "xi-" + "1" * 32,
            "CHARACTER.BEA.ELEVENLABS_VOICE_ID": "gone",
        }
        people = (read_loaded({"name": name, "bio": "x"}) for name in ("Ada", "Bea", "Cid"))
        found = await voices(Roster(tuple(people)), Environment.of(variables))
    assert wrong(found) == [
        "error: ELEVENLABS_VOICE_ID of Bea: ElevenLabs has no voice gone for this key. "
        "Voices and their ids stand at https://elevenlabs.io/app/voice-library"
    ]
    assert "ELEVENLABS_API_KEY of Ada: 9,000 of 10,000 characters are left" in told(found)
    assert "Cid" not in told(found)
    assert "0000" not in told(found)


async def test_who_listens_while_people_speak_is_asked_for_those_who_go_into_voice_channels(
    stage: Stage,
) -> None:
    async with VoiceServer() as server:
        variables = {
            "ELEVENLABS_BASE_URL": server.address,
            "ELEVENLABS_API_KEY": "xi-" + "0" * 32,
            "CHARACTER.ADA.TRANSCRIPTION_PROVIDER": "elevenlabs",
            "CHARACTER.BEA.TRANSCRIPTION_PROVIDER": "elevenlabs",
            "CHARACTER.BEA.DISCORD_VOICE_ENABLED": "false",
        }
        people = [read_loaded({"name": name, "bio": "x"}) for name in ("Ada", "Bea")]
        environment = pointed_at(stage, Environment.of(variables))
        roster = Roster(tuple(people))
        plan = plan_links(roster, environment, stages=platforms_of(stage, ("discord", "telegram")))
        found = await ears(plan.links, SystemClock())
    assert [str(one) for one in found] == [
        "ELEVENLABS_REALTIME_TRANSCRIPTION_MODEL of Ada: elevenlabs:scribe_v2_realtime listens "
        "while people speak in voice channels"
    ]
    assert len(server.live.lines) == 1
