"""What was said while nobody listened is read back, once, in order, and not too far."""

from __future__ import annotations

import logging

from bots.sandbox.faults import Fault
from core.messages import ChannelType
from tests.bots.discord.conftest import Notebook, delivery, listens, until


def asked_for_messages(stage):
    return [call for call in stage.discord.journal if call.method == "list_messages"]


async def test_a_bot_that_was_never_here_reads_nothing_back(link, stage, general, ed):
    ed.says(general, "long ago")
    async with listens(link) as notebook:
        ed.says(general, "hello")
        assert await notebook.hears(1) == ["hello"]
    assert not asked_for_messages(stage)


async def test_what_was_said_while_it_was_away_comes_before_what_is_said_now(
    make_link, general, ed
):
    notebook = Notebook()
    async with make_link() as link, listens(link, notebook):
        ed.says(general, "zero")
        await notebook.hears(1)
    for number in range(1, 6):
        ed.says(general, str(number))
    async with make_link() as link, listens(link, notebook, worlds=None):
        ed.says(general, "6")
        await notebook.hears(7)
    assert notebook.texts == ["zero", "1", "2", "3", "4", "5", "6"]


async def test_three_hundred_messages_in_ten_channels_are_read_back_once(
    make_link, stage, guild, ed, ada
):
    rooms = [stage.discord.channel(guild, f"room {number}") for number in range(10)]
    notebook = Notebook()
    async with make_link() as link, listens(link, notebook):
        for room in rooms[:5]:
            ed.says(room, "first")
        await notebook.hears(5)
    for number in range(30):
        for room in rooms:
            ed.says(room, f"{room.title} {number}")
    async with make_link() as link, listens(link, notebook):
        await notebook.hears(305, seconds=15)
    for room in rooms:
        of_room = [text for text in notebook.texts if text.startswith(f"{room.title} ")]
        assert of_room == [f"{room.title} {number}" for number in range(30)]
    assert len(asked_for_messages(stage)) == 10
    assert not stage.discord.violations.get("bucket")
    assert not stage.discord.violations.get("global")
    assert not stage.discord.violations.get("invalid")


async def test_threads_posts_and_direct_chats_are_read_back_too(make_link, stage, guild, ada, ed):
    there = stage.discord
    general = next(iter(guild.channels.values()))
    board = there.channel(guild, "questions", "board")
    thread, direct = there.thread(general, "Friday", ed), there.dm(ed, ada)
    notebook = Notebook()
    async with make_link() as link, listens(link, notebook):
        ed.says(direct, "hello")
        await notebook.hears(1)
    ed.says(thread, "in a thread")
    there.post(board, "A post", ed, "in a post")
    ed.says(direct, "in a direct chat")
    async with make_link() as link, listens(link, notebook):
        await notebook.hears(4)
        last = link.read(notebook.said[-1])
    assert sorted(notebook.texts[1:]) == ["in a direct chat", "in a post", "in a thread"]
    assert last.is_direct


async def test_a_room_made_while_it_was_away_is_read_back(make_link, stage, guild, general, ed):
    notebook = Notebook()
    async with make_link() as link, listens(link, notebook):
        pass
    room = stage.discord.channel(guild, "new")
    ed.says(room, "first in a new room")
    async with make_link() as link, listens(link, notebook):
        assert await notebook.hears(1) == ["first in a new room"]
        assert link.read(notebook.said[0]).place.name == "new"


async def test_nothing_is_asked_where_nothing_was_said(make_link, stage, general, ed):
    notebook = Notebook()
    async with make_link() as link, listens(link, notebook):
        ed.says(general, "hello")
        await notebook.hears(1)
    async with make_link() as link, listens(link, notebook):
        pass
    assert not asked_for_messages(stage)


async def test_a_resume_reads_nothing_back(link, stage, general, ada, ed):
    gateway = stage.discord.gateway
    async with listens(link) as notebook:
        gateway.drop(ada)
        ed.says(general, "hello")
        await notebook.hears(1)
    assert gateway.sessions(ada).resumes == 1
    assert not asked_for_messages(stage)


async def test_our_own_words_are_not_read_back(make_link, general, ed):
    notebook = Notebook()
    async with make_link() as link:
        async with listens(link, notebook):
            ed.says(general, "one")
            await notebook.hears(1)
        await link.perform(delivery(link, general, "my answer"))
    ed.says(general, "two")
    async with make_link() as link, listens(link, notebook):
        await notebook.hears(2)
    assert notebook.texts == ["one", "two"]


async def test_a_page_that_is_full_and_whole_is_no_gap(make_link, general, ed, caplog):
    caplog.set_level(logging.INFO, "bots.discord")
    notebook = Notebook()
    async with make_link() as link, listens(link, notebook):
        ed.says(general, "zero")
        await notebook.hears(1)
    for number in range(100):
        ed.says(general, f"{number}")
    async with make_link() as link, listens(link, notebook):
        await notebook.hears(101)
        await until(lambda: "messages read back in 1 rooms" in caplog.text)
    assert not [one for one in caplog.records if one.levelno == logging.WARNING]


async def test_a_gap_that_is_too_old_is_told_of_without_a_word_of_it(
    make_link, general, ed, caplog
):
    caplog.set_level(logging.INFO, "bots.discord")
    notebook = Notebook()
    async with make_link() as link, listens(link, notebook):
        ed.says(general, "zero")
        await notebook.hears(1)
    for number in range(130):
        ed.says(general, f"secret {number}")
    async with make_link() as link, listens(link, notebook):
        await notebook.hears(101)
        await until(lambda: "messages read back in 1 rooms" in caplog.text)
    assert notebook.texts[1:] == [f"secret {number}" for number in range(30, 130)]
    (warning,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert str(general.id) in warning.getMessage()
    assert "secret" not in caplog.text


async def test_a_room_that_is_closed_to_us_is_passed_over(make_link, stage, guild, ada, ed):
    rooms = list(guild.channels.values())
    notebook = Notebook()
    async with make_link() as link, listens(link, notebook):
        pass
    for room in rooms:
        ed.says(room, f"in {room.title}")
    fault = Fault("refuse", method="list_messages", chat=rooms[0].id, status=403, code=50001)
    stage.discord.faults.add(fault)
    async with make_link() as link, listens(link, notebook):
        assert await notebook.hears(1) == [f"in {rooms[1].title}"]
        ed.says(rooms[0], "now")
        await notebook.hears(2)
    assert fault.met


async def test_a_room_that_fails_at_first_is_read_in_the_end(make_link, stage, general, ed):
    notebook = Notebook()
    async with make_link() as link, listens(link, notebook):
        ed.says(general, "zero")
        await notebook.hears(1)
    ed.says(general, "one")
    stage.discord.faults.add(Fault("refuse", method="list_messages", times=2, status=503))
    async with make_link() as link, listens(link, notebook, worlds=None):
        ed.says(general, "two")
        assert await notebook.hears(3) == ["zero", "one", "two"]


async def test_a_line_that_breaks_while_it_reads_back_loses_nothing(
    make_link, stage, guild, ada, ed
):
    rooms = [stage.discord.channel(guild, f"room {number}") for number in range(6)]
    notebook = Notebook()
    async with make_link() as link, listens(link, notebook):
        ed.says(rooms[0], "zero")
        await notebook.hears(1)
    for number in range(3):
        for room in rooms:
            ed.says(room, f"{room.title} {number}")
    slow = Fault("delay", method="list_messages", times=3, low=0.3, high=0.3)
    stage.discord.faults.add(slow)
    async with make_link() as link, listens(link, notebook, worlds=None):
        await until(lambda: slow.met > 0)
        stage.discord.gateway.invalidate(ada)
        ed.says(rooms[1], "last")
        await notebook.hears(20)
    for room in rooms:
        of_room = [text for text in notebook.texts if text.startswith(f"{room.title} ")]
        assert of_room == [f"{room.title} {number}" for number in range(3)]
    assert notebook.texts.count("last") == 1


async def test_a_page_without_sense_is_told_of_and_the_rest_is_read(
    make_link, stage, guild, ed, caplog
):
    caplog.set_level(logging.WARNING, "bots.discord")
    rooms = list(guild.channels.values())
    notebook = Notebook()
    async with make_link() as link, listens(link, notebook):
        pass
    for room in rooms:
        ed.says(room, f"in {room.title}")
    stage.discord.faults.add(
        Fault("garbage", method="list_messages", chat=rooms[0].id, times=None, body=b"[{")
    )
    async with make_link() as link, listens(link, notebook):
        assert await notebook.hears(1) == [f"in {rooms[1].title}"]
        await until(lambda: str(rooms[0].id) in caplog.text)


async def test_a_thread_that_fell_asleep_is_read_back_as_a_thread(
    make_link, stage, general, ed, ada
):
    thread = stage.discord.thread(general, "Friday", ed)
    notebook = Notebook()
    async with make_link() as link, listens(link, notebook):
        ed.says(thread, "awake")
        await notebook.hears(1)
    ed.says(thread, "good night")
    stage.discord.archive(thread)
    async with make_link() as link, listens(link, notebook):
        await notebook.hears(2)
        seen = link.read(notebook.said[1])
    assert seen.place.channel is ChannelType.THREAD
    assert seen.place.name == "Friday"
    assert not seen.is_direct


async def test_a_server_that_invites_us_is_told_of_and_its_past_is_not_read(
    link, stage, guild, ada, ed
):
    other = stage.discord.guild("Elsewhere", [ed])
    room = next(iter(other.channels.values()))
    ed.says(room, "before")
    async with listens(link) as notebook:
        ed.says(next(iter(guild.channels.values())), "zero")
        stage.discord.invite(other, ada)
        await notebook.until(
            lambda: str(other.id) in {one.address.room for one in notebook.received}
        )
        ed.says(room, "after")
        await notebook.hears(2)
    assert notebook.texts == ["zero", "after"]


async def test_what_is_known_of_servers_is_not_stored_again_at_the_next_start(
    make_link, stage, guild, general, ada, ed
):
    others = [stage.discord.guild(f"Server {number}", [ed], [ada]) for number in range(30)]
    ed.says(general, "long ago")
    notebook = Notebook()
    async with make_link() as link, listens(link, notebook, worlds=31):
        ed.says(general, "hello")
        await notebook.hears(1)
    stage.discord.channel(others[7], "new")
    async with make_link() as link, listens(link, notebook, worlds=2):
        await until(lambda: notebook.doubles == 29)
        told = notebook._worlds()[31:]
    # The first says how far all has been read, and the other has changed.
    assert len(told) == 2
    assert told[1].address.room == str(others[7].id)
    assert "new" in {room.name for room in link.read(told[1]).world.rooms}


async def test_people_are_heard_before_all_servers_are_stored(
    make_link, stage, guild, general, ada, ed
):
    for number in range(60):
        stage.discord.guild(f"Server {number}", [ed], [ada])
    async with make_link() as link, listens(link) as notebook:
        ed.says(general, "hello")
        await notebook.hears(1)
        assert len(notebook._worlds()) < 61
        assert len(await notebook.worlds(61)) == 61


async def test_a_change_that_nobody_here_asks_for_is_not_stored(link, stage, guild, ed):
    room = next(iter(guild.channels.values()))
    async with listens(link) as notebook:
        gateway, bot = stage.discord.gateway, next(iter(stage.discord.bots()))
        for position in range(5):
            changed = {"id": str(room.id), "guild_id": str(guild.id), "type": 0, "name": room.title}
            gateway.dispatch(bot, "CHANNEL_UPDATE", changed | {"position": position})
        gateway.dispatch(bot, "CHANNEL_UPDATE", changed | {"position": 1, "name": "renamed"})
        told = await notebook.worlds(2)
        ed.says(room, "hello")
        await notebook.hears(1)
        assert len(notebook._worlds()) == 2
    assert "renamed" in {one.name for one in link.read(told[1]).world.rooms}
