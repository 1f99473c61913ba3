"""What talks in voice channels work with; the same for all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.clock import Clock
from core.flow.after import After
from core.flow.cast import Cast, Part
from core.flow.floor import Floor
from core.flow.till import Till
from core.flow.transcribing import Names
from core.flow.wishes import Wishes
from core.messages import Inbound
from core.ports import Intake, Speech

Keep = Callable[[bytes, str], Awaitable[str]]
"""A recording, and a key of its own: kept, and under which ref."""


@dataclass(frozen=True, slots=True)
class Means:
    cast: Cast
    intake: Intake
    speech: Speech
    floor: Floor
    wishes: Wishes
    till: Till
    after: After
    clock: Clock
    names: Names
    keep: Keep
    admits: Callable[[Part, Inbound], Awaitable[bool]]
    """Whether who has said this may talk to her there."""
