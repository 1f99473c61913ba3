"""What is undone to hear a packet: the transport's encryption, then the one from end to end."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

import davey
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt
from nacl.exceptions import CryptoError

from bots.discord.rtp import Packet, payload
from core.speech.opus import SILENCE

MARKED: Final = b"\xfa\xfa"
"""The last two bytes of whatever is encrypted end to end."""

_MODE = "aead_xchacha20_poly1305_rtpsize"
_UNSEALED = "UnencryptedWhenPassthroughDisabled"
_NONCE = 4
_EMPTY_NONCE = bytes(20)
_KEY = 32
_SMALLEST_SUPPLEMENT = 12
"""A tag of 8 bytes, a nonce of one, its own length, and the mark."""

_MANY = 128
_KNOWN = 50
_TOO_MANY = 24
_TOO_LONG = 2.0
_LONG_AGO = 10.0
_AGAIN = 15.0
_FORGIVEN = 2.0
"""Seconds from when the keys have changed in which what does not open is nobody's fault."""


class Keys(Protocol):
    """What a voice connection knows; all of it is replaced while it lives."""

    @property
    def secret_key(self) -> Sequence[int]: ...
    @property
    def mode(self) -> str: ...
    @property
    def dave_session(self) -> davey.DaveSession | None: ...
    @property
    def dave_protocol_version(self) -> int: ...


class Transport:
    """Opens what the server has sealed for us, with the key of the moment."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._given: Any = None
        self._key = b""

    def open(self, packet: Packet) -> bytes | None:
        """What the packet carries; None when it was not sealed with our key."""
        keys = self._keys
        # A reconnect brings another list: the same one is turned into bytes only once.
        if (given := keys.secret_key) is not self._given:
            self._key = bytes(given or ())  # nothing yet is discord.py's MISSING, which is false
            self._given = given
        if len(self._key) != _KEY or keys.mode != _MODE or len(packet.sealed) <= _NONCE:
            return None
        sealed = packet.sealed
        try:
            opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
                sealed[:-_NONCE], packet.header, sealed[-_NONCE:] + _EMPTY_NONCE, self._key
            )
        except (CryptoError, ValueError):
            return None
        return payload(packet, opened)


class Endwise:
    """Opens what a person's client has sealed for all who are in the call."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self.forgiven = False
        """The last frame that did not open came while keys were changing: lost, not failed."""
        self._session: davey.DaveSession | None = None
        self._epoch: int | None = None
        self._changed = 0.0
        self._heads: dict[int, int] = {}
        """Everybody's last first byte: by it a client says how it encodes, and seldom changes."""

    @property
    def wanted(self) -> bool:
        """Whether this call is encrypted from end to end."""
        return self._keys.dave_session is not None and self._keys.dave_protocol_version > 0

    def open(self, person: int, frame: bytes, now: float) -> bytes | None:
        """The Opus packet in it; None for one that does not open."""
        session = self._keys.dave_session
        if session is None or frame == SILENCE:
            return plain(frame)
        try:
            if session is not self._session or session.epoch != self._epoch:
                self._session, self._epoch, self._changed = session, session.epoch, now
            opened = session.decrypt(person, davey.MediaType.audio, frame)
        except ValueError as error:
            # davey tells what went wrong in words only.
            unsealed = _UNSEALED in str(error)
        except RuntimeError:  # the loop is changing this very session
            self.forgiven = True
            return None
        else:
            self._remember(person, opened)
            return opened
        if unsealed and (end := _marked(frame)) and end < len(frame):
            # Padding whose bit was not set hid the mark.
            return self.open(person, frame[:end], now)
        if unsealed or self._keys.dave_protocol_version == 0:
            return plain(frame)
        bare = plain(frame)
        if bare == SILENCE or (bare and bare[0] == self._heads.get(person)):
            # It was only dressed up as sealed: what is sealed looks like this once in 256.
            return bare
        self.forgiven = now - self._changed <= _FORGIVEN
        return None

    def _remember(self, person: int, opened: bytes) -> None:
        if opened and opened != SILENCE and self._heads.get(person) != opened[0]:
            if len(self._heads) >= _MANY:
                self._heads.clear()
            self._heads[person] = opened[0]

    def whose(self, frame: bytes, people: Iterable[int]) -> tuple[int, bytes] | None:
        """Who of them has sealed this frame, and what is in it, for it opens only once.

        Only a frame that is sealed can tell.
        """
        session = self._keys.dave_session
        if session is None or not frame.endswith(MARKED):
            return None
        for person in people:
            try:
                opened = session.decrypt(person, davey.MediaType.audio, frame)
            except (ValueError, RuntimeError):
                continue
            self._remember(person, opened)
            return person, opened
        return None


def plain(frame: bytes) -> bytes | None:
    """An unsealed frame without what was hung behind it as if it were sealed."""
    if (end := _marked(frame)) == 0:
        return frame or None
    # Its own length stands before the mark, and covers both.
    length = frame[end - 3] if end > 2 else 0
    if not _SMALLEST_SUPPLEMENT <= length < end:
        return frame
    return frame[: end - length]


def _marked(frame: bytes) -> int:
    """Where the mark ends, also behind padding whose bit was not set; 0 for no mark."""
    if frame.endswith(MARKED):
        return len(frame)
    padding = frame[-1] if frame else 0
    end = len(frame) - padding
    return end if padding and end > 0 and frame[:end].endswith(MARKED) else 0


class Health:
    """Tells when so much does not open that the keys must be made anew."""

    def __init__(self, ailing: Callable[[str], None]) -> None:
        self._ailing = ailing
        self._opened: deque[bool] = deque(maxlen=_KNOWN)
        self._bad: float | None = None
        """Since when too many do not open."""
        self._last = 0.0
        self._told: float | None = None

    @property
    def fails(self) -> bool:
        """It has been told, and nothing has opened since."""
        return self._told is not None

    def well(self) -> None:
        self._opened.append(True)
        self._told = None
        if self._bad is not None and self._opened.count(False) < _TOO_MANY:
            self._bad = None

    def failed(self, now: float) -> None:
        if now - self._last > _LONG_AGO:
            self._opened.clear()
            self._bad = None
        self._last = now
        self._opened.append(False)
        failures = self._opened.count(False)
        if failures < _TOO_MANY:
            return
        self._bad = now if self._bad is None else self._bad
        if now - self._bad < _TOO_LONG:
            return
        if self._told is None or now - self._told > _AGAIN:
            self._told = now
            self._ailing(f"{failures} of the last {_KNOWN} packets could not be decrypted")
