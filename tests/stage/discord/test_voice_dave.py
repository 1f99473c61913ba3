"""The group of a call, led by the server: proposals, the first commit, and nobody waited for long."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import davey
import pytest

from bots.sandbox.discord import voice_dave as dave
from bots.sandbox.discord.voice_dave import Group, Policy
from bots.sandbox.discord.voice_mls import Commit, Sender, Unreadable, vector
from tests.stage.discord.voices import until

CHANNEL = 4_711


@dataclass
class Member:
    """A client that does only what the test tells it to."""

    user: int
    dave: int = 1
    told: list[tuple[int, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session = davey.DaveSession(1, self.user, CHANNEL)
        self.key_package = self.session.get_serialized_key_package()

    def tell(self, op: int, told: object) -> None:
        self.told.append((op, told))

    def tell_bytes(self, op: int, told: bytes) -> None:
        self.told.append((op, told))
        if op == dave.EXTERNAL_SENDER:
            self.session.set_external_sender(told)

    def last(self, op: int) -> Any:
        """What the last message of an operation carried; None where there was none."""
        return next((told for found, told in reversed(self.told) if found == op), None)

    def commits(self) -> bytes:
        """Its answer to the last proposals."""
        append = davey.ProposalsOperationType.append
        made = self.session.process_proposals(append, self.last(dave.PROPOSALS)[1:])
        assert made is not None
        return made.commit + (made.welcome or b"")


class Table:
    """A group, and who is at it."""

    def __init__(self, **patience: float) -> None:
        self.members: dict[int, Member] = {}
        self._parties: dict[int, dave.Party] = {}
        self.group = Group(CHANNEL, self._parties, Policy.REQUIRED, lambda: None, **patience)

    def join(self, user: int) -> Member:
        made = Member(user)
        self.group.welcome(made)
        self.members[user] = self._parties[user] = made
        self.group.begin(made)
        self.group.take_key_package(user, made.key_package)
        return made

    def leave(self, user: int) -> None:
        del self.members[user], self._parties[user]
        self.group.leave(user)

    def pair(self) -> tuple[Member, Member]:
        """Two who are in, and ready."""
        one, two = self.join(1), self.join(2)
        self.group.take_commit(1, one.commits())
        for user in (1, 2):
            self.group.take_ready(user, 1)
        return one, two


async def test_the_first_good_commit_is_everybodys_and_the_newcomer_is_welcomed() -> None:
    table = Table()
    one, two = table.join(1), table.join(2)
    assert (two.last(dave.PROPOSALS), table.group.members) == (None, (1,))
    table.group.take_commit(1, b"\0" * 50)
    assert one.last(dave.ANNOUNCE_COMMIT) is None
    table.group.take_commit(1, one.commits())
    number, commit = (one.last(dave.ANNOUNCE_COMMIT)[:2], one.last(dave.ANNOUNCE_COMMIT)[2:])
    assert two.last(dave.WELCOME)[:2] == number == b"\0\1"
    one.session.process_commit(commit)
    two.session.process_welcome(two.last(dave.WELCOME)[2:])
    assert one.session.voice_privacy_code == two.session.voice_privacy_code
    table.group.take_ready(1, 1)
    assert one.last(dave.EXECUTE) is None
    table.group.take_ready(2, 1)
    assert one.last(dave.EXECUTE) == two.last(dave.EXECUTE) == {"transition_id": 1}
    assert table.group.settled
    table.group.close()


async def test_there_is_one_transition_at_a_time() -> None:
    table = Table()
    one, _ = table.join(1), table.join(2)
    table.join(3)
    proposals = [told for op, told in one.told if op == dave.PROPOSALS]
    assert len(proposals) == 1
    table.group.take_commit(1, one.commits())
    table.group.take_ready(1, 1)
    table.group.take_ready(2, 1)
    proposals = [told for op, told in one.told if op == dave.PROPOSALS]
    assert len(proposals) == 2
    table.group.close()


async def test_where_no_commit_comes_the_group_begins_anew() -> None:
    table = Table(commit_patience=0.02)
    one, two = table.join(1), table.join(2)
    await until(lambda: one.last(dave.PREPARE_EPOCH) is not None)
    assert two.last(dave.PREPARE_EPOCH)["epoch"] == 1
    assert table.group.members == ()
    table.group.close()


async def test_who_is_never_ready_holds_nobody_up() -> None:
    table = Table(ready_patience=0.02)
    one, _ = table.join(1), table.join(2)
    table.group.take_commit(1, one.commits())
    table.group.take_ready(1, 1)
    await until(lambda: one.last(dave.EXECUTE) is not None)
    assert table.group.settled


async def test_who_could_commit_is_gone_so_the_next_is_the_first() -> None:
    table = Table()
    table.join(1)
    two = table.join(2)
    table.leave(1)
    assert table.group.members == (2,)
    assert (table.group.epoch, table.group.settled) == (0, True)
    three = table.join(3)
    table.group.take_commit(2, two.commits())
    two.session.process_commit(two.last(dave.ANNOUNCE_COMMIT)[2:])
    three.session.process_welcome(three.last(dave.WELCOME)[2:])
    assert two.session.voice_privacy_code == three.session.voice_privacy_code
    table.group.close()


async def test_a_leaver_is_removed_and_the_next_takes_the_free_leaf() -> None:
    table = Table()
    one, two = table.pair()
    one.session.process_commit(one.last(dave.ANNOUNCE_COMMIT)[2:])
    table.leave(2)
    table.group.take_commit(1, one.commits())
    one.session.process_commit(one.last(dave.ANNOUNCE_COMMIT)[2:])
    table.group.take_ready(1, 2)
    assert one.session.get_user_ids() == ["1"]
    three = table.join(3)
    table.group.take_commit(1, one.commits())
    one.session.process_commit(one.last(dave.ANNOUNCE_COMMIT)[2:])
    three.session.process_welcome(three.last(dave.WELCOME)[2:])
    assert (three.session.own_leaf_index, table.group.members) == (two.user - 1, (1, 3))
    table.group.close()


async def test_late_and_foreign_commits_are_nobodys() -> None:
    table = Table()
    one, two = table.pair()
    late = one.last(dave.ANNOUNCE_COMMIT)[2:]
    epoch = table.group.epoch
    one.session.process_commit(late)
    table.join(3)
    table.group.take_commit(2, late)
    table.group.take_commit(9, one.commits())
    assert table.group.epoch == epoch
    assert two.last(dave.ANNOUNCE_COMMIT) is None
    table.group.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize("given", [b"", b"\0\1\0\1", b"\0\1\0\1\xff", b"\0\1\0\1" + bytes(40)])
def test_what_is_no_commit_is_not_read(given: bytes) -> None:
    with pytest.raises(Unreadable):
        Commit.read(given)


def test_what_the_server_signs_is_a_proposal_and_no_commit() -> None:
    with pytest.raises(Unreadable):
        Commit.read(Sender().remove(CHANNEL, 1, 0))


@pytest.mark.parametrize(("size", "head"), [(0, 1), (63, 1), (64, 2), (16_383, 2), (16_384, 4)])
def test_a_vector_has_its_length_in_as_few_bytes_as_it_needs(size: int, head: int) -> None:
    assert len(vector(bytes(size))) == head + size
