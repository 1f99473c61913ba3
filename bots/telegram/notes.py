"""A voice message on Telegram: as one, as a file with its words, or in words alone."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import telegram
from telegram.error import BadRequest, EndPointNotFound, Forbidden, TelegramError

from bots.recording import Recording
from bots.telegram.asking import Asked, ask
from bots.telegram.places import action_fields, speaks_freely
from bots.telegram.rendering import MAX_CAPTION, units
from core.errors import SendFailed
from core.messages import Address, Delivery
from core.ports import Clip

log = logging.getLogger(__name__)

_RAW_VOICE = "sendVoice_"
_RAW_DOCUMENT = "sendDocument_"
_RAW_ACTION = "sendChatAction_"
_NAME = "voice-message.ogg"
_SHOWN_AFTER = 0.3
"""Seconds: what is there by then was made before."""
_SHOWN_EVERY = 4.5
_REFUSED = ("voice", "rights", "audio", "media", "file", "document", "duration")
"""Words of a refusal that is about the sound: a person's privacy, a group's rules, the file."""


class Notes:
    def __init__(self, bot: telegram.Bot, recording: Recording) -> None:
        self._bot = bot
        self._recording = recording

    async def prepare(self, delivery: Delivery) -> None:
        """People see that it is being recorded, unless it is there at once."""
        async with asyncio.TaskGroup() as group:
            showing = group.create_task(self._show(delivery.address))
            try:
                await self._recording.make(delivery)
            finally:
                showing.cancel()

    async def send(self, delivery: Delivery, asked: Asked, words: Asked) -> Any:
        """What Telegram answers; None where the text has to be sent in its place.

        `asked` is what every message has, `words` are those of a caption.
        """
        if self._recording.is_wanted(delivery):
            await self.prepare(delivery)
        clip = await self._recording.take(delivery)
        for endpoint, given in _ways(clip, words) if clip is not None else ():
            try:
                return await ask(self._bot, endpoint, {**asked, **given})
            except EndPointNotFound:
                continue
            except (BadRequest, Forbidden) as error:
                if not any(word in error.message.lower() for word in _REFUSED):
                    raise
                log.info("delivery %d is refused as sound: it goes out otherwise", delivery.seq)
        return None

    async def _show(self, address: Address) -> None:
        pause = _SHOWN_AFTER
        while speaks_freely(address):
            await asyncio.sleep(pause)
            pause = _SHOWN_EVERY
            try:
                asked = {**action_fields(address), "action": "record_voice"}
                await ask(self._bot, _RAW_ACTION, asked)
            except (TelegramError, SendFailed):
                return  # a sign of life must not cost anybody the answer


def _ways(clip: Clip, words: Asked) -> list[tuple[str, Asked]]:
    """The best first. Whoever takes no voice messages may take a file, and can read what it says."""

    def sound() -> telegram.InputFile:
        return telegram.InputFile(clip.data, filename=_NAME)

    seconds = max(1, round(clip.seconds))
    ways: list[tuple[str, Asked]] = [(_RAW_VOICE, {"voice": sound(), "duration": seconds})]
    if units(words.get("caption", "")) <= MAX_CAPTION:
        ways.append((_RAW_DOCUMENT, {"document": sound(), **words}))
    return ways
