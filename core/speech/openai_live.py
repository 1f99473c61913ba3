"""OpenAI's ear that listens along, and that of whoever speaks its Realtime protocol.

Its own client needs a library for the same socket that the house has already.
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
from core.speech.listening_along import KEPT, Line, Unwritten, Where, Written
from core.speech.openai import VENDOR, paid_by
from core.speech.pcm import Resampler
from core.speech.resting import Rest

_RATE = 24_000
"""Samples a second; it takes no others."""
_SLOWER = 0.05
"""Most of its models begin to write when all of an utterance is there."""
# A server that knows no such address, or takes it for one of its pages.
_ABSENT = frozenset({200, 404, 405, 426, 501})
_TRANSCRIPTION = "conversation.item.input_audio_transcription"
_QUOTA = (ModelRejected, "the account's quota is used up")
_KEY = (ModelRejected, "refused the key")
_MODEL = (ModelRejected, "does not have the model")
_BUSY = (ModelUnavailable, "asks for fewer calls")
_FAILED = (ModelUnavailable, "failed")
_TROUBLES: dict[str, tuple[type[ModelError], str]] = {
    "insufficient_quota": _QUOTA,
    "billing_hard_limit_reached": _QUOTA,
    "invalid_api_key": _KEY,
    "authentication_error": _KEY,
    "permission_error": (ModelRejected, "denies access with this key"),
    "model_not_found": _MODEL,
    "invalid_model": _MODEL,
    "input_audio_buffer_commit_empty": (RequestRejected, "found it too short"),
    "audio_unintelligible": (RequestRejected, "understood nothing of it"),
    "rate_limit_exceeded": _BUSY,
    "rate_limit_error": _BUSY,
    "session_expired": (ModelUnavailable, "has ended the line"),
    "server_error": _FAILED,
    "invalid_request_error": (ModelRejected, "refused the request"),
}


class OpenAILine(Line):
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
            f"{account.base_url}/realtime",
            # With a model in its address it would be a talk, not a writing down.
            {"intent": "transcription"},
            {"Authorization": f"Bearer {account.revealed()}"},
            paid=paid_by(account),
            absent=_ABSENT,
            slower=_SLOWER,
        )
        super().__init__(where, session, rest, patience, kept=kept)
        self._sound = Resampler(HEARD_RATE, _RATE)
        self._numbers: dict[str, int] = {}
        """Its names of utterances, in the order in which they were ended."""

    def _greeting(self) -> Iterable[Mapping[str, Any]]:
        heard = {
            "format": {"type": "audio/pcm", "rate": _RATE},
            "transcription": {"model": self.where.model},
            # When somebody is done is for us to say.
            "turn_detection": None,
        }
        session = {"type": "transcription", "audio": {"input": heard}}
        yield {"type": "session.update", "session": session}

    def _welcomes(self, told: Mapping[str, Any]) -> bool:
        return told.get("type") == "session.updated"

    def _telling(self, pcm: bytes, *, ends: bool) -> Iterable[Mapping[str, Any]]:
        sound = self._sound.feed(pcm) + (self._sound.flush() if ends else b"")
        if sound:
            audio = base64.b64encode(sound).decode()
            yield {"type": "input_audio_buffer.append", "audio": audio}
        if ends:
            yield {"type": "input_audio_buffer.commit"}

    def _told(self, told: Mapping[str, Any]) -> Written | Unwritten | None:
        kind, item, text = told.get("type"), told.get("item_id"), told.get("transcript")
        if kind == "error":
            raise self._trouble(told)
        if not isinstance(item, str):
            return None
        if kind == "input_audio_buffer.committed":
            self._number(item)
        elif kind == f"{_TRANSCRIPTION}.failed":
            return self._unwritten(self._number(item), self._trouble(told))
        elif kind == f"{_TRANSCRIPTION}.completed" and isinstance(text, str):
            return Written(self._number(item), text.strip(), *_tokens(told.get("usage")))
        return None

    def _unwritten(self, number: int, why: ModelError) -> Unwritten:
        if isinstance(why, ModelRejected) and not isinstance(why, RequestRejected):
            raise why  # the next one would be refused as well
        return Unwritten(number, why)

    def _number(self, item: str) -> int:
        # What was ended later may be written down sooner.
        return self._numbers.setdefault(item, len(self._numbers))

    def _trouble(self, told: Mapping[str, Any]) -> ModelError:
        """In our words: its own may quote what was sent."""
        found = told.get("error")
        error = found if isinstance(found, dict) else {}
        for name in ("code", "type"):
            if (known := _TROUBLES.get(str(error.get(name)))) is not None:
                return known[0](f"{self.name} {known[1]}")
        return ModelUnavailable(f"{self.name} {_FAILED[1]}")


def _tokens(used: Any) -> tuple[int, int]:
    """What goes in and comes out, where it counts that and not the seconds."""
    used = used if isinstance(used, dict) else {}
    prompt, completion = used.get("input_tokens"), used.get("output_tokens")
    return (
        prompt if isinstance(prompt, int) and prompt > 0 else 0,
        completion if isinstance(completion, int) and completion > 0 else 0,
    )
