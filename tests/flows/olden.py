"""Ada and Zoe in a direct chat, where much was said that the prompt does not show any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bots.mind import Mind
from bots.sandbox import Bot, Person, Stage
from bots.sandbox.world import Chat, Message
from bots.testkit import Play
from core.ids import CharacterId
from core.ports import Unit
from tests.fakes.clock import TurnedClock
from tests.fakes.model_server import ModelServer, vector_of
from tests.flows.talk import playing, reply

T = TypeVar("T")

TOLD = "My grandmother had a boat, the Minka, green as a pea."
ASKED = "What was the boat of my grandmother called?"
CHATTER = (
    "It rains again.",
    "I had toast for breakfast.",
    "The bus was late.",
    "My shoes are wet.",
    "The shop was closed.",
    "Now the sun is out.",
)
PAUSE = 240.0
"""Seconds between two things that Zoe says."""
_SETTLED = 2.5
"""Seconds after which what was said is taken into the index of words."""


def well(request: Mapping[str, Any]) -> str:
    return reply("Well, well.")


def alike(*words: str) -> Callable[[str, int, int], list[float]]:
    """Vectors by which texts with one of these words mean the same, and all others something else."""

    def vector(text: str, width: int, at: int) -> list[float]:
        if any(one in text.lower() for one in words):
            return [1.0] + [0.0] * 15
        return [0.0, *vector_of(text, 15)]

    return vector


def prompt(request: Mapping[str, Any]) -> str:
    """Everything that a model gets to read."""
    return "\n".join(str(one["content"]) for one in request["messages"])


@dataclass(slots=True)
class Olden:
    play: Play
    server: ModelServer
    clock: TurnedClock
    zoe: Person
    bot: Bot
    dm: Chat

    @property
    def mind(self) -> Mind:
        house = self.play.gateway._house
        assert house is not None
        return house.mind

    @property
    def ada(self) -> CharacterId:
        return self.play.roster.loaded[0].id

    @property
    def model(self) -> str:
        """By which name her vectors are kept now."""
        return self.mind.embedder.model(self.play.gateway.links[0].settings)

    async def says(self, *texts: str, pause: float = PAUSE) -> list[Message]:
        """Zoe says one thing after the other; each of them is answered."""
        said = []
        for text in texts:
            self.clock.turn(pause)
            said.append(self.zoe.says(self.dm, text))
            await self.play.stage.next_from(self.bot, self.dm)
        return said

    async def asks(self, text: str) -> str:
        """The prompt in which the question stood; of the last call where there were several."""
        await self.says(text)
        return prompt(self.server.calls[-1].request)

    async def went(self) -> Message:
        """What was told long ago, and what was talked of since; gives the telling."""
        told, *_ = await self.says(TOLD, *CHATTER)
        await self.taken_in()
        return told

    async def read(self, look: Callable[[Unit], T]) -> T:
        house = self.play.gateway._house
        assert house is not None
        found: T = await house.store.read(look)
        return found

    async def taken_in(self) -> None:
        """Wait until all of it can be found by its words, which takes no notice of it at once."""
        self.clock.turn(_SETTLED)
        async with asyncio.timeout(60):
            while await self.read(lambda unit: unit.passages.waiting()):  # noqa: ASYNC110  (no bell)
                await asyncio.sleep(0.05)

    async def understood(self) -> None:
        """Have vectors made of everything now, and wait for them."""
        await self.taken_in()
        async with asyncio.timeout(60):
            while not await self.complete():
                self.mind.embedder.wake(self.ada, self.play.gateway.links[0].settings, soon=True)
                await asyncio.sleep(0.05)

    async def complete(self) -> bool:
        """Whether every memory with words has a vector of the model that is set up."""
        have, should = await self.read(lambda unit: unit.vectors.count(self.ada, self.model))
        return 0 < have == should


@dataclass(frozen=True, slots=True)
class Place:
    """What outlives a gateway's process."""

    stage: Stage
    server: ModelServer
    clock: TurnedClock
    data: Path

    @asynccontextmanager
    async def talk(self, platform: str = "telegram", **settings: str) -> AsyncIterator[Olden]:
        """`settings` are more variables of the gateway."""
        variables = {
            "OPENAI_API_KEY": "a-key-for-nothing",
            "OPENAI_BASE_URL": self.server.base_url,
            "OPENAI_EMBEDDING_DIMENSIONS": "0",
            "CONVERSATION_LENGTH": "4",
            **settings,
        }
        async with playing(
            "Ada",
            data=self.data,
            settings=variables,
            stage=self.stage,
            platforms=(platform,),
            clock=self.clock,
        ) as play:
            house = self.stage if platform == "telegram" else self.stage.discord
            bot = (play.bots if platform == "telegram" else play.discord_bots)["Ada"]
            zoe = self.stage.person("Zoe", username="zoe_of_old")
            yield Olden(play, self.server, self.clock, zoe, bot, house.dm(zoe, bot))


@asynccontextmanager
async def a_place(data: Path) -> AsyncIterator[Place]:
    """A stage and a model server; everybody lives by one clock, which can be turned on."""
    clock = TurnedClock()
    async with (
        ModelServer(well) as server,
        Stage(limits=False, now=lambda: clock.now().timestamp()) as stage,
    ):
        yield Place(stage, server, clock, data)
