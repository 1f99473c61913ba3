"""What bots hear, and how their queue behaves: offsets, kinds, conflicts, webhooks."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram.error import BadRequest, Conflict

from bots.sandbox import Stage


@pytest.fixture
def bob(stage: Stage):
    return stage.person("Bob", username="bob")


@pytest.fixture
def dm(stage: Stage, bob):
    return stage.dm(bob, stage.bot("Ada"))


@pytest.fixture
async def ada(stage: Stage, dial):
    async with dial(stage, stage.bot("Ada")) as client:
        yield client


def texts(updates):
    return [update.message.text for update in updates]


async def test_an_update_stays_until_a_higher_offset_is_asked_for(stage, ada, bob, dm):
    for word in ("one", "two", "three"):
        bob.says(dm, word)
    first = await ada.get_updates(limit=2)
    assert texts(first) == ["one", "two"]
    assert texts(await ada.get_updates()) == ["one", "two", "three"]
    assert texts(await ada.get_updates(offset=first[1].update_id)) == ["two", "three"]
    assert texts(await ada.get_updates(offset=first[1].update_id + 1)) == ["three"]
    assert len(stage.pending(stage.bot("Ada"))) == 1


async def test_a_negative_offset_keeps_only_the_newest(ada, bob, dm):
    for word in ("one", "two", "three"):
        bob.says(dm, word)
    assert texts(await ada.get_updates(offset=-1)) == ["three"]
    assert texts(await ada.get_updates()) == ["three"]


async def test_an_update_is_gone_after_a_day(dial):
    now = [1_000_000.0]
    async with Stage(now=lambda: now[0]) as stage:
        bot = stage.bot("Ada")
        person = stage.person("Bob")
        chat = stage.dm(person, bot)
        person.says(chat, "old")
        now[0] += 86_000
        person.says(chat, "new")
        now[0] += 500
        async with dial(stage, bot) as client:
            assert texts(await client.get_updates()) == ["new"]


async def test_a_waiting_poll_wakes_at_once(ada, bob, dm):
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        poll = tasks.create_task(ada.get_updates(timeout=50))
        await asyncio.sleep(0.05)
        bob.says(dm, "wake up")
    assert texts(poll.result()) == ["wake up"]


async def test_a_second_poller_ends_the_first_with_409(ada, bob, dm):
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        first = tasks.create_task(_conflict(ada))
        await asyncio.sleep(0.1)
        second = tasks.create_task(ada.get_updates(timeout=50))
        why = await first
        bob.says(dm, "for the second")
    assert "terminated by other getUpdates request" in why
    assert texts(second.result()) == ["for the second"]


async def _conflict(client) -> str:
    with pytest.raises(Conflict) as conflict:
        await client.get_updates(timeout=50)
    return conflict.value.message


async def test_reactions_and_members_come_only_when_named(stage, ada, bob, dm):
    said = bob.says(dm, "hi")
    bob.reacts(said, "👍")
    assert len(await ada.get_updates()) == 1
    await ada.get_updates(allowed_updates=["message", "message_reaction"])
    bob.reacts(said, "🔥")
    updates = await ada.get_updates()
    assert updates[-1].message_reaction.old_reaction[0].emoji == "👍"
    assert updates[-1].message_reaction.new_reaction[0].emoji == "🔥"
    bob.edits(said, "hello")
    assert len(await ada.get_updates()) == 2  # edits were not named, and the choice is remembered


async def test_in_groups_only_administrators_hear_of_reactions(stage, ada, bob):
    bot = stage.bot("Ada")
    big = stage.supergroup("Big", [bob], [bot])
    await ada.get_updates(allowed_updates=["message_reaction"])
    said = bob.says(big, "hi")
    bob.reacts(said, "👍")
    assert await ada.get_updates() == ()
    bob.promotes(big, bot)
    bob.reacts(said, "🔥")
    assert len(await ada.get_updates()) == 1


async def test_bots_do_not_hear_each_other_in_groups(stage, dial, ada, bob):
    eliza = stage.bot("Eliza")
    tea = stage.group("Tea", [bob], [stage.bot("Ada"), eliza])
    await ada.send_message(tea.id, "hello @eliza_bot")
    bob.says(tea, "hello both")
    async with dial(stage, eliza) as client:
        assert texts(await client.get_updates()) == ["hello both"]


async def test_privacy_mode_lets_through_only_what_is_for_the_bot(stage, ada, bob):
    bot = stage.bot("Ada")
    tea = stage.group("Tea", [bob], [bot, stage.bot("Eliza")])
    bot.privacy(True)
    sent = await ada.send_message(tea.id, "hello")
    bob.says(tea, "not for you")
    bob.says(tea, "/start")
    bob.says(tea, "/start@eliza_bot")
    bob.says(tea, "you, @ada_bot")
    bob.says(tea, "an answer", reply_to=sent.message_id)
    assert texts(await ada.get_updates()) == ["/start", "you, @ada_bot", "an answer"]


async def test_the_server_finds_entities_in_what_people_write(stage, ada, bob):
    eve = stage.person("Eve")
    tea = stage.group("Tea", [bob, eve], [stage.bot("Ada")])
    bob.says(tea, "😀 /ask@ada_bot #tea @ada_bot @Eve see https://a.org/x. me@a.org")
    (update,) = await ada.get_updates()
    found = update.message.parse_entities()
    assert {entity.type: text for entity, text in found.items()} == {
        "bot_command": "/ask@ada_bot",
        "hashtag": "#tea",
        "mention": "@ada_bot",
        "text_mention": "Eve",
        "url": "https://a.org/x",
        "email": "me@a.org",
    }
    mention = next(e for e in found if e.type == "text_mention")
    assert mention.user.id == eve.id


async def test_blocking_and_joining_reach_the_bot(stage, ada, bob, dm):
    bot = stage.bot("Ada")
    bob.blocks(bot)
    tea = stage.group("Tea", [bob])
    bob.adds(tea, bot)
    blocked, added, joined = await ada.get_updates()
    assert blocked.my_chat_member.new_chat_member.status == "kicked"
    assert added.my_chat_member.chat.id == tea.id
    assert joined.message.new_chat_members[0].id == bot.id


async def test_malformed_updates_stand_in_the_queue_as_they_are(stage, bob, dm):
    bot = stage.bot("Ada")
    bot.inject({"message": {"chat": "nonsense"}})
    bob.says(dm, "good")
    bot.inject(b"\xff{")
    raw, good, broken = stage.pending(bot)
    assert b"nonsense" in raw.body
    assert good.id == raw.id + 1
    assert broken.body == b"\xff{"


async def test_repeats_come_again_after_they_were_confirmed(stage, ada, bob, dm):
    stage.repeat_updates(stage.bot("Ada"), 2)
    bob.says(dm, "again")
    (update,) = await ada.get_updates()
    repeats = await ada.get_updates(offset=update.update_id + 1)
    assert [u.update_id for u in repeats] == [update.update_id] * 2
    assert await ada.get_updates(offset=update.update_id + 1) == ()


class Receiver:
    """A bot's own address; answers what it is told to, then 200."""

    def __init__(self) -> None:
        self.seen: list[tuple[str | None, str]] = []
        self.refuse: dict[str, list[web.Response]] = {}
        self.arrived = asyncio.Condition()

    async def hook(self, request: web.Request) -> web.Response:
        text = (await request.json())["message"]["text"]
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        async with self.arrived:
            self.seen.append((secret, text))
            self.arrived.notify_all()
        refusals = self.refuse.get(text)
        return refusals.pop(0) if refusals else web.Response(status=204)

    async def count(self, number: int) -> list[str]:
        async with asyncio.timeout(20), self.arrived:
            await self.arrived.wait_for(lambda: len(self.seen) >= number)
        return [text for _, text in self.seen]


@pytest.fixture
async def receiver():
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.hook)
    async with TestServer(app) as server:
        receiver.url = str(server.make_url("/hook"))
        yield receiver


async def test_a_webhook_gets_updates_with_its_secret_and_ends_polling(
    stage, ada, bob, dm, receiver
):
    bob.says(dm, "before")
    await ada.set_webhook(receiver.url, secret_token="s3cret")
    bob.says(dm, "after")
    assert await receiver.count(2) == ["before", "after"]
    assert {secret for secret, _ in receiver.seen} == {"s3cret"}
    with pytest.raises(Conflict, match="webhook is active"):
        await ada.get_updates()
    await stage.quiet(dm, 0.05)
    assert (await ada.get_webhook_info()).pending_update_count == 0
    await ada.delete_webhook()
    assert await ada.get_updates() == ()


async def test_a_refused_update_holds_up_its_own_chat_only(dial, receiver):
    async with Stage(limits=False, webhook_retry=0.2) as stage:
        bot = stage.bot("Ada")
        bob, eve = stage.person("Bob"), stage.person("Eve")
        dm, other = stage.dm(bob, bot), stage.dm(eve, bot)
        receiver.refuse["stuck"] = [web.Response(status=500), web.Response(status=503)]
        async with dial(stage, bot) as client:
            await client.set_webhook(receiver.url)
            bob.says(dm, "stuck")
            bob.says(dm, "behind")
            eve.says(other, "free")
            seen = await receiver.count(5)
            assert seen.index("free") < 2
            assert [text for text in seen if text != "free"] == ["stuck"] * 3 + ["behind"]
            info = await client.get_webhook_info()
            assert "503" in info.last_error_message


async def test_a_webhook_needs_https_or_this_machine(ada):
    with pytest.raises(BadRequest, match=r"(?i)https url must be provided"):
        await ada.set_webhook("http://example.org/hook")
