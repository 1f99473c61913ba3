"""Whether what an author has made can be taken in: one clear sentence for what cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.plugins.classic_reading import plugin_from
from core.plugins.found import NotTaken, is_plugin
from core.plugins.records import (
    Action,
    Command,
    Evaluator,
    Pluggable,
    RegisteredModel,
    Repertoire,
    Route,
    Worker,
)
from core.plugins.typed_commands import unfit
from core.settings.key import Key
from core.state import Provider

_PARTS: tuple[tuple[str, type[Any]], ...] = (
    ("actions", Action),
    ("commands", Command),
    ("providers", Provider),
    ("evaluators", Evaluator),
    ("models", RegisteredModel),
    ("routes", Route),
    ("workers", Worker),
    ("settings", Key),
)


def judged(thing: Any) -> Pluggable:
    """A plugin of either door, elizaOS' object literal, or what they become.

    Raises NotTaken, or BadInput with what is wrong in each of its parts.
    """
    if isinstance(thing, Mapping):
        thing = plugin_from(thing)
    plugin = thing.pluggable() if is_plugin(thing) else thing
    if not isinstance(plugin, Pluggable):
        raise NotTaken(f"is a {type(plugin).__name__} and no plugin", "Plugin(...) makes one")
    name: Any = plugin.name  # an author's file need not have passed a type checker
    if not (isinstance(name, str) and name.strip()):
        raise NotTaken("has no name", "Every plugin has one: by it others depend on it")
    parts = plugin.repertoire
    if not isinstance(parts, Repertoire):
        raise NotTaken(f"has a {type(parts).__name__} for a repertoire")
    for part, kind in _PARTS:
        for one in getattr(parts, part):
            if not isinstance(one, kind):
                raise NotTaken(f"has {_shown(one)} among its {part}")
    for command in parts.commands:
        if reason := unfit(command.offer):
            raise NotTaken(f"has a command {command.name!r} that {reason}")
    for event, listeners in parts.listeners.items():
        if not all(map(callable, listeners)):
            raise NotTaken(f"has something among its listeners of {event} that cannot be called")
    for part in ("dependencies", "needs"):
        named: Any = getattr(plugin, part)
        if isinstance(named, str) or not all(isinstance(one, str) for one in named):
            raise NotTaken(f"has {part} that are no list of names")
    if plugin.init is not None and not callable(plugin.init):
        raise NotTaken("has an init that cannot be called")
    return plugin


def _shown(thing: Any) -> str:
    return "None" if thing is None else f"a {type(thing).__name__}"
