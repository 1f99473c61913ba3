"""Whoever waits for an answer hears why there is none, by whichever rule; nobody else does."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

import core.flow
from core.flow import reasons
from core.flow.allowance import Refusal
from core.flow.commanding import Commanding
from core.flow.doorkeeping import Doorkeeper
from core.flow.excusing import give_up, waited_enough
from core.flow.pairing import Pairing
from core.flow.running_turn import RunningTurn
from core.messages import InboundStatus, Kind, Reply
from core.store.engine import SqlStore, open_store
from tests.core.actions.house import GROUP, House

RULES = sorted(reasons._RULES)
CODES = ("turn-timeout", "model-unavailable", "bug-KeyError")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with open_store(None, tmp_path) as store:
        yield store


async def asks(house: House, *, waits: bool = True, **more: Any) -> RunningTurn:
    turn = await house.hears(room="-5", place=GROUP, **more)
    lead = replace(turn.work.lead, waits=waits, via="interaction:1:secret" if waits else "")
    turn.work.inbound = (lead,)
    return turn


@pytest.mark.parametrize("rule", RULES)
async def test_silence_by_any_rule_is_told_to_whoever_waits(store: SqlStore, rule: str) -> None:
    house = House(store)
    turn = await asks(house)
    shown: list[Reply] = []
    cast(Any, house.wire).render = lambda reply: shown.append(reply) or (reply.text.encode(),)
    await house.scribe.write(turn.work, InboundStatus.SILENT, rule, thought="hm")
    assert await house.said("-5") == [reasons.excuse(rule)]
    assert shown[0].only_for == "7"
    assert shown[0].via == "interaction:1:secret"
    assert "I did not answer" not in " ".join(await house.remembered("-5"))


@pytest.mark.parametrize("rule", RULES)
async def test_silence_stays_silence_where_nobody_waits(store: SqlStore, rule: str) -> None:
    house = House(store)
    turn = await asks(house, waits=False)
    await house.scribe.write(turn.work, InboundStatus.SILENT, rule)
    assert await house.said("-5") == []


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("apology", ["", "Sorry."])
async def test_a_failure_is_told_once_by_an_apology_or_by_its_reason(
    store: SqlStore, code: str, apology: str
) -> None:
    house = House(store)
    turn = await asks(house)
    say = Reply(apology) if apology else None
    await house.scribe.write(turn.work, InboundStatus.FAILED, code, say=say)
    assert await house.said("-5") == [apology or reasons.excuse(code)]


def test_the_sentence_reads_well_whatever_its_reason() -> None:
    assert reasons.excuse("muted").startswith("I did not answer: I am muted here")
    assert reasons.excuse("bug-KeyError").startswith("I did not answer: because of a mistake")
    assert all(reasons.excuse(one).count(": of ") == 0 for one in (*RULES, *CODES, "unheard-of"))


async def test_what_is_done_without_a_word_is_told_to_be_done(store: SqlStore) -> None:
    house = House(store)
    await house.ends(await asks(house))
    assert await house.said("-5") == ["Done."]


async def test_who_was_told_something_already_is_told_nothing_more(store: SqlStore) -> None:
    house = House(store)
    remarked = await asks(house)
    await house.scribe.remark(remarked.work, Reply("Slowly, please."))
    await house.scribe.write(remarked.work, InboundStatus.SILENT, "too-many")
    answered = await asks(house, number=2)
    await answered.say("The die shows four.")
    await house.ends(answered)
    assert await house.said("-5") == ["Slowly, please.", "The die shows four."]


async def test_what_an_earlier_process_has_said_counts_as_well(store: SqlStore) -> None:
    first = House(store)
    turn = await asks(first)
    await turn.say("The die shows four.")
    second = House(store)
    again = await asks(second)
    await second.ends(again)
    assert await second.said("-5") == ["The die shows four."]


async def test_who_is_refused_at_the_door_and_waits_is_told_so(store: SqlStore) -> None:
    house = House(store)
    turn = await asks(house)
    await _doorkeeper(house).turn_away(turn.work, Refusal("not-allowed"))
    assert await house.said("-5") == [reasons.excuse("not-allowed")]
    rooms = await store.read(lambda unit: unit.rooms.within(house.part.id))
    assert rooms == [], "and nothing else of it is kept"


async def test_a_stranger_who_waits_is_given_the_code_instead(store: SqlStore) -> None:
    house = House(store, TROUPE_PAIRING="true", TROUPE_PAIRING_NOTICE="Show this: {code}")
    turn = await house.hears()
    turn.work.inbound = (replace(turn.work.lead, waits=True, via="interaction:1:secret"),)
    keeper = _doorkeeper(house)
    refusal = await keeper.admit(turn.work)
    assert refusal is not None
    await keeper.turn_away(turn.work, refusal)
    (said,) = await house.said()
    assert said.startswith("Show this: `")


@pytest.mark.parametrize("place", ["group", "direct"])
async def test_a_command_that_nobody_knows_is_answered_where_it_waits(
    store: SqlStore, place: str
) -> None:
    house = House(store)
    turn = await asks(house, kind=Kind.COMMAND)
    lead = replace(turn.work.lead, command="dance", is_direct=place == "direct")
    turn.work.inbound = (lead,)
    converse: Any = None
    commanding = Commanding(house.scribe, converse, house.ranks, house.clock, tell={}, do={})
    await commanding(turn.work)
    assert await house.said("-5") == ["I do not know /dance (any more)."]


async def test_what_could_not_even_be_made_a_turn_is_told_too(store: SqlStore) -> None:
    house = House(store)
    turn = await asks(house)
    lead, batch, now = turn.work.lead, turn.work.batch, house.clock.now()
    cast(Any, house.wire).read = lambda received: lead
    rows = await store.write(lambda unit: give_up(unit, house.part, batch, "bug-OSError", now))
    assert [row.payload.decode() for row in rows] == [reasons.excuse("bug-OSError")]
    again = await store.write(lambda unit: give_up(unit, house.part, batch, "bug-OSError", now))
    assert again == [], "once"


async def test_an_answer_is_put_off_only_as_long_as_it_can_still_be_given(store: SqlStore) -> None:
    house = House(store)
    lead = (await asks(house)).work.lead
    soon, late = (lead.sent_at + timedelta(minutes=minutes) for minutes in (11, 13))
    assert not waited_enough(lead, soon)
    assert waited_enough(lead, late)
    assert not waited_enough(replace(lead, waits=False), late)


def test_nothing_else_ends_a_turn() -> None:
    """Who closes rows of the inbox has to think of those who wait; these do, or nobody waits."""
    flow = Path(core.flow.__file__).parent
    closing = {
        path.stem for path in flow.glob("*.py") if re.search(r"\binbox\.close\(", path.read_text())
    }
    assert closing == {"writing", "excusing", "forgetting", "turns", "hearsay"}


def _doorkeeper(house: House) -> Doorkeeper:

    pairing = Pairing(cast(Any, house.store), house.clock, random.Random(7))
    return Doorkeeper(house.ranks, pairing, house.scribe, house.clock)
