"""Whether 20 ms of sound are somebody's voice: webrtcvad, and an ear for how loud it is at all."""

from __future__ import annotations

import numpy as np

from core.ports.voices import Listening

FRAME = 640
"""Bytes of 20 ms at 16 kHz, one channel, 16 bits."""

_RATE = 16_000
_FULL = 32_768.0**2
_ABOVE = 2.5
"""How much more power than the hiss around it a voice has: 4 dB."""
_RISE = 1.005
"""By which the hiss is taken for louder with each frame in which it is not heard alone."""
_LOUDEST_HISS = _FULL * 10 ** (-40 / 10)
_SETTLING = 5
"""Frames in which webrtcvad takes anything at all for a voice."""


class Detector:
    """One person's voice; remembers what surrounds it."""

    def __init__(self, ways: Listening) -> None:
        import webrtcvad

        threshold = min(1.0, max(0.0, ways.threshold))
        # 0.5 is 2 of its 0 to 3: what is hardly speech does not count, a quiet voice does.
        self._vad = webrtcvad.Vad(min(3, int(threshold * 4)))
        self._least = _FULL * 10 ** ((-62 + 20 * threshold) / 10)
        self._hiss = _LOUDEST_HISS
        self._unsettled = _SETTLING

    def voiced(self, frame: bytes) -> bool:
        samples = np.frombuffer(frame, dtype="<i2").astype(np.float32)
        power = float(np.dot(samples, samples)) / len(samples)
        # The quietest that is heard between words is what surrounds them.
        self._hiss = max(self._least / _ABOVE, min(self._hiss * _RISE, power, _LOUDEST_HISS))
        spoken = bool(self._vad.is_speech(frame, _RATE))
        if self._unsettled:
            self._unsettled -= 1
            return False
        return spoken and power > max(self._least, self._hiss * _ABOVE)
