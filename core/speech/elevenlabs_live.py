"""ElevenLabs' ear that listens along: what somebody says goes there while they still say it.

Its own client speaks to `wss` addresses only, and over a library of its own.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

import aiohttp

from core.errors import ModelError, ModelRejected, ModelUnavailable
from core.ports.speech import HEARD_RATE
from core.speech.accounts import Account
from core.speech.calling import Patience, RequestRejected
from core.speech.elevenlabs import VENDOR, words_in
from core.speech.listening_along import KEPT, Line, Unwritten, Where, Written
from core.speech.resting import Rest

_TROUBLES: dict[str, tuple[type[ModelError], str]] = {
    "auth_error": (ModelRejected, "refused the key"),
    "quota_exceeded": (ModelRejected, "the account's quota is used up"),
    "unaccepted_terms": (ModelRejected, "its terms are to be accepted first"),
    "invalid_request": (ModelRejected, "refused the request"),
    "input_error": (RequestRejected, "refused the sound"),
    "chunk_size_exceeded": (RequestRejected, "refused the sound"),
    "commit_throttled": (RequestRejected, "found it too short"),
    "insufficient_audio_activity": (RequestRejected, "found nothing said in it"),
    "rate_limited": (ModelUnavailable, "asks for fewer calls"),
    "queue_overflow": (ModelUnavailable, "is overrun"),
    "resource_exhausted": (ModelUnavailable, "is overrun"),
    "session_time_limit_exceeded": (ModelUnavailable, "has ended the line"),
    "transcriber_error": (ModelUnavailable, "failed"),
    "error": (ModelUnavailable, "failed"),
}


class ElevenLabsLine(Line):
    """core.ports.LiveEar."""

    def __init__(
        self,
        account: Account,
        model: str,
        session: aiohttp.ClientSession,
        rest: Rest,
        patience: Patience,
        *,
        kept: float = KEPT,
    ) -> None:
        """Raises ModelRejected where its address cannot be used."""
        where = Where(
            VENDOR,
            model,
            f"{account.base_url.removesuffix('/v1')}/v1/speech-to-text/realtime",
            {
                "model_id": model,
                "audio_format": f"pcm_{HEARD_RATE}",
                "commit_strategy": "manual",
            },
            {"xi-api-key": account.revealed()},
        )
        super().__init__(where, session, rest, patience, kept=kept)
        self._written = 0

    def _welcomes(self, told: Mapping[str, Any]) -> bool:
        return told.get("message_type") == "session_started"

    def _telling(self, pcm: bytes, *, ends: bool) -> Iterable[Mapping[str, Any]]:
        yield {
            "message_type": "input_audio_chunk",
            "audio_base_64": base64.b64encode(pcm).decode(),
            "commit": ends,
            "sample_rate": HEARD_RATE,
        }

    def _told(self, told: Mapping[str, Any]) -> Written | Unwritten | None:
        kind, text = told.get("message_type"), told.get("text")
        if kind == "committed_transcript" and isinstance(text, str):
            # They come in the order in which they were said.
            self._written += 1
            return Written(self._written - 1, words_in(text))
        if isinstance(kind, str) and (kind in _TROUBLES or "error" in told):
            error, why = _TROUBLES.get(kind, _TROUBLES["error"])
            raise error(f"{self.name} {why}")
        return None
