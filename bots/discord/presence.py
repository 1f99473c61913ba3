"""What stands below its name among a server's members: told with IDENTIFY, at no request's cost."""

from __future__ import annotations

import discord

from core.text import clean

_LONGEST = 128


def activity_of(words: str) -> discord.CustomActivity | None:
    """None for no words: then nothing stands there."""
    shown = " ".join(clean(words).split())[:_LONGEST].rstrip()
    # Of a bot's own status Discord shows `state`; `name` is the same words to discord.py.
    return discord.CustomActivity(shown) if shown else None
