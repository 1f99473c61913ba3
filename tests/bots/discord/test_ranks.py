"""Who somebody is in a server: as Discord knows it now, and never more than it says."""

from __future__ import annotations

import logging

import pytest

from bots.sandbox.discord.deeds import give_roles
from bots.sandbox.discord.permissions import ADMINISTRATOR, KICK, MANAGE_GUILD
from bots.sandbox.faults import Fault
from core.errors import LinkLost, SendDelayed, SendFailed, Throttled, Unsendable
from core.messages import Address, Rank
from tests.bots.discord.conftest import until


@pytest.fixture
def bob(stage, guild):
    bob = stage.person("Bob")
    stage.discord.invite(guild, bob)
    return bob


@pytest.fixture
async def up(link, listening, bob):
    """A link that hears, and so knows its servers."""
    async with listening(link):
        yield link


async def rank(link, room, who) -> Rank:
    where = Address("discord", link.account, str(getattr(room, "id", room)))
    return await link.rank(where, str(getattr(who, "snowflake", who)))


def asked(stage, method):
    return [call for call in stage.discord.journal if call.method == method]


async def test_the_owner_of_a_server_is_known_without_asking(up, stage, general, ed):
    assert await rank(up, general, ed) is Rank.OWNER
    assert not asked(stage, "get_guild_member")


async def test_others_are_members_by_what_discord_says_now(up, stage, general, bob, guild):
    assert await rank(up, general, bob) is Rank.MEMBER
    stage.discord.remove(guild, bob)
    assert await rank(up, general, bob) is Rank.STRANGER
    assert len(asked(stage, "get_guild_member")) == 2


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        (ADMINISTRATOR, Rank.ADMIN),
        (MANAGE_GUILD, Rank.ADMIN),
        (KICK, Rank.MEMBER),
        (0, Rank.MEMBER),
    ],
)
async def test_who_leads_a_server_by_a_role_is_an_admin(
    up, stage, general, guild, bob, permissions, expected
):
    stage.discord.role(guild, "Hosts", [bob], permissions=permissions)
    await until(lambda: len(up._client.guilds[0].roles) == len(guild.roles))
    assert await rank(up, general, bob) is expected


async def test_an_admin_is_none_without_the_role(up, stage, general, guild, bob):
    stage.discord.role(guild, "Hosts", [bob], permissions=ADMINISTRATOR)
    await until(lambda: len(up._client.guilds[0].roles) == len(guild.roles))
    assert await rank(up, general, bob) is Rank.ADMIN
    give_roles(stage.world, guild, bob, [])
    assert await rank(up, general, bob) is Rank.MEMBER


async def test_a_thread_has_the_ranks_of_its_server(up, stage, general, ed, bob):
    thread = stage.discord.thread(general, "Plans", bob)
    assert await rank(up, thread, ed) is Rank.OWNER
    assert await rank(up, thread, bob) is Rank.MEMBER


async def test_a_thread_that_sleeps_is_looked_up_once(
    make_link, stage, general, ed, bob, listening
):
    thread = stage.discord.thread(general, "Plans", bob)
    stage.discord.archive(thread)
    async with make_link() as link, listening(link):
        before = len(asked(stage, "get_channel"))
        for who, expected in ((ed, Rank.OWNER), (bob, Rank.MEMBER)):
            assert await rank(link, thread, who) is expected
        assert len(asked(stage, "get_channel")) == before + 1


async def test_a_server_as_a_whole_has_them_too(up, guild, ed):
    assert await rank(up, guild, ed) is Rank.OWNER


async def test_a_person_owns_the_direct_chat(up, stage, ada, ed, bob):
    dm = stage.discord.dm(bob, ada)
    assert await rank(up, dm, bob) is Rank.OWNER
    assert await rank(up, dm, ed) is Rank.STRANGER
    assert len(asked(stage, "get_channel")) == 1


async def test_a_bot_is_a_stranger_even_as_an_admin(up, stage, general, guild):
    helper = stage.discord.bot("Helper")
    stage.discord.invite(guild, helper)
    stage.discord.role(guild, "Hosts", [helper], permissions=ADMINISTRATOR)
    assert await rank(up, general, helper) is Rank.STRANGER


@pytest.mark.parametrize("author", ["", "bob", "-7", "٣", "9" * 30])
async def test_what_is_no_person_is_a_stranger(up, stage, general, author):
    assert await rank(up, general, author) is Rank.STRANGER
    assert not asked(stage, "get_guild_member")


async def test_a_channel_that_nobody_has_is_named_as_such(up, ed):
    with pytest.raises(Unsendable, match="channel not found"):
        await rank(up, 424242, ed)
    with pytest.raises(Unsendable, match="not a channel"):
        await rank(up, "", ed)


async def test_before_the_servers_are_here_nobody_has_a_rank(link, general, ed):
    with pytest.raises(LinkLost):
        await rank(link, general, ed)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 401}, LinkLost),
        ({"status": 403, "code": 50001}, Unsendable),
        ({"status": 429, "retry_after": 40.0}, Throttled),
    ],
)
async def test_a_question_that_is_refused_gives_no_rank_and_no_secret(
    up, stage, ada, general, bob, caplog, fault, error
):
    caplog.set_level(logging.DEBUG)
    stage.discord.faults.add(Fault("refuse", method="get_guild_member", **fault))
    with pytest.raises(error) as caught:
        await rank(up, general, bob)
    assert ada.token not in f"{caught.value!r} {caught.value.__cause__!r} {caplog.text}"


async def test_an_answer_without_sense_gives_no_rank(up, stage, general, bob):
    stage.discord.faults.garbage(method="get_guild_member")
    with pytest.raises(LinkLost):
        await rank(up, general, bob)


async def test_while_discord_is_away_nobody_has_a_rank(up, stage, general, bob):
    async with stage.discord.outage():
        with pytest.raises((SendDelayed, LinkLost)):
            await rank(up, general, bob)


async def test_a_link_that_is_closed_knows_nobody(make_link, general, ed):
    with pytest.raises((LinkLost, SendFailed)):
        await rank(make_link(), general, ed)
