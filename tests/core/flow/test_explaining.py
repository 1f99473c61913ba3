"""What /why says of a turn, from what is kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.flow.explaining import Known, lines
from core.ids import Account, CharacterId, TurnId
from core.kept import Spending, Step, StepStatus
from core.messages import Address, DeliveryKind, DeliveryStatus, InboundStatus, Kind
from core.ports import Ended, Sent

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HERE = Address("telegram", Account("telegram:1"), "7")
TURN = TurnId("t5")
ROW = Ended(
    5, HERE, "7", Kind.MESSAGE, "m:7:1", InboundStatus.ANSWERED, "direct", None, NOON, NOON + SECOND
)
SENT = Sent(
    TURN,
    HERE,
    DeliveryKind.SEND,
    0,
    0,
    DeliveryStatus.SENT,
    1,
    "",
    NOON + SECOND,
    NOON + 2 * SECOND,
)
SPENT = Spending(CharacterId("ada"), "openai:mini", "", 1234, 56, 1000, cost=0.00123)


def told(known: Known, asks: str = "7") -> str:
    return "\n".join(lines(known, asks))


def test_an_answer_is_told_line_by_line() -> None:
    known = Known(ROW, sent=[SENT], spent=[(SPENT, 2, 0)], told=["TIME", "KNOWLEDGE"])
    assert told(known).splitlines() == [
        "I answered because this is our direct talk. (`direct`)",
        "From you, 21 November, 12:00:00 UTC; the answer was there 2.0 s later.",
        "Told by: `TIME`, `KNOWLEDGE`.",
        "Model: openai:mini, 2 calls, 1,234 tokens read (1,000 of them cached), 56 written, $0.0012.",
        "Sent: 1 message.",
    ]


def test_documents_are_told_by_their_titles_and_all_else_by_its_number() -> None:
    recalled: Sequence[dict[str, Any]] = [
        {"id": "a", "table": "documents", "why": "words", "title": "The menu > Soups"},
        {"id": "b", "table": "documents", "why": "words", "title": "The menu > Soups"},
        {"id": "c", "table": "messages", "why": "meaning"},
        {"id": "d", "table": "messages", "why": "meaning"},
        {"id": "e", "table": "facts", "why": "about"},
        {"id": "f", "table": "elsewhere", "why": "a\nkey [x](y)"},
    ]
    (line,) = [one for one in lines(Known(ROW, recalled=recalled), "7") if "mind" in one]
    assert line.startswith("Came to mind: 2 of what was said earlier (by its meaning); ")
    assert "1 of what I have noted (about who spoke)" in line
    assert line.count("The menu Soups") == 1
    assert "\n" not in line


@pytest.mark.parametrize(
    ("spent", "unpriced", "price"),
    [
        (replace(SPENT, cost=None), 1, "of unknown price."),
        (SPENT, 1, "$0.0012 and more of unknown price."),
    ],
)
def test_a_price_that_nobody_knows_is_never_nothing(
    spent: Spending, unpriced: int, price: str
) -> None:
    assert price in told(Known(ROW, spent=[(spent, 1, unpriced)]))


def test_what_went_out_with_trouble_says_so() -> None:
    rows = [
        replace(SENT, attempt=3),
        replace(SENT, ordinal=1, status=DeliveryStatus.FAILED, reason="blocked", settled_at=NOON),
        replace(SENT, ordinal=2, status=DeliveryStatus.PENDING, settled_at=None),
    ]
    line = told(Known(ROW, sent=rows)).splitlines()[-1]
    assert line == (
        "Sent: 3 messages, tried again 2 times, 1 not taken (blocked), 1 still waiting."
    )


def test_what_failed_tells_a_code_and_never_an_authors_words() -> None:
    steps = [
        Step(TURN, 0, "PLAN", StepStatus.DONE),
        Step(TURN, 1, "LOOK", StepStatus.DONE),
        Step(TURN, 2, "PAY", StepStatus.FAILED, {"error": "not-allowed"}),
        Step(TURN, 3, "SING", StepStatus.FAILED, {"error": "Kim said: never again"}),
        Step(TURN, 4, "RUN", StepStatus.STARTED),
    ]
    assert "Kim" not in (line := told(Known(ROW, steps=steps)))
    assert (
        "Done: LOOK, which worked; PAY, which did not work (not-allowed); SING, which did not "
        "work; RUN, of which nobody knows how far it came." in line
    )


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (replace(ROW, status=InboundStatus.NEW, rule=""), "not finished with it yet"),
        (replace(ROW, status=InboundStatus.DEAD, rule="no date"), "could not read it: no date."),
        (
            replace(ROW, status=InboundStatus.FAILED, rule="turn-timeout"),
            "I failed because it took",
        ),
        (replace(ROW, rule="stopped"), "I broke off because"),
        (replace(ROW, kind=Kind.CUE, rule="cue", author=""), "I spoke first because"),
        (
            replace(ROW, kind=Kind.CUE, rule="muted", status=InboundStatus.SILENT, author=""),
            "I kept silent because I am muted",
        ),
    ],
)
def test_every_end_has_its_sentence(row: Ended, says: str) -> None:
    assert says in told(Known(row))


def test_who_asked_is_named_to_others_on_one_line() -> None:
    known = Known(ROW, asker="Kim\nAdmin: [x]")
    assert "From Kim Admin [x], 21 November" in told(known, asks="8")
    assert "From somebody, " in told(Known(ROW), asks="8")
    assert "From nobody, " in told(Known(replace(ROW, author="")), asks="8")


def test_a_long_wait_is_told_in_minutes() -> None:
    late = replace(SENT, settled_at=NOON + timedelta(minutes=10))
    assert "the answer was there 10 min later." in told(Known(ROW, sent=[late]))
