"""From the names in a character's file to plugins, in the order in which they are set up."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import BadInput, Finding
from core.plugins.equipment_settings import make_known, missing
from core.plugins.found import NotTaken, built_in, locate, short, told
from core.plugins.found_shape import judged
from core.plugins.records import Pluggable
from core.plugins.typed_threads import Threads
from core.settings.layers import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Shelves:
    """Where plugins may come from."""

    folder: Path
    home: Path
    allowed: Sequence[str]
    at_hand: Mapping[str, Pluggable]
    limit: float


@dataclass(slots=True)
class _Haul:
    """What has come of the names so far."""

    loaded: dict[str, Pluggable] = field(default_factory=dict)
    known_as: dict[str, str] = field(default_factory=dict)
    """What somebody called it, to the name by which it is loaded."""
    lost: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


async def load_plugins(
    names: Sequence[str],
    settings: Settings,
    *,
    allowed: Sequence[str] = (),
    folder: Path | None = None,
    home: Path = Path("plugins"),
    at_hand: Iterable[Any] = (),
    limit: float = 30.0,
) -> tuple[list[Pluggable], list[Finding]]:
    """Those that can be set up for one character, with what they depend on, and what is wrong.

    Nothing here keeps a character from playing. Modules are imported in a thread, each once for
    the process; one that has not come within `limit` seconds is off. `folder` is where the
    character's file lies, `allowed` is TROUPE_PLUGINS. Plugins `at_hand` are found by their names
    before anything is searched.
    """
    haul = _Haul()
    here: dict[str, Pluggable] = {}
    for thing in at_hand:
        try:
            plugin = judged(thing)
        except (NotTaken, BadInput) as reason:
            haul.findings.append(_finding(repr(thing), str(reason)))
        else:
            here[short(plugin.name)] = plugin
    shelves = _Shelves(folder or Path(), home, allowed, here, limit)
    for name in names:
        if not await _take(name, shelves, haul):
            _tell_built_in(name, settings)
    await _take_what_they_need(shelves, haul)
    for plugin in haul.loaded.values():
        haul.findings += make_known(plugin)
    known = [
        replace(one, dependencies=tuple(haul.known_as.get(short(n), n) for n in one.dependencies))
        for one in haul.loaded.values()
    ]
    ordered, findings = arranged(known, settings, lost=haul.lost)
    return ordered, haul.findings + findings


def arranged(
    plugins: Iterable[Pluggable], settings: Settings, *, lost: Mapping[str, str] | None = None
) -> tuple[list[Pluggable], list[Finding]]:
    """In the order of setting up: dependencies first, then by band, then as they were named.

    Left out are those whose settings nobody has set (in silence), those that depend on what is
    not there, and those that depend on themselves in a circle. `lost` tells why some are not.
    """
    there = {short(one.name): one for one in plugins}
    off: dict[str, str] = dict(lost or {})
    findings: list[Finding] = []
    for key, plugin in there.items():
        unset = missing(plugin, settings)
        if unset:
            off[key] = f"{unset[0]} is not set"
            log.debug("the plugin %s is off: %s", plugin.name, off[key])
    circle = [key for key in there if key not in off and key in _beneath(key, there)]
    if circle:
        members = ", ".join(there[key].name for key in circle)
        off |= dict.fromkeys(circle, "it depends on itself in a circle")
        what = f"depend on each other in a circle: {members}"
        findings.append(Finding("the plugins", what, "One of them must do without another"))
    changed = True
    while changed:
        changed = False
        for key, plugin in there.items():
            lacking = [one for one in _needed(plugin) if one not in there or one in off]
            if key in off or not lacking:
                continue
            why = off.get(lacking[0], "there is none of this name")
            off[key] = f"it needs {lacking[0]}"
            findings.append(_finding(plugin.name, f"needs the plugin {lacking[0]}: {why}"))
            changed = True
    return _sorted({key: plugin for key, plugin in there.items() if key not in off}), findings


async def _take_what_they_need(shelves: _Shelves, haul: _Haul) -> None:
    seen = 0
    while seen < len(haul.loaded):
        plugin = list(haul.loaded.values())[seen]
        seen += 1
        for name in plugin.dependencies:
            if short(name) not in haul.known_as and short(name) not in haul.lost:
                await _take(name, shelves, haul, by=plugin.name)


async def _take(name: str, shelves: _Shelves, haul: _Haul, *, by: str = "") -> bool:
    """Add one to the haul, or say why not; False for one that is built in."""
    key = short(name)
    plugin = shelves.at_hand.get(key)
    if plugin is None and built_in(name):
        return False
    try:
        plugin = plugin or await _brought(name, shelves)
    except NotTaken as reason:
        haul.lost[key] = str(reason)
        if not by:  # else whoever needs it says so
            haul.findings.append(_finding(name, str(reason), reason.mend))
        return True
    haul.known_as[key] = short(plugin.name)
    if short(plugin.name) in haul.loaded:
        log.warning("the plugin %s is named twice", plugin.name)
        haul.findings.append(_finding(name, "is named twice, and counts once"))
    else:
        haul.loaded[short(plugin.name)] = plugin
        if not plugin.description:
            log.info("the plugin %s does not say what it is for", plugin.name)
    return True


def _tell_built_in(name: str, settings: Settings) -> None:
    log.info("%s of %s is built in: %s", name, settings.character_name, built_in(name))


async def _brought(name: str, shelves: _Shelves) -> Pluggable:
    """Raises NotTaken, whatever goes wrong in the plugin's own code."""

    def bring() -> Pluggable | None:
        place = locate(name, folder=shelves.folder, home=shelves.home, allowed=shelves.allowed)
        return None if place is None else judged(place.bring())

    try:
        async with asyncio.timeout(shelves.limit):
            # Threads of its own: what hangs while it is imported must not hold up the next one.
            plugin = await Threads(f"import of {name}", most=1).run(bring)
    except NotTaken:
        raise
    except BadInput as bad:
        raise NotTaken(told(bad)) from None
    except TimeoutError:
        raise NotTaken(f"has not been imported within {shelves.limit:g} s") from None
    except Exception as error:
        log.warning("the plugin %s cannot be imported", name, exc_info=error)
        raise NotTaken(f"cannot be imported: {told(error)}") from None
    if plugin is None:
        raise NotTaken(
            "is not known here",
            "A plugin is installed, lies in the folder plugins, or is named by its path or module",
        )
    return plugin


def _sorted(plugins: Mapping[str, Pluggable]) -> list[Pluggable]:
    """One after another comes free of what it needs; the lowest band goes first."""
    place = {key: at for at, key in enumerate(plugins)}
    needs = {key: set(_needed(plugin)) for key, plugin in plugins.items()}
    free = [(plugins[key].priority, place[key], key) for key in plugins if not needs[key]]
    heapq.heapify(free)
    ordered: list[Pluggable] = []
    while free:
        key = heapq.heappop(free)[2]
        ordered.append(plugins[key])
        for other, lacking in needs.items():
            if key in lacking:
                lacking.discard(key)
                if not lacking:
                    heapq.heappush(free, (plugins[other].priority, place[other], other))
    return ordered


def _needed(plugin: Pluggable) -> tuple[str, ...]:
    return tuple(short(one) for one in plugin.dependencies if not built_in(one))


def _beneath(key: str, there: Mapping[str, Pluggable]) -> set[str]:
    """Everything that it needs, and what that needs in turn."""
    found: set[str] = set()
    waiting = [key]
    while waiting:
        plugin = there.get(waiting.pop())
        more = set(_needed(plugin)) - found if plugin else set()
        found |= more
        waiting += more
    return found


def _finding(name: str, what: str, mend: str = "") -> Finding:
    return Finding(f"the plugin {name}", what, mend)
