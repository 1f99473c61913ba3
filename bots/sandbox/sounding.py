"""Any sound file as people of the stage say it: 48 kHz, one channel, signed 16 bits."""

import asyncio
import io

RATE = 48_000
_LONGEST = 300.0
"""Seconds of one file."""


async def sound_of(data: bytes) -> bytes:
    """The samples of a file, made beside the loop; ValueError where it is no sound."""
    return await asyncio.to_thread(_samples, data)


def _samples(data: bytes) -> bytes:
    import av  # only who lets people speak needs it
    from av.audio.resampler import AudioResampler

    made, most = bytearray(), int(_LONGEST * RATE) * 2
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    try:
        with av.open(io.BytesIO(data), "r") as file:
            if not file.streams.audio:
                raise ValueError("there is no sound in this file")
            for frame in file.decode(audio=0):
                for piece in resampler.resample(frame):
                    made += bytes(piece.planes[0])[: piece.samples * 2]
                if len(made) >= most:
                    break
            for piece in resampler.resample(None):
                made += bytes(piece.planes[0])[: piece.samples * 2]
    except av.FFmpegError:
        raise ValueError("this is no sound that can be played") from None
    return bytes(made[:most])
