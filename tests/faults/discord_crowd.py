"""A crowd on Discord, and how its gateway is looked at from outside."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bots.sandbox import Bot, Stage
from bots.sandbox.discord import shapes
from bots.sandbox.journal import Call
from bots.sandbox.world import Message
from tests.faults.ledgers import Crowd, until
from tests.faults.process import GatewayProcess, gateway_process

_ONCE = frozenset({"READY", "RESUMED"})


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


def told_again(stage: Stage, bot: Bot, *, times: int = 1) -> int:
    """Put everything that happened before a bot once more, as a RESUME from far back does."""
    put = 0
    for session in stage.discord.gateway.logins.of(bot.id):
        had = [event for event in session._kept if event.name not in _ONCE]
        for event in had * times:
            session.put(event)
            put += 1
    return put


def heard_again(stage: Stage, bot: Bot, message: Message) -> None:
    """Put an event a second time before a bot that has had it already."""
    body = shapes.message(stage.world, message, bot)
    guild = message.chat.guild
    more = {"guild_id": str(guild.id)} if guild is not None else {}
    assert stage.discord.gateway.dispatch(bot, "MESSAGE_CREATE", {**body, **more}) == 1


async def until_offered(stage: Stage, bot: Bot) -> None:
    """Wait until people can give her commands."""
    commands = stage.discord._office.commands
    await until(lambda: commands.get((bot.id, None)), lambda: "no command is on offer")
