"""A person's own client: discord.py's, logged in as somebody who is no bot, in a voice channel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import discord

from bots.sandbox import Stage
from bots.sandbox.discord.server import make_token
from bots.sandbox.discord.snowflakes import mint
from bots.sandbox.things import Account
from tests.stage.discord.voices import Client, Ear, Playing
from tests.voice.audio import silence
from tests.voice.parlour import Parlour, Quiet, until


@dataclass
class OwnClient:
    """In the channel, with ears that know nothing of ours."""

    who: Account
    voice: discord.VoiceClient
    ear: Ear

    async def says(self, pcm: bytes) -> None:
        """By discord.py's player, to the end."""
        self.voice.play(Playing(pcm + silence(0.02)))
        await until(lambda: not self.voice.is_playing())

    def heard(self, who: Account) -> bytes:
        return bytes(self.ear.pcm.get(who.snowflake, b""))

    async def hears(self, who: Account) -> bytes:
        """All that somebody says from now on, to its end."""
        before = len(self.heard(who))
        await until(lambda: len(self.heard(who)) > before)
        quiet = Quiet(lambda: len(self.heard(who)))
        await until(lambda: quiet.lasts(0.6), 60)
        return self.heard(who)[before:]


def newcomer(stage: Stage, name: str) -> tuple[Account, str]:
    """A person whom a client logs in as, and the token that it brings."""
    number = mint(stage.world)
    fact = {"fact": "account", "id": number, "name": name, "username": name.lower()}
    stage.world.commit({**fact, "is_bot": False, "platform": "discord"})
    who = stage.world.accounts[number]
    return who, stage.world.give_token(who, make_token(number))


@asynccontextmanager
async def own_client(here: Parlour, name: str) -> AsyncIterator[OwnClient]:
    who, token = newcomer(here.stage, name)
    here.stage.discord.invite(here.guild, who)
    async with Client() as client, asyncio.TaskGroup() as tasks:
        tasks.create_task(client.start(token))
        await client.wait_until_ready()
        voice: discord.VoiceClient = await client.voice_channel(here.room.id).connect()
        await here.settled()
        try:
            yield OwnClient(who, voice, Ear(voice))
        finally:
            await voice.disconnect(force=True)
            await client.close()
