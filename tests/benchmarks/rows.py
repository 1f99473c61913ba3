"""What was measured, as a table that a person can read and a script can check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Sample:
    """The same thing measured several times."""

    values: tuple[float, ...]
    digits: int = 0

    @property
    def middle(self) -> float:
        return median(self.values)

    def __str__(self) -> str:
        text = f"{self.middle:,.{self.digits}f}"
        if len(self.values) == 1:
            return text
        return f"{text} ({min(self.values):,.{self.digits}f}-{max(self.values):,.{self.digits}f})"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; `holds` is None where there is no target."""

    figure: str
    troupe: str
    floor: str = ""
    ratio: float | None = None
    target: str = ""
    holds: bool | None = None

    @property
    def verdict(self) -> str:
        return "" if self.holds is None else "ok" if self.holds else "MISS"


def table(rows: Sequence[Row]) -> str:
    head = ("figure", "Troupe", "floor", "ratio", "target", "")
    lines = [
        (
            row.figure,
            row.troupe,
            row.floor,
            "" if row.ratio is None else f"{row.ratio:.2f}",
            row.target,
            row.verdict,
        )
        for row in rows
    ]
    wide = [max(len(line[at]) for line in (head, *lines)) for at in range(len(head))]
    rule = tuple("-" * width for width in wide)
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, wide, strict=True)) + " |"
        for line in (head, rule, *lines)
    )
