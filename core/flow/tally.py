"""What has happened so far, in numbers: the source of /metrics. No ids of people or rooms."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from core.errors import ModelError
from core.ports import Usage

BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds; elizaOS' response buckets (DE-04) with finer ones for what we cost ourselves."""


@dataclass(slots=True)
class Spread:
    """A histogram: how many fell into each bucket, the last one open."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds


@dataclass(slots=True)
class Tally:
    messages: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(character, platform, how it ended)."""
    deliveries: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(account's platform, status)."""
    model_calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(character, model)."""
    tokens: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(character, prompt | completion | cached)."""
    dollars: defaultdict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    """(character, model)."""
    unpriced: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Calls whose price nobody knows, by character and model: they are not in `dollars`."""
    response_time: dict[str, Spread] = field(default_factory=dict)
    """By character: from the start of a turn to its commit."""

    failing: dict[str, str] = field(default_factory=dict)
    """By character: why the last turn failed; gone with the next answer."""
    voices_failing: dict[tuple[str, str], str] = field(default_factory=dict)
    """By character, and what was asked of a voice: why it failed last; gone when it is done again."""

    def ended(self, character: str, platform: str, status: str, why: str = "") -> None:
        self.messages[character, platform, status] += 1
        if status == "failed":
            self.failing[character] = why
        elif status == "answered":
            self.failing.pop(character, None)

    def asked(self, character: str, usage: Usage, cost: float | None) -> None:
        """A model was asked, and told what it used."""
        self.model_calls[character, usage.model] += 1
        self.tokens[character, "prompt"] += usage.prompt_tokens
        self.tokens[character, "completion"] += usage.completion_tokens
        self.tokens[character, "cached"] += usage.cached_tokens
        if cost is None:
            self.unpriced[character, usage.model] += 1
        else:
            self.dollars[character, usage.model] += cost

    def voiced(self, character: str, kind: str, why: str = "") -> None:
        """Something was spoken, or written down; or was not, and why."""
        if why:
            self.voices_failing[character, kind] = why
        else:
            self.voices_failing.pop((character, kind), None)

    def answered_in(self, character: str, seconds: float) -> None:
        self.response_time.setdefault(character, Spread()).add(seconds)


def code_of(error: Exception) -> str:
    """By which a failed turn is counted."""
    match error:
        case TimeoutError():
            return "turn-timeout"
        case ModelError():
            return "model-unavailable"
        case _:
            return f"bug-{type(error).__name__}"
