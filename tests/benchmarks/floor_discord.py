"""The bot that most people would write for Discord: discord.py and openai, nothing kept, no order."""

from __future__ import annotations

import argparse

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.benchmarks.thinking import thinking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("api")
    parser.add_argument("gateway")
    parser.add_argument("token")
    parser.add_argument("base_url")
    asked = parser.parse_args()
    Route.BASE = asked.api
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(asked.gateway)
    think = thinking(asked.base_url)
    intents = discord.Intents(guilds=True, messages=True, message_content=True)
    client = discord.Client(intents=intents)

    @client.event
    async def on_message(message: discord.Message) -> None:
        if not message.author.bot:
            await message.channel.send(await think(message.content))

    client.run(asked.token)


if __name__ == "__main__":
    main()
