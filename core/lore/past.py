"""Under which names a room's past is kept, as far as a lorebook and greetings depend on it."""

from __future__ import annotations

from core.ids import RoomId


def past_key(room: RoomId) -> str:
    """{"told": {mark: messages}, "answers": n, "until": when they were counted}."""
    return f"lorebook:{room}"


def greeting_key(room: RoomId) -> str:
    """The number of the greeting with which the talk began, from 0."""
    return f"greeting:{room}"
