"""What goes out to Discord: messages, edits, deletions, reactions and typing."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import discord
import orjson
from discord.http import Route

from bots.discord import doubt, uploads
from bots.discord.errors import GONE, MALFORMED, NO_RIGHT, send_failure
from bots.discord.quota import Quota, ShutRooms
from bots.discord.rendering import parts_of
from bots.discord.uploads import Upload
from core.clock import Clock
from core.errors import LinkRejected, SendDelayed, SendUncertain, Throttled, Unsendable
from core.files import Files
from core.messages import Delivery, DeliveryKind, Live, Receipt

_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = "/channels/{channel_id}/messages/{message_id}"
_NONCE = 25
_SHOWING = 15.0
# What a model says must not make Discord fetch an address: the address may hold what it was told.
_NO_EMBEDS = 1 << 2


class Calls:
    """The sending half of a link.

    It asks discord.py's HTTP client, which keeps the rates of each route, and not its typed
    methods: they build a message, an author and a channel for nobody.
    """

    def __init__(
        self,
        client: discord.Client,
        quota: Quota,
        patience: float,
        clock: Clock,
        files: Files | None = None,
    ) -> None:
        self._client = client
        self._http = client.http
        self._quota = quota
        self._shut = ShutRooms(clock)
        self._patience = patience
        self._clock = clock
        self._files = files

    async def perform(self, delivery: Delivery) -> Receipt:
        repeatable = delivery.kind is not DeliveryKind.SEND
        try:
            async with asyncio.timeout(self._patience):
                match delivery.kind:
                    case DeliveryKind.SEND:
                        return await self._send(delivery, delivery.nonce)
                    case DeliveryKind.EDIT:
                        return await self._edit(delivery)
                    case DeliveryKind.DELETE:
                        return await self._delete(delivery)
                    case DeliveryKind.REACT:
                        return await self._react(delivery)
        except (discord.DiscordException, OSError, aiohttp.ClientError) as error:
            raise send_failure(error, repeatable=repeatable) from None  # it may quote words
        except (KeyError, TypeError, ValueError):  # an answer of another shape
            raise SendUncertain("Discord's answer makes no sense") from None

    async def show(self, live: Live) -> None:
        """Typing, or the text so far in the message that is going to hold it."""
        channel = _number(live.address.room, "the room is not a channel of Discord's")
        try:
            async with asyncio.timeout(_SHOWING):
                if not live.text:
                    await self._speak(channel, "/channels/{channel_id}/typing")
                    return
                part = next(iter(parts_of(live.text, max_parts=1)), "")
                if part and live.message:
                    target = _number(live.message, "no message to change")
                    await self._rewrite(channel, target, part)
        except (discord.DiscordException, OSError, aiohttp.ClientError, ValueError) as error:
            failure = send_failure(error, repeatable=True)
            if isinstance(failure, LinkRejected):
                failure = SendDelayed("Discord refused the token")  # a sign of life ends no link
            raise failure from None

    async def _send(self, delivery: Delivery, nonce: str) -> Receipt:
        payload = _payload(delivery)
        content: str = payload["content"]
        asked: dict[str, Any] = {
            "content": content,
            "nonce": nonce[:_NONCE],
            "enforce_nonce": True,
            "flags": _NO_EMBEDS,
            # No name in a text rings anybody's bell; only who is answered hears of it.
            "allowed_mentions": {"parse": [], "replied_user": bool(payload.get("reference"))},
        }
        channel, rows = _room(delivery), payload.get("components") or []
        if rows:
            asked["components"] = rows
        if payload.get("reference"):
            asked["message_reference"] = {
                "message_id": str(payload["reference"]),
                "fail_if_not_exists": False,
            }
        sent = await self._arrived(delivery, payload, channel)
        upload = await uploads.read(self._files, payload)
        if sent is None:
            try:
                sent = await self._speak(channel, _MESSAGES, asked, upload)
            except discord.Forbidden as error:
                if upload is None or error.code != NO_RIGHT or not content:
                    raise
                upload = None
                sent = await self._speak(channel, _MESSAGES, asked)
        number = str(sent["id"])
        # A nonce that Discord knows gives the first message back: what an earlier try, or the
        # beginning of an answer that grew, has put there.
        is_whole = str(sent.get("content", "")).strip() == content.strip()
        lacks = ("components" in asked and not sent.get("components")) or (
            upload is not None and not sent.get("attachments")
        )
        if not is_whole or lacks:
            await self._rewrite(channel, int(number), content, rows, upload)
        return Receipt(number)

    async def _arrived(
        self, delivery: Delivery, payload: dict[str, Any], channel: int
    ) -> dict[str, Any] | None:
        """The message that an earlier try has left behind, when its nonce may be forgotten."""
        if not doubt.is_doubtful(delivery, self._clock.now().timestamp()):
            return None

        async def read(before: int | None) -> Any:
            self._allowed()
            return await self._http.logs_from(channel, doubt.PAGE, before=before)

        us = str(self._client.user.id) if self._client.user else ""
        try:
            return await doubt.arrived(delivery, payload, us, read)
        except (discord.Forbidden, discord.NotFound):
            return None  # where we may not look, the send itself finds out what is wrong

    async def _edit(self, delivery: Delivery) -> Receipt:
        payload = _payload(delivery)
        rows = payload.get("components") or []  # an edit without any takes the buttons away
        try:
            upload = await uploads.read(self._files, payload)
            await self._rewrite(
                _room(delivery), _target(delivery), payload["content"], rows, upload
            )
        except discord.NotFound as error:
            if error.code != GONE:
                raise
            # Somebody deleted an answer while it grew; its end is said all the same. The nonce
            # must be another: by the first one Discord would give the deleted message back.
            return await self._send(delivery, delivery.nonce[: _NONCE - 1] + "+")
        return Receipt(delivery.target)

    async def _rewrite(
        self,
        channel: int,
        message: int,
        content: str,
        rows: list[Any] | None = None,
        upload: Upload | None = None,
    ) -> None:
        """`rows` are the buttons from now on; None leaves them as they are."""
        asked: dict[str, Any] = {
            "content": content,
            "flags": _NO_EMBEDS,
            "allowed_mentions": {"parse": [], "replied_user": False},
        }
        if rows is not None:
            asked["components"] = rows
        await self._ask("PATCH", _MESSAGE, asked, upload, channel_id=channel, message_id=message)

    async def _delete(self, delivery: Delivery) -> Receipt:
        channel, message = _room(delivery), _target(delivery)
        self._allowed()
        try:
            # discord.py tells apart the rates by the message's age.
            await self._http.delete_message(channel, message)
        except discord.NotFound as error:
            if error.code != GONE:  # it is gone, as was wished
                raise
        return Receipt(delivery.target)

    async def _react(self, delivery: Delivery) -> Receipt:
        emoji = str(_payload(delivery).get("emoji") or "").strip("<>")
        if not emoji:
            raise Unsendable("no emoji to react with")
        channel, message = _room(delivery), _target(delivery)
        self._allowed()
        await self._http.add_reaction(channel, message, emoji.removeprefix(":"))
        return Receipt(delivery.target)

    async def _speak(
        self,
        channel: int,
        path: str,
        asked: dict[str, Any] | None = None,
        upload: Upload | None = None,
    ) -> Any:
        if reason := self._shut.reason(channel):
            raise Unsendable(reason)
        try:
            return await self._ask("POST", path, asked, upload, channel_id=channel)
        except discord.Forbidden as error:
            if upload is None:  # who may hand over no files may write all the same
                self._shut.note(channel, str(send_failure(error, repeatable=False)))
            raise

    async def _ask(
        self,
        method: str,
        path: str,
        asked: dict[str, Any] | None = None,
        upload: Upload | None = None,
        **parts: Any,
    ) -> Any:
        self._allowed()
        route = Route(method, path, **parts)
        if asked is None:
            return await self._http.request(route)
        if upload is not None:
            return await uploads.hand_over(self._http, route, asked, upload)
        try:
            return await self._http.request(route, json=asked)
        except discord.HTTPException as error:
            blamed = error.code == MALFORMED and "components" in error.text
            if not blamed or not asked.get("components"):
                raise
        del asked["components"]  # the words are worth more than the buttons below them
        return await self._http.request(route, json=asked)

    def _allowed(self) -> None:
        if silence := self._quota.silence:
            raise Throttled(silence)


def _room(delivery: Delivery) -> int:
    return _number(delivery.address.room, "the room is not a channel of Discord's")


def _target(delivery: Delivery) -> int:
    return _number(delivery.target or "", "no message to change")


def _number(text: str, otherwise: str) -> int:
    if not text.isdecimal():
        raise Unsendable(otherwise)
    return int(text)


def _payload(delivery: Delivery) -> dict[str, Any]:
    try:
        payload = orjson.loads(delivery.payload)
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        raise Unsendable("the payload is not one of ours")
    return payload
