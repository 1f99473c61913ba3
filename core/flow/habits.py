"""When a character may speak first, as her settings say: read once, and not at every message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from core.errors import BadInput, Finding
from core.settings.layers import Settings

JOINED = "joined"
_EVENTS = frozenset({JOINED})


@dataclass(frozen=True, slots=True)
class Habits:
    per_day: int
    """In one room."""
    at: tuple[time, ...] = ()
    """Times of day, in UTC."""
    after: float = 0.0
    """Seconds of silence; 0 for never."""
    on: frozenset[str] = frozenset()


def habits_of(settings: Settings) -> Habits | None:
    """None where she never speaks first. Raises BadInput for what cannot be read."""
    if not settings.flag("TROUPE_INITIATIVE"):
        return None
    wrong: list[Finding] = []
    times: list[time] = []
    for one in settings.csv("TROUPE_INITIATIVE_AT"):
        try:
            times.append(_time(one))
        except ValueError:
            mend = "Write hours and minutes in UTC, as 09:00,18:30"
            wrong.append(_finding(settings, "AT", "holds what is no time of day", mend))
    on = frozenset(one.lower() for one in settings.csv("TROUPE_INITIATIVE_ON"))
    if unknown := sorted(on - _EVENTS):
        mend = f"There is {', '.join(sorted(_EVENTS))}"
        wrong.append(_finding(settings, "ON", f"there is no event {', '.join(unknown)}", mend))
    if wrong:
        raise BadInput(*wrong)
    return Habits(
        per_day=max(0, int(settings.number("TROUPE_INITIATIVE_PER_DAY", 3))),
        at=tuple(sorted(set(times))),
        after=max(0.0, settings.number("TROUPE_INITIATIVE_AFTER", 0.0)) * 3600,
        on=on,
    )


def _finding(settings: Settings, name: str, what: str, mend: str) -> Finding:
    key = f"TROUPE_INITIATIVE_{name}"
    return Finding(f"{key}, in {settings.where(key)}", what, mend)


def _time(text: str) -> time:
    hours, _, minutes = text.partition(":")
    return time(int(hours), int(minutes))
