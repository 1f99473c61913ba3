"""Whether what may have arrived already is sent again."""

from __future__ import annotations

from collections.abc import Callable

from core.messages import Delivery
from core.ports import Limits

ATTEMPTS = 6
_YOUNG = 120.0
"""Seconds for which an uncertain direct answer is worth a possible double."""


def worth_repeating(row: Delivery, limits: Limits, now: float, wanted: Callable[[], bool]) -> bool:
    """`wanted` tells whether its operator wants such answers repeated at all."""
    if limits.idempotent_send or row.target is not None:
        return True  # the platform drops the double; an edit or a deletion is none
    young = now - row.created_at < _YOUNG
    return row.direct and young and row.attempt < ATTEMPTS and wanted()
