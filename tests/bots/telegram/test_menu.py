"""The menus of commands: for each kind of chat and language, within limits, and only what changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import pytest
import telegram

from bots.sandbox import Bot, Stage
from bots.telegram.client import TelegramLink
from bots.telegram.menu import pages
from core.flow import commands
from core.messages import Rank
from core.ports import Offer
from tests.bots.telegram.conftest import Notebook
from tests.flows.talk import until

DICE = Offer("dice", "Throws a die", {"de": "Wirft einen Würfel"})
BAN = Offer("ban", "Throws somebody out", who=Rank.ADMIN, direct=False)
SHUT = Offer("shut", "Ends it all", who=Rank.OPERATOR)
SECRET = Offer("secret", "Between us", groups=False)

Make = Callable[..., TelegramLink]
Listening = Callable[[TelegramLink], AbstractAsyncContextManager[Notebook]]


class Shelf:
    """core.ports.Offering, in memory."""

    def __init__(self, *offers: Offer) -> None:
        self.offers: Sequence[Offer] = offers
        self.kept = ""

    def now(self) -> Sequence[Offer]:
        return self.offers

    async def mark(self) -> str:
        return self.kept

    async def keep(self, mark: str) -> None:
        self.kept = mark


def shown(stage: Stage, method: str = "setMyCommands") -> dict[tuple[str, str], list[str]]:
    """What was said to the server last: names by scope and language."""
    return {
        (call.params["scope"]["type"], call.params.get("language_code", "")): [
            f"{one['command']} {one['description']}" for one in call.params["commands"]
        ]
        for call in stage.journal.of(method)
    }


async def test_each_kind_of_chat_is_shown_what_may_be_given_there_in_its_language(
    stage: Stage, make_link: Make, listening: Listening
) -> None:
    shelf = Shelf(DICE, BAN, SHUT, SECRET)
    async with make_link(commands_after=0.0, offering=shelf) as link, listening(link):
        await until(lambda: shelf.kept)
    dice, wuerfel = "dice Throws a die", "dice Wirft einen Würfel"
    ban, secret = "ban Throws somebody out", "secret Between us"
    assert shown(stage) == {
        ("all_chat_administrators", "de"): [wuerfel, ban],
        ("all_chat_administrators", ""): [dice, ban],
        ("all_group_chats", "de"): [wuerfel],
        ("all_group_chats", ""): [dice],
        ("default", "de"): [wuerfel, secret],
        ("default", ""): [dice, secret],
    }


async def test_a_start_at_which_nothing_has_changed_asks_once_and_sets_nothing(
    stage: Stage, make_link: Make, listening: Listening
) -> None:
    shelf = Shelf(DICE, BAN)
    async with make_link(commands_after=0.0, offering=shelf) as link, listening(link):
        await until(lambda: shelf.kept)
    asked, told = len(stage.journal.of("getMyCommands")), len(stage.journal.of("setMyCommands"))
    async with make_link(commands_after=0.0, offering=shelf) as link, listening(link):
        await until(lambda: len(stage.journal.of("getMyCommands")) > asked)
        await asyncio.sleep(0.1)
    assert len(stage.journal.of("getMyCommands")) == asked + 1
    assert len(stage.journal.of("setMyCommands")) == told


async def test_only_the_menus_that_differ_are_set_anew(
    stage: Stage, make_link: Make, listening: Listening
) -> None:
    shelf = Shelf(DICE)
    async with make_link(commands_after=0.0, offering=shelf) as link, listening(link):
        await until(lambda: shelf.kept)
        told, mark = len(stage.journal.of("setMyCommands")), shelf.kept
        shelf.offers = (DICE, BAN)  # as after a reload: admins have one more
        await until(lambda: shelf.kept != mark)
    new = stage.journal.of("setMyCommands")[told:]
    assert {call.params["scope"]["type"] for call in new} == {"all_chat_administrators"}


async def test_what_somebody_else_has_set_meanwhile_is_set_right(
    stage: Stage, ada: Bot, make_link: Make, listening: Listening
) -> None:
    shelf = Shelf(DICE)
    async with make_link(commands_after=0.0, offering=shelf) as link, listening(link):
        await until(lambda: shelf.kept)
    async with telegram.Bot(ada.token, base_url=f"{stage.root}/bot") as other:
        await other.set_my_commands([("other", "Of another program")])
    number = len(stage.journal.of("setMyCommands"))
    async with make_link(commands_after=0.0, offering=shelf) as link, listening(link):
        await until(lambda: len(stage.journal.of("setMyCommands")) > number)
    (mended,) = stage.journal.of("setMyCommands")[number:]
    assert mended.params["scope"] == {"type": "default"}
    assert [one["command"] for one in mended.params["commands"]] == ["dice"]


async def test_a_scope_that_the_server_refuses_leaves_the_others_as_they_should_be(
    stage: Stage, make_link: Make, listening: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    stage.faults.fail(400, method="setMyCommands", times=1)
    shelf = Shelf(DICE)
    with caplog.at_level("INFO"):
        async with make_link(commands_after=0.0, offering=shelf) as link, listening(link):
            await until(lambda: shelf.kept)
    calls = stage.journal.of("setMyCommands")
    assert [call.status for call in calls] == [400, *[200] * (len(calls) - 1)]
    assert len(calls) == 6
    assert "may not offer commands (all_chat_administrators de)" in caplog.text


async def test_a_menu_that_cannot_be_told_stops_nothing_and_is_told_at_the_next_start(
    stage: Stage, make_link: Make, ada: Bot, listening: Listening
) -> None:
    stage.faults.fail(500, method="getMyCommands", times=None)
    bob, shelf = stage.person("Bob"), Shelf(DICE)
    async with make_link(commands_after=0.0, offering=shelf) as link, listening(link) as notebook:
        await until(lambda: stage.journal.of("getMyCommands"))
        bob.says(stage.dm(bob, ada), "hello")
        await notebook.until(1)
    assert not shelf.kept
    assert stage.journal.of("setMyCommands") == []
    stage.faults.clear()
    async with make_link(commands_after=0.0, offering=shelf) as link, listening(link):
        await until(lambda: shelf.kept)


async def test_nothing_is_told_as_long_as_nobody_plays(
    stage: Stage, make_link: Make, listening: Listening
) -> None:
    async with make_link(commands_after=0.0, offering=Shelf()) as link, listening(link):
        await asyncio.sleep(0.1)
    assert stage.journal.of("getMyCommands") == []


async def test_a_hundred_commands_are_the_most_and_a_long_word_is_cut(
    stage: Stage, make_link: Make, listening: Listening
) -> None:
    many = [Offer(f"c{number}", "x" * 256, {"de": "y" * 300}) for number in range(120)]
    shelf = Shelf(*many)
    async with make_link(commands_after=0.0, offering=shelf) as link, listening(link):
        await until(lambda: shelf.kept)
    calls = stage.journal.of("setMyCommands")
    assert {call.status for call in calls} == {200}
    assert {len(call.params["commands"]) for call in calls} == {100}


def test_ours_have_words_in_every_language_and_fit() -> None:
    for one in commands.OURS:
        if one.who < Rank.OPERATOR:
            assert set(one.words) == {"de", "es", "fr", "pt", "ru"}, one.name
        assert all(1 <= len(text) <= 256 for text in (one.about, *one.words.values()))
    menus = {(page.scope.type, page.language): dict(page.lines) for page in pages(commands.OURS)}
    assert menus["default", "de"]["mute"] == "Hier still sein, bis mein Name fällt"
    assert "mute" not in menus["all_group_chats", ""]
    assert "mute" in menus["all_chat_administrators", "ru"]
    assert not any("pair" in menu for menu in menus.values())
