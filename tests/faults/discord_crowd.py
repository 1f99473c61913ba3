"""A crowd on Discord, and how its gateway is looked at from outside."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bots.sandbox import Bot, Stage
from bots.sandbox.journal import Call
from tests.faults.ledgers import Crowd
from tests.faults.process import GatewayProcess, gateway_process


def discord_process(
    folder: Path, stage: Stage, **settings: str
) -> AbstractAsyncContextManager[GatewayProcess]:
    """A gateway with Ada on Discord alone."""
    return gateway_process(folder, stage, "Ada", platform="discord", **settings)


def crowd_of(stage: Stage, bot: Bot, rooms: int, *, direct: int | None = None) -> Crowd:
    """Rooms of one person each: so many direct channels (half of them), then a server's channels."""
    direct = rooms // 2 if direct is None else direct
    people = [stage.person(f"Person {one}") for one in range(rooms)]
    places = [(person, stage.discord.dm(person, bot)) for person in people[:direct]]
    if people[direct:]:
        there = stage.discord
        guild = there.guild("The Commons", people[direct:], [bot], channels=())
        places += [(who, there.channel(guild, who.name)) for who in people[direct:]]
    return Crowd(stage, bot, places)


def asks(crowd: Crowd, times: int = 1) -> None:
    """Everybody says the next thing so that it is answered, in a server too."""
    crowd.says(times, more=", @Ada?")


def calls(stage: Stage, *methods: str) -> list[Call]:
    """The requests of these kinds so far."""
    return [call for call in stage.discord.journal if call.method in methods]


def refusals(stage: Stage) -> list[int]:
    """Every answer so far that Discord counts against a host."""
    return [call.status for call in stage.discord.journal if call.status in (401, 403, 429)]
