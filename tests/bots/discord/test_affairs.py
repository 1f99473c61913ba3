"""What happens to a server and its people: what of it is stored, and what it says."""

from __future__ import annotations

from typing import Any

import pytest

from bots.discord.envelope import Scene
from bots.discord.ways import Ways
from core.messages import ChannelType, Inbound, Kind, Rank, RoomSeen
from tests.bots.discord.conftest import Notebook, listens, until
from tests.bots.discord.events import (
    ADA,
    BOARD,
    BOB,
    GUILD,
    HELPERS,
    POST,
    TEA,
    heard,
    received,
)

ADMINISTRATOR, MANAGE_GUILD, KICK = 1 << 3, 1 << 5, 1 << 1
HERE = Scene(guild=GUILD, guild_name="Tea house", owner="77", leads=(HELPERS,))


# --- as it is read -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "roles", "rank"),
    [
        (BOB, [], Rank.MEMBER),
        (BOB, [HELPERS], Rank.ADMIN),
        (BOB | {"id": "77"}, [], Rank.OWNER),
    ],
)
def test_whoever_has_other_roles_has_another_rank(user, roles, rank):
    changed = {"guild_id": GUILD, "user": user, "nick": "Bo", "roles": roles}
    inbound = heard(changed, "GUILD_MEMBER_UPDATE", HERE)
    ((who, now),) = inbound.ranked
    assert (who.id, who.name, now) == (user["id"], "Bo", rank)


def test_bots_have_no_rank_and_where_nothing_is_known_nobody_has():
    changed = {"guild_id": GUILD, "user": BOB, "roles": []}
    assert heard(changed, "GUILD_MEMBER_UPDATE", Scene(guild=GUILD)).ranked == ()
    assert heard(changed | {"user": ADA}, "GUILD_MEMBER_UPDATE", HERE).ranked == ()


def test_where_everybody_may_lead_everybody_is_an_admin():
    scene = Scene(guild=GUILD, owner="77", leads=(GUILD,))
    changed = {"guild_id": GUILD, "user": BOB, "roles": []}
    assert heard(changed, "GUILD_MEMBER_UPDATE", scene).ranked[0][1] is Rank.ADMIN


def test_who_goes_is_known():
    inbound = heard({"guild_id": GUILD, "user": BOB}, "GUILD_MEMBER_REMOVE", HERE)
    assert [one.id for one in inbound.parted] == [BOB["id"]]
    assert (inbound.joined, inbound.left) == ((), False)


def test_of_a_server_that_put_us_out_its_whole_place_is_told():
    inbound = heard({"id": GUILD}, "GUILD_DELETE", Scene(guild_name="Tea house"))
    assert (inbound.kind, inbound.left, inbound.address.room) == (Kind.MEMBER, True, GUILD)
    assert (inbound.place.channel, inbound.place.world) == (ChannelType.WORLD, GUILD)
    assert not inbound.is_direct


def test_a_channel_that_is_no_more_is_left():
    gone = {"id": TEA, "guild_id": GUILD, "type": 0, "name": "tea"}
    inbound = heard(gone, "CHANNEL_DELETE", HERE)
    assert (inbound.left, inbound.address.room, inbound.place.name) == (True, TEA, "tea")
    assert (inbound.place.channel, inbound.place.world) == (ChannelType.GROUP, GUILD)
    thread = {"id": POST, "guild_id": GUILD, "type": 11, "parent_id": BOARD}
    place = heard(thread, "THREAD_DELETE", HERE).place
    assert (place.channel, place.within) == (ChannelType.THREAD, BOARD)


def test_a_thread_with_another_name_is_its_servers_news():
    inbound = heard(
        {"id": POST, "guild_id": GUILD, "type": 11, "name": "Cups"}, "THREAD_UPDATE", HERE
    )
    assert inbound.world is not None
    assert inbound.world.rooms == (RoomSeen(POST, "Cups", ChannelType.THREAD),)
    assert inbound.address.room == inbound.place.world == GUILD


@pytest.mark.parametrize("event", ["MESSAGE_REACTION_REMOVE_ALL", "MESSAGE_REACTION_REMOVE_EMOJI"])
def test_all_reactions_may_go_at_once(event):
    data: dict[str, Any] = {"channel_id": TEA, "message_id": "5", "guild_id": GUILD}
    inbound = heard(data | {"emoji": {"id": None, "name": "👍"}}, event)
    assert (inbound.kind, inbound.author.id, inbound.text) == (Kind.REACTION, "", "")
    assert inbound.message == "5"


# --- as it is heard ----------------------------------------------------------------------------


def of(notebook: Notebook, *kinds: Kind) -> list[Any]:
    return [one for one in notebook.received if one.kind in kinds]


async def passed(notebook: Notebook, general: Any, who: Any) -> None:
    """Until all that has happened is heard."""
    number = len(notebook.said)
    who.says(general, f"mark {number}")
    await notebook.hears(number + 1)


async def test_of_members_only_what_makes_a_difference_is_stored(
    make_link, stage, guild, general, ed
) -> None:
    async with make_link() as link, listens(link) as notebook:
        bob = stage.person("Bob")
        stage.discord.invite(guild, bob)
        await passed(notebook, general, ed)
        assert len(of(notebook, Kind.MEMBER)) == 1
        stage.discord.timeout(guild, bob, 60)
        stage.discord.timeout(guild, bob, 0)
        await passed(notebook, general, ed)
        assert len(of(notebook, Kind.MEMBER)) == 1, "neither a name nor a role"
        for name in ("Bo", "Bobby", "Bo", "Bo"):
            stage.discord.nick(guild, bob, name)
        hosts = stage.discord.role(guild, "Hosts", permissions=MANAGE_GUILD)
        for roles in ([hosts], [], [hosts]):
            stage.discord.give(guild, bob, *roles)
        await passed(notebook, general, ed)
        told = [link.read(one) for one in of(notebook, Kind.MEMBER)[1:]]
        assert [(who.name, rank) for one in told for who, rank in one.ranked] == [
            ("Bo", Rank.MEMBER),
            ("Bobby", Rank.MEMBER),
            ("Bo", Rank.MEMBER),
            ("Bo", Rank.ADMIN),
            ("Bo", Rank.MEMBER),
            ("Bo", Rank.ADMIN),
        ]


async def test_of_roles_only_who_may_lead_is_news(make_link, stage, guild, general, ed) -> None:
    async with make_link() as link, listens(link) as notebook:
        role = stage.discord.role(guild, "Hosts", permissions=KICK)
        await until(lambda: link._client.guilds[0].get_role(role) is not None)
        before = len(notebook.received)
        stage.discord.change_role(guild, role, name="Helpers")
        stage.discord.change_role(guild, role, permissions=KICK | MANAGE_GUILD)
        stage.discord.change_role(guild, role, permissions=KICK | ADMINISTRATOR)
        stage.discord.drop_role(guild, role)
        await passed(notebook, general, ed)
        news = [one for one in notebook.received[before:] if one.kind is Kind.WORLD]
        assert len(news) == 2
        assert {link.read(one).world.id for one in news} == {str(guild.id)}


@pytest.mark.parametrize("how", ["by its name", "by its number", "the server's own", "as usual"])
async def test_people_are_greeted_where_it_is_set_or_where_servers_do_it(
    make_link, stage, guild, general, ada, ed, how
) -> None:
    rooms = {one.title: one for one in guild.channels.values()}
    hall = stage.discord.channel(guild, "hall")
    ways = {"by its name": "#Hall", "by its number": str(hall.id)}.get(how, "")
    expected = hall
    if how == "as usual":
        expected = stage.discord.channel(guild, "welcome")
    async with make_link(ways=Ways(welcome=ways)) as link, listens(link) as notebook:
        if how == "the server's own":
            expected = rooms["random"]
            shown = {"id": str(guild.id), "system_channel_id": str(expected.id)}
            whole = {**_guild(link, guild), **shown}
            stage.discord.gateway.dispatch(ada, "GUILD_UPDATE", whole)
        stage.discord.invite(guild, stage.person("Bob"))
        await passed(notebook, general, ed)
        (came,) = (link.read(one) for one in of(notebook, Kind.MEMBER))
    assert [one.name for one in came.joined] == ["Bob"]
    assert (came.address.room, came.place.name) == (str(expected.id), expected.title)
    assert came.place.channel is ChannelType.GROUP


def _guild(link: Any, guild: Any) -> dict[str, Any]:
    known = link._client.get_guild(guild.id)
    return {"name": guild.name, "owner_id": str(known.owner_id), "roles": [], "emojis": []}


async def test_without_such_a_channel_who_comes_is_told_of_the_server(
    make_link, stage, guild, general, ed
) -> None:
    async with make_link() as link, listens(link) as notebook:
        stage.discord.invite(guild, stage.person("Bob"))
        await passed(notebook, general, ed)
        (came,) = (link.read(one) for one in of(notebook, Kind.MEMBER))
    assert (came.address.room, came.place.channel) == (str(guild.id), ChannelType.WORLD)


async def test_an_outage_of_a_server_is_no_news_and_to_be_put_out_is(
    make_link, stage, guild, ada, ed
) -> None:
    other = stage.discord.guild("Elsewhere", [ed], [ada])
    there = next(iter(other.channels.values()))
    async with make_link() as link, listens(link, worlds=None) as notebook:
        await notebook.until(lambda: len(of(notebook, Kind.WORLD)) >= 2)
        stage.discord.lose(guild)
        stage.discord.lose(guild, on=False)
        await passed(notebook, there, ed)
        assert of(notebook, Kind.MEMBER) == []
        for times in (1, 2):
            stage.discord.remove(guild, ada)
            await notebook.until(lambda times=times: len(of(notebook, Kind.MEMBER)) == times)
            stage.discord.invite(guild, ada)
            await notebook.until(lambda: last(notebook, guild) is Kind.WORLD)
        gone = link.read(of(notebook, Kind.MEMBER)[0])
    assert (gone.left, gone.place.world, gone.place.name) == (True, str(guild.id), guild.name)


def last(notebook: Notebook, guild: Any) -> Kind:
    return next(
        one.kind for one in reversed(notebook.received) if one.address.room == str(guild.id)
    )


async def test_each_reaction_is_heard_however_often_it_is_given(
    make_link, stage, guild, general, ada, ed
) -> None:
    bob = stage.person("Bob")
    stage.discord.invite(guild, bob)
    unseen = ed.says(general, "long ago")
    async with make_link() as link, listens(link) as notebook:
        for on in (True, False, True):
            bob.reacts(unseen, "👍", on=on)
        await passed(notebook, general, ed)
        told = [link.read(one) for one in of(notebook, Kind.REACTION)]
        assert [one.text for one in told] == ["👍", "", "👍"]
        assert {one.message for one in told} == {str(unseen.id)}
        given = _reaction(guild, general, unseen, bob)
        stage.discord.gateway.dispatch(ada, "MESSAGE_REACTION_ADD", given)
        await passed(notebook, general, ed)
        assert len(of(notebook, Kind.REACTION)) == 4, "a repeat behind newer talk is one more"


def _reaction(guild: Any, general: Any, said: Any, who: Any) -> dict[str, Any]:
    return {
        "user_id": str(who.snowflake),
        "channel_id": str(general.id),
        "message_id": str(said.id),
        "guild_id": str(guild.id),
        "emoji": {"id": "15", "name": "cup"},
        "burst": False,
        "type": 0,
    }


async def test_threads_tell_of_themselves_when_they_begin_are_renamed_and_go(
    make_link, stage, guild, general, ed
) -> None:
    async with make_link() as link, listens(link) as notebook:
        before = len(of(notebook, Kind.WORLD))
        thread = stage.discord.thread(general, "On tea", ed)
        await until(lambda: link._client.guilds[0].get_thread(thread.id) is not None)
        stage.discord.archive(thread)
        stage.discord.archive(thread, on=False)
        stage.discord.rename(thread, "On cups")
        stage.discord.delete_channel(thread)
        await passed(notebook, general, ed)
        told = [link.read(one) for one in of(notebook, Kind.WORLD)[before:]]
        names = [one.name for said in told if said.world for one in said.world.rooms]
        (gone,) = (link.read(one) for one in of(notebook, Kind.MEMBER))
    assert names[0] == "On tea"
    assert names[-1] == "On cups"
    assert (gone.left, gone.address.room, gone.place.within) == (
        True,
        str(thread.id),
        str(general.id),
    )


def test_what_is_told_of_a_server_is_known_by_no_message() -> None:
    stored = received({"id": POST, "guild_id": GUILD, "name": "Cups"}, "THREAD_CREATE", HERE)
    inbound: Inbound = heard({"guild_id": GUILD, "role": {}}, "GUILD_ROLE_UPDATE", HERE)
    assert stored.seq == 0, "no message is thought to be read because of it"
    assert inbound.world is not None
    assert inbound.world.rooms == ()
