"""What is made of things that rarely change, kept until they are other things."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_MOST = 512


class Once(Generic[T]):
    """Remembers results by the identity of the arguments, which must not change themselves.

    A character that is loaded anew is another object. The entry holds its arguments, so that their
    ids cannot be given to others meanwhile.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[int, ...], tuple[tuple[Any, ...], T]] = {}

    def __call__(self, make: Callable[..., T], *arguments: Any) -> T:
        key = tuple(map(id, arguments))
        known = self._made.get(key)
        if known is not None:
            return known[1]
        if len(self._made) >= _MOST:
            del self._made[next(iter(self._made))]
        result = make(*arguments)
        self._made[key] = (arguments, result)
        return result
