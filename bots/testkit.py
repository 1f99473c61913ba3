"""The whole gateway on the local stage in one `async with`: for authors of characters and plugins.

    async with playing("Ada", model=Scripted(["Hello!"]), data=tmp_path) as play:
        bob = play.stage.person("Bob")
        dm = play.stage.dm(bob, play.bots["Ada"])
        bob.says(dm, "hi")
        assert (await play.stage.next_from(play.bots["Ada"], dm)).text == "Hello!"

Our real clients talk to it over real sockets; nothing of ours is replaced but the model.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bots.app import Gateway
from bots.doors import doors
from bots.links import Plan, plan_links
from bots.rehearsal import environment_without_keys, platforms_of, pointed_at
from bots.sandbox import Bot, Stage
from core.bell import Bell
from core.casting import LoadedCharacter, Roster, read_loaded
from core.clock import Clock
from core.models.roles import Models
from core.ports import ModelProvider
from core.settings.layers import Environment, Settings


@dataclass(slots=True)
class Play:
    """What is going on; `stage` is the other end of the wire."""

    stage: Stage
    gateway: Gateway
    bots: Mapping[str, Bot]
    """On Telegram, by the name of their character."""
    discord_bots: Mapping[str, Bot]
    roster: Roster
    environment: Environment
    data: Path
    platforms: Collection[str]

    def plan(self, **variables: str) -> Plan:
        """The same characters with some variables changed; hand it to `gateway.reload`."""
        environment = self.environment.overlaid(**variables)
        return plan_links(self.roster, environment, stages=platforms_of(self.stage, self.platforms))


@asynccontextmanager
async def playing(
    *characters: str | Mapping[str, Any],
    model: ModelProvider | None = None,
    data: Path,
    stage: Stage | None = None,
    settings: Mapping[str, str] | None = None,
    paces: bool = False,
    platforms: Collection[str] = ("telegram",),
    plugins: Iterable[Any] = (),
    clock: Clock | None = None,
    voices: bool = False,
    commands_after: float = 2.0,
) -> AsyncIterator[Play]:
    """Start, log everybody in, and stop in order at the end of the block.

    A character is a name, or its file's content. `settings` are variables of the process, as in
    `.env`; TROUPE_REFLECTION and TROUPE_TURNS_PER_MINUTE are off where they do not say else.
    Without a `model` the offline one answers. `paces` keeps the platforms' rates.
    `platforms` are those on which they play: "telegram", "discord". `plugins` are found by the
    names that a character's file gives; a character that is but a name has all of them. `clock` is
    the gateway's. With `voices` everybody hears and speaks by the pair that needs no key.
    `commands_after` are the seconds after which platforms are told of commands.
    """
    variables = {"SERVER_PORT": "0", "STOP_PATIENCE": "5", "SEND_PATIENCE": "2"}
    variables["TROUPE_REFLECTION"] = "false"  # a scripted model is asked for answers alone
    variables["TROUPE_TURNS_PER_MINUTE"] = "0"  # one person of a test often speaks for many
    if not paces:
        variables |= {
            "TELEGRAM_SENDS_PER_SECOND": "0",
            "TELEGRAM_CHAT_SENDS_PER_SECOND": "0",
            "TELEGRAM_GROUP_SENDS_PER_MINUTE": "0",
            "DISCORD_SENDS_PER_SECOND": "0",
            "DISCORD_CHAT_SENDS_PER_SECOND": "0",
        }
    variables |= settings or {}
    at_hand = tuple(plugins)
    names = [one.pluggable().name for one in at_hand]
    roster = Roster(tuple(_loaded(one, names) for one in characters))
    async with AsyncExitStack() as stack:
        if stage is None:
            stage = await stack.enter_async_context(Stage(limits=paces))
        houses = platforms_of(stage, platforms)
        playing_now = [one.name for one in roster.loaded]
        bots = {name: stage.bot(name) for name in playing_now if "telegram" in houses}
        on_discord = {name: stage.discord.bot(name) for name in playing_now if "discord" in houses}
        environment = environment_without_keys(Environment.of(variables), with_model=True)
        environment = pointed_at(stage, environment)
        gateway = Gateway(
            Settings(environment),
            plan_links(roster, environment, stages=houses),
            data,
            doors(commands_after=commands_after),
            models=Models(override=model) if model is not None else None,
            plugins=at_hand,
            clock=clock,
            rehearses=voices,
        )
        stop = Bell()
        group = await stack.enter_async_context(asyncio.TaskGroup())
        group.create_task(gateway.run(stop))
        stack.callback(stop.ring)
        await gateway.started.wait()
        yield Play(stage, gateway, bots, on_discord, roster, environment, data, platforms)


def _loaded(one: str | Mapping[str, Any], plugins: list[str]) -> LoadedCharacter:
    if isinstance(one, str):
        one = {"name": one, "bio": f"{one} is made for a test.", "plugins": plugins}
    return read_loaded(one)
