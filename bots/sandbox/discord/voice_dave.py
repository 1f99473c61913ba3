"""The end-to-end encryption of one call, as the server leads it: one transition at a time."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from bots.sandbox.discord.voice_mls import Commit, Sender, Unreadable, vector

PREPARE, EXECUTE, READY, PREPARE_EPOCH = 21, 22, 23, 24
EXTERNAL_SENDER, KEY_PACKAGE, PROPOSALS, COMMIT_WELCOME = 25, 26, 27, 28
ANNOUNCE_COMMIT, WELCOME, INVALID_COMMIT = 29, 30, 31

_APPEND = b"\0"
COMMIT_PATIENCE = 5.0
"""For a commit to come; then the group begins anew."""
READY_PATIENCE = 2.0
"""For everybody to be ready; then those who are go on."""


class Policy(Enum):
    """Whether a call is end-to-end encrypted."""

    REQUIRED = "required"
    """Nobody gets in without: 4017."""
    OFFERED = "offered"
    """As long as everybody can."""
    OFF = "off"


class Party(Protocol):
    """Somebody in a call, as the group sees them."""

    @property
    def user(self) -> int: ...
    @property
    def dave(self) -> int:
        """The highest version that their client has said it speaks; 0 for none."""
        ...

    def tell(self, op: int, told: object) -> None: ...
    def tell_bytes(self, op: int, told: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class _Asked:
    """Somebody is to come in, with a key package, or to go, without."""

    user: int
    key_package: bytes = b""


@dataclass(slots=True)
class _Transition:
    """What the group is waiting for."""

    asked: _Asked | None = None
    number: int = 0
    """0 until it is announced."""
    awaited: set[int] = field(default_factory=set)


class Group:
    """The members of one call in the order of the group's tree, and who is on the way there."""

    def __init__(
        self,
        channel: int,
        parties: dict[int, Party],
        policy: Policy,
        told: Callable[[], None],
        *,
        commit_patience: float = COMMIT_PATIENCE,
        ready_patience: float = READY_PATIENCE,
    ) -> None:
        self._commit_patience = commit_patience
        self._ready_patience = ready_patience
        self._channel = channel
        self._parties = parties
        self._sender = Sender()
        self._leaves: list[int | None] = []
        self._asked: deque[_Asked] = deque()
        self._now: _Transition | None = None
        self._limit: asyncio.TimerHandle | None = None
        self._numbers = 0
        self._told = told
        self.policy = policy
        self.version = 0 if policy is Policy.OFF else 1
        self.epoch = 0
        self.transitions = 0
        """Executed so far."""
        self.invalid = 0
        """How often a client could not use what it was given (op 31)."""

    @property
    def members(self) -> tuple[int, ...]:
        """Who has the keys of this epoch; a lone one has none yet, and nobody to hear them."""
        return tuple(user for user in self._leaves if user is not None)

    @property
    def settled(self) -> bool:
        """Nothing is under way, and everybody is in who can be."""
        able = {user for user, party in self._parties.items() if party.dave}
        return (
            self._now is None
            and not self._asked
            and (self.version == 0 or able == set(self.members))
        )

    def close(self) -> None:
        if self._limit is not None:
            self._limit.cancel()

    # -- who comes and goes ----------------------------------------------------------------------

    def welcome(self, party: Party) -> int:
        """The version that a newcomer is to be told; one without any takes it from all."""
        if self.version and not party.dave:
            self._change_to(0)
        return self.version

    def begin(self, party: Party) -> None:
        """They know the version; tell them whose proposals to believe."""
        if self.version:
            party.tell_bytes(EXTERNAL_SENDER, self._sender.package)

    def leave(self, user: int) -> None:
        """They are among the parties no more."""
        self._forget(user)
        self._asked.append(_Asked(user))
        self._is_ready(user)
        if not self._parties:
            self._dissolve()
            self.version = 0 if self.policy is Policy.OFF else 1
        elif not self.version and self.policy is not Policy.OFF and self._all_can():
            self.renew()
        else:
            self._drop_unheard()
            self._step()

    def obey(self, policy: Policy) -> None:
        """Change it while people are talking."""
        self.policy = policy
        wanted = policy is not Policy.OFF and self._all_can()
        if wanted and not self.version:
            self.renew()
        elif self.version and not wanted:
            self._change_to(0)

    def renew(self) -> None:
        """Begin the group anew, at epoch 1, with everybody who is there."""
        self._dissolve()
        self.version = 1
        told = {"transition_id": self._number(), "epoch": 1, "protocol_version": 1}
        for party in self._able():
            party.tell(PREPARE_EPOCH, told)
            party.tell_bytes(EXTERNAL_SENDER, self._sender.package)
        self._told()

    # -- what clients say ------------------------------------------------------------------------

    def take_key_package(self, user: int, key_package: bytes) -> None:
        """Op 26: they want in; whoever is in already has lost their state."""
        self._forget(user)
        if not self.version:
            return
        if not (set(self.members) - {user}) and self._now is None:
            self._leaves, self.epoch = [user], 0
            self._told()
            return
        if user in self._leaves:
            self._asked.append(_Asked(user))
        self._asked.append(_Asked(user, key_package))
        self._step()

    def take_commit(self, user: int, given: bytes) -> None:
        """Op 28: the first good one of an epoch is everybody's."""
        now = self._now
        if now is None or now.asked is None or now.number or user not in self._leaves:
            return
        with contextlib.suppress(Unreadable):
            read = Commit.read(given)
            welcomes = bool(now.asked.key_package) == bool(read.welcome)
            if (read.group, read.epoch) == (self._channel, self.epoch) and welcomes:
                self._announce(now, now.asked, read)

    def take_ready(self, user: int, number: int) -> None:
        """Op 23."""
        if self._now is not None and self._now.number == number:
            self._is_ready(user)

    def take_invalid(self, user: int, number: int) -> None:
        """Op 31: they could not follow, and send a new key package."""
        self.invalid += 1
        self.take_ready(user, number)

    # -- one transition --------------------------------------------------------------------------

    def _step(self) -> None:
        while self._now is None and self._asked:
            self._propose(self._asked.popleft())
        self._told()

    def _propose(self, asked: _Asked) -> None:
        user, key_package = asked.user, asked.key_package
        stay = [each for each in self._able() if each.user in self._leaves and each.user != user]
        if not stay:
            # Nobody could commit it: who wants in is the group, who goes was the last.
            here = bool(key_package) and user in self._parties
            self._leaves, self.epoch = [user] if here else [], 0
            return
        if key_package:
            if user not in self._parties or user in self._leaves:
                return
            proposal = self._sender.add(self._channel, self.epoch, key_package)
        elif user in self._leaves:
            leaf = self._leaves.index(user)
            proposal = self._sender.remove(self._channel, self.epoch, leaf)
        else:
            return
        self._now = _Transition(asked)
        self._wait(self._commit_patience, self.renew)
        for party in stay:
            party.tell_bytes(PROPOSALS, _APPEND + vector(proposal))

    def _drop_unheard(self) -> None:
        """Whoever could have committed is gone: ask again, of those who are left."""
        now = self._now
        if now is None or now.asked is None or now.number:
            return
        if not set(self.members) & set(self._parties) - {now.asked.user}:
            self._now = None
            self._asked.appendleft(now.asked)

    def _announce(self, now: _Transition, asked: _Asked, read: Commit) -> None:
        members = [user for user in self.members if user in self._parties and user != asked.user]
        self.epoch += 1
        now.number = self._number()
        head = struct.pack(">H", now.number)
        if asked.key_package:
            self._seat(asked.user)
        else:
            self._leaves[self._leaves.index(asked.user)] = None
            while self._leaves and self._leaves[-1] is None:
                self._leaves.pop()
        now.awaited.update(members)
        for user in members:
            self._parties[user].tell_bytes(ANNOUNCE_COMMIT, head + read.commit)
        newcomer = self._parties.get(asked.user)
        if asked.key_package and newcomer is not None:
            now.awaited.add(asked.user)
            newcomer.tell_bytes(WELCOME, head + read.welcome)
        self._wait(self._ready_patience, self._execute)

    def _seat(self, user: int) -> None:
        """MLS gives a newcomer the leftmost leaf that is free."""
        if None in self._leaves:
            self._leaves[self._leaves.index(None)] = user
        else:
            self._leaves.append(user)

    def _is_ready(self, user: int) -> None:
        now = self._now
        if now is None or not now.number:
            return
        now.awaited.discard(user)
        if not now.awaited:
            self._execute()

    def _execute(self) -> None:
        now, self._now = self._now, None
        if self._limit is not None:
            self._limit.cancel()
        if now is not None:
            self.transitions += 1
            for party in self._able():
                party.tell(EXECUTE, {"transition_id": now.number})
        self._step()

    def _change_to(self, version: int) -> None:
        able = self._able()
        self._dissolve()
        self.version = version
        if not able:
            return
        self._now = _Transition(None, self._number(), {party.user for party in able})
        told = {"transition_id": self._now.number, "protocol_version": version}
        self._wait(self._ready_patience, self._execute)
        for party in able:
            party.tell(PREPARE, told)

    # -- small words -----------------------------------------------------------------------------

    def _dissolve(self) -> None:
        self._leaves, self._now, self.epoch = [], None, 0
        self._asked.clear()
        self.close()

    def _forget(self, user: int) -> None:
        """An older wish of theirs is void; that they are to go is not."""
        kept = [asked for asked in self._asked if asked.user != user or not asked.key_package]
        self._asked = deque(kept)

    def _able(self) -> list[Party]:
        return [party for party in self._parties.values() if party.dave]

    def _all_can(self) -> bool:
        return all(party.dave for party in self._parties.values())

    def _number(self) -> int:
        self._numbers = self._numbers % 0xFFFF + 1
        return self._numbers

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self.close()
        self._limit = asyncio.get_running_loop().call_later(seconds, then)
