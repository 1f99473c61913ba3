"""What a look at things has found, and how much it matters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from core.errors import Finding

Severity = Literal["error", "warning", "note"]
_WEIGHTS = get_args(Severity)


@dataclass(frozen=True, slots=True)
class Checked(Finding):
    """A finding, and whether it keeps something from working; a note is nothing wrong."""

    severity: Severity = "error"


def by_weight(found: Iterable[Checked]) -> list[Checked]:
    """Each once, errors first, else in the order in which they were found."""
    return sorted(dict.fromkeys(found), key=lambda one: _WEIGHTS.index(one.severity))
