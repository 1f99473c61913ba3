"""One channel in which people talk: who is in it, who hears whom, who speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bots.sandbox.discord import voice_dave as dave
from bots.sandbox.discord.voice_dave import Group, Party, Policy
from bots.sandbox.discord.voice_faults import VoiceFaults, Way
from bots.sandbox.discord.voice_rtp import Frame

SPEAKING, CLIENTS_CONNECT, CLIENT_DISCONNECT = 5, 11, 13


class Participant(Party, Protocol):
    """Somebody in a call: a client over the network, or a person of this process."""

    @property
    def deaf(self) -> bool: ...
    @property
    def muted(self) -> bool: ...
    @property
    def ssrc(self) -> int: ...
    def hear(self, frame: Frame) -> None: ...


@dataclass(frozen=True, slots=True)
class VoiceEvent:
    """Something that a page or a test may want to see."""

    kind: str
    """joined, left, speaking, silent or encryption."""
    guild: int
    channel: int
    user: int = 0


class Call:
    """Nobody in it hears themselves, and nobody hears who has not said that they speak."""

    def __init__(
        self,
        guild: int,
        channel: int,
        policy: Policy,
        faults: VoiceFaults,
        told: Callable[[VoiceEvent], None],
    ) -> None:
        self.guild = guild
        self.channel = channel
        self._faults = faults
        self._told = told
        self._loop = asyncio.get_running_loop()
        self.inside: dict[int, Participant] = {}
        self._parties: dict[int, Party] = {}
        self._announced: dict[int, int] = {}
        self.forwarded = 0
        self.unannounced = 0
        """Packets of those who had never sent SPEAKING: dropped."""
        self.group = Group(channel, self._parties, policy, self.has_other_keys)

    def close(self) -> None:
        self.group.close()

    @property
    def speaking(self) -> frozenset[int]:
        return frozenset(user for user, flags in self._announced.items() if flags & 1)

    def welcome(self, who: Participant) -> int:
        """The version of end-to-end encryption that they are to be told, before they enter."""
        return self.group.welcome(who)

    def enter(self, who: Participant) -> None:
        """Make them known to each other."""
        others = list(self.inside.values())
        self.inside[who.user] = self._parties[who.user] = who
        self.group.begin(who)
        if others:
            who.tell(CLIENTS_CONNECT, {"user_ids": [str(other.user) for other in others]})
        for other in others:
            other.tell(CLIENTS_CONNECT, {"user_ids": [str(who.user)]})
            if other.user in self._announced:
                self._tell_speaking(other, who)
        self._tell("joined", who.user)

    def leave(self, who: Participant) -> None:
        """Nothing where they are gone, or came again by another line."""
        if self.inside.get(who.user) is not who:
            return
        del self.inside[who.user], self._parties[who.user]
        self._announced.pop(who.user, None)
        for other in self.inside.values():
            other.tell(CLIENT_DISCONNECT, {"user_id": str(who.user)})
        self.group.leave(who.user)
        self._tell("left", who.user)

    def speak(self, who: Participant, flags: int) -> None:
        """Op 5: they begin, or end."""
        before = self._announced.get(who.user, 0)
        self._announced[who.user] = flags
        for other in self.inside.values():
            if other is not who:
                self._tell_speaking(who, other)
        if (before ^ flags) & 1:
            self._tell("speaking" if flags & 1 else "silent", who.user)

    def _tell_speaking(self, who: Participant, other: Participant) -> None:
        if not self._faults.tells_speaking(Way(self.guild, self.channel, who.user, other.user)):
            return
        flags = self._announced[who.user]
        told = {"user_id": str(who.user), "ssrc": who.ssrc, "speaking": flags, "delay": 0}
        other.tell(SPEAKING, told)

    def forward(self, who: Participant, frame: Frame) -> None:
        """To everybody else, by the way that each has."""
        if who.user not in self._announced:
            self.unannounced += 1
            return
        if who.muted:
            return
        for other in tuple(self.inside.values()):
            if other is who or other.deaf:
                continue
            self.forwarded += 1
            if self._faults.none:
                other.hear(frame)
                continue
            way = Way(self.guild, self.channel, who.user, other.user)
            for late, each in self._faults.meet(way, frame):
                if late:
                    self._loop.call_later(late, other.hear, each)
                else:
                    other.hear(each)

    def who(self, ssrc: int) -> int:
        """Whose sound that is; 0 for nobody's who is here."""
        return next((user for user, each in self.inside.items() if each.ssrc == ssrc), 0)

    # -- end-to-end encryption -------------------------------------------------------------------

    def obey(self, who: Participant, op: int, told: object) -> bool:
        """What a client says of the group; False for an operation that is none of it."""
        if self.inside.get(who.user) is not who:
            return op in {dave.READY, dave.INVALID_COMMIT, dave.KEY_PACKAGE, dave.COMMIT_WELCOME}
        match op, told:
            case dave.KEY_PACKAGE, bytes():
                self.group.take_key_package(who.user, told)
            case dave.COMMIT_WELCOME, bytes():
                self.group.take_commit(who.user, told)
            case dave.READY, {"transition_id": int() as number}:
                self.group.take_ready(who.user, number)
            case dave.INVALID_COMMIT, {"transition_id": int() as number}:
                self.group.take_invalid(who.user, number)
            case _:
                return False
        return True

    def has_other_keys(self) -> None:
        """The group, or what one of this process has of it, is another now."""
        self._tell("encryption")

    def _tell(self, kind: str, user: int = 0) -> None:
        self._told(VoiceEvent(kind, self.guild, self.channel, user))
