"""The commands that Discord is told of: whole, within its rules, and only when they have changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from bots.discord.slash import Listed, listed, locales, same
from bots.sandbox import Bot, Fault, Stage
from core.flow import commands
from core.messages import Rank
from core.ports import Offer, Option, OptionKind
from tests.bots.discord.conftest import until
from tests.contracts import discordapi

DICE = Offer("dice", "Throws a die", {"de": "Wirft einen Würfel", "pt-br": "Joga um dado"})
BAN = Offer("ban", "Throws somebody out", who=Rank.ADMIN, direct=False)
WHY = Offer("why", "Why I answered", aside=True)
SIDES = Option("sides", "How many", OptionKind.NUMBER, least=2, most=100)
COLOUR = Option("colour", "Of the die", choices=("red", "blue"), words={"de": "Des Würfels"})
WHOSE = Option("whose", "Who throws", OptionKind.PERSON, required=True)
WISH = Option("wish", "For luck", least=1, most=9_000, suggests=True)


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

    def suggest(
        self, command: str, option: str, typed: str, given: Mapping[str, str]
    ) -> Sequence[str]:
        return ()


def slashes(told: Listed) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in told.commands if one["type"] == 1}


def menus(told: Listed) -> list[tuple[int, str]]:
    return [(one["type"], one["name"]) for one in told.commands if one["type"] != 1]


# --- the list ----------------------------------------------------------------------------------


def test_a_command_is_told_in_every_language_that_discord_has() -> None:
    dice = slashes(listed([DICE], "Ada"))["dice"]
    assert dice["description"] == "Throws a die"
    assert dice["description_localizations"] == {
        "de": "Wirft einen Würfel",
        "pt-BR": "Joga um dado",
    }


def test_a_language_goes_to_all_of_its_kinds_and_an_unknown_one_nowhere() -> None:
    assert locales({"es": "hola", "en": "hi", "nb": "hei", "tlh": "nuqneH", "it": " "}) == {
        "es-419": "hola",
        "es-ES": "hola",
        "en-GB": "hi",
        "en-US": "hi",
        "no": "hei",
    }


def test_options_have_their_kinds_bounds_and_choices_and_required_ones_are_first() -> None:
    offer = replace(DICE, options=(SIDES, COLOUR, WISH, WHOSE))
    options = slashes(listed([offer], "Ada"))["dice"]["options"]
    assert [(one["name"], one["type"]) for one in options] == [
        ("whose", 6),
        ("sides", 4),
        ("colour", 3),
        ("wish", 3),
    ]
    whose, sides, colour, wish = options
    assert whose["required"] is True
    assert (sides["min_value"], sides["max_value"]) == (2, 100)
    assert colour["choices"] == [{"name": one, "value": one} for one in ("red", "blue")]
    assert colour["description_localizations"] == {"de": "Des Würfels"}
    assert wish["autocomplete"] is True
    assert (wish["min_length"], wish["max_length"]) == (1, 6_000)


def test_choices_of_a_number_are_numbers_and_leave_nothing_to_suggest() -> None:
    option = Option("n", "One", OptionKind.NUMBER, choices=("1", "20"), suggests=True)
    (shown,) = slashes(listed([replace(DICE, options=(option,))], "Ada"))["dice"]["options"]
    assert [one["value"] for one in shown["choices"]] == [1, 20]
    assert "autocomplete" not in shown


def test_what_admins_may_do_is_shown_to_those_who_manage_the_server_and_only_there() -> None:
    ban = slashes(listed([BAN], "Ada"))["ban"]
    assert ban["default_member_permissions"] == 1 << 5
    assert (ban["contexts"], ban["integration_types"]) == ([0], [0])


def test_what_is_everybodys_may_be_brought_along_and_the_rest_not() -> None:
    told = slashes(listed([DICE, replace(WHY, groups=False)], "Ada"))
    assert (told["dice"]["contexts"], told["dice"]["integration_types"]) == ([0, 1, 2], [0, 1])
    assert told["dice"]["default_member_permissions"] is None
    assert (told["why"]["contexts"], told["why"]["integration_types"]) == ([1], [0])


def test_a_bot_that_nobody_may_bring_along_says_nothing_of_it() -> None:
    told = listed([DICE], "Ada", [0]).commands
    assert {tuple(one["integration_types"]) for one in told} == {(0,)}
    assert not any(2 in one["contexts"] for one in told)


def test_the_menus_bear_her_name_and_why_is_there_where_it_is_on_offer() -> None:
    both = [(2, "Ask Ada about them"), (3, "Ask Ada about this")]
    assert menus(listed([DICE], "Ada")) == both
    assert menus(listed([DICE, WHY], "Ada")) == [*both, (3, "Why?")]


def test_a_long_name_is_cut_so_that_the_menus_are_taken() -> None:
    told = listed([WHY], "Anastasia-Wilhelmina of Hohenlohe the Third")
    names = [one["name"] for one in told.commands if one["type"] != 1]
    assert all(len(name) <= 32 for name in names)
    assert names[0] == "Ask Anastasia-Wilhel… about them"
    foreign = [text for one in told.commands for text in one.get("name_localizations", {}).values()]
    assert foreign
    assert all(0 < len(text) <= 32 for text in foreign)


def test_a_long_description_is_cut_and_not_refused() -> None:
    told = slashes(listed([replace(DICE, about="word " * 60, words={"de": "Wort " * 60})], "Ada"))
    assert len(told["dice"]["description"]) <= 100
    assert told["dice"]["description"].endswith("…")
    assert len(told["dice"]["description_localizations"]["de"]) <= 100


WRONG = [
    (replace(DICE, name="Dice"), "name"),
    (replace(DICE, name="roll the dice"), "name"),
    (replace(DICE, name="d" * 33), "name"),
    (replace(DICE, about="  "), "what it does"),
    (replace(DICE, options=tuple(replace(SIDES, name=f"n{n}") for n in range(26))), "25 options"),
    (replace(DICE, options=(SIDES, SIDES)), "same name"),
    (replace(DICE, options=(replace(SIDES, name="How Many"),)), "How Many"),
    (replace(DICE, options=(replace(SIDES, least=9, most=2),)), "bounds"),
    (replace(DICE, options=(replace(SIDES, most=2**60),)), "too great"),
    (replace(DICE, options=(replace(SIDES, about=""),)), "what it does"),
    (replace(DICE, options=(replace(SIDES, choices=("two",)),)), "no number"),
    (replace(DICE, options=(replace(COLOUR, choices=("red", "red")),)), "twice"),
    (replace(DICE, options=(replace(COLOUR, choices=("",)),)), "1 to 100"),
    (replace(DICE, options=(replace(COLOUR, choices=("r" * 101,)),)), "1 to 100"),
    (replace(DICE, options=(replace(WHOSE, choices=("Bob",)),)), "no choices"),
    (replace(DICE, options=(replace(COLOUR, choices=tuple("abcdefghijklmnopqrstuvwxyz")),)), "25"),
    (
        replace(
            DICE,
            options=tuple(
                replace(COLOUR, name=f"n{n}", choices=tuple(f"{n}{m}" * 20 for m in range(25)))
                for n in range(10)
            ),
        ),
        "8000",
    ),
]


@pytest.mark.parametrize(("offer", "why"), WRONG, ids=[why for _, why in WRONG])
def test_a_command_that_discord_would_refuse_is_left_out_alone(offer: Offer, why: str) -> None:
    told = listed([offer, BAN], "Ada")
    assert set(slashes(told)) == {"ban"}
    (said,) = told.left_out
    assert said.startswith(f"/{offer.name}: ")
    assert why in said


def test_of_two_with_one_name_the_first_is_told_and_no_more_than_a_hundred() -> None:
    many = [replace(DICE, name=f"c{n}") for n in range(101)]
    told = listed([*many, replace(many[0], about="Another")], "Ada")
    assert len(slashes(told)) == 100
    assert slashes(told)["c0"]["description"] == DICE.about
    assert len(told.left_out) == 2
    assert len(told.commands) == 102


def test_all_of_ours_are_taken_whole() -> None:
    told = listed(commands.OURS, "Ada")
    assert told.left_out == ()
    assert len(slashes(told)) == len(commands.OURS)


@pytest.mark.skipif(not discordapi._FILE.exists(), reason="there is no contract to hold it against")
def test_the_list_is_what_discord_publishes_that_it_takes() -> None:
    offers = [*commands.OURS, replace(DICE, options=(SIDES, COLOUR, WISH, WHOSE))]
    path = "/applications/1100000000000000001/commands"
    assert discordapi.request_problems("PUT", path, list(listed(offers, "Ada").commands)) == []


def test_what_discord_shows_is_the_same_whatever_it_adds() -> None:
    ours = listed([replace(DICE, options=(SIDES,)), WHY], "Ada").commands
    theirs = [{**one, "id": "5", "version": "7", "nsfw": False} for one in reversed(ours)]
    for one in theirs:
        if one["type"] != 1:
            one["description"] = ""
    assert same(ours, theirs)
    assert not same(ours, theirs[1:])
    assert not same(ours, [{**one, "description": "?"} for one in theirs])
    assert not same(ours, None)


# --- telling it ----------------------------------------------------------------------------------


def told_to(stage: Stage) -> list[Any]:
    return stage.discord.journal.of("bulk_set_application_commands")


async def there(link: Any) -> list[str]:
    """The names of what Discord has."""
    shown = await link._client.http.get_global_commands(link._client.application_id)
    return [one["name"] for one in shown]


def looked(stage: Stage) -> int:
    return len(stage.discord.journal.of("list_application_commands"))


async def test_commands_are_told_once_the_line_stands(
    stage: Stage, make_link: Any, listening: Any
) -> None:
    shelf = Shelf(DICE, BAN, WHY)
    async with make_link(offering=shelf) as link, listening(link, worlds=None):
        await until(lambda: bool(shelf.kept))
        names = await there(link)
    assert [call.status for call in told_to(stage)] == [200]
    assert names == [
        "dice",
        "ban",
        "why",
        "Ask Ada about them",
        "Ask Ada about this",
        "Why?",
    ]


async def test_a_start_at_which_nothing_has_changed_asks_once_and_tells_nothing(
    stage: Stage, make_link: Any, listening: Any
) -> None:
    shelf = Shelf(DICE)
    async with make_link(offering=shelf) as link, listening(link, worlds=None):
        await until(lambda: bool(shelf.kept))
    assert looked(stage) == 0
    async with make_link(offering=shelf) as link, listening(link, worlds=None):
        await until(lambda: looked(stage) > 0)
        await asyncio.sleep(0.1)
    assert (looked(stage), len(told_to(stage))) == (1, 1)


async def test_what_a_reload_changes_is_told_and_so_is_what_somebody_else_has_changed(
    stage: Stage, make_link: Any, listening: Any
) -> None:
    shelf = Shelf(DICE)
    async with make_link(offering=shelf) as link, listening(link, worlds=None):
        await until(lambda: bool(shelf.kept))
        shelf.offers = (DICE, BAN)
        await until(lambda: len(told_to(stage)) == 2)
        await link._client.http.bulk_upsert_global_commands(link._client.application_id, [])
    async with make_link(offering=shelf) as link, listening(link, worlds=None):
        await until(lambda: len(told_to(stage)) == 4)
        assert (await there(link))[:2] == ["dice", "ban"]


async def test_who_offers_nothing_takes_nothing_away(
    stage: Stage, make_link: Any, listening: Any
) -> None:
    async with make_link(offering=Shelf()) as link, listening(link, worlds=None):
        await asyncio.sleep(0.2)
    async with make_link() as link, listening(link, worlds=None):
        await asyncio.sleep(0.1)
    assert told_to(stage) == []


async def test_a_command_of_a_plugin_that_breaks_the_rules_costs_a_line_and_no_other_command(
    stage: Stage, make_link: Any, listening: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf(DICE, replace(DICE, name="Bad Name"))
    async with make_link(offering=shelf) as link, listening(link, worlds=None):
        await until(lambda: bool(shelf.kept))
        shelf.offers = (*shelf.offers, BAN)
        await until(lambda: len(told_to(stage)) == 2)
        assert (await there(link))[:2] == ["dice", "ban"]
    assert caplog.text.count("leaves out /Bad Name") == 1


async def test_discords_rate_is_waited_out(
    stage: Stage, make_link: Any, listening: Any, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    method, shelf = "bulk_set_application_commands", Shelf(DICE)
    stage.discord.faults.add(Fault("refuse", method=method, status=429, retry_after=500.0))
    stage.discord.faults.add(Fault("refuse", method=method, status=400, code=30034))
    stage.discord.faults.add(Fault("refuse", method=method, status=503))
    with caplog.at_level(logging.WARNING):
        async with make_link(offering=shelf) as link, listening(link, worlds=None):
            await until(lambda: bool(shelf.kept), 20)
    assert 3_600.0 in clock.waits, "of the day's changes none was left"
    assert any(500 <= wait < 501 for wait in clock.waits)
    assert [call.status for call in told_to(stage)] == [429, 400, 503, 200]
    assert caplog.text.count("may change no more commands today") == 1


async def test_a_refusal_stops_nothing_and_the_next_start_tries_again(
    stage: Stage,
    ada: Bot,
    ed: Any,
    general: Any,
    make_link: Any,
    listening: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    method, shelf = "bulk_set_application_commands", Shelf(DICE)
    stage.discord.faults.add(Fault("refuse", method=method, status=403, code=50001))
    async with make_link(offering=shelf) as link, listening(link) as notebook:
        await until(lambda: bool(told_to(stage)))
        ed.says(general, "hello")
        await notebook.hears(1)
    assert not shelf.kept
    assert "may not offer its commands (50001)" in caplog.text
    async with make_link(offering=shelf) as link, listening(link):
        await until(lambda: bool(shelf.kept))
