"""One measurement's world: the stage, the model and one program under test, all freshly started."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import aiohttp

from tests.benchmarks.crowd import Crowd, Platform, Room
from tests.benchmarks.processes import ROOT, Running, running, said_on_start

System = Literal["troupe", "counted", "floor", "floor-whole", "floor-uvloop", "echo"]

_LOGS_IN_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Theatre:
    stage: Running
    model: Running
    crowd: Crowd
    platforms: Sequence[Platform]
    bots: list[dict[str, Any]]
    """Of Telegram."""
    discord: dict[str, Any]
    """Where it is, and its bots."""
    names: Sequence[str]
    folder: Path
    root: str
    base_url: str
    asked_url: str
    session: aiohttp.ClientSession

    def bot(self, platform: Platform, who: int = 0) -> int:
        bots: list[dict[str, Any]] = self.bots if platform == "telegram" else self.discord["bots"]
        return int(bots[who]["id"])

    async def rooms(
        self, many: int, *, platform: Platform | None = None, who: int = 0
    ) -> list[Room]:
        """New rooms with one of the bots, on the first platform if none is named."""
        platform = platform or self.platforms[0]
        if platform == "discord":
            return await self.crowd.channels(self.bot(platform, who), many)
        return await self.crowd.rooms(self.bot(platform, who), many)

    async def asked(self) -> dict[str, int]:
        """How often the model was asked, by kind."""
        async with self.session.get(self.asked_url) as answer:
            counts: dict[str, int] = (await answer.json())["counts"]
            return counts

    async def first_words(self) -> dict[str, int]:
        """When the first words of slow answers went out, by the mark of their question."""
        async with self.session.get(self.asked_url) as answer:
            times: dict[str, int] = (await answer.json())["first_words"]
            return times

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

    async def logged_in(self) -> None:
        """Return when every bot of Discord hears; Telegram keeps for a bot what it missed."""
        async with asyncio.timeout(_LOGS_IN_WITHIN):
            for bot in self.discord["bots"]:
                await self.crowd.hears(int(bot["id"]))

    async def answers(self, one: Running, room: Room) -> None:
        """Raises RuntimeError, with what the program said, when it does not answer at all."""
        await self.logged_in()
        load = await self.crowd.pump([room], 1, messages=1)
        if load.unanswered:
            said = await asyncio.to_thread(one.log.read_text)
            raise RuntimeError(f"no answer; the program said:\n{said[-2000:]}")

    def _program(
        self, system: System, settings: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        match system:
            case "troupe" | "counted":
                program = "bots" if system == "troupe" else "tests.benchmarks.counted"
                who = [str(self.folder / f"{name.lower()}.json") for name in self.names]
                return ["-m", program, "run", "--character", *who], self._settings(settings)
            case "echo":
                return [*self._bare("echo")], {}
            case "floor" | "floor-whole" | "floor-uvloop":
                extra = {"floor-whole": ["--whole"], "floor-uvloop": ["--uvloop"]}
                return [*self._bare("floor"), self.base_url, *extra.get(system, [])], {}

    def _bare(self, program: str) -> list[str]:
        if self.platforms[0] == "discord":
            at = self.discord
            module = f"tests.benchmarks.{program}_discord"
            return ["-m", module, at["api"], at["gateway"], str(at["bots"][0]["token"])]
        return ["-m", f"tests.benchmarks.{program}", self.root, str(self.bots[0]["token"])]

    def _settings(self, more: Mapping[str, str]) -> dict[str, str]:
        tokens = {
            f"CHARACTER.{bot['name'].upper()}.{key}": str(bot["token"])
            for key, bots in (
                ("TELEGRAM_BOT_TOKEN", self.bots),
                ("DISCORD_API_TOKEN", self.discord["bots"]),
            )
            for bot in bots
        }
        return {
            **tokens,
            "DISCORD_API_ROOT": self.discord["api"],
            "DISCORD_GATEWAY_URL": self.discord["gateway"],
            "DISCORD_CDN_ROOT": self.discord["cdn"],
            "DISCORD_SENDS_PER_SECOND": "0",
            "DISCORD_CHAT_SENDS_PER_SECOND": "0",
            "TELEGRAM_API_ROOT": self.root,
            "TELEGRAM_SENDS_PER_SECOND": "0",
            "TELEGRAM_CHAT_SENDS_PER_SECOND": "0",
            "TELEGRAM_GROUP_SENDS_PER_MINUTE": "0",
            "BASIC_CAPABILITIES_KEEP_RESP": "true",
            "TROUPE_TURNS_PER_MINUTE": "0",
            "OPENAI_BASE_URL": self.base_url,
            "OPENAI_API_KEY": "sk-bench",
            "TROUPE_DATA_DIR": str(self.folder / "data"),
            "SERVER_PORT": "0",
            **more,
        }


@contextlib.asynccontextmanager
async def theatre(
    folder: Path,
    *,
    names: Sequence[str] = ("Ada",),
    platforms: Sequence[Platform] = ("telegram",),
) -> AsyncIterator[Theatre]:
    """`folder` must be fresh: it gets the database, the logs and a character file for each name.

    A floor plays on the first of the platforms only.
    """
    _write_characters(folder, names)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        everybody = ",".join(names)
        arguments = ["-m", "bots.sandbox", "--no-limits", "--bare"]
        arguments += ["--bots", everybody if "telegram" in platforms else ""]
        arguments += ["--discord-bots", everybody if "discord" in platforms else ""]
        stage = await stack.enter_async_context(running(arguments, folder / "stage.log"))
        model = await stack.enter_async_context(
            running(["-m", "tests.benchmarks.model"], folder / "model.log")
        )
        on_stage: dict[str, Any] = await said_on_start(stage)
        on_model: dict[str, Any] = await said_on_start(model)
        yield Theatre(
            stage=stage,
            model=model,
            crowd=Crowd(session, on_stage["control"], platforms),
            platforms=platforms,
            bots=on_stage["bots"],
            discord=on_stage["discord"],
            names=names,
            folder=folder,
            root=on_stage["root"],
            base_url=on_model["base_url"],
            asked_url=on_model["asked"],
            session=session,
        )


def _write_characters(folder: Path, names: Sequence[str]) -> None:
    folder.mkdir(parents=True)
    text = (ROOT / "characters" / "ada.json").read_text()
    for name in names:
        own = text.replace('"name": "Ada"', f'"name": "{name}"')
        own = own.replace('"username": "ada"', f'"username": "{name.lower()}"')
        (folder / f"{name.lower()}.json").write_text(own)
