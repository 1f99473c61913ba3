"""What happens in the world, as the events that each bot may hear of it."""

from collections.abc import Iterator
from typing import Any

import orjson

from bots.sandbox.discord.intents import Intents, application_flags
from bots.sandbox.discord.sessions import Event, Session, Sessions
from bots.sandbox.world import Account, Change, World


class Hearing:
    """Turns changes into events; an event is encoded once for all who hear the same of it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def greeting(self, session: Session, url: str, granted: Intents) -> Iterator[Event]:
        """READY."""
        bot = session.bot
        ready = {
            "v": 10,
            "user": _self(bot),
            "user_settings": {},
            "guilds": [],
            "private_channels": [],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": url,
            "shard": list(session.shard),
            "application": {"id": str(bot.id), "flags": application_flags(granted)},
        }
        yield Event("READY", orjson.dumps(ready))

    def members(self, session: Session, asked: dict[str, Any]) -> Iterator[Event]:
        return iter(())

    def tell(self, change: Change, sessions: Sessions) -> None:
        return None


def _self(bot: Account) -> dict[str, Any]:
    return {
        "id": str(bot.id),
        "username": bot.username or bot.name,
        "discriminator": "0000",
        "global_name": None,
        "avatar": None,
        "bot": True,
        "mfa_enabled": True,
        "verified": True,
        "email": None,
        "flags": 0,
    }
