"""What one account may say, and when."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from core.flow.pace import Pace, Rate
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
        paced.take(room(name), direct=False)
        sent.append((time.now, name))
    for start, _ in sent:
        assert sum(1 for at, _ in sent if start <= at < start + 1) <= 10
        for name in set(rooms):
            own = [at for at, which in sent if which == name]
            assert sum(1 for at in own if start <= at < start + 3) <= 3
            assert sum(1 for at in own if start <= at < start + 60) <= 20


def test_a_direct_chat_is_not_held_to_the_rate_of_groups() -> None:
    time = Time()
    paced = pace(time, chat=0)
    for _ in range(25):
        assert paced.wait(room("dm"), direct=True) <= 0
        paced.take(room("dm"), direct=True)
    for _ in range(20):
        time.now += 1
        paced.take(room("group"), direct=False)
    assert paced.wait(room("group"), direct=False) > 0


def test_zero_switches_a_pace_off() -> None:
    paced = pace(Time(), overall=0, chat=0, group=0)
    for _ in range(1000):
        assert paced.wait(room("a"), direct=False) == 0
        paced.take(room("a"), direct=False)


def test_signs_of_life_take_only_what_is_spare() -> None:
    time = Time()
    paced = pace(time, overall=10)
    taken = sum(paced.spare() for _ in range(10))
    assert taken == 6  # up to and including the half
    assert paced.wait(room("a"), direct=True) == 0


def test_a_pause_of_the_platform_holds_every_room() -> None:
    time = Time()
    paced = pace(time)
    paced.pause(30)
    assert paced.wait(room("a"), direct=True) == 30
    assert not paced.spare()
    time.now = 30
    assert paced.wait(room("a"), direct=True) == 0
