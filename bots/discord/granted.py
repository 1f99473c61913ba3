"""What of its privileged intents a bot may use: asked for whole, and less where Discord refuses."""

from __future__ import annotations

import asyncio
import logging

import aiohttp
import discord

from core.errors import LinkLost, LinkRejected
from core.ids import Account

log = logging.getLogger(__name__)

_INVALID, _DISALLOWED = 4013, 4014
REFUSALS = frozenset({_INVALID, _DISALLOWED})
"""The codes by which Discord closes a line that asks for too much."""
_LOOKING = 10.0
_PRIVILEGED = ("message_content", "members")
_LACKS = {
    "message_content": "in servers it hears only what mentions it (Message Content Intent is off)",
    "members": "it does not notice who comes and goes (Server Members Intent is off)",
}
_SWITCHES = {
    "message_content": "Message Content Intent (without it, it hears in servers only what mentions it)",
    "members": "Server Members Intent (without it, it does not notice who comes and goes)",
}


class Granted:
    """One bot's, for all its lines."""

    def __init__(self, client: discord.Client, account: Account) -> None:
        self._client = client
        self._account = account
        self._privileged = set(_PRIVILEGED)

    @property
    def lacks(self) -> str:
        """What was not granted, for the operator."""
        return "; ".join(_LACKS[one] for one in _PRIVILEGED if one not in self._privileged)

    @property
    def asked(self) -> int:
        """What the next IDENTIFY asks for."""
        return self._client._connection._intents.value

    async def refused(self, code: int, asked: int) -> LinkLost | LinkRejected:
        """Ask for less from now on, and say once how the rest is granted.

        `asked` is what the refused line had asked for: another may have been refused before it.
        """
        if asked != self.asked:
            return LinkLost("an intent is not granted")
        if not self._privileged:
            return LinkRejected("Discord refuses what the bot wants to hear")
        off = await self._switched_off() if code == _DISALLOWED else set()
        if asked != self.asked:
            return LinkLost("an intent is not granted")
        missing = (off & self._privileged) or set(self._privileged)
        self._privileged -= missing
        state = self._client._connection
        state._intents = discord.Intents(
            **{name: on for name, on in state._intents if name not in missing}
        )
        for one in sorted(missing):
            log.warning(
                "%s may not hear all it could (%d). Switch on %s at "
                "https://discord.com/developers/applications, on the page Bot of the application, "
                "and start it anew",
                self._account,
                code,
                _SWITCHES[one],
            )
        return LinkLost("an intent is not granted")

    async def _switched_off(self) -> set[str]:
        """As the application stands now: a switch may have been moved since the login."""
        flags = self._client._connection.application_flags
        try:
            async with asyncio.timeout(_LOOKING):
                flags = (await self._client.application_info()).flags
        except (discord.DiscordException, OSError, aiohttp.ClientError):
            pass  # what the login has told is nearly always still true
        except (KeyError, TypeError, ValueError, AttributeError):
            pass
        granted = {
            "message_content": flags.gateway_message_content
            or flags.gateway_message_content_limited,
            "members": flags.gateway_guild_members or flags.gateway_guild_members_limited,
        }
        return {one for one in _PRIVILEGED if not granted[one]}
