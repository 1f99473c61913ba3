"""What a service means by refusing: our two errors, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from core.errors import ModelError, ModelRejected, ModelUnavailable


class Limited(ModelUnavailable):
    """Too many calls for this account; nobody else's call would fare better before its time."""


class Unknown(ModelRejected):
    """This model is not known there; another one of the same account may be."""


_LATER = frozenset({408, 409, 425, 429})
_REASONS = {
    400: "refused the request",
    401: "refused the key",
    402: "asks for payment",
    403: "denies access with this key",
    404: "does not know the model or the address",
    408: "gave up waiting",
    413: "finds the request too long",
    422: "refused the request",
    429: "asks for fewer calls",
}
_OUT_OF_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


def refusal(
    who: str, status: int, headers: Mapping[str, str], error: Mapping[str, Any]
) -> ModelError:
    """The error for a status that is not 200; `error` is the body's error object, or empty."""
    if error.get("code") in _OUT_OF_MONEY or error.get("type") in _OUT_OF_MONEY:
        return ModelRejected(f"{who}: the account's quota is used up")
    reason = f"{who} {_REASONS.get(status, 'failed')} (HTTP {status})"
    if status == 429:
        return Limited(reason, retry_after=retry_after(headers))
    if status == 404:
        return Unknown(reason)
    if status in _LATER or status >= 500:
        return ModelUnavailable(reason, retry_after=retry_after(headers))
    return ModelRejected(reason)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, where the service named a time in one of the usual ways."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        named = headers.get("Retry-After")
        if not named:
            return None
        if named.strip().replace(".", "", 1).isdigit():
            return float(named)
        # Both dates are the server's, so its clock may be wrong.
        until = parsedate_to_datetime(named) - parsedate_to_datetime(headers["Date"])
        return max(0.0, until.total_seconds())
    except (ValueError, TypeError, KeyError):
        return None


def error_in(body: bytes) -> dict[str, Any]:
    """The error object of a body, empty where there is none."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(content, dict):
        return {}
    error = content.get("error", content.get("detail", content.get("message")))
    if isinstance(error, dict):
        return error
    return {"message": orjson.dumps(error).decode()} if error else {}


def unwanted(error: Mapping[str, Any], ours: Mapping[str, Any]) -> str | None:
    """Which of our parameters an error speaks of, if it speaks of one."""
    param = error.get("param")
    if isinstance(param, str) and param.partition(".")[0] in ours:
        return param.partition(".")[0]
    message = str(error.get("message", ""))[:2000]
    # The longest first: "max_tokens" may stand in a text about "max_completion_tokens".
    named = [name for name in ours if name in message]
    return min(named, key=message.index) if named else None
