"""The link hears: all that is said, in order, across broken lines; it never spins and never dies."""

from __future__ import annotations

import asyncio
import logging

import orjson
import pytest

from bots.discord.envelope import WORLD
from core.errors import LinkLost, LinkRejected
from core.messages import ChannelType, Kind
from tests.bots.discord.conftest import Notebook, delivery, listens, until


async def test_what_is_said_in_servers_and_threads_and_posts_and_direct_chats_is_heard(
    link, stage, guild, general, ada, ed
):
    there = stage.discord
    thread = there.thread(general, "Friday", ed)
    board = there.channel(guild, "questions", "board")
    direct = there.dm(ed, ada)
    async with listens(link) as notebook:
        ed.says(general, "one")
        ed.says(thread, "two")
        post = there.post(board, "A post", ed, "three")
        ed.says(post, "four")
        ed.says(direct, "five")
        assert await notebook.hears(5) == ["one", "two", "three", "four", "five"]
    seen = [link.read(one) for one in notebook.said]
    assert [one.place.channel for one in seen] == [
        ChannelType.GROUP,
        ChannelType.THREAD,
        ChannelType.THREAD,
        ChannelType.THREAD,
        ChannelType.DM,
    ]
    assert [one.is_direct for one in seen] == [False] * 4 + [True]
    assert {one.place.world for one in seen[:4]} == {str(guild.id)}
    assert seen[0].place.world_name == "The Commons"
    assert [one.address.room for one in seen] == [
        str(chat.id) for chat in (general, thread, post, post, direct)
    ]


async def test_who_is_tagged_is_known_with_the_names_of_channels_and_roles(
    link, stage, guild, general, ada, ed
):
    role = stage.discord.role(guild, "Hosts", [ed])
    async with listens(link) as notebook:
        ed.says(general, f"@Ada, ask <@&{role}> in <#{general.id}>")
        await notebook.hears(1)
    seen = link.read(notebook.said[0])
    assert seen.mentions_us
    assert "Hosts" in seen.text
    assert general.title in seen.text or "general" in seen.text


async def test_our_own_words_are_not_heard(link, general, ed):
    async with listens(link) as notebook:
        await link.perform(delivery(link, general, "I said this"))
        ed.says(general, "and I that")
        await notebook.hears(1)
        assert notebook.texts == ["and I that"]


async def test_edits_reactions_and_deletions_are_heard(link, general, ed):
    async with listens(link) as notebook:
        said = ed.says(general, "one")
        ed.edits(said, "two")
        ed.reacts(said, "👍")
        await notebook.until(lambda: len(notebook.received) >= 4)
        assert [one.kind for one in notebook.received[1:]] == [
            Kind.MESSAGE,
            Kind.EDIT,
            Kind.REACTION,
        ]


async def test_a_server_is_told_of_and_told_of_anew_when_it_changes(link, stage, guild, ed):
    async with listens(link) as notebook:
        stage.discord.channel(guild, "stories")
        told = await notebook.worlds(2)
    rooms = [{room.name for room in link.read(one).world.rooms} for one in told]
    assert "stories" not in rooms[0]
    assert "stories" in rooms[1]


async def test_five_cut_lines_are_five_resumes_of_one_session(link, stage, general, ada, ed):
    gateway = stage.discord.gateway
    async with listens(link) as notebook:
        for cut in range(5):
            gateway.drop(ada)
            for number in range(40):
                ed.says(general, f"{cut}.{number}")
            await until(lambda cut=cut: gateway.sessions(ada).resumes == cut + 1)
        texts = await notebook.hears(200)
    assert texts == [f"{cut}.{number}" for cut in range(5) for number in range(40)]
    assert gateway.sessions(ada).identifies == 1
    assert gateway.sessions(ada).resumes == 5


async def test_it_comes_back_when_discord_asks_for_that(link, stage, general, ada, ed):
    gateway = stage.discord.gateway
    async with listens(link) as notebook:
        gateway.reconnect(ada)
        await until(lambda: gateway.sessions(ada).resumes == 1)
        gateway.invalidate(ada, resumable=True)
        await until(lambda: gateway.sessions(ada).resumes == 2)
        gateway.close(ada, 4000)
        await until(lambda: gateway.sessions(ada).resumes == 3)
        ed.says(general, "hello")
        assert await notebook.hears(1) == ["hello"]
    assert gateway.sessions(ada).identifies == 1


async def test_a_session_that_is_gone_is_begun_anew_after_a_pause(
    link, clock, stage, general, ada, ed
):
    gateway = stage.discord.gateway
    async with listens(link) as notebook:
        ed.says(general, "before")
        await notebook.hears(1)
        gateway.invalidate(ada)
        ed.says(general, "between")
        await until(lambda: gateway.sessions(ada).identifies == 2)
        ed.says(general, "after")
        assert await notebook.hears(3) == ["before", "between", "after"]
    assert any(1.0 <= wait <= 5.0 for wait in clock.waits)


async def test_a_session_outlives_an_outage_that_ends_the_listening(
    make_link, stage, general, ada, ed
):
    gateway = stage.discord.gateway
    notebook = Notebook()
    async with make_link(patience=0.1) as link:
        async with asyncio.TaskGroup() as group:
            ears = group.create_task(_end_of(link, notebook))
            await notebook.worlds()
            gateway.refuse()
            gateway.drop(ada)
            ed.says(general, "while deaf")
            assert isinstance(await ears, LinkLost)
        gateway.refuse(False)
        async with listens(link, notebook, worlds=None):
            assert await notebook.hears(1) == ["while deaf"]
    assert gateway.sessions(ada).identifies == 1
    assert gateway.sessions(ada).resumes == 1


async def test_a_gateway_that_refuses_at_first_is_a_lost_link(make_link, stage, general, ed):
    async with make_link(patience=0.1) as link:
        stage.discord.gateway.refuse()
        with pytest.raises(LinkLost):
            await link.listen(Notebook())
        stage.discord.gateway.refuse(False)
        async with listens(link) as notebook:
            ed.says(general, "hello")
            assert await notebook.hears(1) == ["hello"]


async def test_a_whole_outage_is_a_lost_link_and_then_over(make_link, stage, general, ada, ed):
    notebook = Notebook()
    async with make_link(patience=0.1) as link:
        async with asyncio.TaskGroup() as group:
            ears = group.create_task(_end_of(link, notebook))
            await notebook.worlds()
            async with stage.discord.outage():
                ed.says(general, "while away")
                assert isinstance(await ears, LinkLost)
        async with listens(link, notebook, worlds=None):
            assert await notebook.hears(1) == ["while away"]


async def test_a_token_that_is_taken_back_ends_the_link(link, stage, guild, ada):
    notebook = Notebook()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        ears = group.create_task(_end_of(link, notebook))
        await notebook.worlds()
        stage.discord.new_token(ada)
        end = await ears
    assert isinstance(end, LinkRejected)
    assert "refused the token" in str(end)
    assert stage.discord.gateway.sessions(ada).connections <= 2


@pytest.mark.parametrize(
    ("granted", "told"),
    [
        ({"message_content": False}, ["Message Content Intent"]),
        ({"members": False}, ["Server Members Intent"]),
        (
            {"message_content": False, "members": False},
            ["Server Members Intent", "Message Content Intent"],
        ),
    ],
)
async def test_without_an_intent_it_hears_less_and_says_how_to_switch_it_on(
    stage, make_link, clock, caplog, granted, told
):
    caplog.set_level(logging.WARNING, "bots.discord")
    bob, ed = stage.discord.bot("Bob", **granted), stage.person("Ed")
    guild = stage.discord.guild("Elsewhere", [ed], [bob])
    room = next(iter(guild.channels.values()))
    async with make_link(bob.token) as link, listens(link) as notebook:
        ed.says(room, "hello @Bob")
        assert await notebook.hears(1) == [f"hello <@{bob.id}>"]
        stage.discord.gateway.invalidate(bob)
        await until(lambda: stage.discord.gateway.sessions(bob).identifies == 2)
        assert [name in link.lacks for name in ("Server Members", "Message Content")] == [
            f"{name} Intent" in told for name in ("Server Members", "Message Content")
        ]
    warnings = [one.getMessage() for one in caplog.records]
    assert [
        sum(name in line for line in warnings)
        for name in ("Server Members Intent", "Message Content Intent")
    ] == [int(name in told) for name in ("Server Members Intent", "Message Content Intent")]


async def test_what_discord_py_cannot_read_is_kept_and_costs_nothing(
    link, stage, general, ada, ed, caplog
):
    caplog.set_level(logging.WARNING, "bots.discord")
    gateway = stage.discord.gateway
    async with listens(link) as notebook:
        for _ in range(3):
            gateway.dispatch(ada, "GUILD_MEMBER_ADD", {"guild_id": "x"})
            gateway.dispatch(ada, "CHANNEL_UPDATE", {"type": {}})
            gateway.dispatch(ada, "MESSAGE_CREATE", ["no", "object"])
            gateway.dispatch(ada, "RESUMED", None)
        ed.says(general, "hello")
        assert await notebook.hears(1) == ["hello"]
    assert {"GUILD_MEMBER_ADD", "MESSAGE_CREATE"} <= {
        orjson.loads(one.payload)["t"] for one in notebook.received
    }
    said = [one.getMessage() for one in caplog.records if "said once" in one.getMessage()]
    assert len([line for line in said if "CHANNEL_UPDATE" in line]) == 1
    assert gateway.sessions(ada).connections == 1


async def test_frames_without_sense_cost_one_resume_at_most(link, stage, general, ada, ed):
    gateway = stage.discord.gateway
    async with listens(link) as notebook:
        for frame in "{", "[]", '"x"', '{"op": 0, "t": ["x"], "d": {}}', '{"op": 99}':
            await gateway.send_frame(ada, frame)
        ed.says(general, "hello")
        assert await notebook.hears(1) == ["hello"]
        assert gateway.sessions(ada).connections == 1
        await gateway.send_frame(ada, b"not packed\x00\x00\xff\xff")
        ed.says(general, "again")
        assert await notebook.hears(2) == ["hello", "again"]
    assert gateway.sessions(ada).identifies == 1


async def test_a_full_house_closes_the_line_and_resumes_when_there_is_room(
    make_link, stage, general, ada, ed
):
    gateway = stage.discord.gateway
    async with make_link(most_heard=20) as link, listens(link) as notebook:
        notebook.open.clear()
        for number in range(300):
            ed.says(general, str(number))
        await until(lambda: gateway.lines == 0)
        notebook.open.set()
        texts = await notebook.hears(300)
    assert texts == [str(number) for number in range(300)]
    assert gateway.sessions(ada).identifies == 1
    assert gateway.sessions(ada).resumes >= 1


async def test_the_last_logins_of_a_day_are_not_used(link, stage, ada, monkeypatch):
    limit = {"total": 1000, "remaining": 19, "reset_after": 3_600_000, "max_concurrency": 1}
    monkeypatch.setattr(stage.discord.gateway, "identify_limit", lambda bot: limit)
    with pytest.raises(LinkLost, match="logins") as lost:
        await link.listen(Notebook())
    assert lost.value.pause == 3600
    assert stage.discord.gateway.sessions(ada).identifies == 0


async def test_a_batch_that_was_not_stored_is_handed_in_again(link, general, ed):
    notebook = Notebook()
    async with listens(link, notebook):
        notebook.open.clear()
        ed.says(general, "hello")
        await until(lambda: notebook.asked == 2)
    notebook.open.set()
    async with listens(link, notebook, worlds=None):
        assert await notebook.hears(1) == ["hello"]


def test_our_name_for_a_server_is_no_name_of_discords():
    assert WORLD == "GUILD_SEEN"


async def _end_of(link, notebook):
    try:
        await link.listen(notebook)
    except (LinkLost, LinkRejected) as end:
        return end
