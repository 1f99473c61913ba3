"""The little of libopus that a simulated person needs: 20 ms of mono to a packet, and back."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import importlib.util
from pathlib import Path
from typing import Any, Self

from bots.sandbox.discord.voice_rtp import FRAME_SAMPLES

RATE = 48_000
FRAME_BYTES = FRAME_SAMPLES * 2
_VOIP = 2048
_LONGEST_PACKET = 1275
_LONGEST_FRAME = 5760  # samples of 120 ms, the most that one packet holds


class Broken(ValueError):
    """No Opus."""


class Encoder:
    """One speaker's sound to packets."""

    def __init__(self) -> None:
        self._opus = _library()
        error = ctypes.c_int()
        self._state = self._opus.opus_encoder_create(RATE, 1, _VOIP, ctypes.byref(error))
        self._out = ctypes.create_string_buffer(_LONGEST_PACKET)

    def encode(self, pcm: bytes) -> bytes:
        """FRAME_BYTES of signed 16-bit samples."""
        size = self._opus.opus_encode(self._state, pcm, FRAME_SAMPLES, self._out, _LONGEST_PACKET)
        if size < 0:
            raise Broken(f"libopus refuses to encode: {size}")
        return self._out.raw[:size]

    def close(self) -> None:
        state, self._state = self._state, None
        if state is not None:
            self._opus.opus_encoder_destroy(state)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()


class Decoder:
    """One speaker's packets to sound."""

    def __init__(self) -> None:
        self._opus = _library()
        error = ctypes.c_int()
        self._state = self._opus.opus_decoder_create(RATE, 1, ctypes.byref(error))
        self._out = ctypes.create_string_buffer(_LONGEST_FRAME * 2)

    def decode(self, packet: bytes) -> bytes:
        """Mono, 48 kHz, signed 16 bits; Broken for what is no Opus."""
        count = self._opus.opus_decode(
            self._state, packet, len(packet), self._out, _LONGEST_FRAME, 0
        )
        if count < 0:
            raise Broken(f"libopus cannot decode: {count}")
        return self._out.raw[: count * 2]

    def close(self) -> None:
        state, self._state = self._state, None
        if state is not None:
            self._opus.opus_decoder_destroy(state)


@functools.cache
def _library() -> Any:
    opus = ctypes.CDLL(_where())
    state, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, takes, gives in (
        ("encoder_create", [number, number, number, ctypes.POINTER(number)], state),
        ("encode", [state, text, number, text, number], number),
        ("encoder_destroy", [state], None),
        ("decoder_create", [number, number, ctypes.POINTER(number)], state),
        ("decode", [state, text, number, text, number, number], number),
        ("decoder_destroy", [state], None),
    ):
        function = getattr(opus, f"opus_{name}")
        function.argtypes, function.restype = takes, gives
    return opus


def _where() -> str:
    """The one that PyAV's wheel brings, or the system's."""
    found = importlib.util.find_spec("av")
    if found is not None and found.origin is not None:
        package = Path(found.origin).parent
        for folder in (package.parent / "av.libs", package / ".dylibs"):
            for library in sorted(folder.glob("libopus*")):
                return str(library)
    system = ctypes.util.find_library("opus")
    if system is None:
        raise OSError("there is no libopus: PyAV brings one (pip install av)")
    return system
