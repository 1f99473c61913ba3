"""What was said on Discord while nobody listened is read back: G5."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from bots.sandbox import Person, Stage
from bots.sandbox.world import Account, Chat, Message
from tests.faults import ledgers
from tests.faults.discord_crowd import calls, discord_process, refusals
from tests.faults.ledgers import until
from tests.faults.process import GatewayProcess

Variables = Callable[..., dict[str, str]]
PACED = {"DISCORD_SENDS_PER_SECOND": "40", "DISCORD_CHAT_SENDS_PER_SECOND": "1"}


def stored(gateway: GatewayProcess, said: list[Message]) -> int:
    """How many of these stand in the inbox."""
    keys = {row["event_key"] for row in ledgers.read(gateway.data).inbox}
    return sum(f"m:{one.chat.id}:{one.id}" in keys for one in said)


def remembered(gateway: GatewayProcess, said: list[Message]) -> int:
    """How many of these she remembers, once each."""
    known = " ".join(row["content"] for row in ledgers.read(gateway.data).memories)
    return sum(known.count(f"({one.text.rpartition('(')[2]}") == 1 for one in said)


def missing(gateway: GatewayProcess, said: list[Message]) -> set[str]:
    """The rooms of what is not stored."""
    keys = {row["event_key"] for row in ledgers.read(gateway.data).inbox}
    return {one.chat.title for one in said if f"m:{one.chat.id}:{one.id}" not in keys}


async def until_stored(gateway: GatewayProcess, said: list[Message], *, timeout: float) -> None:
    await until(
        lambda: stored(gateway, said) == len(said),
        lambda: f"not stored: {missing(gateway, said)}\n{gateway.log[-2000:]}",
        timeout=timeout,
    )


async def until_all_is_ended(gateway: GatewayProcess) -> None:
    await until(
        lambda: "new" not in ledgers.read(gateway.data).statuses(),
        lambda: f"how they ended: {ledgers.read(gateway.data).statuses()}",
    )


def says_in(
    who: Account, rooms: list[Chat], times: int, *, asking: int = 0, since: int = 0
) -> list[Message]:
    """Somebody says so many things in each room, the last few of them to Ada; no two are alike."""
    assert isinstance(who, Person)
    said = []
    for number in range(since, since + times):
        name = "@Ada, " if since + times - number <= asking else ""
        for room in rooms:
            said.append(who.says(room, f"{name}m{room.id}.{number}? (in {room.title}, {number})"))
    return said


async def until_read_back(stage: Stage, pages: int) -> None:
    """Wait until so many rooms have been read since the start."""
    await until(
        lambda: sum(call.done is not None for call in calls(stage, "list_messages")) >= pages,
        lambda: f"{len(calls(stage, 'list_messages'))} rooms were asked for",
    )


def answers(stage: Stage, room: Chat) -> list[str]:
    """What bots have said in a room."""
    return [one.text for one in stage.messages(room) if one.sender.is_bot]


async def test_g5_on_discord_three_hundred_messages_of_ten_channels_are_read_back_in_time(
    tmp_path: Path, thinks: Variables
) -> None:
    """At Discord's rates; of the channels half were never heard before."""
    async with Stage() as stage, discord_process(tmp_path, stage, **thinks(**PACED)) as gateway:
        ed = stage.person("Ed")
        guild = stage.discord.guild("The Commons", [ed], list(gateway.bots.values()), channels=())
        rooms = [stage.discord.channel(guild, f"room-{number}") for number in range(10)]
        await gateway.until()
        await until_stored(gateway, says_in(ed, rooms[:5], 1), timeout=20)
        await gateway.kill()
        said = says_in(ed, rooms, 30, asking=3, since=1)
        await gateway.start()
        await until_stored(gateway, said, timeout=15)
        await until_all_is_ended(gateway)
        await until(
            lambda: all(len(answers(stage, room)) == 3 for room in rooms),
            lambda: f"answered: {[answers(stage, room) for room in rooms]}",
        )
        assert await gateway.end() == 0
        for room in rooms:
            assert answers(stage, room) == [f"re m{room.id}.{number}" for number in (28, 29, 30)]
        assert len(calls(stage, "list_messages")) == 10
        assert not refusals(stage)
        assert not any(stage.discord.violations.values())
    assert remembered(gateway, said) == 300
    assert "Traceback" not in gateway.log
    assert "more was said" not in gateway.log


async def test_g5_on_discord_threads_posts_and_direct_channels_are_read_back_too(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        there, ada = stage.discord, gateway.bots["Ada"]
        ed, ann = stage.person("Ed"), stage.person("Ann")
        guild = there.guild("The Commons", [ed, ann], [ada], channels=("general",))
        general = next(iter(guild.channels.values()))
        board = there.channel(guild, "questions", "board")
        direct, old = there.dm(ann, ada), there.thread(general, "Old", ed)
        await gateway.until()
        for room in (general, direct, old):
            ann.says(room, f"@Ada m{room.id}.0 (hello)")
            assert (await stage.next_from(ada, room)).text == f"re m{room.id}.0"
        await gateway.kill()
        new = there.thread(general, "New", ed)
        post = there.post(board, "What are you reading?", ed, "@Ada m1.0? (in the post)")
        made = there.channel(guild, "made-meanwhile")
        elsewhere = there.guild("Elsewhere", [ed], [ada], channels=("lobby",))
        lobby = next(iter(elsewhere.channels.values()))
        rooms = [direct, old, new, made, lobby]
        said = [message for room in rooms for message in says_in(room.people()[0], [room], 3)]
        said += [stage.messages(post)[0]]
        await gateway.start()
        await until_stored(gateway, said, timeout=15)
        await until_all_is_ended(gateway)
        assert (await stage.next_from(ada, post)).text == "re m1.0"
        assert (await stage.next_from(ada, direct)).text == f"re m{direct.id}.0"
        assert await gateway.end() == 0
    assert remembered(gateway, said) == len(said)
    assert "Traceback" not in gateway.log


async def test_g5_on_discord_a_hundred_messages_of_a_channel_are_read_back_and_the_gap_is_told(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        ed = stage.person("Ed")
        guild = stage.discord.guild("The Commons", [ed], list(gateway.bots.values()))
        busy, calm = guild.channels.values()
        await gateway.until()
        await until_stored(gateway, says_in(ed, [busy, calm], 1), timeout=20)
        await gateway.kill()
        lost = says_in(ed, [busy], 30)
        kept = says_in(ed, [calm], 60) + says_in(ed, [busy], 100)
        await gateway.start()
        await until_stored(gateway, kept, timeout=15)
        await until_all_is_ended(gateway)
        assert await gateway.end() == 0
    assert stored(gateway, lost) == 0
    warning = re.search(r"warn\S* bots\.discord\.backlog .*more was said.*", gateway.log)
    assert warning
    assert str(busy.id) in warning[0]
    assert str(calm.id) not in warning[0]


async def test_g5_on_discord_killed_while_it_reads_back_it_still_loses_nothing(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        ed = stage.person("Ed")
        guild = stage.discord.guild("The Commons", [ed], list(gateway.bots.values()), channels=())
        rooms = [stage.discord.channel(guild, f"room-{number}") for number in range(16)]
        await gateway.until()
        await until_stored(gateway, says_in(ed, rooms[:8], 1), timeout=20)
        await gateway.kill()
        said = says_in(ed, rooms, 15, asking=1)
        stage.discord.faults.delay(0.02, 0.15, method="list_messages")
        for enough in (
            4,
            20,
            34,
        ):  # in the midst of the unheard rooms, of the known ones, at the end
            await gateway.start()
            await until_read_back(stage, enough)
            # What is said now is heard live, or falls into the next gap.
            said += says_in(ed, rooms, 1)
            await gateway.kill()
        await gateway.start()
        await until_stored(gateway, said, timeout=15)
        await until_all_is_ended(gateway)
        assert await gateway.end() == 0
    assert "Traceback" not in gateway.log
    found = [row for row in ledgers.read(gateway.data).inbox if row["kind"] == "message"]
    assert len(found) == len(said) + 8


async def test_g5_on_discord_what_is_stale_when_it_is_read_back_is_remembered_but_not_answered(
    tmp_path: Path, thinks: Variables
) -> None:
    ago = [3600.0]
    async with (
        Stage(limits=False, now=lambda: time.time() - ago[0]) as stage,
        discord_process(tmp_path, stage, **thinks()) as gateway,
    ):
        ada, ed = gateway.bots["Ada"], stage.person("Ed")
        guild = stage.discord.guild("The Commons", [ed], [ada], channels=("general",))
        general = next(iter(guild.channels.values()))
        await gateway.until()
        await until_stored(gateway, says_in(ed, [general], 1), timeout=20)
        await gateway.kill()
        stale = says_in(ed, [general], 3, asking=3, since=1)
        ago[0] = 0.0
        fresh = [ed.says(general, "@Ada m0.0? (just now)")]
        await gateway.start()
        assert (await stage.next_from(ada, general, timeout=15)).text == "re m0.0"
        await until_all_is_ended(gateway)
        assert await gateway.end() == 0
        assert answers(stage, general) == ["re m0.0"]
    assert remembered(gateway, stale + fresh) == 4
    ended = [row for row in ledgers.read(gateway.data).inbox if row["rule"] == "stale"]
    assert len(ended) == 4  # the one before the fall, too


async def test_g5_on_discord_a_session_that_is_gone_leaves_a_gap_that_is_read_back(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """Discord repeats nothing to a new session, though the gateway ran all the while."""
    there = stage.discord.gateway
    async with discord_process(tmp_path, stage, **thinks()) as gateway:
        ada, ed = gateway.bots["Ada"], stage.person("Ed")
        guild = stage.discord.guild("The Commons", [ed], [ada])
        rooms = list(guild.channels.values())
        await gateway.until()
        await until_stored(gateway, says_in(ed, rooms, 1), timeout=20)
        there.refuse()
        there.logins.survives = 0.0
        there.drop(ada)
        said = says_in(ed, rooms, 40, asking=1, since=1)
        there.refuse(False)
        await until(lambda: there.sessions(ada).identifies == 2, lambda: "no new session")
        said += says_in(ed, rooms, 1, asking=1, since=41)
        await until_stored(gateway, said, timeout=15)
        await until_all_is_ended(gateway)
        assert gateway.log.count("is live") == 1
        assert await gateway.end() == 0
        for room in rooms:
            wanted = [f"re m{room.id}.{number}" for number in (40, 41)]
            assert answers(stage, room) == wanted
    assert remembered(gateway, said) == len(said)
    assert "Traceback" not in gateway.log
