"""Asking the providers: positions in order, those of one position at once, each behind a wall."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from operator import attrgetter
from time import perf_counter
from traceback import extract_tb

from core.state.aside import Aside
from core.state.scene import Scene
from core.state.sections import Section, State

log = logging.getLogger(__name__)

_SLOW = 0.1
"""Seconds for which one provider may hold up everybody before the log names it."""
_position = attrgetter("position")
_builds = attrgetter("builds")
_aside = Aside()

Told = str | Section | None
_SAID = (str, Section)


@dataclass(frozen=True, slots=True)
class Provider:
    """One source of context. A plain function is called in place; an async one gets a task."""

    name: str
    position: int
    get: Callable[[Scene], Told | Awaitable[Told]]
    dynamic: bool = False
    """Only when asked for by name."""
    private: bool = False
    """As dynamic, and never listed to the model."""
    description: str = ""
    """For the model, which may ask for it by name where it is dynamic."""
    plugin: str = ""
    blocking: bool = False
    """A plain function that waits for files, a network or long sums: it runs in a thread."""
    builds: bool = True
    """Looks at what earlier positions have said, `scene.state`; it is made for those who do."""


def chosen(
    providers: Iterable[Provider], include: Iterable[str] = (), *, only: bool = False
) -> list[Provider]:
    """The default set and the named ones, or the named ones only; each once, by position."""
    names = frozenset(include)
    found: dict[str, Provider] = {}
    for provider in providers:
        default = not only and not provider.dynamic and not provider.private
        if default or provider.name in names:
            found.setdefault(provider.name, provider)
    return sorted(found.values(), key=_position)


async def compose(
    scene: Scene,
    providers: Iterable[Provider],
    include: Iterable[str] = (),
    *,
    only: bool = False,
    onto: State | None = None,
    limit: float = 30.0,
) -> State:
    """Ask the providers, those of one position at once, positions in order.

    A provider that fails or takes longer than `limit` seconds says nothing, and the log names it.
    Sections of `onto` stay where nobody was asked anew.
    """
    asked = chosen(providers, include, only=only)
    # Who was asked first stands first among equals, also when the others were quicker.
    place = {provider.name: at for at, provider in enumerate(asked)}
    told = {s.name: s for s in onto.sections if s.name not in place} if onto else {}

    def so_far() -> State:
        return State.of(
            sorted(told.values(), key=lambda one: (one.position, place.get(one.name, -1)))
        )

    for _, group in groupby(asked, _position):
        together = list(group)
        if any(map(_builds, together)):
            scene = replace(scene, state=so_far())
        later: list[tuple[Provider, Awaitable[Told]]] = []
        for provider in together:
            if provider.blocking:
                later.append((provider, _aside.run(partial(_plain, provider, scene))))
                continue
            began = perf_counter()
            try:
                answer = provider.get(scene)
            except Exception as error:  # noqa: BLE001 - the wall around one provider
                _blame(provider, error)
                continue
            if answer is not None:
                if not isinstance(answer, _SAID) and inspect.isawaitable(answer):
                    later.append((provider, answer))
                else:
                    _keep(told, provider, answer)
            if (took := perf_counter() - began) > _SLOW:
                log.warning(
                    "provider %s held everybody up for %.1f s; mark it as blocking",
                    provider.name,
                    took,
                )
        if later:
            async with asyncio.TaskGroup() as tasks:
                for provider, waiting in later:
                    tasks.create_task(_wait(told, provider, waiting, limit))
    return so_far()


def _plain(provider: Provider, scene: Scene) -> Told:
    answer = provider.get(scene)
    if inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise TypeError(f"provider {provider.name} is marked as blocking, and is async")
    return answer


async def _wait(
    told: dict[str, Section], provider: Provider, waiting: Awaitable[Told], limit: float
) -> None:
    began = perf_counter()
    try:
        async with asyncio.timeout(limit):
            _keep(told, provider, await waiting)
    except Exception as error:  # noqa: BLE001 - the wall around one provider
        _blame(provider, error)
    if (took := perf_counter() - began) > _SLOW:
        log.debug("provider %s took %.1f s", provider.name, took)


def _keep(told: dict[str, Section], provider: Provider, answer: Told) -> None:
    if isinstance(answer, str):
        answer = Section(provider.name, answer, provider.position)
    if answer is None or not (answer.text or answer.values or answer.data):
        return
    if answer.name != provider.name or answer.position != provider.position:
        answer = replace(answer, name=provider.name, position=provider.position)
    told[provider.name] = answer


def _blame(provider: Provider, error: Exception) -> None:
    # Its text may quote people, so the log gets the place and the kind of the failure only.
    frames = extract_tb(error.__traceback__)
    where = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "?"
    log.warning("provider %s gave nothing: %s at %s", provider.name, type(error).__name__, where)
