"""Where she may not write, somebody hears of it: once a day, in a channel that takes it."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from core.errors import Unsendable
from core.messages import DeliveryKind
from tests.bots.discord.conftest import delivery
from tests.fakes.clock import TurnedClock


def texts(stage: Any, room: Any) -> list[str]:
    return [one.text for one in stage.messages(room)]


@pytest.fixture
def other(guild: Any) -> Any:
    return list(guild.channels.values())[1]


async def refused(link: Any, room: Any, number: int = 1) -> None:
    with pytest.raises(Unsendable, match="no right"):
        await link.perform(delivery(link, room, "hello", nonce=f"n{number}"))


async def test_a_server_is_told_once_where_she_may_not_write(
    link, stage, guild, general, other, ada, listening, caplog
) -> None:
    caplog.set_level(logging.WARNING)
    third = stage.discord.channel(guild, "third")
    for room in (general, third):
        stage.discord.mute(room, ada)
    async with listening(link):
        for number in range(3):
            await refused(link, general, number)
            await refused(link, third, number)
        (notice,) = texts(stage, other)
        assert f"<#{general.id}>" in notice
        assert str(general.id) in link.lacks
        stage.discord.mute(general, ada, on=False)
    told = [one for one in caplog.messages if "may not write" in one]
    assert len(told) == 2, "the operator learns of each channel once"


async def test_a_new_process_does_not_tell_it_again(
    make_link, stage, general, other, ada, listening
) -> None:
    stage.discord.mute(general, ada)
    for _ in range(2):
        async with make_link() as link, listening(link):
            await refused(link, general)
    assert len(texts(stage, other)) == 1


async def test_where_there_is_no_place_to_tell_it_nothing_is_said(
    link, stage, general, other, ada, listening
) -> None:
    stage.discord.mute(general, ada)
    stage.discord.mute(other, ada)
    async with listening(link):
        await refused(link, general)
    assert texts(stage, other) == texts(stage, general) == []


async def test_as_soon_as_she_may_write_there_the_operator_reads_of_it_no_more(
    make_link, stage, general, ada, listening
) -> None:
    clock = TurnedClock()
    async with make_link(clock=clock) as link, listening(link):
        stage.discord.mute(general, ada)
        await refused(link, general)
        stage.discord.mute(general, ada, on=False)
        clock.turn(100.0)  # by then it tries again
        await link.perform(delivery(link, general, "hello", nonce="n2"))
        assert "write" not in link.lacks


async def test_a_message_that_she_may_not_change_is_nothing_to_tell(
    link, stage, general, other, ed, listening
) -> None:
    said = ed.says(general, "mine")
    async with listening(link):
        edit = delivery(link, general, kind=DeliveryKind.EDIT, target=str(said.id))
        with pytest.raises(Unsendable):
            await link.perform(edit)
    assert texts(stage, other) == []
