"""Files that go out: each as Telegram shows it best, several as one album."""

from __future__ import annotations

from typing import Any

import telegram
from telegram.error import BadRequest, EndPointNotFound

from bots.telegram.asking import Asked, ask
from bots.telegram.rendering import KINDS
from core.errors import Unsendable
from core.files import Files

_RAW_ALBUM = "sendMediaGroup_"
_ENDPOINTS = {
    "photo": "sendPhoto_",
    "animation": "sendAnimation_",
    "audio": "sendAudio_",
    "voice": "sendVoice_",
    "video": "sendVideo_",
    "document": "sendDocument_",
}
# A picture that is too small, too long or too odd to be shown can still be handed over as a file,
# and so can a song that is none.
_OF_MEDIA = ("photo", "image", "dimension", "media", "file", "audio", "video", "voice", "type")
_PIECES: dict[str, Any] = {
    "photo": telegram.InputMediaPhoto,
    "video": telegram.InputMediaVideo,
    "audio": telegram.InputMediaAudio,
    "document": telegram.InputMediaDocument,
}
_CAPTION = ("caption", "caption_entities")
_SHOWN = frozenset({"photo", "animation", "audio", "voice", "video"})

Given = dict[str, Any]


async def hand_over(bot: telegram.Bot, files: Files | None, asked: Asked, given: Given) -> Any:
    """One file; `asked` holds its caption and everything else."""
    data = await _bytes_of(files, given)
    kind = _kind_of(given)
    if kind in _SHOWN:
        try:
            return await ask(bot, _ENDPOINTS[kind], {**asked, kind: _upload(data, given)})
        except EndPointNotFound:
            pass
        except BadRequest as error:
            if not _is_of_media(error):
                raise
    return await ask(bot, _ENDPOINTS["document"], {**asked, "document": _upload(data, given)})


async def hand_over_album(
    bot: telegram.Bot, files: Files | None, asked: Asked, album: list[Given]
) -> Any:
    """2 to 10 files of one kind; what Telegram answers is the first message.

    `asked` holds no buttons: an album has none. What it cannot show becomes an album of files.
    """
    there = [(one, await _bytes_of(files, one)) for one in album]
    caption: Asked = {name: asked[name] for name in _CAPTION if name in asked}
    bare = {name: value for name, value in asked.items() if name not in caption}

    async def sent(kinds: list[str]) -> Any:
        media = [
            _PIECES[kind](_upload(data, given, attach=True), api_kwargs={} if n else caption)
            for n, ((given, data), kind) in enumerate(zip(there, kinds, strict=True))
        ]
        return await ask(bot, _RAW_ALBUM, {**bare, "media": media})

    kinds = [_kind_of(one) for one in album]
    try:
        messages = await sent(kinds)
    except BadRequest as error:
        if "document" in kinds or not _is_of_media(error):
            raise
        messages = await sent(["document"] * len(album))
    return messages[0]


def _kind_of(given: Given) -> str:
    """A row of the ledger from before there were kinds names none."""
    return given.get("kind") or KINDS.get(given["mime"], "document")


async def _bytes_of(files: Files | None, given: Given) -> bytes:
    data = await files.read(given["ref"]) if files else None
    if data is None:
        raise Unsendable("the file is not there any more")
    return data


def _upload(data: bytes, given: Given, *, attach: bool = False) -> telegram.InputFile:
    return telegram.InputFile(data, filename=given["name"], attach=attach)


def _is_of_media(error: BadRequest) -> bool:
    complaint = error.message.lower()
    return "entit" not in complaint and any(word in complaint for word in _OF_MEDIA)
