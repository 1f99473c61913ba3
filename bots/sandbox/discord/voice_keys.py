"""A simulated person's end-to-end encryption: what a client does with the operations of DAVE."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

import davey

from bots.sandbox.discord import voice_dave as dave
from bots.sandbox.discord.voice_faults import supplement


class Channel(Protocol):
    """Where a client answers."""

    @property
    def channel(self) -> int: ...
    def answer(self, op: int, told: object) -> None: ...


_PASSING = 10  # seconds in which what is not encrypted is taken, after a change


class Keys:
    """One session, and the version that the call is at."""

    def __init__(self, user: int, channel: Channel) -> None:
        self._user = user
        self._channel = channel
        self._session: Final = davey.DaveSession(1, user, channel.channel)
        self._pending: dict[int, int] = {}
        self._loop = asyncio.get_running_loop()
        self.version = 0

    @property
    def ready(self) -> bool:
        return self.version > 0 and self._session.ready

    @property
    def privacy_code(self) -> str:
        return (self._session.voice_privacy_code or "") if self.ready else ""

    def begin(self, version: int) -> None:
        """The call is at this version."""
        self.version = version
        if version:
            self._offer()

    def _offer(self) -> None:
        self._session.reinit(1, self._user, self._channel.channel)
        self._channel.answer(dave.KEY_PACKAGE, self._session.get_serialized_key_package())

    # -- sound -----------------------------------------------------------------------------------

    def seal(self, packet: bytes, *, plain: bool = False) -> bytes:
        if not self.ready:
            return packet
        if plain:
            return packet + supplement()
        return self._session.encrypt_opus(packet)

    def unseal(self, user: int, payload: bytes) -> bytes | None:
        """None for what no key of ours opens."""
        if not self.ready:
            return payload
        try:
            return self._session.decrypt(user, davey.MediaType.audio, payload)
        except ValueError as error:
            return payload if "UnencryptedWhenPassthroughDisabled" in str(error) else None

    # -- operations ------------------------------------------------------------------------------

    def obey(self, op: int, told: object) -> None:
        match op, told:
            case dave.EXTERNAL_SENDER, bytes():
                self._session.set_external_sender(told)
            case dave.PROPOSALS, bytes():
                self._commit(told)
            case ((dave.ANNOUNCE_COMMIT | dave.WELCOME), bytes()):
                self._follow(op, int.from_bytes(told[:2]), told[2:])
            case dave.PREPARE, {
                "transition_id": int() as number,
                "protocol_version": int() as version,
            }:
                self._pending[number] = version
                if not version:
                    self._session.set_passthrough_mode(True, 12 * _PASSING)
                self._channel.answer(dave.READY, {"transition_id": number})
            case dave.EXECUTE, {"transition_id": int() as number}:
                self._execute(number)
            case dave.PREPARE_EPOCH, {"epoch": 1, "protocol_version": int() as version}:
                self.version = version
                self._offer()

    def _commit(self, told: bytes) -> None:
        kind = (
            davey.ProposalsOperationType.revoke if told[0] else davey.ProposalsOperationType.append
        )
        made = self._session.process_proposals(kind, told[1:])
        if made is not None:
            answer = made.commit + (made.welcome or b"")
            self._channel.answer(dave.COMMIT_WELCOME, answer)

    def _follow(self, op: int, number: int, told: bytes) -> None:
        try:
            if op == dave.WELCOME:
                self._session.process_welcome(told)
            else:
                self._session.process_commit(told)
        except ValueError:
            self._channel.answer(dave.INVALID_COMMIT, {"transition_id": number})
            self._offer()
            return
        self._pending[number] = self.version
        self._channel.answer(dave.READY, {"transition_id": number})

    def _execute(self, number: int) -> None:
        before, self.version = self.version, self._pending.pop(number, self.version)
        if self.version and not before:
            self._session.set_passthrough_mode(True, _PASSING)
