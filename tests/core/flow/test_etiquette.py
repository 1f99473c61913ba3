"""When a character speaks, and by which rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.flow.etiquette import Choice, Circumstances, Manners, decide, is_named
from core.ids import Account
from core.messages import Address, Author, ChannelType, Inbound, Kind, Place, Quote

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ADA = Manners(names=("Ada", "ada_lovelace"))
GROUP = Inbound(
    id=1,
    address=Address("telegram", Account("telegram:1"), "-5"),
    kind=Kind.MESSAGE,
    author=Author("7", "Bob"),
    place=Place(ChannelType.GROUP),
    message="10",
    text="nice weather",
    sent_at=NOW,
)
DIRECT = replace(GROUP, is_direct=True, place=Place(ChannelType.DM))
QUIETLY = Circumstances(now=NOW)


@pytest.mark.parametrize(
    ("inbound", "rule"),
    [
        (DIRECT, "direct"),
        (replace(GROUP, mentions_us=True), "mentioned"),
        (replace(GROUP, replies_to_us=True, reply_to=Quote("9")), "reply"),
        (replace(GROUP, text="what do you think, ada?"), "named"),
        (replace(GROUP, place=Place(ChannelType.VOICE_DM)), "direct"),
    ],
)
def test_who_speaks_to_her_is_answered(inbound: Inbound, rule: str) -> None:
    verdict = decide(inbound, ADA, QUIETLY)
    assert (verdict.choice, verdict.rule) == (Choice.ANSWER, rule)


@pytest.mark.parametrize(
    ("inbound", "at", "rule"),
    [
        (GROUP, QUIETLY, "not-addressed"),
        (replace(GROUP, mentions_others=True), QUIETLY, "addressed-to-another"),
        (replace(GROUP, reply_to=Quote("9")), QUIETLY, "addressed-to-another"),
        (replace(GROUP, text="is Adapter 5 free?"), QUIETLY, "not-addressed"),
        (replace(DIRECT, text=""), QUIETLY, "empty"),
        (replace(DIRECT, kind=Kind.REACTION), QUIETLY, "not-a-message"),
        (replace(DIRECT, author=Author("8", "Robo", is_bot=True)), QUIETLY, "bot"),
        (DIRECT, replace(QUIETLY, muted=True), "muted"),
        (replace(GROUP, replies_to_us=True), replace(QUIETLY, muted=True), "muted"),
        (replace(DIRECT, sent_at=NOW - timedelta(hours=25)), QUIETLY, "stale"),
        (
            replace(GROUP, mentions_us=True, sent_at=NOW - timedelta(minutes=16)),
            QUIETLY,
            "stale",
        ),
    ],
)
def test_otherwise_she_is_silent_and_the_rule_says_why(
    inbound: Inbound, at: Circumstances, rule: str
) -> None:
    verdict = decide(inbound, ADA, at)
    assert (verdict.choice, verdict.rule) == (Choice.SILENT, rule)


def test_her_name_wakes_her_in_a_muted_room() -> None:
    muted = replace(QUIETLY, muted=True)
    assert decide(replace(GROUP, text="ADA, wake up"), ADA, muted).rule == "named"
    assert decide(replace(GROUP, mentions_us=True), ADA, muted).rule == "mentioned"


def test_who_was_answered_last_may_go_on_and_the_model_decides() -> None:
    verdict = decide(GROUP, ADA, replace(QUIETLY, follow_up=True))
    assert (verdict.choice, verdict.rule) == (Choice.UNSURE, "follow-up")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Eliza, what do you say?", "addressed-to-another"),
        ("hey eliza!", "addressed-to-another"),
        ("What do you say, Eliza?", "addressed-to-another"),
        ("Eliza was right, you know", "follow-up"),
        ("I like Elizabeth, she sings", "follow-up"),
        ("Eliza, ask Ada", "named"),
    ],
)
def test_whoever_calls_another_of_ours_by_name_does_not_go_on_with_her(
    text: str, rule: str
) -> None:
    at = replace(QUIETLY, follow_up=True, others=("Eliza",))
    assert decide(replace(GROUP, text=text), ADA, at).rule == rule


def test_characters_answer_one_another_for_a_few_hops_only() -> None:
    eliza = replace(GROUP, author=Author("8", "Eliza", is_bot=True), mentions_us=True)
    colleague = replace(QUIETLY, colleague=True)
    assert decide(eliza, ADA, replace(colleague, hops=3)).choice is Choice.ANSWER
    assert decide(eliza, ADA, replace(colleague, hops=4)).rule == "hops"


def test_foreign_bots_are_answered_only_where_the_character_allows_it() -> None:
    bot = replace(GROUP, author=Author("8", "Robo", is_bot=True), mentions_us=True)
    assert decide(bot, ADA, QUIETLY).rule == "bot"
    assert decide(bot, replace(ADA, answer_bots=True), QUIETLY).rule == "mentioned"


def test_configured_types_and_sources_are_answered_in_any_case() -> None:
    everywhere = replace(ADA, bypass_types=frozenset({"group"}))
    assert decide(GROUP, everywhere, QUIETLY).rule == "bypass-type"
    assert decide(GROUP, replace(ADA, bypass_sources=("telegr",)), QUIETLY).rule == "bypass-source"


@pytest.mark.parametrize(
    ("text", "named"),
    [("Ada", True), ("hey ada!", True), ("Bada", False), ("@ada_lovelace hi", True), ("", False)],
)
def test_a_name_is_a_word_of_its_own(text: str, named: bool) -> None:
    assert is_named(text, ADA.names) is named


def test_a_character_without_a_name_is_never_named() -> None:
    assert not is_named("anything", ())


SPOKEN = replace(GROUP, place=Place(ChannelType.VOICE_GROUP), message="", spoken=True)


@pytest.mark.parametrize(
    ("inbound", "at", "choice", "rule"),
    [
        (SPOKEN, QUIETLY, Choice.ANSWER, "spoken-to-us"),
        (replace(SPOKEN, company=1), QUIETLY, Choice.SILENT, "not-addressed"),
        (replace(SPOKEN, company=1, text="Ada, you there?"), QUIETLY, Choice.ANSWER, "named"),
        (
            replace(SPOKEN, company=1),
            replace(QUIETLY, follow_up=True),
            Choice.UNSURE,
            "follow-up",
        ),
        (SPOKEN, replace(QUIETLY, muted=True), Choice.SILENT, "muted"),
        (
            SPOKEN,
            replace(QUIETLY, missed="spoken-before-restart"),
            Choice.SILENT,
            "spoken-before-restart",
        ),
        (
            replace(SPOKEN, author=Author("8", "Bert", is_bot=True)),
            replace(QUIETLY, colleague=True),
            Choice.SILENT,
            "not-addressed",
        ),
    ],
)
def test_what_is_spoken_is_answered_where_she_was_clearly_meant(
    inbound: Inbound, at: Circumstances, choice: Choice, rule: str
) -> None:
    verdict = decide(inbound, ADA, at)
    assert (verdict.choice, verdict.rule) == (choice, rule)
