"""What a face says: by a webhook in her own name, or by the bot's mouth where there can be none."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import discord
import orjson

from bots.discord import bodies, doubt, notes, uploads
from bots.discord.bodies import Body, Payload
from bots.discord.buttons import STOP
from bots.discord.errors import GONE, send_failure
from bots.discord.face_hooks import Hook, Host, NoHook, Spot
from bots.discord.face_quotes import without_quote
from bots.discord.faces import Faces, Mask
from bots.discord.rendering import MAX_TEXT, parts_of
from bots.recording import Recording
from core.errors import LinkRejected, SendDelayed, SendUncertain, Unsendable
from core.files import Files
from core.messages import Delivery, DeliveryKind, DeliveryStatus, Live, Receipt

_MESSAGE = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"
_SHOWING = 15.0
_KEPT = 2_000
_ENDED = frozenset({10015, 50027})
"""The webhook is not there any more, or has another token."""

Do = Callable[[Host, Spot, Hook], Awaitable[Any]]


class FaceCalls:
    """The sending half of a face. Nothing of what is said without a webhook is said twice either:
    Discord knows no nonce of a webhook's, so what is in doubt is looked up in its room."""

    def __init__(
        self,
        mask: Mask,
        avatar: str,
        faces: Faces,
        patience: float,
        files: Files | None,
        recording: Recording,
    ) -> None:
        """`avatar` is an address that Discord can fetch, or empty for none."""
        self._recording = recording
        self._mask = mask
        self._avatar = avatar
        self._faces = faces
        self._patience = patience
        self._files = files
        # In these runs what no webhook has said, and the lines that stand above what it has.
        self._plain: OrderedDict[str, None] = OrderedDict()
        self._quotes: OrderedDict[str, str] = OrderedDict()
        self._sent: OrderedDict[str, None] = OrderedDict()
        """Messages that are known to have arrived: none of them is another row's."""
        self._in_thread: OrderedDict[str, int] = OrderedDict()
        """Messages that stand in another channel than their room."""

    async def perform(self, delivery: Delivery) -> Receipt:
        repeatable = delivery.kind is not DeliveryKind.SEND
        try:
            async with asyncio.timeout(self._patience):
                match delivery.kind:
                    case DeliveryKind.SEND:
                        return await self._send(delivery)
                    case DeliveryKind.EDIT:
                        return await self._edit(delivery)
                    case DeliveryKind.DELETE:
                        return await self._delete(delivery)
                    case DeliveryKind.REACT:  # a webhook cannot; people see the bot do it
                        return await self._by_bot(delivery)
        except LinkRejected:
            raise SendDelayed("Discord refused the bot's token") from None
        except (discord.DiscordException, OSError, aiohttp.ClientError) as error:
            failure = send_failure(error, repeatable=repeatable)
            if isinstance(failure, LinkRejected):  # a webhook's own token; the bot's is another
                failure = Unsendable("Discord refused the webhook")
            raise failure from None  # it may quote words, or the address with its token
        except (KeyError, TypeError, ValueError):  # an answer of another shape
            raise SendUncertain("Discord's answer makes no sense") from None

    async def show(self, live: Live) -> None:
        """Typing is the bot's; the text so far stands in her own message."""
        host = self._host()
        try:
            if not live.text or not live.message:
                await host.calls.show(live)
                return
            if live.message in self._plain:
                await host.calls.show(replace(live, text=self._mask.prefix + live.text))
                return
            part = next(iter(parts_of(live.text, max_parts=1)), "")
            if not part:
                return
            async with asyncio.timeout(_SHOWING):
                body = bodies.so_far(self._quoted(live.message, part))
                await self._rewrite(_number(live.address.room), _number(live.message), body)
        except LinkRejected:
            raise SendDelayed("Discord refused the bot's token") from None
        except NoHook as none:
            raise Unsendable(str(none)) from None
        except (discord.DiscordException, OSError, aiohttp.ClientError, ValueError) as error:
            raise SendDelayed(f"it cannot be shown now ({type(error).__name__})") from None

    # --- the four things that are done -----------------------------------------------------------

    async def _send(self, delivery: Delivery) -> Receipt:
        host, payload, room = (
            self._host(),
            bodies.payload_of(delivery),
            _number(delivery.address.room),
        )
        # A webhook has no stickers, and what was begun with the bot is answered by it.
        if payload.get("stickers") or payload.get("via"):
            return await self._by_bot(delivery)
        upload = await uploads.read(self._files, payload)
        thread = await host.threads.of(room, payload, direct=False)
        quote = "" if thread else self._quote(delivery, payload)
        body = bodies.new({**payload, "content": quote + payload["content"]})
        if delivery.status is DeliveryStatus.GROWING:
            body["components"] = list(STOP)
        if (there := await self._arrived(host, delivery, payload, thread or room)) is not None:
            return await self._completed(delivery, thread or room, there, payload)
        who = {"username": self._mask.shown}
        if self._avatar:
            who["avatar_url"] = self._avatar

        # A webhook has no voice messages, but a file of sound can be played as well.
        clip = await self._recording.take(delivery) if payload.get("voice") else None

        async def say(host: Host, spot: Spot, hook: Hook) -> Any:
            def one(body: Body, upload: uploads.Upload | None) -> Awaitable[Any]:
                return host.speaking.say(
                    hook.id, hook.token, who | body, upload, thread=spot.thread
                )

            if clip is not None:
                try:
                    return await one(notes.bare(body), notes.as_file(clip))
                except discord.HTTPException as error:
                    if not notes.is_refused(error):
                        raise
            return await one(body, upload)

        try:
            said = await self._through(host, room, say, thread=thread)
        except NoHook as none:
            host.hooks.tell(room, self._mask.name, str(none))
            return await self._by_bot(delivery)
        number = str(said["id"])
        _keep(self._sent, number, None)
        if quote and clip is None:
            _keep(self._quotes, number, quote)
        if thread:
            _keep(self._in_thread, number, thread)
        return Receipt(number)

    async def _edit(self, delivery: Delivery) -> Receipt:
        target, payload = delivery.target or "", bodies.payload_of(delivery)
        if target in self._plain or payload.get("via"):
            return await self._by_bot(delivery)
        upload = await uploads.read(self._files, payload)
        body = bodies.whole({**payload, "content": self._quoted(target, payload["content"])})
        room, number = _number(delivery.address.room), _number(target)
        try:
            await self._rewrite(room, number, body, upload)
        except NoHook:
            return await self._by_bot(delivery)
        except discord.NotFound as error:
            if error.code != GONE:
                raise
            # Deleted while it grew, or said by a webhook that is gone: its end is said all the same.
            return await self._send(replace(delivery, kind=DeliveryKind.SEND, target=None))
        return Receipt(target)

    async def _delete(self, delivery: Delivery) -> Receipt:
        target, room = _number(delivery.target or ""), _number(delivery.address.room)
        if str(target) in self._plain:
            return await self._by_bot(delivery)

        async def take_back(host: Host, spot: Spot, hook: Hook) -> Any:
            path = _MESSAGE + _query(spot.thread)
            return await _ask(host, "DELETE", path, hook, message_id=target)

        try:
            thread = self._in_thread.get(str(target), 0)
            await self._through(self._host(), room, take_back, thread=thread)
        except NoHook:
            return await self._by_bot(delivery)
        except discord.NotFound as error:
            if error.code != GONE:
                raise
            # It is gone, as was wished; or another webhook said it, which is gone itself.
            return await self._by_bot(delivery)
        return Receipt(delivery.target)

    async def _by_bot(self, delivery: Delivery) -> Receipt:
        """As the bot's own message, with her name before the words."""
        host, whole = self._host(), delivery
        if delivery.kind in (DeliveryKind.SEND, DeliveryKind.EDIT):
            payload = bodies.payload_of(delivery)
            payload.pop("voice", None)  # the bot's own voice is another one's
            named = self._mask.prefix + payload["content"]
            if payload["content"] and len(named) <= MAX_TEXT:
                payload["content"] = named
            whole = replace(delivery, payload=orjson.dumps(payload))
        receipt = await host.calls.perform(whole)
        if receipt.message and delivery.kind is DeliveryKind.SEND:
            _keep(self._plain, receipt.message, None)
        return receipt

    # --- what may have arrived -------------------------------------------------------------------

    async def _arrived(
        self, host: Host, delivery: Delivery, payload: dict[str, Any], room: int
    ) -> dict[str, Any] | None:
        """The message that an earlier try has left behind; Unsendable where nobody can tell."""
        if delivery.status is not DeliveryStatus.UNCERTAIN:
            return None

        async def read(before: int | None) -> Any:
            host.asking.allowed()
            page: Any = await host.client.http.logs_from(room, doubt.PAGE, before=before)
            return [self._as_hers(one) for one in page]

        try:
            found = await doubt.arrived(delivery, payload, self._mask.id, read)
        except (discord.Forbidden, discord.NotFound):
            raise Unsendable("whether it has arrived cannot be looked up") from None
        return None if found is not None and str(found["id"]) in self._sent else found

    def _as_hers(self, one: dict[str, Any]) -> dict[str, Any]:
        """A message with its speaker as its author, and nothing but the words in it."""
        spoke = self._faces.speaker(one)
        if spoke is None:
            return one
        author = {**one["author"], "id": spoke.id}
        return {**one, "author": author, "content": self._faces.words(one), "said": one}

    async def _completed(
        self, delivery: Delivery, room: int, there: dict[str, Any], payload: Payload
    ) -> Receipt:
        """What has arrived, with the end of an answer of which only the beginning had."""
        said, number = there["said"], str(there["id"])
        is_plain = not said.get("webhook_id")
        if is_plain:
            _keep(self._plain, number, None)
        _keep(self._sent, number, None)
        rows = bool(said.get("components"))
        whole = str(there["content"]).strip() == payload["content"].strip()
        if whole and rows == bool(payload.get("components")):
            return Receipt(number)
        if payload.get("voice"):
            return Receipt(number)
        if is_plain:
            return await self._by_bot(replace(delivery, kind=DeliveryKind.EDIT, target=number))
        content = str(said.get("content", ""))
        quote = content.removesuffix(without_quote(content))
        body = bodies.whole({**payload, "content": quote + payload["content"]})
        await self._rewrite(room, int(number), body)
        return Receipt(number)

    # --- asking ----------------------------------------------------------------------------------

    def _quote(self, delivery: Delivery, payload: Payload) -> str:
        """The line above the words that tells what they answer."""
        answered, content = str(payload.get("reference") or ""), payload["content"]
        if not answered or not content:
            return ""
        quote = self._faces.lately.line(delivery.address.room, answered)
        return quote if len(quote) + len(content) <= MAX_TEXT else ""

    def _quoted(self, message: str, content: str) -> str:
        quote = self._quotes.get(message, "")
        return quote + content if len(quote) + len(content) <= MAX_TEXT else content

    async def _rewrite(
        self, room: int, message: int, body: Body, upload: uploads.Upload | None = None
    ) -> None:
        async def change(host: Host, spot: Spot, hook: Hook) -> Any:
            path = _MESSAGE + _query(spot.thread)
            return await _ask(host, "PATCH", path, hook, body, upload, message_id=message)

        thread = self._in_thread.get(str(message), 0)
        await self._through(self._host(), room, change, thread=thread)

    async def _through(self, host: Host, room: int, do: Do, *, thread: int = 0) -> Any:
        """By the channel's webhook; by another one where somebody has deleted it."""
        spot = await host.hooks.spot(room)
        if thread:
            spot = replace(spot, thread=thread)
        hook = await host.hooks.of(spot.channel)
        try:
            return await do(host, spot, hook)
        except discord.HTTPException as error:
            if error.code not in _ENDED and error.status != 401:
                raise
        host.hooks.forget(spot.channel, hook)
        return await do(host, spot, await host.hooks.of(spot.channel))

    def _host(self) -> Host:
        host = self._faces.host(self._mask.host)
        if host is None:
            raise SendDelayed("the bot through which she speaks is not there")
        return host


async def _ask(
    host: Host,
    method: str,
    path: str,
    hook: Hook,
    body: Body | None = None,
    upload: uploads.Upload | None = None,
    **parts: Any,
) -> Any:
    known = {"webhook_id": hook.id, "webhook_token": hook.token.reveal()}
    return await host.asking.ask(method, path, body, upload, **known, **parts)


def _query(thread: int | None) -> str:
    return f"?thread_id={thread}" if thread else ""


def _keep(kept: OrderedDict[str, Any], key: str, value: Any) -> None:
    kept[key] = value
    if len(kept) > _KEPT:
        kept.popitem(last=False)


def _number(text: str) -> int:
    return bodies.number_of(text, "that is no channel or message of Discord's")
