"""Signs of life in a chat of Telegram's: typing, drafts, an answer that grows, a reaction."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import telegram
from telegram.error import BadRequest, TelegramError

from bots.telegram.asking import UNCHANGED, ask
from bots.telegram.buttons import STOP_KEYBOARD
from bots.telegram.errors import send_failure
from bots.telegram.markdown import Part, parts_of
from bots.telegram.places import (
    action_fields,
    business_of,
    chat_of,
    is_group,
    speaks_freely,
    target_fields,
)
from core.errors import LinkRejected, SendDelayed, Unsendable
from core.messages import Address, Live

_RAW_DRAFT = "sendMessageDraft_"
_RAW_EDIT = "editMessageText_"
_RAW_ACTION = "sendChatAction_"
_DRAFTS_REMEMBERED = 256
_NOT_HERE = ("reaction", "message to react not found")


class Showing:
    """Nothing of this is kept anywhere; the same is not shown twice."""

    def __init__(self, bot: telegram.Bot, preview: object) -> None:
        self._bot = bot
        self._preview = preview
        self._shown: OrderedDict[Address, tuple[object, Part]] = OrderedDict()

    async def show(self, live: Live) -> None:
        if not speaks_freely(live.address):
            return
        try:
            if live.reaction is not None:
                await self._react(live)
            elif (part := _part_of(live.text)) is None:
                await self._type(live.address)
            elif live.message:
                await self._grow(live, part)
            elif is_group(live.address) or business_of(live.address):
                raise Unsendable("there are no drafts in such a chat")
            else:
                await self._draft(live, part)
        except TelegramError as error:
            failure = send_failure(error, repeatable=True)
            if isinstance(failure, LinkRejected):
                failure = SendDelayed("Telegram refused the token")  # a sign of life ends no link
            raise failure from None

    def forget(self, address: Address) -> None:
        """A message is there now, which stays."""
        self._shown.pop(address, None)

    async def _draft(self, live: Live, part: Part) -> None:
        if self._is_shown(live.address, live.draft, part):
            return
        asked: dict[str, Any] = {
            "chat_id": chat_of(live.address),
            "draft_id": live.draft,
            "text": part.text,
            "can_stop": True,
        }
        if part.entities:
            asked["entities"] = part.entities
        if live.address.thread.isdecimal():
            asked["message_thread_id"] = int(live.address.thread)
        await ask(self._bot, _RAW_DRAFT, asked)

    async def _grow(self, live: Live, part: Part) -> None:
        """The message as far as it is made, with a button to end that."""
        if not live.message.isdecimal() or self._is_shown(live.address, live.message, part):
            return
        asked: dict[str, Any] = {
            **target_fields(live.address),
            "message_id": int(live.message),
            "text": part.text,
            "link_preview_options": self._preview,
        }
        if part.entities:
            asked["entities"] = part.entities
        if is_group(live.address):
            asked["reply_markup"] = {"inline_keyboard": STOP_KEYBOARD}
        try:
            await ask(self._bot, _RAW_EDIT, asked)
        except BadRequest as error:
            if UNCHANGED not in error.message.lower():
                raise

    async def _react(self, live: Live) -> None:
        """A chat allows only some emoji, and a message may be gone: then nobody sees one."""
        if not live.message.isdecimal() or business_of(live.address):
            return
        try:
            await self._bot.set_message_reaction(
                chat_of(live.address), int(live.message), live.reaction or None
            )
        except BadRequest as error:
            if not any(words in error.message.lower() for words in _NOT_HERE):
                raise

    async def _type(self, address: Address) -> None:
        await ask(self._bot, _RAW_ACTION, {**action_fields(address), "action": "typing"})

    def _is_shown(self, address: Address, what: object, part: Part) -> bool:
        """Whether this stands there already; from now on it does."""
        if self._shown.get(address) == (what, part):
            return True
        self._shown[address] = (what, part)
        self._shown.move_to_end(address)
        while len(self._shown) > _DRAFTS_REMEMBERED:
            self._shown.popitem(last=False)
        return False


def _part_of(text: str) -> Part | None:
    return next(iter(parts_of(text, max_parts=1)), None) if text else None
