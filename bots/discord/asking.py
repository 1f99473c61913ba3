"""One request of a bot's, within what Discord bears; rooms that are shut to us are left alone."""

from __future__ import annotations

from typing import Any

import discord
from discord.http import Route

from bots.discord import uploads
from bots.discord.errors import MALFORMED, reason_of, send_failure
from bots.discord.quota import Quota, ShutRooms
from bots.discord.uploads import Upload
from core.clock import Clock
from core.errors import Throttled, Unsendable

SPECIAL = frozenset({"embeds", "poll", "sticker_ids"})
"""Who may not send these, or a file, may write all the same."""


class Asking:
    """It asks discord.py's HTTP client, which keeps the rates of each route, and not its typed
    methods: they build a message, an author and a channel for nobody.
    """

    def __init__(self, client: discord.Client, quota: Quota, clock: Clock) -> None:
        self.http = client.http
        self._quota = quota
        self._shut = ShutRooms(clock)

    def allowed(self) -> None:
        """Raises Throttled while one more refusal would be one too many."""
        if silence := self._quota.silence:
            raise Throttled(silence)

    def shut(self, channel: int, code: int) -> None:
        self._shut.note(channel, reason_of(code))

    def is_shut(self, channel: int, code: int) -> bool:
        """Whether we were refused there a moment ago, for this reason."""
        return self._shut.reason(channel) == reason_of(code)

    async def speak(
        self,
        channel: int,
        path: str,
        asked: dict[str, Any] | None = None,
        upload: Upload | None = None,
    ) -> Any:
        """Raises Unsendable without asking where we were just refused."""
        if reason := self._shut.reason(channel):
            raise Unsendable(reason)
        try:
            return await self.ask("POST", path, asked, upload, channel_id=channel)
        except discord.Forbidden as error:
            if upload is None and not SPECIAL & (asked or {}).keys():
                self._shut.note(channel, str(send_failure(error, repeatable=False)))
            raise

    async def ask(
        self,
        method: str,
        path: str,
        asked: dict[str, Any] | None = None,
        upload: Upload | None = None,
        **parts: Any,
    ) -> Any:
        self.allowed()
        route = Route(method, path, **parts)
        if asked is None:
            return await self.http.request(route)
        if upload is not None:
            return await uploads.hand_over(self.http, route, asked, upload)
        try:
            return await self.http.request(route, json=asked)
        except discord.HTTPException as error:
            if not blames_components(error, asked):
                raise
        # The words are worth more than the buttons below them.
        return await self.http.request(route, json=without_components(asked))


def blames_components(error: discord.HTTPException, asked: dict[str, Any]) -> bool:
    """Whether what hangs below a message is all that keeps it from being taken."""
    blamed = error.code == MALFORMED and "components" in error.text
    shows = asked.get("content") or asked.get("embeds")
    return blamed and bool(asked.get("components")) and bool(shows)


def without_components(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if name != "components"}
