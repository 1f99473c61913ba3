"""The gateway from HELLO to READY, and every way in which it sends a client away."""

import asyncio
import os

import aiohttp
import orjson
import pytest

from bots.sandbox import Bot, Stage
from bots.sandbox.discord.intents import Intents
from tests.stage.discord.wires import ALL, UNPRIVILEGED, dialled, logged_in


@pytest.fixture
def ada(stage: Stage) -> Bot:
    return stage.discord.bot("Ada")


async def test_the_first_word_of_the_gateway_is_how_often_to_beat(stage: Stage) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{stage.discord.gateway_url}?v=10") as socket,
    ):
        hello = await socket.receive_json()
    assert hello["op"] == 10
    assert hello["d"]["heartbeat_interval"] == 41_250


async def test_ready_tells_who_one_is_and_where_to_resume(stage: Stage, ada: Bot) -> None:
    async with dialled(stage) as wire:
        ready = await wire.identify(ada.token)
    assert ready["v"] == 10
    assert ready["user"]["id"] == str(ada.id)
    assert ready["user"]["bot"] is True
    assert ready["resume_gateway_url"] == stage.discord.gateway_url
    assert ready["application"]["id"] == str(ada.id)
    assert ready["guilds"] == []
    assert wire.seq == 1


async def test_servers_come_one_by_one_after_ready(stage: Stage, ada: Bot) -> None:
    mia = stage.person("Mia")
    first = stage.discord.guild("First", [mia], [ada], channels=["general"])
    second = stage.discord.guild("Second", [mia], [ada])
    stage.discord.guild("Without her", [mia])
    general = next(iter(first.channels.values()))
    said = mia.says(general, "hello")
    thread = stage.discord.thread(general, "Plans", mia)
    async with dialled(stage) as wire:
        ready = await wire.identify(ada.token, ALL & ~int(Intents.GUILD_PRESENCES))
        assert [each["id"] for each in ready["guilds"]] == [str(first.id), str(second.id)]
        assert all(each["unavailable"] for each in ready["guilds"])
        whole = await wire.event("GUILD_CREATE")
        assert (await wire.event("GUILD_CREATE"))["id"] == str(second.id)
    assert whole["id"] == str(first.id)
    assert whole["unavailable"] is False
    assert whole["member_count"] == 2
    assert whole["owner_id"] == str(mia.snowflake)
    assert [each["name"] for each in whole["channels"]] == ["general"]
    assert int(whole["channels"][0]["last_message_id"]) >= said.id
    assert [each["id"] for each in whole["threads"]] == [str(thread.id)]
    assert [each["user"]["id"] for each in whole["members"]] == [str(ada.id)]
    assert all(isinstance(role, str) for role in whole["members"][0]["roles"])


async def test_a_server_is_told_to_its_shard_alone(stage: Stage, ada: Bot) -> None:
    guild = stage.discord.guild("First", [stage.person("Mia")], [ada])
    its_shard = (guild.id >> 22) % 2
    async with dialled(stage) as one, dialled(stage) as other:
        mine = await one.identify(ada.token, shard=[its_shard, 2])
        rest = await other.identify(ada.token, shard=[1 - its_shard, 2])
    assert [each["id"] for each in mine["guilds"]] == [str(guild.id)]
    assert mine["shard"] == [its_shard, 2]
    assert rest["guilds"] == []


async def test_a_beat_is_acknowledged_before_and_after_the_login(stage: Stage, ada: Bot) -> None:
    async with dialled(stage) as wire:
        await wire.send(1, None)
        assert (await wire.next())["op"] == 11
        await wire.identify(ada.token)
        await wire.send(1, wire.seq)
        assert await wire.operation(11) is None


async def test_the_gateway_can_ask_for_a_beat(stage: Stage, ada: Bot) -> None:
    async with logged_in(stage, ada) as wire:
        stage.discord.gateway.ask_heartbeat(ada)
        assert (await wire.next())["op"] == 1


async def test_whoever_never_beats_is_timed_out(stage: Stage, ada: Bot) -> None:
    stage.discord.gateway.heartbeat = 0.05
    async with logged_in(stage, ada) as wire:
        assert await wire.closed() == 4009


async def test_whoever_beats_is_kept(stage: Stage, ada: Bot) -> None:
    gateway = stage.discord.gateway
    gateway.heartbeat = 0.2
    async with logged_in(stage, ada) as wire:
        for _ in range(5):
            await asyncio.sleep(0.1)
            await wire.send(1, wire.seq)
            await wire.operation(11)


async def test_a_client_that_reads_nothing_is_cut_off_in_the_end(stage: Stage, ada: Bot) -> None:
    gateway = stage.discord.gateway
    gateway.heartbeat = 0.3
    async with logged_in(stage, ada):
        # Nothing is read from here on, so the line fills up.
        for _ in range(64):
            gateway.dispatch(ada, "TEST", os.urandom(65_536).hex())
        async with asyncio.timeout(10):
            while gateway.lines:  # noqa: ASYNC110 -- a closed socket tells nobody else
                await asyncio.sleep(0.02)
        assert gateway.pending(ada) == 0  # 4009 ended the session


@pytest.mark.parametrize("compress", ["zlib-stream", ""])
async def test_messages_come_as_one_stream_when_the_client_asks_for_it(
    stage: Stage, ada: Bot, compress: str
) -> None:
    stage.discord.guild("First", [stage.person("Mia")], [ada])
    async with dialled(stage, f"v=10&encoding=json&compress={compress}") as wire:
        ready = await wire.identify(ada.token)
        guild = await wire.event("GUILD_CREATE")
    assert ready["user"]["username"] == "Ada"
    assert guild["name"] == "First"


async def test_a_zstd_stream_is_one_frame_of_raw_blocks(stage: Stage, ada: Bot) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{stage.discord.gateway_url}?v=10&compress=zstd-stream") as socket,
    ):
        hello = await socket.receive_bytes()
        await socket.send_json({"op": 1, "d": None})
        beat = await socket.receive_bytes()
    assert hello[:4] == bytes.fromhex("28b52ffd")
    assert orjson.loads(hello[9:])["op"] == 10
    assert int.from_bytes(beat[:3], "little") == len(beat[3:]) << 3
    assert orjson.loads(beat[3:])["op"] == 11


async def test_an_unknown_compression_or_version_is_not_served(stage: Stage) -> None:
    url = stage.discord.gateway_url
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{url}?v=10&compress=lzma")
        assert refused.value.status == 400
    async with dialled(stage, "v=6") as wire:
        assert await wire.closed() == 4012


async def test_a_wrong_token_is_refused_for_good(stage: Stage, ada: Bot) -> None:
    async with dialled(stage) as wire:
        await wire.send(2, {"token": ada.token[:-1] + "?", "intents": 1, "properties": {}})
        assert await wire.closed() == 4004


async def test_a_token_of_telegram_opens_nothing_here(stage: Stage) -> None:
    async with dialled(stage) as wire:
        await wire.send(2, {"token": stage.bot("Tim").token, "intents": 1, "properties": {}})
        assert await wire.closed() == 4004


async def test_a_new_token_ends_the_sessions_of_the_old_one(stage: Stage, ada: Bot) -> None:
    async with logged_in(stage, ada) as wire:
        session, seq = wire.session, wire.seq or 0
        stage.discord.new_token(ada)
        assert await wire.closed() == 4004
    async with dialled(stage) as wire:
        await wire.resume(ada, session, seq)
        assert await wire.operation(9) is False


@pytest.mark.parametrize(
    ("intents", "code"),
    [(1 << 40, 4013), (-1, 4013), ("all", 4013), (None, 4013), (int(Intents.GUILD_MEMBERS), 4014)],
)
async def test_intents_that_do_not_exist_or_were_not_granted_are_refused(
    stage: Stage, intents: object, code: int
) -> None:
    bob = stage.discord.bot("Bob", members=False)
    async with dialled(stage) as wire:
        await wire.send(2, {"token": bob.token, "intents": intents, "properties": {}})
        assert await wire.closed() == code


async def test_an_application_shows_the_intents_it_was_granted(stage: Stage) -> None:
    bob = stage.discord.bot("Bob", members=False)
    async with dialled(stage) as wire:
        ready = await wire.identify(bob.token, UNPRIVILEGED)
    assert ready["application"]["flags"] & (1 << 15) == 0
    assert ready["application"]["flags"] & (1 << 19) != 0


@pytest.mark.parametrize("frame", ["no JSON", "[]", '{"d": 1}', '{"op": 2, "d": 3}', "x" * 5000])
async def test_what_cannot_be_read_is_refused(stage: Stage, frame: str) -> None:
    async with dialled(stage) as wire:
        await wire.socket.send_str(frame)
        assert await wire.closed() == 4002


async def test_an_operation_that_does_not_exist_is_refused(stage: Stage, ada: Bot) -> None:
    async with logged_in(stage, ada) as wire:
        await wire.send(99)
        assert await wire.closed() == 4001


@pytest.mark.parametrize("op", [3, 4, 8])
async def test_nothing_can_be_asked_before_the_login(stage: Stage, op: int) -> None:
    async with dialled(stage) as wire:
        await wire.send(op, {})
        assert await wire.closed() == 4003


async def test_logging_in_twice_is_refused(stage: Stage, ada: Bot) -> None:
    async with logged_in(stage, ada) as wire:
        await wire.send(2, {"token": ada.token, "intents": 1, "properties": {}})
        assert await wire.closed() == 4005


@pytest.mark.parametrize("shard", [[2, 2], [0], "0/1", [-1, 1], [0, 0]])
async def test_a_shard_that_cannot_be_is_refused(stage: Stage, ada: Bot, shard: object) -> None:
    async with dialled(stage) as wire:
        asked = {"token": ada.token, "intents": 1, "properties": {}, "shard": shard}
        await wire.send(2, asked)
        assert await wire.closed() == 4010


async def test_whoever_sends_too_much_is_cut_off_and_counted(stage: Stage, ada: Bot) -> None:
    async with logged_in(stage, ada) as wire:
        for _ in range(120):
            await wire.send(3, {"status": "online", "activities": [], "since": None, "afk": False})
        assert await wire.closed() == 4008
    assert stage.discord.violations["gateway"] == 1


async def test_a_presence_and_a_voice_state_are_taken_in_silence(stage: Stage, ada: Bot) -> None:
    async with logged_in(stage, ada) as wire:
        await wire.send(3, {"status": "idle", "activities": [], "since": 0, "afk": True})
        await wire.send(4, {"guild_id": "1", "channel_id": None, "self_mute": False})
        await wire.silence("PRESENCE_UPDATE", "VOICE_STATE_UPDATE")


async def test_each_login_takes_one_from_the_budget_of_the_day(stage: Stage, ada: Bot) -> None:
    before = stage.discord.gateway.identify_limit(ada)
    async with logged_in(stage, ada), logged_in(stage, ada):
        after = stage.discord.gateway.identify_limit(ada)
    assert before == {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
    assert after["remaining"] == 998
    assert 0 < after["reset_after"] <= 86_400_000


async def test_a_spent_budget_lets_nobody_in(stage: Stage, ada: Bot) -> None:
    stage.discord.gateway.logins.budget = 1
    async with logged_in(stage, ada), dialled(stage) as wire:
        await wire.send(2, {"token": ada.token, "intents": ALL, "properties": {}})
        assert await wire.closed() == 4004


async def test_logins_that_follow_too_closely_can_be_turned_back(stage: Stage, ada: Bot) -> None:
    stage.discord.gateway.logins.identify_every = 5.0
    async with logged_in(stage, ada), dialled(stage) as wire:
        await wire.send(2, {"token": ada.token, "intents": ALL, "properties": {}})
        assert await wire.operation(9) is False


async def test_while_it_refuses_no_socket_is_opened(stage: Stage, ada: Bot) -> None:
    gateway = stage.discord.gateway
    async with logged_in(stage, ada) as wire:
        gateway.refuse()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with dialled(stage):
                pytest.fail("a socket was opened")
        await wire.silence()
    gateway.refuse(False)
    async with logged_in(stage, ada):
        assert gateway.sessions(ada).connections == 2


async def test_a_stage_that_ends_sends_everyone_away(stage: Stage, ada: Bot) -> None:
    async with logged_in(stage, ada) as wire:
        await stage.discord.gateway.aclose()
        assert await wire.closed() == 1001


async def test_an_event_by_hand_goes_to_the_shard_of_its_server(stage: Stage, ada: Bot) -> None:
    guild = stage.discord.guild("First", [stage.person("Mia")], [ada])
    its_shard = (guild.id >> 22) % 2
    async with dialled(stage) as one, dialled(stage) as other:
        await one.identify(ada.token, shard=[its_shard, 2])
        await other.identify(ada.token, shard=[1 - its_shard, 2])
        named = {"guild_id": str(guild.id)}
        assert stage.discord.gateway.dispatch(ada, "INTERACTION_CREATE", named) == 1
        assert await one.event("INTERACTION_CREATE") == named
        await other.silence("INTERACTION_CREATE")


async def test_members_are_asked_for_whole_by_name_and_by_id(stage: Stage, ada: Bot) -> None:
    mia, max_ = stage.person("Mia"), stage.person("Max")
    guild = stage.discord.guild("First", [mia, max_], [ada])
    where = str(guild.id)
    async with logged_in(stage, ada) as wire:
        await wire.send(8, {"guild_id": where, "query": "", "limit": 0, "nonce": "whole"})
        whole = await wire.event("GUILD_MEMBERS_CHUNK")
        await wire.send(8, {"guild_id": where, "query": "mA", "limit": 5, "nonce": "named"})
        named = await wire.event("GUILD_MEMBERS_CHUNK")
        await wire.send(8, {"guild_id": where, "user_ids": [str(mia.snowflake), "17"]})
        by_id = await wire.event("GUILD_MEMBERS_CHUNK")
    assert {each["user"]["id"] for each in whole["members"]} == {
        str(who.snowflake) for who in (mia, max_, ada)
    }
    assert (whole["chunk_index"], whole["chunk_count"], whole["nonce"]) == (0, 1, "whole")
    assert [each["user"]["global_name"] for each in named["members"]] == ["Max"]
    assert [each["user"]["id"] for each in by_id["members"]] == [str(mia.snowflake)]
    assert by_id["not_found"] == ["17"]
    assert "nonce" not in by_id


async def test_a_crowd_comes_in_pieces_of_a_thousand(stage: Stage, ada: Bot) -> None:
    crowd = [stage.person(f"Guest {number}") for number in range(1_200)]
    guild = stage.discord.guild("First", crowd, [ada])
    async with logged_in(stage, ada) as wire:
        assert (await wire.event("GUILD_CREATE"))["large"] is True
        await wire.send(8, {"guild_id": str(guild.id), "query": "", "limit": 0})
        pieces = [await wire.event("GUILD_MEMBERS_CHUNK") for _ in range(2)]
    assert [(each["chunk_index"], each["chunk_count"]) for each in pieces] == [(0, 2), (1, 2)]
    assert [len(each["members"]) for each in pieces] == [1_000, 201]
