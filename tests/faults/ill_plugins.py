"""Plugins that are ill, each in a way of its own, and the characters that have them (G13)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.plugins import Plugin, Turn

HANGS = 3600.0


@dataclass(slots=True)
class Ward:
    """The ill; `released` lets those go that hold a thread, once the test is over."""

    released: threading.Event = field(default_factory=threading.Event)
    plugins: list[Plugin] = field(default_factory=list)
    characters: list[Mapping[str, Any]] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    """Who cannot answer."""

    def add(
        self, name: str, plugin: Plugin | None = None, *, answers: bool = True, **more: Any
    ) -> None:
        plugins = [plugin.name] if plugin else []
        self.characters.append({"name": name, "bio": f"{name} is ill.", "plugins": plugins, **more})
        self.plugins += [plugin] if plugin else []
        if not answers:
            self.silent.add(name)

    @property
    def names(self) -> list[str]:
        return [str(one["name"]) for one in self.characters]


GIVES_UP = {"settings": {"RESPONSE_TIMEOUT": 500}}


def ward() -> Ward:
    """Everybody who is ill."""
    all_of_them = Ward()
    for add in (_in_the_state, _in_threads, _in_what_is_done, _after_it, _at_the_start):
        add(all_of_them)
    return all_of_them


def _in_the_state(ward: Ward) -> None:
    raises, hangs, floods = Plugin("raises"), Plugin("hangs"), Plugin("floods")

    @raises.provider
    async def broken(turn: Turn) -> str:
        raise RuntimeError("a bug of its author's")

    @raises.provider
    async def leaves(turn: Turn) -> str:
        raise SystemExit(3)

    @raises.provider
    async def cancelled(turn: Turn) -> str:
        raise asyncio.CancelledError

    @hangs.provider
    async def endless(turn: Turn) -> str:
        await asyncio.sleep(HANGS)
        return ""

    @floods.provider
    async def megabytes(turn: Turn) -> str:
        return "word " * 1_000_000

    ward.add("Provides", raises)
    ward.add("Waits", hangs, answers=False, **GIVES_UP)
    ward.add("Floods", floods)
    ward.add("Template", templates={"messageHandlerTemplate": "{{#if never closed {{providers}}"})


def _in_threads(ward: Ward) -> None:
    blocks, pool = Plugin("blocks"), Plugin("pool")

    @blocks.provider
    def blocking(turn: Turn) -> str:
        ward.released.wait()
        return ""

    @pool.resource
    async def all_threads(settings: Any) -> Any:
        loop = asyncio.get_running_loop()
        for _ in range(200):
            loop.run_in_executor(None, ward.released.wait)
        yield None

    @pool.provider
    async def in_a_thread(turn: Turn) -> str:
        await asyncio.to_thread(ward.released.wait)
        return ""

    ward.add("Blocks", blocks, answers=False, **GIVES_UP)
    ward.add("Pool", pool, answers=False, **GIVES_UP)


def _in_what_is_done(ward: Ward) -> None:
    acts, fails = Plugin("acts"), Plugin("fails")

    @acts.action
    async def act(turn: Turn) -> str:
        """Do something."""
        await asyncio.sleep(HANGS)
        return "never"

    @fails.action(name="ACT")
    async def fail(turn: Turn) -> str:
        """Do something."""
        raise SystemExit(3)

    ward.add("Acts", acts, answers=False)
    ward.add("Fails", fails)


def _after_it(ward: Ward) -> None:
    looks, listens = Plugin("looks"), Plugin("listens")

    @looks.evaluator
    async def looks_back(turn: Turn) -> None:
        """Fail."""
        raise RuntimeError("a bug of its author's")

    @looks.evaluator
    async def leaves(turn: Turn) -> None:
        """End the process."""
        raise SystemExit(3)

    @listens.on("MESSAGE_RECEIVED")
    async def hangs(payload: Mapping[str, Any]) -> None:
        await asyncio.sleep(HANGS)

    @listens.on("RUN_STARTED")
    def blocks(payload: Mapping[str, Any]) -> None:
        ward.released.wait()

    @listens.on("MESSAGE_SENT")
    async def leaves_too(payload: Mapping[str, Any]) -> None:
        raise SystemExit(3)

    ward.add("Looks", looks)
    ward.add("Listens", listens)


def _at_the_start(ward: Ward) -> None:
    serves, lingers = Plugin("serves"), Plugin("lingers")

    @serves.service
    class Weather:
        service_type = "weather"

        @classmethod
        async def start(cls, runtime: Any) -> Any:
            raise RuntimeError("no wind today")

        async def stop(self) -> None:
            raise AssertionError("it has never begun")

    @lingers.service
    class Clingy:
        service_type = "clingy"

        @classmethod
        async def start(cls, runtime: Any) -> Any:
            return cls()

        async def stop(self) -> None:
            await asyncio.sleep(HANGS)

    ward.add("Serves", serves)
    ward.add("Lingers", lingers)
