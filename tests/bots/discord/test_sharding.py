"""A bot in very many servers: several lines, one bot; what befalls one line is its own."""

from __future__ import annotations

import asyncio
import logging

import pytest

from bots.discord.ways import Ways
from core.errors import LinkLost, LinkRejected
from core.models.scripted import Scripted
from tests.bots.discord.conftest import Notebook, listens, until
from tests.flows.on_discord import on_discord


def of_each_shard(stage, ada, ed, shards):
    """The first channel of a server of each shard."""
    found = {}
    number = 0
    while len(found) < shards:
        guild = stage.discord.guild(f"Server {number}", [ed], [ada])
        number += 1
        found.setdefault((guild.id >> 22) % shards, next(iter(guild.channels.values())))
    return [found[shard] for shard in range(shards)]


def asked(stage, method):
    return [call for call in stage.discord.journal if call.method == method]


@pytest.fixture
def three(stage, ada, ed):
    """One channel for each of the three shards that are asked for."""
    stage.discord.gateway.ask_shards(ada, 3)
    return of_each_shard(stage, ada, ed, 3)


async def test_as_many_lines_as_discord_asks_for_hear_their_servers_and_the_first_direct_chats(
    link, stage, three, ada, ed
):
    gateway = stage.discord.gateway
    async with listens(link) as notebook:
        for number, room in enumerate(three):
            ed.says(room, f"in {number}")
        ed.says(stage.discord.dm(ed, ada), "direct")
        assert sorted(await notebook.hears(4)) == ["direct", "in 0", "in 1", "in 2"]
        assert sorted(one.shard for one in gateway.logins.of(ada.id)) == [(0, 3), (1, 3), (2, 3)]
    assert notebook.doubles == 0
    assert len(asked(stage, "get_bot_gateway")) == 1
    assert link.lacks == ""


async def test_a_number_that_is_set_is_kept_to(make_link, stage, general, ada, ed):
    async with make_link(ways=Ways(shards=2)) as link, listens(link) as notebook:
        ed.says(general, "hello")
        await notebook.hears(1)
        assert sorted(one.shard for one in stage.discord.gateway.logins.of(ada.id)) == [
            (0, 2),
            (1, 2),
        ]


async def test_it_has_begun_when_all_lines_stand(link, stage, three, ada):
    gateway = stage.discord.gateway
    standing = []
    async with asyncio.TaskGroup() as group:
        ears = group.create_task(
            link.listen(Notebook(), lambda: standing.append(gateway.sessions(ada).identifies))
        )
        await until(lambda: bool(standing))
        ears.cancel()
    assert standing[0] == 3


@pytest.mark.parametrize("together", [1, 3])
async def test_so_many_log_in_at_a_time_as_discord_allows(
    link, stage, clock, three, ada, ed, together
):
    logins = stage.discord.gateway.logins
    logins.identify_every, logins.together = 0.015, together
    async with listens(link) as notebook:
        ed.says(three[2], "hello")
        await notebook.hears(1)
    counts = stage.discord.gateway.sessions(ada)
    assert (counts.connections, counts.identifies) == (3, 3)
    assert len([wait for wait in clock.waits if 4.0 < wait < 5.2]) == (2 if together == 1 else 0)


async def test_a_line_that_breaks_resumes_its_own_session(link, stage, three, ada, ed):
    gateway = stage.discord.gateway
    async with listens(link) as notebook:
        gateway.drop(ada, 1)
        for number in range(20):
            for room in three:
                ed.says(room, f"{room.id}.{number}")
        await notebook.hears(60)
    for room in three:
        of_room = [text for text in notebook.texts if text.startswith(f"{room.id}.")]
        assert of_room == [f"{room.id}.{number}" for number in range(20)]
    assert (gateway.sessions(ada).identifies, gateway.sessions(ada).resumes) == (3, 1)
    assert notebook.doubles == 0
    assert not asked(stage, "list_messages")


async def test_while_one_line_stays_away_the_others_hear_and_it_is_told(
    make_link, stage, three, ada, ed, caplog
):
    caplog.set_level(logging.INFO, "bots.discord")
    gateway = stage.discord.gateway
    async with make_link(patience=0.05) as link, listens(link) as notebook:
        gateway.shut(ada, 1)
        ed.says(three[1], "unheard")
        await until(lambda: "connection 2 of 3 is away" in link.lacks)
        ed.says(three[0], "one")
        ed.says(three[2], "two")
        assert sorted(await notebook.hears(2)) == ["one", "two"]
        gateway.shut(ada, 1, None)
        assert sorted(await notebook.hears(3)) == ["one", "two", "unheard"]
        assert link.lacks == ""
    assert gateway.sessions(ada).identifies == 3
    assert caplog.text.count("connection 2 of 3 is away") == 1
    assert "connection 2 is back" in caplog.text


async def test_it_begins_without_a_line_that_does_not_come_and_takes_it_in_later(
    make_link, stage, three, ada, ed
):
    gateway = stage.discord.gateway
    gateway.shut(ada, 2)
    begun = asyncio.Event()
    notebook = Notebook()
    async with make_link(patience=0.05) as link, asyncio.TaskGroup() as group:
        ears = group.create_task(link.listen(notebook, begun.set))
        async with asyncio.timeout(20):
            await begun.wait()
        assert "connection 3 of 3 is away" in link.lacks
        ed.says(three[0], "one")
        await notebook.hears(1)
        gateway.shut(ada, 2, None)
        await until(lambda: not link.lacks)
        ed.says(three[2], "two")
        assert await notebook.hears(2) == ["one", "two"]
        ears.cancel()


async def test_of_a_line_whose_session_is_gone_only_its_rooms_are_read_back(
    link, stage, three, ada, ed
):
    """Also those in which nothing was ever heard, while the others went on being heard."""
    gateway = stage.discord.gateway
    other = stage.discord.channel(three[1].guild, "never heard")
    direct = stage.discord.dm(ed, ada)
    async with listens(link) as notebook:
        for number, room in enumerate(three):
            ed.says(room, f"before {number}")
        ed.says(direct, "before")
        await notebook.hears(4)
        gateway.shut(ada, 1)
        gateway.logins.survives = 0.0
        ed.says(three[1], "between")
        ed.says(other, "first words")
        ed.says(three[0], "meanwhile")
        await notebook.hears(5)
        await until(lambda: gateway.lines == 2)
        gateway.shut(ada, 1, None)
        await notebook.hears(7)
        await until(lambda: gateway.sessions(ada).identifies == 4)
        ed.says(three[1], "after")
        await notebook.hears(8)
    assert notebook.texts[:5][-1] == "meanwhile"
    assert sorted(notebook.texts[5:]) == ["after", "between", "first words"]
    assert {call.chat for call in asked(stage, "list_messages")} == {three[1].id, other.id}


async def test_what_all_lines_have_missed_is_read_back_when_all_are_in(make_link, stage, three, ed):
    notebook = Notebook()
    async with make_link() as link, listens(link, notebook):
        for number, room in enumerate(three):
            ed.says(room, f"before {number}")
        await notebook.hears(3)
    new = [stage.discord.channel(room.guild, "new") for room in three]
    for number, (room, later) in enumerate(zip(three, new, strict=True)):
        ed.says(room, f"between {number}")
        ed.says(later, f"new {number}")
    async with make_link() as link, listens(link, notebook):
        await notebook.hears(9)
        ed.says(three[2], "after")
        await notebook.hears(10)
    assert sorted(notebook.texts[3:]) == sorted(
        [f"between {n}" for n in range(3)] + [f"new {n}" for n in range(3)] + ["after"]
    )


async def test_too_few_lines_are_made_more_when_discord_asks_for_that(
    link, stage, general, ada, ed, caplog
):
    caplog.set_level(logging.WARNING, "bots.discord")
    gateway = stage.discord.gateway
    async with listens(link) as notebook:
        ed.says(general, "one")
        await notebook.hears(1)
        gateway.ask_shards(ada, 2, least=2)
        gateway.shut(ada, 0, 4011)
        await until(lambda: gateway.lines == 0)
        ed.says(general, "between")
        gateway.shut(ada, 0, None)
        assert await notebook.hears(2, 20) == ["one", "between"]
        ed.says(general, "two")
        assert await notebook.hears(3) == ["one", "between", "two"]
        assert sorted(one.shard for one in gateway.logins.of(ada.id) if one.line) == [
            (0, 2),
            (1, 2),
        ]
    assert "too many servers for 1 connections" in caplog.text


async def test_lines_that_are_always_too_few_end_in_a_refusal(link, stage, general, ada):
    stage.discord.gateway.ask_shards(ada, 1, least=1_000)
    with pytest.raises(LinkRejected, match="too many servers"):
        await link.listen(Notebook())
    assert stage.discord.gateway.sessions(ada).identifies == 0


async def test_when_all_lines_are_away_the_link_is_lost_and_all_sessions_are_taken_up(
    make_link, stage, three, ada, ed
):
    gateway = stage.discord.gateway
    notebook = Notebook()
    async with make_link(patience=0.05) as link:
        async with asyncio.TaskGroup() as group:
            ears = group.create_task(_end_of(link, notebook))
            await notebook.worlds()
            ed.says(three[0], "before")
            await notebook.hears(1)
            gateway.refuse()
            gateway.drop(ada)
            assert isinstance(await ears, LinkLost)
        for number, room in enumerate(three):
            ed.says(room, f"while deaf {number}")
        gateway.refuse(False)
        async with listens(link, notebook, worlds=None):
            await notebook.hears(4)
    assert sorted(notebook.texts[1:]) == [f"while deaf {number}" for number in range(3)]
    assert (gateway.sessions(ada).identifies, gateway.sessions(ada).resumes) == (3, 3)


async def test_a_token_that_is_taken_back_ends_all_lines(link, stage, three, ada):
    notebook = Notebook()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        ears = group.create_task(_end_of(link, notebook))
        await notebook.worlds()
        stage.discord.new_token(ada)
        end = await ears
    assert isinstance(end, LinkRejected)
    assert stage.discord.gateway.lines == 0


async def test_an_intent_that_is_off_is_told_once_for_all_lines(stage, make_link, ed, caplog):
    caplog.set_level(logging.WARNING, "bots.discord")
    bob = stage.discord.bot("Bob", message_content=False)
    stage.discord.gateway.ask_shards(bob, 3)
    stage.discord.gateway.logins.together = 3
    rooms = of_each_shard(stage, bob, ed, 3)
    async with make_link(bob.token) as link, listens(link) as notebook:
        for room in rooms:
            ed.says(room, "hello @Bob")
        await notebook.hears(3)
        assert "Message Content" in link.lacks
        assert "Server Members" not in link.lacks
    warnings = [one.getMessage() for one in caplog.records]
    assert sum("Message Content Intent" in line for line in warnings) == 1


async def test_a_server_that_put_us_out_while_its_line_was_away_is_not_known_any_more(
    link, stage, three, ada, ed
):
    gateway = stage.discord.gateway
    gone = three[1].guild
    async with listens(link) as notebook:
        ed.says(three[1], "before")
        await notebook.hears(1)
        known = {one.id for one in link._client.guilds}
        gateway.shut(ada, 1)
        gateway.logins.survives = 0.0
        await until(lambda: gateway.lines == 2)
        stage.discord.remove(gone, ada)
        gateway.shut(ada, 1, None)
        await until(lambda: gateway.sessions(ada).identifies == 4)
        await until(lambda: gone.id not in {one.id for one in link._client.guilds})
        assert {one.id for one in link._client.guilds} == known - {gone.id}


async def test_the_whole_gateway_answers_over_several_lines_and_says_which_one_is_away(tmp_path):
    settings = {"DISCORD_SHARDS": "2"}
    async with on_discord(
        "Ada", model=Scripted(["I am here."]), data=tmp_path, settings=settings
    ) as play:
        stage, ada, ed = play.stage, play.discord_bots["Ada"], play.stage.person("Ed")
        gateway, rooms = stage.discord.gateway, of_each_shard(stage, ada, ed, 2)
        await until(lambda: len(list(gateway.logins)) == 2)
        for room in rooms:
            ed.says(room, "@Ada are you there?")
            assert (await stage.next_from(ada, room)).text == "I am here."
        gateway.shut(ada, 1)
        await until(
            lambda: "connection 2 of 2 is away" in play.gateway.ready()["links"][0]["reason"], 15
        )
        assert play.gateway.ready()["links"][0]["phase"] == "live"
        ed.says(rooms[0], "@Ada and now?")
        await stage.next_from(ada, rooms[0])
        ed.says(rooms[1], "@Ada do you hear?")
        gateway.shut(ada, 1, None)
        await stage.next_from(ada, rooms[1], timeout=15)
        assert play.gateway.ready()["links"][0]["reason"] == ""


async def _end_of(link, notebook):
    try:
        await link.listen(notebook)
    except (LinkLost, LinkRejected) as end:
        return end
