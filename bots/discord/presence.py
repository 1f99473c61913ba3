"""What stands below its name among a server's members: told with IDENTIFY, at no request's cost."""

from __future__ import annotations

from typing import Any

import discord
from discord.gateway import DiscordWebSocket

from core.text import clean

_LONGEST = 128


def activity_of(words: str) -> discord.CustomActivity | None:
    """None for no words: then nothing stands there."""
    shown = " ".join(clean(words).split())[:_LONGEST].rstrip()
    # Of a bot's own status Discord shows `state`; discord.py makes it of the name.
    return discord.CustomActivity(shown) if shown else None


class Socket(DiscordWebSocket):
    """discord.py's, which names the activity in IDENTIFY as Discord did in 2018."""

    async def send_as_json(self, data: Any) -> None:
        told = data["d"].get("presence") if data.get("op") == self.IDENTIFY else None
        if told is not None:
            data["d"]["presence"] = {
                "since": None,
                "activities": [told["game"]] if told.get("game") else [],
                "status": told.get("status") or "online",
                "afk": False,
            }
        await super().send_as_json(data)
