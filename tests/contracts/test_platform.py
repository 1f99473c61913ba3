"""What every Platform promises, asked of each one in front of a local copy of the real thing."""

from __future__ import annotations

import asyncio
import logging

import pytest

from core.errors import LinkLost, LinkRejected, SendFailed, Unreadable, Unsendable
from core.messages import (
    Address,
    DeliveryKind,
    Kind,
    Live,
    Received,
    Reply,
)
from tests.contracts.theatres import Notebook, delivery, hears


async def test_its_account_is_known_before_it_logs_in_and_its_handle_after(theatre):
    link = theatre.link()
    assert link.account.startswith(f"{link.name}:")
    before = link.account
    async with link:
        assert link.handle.startswith("@")
        assert link.account == before


async def test_two_links_of_one_bot_have_one_account(theatre):
    assert theatre.link().account == theatre.link().account


async def test_a_refused_token_is_rejected_and_never_shown(theatre, caplog):
    caplog.set_level(logging.INFO)
    link = theatre.link(theatre.wrong_token)
    with pytest.raises(LinkRejected) as caught:
        await link.__aenter__()
    assert theatre.wrong_token not in f"{caught.value!r} {link!r} {caplog.text}"
    assert caught.value.__cause__ is None


async def test_a_platform_that_is_away_is_lost_and_may_be_entered_again(theatre):
    link = theatre.link()
    async with theatre.outage():
        with pytest.raises(LinkLost):
            await link.__aenter__()
    async with link:
        assert link.handle


async def test_what_a_person_says_is_heard_and_read_the_same_twice(theatre, link):
    received = await hears(theatre, link, "hello there")
    inbound = link.read(received)
    assert inbound == link.read(received)
    assert (inbound.kind, inbound.text, inbound.is_direct) == (Kind.MESSAGE, "hello there", True)
    assert inbound.address == received.address == (link.name, link.account, theatre.room(), "")
    assert inbound.author.id == received.author != ""
    assert inbound.message
    assert inbound.sent_at.tzinfo is not None


async def test_what_was_heard_before_a_crash_has_the_same_key_after_it(theatre):
    async with theatre.link() as link:
        known = await hears(theatre, link, "good morning")
        dying = Notebook(link, dies_of="hello")
        dying.stored.append(known)
        with pytest.raises(Exception, match=r"crash|unhandled"):  # noqa: PT012 - one story
            async with asyncio.TaskGroup() as group:
                group.create_task(link.listen(dying))
                await theatre.attended(2)
                theatre.hears("hello")
    async with theatre.link() as link, asyncio.TaskGroup() as group:
        living = Notebook(link)
        living.stored.append(known)
        ears = group.create_task(link.listen(living))
        again = await living.hears("hello")
        ears.cancel()
    assert [one.event_key for one in dying.lost] == [again.event_key]
    assert again.event_key != known.event_key


async def test_listening_ends_within_a_second_of_being_told(theatre, link):
    notebook = Notebook(link)
    async with asyncio.TaskGroup() as group:
        ears = group.create_task(link.listen(notebook))
        await theatre.attended()
        async with asyncio.timeout(1):
            ears.cancel()
            await asyncio.wait([ears])
    (payload,) = link.render(Reply("still here"))
    await link.perform(delivery(link, theatre.room(), payload))
    assert theatre.said() == ["still here"]


@pytest.mark.parametrize("payload", [b"", b"null", b"{}", b"[1]", b'{"update_id":1}', b"\xff"])
async def test_what_makes_no_sense_is_unreadable_or_of_no_kind(theatre, link, payload):
    nonsense = Received(Address(link.name, link.account, "1"), "k", "", 1, Kind.MESSAGE, payload)
    with pytest.raises(Unreadable) as caught:
        link.read(nonsense)
    assert str(caught.value)


async def test_what_is_rendered_can_be_sent(theatre, link):
    payloads = link.render(Reply("**Hello**\n\n" + "Tea is good. " * 700))
    assert 1 < len(payloads) <= link.limits.max_parts
    for number, payload in enumerate(payloads):
        nonce = f"n{number}"
        receipt = await link.perform(delivery(link, theatre.room(), payload, nonce=nonce))
        assert receipt.message
    assert len(theatre.said()) == len(payloads)
    assert all(
        len(text.encode("utf-16-le")) // 2 <= link.limits.max_text for text in theatre.said()
    )


async def test_nothing_to_say_is_no_message(link):
    assert link.render(Reply("")) == link.render(Reply(" \n")) == ()


async def test_a_message_can_be_changed_and_taken_back(theatre, link):
    (first,), (second,) = link.render(Reply("one")), link.render(Reply("two"))
    sent = await link.perform(delivery(link, theatre.room(), first))
    change = delivery(link, theatre.room(), second, DeliveryKind.EDIT, sent.message)
    for _ in range(2):  # a repeat after a crash changes nothing
        await link.perform(change)
    assert theatre.said() == ["two"]
    removal = delivery(link, theatre.room(), b"{}", DeliveryKind.DELETE, sent.message)
    for _ in range(2):
        await link.perform(removal)
    assert theatre.said() == []


async def test_a_room_that_nobody_has_is_unsendable(theatre, link):
    (payload,) = link.render(Reply("hello?"))
    with pytest.raises(Unsendable):
        await link.perform(delivery(link, theatre.lone_room, payload))


async def test_a_send_while_the_platform_is_away_fails_by_name(theatre, link):
    (payload,) = link.render(Reply("hello?"))
    async with theatre.outage():
        with pytest.raises(SendFailed):
            await link.perform(delivery(link, theatre.room(), payload))


async def test_signs_of_life_are_no_messages(theatre, link):
    here = Address(link.name, link.account, theatre.room())
    await link.show(Live(here, 1))
    await link.show(Live(here, 1, "so far"))
    assert theatre.said() == []


async def test_what_is_closed_sends_nothing(theatre):
    async with theatre.link() as link:
        (payload,) = link.render(Reply("hello?"))
    with pytest.raises(SendFailed):
        await link.perform(delivery(link, theatre.room(), payload))
    assert theatre.said() == []
