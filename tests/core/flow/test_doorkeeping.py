"""Who may talk: lists in every form that people paste, and what they mean for whom."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.flow.allowance import Allowance
from core.flow.door import Door, door_of
from core.flow.door_lists import Listed, listed_in
from core.flow.etiquette import Choice, Verdict
from core.flow.pairing import Pairing, Standing, strangers
from core.ids import Account, CharacterId
from core.messages import Address, Author, ChannelType, Inbound, Kind, Place
from core.ports import Store
from core.settings.layers import Environment, Settings
from core.store.engine import open_store
from tests.fakes.clock import FakeClock

ZOE = Author("77", "Zoe", "ZoeHere")
EVE = Author("66", "Eve")
GROUP = "-1001234567890"
ids = st.integers(1, 10**12 - 1)


def door(platform: str = "telegram", plain: Any = None, **variables: str) -> Door:
    return door_of(Settings(Environment.of(variables), "Ada", plain=plain or {}), platform)


def said(
    author: Author = ZOE,
    room: str = GROUP,
    *,
    handle: str = "",
    direct: bool = False,
    via: str = "",
) -> Inbound:
    channel = ChannelType.DM if direct else ChannelType.GROUP
    return Inbound(
        id=1,
        address=Address("telegram", Account("telegram:1"), author.id if direct else room),
        kind=Kind.MESSAGE,
        author=author,
        place=Place(channel, handle=handle),
        message="5",
        text="hello",
        sent_at=FakeClock().now(),
        is_direct=direct,
        via=via,
    )


def rule(at: Door, author: Author = ZOE, *, known: bool = False, **how: Any) -> str:
    return at.refusal(said(author, **how), author, known=known)


# --- lists -------------------------------------------------------------------------------------------


def test_without_a_list_everybody_may_talk_and_with_an_empty_one_nobody() -> None:
    assert rule(door()) == "" == rule(door(), direct=True)
    nobody = door(TELEGRAM_ALLOWED_CHATS="[]")
    assert rule(nobody) == "not-allowed" == rule(nobody, direct=True)
    assert nobody.findings == ()


@pytest.mark.parametrize(
    "written",
    [
        '["77"]', "[77]", "77", '"77"', ' [ "77" ] ', "66666, 77", '["@zoehere"]',
        '["ZOEHERE"]', "@ZoeHere", "https://t.me/zoehere", "t.me/ZoeHere/",
    ],
)  # fmt: skip
def test_a_person_is_let_in_wherever_they_talk_in_each_form(written: str) -> None:
    at = door(TELEGRAM_ALLOWED_CHATS=written)
    assert rule(at, direct=True) == "" == rule(at)
    assert rule(at, EVE, direct=True) == "not-allowed" == rule(at, EVE)
    assert at.findings == ()


@pytest.mark.parametrize(
    "written",
    [
        '["-1001234567890"]', "[-1001234567890]", "-1001234567890", "-1234567890", '["1001234567890"]',
        "\u22121001234567890", "https://t.me/c/1234567890/17", '["@commons"]', "Commons",
    ],
)  # fmt: skip
def test_a_group_lets_in_everybody_there_in_each_form(written: str) -> None:
    at = door(TELEGRAM_ALLOWED_CHATS=written)
    assert rule(at, EVE, handle="Commons") == ""
    assert (
        rule(at, EVE, room="-1009", handle="other") == "not-allowed" == rule(at, EVE, direct=True)
    )


@pytest.mark.parametrize(
    "written", ['["77"', "[77, true]", '[["77"]]', '[null]', "?", "true", "{'a': 1}", "[1e400]"]
)  # fmt: skip
def test_a_list_that_cannot_be_read_lets_nobody_in_and_is_told(written: str) -> None:
    at = door(TELEGRAM_ALLOWED_CHATS=written, TROUPE_PAIRING="true")
    assert rule(at) == "not-allowed" == rule(at, direct=True)
    assert not at.pairs
    (finding,) = at.findings
    assert "TELEGRAM_ALLOWED_CHATS" in str(finding)
    assert "lets nobody in" in str(finding) or "nobody is let in" in str(finding)


def test_one_bad_entry_takes_nobody_elses_place() -> None:
    at = door(TELEGRAM_ALLOWED_CHATS='["77", "Zoe from work"]')
    assert rule(at, direct=True) == ""
    assert rule(at, EVE, direct=True) == "not-allowed"
    assert "entry 2" in str(at.findings[0])
    assert "work" not in str(at.findings[0])


@given(ids, st.sampled_from([str, int]))
def test_a_groups_number_counts_with_and_without_its_mark(number: int, form: Any) -> None:
    there, _ = listed_in(json.dumps([form(-number)]))
    assert there.holds(str(-number))
    assert there.holds(str(-(10**12 + number)))
    assert not there.holds(str(number))
    named, _ = listed_in(json.dumps([form(number)]), groups=True)
    assert named.holds(str(-(10**12 + number)))


@given(ids)
def test_a_persons_number_lets_in_no_group(number: int) -> None:
    there, _ = listed_in(json.dumps([str(number)]))
    assert there == Listed(frozenset({str(number)}))


@given(st.one_of(st.text(), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)))  # fmt: skip
def test_whatever_is_written_it_lets_in_nobody_else(written: Any) -> None:
    for value in (written, json.dumps(written)):
        found, faults = listed_in(value)
        assert not found.holds("")
        assert not found.holds("4242424242424242", "somebody_else_here")
        assert all("\n" not in one for one in faults)


# --- switches ----------------------------------------------------------------------------------------


def test_direct_messages_can_be_switched_off_in_each_place() -> None:
    for at in (
        door(TELEGRAM_DIRECT_MESSAGES="false"),
        door(plain={"allowDirectMessages": False}),
        door(TELEGRAM_DIRECT_MESSAGES="nope"),  # a misprint opens no door
    ):
        assert rule(at, direct=True) == "directs-off"
        assert rule(at) == ""
    listed = door(TELEGRAM_DIRECT_MESSAGES="false", TELEGRAM_ALLOWED_CHATS="[77]")
    assert rule(listed, direct=True) == "directs-off"


def test_only_in_allowed_groups_means_groups_alone() -> None:
    plain = {"shouldOnlyJoinInAllowedGroups": True, "allowedGroupIds": ["-1234567890"]}
    at = door(plain=plain)
    assert rule(at) == "" == rule(at, room="-1234567890") == rule(at, room="-9", direct=True)
    assert rule(at, room="-9") == "group-not-allowed"
    assert rule(door(plain={**plain, "allowedGroupIds": []})) == "group-not-allowed"
    assert rule(door(plain={"shouldOnlyJoinInAllowedGroups": True})) == "group-not-allowed"
    assert rule(door(plain={**plain, "shouldOnlyJoinInAllowedGroups": False}), room="-9") == ""
    assert rule(door(ALLOWED_GROUPS="[1234567890]", TELEGRAM_ONLY_ALLOWED_GROUPS="maybe")) == ""


def test_a_group_that_is_allowed_still_asks_for_the_list_of_who_may_talk() -> None:
    both = {"TELEGRAM_ONLY_ALLOWED_GROUPS": "true", "ALLOWED_GROUPS": GROUP}
    at = door(**both, TELEGRAM_ALLOWED_CHATS="[77]")
    assert rule(at) == ""
    assert rule(at, EVE) == "not-allowed"
    assert rule(at, room="-9") == "group-not-allowed"


def test_who_was_let_in_by_a_code_counts_as_listed_and_a_stranger_needs_one() -> None:
    at = door(TROUPE_PAIRING="true", TELEGRAM_ALLOWED_CHATS="[77]")
    assert rule(at, direct=True) == ""
    assert rule(at, EVE, direct=True) == "not-paired"
    assert rule(at, EVE, direct=True, known=True) == "" == rule(at, EVE, known=True)
    assert rule(at, EVE) == "not-allowed"
    assert rule(door(TROUPE_PAIRING="true"), EVE) == ""


def test_an_inline_query_is_its_authors_whatever_chat_it_is_typed_in() -> None:
    at = door(TELEGRAM_ALLOWED_CHATS=f'["{GROUP}", "77"]')
    assert rule(at, via="inline:9") == ""
    assert rule(at, EVE, via="inline:9") == "not-allowed"


def test_discord_has_no_lists_of_telegrams() -> None:
    assert rule(door("discord", TELEGRAM_ALLOWED_CHATS="[]", TELEGRAM_DIRECT_MESSAGES="no")) == ""


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        ({"TELEGRAM_ONLY_ALLOWED_GROUPS": "1"}, (True, True)),
        ({"TELEGRAM_ALLOWED_CHATS": "[-5]"}, (True, True)),
        ({"TELEGRAM_ALLOWED_CHATS": "[-5, 66]"}, (False, True)),
        ({"TELEGRAM_ALLOWED_CHATS": "[-5, '@eve_']".replace("'", '"')}, (False, True)),
    ],
)
def test_a_group_is_left_where_nobody_could_be_allowed(
    settings: dict[str, str], left: tuple[bool, bool]
) -> None:
    at = door(**settings, TELEGRAM_LEAVES_OTHERS="true")
    refused = rule(at)
    assert (at.wants_out(refused, added=False), at.wants_out(refused, added=True)) == left
    stays = replace(at, leaves=False)
    assert not stays.wants_out(refused, added=True)


# --- how much ----------------------------------------------------------------------------------------

ANSWER, UNSURE = Verdict(Choice.ANSWER, "direct"), Verdict(Choice.UNSURE, "follow-up")


class Turn:
    """As much of a running turn as an allowance looks at."""

    def __init__(self, number: int, author: Author = ZOE, limits: Door | None = None) -> None:
        self.lead = replace(said(author, direct=True), id=number)
        self.person = f"person-{author.id}"
        self.part = SimpleNamespace(policy=SimpleNamespace(door=limits or LIMITED))


LIMITED = Door(per_minute=3, per_hour=10, enough="enough")


def allowance(clock: FakeClock, *operators: str, colleagues: tuple[str, ...] = ()) -> Any:
    cast = SimpleNamespace(is_colleague=lambda platform, author: author in colleagues)
    ranks = SimpleNamespace(is_operator=lambda part, address, author: author in operators)
    return Allowance(cast, ranks, clock)  # type: ignore[arg-type]  # all that it asks of them


def answered(at: Any, turns: Iterable[Turn], verdict: Verdict = ANSWER) -> list[str]:
    """Of each turn what is said: nothing where it is answered, else the notice or a dash."""
    found = (at.refusal(turn, verdict) for turn in turns)
    return ["" if one is None else one.say.text if one.say else "-" for one in found]


async def test_some_answers_at_once_then_one_notice_then_as_time_goes_by() -> None:
    clock = FakeClock()
    at = allowance(clock)
    assert answered(at, map(Turn, range(1, 7))) == ["", "", "", "enough", "-", "-"]
    await clock.advance(20)
    assert answered(at, map(Turn, range(7, 9))) == ["", "-"]
    await clock.advance(60)
    assert answered(at, map(Turn, range(9, 13))) == ["", "", "", "-"]


async def test_an_hour_has_its_bound_too() -> None:
    clock = FakeClock()
    at, got = allowance(clock), 0
    for number in range(1, 121):
        got += answered(at, [Turn(number)]) == [""]
        await clock.advance(30)
    assert 10 <= got <= 20


async def test_others_have_their_own_allowance() -> None:
    at = allowance(FakeClock())
    assert answered(at, map(Turn, range(1, 5)))[-1] == "enough"
    assert answered(at, [Turn(5, EVE)]) == [""]


async def test_a_turn_that_begins_anew_is_counted_once() -> None:
    at = allowance(FakeClock())
    assert answered(at, [Turn(1)] * 20) == [""] * 20
    assert answered(at, map(Turn, range(2, 5))) == ["", "", "enough"]


async def test_operators_and_our_own_are_not_counted_and_neither_is_anybody_without_limits() -> (
    None
):
    at = allowance(FakeClock(), "77", colleagues=("66",))
    assert answered(at, map(Turn, range(1, 30))) == [""] * 29
    assert answered(at, [Turn(number, EVE) for number in range(1, 30)]) == [""] * 29
    free = allowance(FakeClock())
    assert answered(free, [Turn(number, limits=Door()) for number in range(1, 30)]) == [""] * 29


async def test_where_nobody_has_asked_her_nobody_is_told() -> None:
    at = allowance(FakeClock())
    assert answered(at, map(Turn, range(1, 6)), UNSURE) == ["", "", "", "-", "-"]
    assert answered(at, [Turn(6)]) == ["enough"]


async def test_a_notice_in_a_group_is_for_its_readers_eyes() -> None:
    at = allowance(FakeClock())
    turns = [Turn(number) for number in range(1, 5)]
    for turn in turns:
        turn.lead = replace(said(), id=turn.lead.id)
    (*_, last) = [at.refusal(turn, ANSWER) for turn in turns]
    assert last.say.only_for == ZOE.id
    assert last.say.reply_to == "5"


# --- codes -------------------------------------------------------------------------------------------

ADA = CharacterId(str(UUID(int=1)))
DIRECT = said(EVE, direct=True).address


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(None, tmp_path) as opened:
        yield opened


def pairing(store: Store, clock: FakeClock) -> Pairing:
    return Pairing(store, clock, random.Random(7))


async def test_a_code_is_told_once_is_good_for_an_hour_and_is_known_after_a_restart(
    store: Store,
) -> None:
    clock = FakeClock()
    codes = pairing(store, clock)
    code = await codes.ask(ADA, DIRECT, EVE, 1)
    assert len(code) == 8
    assert not set(code) & set("01OIL")
    assert await codes.ask(ADA, DIRECT, EVE, 1) == code, "the same turn, begun anew"
    assert await codes.ask(ADA, DIRECT, EVE, 2) == ""
    after = pairing(store, clock)
    assert await after.ask(ADA, DIRECT, EVE, 3) == ""
    shown = f" {code[:4].lower()}-{code[4:].lower()} "
    one = await after.by_code(ADA, shown)
    assert one is not None
    assert one.person == EVE.id
    await clock.advance(3600)
    assert await after.by_code(ADA, code) is None
    assert await after.ask(ADA, DIRECT, EVE, 4) not in ("", code)


async def test_three_codes_a_day_are_enough_for_anybody(store: Store) -> None:
    clock = FakeClock()
    codes = pairing(store, clock)
    told = []
    for row in range(1, 25):
        told.append(await codes.ask(ADA, DIRECT, EVE, row))
        await clock.advance(3600)
    assert len([one for one in told if one]) == 3
    await clock.advance(3600)
    assert await codes.ask(ADA, DIRECT, EVE, 99)


async def test_so_many_wait_at_once_and_no_more_and_who_gave_up_is_not_kept(store: Store) -> None:
    clock = FakeClock()
    codes = pairing(store, clock)
    people = [Author(str(number), f"P{number}") for number in range(60)]
    told = [await codes.ask(ADA, DIRECT, one, 1) for one in people]
    assert len(set(filter(None, told))) == 50
    assert told[50:] == [""] * 10
    await clock.advance(25 * 3600)
    assert await codes.ask(ADA, DIRECT, people[59], 2)
    assert len(await store.read(lambda unit: strangers(unit, ADA))) == 1


async def test_in_out_and_a_stranger_again(store: Store) -> None:
    codes = pairing(store, FakeClock())
    code = await codes.ask(ADA, DIRECT, EVE, 1)
    one = await codes.by_code(ADA, code)
    assert one is not None
    assert await codes.decide(ADA, one.entity, Standing.OUT)
    assert await codes.by_code(ADA, code) is None
    assert await codes.ask(ADA, DIRECT, EVE, 2) == ""
    assert await codes.decide(ADA, one.entity, Standing.IN)
    kept = await store.read(lambda unit: strangers(unit, ADA))
    assert kept[one.entity].standing is Standing.IN
    assert await codes.remove(ADA, one.entity)
    assert not await codes.remove(ADA, one.entity)
    assert await codes.ask(ADA, DIRECT, EVE, 3) not in ("", code)
