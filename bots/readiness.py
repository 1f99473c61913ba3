"""What /ready says: ok, degraded, or down, and the reason of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bots.links import Off
from bots.supervise import Health, Phase
from core.errors import Finding

_NONE: Mapping[tuple[str, str], str] = {}


def report(
    health: Sequence[Health],
    off: Sequence[Off],
    *,
    failing: Mapping[str, str],
    plugins: Mapping[str, Sequence[Finding]],
    trouble: str,
    open_now: int,
    owed: int,
    busy: Sequence[Mapping[str, Any]] = (),
    voices: Sequence[Mapping[str, Any]] = (),
    voices_failing: Mapping[tuple[str, str], str] = _NONE,
) -> dict[str, Any]:
    """Down when nobody can be spoken to or nothing can be written down; else who is missing.

    `failing` tells by character why the last turn failed, `plugins` what is off of each one's
    plugins, `trouble` is the database's, `busy` what is taken in behind the talk, `voices` are the
    voice channels that somebody is in, `voices_failing` tells by character and by what was asked
    of a voice why it was not done.
    """
    ill = failing or plugins or voices_failing
    live = sum(1 for one in health if one.phase is Phase.LIVE)
    if trouble or (health and not live):
        status = "down"
    else:
        status = "ok" if live == len(health) and not ill else "degraded"
    links = [(one.character, one.platform, one.phase, one.told) for one in health]
    links += [(one.character.name, one.platform, Phase.OFF, one.reason) for one in off]
    return {
        "status": status,
        "links": [
            {"character": name, "platform": platform, "phase": phase.value, "reason": reason}
            for name, platform, phase, reason in links
        ],
        "failing": [{"character": name, "reason": why} for name, why in failing.items()],
        "plugins": [
            {"character": name, "reason": str(one)}
            for name, ones in plugins.items()
            for one in ones
        ],
        "store": trouble or "ok",
        "open": open_now,
        "owed": owed,
        "background": list(busy),
        "voices": list(voices),
        "voices_failing": [
            {"character": name, "what": kind, "reason": why}
            for (name, kind), why in voices_failing.items()
        ],
    }
