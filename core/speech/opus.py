"""Opus by libopus itself: one frame in, one packet out, and what to play where a packet is lost."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
from functools import cache
from pathlib import Path
from typing import Final

from core.errors import TroupeError

SILENCE: Final = b"\xf8\xff\xfe"
"""A packet of 20 ms in which nothing is heard; it needs no encoder."""

_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
_LONGEST_PACKET = 1_275 * 3 + 7
_LONGEST = 0.12
"""Seconds of sound that one packet can hold."""
_FRAMES_PER_SECOND = (400, 200, 100, 50, 25, 50 / 3)

_OK = 0
_VOIP = 2_048
_SIGNAL_VOICE = 3_001
_SET_BITRATE = 4_002
_SET_COMPLEXITY = 4_010
_SET_INBAND_FEC = 4_012
_SET_LOSS = 4_014
_SET_SIGNAL = 4_024
_RESET = 4_028


class OpusFailed(TroupeError):
    """A frame or packet that is none, or no libopus to ask."""


def is_here() -> bool:
    """Whether there is a libopus to be asked; the first time, or the first codec, reads the disk."""
    try:
        _library()
    except OpusFailed:
        return False
    return True


class Encoder:
    """One voice to packets; for one thread at a time.

    With FEC a packet also carries a rough copy of the one before, the better the more `loss`
    (percent of packets that the other end misses) is expected.
    """

    def __init__(
        self,
        rate: int = 48_000,
        channels: int = 1,
        *,
        bitrate: int = 64_000,
        fec: bool = True,
        loss: int = 5,
        complexity: int = 7,
    ) -> None:
        _check(rate, channels)
        self._call = (library := _library()).opus_encode
        # The state lies in memory of ours, so that nobody has to give it back.
        self._state = ctypes.create_string_buffer(library.opus_encoder_get_size(channels))
        _done(library.opus_encoder_init(self._state, rate, channels, _VOIP))
        self._sizes = {
            round(rate / frames) * channels * 2: round(rate / frames)
            for frames in _FRAMES_PER_SECOND
        }
        self._out = ctypes.create_string_buffer(_LONGEST_PACKET)
        self._view = memoryview(self._out).cast("B")
        self._set(_SET_BITRATE, bitrate)
        self._set(_SET_SIGNAL, _SIGNAL_VOICE)
        self._set(_SET_INBAND_FEC, int(fec))
        self._set(_SET_COMPLEXITY, complexity)
        self.expect_loss(loss)

    def encode(self, pcm: bytes) -> bytes:
        """2.5, 5, 10, 20, 40 or 60 ms of signed 16 bits as a packet."""
        size = self._sizes.get(len(pcm))
        if size is None:
            raise OpusFailed(f"{len(pcm)} bytes are no frame of Opus")
        length = self._call(self._state, pcm, size, self._out, _LONGEST_PACKET)
        if length < 0:
            raise OpusFailed(f"libopus does not encode it ({length})")
        return self._view[:length].tobytes()

    def expect_loss(self, percent: int) -> None:
        self._set(_SET_LOSS, max(0, min(100, percent)))

    def reset(self) -> None:
        """Forget what was said: the next frame stands alone."""
        _done(_library().opus_encoder_ctl(self._state, _RESET))

    def _set(self, what: int, value: int) -> None:
        _done(_library().opus_encoder_ctl(self._state, what, ctypes.c_int(value)))


class Decoder:
    """Packets of one speaker to sound, at any rate that Opus knows; for one thread at a time.

    What comes in stereo is mixed down where one channel is asked for. A packet that never came
    is either recovered from the one behind it, or concealed; in the order of the packets.
    """

    def __init__(self, rate: int = 48_000, channels: int = 1) -> None:
        _check(rate, channels)
        self._call = (library := _library()).opus_decode
        self._state = ctypes.create_string_buffer(library.opus_decoder_get_size(channels))
        _done(library.opus_decoder_init(self._state, rate, channels))
        self._width = channels * 2
        self._grain = rate // 400
        self._most = round(rate * _LONGEST)
        self._last = rate // 50
        self._out = ctypes.create_string_buffer(self._most * self._width)
        self._view = memoryview(self._out).cast("B")

    def decode(self, packet: bytes) -> bytes:
        """Signed 16 bits, as long as the packet is."""
        if not packet:
            raise OpusFailed("an empty packet is none")
        samples = self._call(self._state, packet, len(packet), self._out, self._most, 0)
        if samples < 0:
            raise OpusFailed(f"no packet of Opus ({samples})")
        self._last = samples
        return self._view[: samples * self._width].tobytes()

    def conceal(self, samples: int = 0) -> bytes:
        """A guess at a lost packet, as long as the last one unless told; it fades to silence."""
        return self._lost(None, samples)

    def recover(self, behind: bytes, samples: int = 0) -> bytes:
        """The lost packet before `behind` from what that one carries of it; else a guess.

        `behind` itself is to be decoded afterwards.
        """
        return self._lost(behind or None, samples)

    def reset(self) -> None:
        _done(_library().opus_decoder_ctl(self._state, _RESET))

    def _lost(self, behind: bytes | None, samples: int) -> bytes:
        samples = samples or self._last
        if samples % self._grain or not 0 < samples <= self._most:
            raise OpusFailed(f"no packet has {samples} samples")
        told = self._call(self._state, behind, len(behind or b""), self._out, samples, 1)
        if told < 0:
            raise OpusFailed(f"no packet of Opus ({told})")
        return self._view[: told * self._width].tobytes()


def packet_samples(packet: bytes, rate: int = 48_000) -> int:
    """How long a packet plays, by its first bytes alone; needs no libopus."""
    if not packet:
        raise OpusFailed("an empty packet is none")
    head = packet[0]
    config, code = head >> 3, head & 3
    if config >= 16:
        frame = rate * 2.5 * (1 << (config & 3)) / 1_000
    elif config >= 12:
        frame = rate * (10, 20)[config & 1] / 1_000
    else:
        frame = rate * (10, 20, 40, 60)[config & 3] / 1_000
    if code == 3 and len(packet) < 2:
        raise OpusFailed("a packet without the number of its frames")
    frames = (1, 2, 2, packet[1] & 0x3F)[code] if code == 3 else (1, 2, 2)[code]
    if not frames or frames * frame > rate * _LONGEST:
        raise OpusFailed(f"no packet has {frames} such frames")
    return round(frames * frame)


def _check(rate: int, channels: int) -> None:
    if rate not in _RATES or channels not in (1, 2):
        raise OpusFailed(f"Opus has no {rate} Hz with {channels} channels")


def _done(code: int) -> None:
    if code != _OK:
        raise OpusFailed(f"libopus refuses it ({code})")


@cache
def _library() -> ctypes.CDLL:
    for path in _places():
        try:
            return _declared(ctypes.CDLL(path))
        except (OSError, AttributeError):
            continue
    raise OpusFailed("there is no libopus: run `make setup`, or `pip install troupe[voice]`")


def _places() -> list[str]:
    """What PyAV has brought first: it is the same for everybody."""
    found = importlib.util.find_spec("av")
    places: list[str] = []
    if found is not None and found.origin is not None:
        package = Path(found.origin).parent
        for folder in (package.parent / "av.libs", package / ".dylibs", package):
            places += map(str, sorted(folder.glob("libopus*")))
    if (installed := ctypes.util.find_library("opus")) is not None:
        places.append(installed)
    return places


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    """With its signatures; what else follows a ctl is variadic, and must not be declared."""
    number, text, state = ctypes.c_int32, ctypes.c_char_p, ctypes.c_void_p
    for name, kinds in (
        ("opus_encoder_get_size", (number,)),
        ("opus_encoder_init", (state, number, number, number)),
        ("opus_encoder_ctl", (state, number)),
        ("opus_encode", (state, text, number, state, number)),
        ("opus_decoder_get_size", (number,)),
        ("opus_decoder_init", (state, number, number)),
        ("opus_decoder_ctl", (state, number)),
        ("opus_decode", (state, text, number, state, number, number)),
    ):
        function = getattr(library, name)
        function.argtypes = kinds
        function.restype = ctypes.c_int32
    return library
