"""Sound files of strangers, decoded by PyAV in memory: piece by piece, within limits."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.speech.pcm import WIDTH, SoundTooLong, UnreadableSound

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler
    from av.container import InputContainer

# Which reader a file gets is ours to say: some of theirs open other files that a file names.
_MATROSKA = "matroska,webm"
_MOV = "mov,mp4,m4a,3gp,3g2,mj2"
_KINDS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"OggS", "ogg"),
    (0, b"ID3", "mp3"),
    (0, b"fLaC", "flac"),
    (0, b"#!AMR", "amr"),
    (0, b"\x1a\x45\xdf\xa3", _MATROSKA),
    (0, b"caff", "caf"),
    (8, b"WAVE", "wav"),
    (8, b"AIFF", "aiff"),
    (8, b"AIFC", "aiff"),
    (4, b"ftyp", _MOV),
    (4, b"moov", _MOV),
    (4, b"mdat", _MOV),
    (4, b"free", _MOV),
    (4, b"wide", _MOV),
)
# Pictures in the same file are not looked at, not even to see what they are.
_CODECS = (
    "opus,libopus,vorbis,mp3,mp3float,aac,alac,flac,amrnb,amrwb,libopencore_amrnb,"
    "libopencore_amrwb,gsm,gsm_ms,adpcm_ima_wav,adpcm_ima_qt,adpcm_ms,pcm_alaw,pcm_mulaw,pcm_u8,"
    "pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,"
    "pcm_f64le"
)
_SLOWEST = 4_000
_MOST_CHANNELS = 8
_BROKEN = 50
"""Packets one after the other that nobody can decode."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a file may ask of us; raised as UnreadableSound where it asks for more."""

    bytes: int = 64 << 20
    seconds: float = 30 * 60
    patience: float = 60
    """Seconds that it may take."""

    @property
    def too_long(self) -> str:
        return f"it is longer than {self.seconds / 60:g} minutes"


def decoded(data: bytes, rate: int, bounds: Bounds, stop: threading.Event) -> Iterator[bytes]:
    """One channel at that rate, piece by piece; never more than `bounds` allows."""
    check_size(data, bounds)
    kind = _kind_of(data)
    until = time.monotonic() + bounds.patience
    most = round(bounds.seconds * rate)
    made = 0
    for frame in _frames(data, kind, rate, bounds, stop, until):
        made += frame.samples
        if made > most:
            raise SoundTooLong(bounds.too_long)
        yield bytes(frame.planes[0])[: frame.samples * WIDTH]
    if not made:
        raise UnreadableSound("nothing is to be heard in it")


def _frames(
    data: bytes, kind: str, rate: int, bounds: Bounds, stop: threading.Event, until: float
) -> Iterator[AudioFrame]:
    try:
        import av
    except ImportError:
        raise UnreadableSound(
            "no PyAV is installed: run `make setup`, or `pip install troupe[voice]`"
        ) from None
    options = {"format_whitelist": kind, "codec_whitelist": _CODECS, "protocol_whitelist": ""}
    try:
        with av.open(
            io.BytesIO(data),
            "r",
            format=kind.partition(",")[0],
            options=options,
            metadata_errors="replace",
        ) as file:
            if file.duration is not None and file.duration / 1e6 > bounds.seconds:
                raise SoundTooLong(bounds.too_long)
            yield from _shaped(_heard(file, stop, until), rate)
    except (av.error.FFmpegError, ValueError, MemoryError, OverflowError):
        # Where it is broken is of no use to anybody, and may be made of somebody's words.
        raise UnreadableSound("it is damaged, or of a kind that cannot be read") from None


def _heard(file: InputContainer, stop: threading.Event, until: float) -> Iterator[AudioFrame]:
    """Its first sound track, without the packets that are broken."""
    from av.error import InvalidDataError

    if not file.streams.audio:
        raise UnreadableSound("there is no sound in it")
    stream = file.streams.audio[0]
    broken = 0
    for packet in file.demux(stream):
        if stop.is_set() or time.monotonic() > until:
            raise UnreadableSound("it takes longer than it may")
        try:
            frames = stream.codec_context.decode(packet)
        except InvalidDataError:
            broken += 1
            if broken > _BROKEN:
                raise UnreadableSound("it is damaged") from None
            continue
        broken = 0
        yield from frames


def _shaped(frames: Iterator[AudioFrame], rate: int) -> Iterator[AudioFrame]:
    """All in one shape, also where a file changes its own on the way."""
    from av.audio.resampler import AudioResampler

    resampler: AudioResampler | None = None
    before: tuple[int, str, str] | None = None
    for frame in frames:
        if frame.sample_rate < _SLOWEST or frame.layout.nb_channels > _MOST_CHANNELS:
            raise UnreadableSound("nobody can hear such sound")
        now = (frame.sample_rate, frame.format.name, frame.layout.name)
        if resampler is None or now != before:
            if resampler is not None:
                yield from resampler.resample(None)
            resampler, before = AudioResampler("s16", "mono", rate), now
        frame.pts = None
        yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


def _kind_of(data: bytes) -> str:
    for at, mark, kind in _KINDS:
        if data[at : at + len(mark)] == mark:
            return kind
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0:
        return "mp3" if data[1] & 0x06 else "aac"
    raise UnreadableSound("it is no kind of sound that can be read")


def check_size(data: bytes, bounds: Bounds) -> None:
    if len(data) > bounds.bytes:
        raise UnreadableSound(f"it is larger than {bounds.bytes >> 20} MB")
