"""discord.py, as it is, hears everything that there is on the local Discord, and is not the worse."""

import discord
import pytest

from bots.sandbox import Bot, Person, Stage
from tests.stage.discord.test_gateway_with_the_client import _endpoints, ada, mia, running

__all__ = ["_endpoints", "ada", "mia"]


async def test_it_sees_channels_of_every_kind(stage: Stage, ada: Bot, mia: Person) -> None:
    play = stage.discord
    guild = play.guild("First", [mia], [ada])
    above = play.channel(guild, "upstairs", "category")
    for kind in ("voice", "stage", "media", "announcement"):
        play.channel(guild, kind, kind, under=above)
    play.sticker(guild, "owl")
    play.nick(guild, mia, "Lady Mia")
    play.timeout(guild, mia, 60)
    async with running(ada) as client:
        [seen] = client.guilds
        assert [each.name for each in seen.voice_channels] == ["voice"]
        assert [each.name for each in seen.stage_channels] == ["stage"]
        assert {each.name for each in seen.forums} == {"media"}
        assert {each.category.name for each in seen.voice_channels if each.category} == {"upstairs"}
        assert [each.name for each in seen.stickers] == ["owl"]
        member = seen.get_member(mia.snowflake)
        assert member is not None
        assert (member.nick, member.is_timed_out()) == ("Lady Mia", True)


async def test_it_reads_polls_forwards_stickers_and_voice_messages(
    stage: Stage, ada: Bot, mia: Person
) -> None:
    play = stage.discord
    guild = play.guild("First", [mia], [ada])
    general, random = guild.channels.values()
    play.sticker(guild, "owl")
    async with running(ada) as client:
        said = mia.says(general, "hello")
        await client.message()
        mia.forwards(random, said)
        heard = await client.message()
        assert heard.message_snapshots[0].content == "hello"
        mia.sends_sticker(general)
        assert (await client.message()).stickers[0].name == "owl"
        mia.sends_voice(general)
        assert (await client.message()).attachments[0].is_voice_message()
        asked = mia.sends_poll(general, "Which tea?", ["Green", "Black"])
        heard = await client.message()
        assert heard.poll is not None
        assert [one.text for one in heard.poll.answers] == ["Green", "Black"]
        mia.votes(asked, "Green")
        vote = await client.next("raw_poll_vote_add")
        assert isinstance(vote, discord.RawPollVoteActionEvent)
        assert vote.answer_id == 1
        mia.purges(said, asked)
        gone = await client.next("raw_bulk_message_delete")
        assert isinstance(gone, discord.RawBulkMessageDeleteEvent)
        assert gone.message_ids == {said.id, asked.id}


async def test_it_speaks_through_webhooks(stage: Stage, ada: Bot, mia: Person) -> None:
    play = stage.discord
    guild = play.guild("First", [mia], [ada])
    play.role(guild, "Masks", [ada], permissions=1 << 29)
    thread = play.thread(next(iter(guild.channels.values())), "Aside", mia)
    async with running(ada) as client:
        [general, *_] = client.guilds[0].text_channels
        hook = await general.create_webhook(name="Masks")
        sent = await hook.send("I am Bob", username="Bob", wait=True)
        heard = await client.message()
        assert (heard.author.name, heard.webhook_id, heard.application_id) == (
            "Bob",
            hook.id,
            ada.id,
        )
        await sent.edit(content="I was Bob")
        await hook.send("aside", thread=discord.Object(thread.id), wait=True)
        assert [each.id for each in await general.webhooks()] == [hook.id]
        await sent.delete()
        await hook.delete()
        assert await general.webhooks() == []
        with pytest.raises(discord.NotFound):
            await hook.send("gone", wait=True)


async def test_it_is_used_where_it_is_no_member_and_hears_of_bans_and_outages(
    stage: Stage, ada: Bot, mia: Person
) -> None:
    play, lee = stage.discord, stage.person("Lee")
    guild = play.guild("First", [mia, lee], [ada])
    elsewhere = play.guild("Elsewhere", [lee, mia])
    among = play.group_dm("Three", [mia, lee, stage.person("Max")])
    tea = {"id": "7", "name": "tea", "description": "Tea", "type": 1, "integration_types": [0, 1]}
    fact = {"fact": "app_commands", "bot": ada.id, "guild": None, "commands": [tea]}
    stage.world.commit(fact)
    mia.installs(ada)
    async with running(ada) as client:
        for room in (next(iter(elsewhere.channels.values())), among, play.dm(mia, lee)):
            mia.uses(room, ada, "tea")
            it = await client.next("interaction")
            assert isinstance(it, discord.Interaction)
            assert it.is_user_integration()
            await it.response.send_message("Tea", ephemeral=True)
        play.ban(guild, lee)
        await client.next("member_ban")
        play.lose(guild)
        await client.next("guild_unavailable")
        play.lose(guild, on=False)
        await client.next("guild_available")
