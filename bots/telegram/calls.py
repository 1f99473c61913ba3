"""What goes out to Telegram: messages, edits, deletions and reactions."""

from __future__ import annotations

from typing import Any

import orjson
import telegram
from telegram.error import BadRequest, TelegramError

from bots.recording import Recording
from bots.telegram.answering import answer_query, inline_id
from bots.telegram.asking import UNCHANGED, Asked, ask
from bots.telegram.buttons import STOP_KEYBOARD, in_group
from bots.telegram.errors import send_failure
from bots.telegram.handing import hand_over, hand_over_album
from bots.telegram.notes import Notes
from bots.telegram.places import business_of, chat_of, is_group, send_fields, target_fields
from bots.telegram.rendering import repeated
from bots.telegram.showing import Showing
from core.errors import SendUncertain, Unsendable
from core.files import Files
from core.messages import Address, Delivery, DeliveryKind, DeliveryStatus, Live, Receipt

_RAW_SEND = "sendMessage_"
_RAW_POLL = "sendPoll_"
_RAW_LOCATION = "sendLocation_"
_RAW_VENUE = "sendVenue_"
_RAW_STICKER = "sendSticker_"
_RAW_EDIT = "editMessageText_"
_RAW_EDIT_CAPTION = "editMessageCaption_"
_RAW_DELETE_BUSINESS = "deleteBusinessMessages_"
# What a model says must not make Telegram fetch an address: the address may hold what it was told.
_NO_PREVIEW = {"is_disabled": True}
_PREVIEW = {"is_disabled": False}
_NO_TEXT = "no text in the message to edit"


class Calls:
    """The sending half of a link."""

    def __init__(
        self,
        bot: telegram.Bot,
        files: Files | None = None,
        *,
        previews: bool = False,
        recording: Recording | None = None,
    ) -> None:
        self._bot = bot
        self._notes = Notes(bot, recording) if recording else None
        self._files = files
        self._preview = _PREVIEW if previews else _NO_PREVIEW
        self._showing = Showing(bot, self._preview)

    async def perform(self, delivery: Delivery) -> Receipt:
        try:
            match delivery.kind:
                case DeliveryKind.SEND:
                    return await self._send(delivery)
                case DeliveryKind.EDIT:
                    return await self._edit(delivery)
                case DeliveryKind.DELETE:
                    return await self._delete(delivery)
                case DeliveryKind.REACT:
                    return await self._react(delivery)
        except TelegramError as error:
            repeatable = delivery.kind is not DeliveryKind.SEND
            raise send_failure(error, repeatable=repeatable) from None  # its text may hold words
        except (KeyError, TypeError, IndexError):  # PTB, about a 200 of another shape
            raise SendUncertain("Telegram's answer makes no sense") from None

    async def prepare(self, delivery: Delivery) -> None:
        if self._notes is not None:
            await self._notes.prepare(delivery)

    async def leave(self, address: Address) -> None:
        """Go out of a group; one that we are not in any more is left already."""
        try:
            await self._bot.leave_chat(chat_of(address))
        except TelegramError as error:
            raise send_failure(error, repeatable=True) from None

    async def show(self, live: Live) -> None:
        await self._showing.show(live)

    async def _send(self, delivery: Delivery) -> Receipt:
        payload = _payload(delivery)
        if payload.get("via"):
            return await answer_query(self._bot, payload, self._preview)
        if delivery.status is DeliveryStatus.UNCERTAIN:
            payload = repeated(payload)  # Telegram cannot drop the double, so people may know
        elif delivery.status is DeliveryStatus.GROWING and is_group(delivery.address):
            payload = {**payload, "keyboard": STOP_KEYBOARD}
        asked = _of_message(delivery.address, payload)
        sent: Any = None
        if payload.get("voice") and self._notes is not None:
            sent = await self._notes.send(delivery, asked, _words(payload, "caption"))
        if sent is None:
            sent = await self._said(asked, payload)
        self._showing.forget(delivery.address)  # a message takes the draft's place
        return Receipt(_number_of(sent))

    async def _said(self, asked: Asked, payload: dict[str, Any]) -> Any:
        if album := payload.get("album"):
            asked |= _words(payload, "caption")
            return await hand_over_album(self._bot, self._files, asked, album)
        if given := payload.get("file"):
            asked |= _words(payload, "caption")
            return await hand_over(self._bot, self._files, asked, given)
        if poll := payload.get("poll"):
            asked.pop("ephemeral_message_parameters", None)  # who answers it is many
            asked |= {
                "question": poll["question"],
                "options": [{"text": one} for one in poll["options"]],
                "is_anonymous": poll["anonymous"],
                "allows_multiple_answers": poll["several"],
            }
            return await ask(self._bot, _RAW_POLL, asked)
        if where := payload.get("location"):
            endpoint = _RAW_VENUE if "title" in where else _RAW_LOCATION
            return await ask(self._bot, endpoint, {**asked, **where})
        if number := payload.get("sticker"):
            return await ask(self._bot, _RAW_STICKER, {**asked, "sticker": number})
        asked |= _words(payload, "text") | {"link_preview_options": self._preview}
        return await ask(self._bot, _RAW_SEND, asked)

    async def _edit(self, delivery: Delivery) -> Receipt:
        payload = _payload(delivery)
        asked: Asked
        if number := inline_id(delivery.target):
            asked = {"inline_message_id": number}
        else:
            asked = {**target_fields(delivery.address), "message_id": _target(delivery)}
        if rows := payload.get("keyboard"):  # an edit without one takes the buttons away
            asked["reply_markup"] = {"inline_keyboard": in_group(rows, delivery.address)}
        words = _words(payload, "text") | {"link_preview_options": self._preview}
        try:
            try:
                await ask(self._bot, _RAW_EDIT, {**asked, **words})
            except BadRequest as error:
                if _NO_TEXT not in error.message.lower():
                    raise
                await ask(self._bot, _RAW_EDIT_CAPTION, {**asked, **_words(payload, "caption")})
        except BadRequest as error:
            if UNCHANGED not in error.message.lower():
                raise
        self._showing.forget(delivery.address)
        return Receipt(delivery.target)

    async def _delete(self, delivery: Delivery) -> Receipt:
        number = _target(delivery)
        try:
            if connection := business_of(delivery.address):
                asked = {"business_connection_id": connection, "message_ids": [number]}
                await ask(self._bot, _RAW_DELETE_BUSINESS, asked)
            else:
                await self._bot.delete_message(chat_of(delivery.address), number)
        except BadRequest as error:
            if "to delete not found" not in error.message.lower():  # it is gone, as was wished
                raise
        return Receipt(delivery.target)

    async def _react(self, delivery: Delivery) -> Receipt:
        emoji = _payload(delivery).get("emoji") or None
        await self._bot.set_message_reaction(chat_of(delivery.address), _target(delivery), emoji)
        return Receipt(delivery.target)


def _of_message(address: Address, payload: dict[str, Any]) -> Asked:
    """What every kind of message has in common."""
    asked = send_fields(address)
    if str(payload.get("reply_to") or "").isdecimal():
        asked["reply_parameters"] = {
            "message_id": int(payload["reply_to"]),
            "allow_sending_without_reply": True,
            **({"quote": payload["quote"]} if payload.get("quote") else {}),
        }
    if rows := payload.get("keyboard"):
        asked["reply_markup"] = {"inline_keyboard": in_group(rows, address)}
    elif ready := payload.get("answers"):
        asked["reply_markup"] = {
            "keyboard": [[{"text": text} for text in row] for row in ready],
            "resize_keyboard": True,
            "one_time_keyboard": True,
            # In a group it is for whoever is answered, not for everybody.
            **({"selective": True} if is_group(address) else {}),
        }
    if payload.get("silent"):
        asked["disable_notification"] = True
    if is_group(address) and str(payload.get("only_for") or "").isdecimal():
        # A server that does not know it yet says it to the whole group.
        asked["ephemeral_message_parameters"] = {"receiver_user_id": int(payload["only_for"])}
    return asked


def _words(payload: dict[str, Any], name: str) -> Asked:
    """The text, under the name that it has in a call, with its style."""
    text = payload.get("text") or ""
    if name == "caption" and not text:
        return {}
    words: Asked = {name: text}
    if entities := payload.get("entities"):
        words["entities" if name == "text" else "caption_entities"] = entities
    return words


def _number_of(sent: dict[str, Any]) -> str | None:
    """None of what only one person sees: its number is no message's of the chat."""
    return None if sent.get("ephemeral_message_id") else str(sent["message_id"])


def _target(delivery: Delivery) -> int:
    if delivery.target is None or not delivery.target.isdecimal():
        raise Unsendable("no message to change")
    return int(delivery.target)


def _payload(delivery: Delivery) -> dict[str, Any]:
    payload = orjson.loads(delivery.payload)
    if not isinstance(payload, dict):
        raise Unsendable("the payload is not one of ours")
    return payload
