"""The bytes of what hangs on a message of Discord's."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import aiohttp
import discord
import yarl

from bots.discord.endpoints import DISCORD
from bots.discord.envelope import snowflake
from bots.discord.people import listed
from bots.discord.quota import Quota
from bots.downloads import download, too_large
from core.errors import FetchFailed
from core.messages import Attachment

_PATIENCE = 20.0
_DISCORD = "Discord"
_FILE = re.compile(r"(\d{1,20})/(\d{1,20})/(\d{1,20})")
_STICKER = re.compile(r"sticker:(\d{1,20})")
_STICKERS = {
    "image/png": "png",
    "image/apng": "png",
    "image/gif": "gif",
    "application/json": "json",
}
_FOLDERS = ("attachments", "ephemeral-attachments")


class Fetching:
    """A file's address is signed and soon dead, so its message is asked for a fresh one."""

    def __init__(
        self,
        client: discord.Client,
        quota: Quota,
        cdn_root: str,
        connector: aiohttp.BaseConnector | None,
    ) -> None:
        self._http = client.http
        self._quota = quota
        self._cdn = yarl.URL((cdn_root or DISCORD.cdn_root).rstrip("/"))
        self._connector = connector

    async def fetch(self, attachment: Attachment, most: int) -> bytes:
        if attachment.size > most:
            raise too_large(most)
        url = await self._address(attachment)
        lent = self._connector
        async with aiohttp.ClientSession(connector=lent, connector_owner=lent is None) as session:
            return await download(session, url, most, where=_DISCORD)

    async def _address(self, attachment: Attachment) -> str:
        if sticker := _STICKER.fullmatch(attachment.ref):
            ending = _STICKERS.get(attachment.mime, "png")
            return str(self._cdn / "stickers" / f"{sticker[1]}.{ending}")
        place = _FILE.fullmatch(attachment.ref)
        if place is None:
            raise FetchFailed("this is no file of Discord's")
        said = await self._asked(int(place[1]), int(place[2]))
        inside = (one.get("message") for one in listed(said.get("message_snapshots")))
        messages = [said, *(one for one in inside if isinstance(one, dict))]
        for file in (file for one in messages for file in listed(one.get("attachments"))):
            if snowflake(file.get("id")) == place[3]:
                return self._checked(file.get("url"))
        raise FetchFailed("Discord does not have the file any more")

    def _checked(self, address: object) -> str:
        """Only what lies at Discord is fetched: a file's address comes from outside."""
        try:
            url = yarl.URL(address if isinstance(address, str) else "")
            folder = self._cdn.path.rstrip("/")
            inside = any(url.path.startswith(f"{folder}/{name}/") for name in _FOLDERS)
            plain = ".." not in url.parts and not url.user and not url.password
            if url.is_absolute() and url.origin() == self._cdn.origin() and inside and plain:
                return str(url)
        except ValueError:
            pass
        raise FetchFailed("the file does not lie at Discord")

    async def _asked(self, channel: int, message: int) -> dict[str, Any]:
        if self._quota.silence:
            raise FetchFailed("Discord asks for silence")
        try:
            async with asyncio.timeout(_PATIENCE):
                said: object = await self._http.get_message(channel, message)
        except discord.NotFound:
            raise FetchFailed("the message is gone, and its file with it") from None
        except discord.Forbidden:
            raise FetchFailed(
                "older messages of this channel cannot be read; the bot needs the permission "
                "Read Message History"
            ) from None
        except TimeoutError:
            raise FetchFailed("Discord takes too long to say where the file is") from None
        except (discord.DiscordException, OSError, aiohttp.ClientError, ValueError) as error:
            raise FetchFailed(f"Discord cannot be asked ({type(error).__name__})") from None
        return said if isinstance(said, dict) else {}
