"""What goes out to Telegram: messages, edits, deletions, reactions, drafts and typing."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import orjson
import telegram
from telegram.error import BadRequest, EndPointNotFound, TelegramError

from bots.telegram.errors import send_failure
from bots.telegram.rendering import parts_of, repeated
from core.errors import LinkRejected, SendDelayed, SendUncertain, Unsendable
from core.files import Files
from core.messages import Address, Delivery, DeliveryKind, DeliveryStatus, Live, Receipt

# PTB's typed send_message doubles the cost of a call (330 us of CPU against 170) for objects that
# nobody here looks at. The odd spelling: PTB warns whoever calls by hand what it has a method for;
# it becomes sendMessage on the wire.
_RAW_SEND = "sendMessage_"
_RAW_PHOTO = "sendPhoto_"
_RAW_DOCUMENT = "sendDocument_"
_RAW_EDIT = "editMessageText_"
_RAW_DRAFT = "sendMessageDraft_"
# What a model says must not make Telegram fetch an address: the address may hold what it was told.
_NO_PREVIEW = {"is_disabled": True}
_GENERAL = "1"  # the topic that every forum has; sends must leave it out
_DRAFTS_REMEMBERED = 256
_UNCHANGED = "not modified"
_OF_BUTTONS = ("button", "keyboard", "reply_markup", "reply markup")
_OF_STYLE = ("entit", "parse", "url")
_PICTURES = frozenset({"image/png", "image/jpeg", "image/webp"})
# One that is too small, too long or too odd to be shown can still be handed over as a file.
_OF_PICTURE = ("photo", "image", "dimension")


class Calls:
    """The sending half of a link."""

    def __init__(self, bot: telegram.Bot, files: Files | None = None) -> None:
        self._bot = bot
        self._files = files
        self._shown: OrderedDict[Address, tuple[int, object]] = OrderedDict()

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
        except (KeyError, TypeError):  # PTB, about a 200 of another shape
            raise SendUncertain("Telegram's answer makes no sense") from None

    async def leave(self, address: Address) -> None:
        """Go out of a group; one that we are not in any more is left already."""
        try:
            await self._bot.leave_chat(_chat(address))
        except TelegramError as error:
            raise send_failure(error, repeatable=True) from None

    async def show(self, live: Live) -> None:
        """A draft where Telegram has drafts, in private chats; typing elsewhere."""
        try:
            part = next(iter(parts_of(live.text, max_parts=1)), None) if live.text else None
            if part is None or _chat(live.address) < 0:
                await self._type(live.address)
                return
            if self._shown.get(live.address) == (live.draft, part):
                return
            self._remember(live.address, live.draft, part)
            asked = {"chat_id": _chat(live.address), "draft_id": live.draft, "text": part.text}
            if part.entities:
                asked["entities"] = part.entities
            if live.address.thread:
                asked["message_thread_id"] = int(live.address.thread)
            try:
                await self._bot.do_api_request(_RAW_DRAFT, api_kwargs=asked)
            except EndPointNotFound:  # a server of one's own may be older than drafts
                await self._type(live.address)
        except TelegramError as error:
            failure = send_failure(error, repeatable=True)
            if isinstance(failure, LinkRejected):
                failure = SendDelayed("Telegram refused the token")  # a sign of life ends no link
            raise failure from None

    async def _type(self, address: Address) -> None:
        # Unlike a message, an action in General has to name it.
        thread = int(address.thread) if address.thread else None
        await self._bot.send_chat_action(_chat(address), "typing", message_thread_id=thread)

    def _remember(self, address: Address, draft: int, part: object) -> None:
        self._shown[address] = (draft, part)
        self._shown.move_to_end(address)
        while len(self._shown) > _DRAFTS_REMEMBERED:
            self._shown.popitem(last=False)

    async def _send(self, delivery: Delivery) -> Receipt:
        payload = _payload(delivery)
        if delivery.status is DeliveryStatus.UNCERTAIN:
            payload = repeated(payload)  # Telegram cannot drop the double, so people may know
        asked: dict[str, Any] = {"chat_id": _chat(delivery.address)}
        if delivery.address.thread not in ("", _GENERAL):
            asked["message_thread_id"] = int(delivery.address.thread)
        if payload.get("reply_to"):
            asked["reply_parameters"] = {
                "message_id": int(payload["reply_to"]),
                "allow_sending_without_reply": True,
            }
        if payload.get("file"):
            sent = await self._handed_over(asked, payload)
        else:
            asked |= {"text": payload["text"], "link_preview_options": _NO_PREVIEW}
            sent = await self._written(_RAW_SEND, asked, payload)
        self._shown.pop(delivery.address, None)  # a message takes the draft's place
        return Receipt(str(sent["message_id"]))

    async def _handed_over(self, asked: dict[str, Any], payload: dict[str, Any]) -> Any:
        """A file with its words: shown as a picture where Telegram takes it for one."""
        given = payload["file"]
        data = await self._files.read(given["ref"]) if self._files else None
        if data is None:
            raise Unsendable("the file is not there any more")
        if payload["text"]:
            asked = {**asked, "caption": payload["text"]}
        if given["mime"] in _PICTURES:
            picture = telegram.InputFile(data, filename=given["name"])
            try:
                return await self._written(_RAW_PHOTO, {**asked, "photo": picture}, payload)
            except BadRequest as error:
                if not any(word in error.message.lower() for word in _OF_PICTURE):
                    raise
        document = telegram.InputFile(data, filename=given["name"])
        return await self._written(_RAW_DOCUMENT, {**asked, "document": document}, payload)

    async def _edit(self, delivery: Delivery) -> Receipt:
        payload = _payload(delivery)
        asked: dict[str, Any] = {
            "chat_id": _chat(delivery.address),
            "message_id": _target(delivery),
            "text": payload["text"],
            "link_preview_options": _NO_PREVIEW,
        }
        try:
            await self._written(_RAW_EDIT, asked, payload)
        except BadRequest as error:
            if _UNCHANGED not in error.message.lower():
                raise
        return Receipt(delivery.target)

    async def _written(self, endpoint: str, asked: dict[str, Any], payload: dict[str, Any]) -> Any:
        """With its style and buttons; once more without those that Telegram makes no sense of."""
        if entities := payload.get("entities"):
            asked = {**asked, "caption_entities" if "caption" in asked else "entities": entities}
        if rows := payload.get("keyboard"):  # an edit without one takes the buttons away
            asked = {**asked, "reply_markup": {"inline_keyboard": rows}}
        while True:
            try:
                return await self._bot.do_api_request(endpoint, api_kwargs=asked)
            except BadRequest as error:
                refused = _refused(error.message, asked)
                if not refused:
                    raise
            asked = {name: value for name, value in asked.items() if name != refused}

    async def _delete(self, delivery: Delivery) -> Receipt:
        try:
            await self._bot.delete_message(_chat(delivery.address), _target(delivery))
        except BadRequest as error:
            if "to delete not found" not in error.message.lower():  # it is gone, as was wished
                raise
        return Receipt(delivery.target)

    async def _react(self, delivery: Delivery) -> Receipt:
        emoji = _payload(delivery).get("emoji") or None
        await self._bot.set_message_reaction(_chat(delivery.address), _target(delivery), emoji)
        return Receipt(delivery.target)


def _refused(complaint: str, asked: dict[str, Any]) -> str:
    """The part of a message that can be left out to have the rest said."""
    complaint = complaint.lower()
    if _UNCHANGED in complaint:  # it names the buttons as well
        return ""
    if "reply_markup" in asked and any(word in complaint for word in _OF_BUTTONS):
        return "reply_markup"
    style = next((one for one in ("entities", "caption_entities") if one in asked), "")
    return style if any(word in complaint for word in _OF_STYLE) else ""


def _chat(address: Address) -> int:
    try:
        return int(address.room)
    except ValueError:
        raise Unsendable("the room is not a chat of Telegram's") from None


def _target(delivery: Delivery) -> int:
    if delivery.target is None or not delivery.target.isdecimal():
        raise Unsendable("no message to change")
    return int(delivery.target)


def _payload(delivery: Delivery) -> dict[str, Any]:
    payload = orjson.loads(delivery.payload)
    if not isinstance(payload, dict):
        raise Unsendable("the payload is not one of ours")
    return payload
