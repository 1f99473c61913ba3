"""Whether what may have arrived already is sent again."""

from __future__ import annotations

from collections.abc import Callable

from core.messages import Delivery, DeliveryStatus
from core.ports import Limits

ATTEMPTS = 6
_YOUNG = 120.0
"""Seconds for which an uncertain direct answer is worth a possible double."""


def is_given_up(row: Delivery, limits: Limits, now: float, wanted: Callable[[], bool]) -> bool:
    """`wanted` tells whether its operator wants doubtful answers repeated at all."""
    if row.status is not DeliveryStatus.UNCERTAIN:
        return False
    if limits.idempotent_send or row.target is not None:
        return False  # the platform drops the double; an edit or a deletion is none
    young = now - row.created_at < _YOUNG
    return not (row.direct and young and row.attempt < ATTEMPTS and wanted())


def unless_doubtful(row: Delivery, status: DeliveryStatus) -> DeliveryStatus:
    """What is uncertain stays so, whatever is done with it next."""
    return row.status if row.status is DeliveryStatus.UNCERTAIN else status
