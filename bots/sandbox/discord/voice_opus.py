"""The little of Opus that a simulated person needs: 20 ms of mono to a packet, and back.

By PyAV, and not as Troupe does it: the stage stands alone, and what is said by one hand and read by
the other shows that both are right.
"""

from __future__ import annotations

from typing import Final, Self

from av import CodecContext
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.error import FFmpegError
from av.packet import Packet

from bots.sandbox.discord.voice_rtp import FRAME_SAMPLES

RATE: Final = 48_000
FRAME_BYTES: Final = FRAME_SAMPLES * 2
_BITRATE: Final = 51_000
"""What libopus chooses by itself for one channel."""


class Broken(ValueError):
    """No Opus."""


class Encoder:
    """One speaker's sound to packets."""

    def __init__(self) -> None:
        self._codec = CodecContext.create("libopus", "w")
        _be_mono(self._codec)
        self._codec.bit_rate = _BITRATE
        self._codec.options = {"application": "voip"}

    def encode(self, pcm: bytes) -> bytes:
        """FRAME_BYTES of signed 16-bit samples."""
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME_SAMPLES)
        frame.sample_rate = RATE
        frame.planes[0].update(pcm)
        (packet,) = self._codec.encode(frame)
        return bytes(packet)

    def close(self) -> None:
        """Give back what libopus keeps; nothing is to be encoded after it."""
        del self._codec

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()


class Decoder:
    """One speaker's packets to sound."""

    def __init__(self) -> None:
        self._codec = CodecContext.create("libopus", "r")
        _be_mono(self._codec)

    def decode(self, packet: bytes) -> bytes:
        """Mono, 48 kHz, signed 16 bits; Broken for what is no Opus."""
        if not packet:
            raise Broken("an empty packet is none")  # to the codec it would be the end of all
        try:
            return b"".join(_samples(frame) for frame in self._codec.decode(Packet(packet)))
        except FFmpegError as error:
            raise Broken(str(error)) from None

    def close(self) -> None:
        del self._codec


def _be_mono(codec: AudioCodecContext) -> None:
    codec.sample_rate = RATE
    codec.layout = "mono"
    codec.format = "s16"


def _samples(frame: AudioFrame) -> bytes:
    """A plane may be longer than what is in it."""
    return bytes(frame.planes[0])[: frame.samples * 2]
