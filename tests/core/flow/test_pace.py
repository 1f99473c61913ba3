"""What one account may say, and when."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from core.flow.pace import DRAFT, EDIT, REACTION, TYPING, Flight, Pace, Rate, Use
from core.ids import Account
from core.messages import Address

TELEGRAM = Account("telegram:1")


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def room(name: str) -> Address:
    return Address("telegram", TELEGRAM, name)


def pace(time: Callable[[], float], *, overall: int = 30, chat: int = 3, group: int = 20) -> Pace:
    return Pace(Rate(overall, 1.0), Rate(chat, 3.0), Rate(group, 60.0), time)


@given(
    rooms=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=150),
    gaps=st.lists(st.floats(0, 0.4), min_size=150, max_size=150),
)
def test_no_window_ever_holds_more_than_its_rate(rooms: list[str], gaps: list[float]) -> None:
    time = Time()
    paced = pace(time, overall=10)
    sent: list[tuple[float, str]] = []
    for name, gap in zip(rooms, gaps, strict=False):
        time.now += gap
        time.now += paced.wait(room(name), direct=False)
        paced.take(room(name), direct=False).land()
        sent.append((time.now, name))
    for start, _ in sent:
        assert sum(1 for at, _ in sent if start <= at < start + 1) <= 10
        for name in set(rooms):
            own = [at for at, which in sent if which == name]
            assert sum(1 for at in own if start <= at < start + 3) <= 3
            assert sum(1 for at in own if start <= at < start + 60) <= 20


@given(
    rooms=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=100),
    ways=st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3)), min_size=100, max_size=100),
)
def test_the_rate_is_kept_where_it_arrives_however_long_that_takes(
    rooms: list[str], ways: list[tuple[float, float]]
) -> None:
    """Each message arrives at any time before its answer comes, several are on their way at once."""
    time = Time()
    paced = pace(time, overall=10)
    arrived: list[tuple[float, str]] = []
    answers: list[tuple[float, int, Flight]] = []
    for number, (name, (there, back)) in enumerate(zip(rooms, ways, strict=False)):
        while (wait := paced.wait(room(name), direct=False)) > 0 or len(answers) >= 8:
            time.now += wait
            if answers and (wait == 0 or answers[0][0] <= time.now):
                due, _, flight = heapq.heappop(answers)
                time.now = max(time.now, due)
                flight.land()
        flight = paced.take(room(name), direct=False)
        arrived.append((time.now + there, name))
        heapq.heappush(answers, (time.now + there + back, number, flight))
    for start, _ in arrived:
        assert sum(1 for at, _ in arrived if start <= at < start + 1) <= 10
        for name in set(rooms):
            own = [at for at, which in arrived if which == name]
            assert sum(1 for at in own if start <= at < start + 3) <= 3
            assert sum(1 for at in own if start <= at < start + 60) <= 20


def test_a_link_that_is_gone_leaves_no_place_taken() -> None:
    time = Time()
    paced = pace(time, overall=2)
    first, second = (paced.take(room(name), direct=True) for name in "ab")
    time.now += 100
    assert paced.wait(room("c"), direct=True) > 0, "for all that is known, they arrive just now"
    paced.land_all()
    time.now += 1.1
    assert paced.wait(room("c"), direct=True) == 0
    for late in (first, second):
        late.land()  # says nothing new
    paced.take(room("c"), direct=True)
    assert paced.wait(room("d"), direct=True) == 0


def test_a_direct_chat_is_not_held_to_the_rate_of_groups() -> None:
    time = Time()
    paced = pace(time, chat=0)
    for _ in range(25):
        assert paced.wait(room("dm"), direct=True) <= 0
        paced.take(room("dm"), direct=True).land()
    for _ in range(20):
        time.now += 1
        paced.take(room("group"), direct=False).land()
    assert paced.wait(room("group"), direct=False) > 0


def test_zero_switches_a_pace_off() -> None:
    paced = pace(Time(), overall=0, chat=0, group=0)
    for _ in range(1000):
        assert paced.wait(room("a"), direct=False) == 0
        paced.take(room("a"), direct=False).land()


def uses(paced: Pace, use: Use, *, most: int = 50, direct: bool = False) -> int:
    """How often something may be shown in one room at this moment."""
    for done in range(most):
        if paced.leisure(room("a"), use, direct=direct) > 0:
            return done
        paced.spend(room("a"), use, direct=direct).land()
    return most


def test_signs_of_life_take_only_what_is_spare_and_typing_least() -> None:
    for use, most in ((DRAFT, 6), (TYPING, 4)):
        paced = pace(Time(), overall=10)
        assert uses(paced, use) == most
        assert paced.wait(room("a"), direct=True) == 0


def test_an_edit_counts_as_a_message_and_leaves_one_to_be_sent_at_once() -> None:
    time = Time()
    paced = pace(time)
    assert uses(paced, EDIT) == 2
    assert paced.wait(room("a"), direct=False) == 0
    paced.take(room("a"), direct=False).land()
    assert paced.wait(room("a"), direct=False) > 0


def test_half_of_a_groups_minute_is_kept_for_what_is_said() -> None:
    time = Time()
    paced = pace(time, chat=0)
    assert uses(paced, EDIT) == 11
    assert paced.wait(room("a"), direct=False) == 0
    wait = paced.leisure(room("a"), EDIT, direct=False)
    time.now += wait
    assert wait > 0
    assert paced.leisure(room("a"), EDIT, direct=False) == 0


def test_a_reaction_takes_nothing_of_a_groups_minute() -> None:
    paced = pace(Time(), overall=100, chat=0)
    for _ in range(19):
        paced.take(room("a"), direct=False).land()
    assert paced.leisure(room("a"), REACTION, direct=False) == 0
    assert paced.leisure(room("a"), EDIT, direct=False) > 0


def test_where_a_chat_has_but_one_place_a_message_has_it() -> None:
    assert uses(pace(Time(), chat=1), EDIT) == 0


@given(st.lists(st.tuples(st.sampled_from([EDIT, DRAFT, REACTION, TYPING]), st.floats(0, 2))))
def test_whatever_is_shown_the_next_message_goes_at_once(shown: list[tuple[Use, float]]) -> None:
    time = Time()
    paced = pace(time, overall=10)
    for use, gap in shown:
        time.now += gap
        if paced.leisure(room("a"), use, direct=False) <= 0:
            paced.spend(room("a"), use, direct=False).land()
        assert paced.wait(room("a"), direct=False) == 0


def test_a_pause_of_the_platform_holds_every_room() -> None:
    time = Time()
    paced = pace(time)
    paced.pause(30)
    assert paced.wait(room("a"), direct=True) == 30
    assert paced.leisure(room("a"), DRAFT, direct=True) == 30
    time.now = 30
    assert paced.wait(room("a"), direct=True) == 0


def test_a_silence_holds_one_room_and_everything_in_it() -> None:
    time = Time()
    paced = pace(time)
    paced.silence("a", 30)
    assert paced.wait(room("a"), direct=True) == 30
    assert paced.leisure(room("a"), TYPING, direct=True) == 30
    assert paced.wait(room("b"), direct=True) == 0
    time.now = 30
    assert paced.wait(room("a"), direct=True) == 0
    assert paced.silent("a") == 0
