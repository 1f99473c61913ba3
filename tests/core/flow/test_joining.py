"""How often she joins in where nobody has called her."""

from __future__ import annotations

from itertools import pairwise

from core.flow.joining import Joining
from core.ids import Account
from core.messages import Address

HERE = Address("discord", Account("discord:1"), "7")
THERE = HERE._replace(room="8")
HOUR = 3600


def test_what_she_thinks_of_in_a_busy_hour_is_bounded_and_spread() -> None:
    joining = Joining()
    looks = [at for at in range(HOUR) if joining.may_look(HERE, at + 1, 4, float(at))]
    assert len(looks) == 20
    assert all(b - a >= 180 for a, b in pairwise(looks))


def test_she_joins_in_so_many_times_an_hour_and_then_no_more_until_one_is_an_hour_old() -> None:
    joining, joined = Joining(), []
    for at in range(2 * HOUR):
        if joining.may_look(HERE, at + 1, 2, float(at)):
            joining.joined(HERE, float(at))
            joined.append(at)
    assert len(joined) == 4
    assert joined[2] - joined[0] >= HOUR
    assert joined[3] - joined[1] >= HOUR


def test_rooms_are_counted_alone() -> None:
    joining = Joining()
    assert joining.may_look(HERE, 1, 1, 0.0)
    assert not joining.may_look(HERE, 2, 1, 1.0)
    assert joining.may_look(THERE, 3, 1, 1.0)


def test_a_turn_that_begins_anew_may_think_on() -> None:
    joining = Joining()
    assert joining.may_look(HERE, 5, 1, 0.0)
    assert joining.may_look(HERE, 5, 1, 2.0)
    assert not joining.may_look(HERE, 6, 1, 2.0)


def test_with_none_an_hour_she_never_does() -> None:
    assert not Joining().may_look(HERE, 1, 0, 0.0)
