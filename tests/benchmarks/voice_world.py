"""One measurement's voice channels: a server each, one person in each, and Troupe in all of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from tests.benchmarks.crowd import Crowd, Room
from tests.benchmarks.processes import ROOT, Running, running, said_on_start
from tests.benchmarks.theatre import Theatre

_JOINS_WITHIN = 60.0
_SPEAKS_WITHIN = 20.0
_LOOK_AGAIN = 0.05
_SILENT_OUT, _SILENT_IN = 35, 43
"""Bytes of a packet in which nothing is heard: it is no longer than its silence and its seals."""
_CALM = 0.3


@dataclass(frozen=True, slots=True)
class Channel:
    guild: int
    key: str
    person: int


@dataclass(frozen=True, slots=True)
class Heard:
    """Packets with something in them, each with the nanosecond at which it was on the way."""

    ours: Sequence[tuple[int, int]]
    """What she has sent, and by which stream."""
    theirs: Sequence[int]


@dataclass(frozen=True, slots=True)
class Voices:
    world: Theatre
    control: str
    vendor: str
    channels: Sequence[Channel]

    @contextlib.asynccontextmanager
    async def playing(self, many: int) -> AsyncIterator[Running]:
        """She is in so many of the channels, and can speak there with the person."""
        inside = self.channels[:many]
        settings = {
            "DISCORD_VOICE_CHANNEL_ID": ",".join(one.key.removeprefix("dc:") for one in inside),
            "DISCORD_VOICE_CONNECTIONS": str(max(1, many)),
            "DISCORD_VOICE_ALONE": "0",
            "DISCORD_VOICE_SCHEME": "ws",
            "SPEECH_PROVIDER": "elevenlabs",
            "TRANSCRIPTION_PROVIDER": "elevenlabs",
            "ELEVENLABS_API_KEY": "xi-bench",
            "ELEVENLABS_BASE_URL": self.vendor,
            # A vendor who answers at once has nothing to listen along for.
            "VOICE_STREAMS_TRANSCRIPTION": "false",
        }
        async with self.world.playing("troupe", settings=settings) as one:
            try:
                await self.world.logged_in()
                async with asyncio.timeout(_JOINS_WITHIN):
                    while not await self._inside(inside):  # noqa: ASYNC110
                        await asyncio.sleep(_LOOK_AGAIN)
            except TimeoutError:
                said = await asyncio.to_thread(one.log.read_text)
                raise RuntimeError(f"not in every channel; it said:\n{said[-2000:]}") from None
            yield one

    async def _built(self, number: int) -> Channel:
        """A server with a person who is in its voice channel."""
        bot, name = self.world.bot("discord"), f"Voices {number}"
        person = await self._made({"do": "someone", "name": f"Speaker {number}"})
        server = {"do": "discord.guild", "name": name, "people": [person], "bots": [bot]}
        guild = (await self._made(server))["id"]
        key = await self._made(
            {"do": "discord.channel", "guild": guild, "name": "Parlour", "kind": "voice"}
        )
        await self._do({"do": "sit", "as": person, "channel": key})
        return Channel(guild, key, person)

    async def _made(self, asked: Mapping[str, Any]) -> Any:
        (done,) = (await self._post("/stage/batch", [asked]))["done"]
        return done

    async def _inside(self, channels: Sequence[Channel]) -> bool:
        """Both of each are there, and have each other's keys."""
        calls = (await self._get("/stage/discord/voice"))["calls"]
        known = {call["channel"]: call for call in calls if call["settled"]}
        return all(one.key in known and len(known[one.key]["encrypted"]) == 2 for one in channels)

    async def say(self, channels: Sequence[Channel], sound: str, seconds: float = 0) -> None:
        people = [one.person for one in channels]
        await self._do({"do": "say", "people": people, "sound": sound, "seconds": seconds})

    async def stop(self, channels: Sequence[Channel]) -> None:
        await self._do({"do": "stop", "people": [one.person for one in channels]})

    async def traffic(self, *, clear: bool = False) -> Heard:
        told = await self._do({"do": "traffic", "clear": clear})
        ours = sorted((at, whose) for at, size, whose in told["came"] if size > _SILENT_OUT)
        return Heard(ours, [at for at, size, _ in told["went"] if size > _SILENT_IN])

    async def calm(self) -> Heard:
        """What went by until nobody spoke any more; then it is forgotten."""
        while True:
            before = await self.traffic()
            await asyncio.sleep(_CALM)
            after = await self.traffic()
            if (len(before.ours), len(before.theirs)) == (len(after.ours), len(after.theirs)):
                return await self.traffic(clear=True)

    async def speaks(self, many: int) -> None:
        """Return when so many of her voices are to be heard; RuntimeError where they are not."""
        try:
            async with asyncio.timeout(_SPEAKS_WITHIN):
                while len({whose for _, whose in (await self.traffic()).ours}) < many:  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_AGAIN)
        except TimeoutError:
            raise RuntimeError(f"she does not speak in {many} voice channels") from None

    async def tell(self, **how: Any) -> dict[str, list[int]]:
        """How the vendor is from now on; gives when it was asked to speak and to write since."""
        async with self.world.session.post(f"{self.vendor}/bench", json=how) as answer:
            told: dict[str, list[int]] = await answer.json()
            return told

    async def rooms(self, many: int) -> list[Room]:
        return await self.world.rooms(many)

    async def _do(self, asked: Mapping[str, Any]) -> Any:
        return await self._post("/bench/voice", asked)

    async def _post(self, path: str, asked: object) -> Any:
        where = f"{self.control}{path}"
        async with self.world.session.post(where, data=orjson.dumps(asked)) as answer:
            answer.raise_for_status()
            return orjson.loads(await answer.read())

    async def _get(self, path: str) -> Any:
        async with self.world.session.get(f"{self.control}{path}") as answer:
            return orjson.loads(await answer.read())


@contextlib.asynccontextmanager
async def voices(folder: Path, many: int) -> AsyncIterator[Voices]:
    """`folder` must be fresh; so many servers stand ready, with a person in the channel of each."""
    _write_character(folder)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def start(*arguments: str) -> tuple[Running, dict[str, Any]]:
            log = folder / f"{arguments[0]}.log"
            module = ["-m", f"tests.benchmarks.{arguments[0]}", *arguments[1:]]
            one = await stack.enter_async_context(running(module, log))
            told: dict[str, Any] = await said_on_start(one)
            return one, told

        stage, on_stage = await start("voice_stage", "Ada")
        model, on_model = await start("model")
        _, on_vendor = await start("voice_vendor")
        world = Theatre(
            stage=stage,
            model=model,
            crowd=Crowd(session, on_stage["control"], ("discord",)),
            platforms=("discord",),
            bots=on_stage["bots"],
            discord=on_stage["discord"],
            names=("Ada",),
            folder=folder,
            root=on_stage["root"],
            base_url=on_model["base_url"],
            asked_url=on_model["asked"],
            session=session,
        )
        made = Voices(world, on_stage["control"], on_vendor["where"], ())
        yield replace(made, channels=[await made._built(at) for at in range(many)])


def _write_character(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "ada.json").write_text((ROOT / "characters" / "ada.json").read_text())
