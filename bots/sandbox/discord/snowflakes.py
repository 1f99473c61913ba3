"""Ids of Discord: a moment in milliseconds, made longer so that no two are alike."""

from datetime import UTC, datetime

from bots.sandbox.world import World

_EPOCH_MS = 1_420_070_400_000


def mint(world: World) -> int:
    """The next id, greater than every one before it even when the clock goes back."""
    now = (int(world.now() * 1000) - _EPOCH_MS) << 22
    world.last_snowflake = max(world.last_snowflake + 1, now)
    return world.last_snowflake


def seen(world: World, number: int) -> None:
    """Take note of an id that came out of a kept fact."""
    world.last_snowflake = max(world.last_snowflake, number)


def moment(number: int) -> float:
    """The time at which an id was made, in seconds since 1970."""
    return ((number >> 22) + _EPOCH_MS) / 1000


def timestamp(seconds: float) -> str:
    """A time as Discord writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
