"""What every Platform promises of buttons, of their presses and of who somebody is."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import LinkLost, SendFailed
from core.messages import Address, Button, DeliveryKind, Kind, Rank, Reply
from tests.contracts.theatres import Notebook, delivery, hears

CHOICE = Reply("Tea?", buttons=(Button("Yes", "a:yes"), Button("Read", url="https://tea.org")))


async def test_buttons_stand_below_what_is_said_and_go_with_an_edit_that_has_none(theatre, link):
    assert link.limits.buttons
    (asks,), (ends,) = link.render(CHOICE), link.render(Reply("Tea it is."))
    (grows,) = link.render(Reply("Te"))
    sent = await link.perform(delivery(link, theatre.room(), grows))
    assert theatre.buttons() == []
    edit = DeliveryKind.EDIT
    await link.perform(delivery(link, theatre.room(), asks, edit, sent.message))
    assert (theatre.said(), theatre.buttons()) == (["Tea?"], ["Yes", "Read"])
    await link.perform(delivery(link, theatre.room(), ends, edit, sent.message))
    assert (theatre.said(), theatre.buttons()) == (["Tea it is."], [])


async def test_more_buttons_than_a_platform_shows_cost_only_the_last_ones(theatre, link):
    many = tuple(Button(f"{n} " + "long " * 40, f"{n}" * 20) for n in range(10, 210))
    (payload,) = link.render(
        Reply("Which?", buttons=(Button("", ""), Button("x", "é" * 101), *many))
    )
    await link.perform(delivery(link, theatre.room(), payload))
    assert len(theatre.buttons()) >= 25
    assert [label[:3] for label in theatre.buttons()[:2]] == ["10 ", "11 "]


async def test_a_press_is_heard_by_its_button_and_answered(theatre, link):
    (payload,) = link.render(CHOICE)
    sent = await link.perform(delivery(link, theatre.room(), payload))
    notebook = Notebook(link)
    async with asyncio.TaskGroup() as group:
        ears = group.create_task(link.listen(notebook))
        await theatre.attended()
        person = theatre.presses("a:yes")
        received = await notebook.hears("Yes", Kind.PRESS)
        await theatre.answered()
        ears.cancel()
    inbound = link.read(received)
    assert (inbound.kind, inbound.press, inbound.message) == (Kind.PRESS, "a:yes", sent.message)
    assert (inbound.author.id, received.author, inbound.is_direct) == (person, person, True)
    assert inbound.address == received.address == (link.name, link.account, theatre.room(), "")


async def test_everybody_in_a_group_has_a_rank(theatre, link):
    group = theatre.group()
    notebook = Notebook(link)
    async with asyncio.TaskGroup() as tasks:
        ears = tasks.create_task(link.listen(notebook))
        await theatre.attended()
        group.person_says("hello")
        await notebook.hears("hello")  # from then on the group is known
        where = Address(link.name, link.account, group.room)
        ranks = {rank: await link.rank(where, who) for rank, who in group.people.items()}
        ears.cancel()
    assert ranks == {rank: rank for rank in Rank if rank is not Rank.OPERATOR}  # ours alone


async def test_a_person_owns_their_direct_chat(theatre, link):
    received = await hears(theatre, link, "hello")
    assert await link.rank(received.address, received.author) is Rank.OWNER
    assert await link.rank(received.address, "424242") is Rank.STRANGER


async def test_who_somebody_is_cannot_be_told_while_the_platform_is_away(theatre, link):
    group = theatre.group()
    where = Address(link.name, link.account, group.room)
    async with theatre.outage():
        with pytest.raises((LinkLost, SendFailed)) as caught:
            await link.rank(where, group.people[Rank.MEMBER])
    assert theatre.token not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_bots_of_a_group_are_heard_where_the_platform_says_so(theatre, link):
    group = theatre.group()
    notebook = Notebook(link)
    async with asyncio.TaskGroup() as tasks:
        ears = tasks.create_task(link.listen(notebook))
        await theatre.attended()
        group.bot_says("I am a bot")
        group.person_says("and I am not")
        await notebook.hears("and I am not")
        ears.cancel()
    texts = [link.read(one).text for one in notebook.stored if one.kind is Kind.MESSAGE]
    assert texts == (["I am a bot"] if link.limits.hears_bots else []) + ["and I am not"]
