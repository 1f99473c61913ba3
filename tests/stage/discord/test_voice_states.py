"""Voice channels at the main gateway: coming in, moving, going, and who is told of it."""

from typing import Any

import pytest

from bots.sandbox import Chat, Stage
from bots.sandbox.discord.calls import Calls, may_enter
from bots.sandbox.discord.gateway import Gateway
from bots.sandbox.discord.intents import Intents
from bots.sandbox.discord.permissions import CONNECT, MOVE, MUTE, REQUEST_TO_SPEAK, SPEAK
from tests.stage.discord.conftest import Asker, Scene
from tests.stage.discord.wires import ALL, Wire, dialled, logged_in

Json = dict[str, Any]
VOICE_STATE = 4


@pytest.fixture
def parlour(scene: Scene) -> Chat:
    return scene.stage.discord.channel(scene.guild, "Parlour", "voice")


@pytest.fixture
def kitchen(scene: Scene) -> Chat:
    return scene.stage.discord.channel(scene.guild, "Kitchen", "voice")


def calls(scene: Scene) -> Calls:
    return scene.stage.discord.gateway.calls


async def go(wire: Wire, room: Chat, *, leave: bool = False, **own: bool) -> None:
    assert room.guild is not None
    where = None if leave else str(room.id)
    asked = {"guild_id": str(room.guild.id), "channel_id": where}
    await wire.send(VOICE_STATE, {"self_mute": False, "self_deaf": False, **asked, **own})


async def came_in(wire: Wire, room: Chat) -> tuple[Json, Json]:
    await go(wire, room)
    return await wire.event("VOICE_STATE_UPDATE"), await wire.event("VOICE_SERVER_UPDATE")


async def test_who_joins_is_told_where_and_by_which_session(scene: Scene, parlour: Chat) -> None:
    async with logged_in(scene.stage, scene.ada) as wire:
        state, server = await came_in(wire, parlour)
    assert state["channel_id"] == str(parlour.id)
    assert state["guild_id"] == server["guild_id"] == str(scene.guild.id)
    assert state["user_id"] == state["member"]["user"]["id"] == str(scene.ada.snowflake)
    assert state["session_id"] == wire.session
    assert server["token"]


async def test_the_way_to_the_voice_server_is_told_to_the_joining_bot_alone(
    scene: Scene, parlour: Chat
) -> None:
    stage = scene.stage
    async with logged_in(stage, scene.ada) as ada, logged_in(stage, scene.eliza) as eliza:
        await came_in(ada, parlour)
        seen = await eliza.event("VOICE_STATE_UPDATE")
        assert seen["user_id"] == str(scene.ada.snowflake)
        await eliza.silence("VOICE_SERVER_UPDATE")


async def test_without_the_intent_a_bot_hears_only_of_itself(scene: Scene, parlour: Chat) -> None:
    stage, few = scene.stage, ALL & ~int(Intents.GUILD_VOICE_STATES)
    async with logged_in(stage, scene.ada, few) as ada, logged_in(stage, scene.eliza) as eliza:
        await came_in(eliza, parlour)
        await ada.silence("VOICE_STATE_UPDATE")
        state, _ = await came_in(ada, parlour)
        assert state["user_id"] == str(scene.ada.snowflake)


async def test_a_change_of_mute_brings_no_new_voice_server(scene: Scene, parlour: Chat) -> None:
    async with logged_in(scene.stage, scene.ada) as wire:
        await came_in(wire, parlour)
        await go(wire, parlour, self_mute=True)
        assert (await wire.event("VOICE_STATE_UPDATE"))["self_mute"] is True
        await wire.silence("VOICE_SERVER_UPDATE")


async def test_who_asks_again_for_the_same_is_led_anew(scene: Scene, parlour: Chat) -> None:
    async with logged_in(scene.stage, scene.ada) as wire:
        _, first = await came_in(wire, parlour)
        _, second = await came_in(wire, parlour)
    # By the same token, so that what is said there can be resumed.
    assert first == second


async def test_a_bot_moves_and_goes(scene: Scene, parlour: Chat, kitchen: Chat) -> None:
    async with logged_in(scene.stage, scene.ada) as wire:
        await came_in(wire, parlour)
        state, _ = await came_in(wire, kitchen)
        assert state["channel_id"] == str(kitchen.id)
        await go(wire, kitchen, leave=True)
        gone = await wire.event("VOICE_STATE_UPDATE")
    assert gone["channel_id"] is None
    assert gone["session_id"] == wire.session
    assert scene.guild.voices == {}


async def test_what_may_not_be_is_refused_without_a_word(scene: Scene, parlour: Chat) -> None:
    play, guild = scene.stage.discord, scene.guild
    play.allow(parlour, scene.ada, deny=CONNECT)
    async with logged_in(scene.stage, scene.ada) as wire:
        await go(wire, parlour)
        await go(wire, scene.general)
        await wire.send(VOICE_STATE, {"guild_id": "1", "channel_id": "2"})
        await wire.send(VOICE_STATE, {"guild_id": str(guild.id), "channel_id": {}})
        await wire.silence("VOICE_STATE_UPDATE", "VOICE_SERVER_UPDATE")
    assert guild.voices == {}


async def test_a_full_channel_is_open_to_those_who_move_others(scene: Scene, parlour: Chat) -> None:
    stage, guild = scene.stage, scene.guild
    stage.world.commit(
        {"fact": "room_changed", "chat": parlour.key, "more": {"user_limit": 1}},
    )
    calls(scene).enter(parlour, scene.max, "his")
    assert may_enter(parlour, scene.max)
    async with logged_in(stage, scene.ada) as wire:
        await go(wire, parlour)
        await wire.silence("VOICE_STATE_UPDATE")
        stage.discord.role(guild, "Movers", [scene.ada], permissions=MOVE)
        await came_in(wire, parlour)


async def test_a_newcomer_to_the_gateway_sees_who_is_where(scene: Scene, parlour: Chat) -> None:
    calls(scene).enter(parlour, scene.mia, "hers", self_mute=True)
    async with dialled(scene.stage) as wire:
        await wire.identify(scene.ada.token, ALL & ~int(Intents.GUILD_PRESENCES))
        guild = await wire.event("GUILD_CREATE")
    (state,) = guild["voice_states"]
    assert state["user_id"] == str(scene.mia.snowflake)
    assert state["channel_id"] == str(parlour.id)
    assert state["self_mute"] is True
    assert "guild_id" not in state
    shown = {member["user"]["id"] for member in guild["members"]}
    assert shown == {str(scene.ada.snowflake), str(scene.mia.snowflake)}
    (shape,) = [each for each in guild["channels"] if each["id"] == str(parlour.id)]
    assert (shape["bitrate"], shape["user_limit"], shape["rtc_region"]) == (64_000, 0, None)


async def test_a_deleted_channel_puts_everybody_out(scene: Scene, parlour: Chat) -> None:
    async with logged_in(scene.stage, scene.ada) as wire:
        await came_in(wire, parlour)
        calls(scene).enter(parlour, scene.mia, "hers")
        scene.stage.discord.delete_channel(parlour)
        out = [await wire.event("VOICE_STATE_UPDATE") for _ in range(3)][1:]
    assert {state["channel_id"] for state in out} == {None}
    assert scene.guild.voices == {}


async def test_who_is_out_of_the_server_is_out_of_its_channels(scene: Scene, parlour: Chat) -> None:
    async with logged_in(scene.stage, scene.ada) as wire:
        await came_in(wire, parlour)
        scene.stage.discord.remove(scene.guild, scene.ada)
        assert (await wire.event("VOICE_STATE_UPDATE", "GUILD_DELETE"))["channel_id"] is None
    assert scene.guild.voices == {}


# -- sessions --------------------------------------------------------------------------------------


async def test_a_bot_that_says_goodbye_leaves_its_channel(scene: Scene, parlour: Chat) -> None:
    async with logged_in(scene.stage, scene.eliza) as eliza:
        async with logged_in(scene.stage, scene.ada) as wire:
            await came_in(wire, parlour)
            await eliza.event("VOICE_STATE_UPDATE")
            await wire.socket.close(code=1000)
        assert (await eliza.event("VOICE_STATE_UPDATE"))["channel_id"] is None


async def test_a_resumed_session_is_still_in_its_channel(scene: Scene, parlour: Chat) -> None:
    async with logged_in(scene.stage, scene.ada) as wire:
        await came_in(wire, parlour)
        session, seq = wire.session, wire.seq
        scene.stage.discord.gateway.drop(scene.ada)
    assert seq is not None
    async with dialled(scene.stage) as again:
        await again.resume(scene.ada, session, seq)
        await again.event("RESUMED")
        assert scene.guild.voices[scene.ada].session == session


async def test_a_session_that_nobody_resumes_leaves_its_channel(
    scene: Scene, parlour: Chat
) -> None:
    gateway: Gateway = scene.stage.discord.gateway
    gateway.logins.survives = 0.05
    async with logged_in(scene.stage, scene.eliza) as eliza:
        async with logged_in(scene.stage, scene.ada) as wire:
            await came_in(wire, parlour)
            await eliza.event("VOICE_STATE_UPDATE")
            gateway.drop(scene.ada)
        assert (await eliza.event("VOICE_STATE_UPDATE"))["channel_id"] is None


async def test_a_second_session_takes_the_place_of_the_first(scene: Scene, parlour: Chat) -> None:
    async with logged_in(scene.stage, scene.ada) as first:
        await came_in(first, parlour)
        async with logged_in(scene.stage, scene.ada) as second:
            state, _ = await came_in(second, parlour)
            assert state["session_id"] == second.session
            await first.socket.close(code=1000)
            # Its end is not the other's.
            await second.silence("VOICE_STATE_UPDATE")
            assert scene.guild.voices[scene.ada].session == second.session


# -- over REST -------------------------------------------------------------------------------------


async def test_a_bot_moves_a_member_and_puts_it_out(
    scene: Scene, ask: Asker, parlour: Chat, kitchen: Chat
) -> None:
    guild = scene.guild
    place = f"/guilds/{guild.id}/members/{scene.mia.snowflake}"
    assert await ask.refused("PATCH", place, json={"channel_id": None}) == (403, 50013)
    scene.stage.discord.role(guild, "Movers", [scene.ada], permissions=MOVE)
    into = {"channel_id": str(kitchen.id)}
    assert await ask.refused("PATCH", place, json=into) == (400, 40032)
    calls(scene).enter(parlour, scene.mia, "hers", self_mute=True)
    await ask.ok("PATCH", place, json=into)
    state = guild.voices[scene.mia]
    assert (state.chat, state.session, state.self_mute) == (kitchen, "hers", True)
    elsewhere = {"channel_id": str(scene.general.id)}
    assert await ask.refused("PATCH", place, json=elsewhere) == (400, 50024)
    await ask.ok("PATCH", place, json={"channel_id": None})
    assert guild.voices == {}


async def test_a_moved_bot_is_led_to_the_voice_server_of_its_new_channel(
    scene: Scene, parlour: Chat, kitchen: Chat
) -> None:
    async with logged_in(scene.stage, scene.ada) as wire:
        _, before = await came_in(wire, parlour)
        calls(scene).move(scene.guild, scene.ada, kitchen)
        state = await wire.event("VOICE_STATE_UPDATE")
        after = await wire.event("VOICE_SERVER_UPDATE")
    assert state["channel_id"] == str(kitchen.id)
    assert state["session_id"] == wire.session
    assert after["token"] != before["token"]


async def test_a_server_mutes_and_deafens(scene: Scene, ask: Asker, parlour: Chat) -> None:
    guild = scene.guild
    place = f"/guilds/{guild.id}/members/{scene.mia.snowflake}"
    assert await ask.refused("PATCH", place, json={"mute": True}) == (403, 50013)
    scene.stage.discord.role(guild, "Hushers", [scene.ada], permissions=MUTE)
    assert await ask.refused("PATCH", place, json={"mute": True}) == (400, 40032)
    calls(scene).enter(parlour, scene.mia, "hers")
    async with logged_in(scene.stage, scene.eliza) as wire:
        await wire.event("GUILD_CREATE")
        shape = await ask.ok("PATCH", place, json={"mute": True})
        assert shape["mute"] is True
        assert shape["deaf"] is False
        assert (await wire.event("GUILD_MEMBER_UPDATE"))["mute"] is True
        assert (await wire.event("VOICE_STATE_UPDATE"))["mute"] is True
    assert await ask.refused("PATCH", place, json={"deaf": True}) == (403, 50013)


async def test_rest_tells_who_is_where(scene: Scene, ask: Asker, parlour: Chat) -> None:
    place = f"/guilds/{scene.guild.id}/voice-states"
    assert await ask.refused("GET", f"{place}/@me") == (404, 10065)
    calls(scene).enter(parlour, scene.mia, "hers")
    state = await ask.ok("GET", f"{place}/{scene.mia.snowflake}")
    assert state["channel_id"] == str(parlour.id)
    regions = await ask.ok("GET", "/voice/regions")
    assert [it["optimal"] for it in regions].count(True) == 1


async def test_a_voice_channel_has_its_own_sizes(scene: Scene, ask: Asker) -> None:
    guild, stage = scene.guild, scene.stage
    stage.discord.role(guild, "Builders", [scene.ada], permissions=1 << 4)
    asked = {"name": "Cellar", "type": 2, "user_limit": 3, "bitrate": 96_000}
    made = await ask.ok("POST", f"/guilds/{guild.id}/channels", json=asked)
    assert (made["user_limit"], made["bitrate"]) == (3, 96_000)
    place = f"/channels/{made['id']}"
    changed = await ask.ok("PATCH", place, json={"rtc_region": "japan", "user_limit": 0})
    assert (changed["rtc_region"], changed["user_limit"]) == ("japan", 0)
    assert (await ask.refused("PATCH", place, json={"user_limit": 100}))[0] == 400
    await ask.ok("PUT", f"{place}/voice-status", json={"status": "Tea"})


async def test_a_stage_channel_seats_newcomers_in_its_audience(scene: Scene, ask: Asker) -> None:
    guild, play = scene.guild, scene.stage.discord
    podium = play.channel(guild, "Podium", "stage")
    calls(scene).enter(podium, scene.ada, "its")
    assert guild.voices[scene.ada].suppress
    mine = f"/guilds/{guild.id}/voice-states/@me"
    asked = {"channel_id": str(podium.id), "suppress": False}
    assert await ask.refused("PATCH", mine, json=asked) == (403, 50013)
    play.role(guild, "Speakers", [scene.ada], permissions=MUTE)
    await ask.ok("PATCH", mine, json=asked)
    assert not guild.voices[scene.ada].suppress
    calls(scene).enter(podium, scene.max, "his")
    await ask.ok("PATCH", mine.replace("@me", str(scene.max.snowflake)), json=asked)
    assert not guild.voices[scene.max].suppress


async def test_who_may_not_come_up_by_itself_asks_to(scene: Scene, ask: Asker) -> None:
    guild, play = scene.guild, scene.stage.discord
    podium = play.channel(guild, "Podium", "stage")
    calls(scene).enter(podium, scene.ada, "its")
    mine = f"/guilds/{guild.id}/voice-states/@me"
    wish = {"channel_id": str(podium.id), "request_to_speak_timestamp": "2030-01-01T00:00:00+00:00"}
    play.allow(podium, guild.id, deny=REQUEST_TO_SPEAK)
    assert await ask.refused("PATCH", mine, json=wish) == (403, 50013)
    play.allow(podium, guild.id)
    late = {**wish, "request_to_speak_timestamp": "soon"}
    assert (await ask.refused("PATCH", mine, json=late))[0] == 400
    await ask.ok("PATCH", mine, json=wish)
    assert play.asks_to_speak(guild, scene.ada)
    state = await ask.ok("GET", mine)
    assert state["suppress"]
    assert state["request_to_speak_timestamp"] == wish["request_to_speak_timestamp"]
    await ask.ok("PATCH", mine, json={**wish, "request_to_speak_timestamp": None})
    assert not play.asks_to_speak(guild, scene.ada)
    await ask.ok("PATCH", mine, json=wish)
    play.lets_speak(guild, scene.ada)
    assert not guild.voices[scene.ada].suppress
    assert not play.asks_to_speak(guild, scene.ada)
    play.lets_speak(guild, scene.ada, on=False)
    assert guild.voices[scene.ada].suppress


async def test_who_loses_speak_is_suppressed_and_speaks_again_with_it(
    scene: Scene, parlour: Chat
) -> None:
    play = scene.stage.discord
    async with logged_in(scene.stage, scene.ada) as wire:
        await came_in(wire, parlour)
        play.allow(parlour, scene.ada, deny=SPEAK)
        assert (await wire.event("VOICE_STATE_UPDATE"))["suppress"]
        play.allow(parlour, scene.ada)
        assert not (await wire.event("VOICE_STATE_UPDATE"))["suppress"]


async def test_a_bot_is_in_one_channel_of_each_server(stage: Stage) -> None:
    mia, ada = stage.person("Mia"), stage.discord.bot("Ada")
    guilds = [stage.discord.guild(name, [mia], [ada]) for name in ("One", "Two")]
    rooms = [stage.discord.channel(guild, "Parlour", "voice") for guild in guilds]
    async with logged_in(stage, ada) as wire:
        for room in rooms:
            await came_in(wire, room)
        assert [guild.voices[ada].chat for guild in guilds] == rooms
