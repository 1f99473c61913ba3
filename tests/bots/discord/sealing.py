"""What is needed to send sound as Discord does: a group of davey's sessions, packets sealed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import davey

from bots.sandbox.discord.voice_mls import Commit, Sender, vector
from bots.sandbox.discord.voice_rtp import Frame, seal

CHANNEL = 4242
KEY = bytes(range(32))
MODE = "aead_xchacha20_poly1305_rtpsize"


class Group:
    """An end-to-end encrypted call, led as the server leads it."""

    def __init__(self) -> None:
        self._server = Sender()
        self._epoch = 0
        self.sessions: dict[int, davey.DaveSession] = {}

    def newcomer(self, person: int) -> davey.DaveSession:
        """A session that is not in the group yet."""
        session = davey.DaveSession(1, person, CHANNEL)
        session.set_external_sender(self._server.package)
        return session

    def add(self, person: int, session: davey.DaveSession | None = None) -> davey.DaveSession:
        session = session or self.newcomer(person)
        package = session.get_serialized_key_package()
        if self.sessions:
            proposal = vector(self._server.add(CHANNEL, self._epoch, package))
            append = davey.ProposalsOperationType.append
            made = [each.process_proposals(append, proposal) for each in self.sessions.values()]
            assert made[0] is not None
            assert made[0].welcome is not None
            commit = Commit.read(made[0].commit + made[0].welcome)
            for each in self.sessions.values():
                each.process_commit(commit.commit)
            session.process_welcome(commit.welcome)
            self._epoch += 1
        self.sessions[person] = session
        return session


@dataclass
class Line:
    """A voice connection's keys, and its socket's thread, which here is whoever calls `bring`."""

    secret_key: list[int] = field(default_factory=lambda: list(KEY))
    mode: str = MODE
    dave_session: davey.DaveSession | None = None
    dave_protocol_version: int = 0
    ssrc: int = 1
    listeners: list[Callable[[bytes], Any]] = field(default_factory=list)

    @property
    def can_encrypt(self) -> bool:
        session = self.dave_session
        return self.dave_protocol_version != 0 and session is not None and session.ready

    def add_socket_listener(self, callback: Callable[[bytes], Any], /) -> None:
        self.listeners.append(callback)

    def remove_socket_listener(self, callback: Callable[[bytes], Any], /) -> None:
        if callback in self.listeners:
            self.listeners.remove(callback)

    def bring(self, packet: bytes) -> None:
        for listener in tuple(self.listeners):
            listener(packet)


class Sending:
    """One stream of somebody: numbers and seals what they say, as the server hands it on."""

    def __init__(self, ssrc: int, session: davey.DaveSession | None = None) -> None:
        self.ssrc = ssrc
        self.session = session
        self.key = KEY
        self._count = 0

    def packet(self, opus: bytes, *, padding: int = 0, plain: bool = False) -> bytes:
        carried = opus
        if self.session is not None and not plain:
            carried = self.session.encrypt_opus(opus)
        self._count += 1
        frame = Frame(self.ssrc, self._count, 960 * self._count, carried, padding=padding)
        return seal(self.key, self._count, frame)
