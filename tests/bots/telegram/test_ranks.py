"""Who somebody is in a chat: as Telegram knows it now, and never more than it says."""

from __future__ import annotations

import logging

import pytest

from bots.sandbox import Stage
from bots.sandbox.faults import Fault
from core.errors import LinkLost, Unsendable
from core.messages import Address, Rank


@pytest.fixture
def bob(stage: Stage):
    return stage.person("Bob", username="bob")


@pytest.fixture
def eve(stage: Stage):
    return stage.person("Eve", username="eve")


@pytest.fixture
def club(stage: Stage, bob, eve, ada):
    return stage.supergroup("Club", [bob, eve], [ada])


async def rank(link, room, who) -> Rank:
    number = str(getattr(room, "id", room))
    return await link.rank(Address("telegram", link.account, number), str(getattr(who, "id", who)))


async def test_whoever_made_a_group_owns_it_and_the_others_are_members(link, club, bob, eve):
    assert await rank(link, club, bob) is Rank.OWNER
    assert await rank(link, club, eve) is Rank.MEMBER


async def test_an_admin_is_one_until_it_is_taken_back(stage, link, club, bob, eve):
    bob.promotes(club, eve)
    assert await rank(link, club, eve) is Rank.ADMIN
    bob.demotes(club, eve)
    assert await rank(link, club, eve) is Rank.MEMBER


@pytest.mark.parametrize(
    ("status", "expected"),
    [("left", Rank.STRANGER), ("kicked", Rank.STRANGER), ("restricted", Rank.MEMBER)],
)
async def test_who_is_in_the_group_is_a_member(stage, link, club, bob, eve, status, expected):
    stage.world.set_member(club, eve, status, bob)
    assert await rank(link, club, eve) is expected


async def test_who_was_never_there_is_a_stranger(stage, link, club):
    assert await rank(link, club, stage.person("Zoe")) is Rank.STRANGER
    assert await rank(link, club, 99_999) is Rank.STRANGER


async def test_a_bot_is_a_stranger_even_as_an_admin(stage, link, club, bob):
    helper = stage.bot("Helper")
    bob.adds(club, helper)
    bob.promotes(club, helper)
    assert await rank(link, club, helper) is Rank.STRANGER


async def test_a_person_owns_the_direct_chat_and_telegram_is_not_asked(stage, link, bob, eve, ada):
    dm = stage.dm(bob, ada)
    assert await rank(link, dm, bob) is Rank.OWNER
    assert await rank(link, dm, eve) is Rank.STRANGER
    assert not stage.journal.of("getChatMember")


@pytest.mark.parametrize("author", ["", "bob", "-1001", "٣", "9" * 30])
async def test_what_is_no_person_is_a_stranger_and_telegram_is_not_asked(stage, link, club, author):
    assert await rank(link, club, author) is Rank.STRANGER
    assert not stage.journal.of("getChatMember")


async def test_who_speaks_in_the_name_of_the_group_is_an_admin_of_it(link, club):
    assert await rank(link, club, club) is Rank.ADMIN


async def test_a_group_that_nobody_has_is_named_as_such(link, bob):
    with pytest.raises(Unsendable, match="chat not found"):
        await rank(link, -424242, bob)
    with pytest.raises(Unsendable, match="not a chat"):
        await rank(link, "", bob)


@pytest.mark.parametrize("status", [401, 429, 502])
async def test_a_question_that_is_refused_gives_no_rank_and_no_secret(
    stage, link, club, bob, ada, status, caplog
):
    caplog.set_level(logging.DEBUG)
    stage.faults.add(Fault("refuse", method="getChatMember", status=status, retry_after=7))
    with pytest.raises(LinkLost) as caught:
        await rank(link, club, bob)
    assert ada.token not in f"{caught.value!r} {caught.value.__cause__!r} {caplog.text}"
    assert caught.value.pause == (7 if status == 429 else 0)


async def test_an_answer_without_sense_gives_no_rank(stage, link, club, bob):
    stage.faults.garbage(method="getChatMember")
    with pytest.raises(LinkLost):
        await rank(link, club, bob)


async def test_while_telegram_is_away_nobody_has_a_rank(stage, link, club, bob):
    async with stage.outage():
        with pytest.raises(LinkLost):
            await rank(link, club, bob)


async def test_a_link_that_is_closed_knows_nobody(make_link, club, bob):
    link = make_link()
    with pytest.raises(LinkLost):
        await rank(link, club, bob)
