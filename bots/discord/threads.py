"""Threads that hang from what somebody has said: opened, or found, before something is said there."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import discord

from bots.discord.asking import Asking
from bots.discord.envelope import snowflake
from bots.discord.errors import ARCHIVED, HAS_THREAD, LOCKED, NO_ACCESS, NO_CHANNEL
from bots.discord.rights import Rights

_OPEN = "/channels/{channel_id}/messages/{message_id}/threads"
_MOST = 2_000
_CLOSED = frozenset({NO_CHANNEL, NO_ACCESS, ARCHIVED, LOCKED})


class Threads:
    """A thread has the id of the message that it hangs from: opened twice, it is one."""

    def __init__(self, asking: Asking, rights: Rights) -> None:
        self._asking = asking
        self._rights = rights
        self._known: OrderedDict[tuple[int, int], int] = OrderedDict()
        """Of a channel and a message; 0 where there can be none."""

    async def of(self, channel: int, payload: Mapping[str, Any], *, direct: bool) -> int:
        """The thread that it is to be said in; 0 where that is the channel itself."""
        wanted = payload.get("thread")
        message = int(snowflake(wanted.get("from")) or 0) if isinstance(wanted, dict) else 0
        if not message or not wanted or direct:
            return 0
        key = channel, message
        if (known := self._known.get(key)) is None:
            known = await self._opened(channel, message, str(wanted.get("name") or "…"))
            self._known[key] = known
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return known

    def is_closed(self, channel: int, payload: Mapping[str, Any], error: Exception) -> bool:
        """Whether that is why nothing can be said in its thread; from now on there is none."""
        if not isinstance(error, discord.HTTPException) or error.code not in _CLOSED:
            return False
        message = int(snowflake(payload["thread"].get("from")) or 0)
        self._known[channel, message] = 0
        return True

    async def _opened(self, channel: int, message: int, name: str) -> int:
        if self._rights.is_thread(channel):
            return 0  # there are no threads in threads
        if self._rights.may(channel, "create_public_threads", "send_messages_in_threads") is False:
            return 0
        try:
            shown = await self._asking.ask(
                "POST", _OPEN, {"name": name}, channel_id=channel, message_id=message
            )
        except discord.DiscordServerError:
            raise
        except discord.HTTPException as error:
            if error.status in (401, 429):
                raise
            return message if error.code == HAS_THREAD else 0
        return int(snowflake(shown.get("id")) or message)
