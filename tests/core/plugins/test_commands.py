"""Commands of plugins: what their functions give back, and what no platform would take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from core.messages import Rank
from core.plugins import Plugin, Turn
from core.plugins.found import NotTaken
from core.plugins.found_shape import judged
from core.plugins.loader import load_plugins
from core.plugins.records import ActionResult, Command, Pluggable, Repertoire
from core.plugins.typed_testing import ImaginedTurn
from core.ports import Offer, Option, OptionKind
from tests.core.plugins.turns import settings


def games(**choices: Any) -> tuple[Plugin, Command]:
    plugin = Plugin("games")

    @plugin.command("dice", "Throws a die", **choices)
    async def dice(turn: Turn, arguments: str) -> str:
        return f"{arguments or 'd6'}: a four"

    return plugin, plugin.pluggable().repertoire.commands[0]


async def test_a_commands_text_is_said_and_its_function_stays_a_function() -> None:
    plugin, dice = games(who=Rank.MEMBER, groups=False, words={"de": "Wirft einen Würfel"})
    assert await dice.run(ImaginedTurn(), "2d6") == ActionResult(text="2d6: a four")
    assert dice.offer == Offer(
        "dice", "Throws a die", {"de": "Wirft einen Würfel"}, Rank.MEMBER, groups=False
    )

    @plugin.command("coin")
    def coin(turn: Turn) -> Mapping[str, Any] | None:
        """Throws a coin."""
        return {"text": "Heads.", "buttons": [{"text": "Again", "press": "coin"}]}

    turn = ImaginedTurn()
    made = plugin.pluggable().repertoire.commands[1]
    assert made.offer.about == "Throws a coin."
    assert await made.run(turn, "") == ActionResult()
    assert turn.said == ["Heads."]
    assert coin(turn) is not None


async def test_what_was_said_for_its_options_reaches_a_command_by_name() -> None:
    plugin = Plugin("games")
    sides = Option("sides", "How many sides", OptionKind.NUMBER, required=True)

    @plugin.command("dice", "Throws a die", options=[sides], aside=True)
    async def dice(turn: Turn, arguments: str, given: Mapping[str, str]) -> str:
        return f"{arguments}: one of {given['sides']}"

    made = plugin.pluggable().repertoire.commands[0]
    assert (made.offer.options, made.offer.aside) == ((sides,), True)
    turn = ImaginedTurn(given={"sides": "6"})
    assert await made.run(turn, "6") == ActionResult(text="6: one of 6")


async def test_what_is_no_text_is_a_mistake_that_names_the_command() -> None:
    plugin = Plugin("games")

    @plugin.command("dice", "Throws a die")
    async def dice(turn: Turn) -> Any:
        return 4

    with pytest.raises(TypeError, match="/dice gave back int"):
        await plugin.pluggable().repertoire.commands[0].run(ImaginedTurn(), "")


@pytest.mark.parametrize(
    ("name", "about", "more", "reason"),
    [
        ("Throw-It", "Throws", {}, "no platform takes"),
        ("x" * 33, "Throws", {}, "no platform takes"),
        ("", "Throws", {}, "no platform takes"),
        ("help", "Helps better", {}, "is taken"),
        ("throw", "", {}, "must say what it does"),
        ("throw", "T" * 257, {}, "must say what it does"),
        ("throw", "Throws", {"words": {"de": ""}}, "must say what it does"),
        ("throw", "Throws", {"words": {"deutsch": "Wirft"}}, "no code of two letters"),
        ("throw", "Throws", {"direct": False, "groups": False}, "no place at all"),
        ("throw", "Throws", {"options": [Option("No", "X")]}, "that no platform takes"),
        ("throw", "Throws", {"options": [Option("x", "")]}, "must say what it is"),
        ("throw", "Throws", {"options": [Option("x", "X" * 101)]}, "must say what it is"),
        ("throw", "Throws", {"options": [Option("x", "X")] * 2}, "two options of one name"),
        ("throw", "Throws", {"options": [Option(f"x{n}", "X") for n in range(26)]}, "more than 25"),
        (
            "throw", "Throws",
            {"options": [Option("x", "X"), Option("y", "Y", required=True)]}, "behind one",
        ),
        ("throw", "Throws", {"options": [Option("x", "X", choices=("",))]}, "a choice that is"),
        ("throw", "Throws", {"options": [Option("x", "X", least=3, most=2)]}, "at least 3 and"),
        (
            "throw", "Throws",
            {"options": [Option("x", "X", OptionKind.NUMBER, choices=("1",))]}, "only a text",
        ),
        ("throw", "Throws", {"options": [Option("x", "X", suggests=True)]}, "give it choices"),
        ("throw", "Throws", {"options": [Option("x", "X", words={"d": "x"})]}, "two letters"),
    ],
)  # fmt: skip
def test_what_no_platform_takes_is_refused_where_it_is_written(
    name: str, about: str, more: dict[str, Any], reason: str
) -> None:
    def throw(turn: Turn) -> str:
        return "thrown"

    with pytest.raises(ValueError, match=reason):
        Plugin("games").command(name, about, **more)(throw)


async def test_a_plugin_made_by_hand_with_such_a_command_is_a_finding() -> None:
    async def run(turn: Turn, arguments: str) -> ActionResult:
        return ActionResult()

    bad = Pluggable("games", Repertoire(commands=(Command(Offer("no-name", "Throws"), run),)))
    with pytest.raises(NotTaken, match="no platform takes"):
        judged(bad)
    plugins, findings = await load_plugins(["games"], settings(), at_hand=[bad])
    assert plugins == []
    assert "no-name" in str(findings[0])


def test_two_commands_of_one_name_are_refused_in_one_plugin_and_named_in_two() -> None:
    plugin, dice = games()
    with pytest.raises(ValueError, match="command dice"):
        plugin.command("dice", "Once more")(lambda turn: None)
    whole, doubles = Repertoire(commands=(dice,)).merged(Repertoire(commands=(dice,)))
    assert whole.commands == (dice,)
    assert doubles == ("command dice",)
