"""What happens on a server: polls, forwards, stickers, purges, and what becomes of its members."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bots.sandbox.things import Message
from tests.stage.discord.conftest import Asker, Scene
from tests.stage.discord.wires import Wire

_ALL = (1 << 26) - 1 & ~(1 << 17 | 1 << 18 | 1 << 19 | 1 << 22 | 1 << 23)


@pytest.fixture
async def wire(scene: Scene, session: aiohttp.ClientSession) -> AsyncIterator[Wire]:
    """Ada on the gateway, hearing everything."""
    async with session.ws_connect(scene.stage.discord.gateway_url + "?v=10") as socket:
        wire = Wire(socket)
        await wire.operation(10)
        await wire.send(2, {"token": scene.ada.token, "intents": _ALL, "properties": {}})
        await wire.event("GUILD_CREATE")
        yield wire


def at(scene: Scene) -> str:
    return f"/channels/{scene.general.id}/messages"


def asked(text: str, *answers: str) -> dict[str, Any]:
    media = [{"poll_media": {"text": answer}} for answer in answers]
    return {"poll": {"question": {"text": text}, "answers": media, "duration": 1}}


async def poll_of(scene: Scene, ask: Asker) -> Message:
    told = await ask.ok("POST", at(scene), json=asked("Which tea?", "Green", "Black"))
    return scene.general.messages[int(told["id"])]


async def test_people_vote_in_the_poll_of_a_bot_and_it_hears_of_each_vote(scene, ask, wire):
    poll = await poll_of(scene, ask)
    scene.mia.votes(poll, "Green")
    heard = await wire.event("MESSAGE_POLL_VOTE_ADD")
    assert (heard["answer_id"], heard["user_id"]) == (1, str(scene.mia.snowflake))
    scene.mia.votes(poll, "Black")
    assert (await wire.event("MESSAGE_POLL_VOTE_REMOVE"))["answer_id"] == 1
    scene.max.votes(poll, 1)
    told = await ask.ok("GET", f"{at(scene)}/{poll.id}")
    assert [one["count"] for one in told["poll"]["results"]["answer_counts"]] == [0, 2]
    people = await ask.ok("GET", f"/channels/{scene.general.id}/polls/{poll.id}/answers/2")
    assert {one["global_name"] for one in people["users"]} == {"Mia", "Max"}
    with pytest.raises(ValueError, match="only one"):
        scene.mia.votes(poll, "Green", "Black")


async def test_a_poll_ends_for_good(scene, ask, wire):
    poll = await poll_of(scene, ask)
    scene.mia.votes(poll, "Green")
    expire = f"/channels/{scene.general.id}/polls/{poll.id}/expire"
    told = await ask.ok("POST", expire)
    assert told["poll"]["results"]["is_finalized"]
    assert await ask.refused("POST", expire) == (400, 520001)
    with pytest.raises(ValueError, match="no open poll"):
        scene.max.votes(poll, "Green")
    result = scene.stage.messages(scene.general)[-1]
    assert result.more["type"] == 46
    mine = scene.mia.sends_poll(scene.general, "And cake?", ["Yes", "No"], several=True)
    heard = [await wire.event("MESSAGE_CREATE") for _ in range(3)]
    assert heard[-1]["poll"]["allow_multiselect"]
    assert scene.mia.closes_poll(mine).more["poll"]["closed"]


async def test_what_is_passed_on_bears_what_was_said(scene, ask, wire):
    said = scene.mia.says(scene.general, "The tea is green")
    await wire.event("MESSAGE_CREATE")
    (passed,) = scene.max.forwards(scene.random, said)
    heard = await wire.event("MESSAGE_CREATE")
    assert heard["content"] == ""
    assert heard["message_snapshots"][0]["message"]["content"] == "The tea is green"
    assert heard["message_reference"]["type"] == 1
    reference = {"type": 1, "message_id": str(passed.id), "channel_id": str(scene.random.id)}
    told = await ask.ok("POST", at(scene), json={"message_reference": reference})
    assert told["message_snapshots"][0]["message"]["content"] == "The tea is green"


async def test_people_and_bots_use_the_stickers_of_the_server(scene, ask, wire):
    number = scene.stage.discord.sticker(scene.guild, "owl", "🦉")
    assert (await wire.event("GUILD_STICKERS_UPDATE"))["stickers"][0]["name"] == "owl"
    scene.mia.sends_sticker(scene.general, "🦉")
    heard = await wire.event("MESSAGE_CREATE")
    assert heard["sticker_items"][0] == {"id": str(number), "name": "owl", "format_type": 1}
    told = await ask.ok("POST", at(scene), json={"sticker_ids": [str(number)]})
    assert told["sticker_items"][0]["name"] == "owl"
    assert await ask.refused("POST", at(scene), json={"sticker_ids": ["5"]}) == (400, 50081)
    with pytest.raises(ValueError, match="no sticker"):
        scene.mia.sends_sticker(scene.general, "🐳")


async def test_a_voice_message_is_one_sound_that_says_how_long_it_is(scene, ask, wire, session):
    scene.mia.sends_voice(scene.general, seconds=2)
    heard = await wire.event("MESSAGE_CREATE")
    (sound,) = heard["attachments"]
    assert heard["flags"] & 8192
    assert (sound["content_type"], sound["duration_secs"]) == ("audio/ogg", 2.0)
    assert sound["waveform"]
    async with session.get(sound["url"]) as answer:
        assert (await answer.read()).startswith(b"OggS")

    def body(told: dict[str, Any], text: str = "") -> aiohttp.FormData:
        form = aiohttp.FormData()
        payload = {"flags": 8192, "content": text, "attachments": [{"id": 0, **told}]}
        form.add_field("payload_json", aiohttp.JsonPayload(payload).decode())
        form.add_field("files[0]", b"OggS", filename="voice.ogg", content_type="audio/ogg")
        return form

    whole = {"waveform": "AAAA", "duration_secs": 1.5}
    told = await ask.ok("POST", at(scene), data=body(whole))
    assert told["attachments"][0]["duration_secs"] == 1.5
    assert await ask.refused("POST", at(scene), data=body({})) == (400, 50161)
    assert await ask.refused("POST", at(scene), data=body(whole, "and")) == (400, 50159)


async def test_a_picture_of_a_person_has_its_size(scene, wire):
    scene.mia.sends_photo(scene.general, caption="Look")
    heard = await wire.event("MESSAGE_CREATE")
    assert heard["content"] == "Look"
    assert heard["attachments"][0]["width"] == 1280


async def test_a_moderator_takes_many_messages_away_at_once(scene, wire):
    said = [scene.max.says(scene.general, str(number)) for number in range(3)]
    with pytest.raises(ValueError, match="does not look after"):
        scene.max.purges(*said)
    scene.mia.purges(*said)
    heard = await wire.event("MESSAGE_DELETE_BULK")
    assert heard["ids"] == [str(one.id) for one in said]
    assert scene.stage.messages(scene.general) == []


async def test_a_bot_hears_of_names_roles_silence_and_bans(scene, wire, ask):
    play = scene.stage.discord
    play.nick(scene.guild, scene.max, "Maxi")
    assert (await wire.event("GUILD_MEMBER_UPDATE"))["nick"] == "Maxi"
    role = play.role(scene.guild, "Friends", [scene.max])
    await wire.event("GUILD_ROLE_CREATE")
    assert (await wire.event("GUILD_MEMBER_UPDATE"))["roles"] == [str(role)]
    play.change_role(scene.guild, role, name="Guests")
    assert (await wire.event("GUILD_ROLE_UPDATE"))["role"]["name"] == "Guests"
    play.drop_role(scene.guild, role)
    assert (await wire.event("GUILD_ROLE_DELETE"))["role_id"] == str(role)
    play.timeout(scene.guild, scene.max, 60)
    assert (await wire.event("GUILD_MEMBER_UPDATE"))["communication_disabled_until"]
    with pytest.raises(ValueError, match="may not write"):
        scene.max.says(scene.general, "hi")
    play.timeout(scene.guild, scene.ada, 60)
    assert await ask.refused("POST", at(scene), json={"content": "hi"}) == (403, 50013)
    play.ban(scene.guild, scene.max)
    assert (await wire.event("GUILD_BAN_ADD"))["user"]["global_name"] == "Max"
    await wire.event("GUILD_MEMBER_REMOVE")
    with pytest.raises(ValueError, match="banned"):
        play.invite(scene.guild, scene.max)
    play.ban(scene.guild, scene.max, on=False)
    play.invite(scene.guild, scene.max)
    assert scene.max in scene.guild.members


async def test_a_server_that_is_lost_for_now_is_not_gone(scene, wire):
    play = scene.stage.discord
    play.lose(scene.guild)
    assert (await wire.event("GUILD_DELETE"))["unavailable"] is True
    play.lose(scene.guild, on=False)
    assert (await wire.event("GUILD_CREATE"))["name"] == "Tea house"
    play.remove(scene.guild, scene.ada)
    assert "unavailable" not in await wire.event("GUILD_DELETE")


async def test_channels_are_renamed_moved_and_deleted_in_the_open(scene, wire):
    play = scene.stage.discord
    above = play.channel(scene.guild, "upstairs", "category")
    assert (await wire.event("CHANNEL_CREATE"))["type"] == 4
    play.rename(scene.random, "attic", under=above)
    heard = await wire.event("CHANNEL_UPDATE")
    assert (heard["name"], heard["parent_id"]) == ("attic", str(above.id))
    play.delete_channel(scene.random)
    assert (await wire.event("CHANNEL_DELETE"))["id"] == str(scene.random.id)


async def test_without_the_right_to_show_more_a_bot_has_words_alone(scene, ask):
    play = scene.stage.discord
    play.allow(scene.general, scene.guild.id, deny=1 << 14 | 1 << 15 | 1 << 49)
    embed = {"content": "hi", "embeds": [{"title": "Tea"}]}
    assert await ask.refused("POST", at(scene), json=embed) == (403, 50013)
    assert await ask.refused("POST", at(scene), json=asked("Tea?", "Yes")) == (403, 50013)
    await ask.ok("POST", at(scene), json={"content": "hi"})
