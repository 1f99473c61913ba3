"""Flood control, faults, outages and restarts."""

import asyncio
import json
import sys

import aiohttp
import pytest
from telegram.error import InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bots.sandbox import FaultPlan, Stage

# The client's own note about its next major version, whenever it is told to wait.
pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


@pytest.fixture
def dm(stage: Stage):
    return stage.dm(stage.person("Bob", username="bob"), stage.bot("Ada"))


@pytest.fixture
async def ada(stage: Stage, dial):
    async with dial(stage, stage.bot("Ada")) as client:
        yield client


async def test_a_fourth_message_within_three_seconds_must_wait(dial):
    async with Stage() as stage:
        bot, bob = stage.bot("Ada"), stage.person("Bob")
        dm = stage.dm(bob, bot)
        async with dial(stage, bot) as client:
            for word in ("one", "two", "three"):
                await client.send_message(dm.id, word)
            with pytest.raises(RetryAfter) as refusal:
                await client.send_message(dm.id, "four")
            assert 1 <= refusal.value.retry_after <= 3
            assert stage.violations == {"chat": 1}
            for number in range(20):
                await client.send_message_draft(dm.id, 1, f"draft {number}")
            assert stage.violations == {"chat": 1}  # drafts do not count to the chat
    assert len(stage.messages(dm)) == 3


async def test_a_bot_that_pushes_past_thirty_a_second_is_counted(dial):
    async with Stage() as stage:
        bot = stage.bot("Ada")
        dms = [stage.dm(stage.person(f"P{number}"), bot) for number in range(40)]
        url = f"{stage.root}/bot{bot.token}/sendMessage"
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
            for dm in dms:
                tasks.create_task(_send(session, url, dm.id))
        assert stage.violations["bot"] >= 1
        spoken = sum(len(stage.messages(dm)) for dm in dms)
        assert spoken + stage.violations["bot"] == 40


async def _send(session, url, chat):
    async with session.post(url, json={"chat_id": chat, "text": "x"}) as answer:
        await answer.read()


async def test_faults_by_hand_meet_whom_they_name(stage, ada, dm):
    other = stage.dm(stage.person("Eve"), stage.bot("Ada"))
    stage.faults.flood(7, chat=dm.id, times=2)
    for _ in range(2):
        with pytest.raises(RetryAfter):
            await ada.send_message(dm.id, "x")
    await ada.send_message(other.id, "x")
    await ada.send_message(dm.id, "x")
    stage.faults.fail(502, method="sendMessage")
    with pytest.raises(NetworkError):
        await ada.send_message(dm.id, "x")
    stage.faults.garbage(method="getMe")
    with pytest.raises(TelegramError):
        await ada.get_me()
    stage.faults.hang(method="sendMessage")
    with pytest.raises(TimedOut):
        await ada.send_message(dm.id, "x", read_timeout=0.1)
    assert len(stage.messages(dm)) == 1


async def test_a_cut_before_and_a_cut_after_differ_in_what_stands(stage, ada, dm):
    stage.faults.cut(method="sendMessage")
    with pytest.raises(NetworkError):
        await ada.send_message(dm.id, "never arrived")
    stage.faults.cut(after=True, method="sendMessage")
    with pytest.raises(NetworkError):
        await ada.send_message(dm.id, "arrived all the same")
    assert [said.text for said in stage.messages(dm)] == ["arrived all the same"]


async def test_a_plan_of_faults_repeats_with_its_seed(dial):
    async def run() -> list[int]:
        async with Stage(limits=False) as stage:
            stage.faults.follow(FaultPlan(7, longest_delay=0.0, broken=0.3))
            bot = stage.bot("Ada")
            dm = stage.dm(stage.person("Bob"), bot)
            async with dial(stage, bot) as client:
                for number in range(40):
                    try:
                        await client.send_message(dm.id, str(number))
                    except TelegramError:
                        continue
            return [call.status for call in stage.journal.of("sendMessage")]

    first = await run()
    assert first == await run()
    assert 502 in first
    assert 200 in first


async def test_a_revoked_token_ends_the_poll_and_the_new_one_finds_the_queue(stage, dial, ada, dm):
    bot = stage.bot("Ada")
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        poll = tasks.create_task(_rejected(ada))
        await asyncio.sleep(0.05)
        stage.new_token(bot)
        await poll
    dm.people()[0].says(dm, "still here?")
    async with dial(stage, bot) as client:
        assert len(await client.get_updates()) == 1


async def _rejected(client) -> None:
    with pytest.raises(InvalidToken):
        await client.get_updates(timeout=50)


async def test_during_an_outage_nobody_gets_through_and_afterwards_everybody(stage, ada, dm):
    async with stage.outage():
        with pytest.raises(NetworkError):
            await ada.send_message(dm.id, "x")
    await ada.send_message(dm.id, "back")
    assert [said.text for said in stage.messages(dm)] == ["back"]


async def test_a_restarted_stage_remembers_all_but_a_torn_line(tmp_path, dial):
    kept = tmp_path / "world.jsonl"
    async with Stage(limits=False, persist=kept) as stage:
        bot, bob = stage.bot("Ada"), stage.person("Bob", username="bob")
        stage.furnish([bot])
        dm = stage.dm(bob, bot)
        bob.says(dm, "one")
        said = bob.says(dm, "two")
        async with dial(stage, bot) as client:
            first = (await client.get_updates())[0]
            await client.get_updates(offset=first.update_id + 1)
            await client.send_message(dm.id, "answer")
            await client.set_message_reaction(dm.id, said.id, "👍")
        token, pending = bot.token, [update.body for update in stage.pending(bot)]
        rooms = sorted(stage.world.chats)
    with kept.open("ab") as lines:
        lines.write(b'{"fact":"message","chat":')

    async with Stage(limits=False, persist=kept) as stage:
        bot = stage.bot("Ada")
        stage.furnish([bot])
        assert bot.token == token
        assert sorted(stage.world.chats) == rooms
        assert [update.body for update in stage.pending(bot)] == pending
        dm = stage.world.chats[dm.key]
        assert [said.text for said in stage.messages(dm)] == ["one", "two", "answer"]
        assert stage.messages(dm)[1].reactions == {bot.id: "👍"}
        dm.people()[0].says(dm, "three")
    async with Stage(persist=kept) as stage:
        assert stage.messages(stage.world.chats[dm.key])[-1].text == "three"


async def test_a_stage_in_its_own_process_is_driven_in_batches(tmp_path):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bots.sandbox", "--bots", "Ada", "--no-limits",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        ready = json.loads(await process.stdout.readline())
        token = ready["bots"][0]["token"]
        async with aiohttp.ClientSession() as session:
            act = {"as": 1001, "do": "send", "chat": "tg:1001.7000001", "text": "hi"}
            async with session.post(f"{ready['control']}/stage/batch", json=[act] * 3) as answer:
                assert len((await answer.json())["done"]) == 3
            async with session.get(f"{ready['root']}/bot{token}/getUpdates") as answer:
                assert len((await answer.json())["result"]) == 3
            send = {"chat_id": "1001", "text": "x"}
            async with session.post(f"{ready['root']}/bot{token}/sendMessage", data=send) as answer:
                assert answer.status == 200
            async with session.get(f"{ready['control']}/stage/journal?since=1") as answer:
                (call,) = (await answer.json())["calls"]
            assert (call["method"], call["status"]) == ("sendMessage", 200)
    finally:
        process.terminate()
        assert await process.wait() == 0
