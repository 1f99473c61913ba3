"""The bytes of what hangs on a message of Telegram's."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import aiohttp
import telegram
from telegram.error import BadRequest, TelegramError

from bots.downloads import download, too_large
from bots.telegram.request import Flooded
from core.errors import FetchFailed
from core.messages import Attachment

_RAW_GET_FILE = "getFile_"  # PTB's own would put the token into what it gives
_PATIENCE = 20.0
_TELEGRAM = "Telegram"


class Fetching:
    """`root` is where the Bot API is: files lie beside it."""

    def __init__(self, bot: telegram.Bot, root: str, session: aiohttp.ClientSession) -> None:
        self._bot = bot
        self._root = root
        self._session = session

    async def fetch(self, attachment: Attachment, most: int) -> bytes:
        if attachment.size > most:
            raise too_large(most)
        told = await self._asked(attachment.ref)
        path, size = told.get("file_path"), told.get("file_size")
        if isinstance(size, int) and size > most:
            raise too_large(most)
        if not isinstance(path, str) or not path:
            raise FetchFailed("Telegram does not say where the file is")
        if path.startswith("/") or path[1:3] in (":\\", ":/"):
            return await asyncio.to_thread(_beside_us, path, str(self._bot.id), most)
        if ".." in PurePosixPath(path).parts:
            raise FetchFailed("Telegram's answer makes no sense")
        url = f"{self._root}/file/bot{self._bot.token}/{quote(path)}"
        return await download(self._session, url, most, where=_TELEGRAM)

    async def _asked(self, ref: str) -> dict[str, Any]:
        try:
            async with asyncio.timeout(_PATIENCE):
                told = await self._bot.do_api_request(_RAW_GET_FILE, api_kwargs={"file_id": ref})
        except Flooded as error:
            raise FetchFailed(f"Telegram asks for {error.seconds:g} s of silence") from None
        except BadRequest as error:
            if "too big" in error.message.lower():
                raise FetchFailed("Telegram hands no file over that is larger than 20 MB") from None
            raise FetchFailed("Telegram does not have the file any more") from None
        except TimeoutError:
            raise FetchFailed("Telegram takes too long to say where the file is") from None
        except TelegramError as error:  # its text may hold the token
            raise FetchFailed(f"Telegram cannot be asked ({type(error).__name__})") from None
        return told if isinstance(told, dict) else {}


def _beside_us(path: str, bot: str, most: int) -> bytes:
    """A Bot API server of one's own, in its local mode, names a file on its disk, in our folder.

    Nothing else on this machine is read, whatever it names.
    """
    real = os.path.realpath(path)
    ours = (f"{bot}:", f"{bot}~")  # Windows has no colons in names
    if not any(part.startswith(ours) for part in real.replace("\\", "/").split("/")):
        raise FetchFailed("the Bot API server names a file that is not this bot's")
    try:
        with open(real, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FetchFailed("the Bot API server names what is no file")
            data = file.read(most + 1)
    except OSError:
        raise FetchFailed("the Bot API server keeps the file where it cannot be read") from None
    if len(data) > most:
        raise too_large(most)
    return data
