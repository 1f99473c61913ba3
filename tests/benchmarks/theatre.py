"""One measurement's world: the stage, the model and one program under test, all freshly started."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import aiohttp

from tests.benchmarks.crowd import Crowd, Room
from tests.benchmarks.processes import ROOT, Running, running, said_on_start

System = Literal["troupe", "counted", "floor", "floor-whole", "floor-uvloop", "echo"]


@dataclass(frozen=True, slots=True)
class Theatre:
    stage: Running
    model: Running
    crowd: Crowd
    bots: list[dict[str, Any]]
    folder: Path
    root: str
    base_url: str
    asked_url: str
    session: aiohttp.ClientSession

    async def asked(self) -> dict[str, int]:
        """How often the model was asked, by kind."""
        async with self.session.get(self.asked_url) as answer:
            counts: dict[str, int] = await answer.json()
            return counts

    @contextlib.asynccontextmanager
    async def playing(
        self, system: System, *, settings: Mapping[str, str] | None = None
    ) -> AsyncIterator[Running]:
        """Start a program; it may not have logged in yet."""
        arguments, env = self._program(system, settings or {})
        log = self.folder / f"{system}.log"
        async with running(arguments, log, env=env, folder=self.folder) as one:
            yield one

    async def warmed(self, one: Running, rooms: list[Room], turns: int = 2) -> None:
        """Wait for the first answer, then let every room talk a little."""
        await self.answers(one, rooms[0])
        await self.crowd.pump(rooms, min(50, len(rooms)), messages=len(rooms) * turns)

    async def answers(self, one: Running, room: Room) -> None:
        """Raises RuntimeError, with what the program said, when it does not answer at all."""
        load = await self.crowd.pump([room], 1, messages=1)
        if load.unanswered:
            said = await asyncio.to_thread(one.log.read_text)
            raise RuntimeError(f"no answer; the program said:\n{said[-2000:]}")

    def _program(
        self, system: System, settings: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        token = str(self.bots[0]["token"])
        match system:
            case "echo":
                return ["-m", "tests.benchmarks.echo", self.root, token], {}
            case "floor" | "floor-whole" | "floor-uvloop":
                extra = {"floor-whole": ["--whole"], "floor-uvloop": ["--uvloop"]}
                where = [self.root, token, self.base_url]
                return ["-m", "tests.benchmarks.floor", *where, *extra.get(system, [])], {}
            case "troupe" | "counted":
                program = "bots" if system == "troupe" else "tests.benchmarks.counted"
                who = [str(self.folder / f"{bot['name'].lower()}.json") for bot in self.bots]
                return ["-m", program, "run", "--character", *who], self._settings(settings)

    def _settings(self, more: Mapping[str, str]) -> dict[str, str]:
        tokens = {
            f"CHARACTER.{bot['name'].upper()}.TELEGRAM_BOT_TOKEN": str(bot["token"])
            for bot in self.bots
        }
        return {
            **tokens,
            "TELEGRAM_API_ROOT": self.root,
            "TELEGRAM_SENDS_PER_SECOND": "0",
            "TELEGRAM_CHAT_SENDS_PER_SECOND": "0",
            "TELEGRAM_GROUP_SENDS_PER_MINUTE": "0",
            "BASIC_CAPABILITIES_KEEP_RESP": "true",
            "OPENAI_BASE_URL": self.base_url,
            "OPENAI_API_KEY": "sk-bench",
            "TROUPE_DATA_DIR": str(self.folder / "data"),
            "SERVER_PORT": "0",
            **more,
        }


@contextlib.asynccontextmanager
async def theatre(folder: Path, *, names: tuple[str, ...] = ("Ada",)) -> AsyncIterator[Theatre]:
    """`folder` must be fresh: it gets the database, the logs and a character file for each name."""
    _write_characters(folder, names)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        arguments = ["-m", "bots.sandbox", "--no-limits", "--bare", "--bots", ",".join(names)]
        stage = await stack.enter_async_context(running(arguments, folder / "stage.log"))
        model = await stack.enter_async_context(
            running(["-m", "tests.benchmarks.model"], folder / "model.log")
        )
        on_stage: dict[str, Any] = await said_on_start(stage)
        on_model: dict[str, Any] = await said_on_start(model)
        yield Theatre(
            stage=stage,
            model=model,
            crowd=Crowd(session, on_stage["control"]),
            bots=on_stage["bots"],
            folder=folder,
            root=on_stage["root"],
            base_url=on_model["base_url"],
            asked_url=on_model["asked"],
            session=session,
        )


def _write_characters(folder: Path, names: tuple[str, ...]) -> None:
    folder.mkdir(parents=True)
    text = (ROOT / "characters" / "ada.json").read_text()
    for name in names:
        own = text.replace('"name": "Ada"', f'"name": "{name}"')
        own = own.replace('"username": "ada"', f'"username": "{name.lower()}"')
        (folder / f"{name.lower()}.json").write_text(own)
