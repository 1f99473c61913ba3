"""The link reads: it logs in, writes down before it confirms, and never spins."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

import pytest

from bots.sandbox import Stage
from core.clock import SystemClock
from core.errors import LinkLost, LinkRejected, Unreadable
from core.messages import Kind
from core.secrets import Secret
from tests.bots.telegram.conftest import delivery


async def nothing_comes(received):
    pytest.fail("nothing was sent")


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - the stage has no event for it
            await asyncio.sleep(0.01)


async def test_a_login_tells_who_we_are(link, ada):
    assert link.account == f"telegram:{ada.id}"
    assert link.handle == "@ada_bot"
    assert ada.token not in repr(link)


async def test_a_refused_token_is_said_and_not_shown(make_link, ada, caplog):
    caplog.set_level(logging.INFO)
    token = f"{ada.id}:AAHwrongwrongwrongwrongwrongwrong12345"
    link = make_link(token)
    with pytest.raises(LinkRejected) as caught:
        await link.__aenter__()
    shown = f"{caught.value!r} {caught.value.__cause__!r} {link!r} {vars(link)!r} {caplog.text}"
    assert token not in shown
    assert caught.value.__suppress_context__


async def test_what_is_no_token_is_refused_without_asking(make_link, stage):
    with pytest.raises(LinkRejected, match="shape"):
        await make_link("../../evil").__aenter__()
    assert not stage.journal


async def test_an_unreachable_telegram_is_a_lost_link(make_link):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        root = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(LinkLost, match="unreachable"):
        await make_link(api_root=root).__aenter__()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"ok":true}', b'{"ok":true,"result":7}'])
async def test_an_answer_that_is_not_telegrams_is_a_lost_link(make_link, stage, body):
    stage.faults.garbage(body, method="getMe")
    with pytest.raises(LinkLost):
        await make_link().__aenter__()


async def test_privacy_mode_is_told_once_with_the_way_out(make_link, ada, caplog):
    ada.privacy(True)
    link = make_link()
    for _ in range(2):
        async with link:
            assert "privacy" in link.lacks
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "/setprivacy" in warnings[0].getMessage()


async def test_what_people_say_is_handed_on(stage: Stage, link, ada, listening):
    bob = stage.person("Bob", username="bob")
    dm = stage.dm(bob, ada)
    async with listening(link) as notebook:
        said = bob.says(dm, "hello @ada_bot")
        (received,) = await notebook.until(1)
    inbound = link.read(received)
    assert (inbound.text, inbound.author.username, inbound.is_direct) == (
        "hello @ada_bot",
        "bob",
        True,
    )
    assert inbound.mentions_us
    assert received.event_key == f"m:{dm.id}:{said.id}"


async def test_nothing_is_confirmed_before_it_is_written_down(stage: Stage, link, ada, listening):
    bob = stage.person("Bob")
    dm = stage.dm(bob, ada)
    async with listening(link) as notebook:
        notebook.open.clear()
        bob.says(dm, "one")
        bob.says(dm, "two")
        await asyncio.sleep(0.1)
        assert len(stage.pending(ada)) == 2
        notebook.open.set()
        await notebook.until(2)
        await until(lambda: not stage.pending(ada))
    offsets = [call.params.get("offset") for call in stage.journal.of("getUpdates")]
    assert offsets[0] is None


async def test_what_was_not_confirmed_comes_again_with_the_same_key(stage, make_link, ada):
    bob = stage.person("Bob")
    bob.says(stage.dm(bob, ada), "hello")
    keys = []

    async def dying(received):
        keys.append(received[0].event_key)
        raise LinkLost("the process ends before it is written down")

    for _ in range(2):
        async with make_link() as link:
            with pytest.raises(ExceptionGroup):
                await link.listen(dying)
    assert keys[0] == keys[1]


async def test_reactions_members_edits_and_channels_are_asked_for(stage, link, ada, listening):
    bob = stage.person("Bob", username="bob")
    dm = stage.dm(bob, ada)
    async with listening(link) as notebook:
        said = bob.says(dm, "hello")
        bob.edits(said, "hello!")
        bob.blocks(ada)
        received = await notebook.until(3)
    assert [r.kind for r in received] == [Kind.MESSAGE, Kind.EDIT, Kind.MEMBER]
    for each in received:
        link.read(each)
    wanted = stage.journal.of("getUpdates")[0].params["allowed_updates"]
    assert {"message_reaction", "chat_member", "channel_post"} <= set(wanted)


async def test_a_second_program_with_our_token_is_named(stage, make_link, listening):
    async def displaced(link):
        with pytest.raises(LinkLost, match="another program") as caught:
            await link.listen(nothing_comes)
        assert caught.value.pause == 30

    async with make_link() as first, make_link() as second, asyncio.TaskGroup() as group:
        ears = group.create_task(displaced(first))
        await until(lambda: bool(stage.journal.of("getUpdates")))
        async with listening(second):
            await asyncio.wait([ears], timeout=5)


async def test_a_webhook_in_the_way_is_removed_and_nothing_behind_it_is_lost(
    stage, link, ada, listening
):
    await link._bot.set_webhook("https://127.0.0.1:9/never")
    bob = stage.person("Bob")
    bob.says(stage.dm(bob, ada), "hello")
    async with listening(link) as notebook:
        (received,) = await notebook.until(1)
    assert link.read(received).text == "hello"
    assert stage.journal.of("deleteWebhook")[0].params.get("drop_pending_updates") in (None, False)


async def test_a_poll_that_is_throttled_waits_as_long_as_it_is_told(
    stage, link, ada, clock, listening
):
    stage.faults.flood(7, method="getUpdates")
    bob = stage.person("Bob")
    bob.says(stage.dm(bob, ada), "hello")
    async with listening(link) as notebook:
        await notebook.until(1)
    assert 7.0 in clock.waits


@pytest.mark.parametrize(
    ("trouble", "failure"),
    [
        (lambda faults: faults.fail(502, method="getUpdates"), LinkLost),
        (lambda faults: faults.cut(method="getUpdates"), LinkLost),
        (lambda faults: faults.garbage(method="getUpdates"), LinkLost),
        (lambda faults: faults.fail(401, method="getUpdates"), LinkRejected),
    ],
)
async def test_a_poll_that_fails_ends_listening_by_its_kind(stage, link, trouble, failure):
    trouble(stage.faults)
    with pytest.raises(failure):
        await link.listen(nothing_comes)


async def test_a_bad_update_blocks_nobody(stage, link, ada, listening, caplog):
    bob = stage.person("Bob")
    dm = stage.dm(bob, ada)
    bob.says(dm, "before")
    ada.inject({"message": "what is this"})
    ada.inject(b'{"update_id": 0}')
    ada.inject({"message": {"text": "my secret", "chat": 5}})
    bob.says(dm, "after")
    async with listening(link) as notebook:
        received = await notebook.until(5)
        await until(lambda: not stage.pending(ada))
    texts, reasons = [], []
    for each in received:
        try:
            texts.append(link.read(each).text)
        except Unreadable as error:
            reasons.append(str(error))
    assert "secret" not in "".join(reasons)
    assert texts[0] == "before"
    assert texts[-1] == "after"
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        b'{"ok":true,"result":[]}',
        b'{"ok":true,"result":[{"message":{}}]}',
        b'{"ok":true,"result":5}',
    ],
)
async def test_a_server_that_answers_at_once_and_says_nothing_is_asked_twice_a_second(
    stage, make_link, body
):
    stage.faults.garbage(body, method="getUpdates", times=None)

    async def intake(received):
        pass

    async with make_link(clock=SystemClock()) as link:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.2):
                await link.listen(intake)
    assert 2 <= len(stage.journal.of("getUpdates")) <= 3
    stage.faults.clear()


async def test_listening_stops_at_once_and_sending_goes_on(stage, link, ada, listening):
    bob = stage.person("Bob")
    dm = stage.dm(bob, ada)
    async with asyncio.timeout(10):
        async with listening(link):
            await asyncio.sleep(0.05)
    await link.perform(delivery(link, dm.id))
    assert (await stage.next_from(ada, dm)).text == "hi"


async def test_a_new_token_opens_the_same_account(stage, make_link, ada):
    old = ada.token
    stage.new_token(ada)
    with pytest.raises(LinkRejected):
        await make_link(old).__aenter__()
    async with make_link() as link:
        assert link.account == f"telegram:{ada.id}"
    assert Secret(old) != Secret(ada.token)
