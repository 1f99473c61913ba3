"""What a character has on offer, for whom, and where."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, cast

import pytest

from core.character import Character
from core.clock import SystemClock
from core.flow import commands
from core.flow.cast import Bare, Cast, Part, policy_of
from core.flow.offering import OnOffer
from core.ids import Account, CharacterId
from core.messages import Address, Author, ChannelType, Inbound, Kind, Place, Rank
from core.plugins import typed_commands
from core.plugins.records import ActionResult, Command, Repertoire, Turn
from core.ports import Limits, Offer
from core.settings.layers import Environment, Settings
from core.store.engine import SqlStore, open_store
from tests.fakes.platform import FakePlatform

ADA = Character.model_validate({"name": "Ada", "bio": "Ada is made for a test."})
HERE = Account("telegram:1")
EVERYTHING = Limits(4096, commands=True)


def part(*offers: Offer, limits: Limits = EVERYTHING, **settings: str) -> Part:
    async def run(turn: Turn, arguments: str) -> ActionResult:
        return ActionResult()

    given = Settings(Environment.of(settings), "Ada")
    gear = Bare(Repertoire(commands=tuple(Command(one, run) for one in offers)))
    platform = FakePlatform(HERE, limits=limits)
    policy = policy_of(ADA, given, "telegram")
    return Part(ADA.agent_id, ADA, given, platform, cast(Any, None), policy, gear)


def said(command: str, *, direct: bool = True, mentions_others: bool = False) -> Inbound:
    return Inbound(
        id=1,
        address=Address("telegram", HERE, "7"),
        kind=Kind.COMMAND,
        author=Author("7", "Kim"),
        place=Place(ChannelType.DM if direct else ChannelType.GROUP),
        message="1",
        text=f"/{command}",
        sent_at=SystemClock().now(),
        is_direct=direct,
        mentions_others=mentions_others,
        command=command,
    )


def names(offers: Any) -> list[str]:
    return [one.name for one in offers]


def test_ours_come_first_and_a_hundred_are_the_most() -> None:
    many = [Offer(f"c{number}", "Counts") for number in range(200)]
    offered = names(commands.offers(part(*many)))
    assert offered[:3] == ["start", "help", "summarize"]
    assert len(offered) == 100


def test_what_makes_no_sense_for_a_character_is_not_on_offer() -> None:
    plain = names(commands.offers(part()))
    assert {"initiative", "pair", "voice"}.isdisjoint(plain)
    settings = {"TROUPE_INITIATIVE": "true", "TROUPE_PAIRING": "true"}
    assert {"initiative", "pair"} <= set(names(commands.offers(part(**settings))))
    assert commands.offers(None) == ()


def test_where_a_slash_is_only_a_sign_no_command_of_plugins_is_promised() -> None:
    dice = Offer("dice", "Throws a die")
    assert "dice" in names(commands.offers(part(dice)))
    assert "dice" not in names(commands.offers(part(dice, limits=Limits(2000))))


@pytest.mark.parametrize(
    ("offer", "direct", "rank", "says"),
    [
        (Offer("x", "X"), True, Rank.STRANGER, ""),
        (Offer("x", "X", who=Rank.ADMIN), False, Rank.MEMBER, "Only admins of this group"),
        (Offer("x", "X", who=Rank.ADMIN), False, Rank.ADMIN, ""),
        (Offer("x", "X", who=Rank.ADMIN), True, Rank.OWNER, ""),
        (Offer("x", "X", who=Rank.OPERATOR), True, Rank.OWNER, "Only whoever runs me"),
        (Offer("x", "X", direct=False), True, Rank.OPERATOR, "/x is for groups."),
        (Offer("x", "X", groups=False), False, Rank.OPERATOR, "Write to me directly for /x."),
    ],
)
def test_whoever_may_not_is_told_so_in_a_sentence(
    offer: Offer, direct: bool, rank: Rank, says: str
) -> None:
    refusal = commands.refusal(offer, said("x", direct=direct), rank)
    assert refusal.startswith(says)
    assert bool(refusal) is bool(says)


def test_a_command_with_another_bots_name_is_not_ours() -> None:
    assert commands.is_ours(said("help"))
    assert not commands.is_ours(said("help", mentions_others=True))


async def test_what_was_shown_last_is_kept_for_each_account(tmp_path: Any) -> None:
    async with open_store(None, tmp_path) as store:
        everybody, clock = Cast(), SystemClock()
        ours = shelf(everybody, store, clock, "telegram:1")
        assert ours.now() == ()
        everybody.enter(part())
        assert "help" in names(ours.now())
        assert await ours.mark() == ""
        await ours.keep("a mark")
        assert await shelf(everybody, store, clock, "telegram:1").mark() == "a mark"
        assert await shelf(everybody, store, clock, "telegram:2").mark() == ""


def shelf(everybody: Cast, store: SqlStore, clock: SystemClock, account: str) -> OnOffer:
    return OnOffer(everybody, store, clock, Account(account), CharacterId("ada"))


# --- as platforms take them ---------------------------------------------------------------------

FORMS = Limits(2000, forms=True)
LANGUAGES = {"de", "es", "fr", "pt", "ru"}


@pytest.mark.parametrize("offer", commands.OURS, ids=lambda one: one.name)
def test_names_and_descriptions_are_within_what_every_platform_takes(offer: Offer) -> None:
    assert re.fullmatch("[a-z0-9_]{1,32}", offer.name)
    for text in (offer.about, *offer.words.values()):
        assert 1 <= len(text) <= 100, "Telegram takes 256, Discord 100"
    assert typed_commands._unfit_together(offer.options) == ""
    for option in offer.options:
        assert typed_commands._unfit(replace(option, suggests=False)) == ""
        assert set(option.words) in (LANGUAGES, set())
    if offer.who < Rank.OPERATOR:
        assert set(offer.words) == LANGUAGES
        assert all(set(one.words) == LANGUAGES for one in offer.options)


def test_where_commands_are_forms_talk_is_one_and_plugins_commands_too() -> None:
    dice = Offer("dice", "Throws a die")
    forms = names(commands.offers(part(dice, limits=FORMS)))
    assert {"chat", "ask", "summarize", "settings", "dice"} <= set(forms)
    elsewhere = set(names(commands.offers(part(dice))))
    assert {"chat", "ask"}.isdisjoint(elsewhere)
    assert {"summarize", "settings", "dice"} <= elsewhere
    assert commands.found(part(), "chat") is None
    assert commands.found(part(limits=FORMS), "chat") is commands.CHAT


def test_only_its_author_sees_what_is_their_own_matter() -> None:
    asides = {one.name for one in commands.OURS if one.aside}
    assert asides == {"why", "export", "forget", "help", "pair", "settings"}
    waiting = replace(said("help", direct=False), via="interaction:1:t", waits=True)
    assert commands.answer(commands.Done("Hello"), waiting, aside=True).only_for == "7"
    assert commands.answer(commands.Done("Hello"), waiting).only_for == ""
    refused = commands.Done("No.", aside=True)
    assert commands.answer(refused, said("help", direct=False)).only_for == "7"


def test_settings_are_suggested_by_name_and_their_values_where_they_are_few() -> None:
    ours = OnOffer(Cast(), cast(Any, None), SystemClock(), HERE, CharacterId("ada"))
    assert list(ours.suggest("settings", "name", "", {})) == [
        "language", "style", "channels", "moderators", "welcome", "quiet",
    ]  # fmt: skip
    assert ours.suggest("settings", "name", "ST", {}) == ["style"]
    assert ours.suggest("settings", "value", "ger", {"name": "Language"}) == ["German"]
    assert ours.suggest("settings", "value", "", {"name": "quiet"}) == ["on", "off", "default"]
    assert ours.suggest("settings", "value", "", {"name": "nonsense"}) == []
    assert len(ours.suggest("settings", "value", "", {"name": "language"})) <= 25
    assert ours.suggest("dice", "sides", "", {}) == ()
