"""What plugins have opened for one character, found by its class; a plugin finds its own first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

_at_work: ContextVar[str] = ContextVar("plugin_at_work", default="")


def at_work() -> str:
    """The plugin whose code is running; empty where it is ours."""
    return _at_work.get()


@contextmanager
def working(plugin: str) -> Iterator[None]:
    """What runs inside is this plugin's code."""
    token = _at_work.set(plugin)
    try:
        yield
    finally:
        _at_work.reset(token)


@dataclass(slots=True)
class Shelf:
    _things: list[tuple[str, Any]] = field(default_factory=list)

    def put(self, plugin: str, thing: Any) -> None:
        if thing is not None:
            self._things.append((plugin, thing))

    def take_away(self, plugin: str, thing: Any) -> None:
        self._things = [one for one in self._things if one[0] != plugin or one[1] is not thing]

    def clear(self, plugin: str) -> None:
        self._things = [one for one in self._things if one[0] != plugin]

    def find(self, kind: type[T]) -> T:
        """Of the plugin at work, else of any; of this very class, else of one below it.

        Two plugins may well open the same vendor's client, each with its own key.
        """
        plugin = at_work()
        for ours in (True, False):
            for exactly in (True, False):
                for owner, thing in self._things:
                    if (owner == plugin) is ours and _is(thing, kind, exactly):
                        return thing  # type: ignore[no-any-return]  # it has just been looked at
        raise LookupError(f"no plugin of this character has opened a {kind.__qualname__}")


def _is(thing: Any, kind: type[Any], exactly: bool) -> bool:
    if exactly:
        return type(thing) is kind
    try:
        return isinstance(thing, kind)
    except TypeError:  # a Protocol that cannot be asked for at run time
        return False
