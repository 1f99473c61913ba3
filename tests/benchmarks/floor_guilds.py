"""discord.py's own bot in many servers, with our intents; `--lean` with what we let it keep, too."""

from __future__ import annotations

import argparse

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("api")
    parser.add_argument("gateway")
    parser.add_argument("token")
    parser.add_argument("--lean", action="store_true")
    asked = parser.parse_args()
    Route.BASE = asked.api
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(asked.gateway)
    intents = discord.Intents(
        guilds=True, members=True, messages=True, reactions=True, message_content=True
    )
    nobody, everybody = discord.MemberCacheFlags.none(), discord.MemberCacheFlags.all()
    everybody.voice = False  # as its default is without the intent for it
    client = discord.Client(
        intents=intents,
        # Its default would ask each server for its members: 2,000 of them take it a quarter of an
        # hour, for Discord takes two such questions a second.
        chunk_guilds_at_startup=False,
        max_messages=None if asked.lean else 1_000,
        member_cache_flags=nobody if asked.lean else everybody,
    )

    @client.event
    async def on_message(message: discord.Message) -> None:
        if not message.author.bot:
            await message.channel.send(message.content)

    client.run(asked.token)


if __name__ == "__main__":
    main()
