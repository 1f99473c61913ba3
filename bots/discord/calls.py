"""What goes out to Discord: messages, edits, deletions, reactions and typing."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

import aiohttp
import discord

from bots.discord import bodies, doubt, notes, uploads
from bots.discord.answering import Answering
from bots.discord.asking import SPECIAL, Asking
from bots.discord.bodies import Body, Payload, number_of
from bots.discord.buttons import STOP
from bots.discord.errors import ARCHIVED, GONE, NO_RIGHT, send_failure
from bots.discord.quota import Quota
from bots.discord.rendering import parts_of
from bots.discord.rights import Notices, Rights
from bots.discord.threads import Threads
from bots.discord.uploads import Upload
from bots.recording import Recording
from core.clock import Clock
from core.errors import LinkRejected, SendDelayed, SendUncertain, Unsendable
from core.files import Files
from core.messages import Delivery, DeliveryKind, DeliveryStatus, Live, Receipt
from core.ports import Clip

_CHANNEL = "/channels/{channel_id}"
_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = "/channels/{channel_id}/messages/{message_id}"
_TYPING = "/channels/{channel_id}/typing"
_NONCE = 25
_SHOWING = 15.0
_MOST = 2_000


class Calls:
    """The sending half of a link."""

    def __init__(
        self,
        client: discord.Client,
        quota: Quota,
        patience: float,
        clock: Clock,
        files: Files | None = None,
        recording: Recording | None = None,
    ) -> None:
        self._client = client
        self._http = client.http
        self._patience = patience
        self._clock = clock
        self._files = files
        self._recording = recording
        self._asking = Asking(client, quota, clock)
        self._rights = Rights(client)
        self._threads = Threads(self._asking, self._rights)
        self._answering = Answering(client, self._asking, self._rights, clock)
        self._notices = Notices(client, self._rights, clock, self._tell)
        self._in_thread: OrderedDict[str, int] = OrderedDict()
        """Messages of ours that stand in another channel than their room."""
        self._untyped: OrderedDict[int, None] = OrderedDict()

    @property
    def note(self) -> str:
        """What it is not allowed to do, in words for its operator; empty for nothing."""
        return self._notices.note

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
        """Typing, a reaction, or the text so far in the message that is going to hold it."""
        channel = number_of(live.address.room, "the room is not a channel of Discord's")
        try:
            async with asyncio.timeout(_SHOWING):
                if live.reaction is not None:
                    await self._mark(channel, live)
                elif not live.text:
                    await self._type(channel)
                elif live.message:
                    await self._grow(channel, live)
        except (discord.DiscordException, OSError, aiohttp.ClientError, ValueError) as error:
            failure = send_failure(error, repeatable=True)
            if isinstance(failure, LinkRejected):
                failure = SendDelayed("Discord refused the token")  # a sign of life ends no link
            raise failure from None

    async def _type(self, channel: int) -> None:
        """Not where we are known to be unwelcome, which would be one refusal more; and where it
        was refused, as in a server that we are not in, not before we are known to be welcome.
        """
        welcome = self._rights.may_write(channel)
        if welcome is False or (channel in self._untyped and not welcome):
            return
        try:
            await self._asking.speak(channel, _TYPING)
        except discord.Forbidden:
            self._untyped[channel] = None
            while len(self._untyped) > _MOST:
                self._untyped.popitem(last=False)
            raise

    async def _grow(self, channel: int, live: Live) -> None:
        target = number_of(live.message, "no message to change")
        part = next(iter(parts_of(live.text, max_parts=1)), "")
        body = bodies.so_far(part)
        if part and not await self._answering.change(live.via, live.message, body, None):
            await self._rewrite(self._in_thread.get(live.message, channel), target, body)

    async def _mark(self, channel: int, live: Live) -> None:
        target, us = number_of(live.message, "no message to react to"), self._client.user
        self._asking.allowed()
        if live.reaction:
            await self._http.add_reaction(channel, target, _emoji(live.reaction))
            return
        for shown in await self._reactions(channel, target):
            if shown.get("me") and us is not None:
                named = shown["emoji"]
                mark = f"{named['name']}:{named['id']}" if named.get("id") else named["name"]
                await self._http.remove_own_reaction(channel, target, mark)

    async def _reactions(self, channel: int, message: int) -> list[dict[str, Any]]:
        said: dict[str, Any] = dict(await self._http.get_message(channel, message))
        return said.get("reactions") or []

    # --- a message ---------------------------------------------------------------------------------

    async def _send(self, delivery: Delivery, nonce: str) -> Receipt:
        payload, room = bodies.payload_of(delivery), _room(delivery)
        body = bodies.new(payload)
        if delivery.status is DeliveryStatus.GROWING:
            body["components"] = list(STOP)
        if payload.get("via"):
            upload = await uploads.read(self._files, payload)
            said = await self._answering.say(
                delivery, payload, body, upload, lambda: self._arrived(delivery, payload, room)
            )
            if said is not None:
                return Receipt(said)
        thread = await self._threads.of(room, payload, direct=delivery.direct)
        if payload.get("reference") and not thread and not payload.get("via"):
            reference = {"message_id": str(payload["reference"]), "fail_if_not_exists": False}
            body["message_reference"] = reference
            body["allowed_mentions"] = {"parse": [], "replied_user": True}
        body |= {"nonce": nonce[:_NONCE], "enforce_nonce": True}
        channel = thread or room
        sent: dict[str, Any] | None = None
        if doubt.is_doubtful(delivery, self._clock.now().timestamp()):
            unthreaded = {**payload, "reference": None} if thread else payload
            sent = await self._arrived(delivery, unthreaded, channel)
        upload = await uploads.read(self._files, payload)
        clip = await self._clip(delivery, payload) if sent is None else None
        if sent is None:
            try:
                if clip is not None:
                    sent = await self._aloud(channel, body, clip)
                if sent is None:
                    sent, body, upload = await self._said(channel, body, payload, upload)
            except discord.HTTPException as error:
                if not thread or not self._threads.is_closed(room, payload, error):
                    raise
                return await self._send(delivery, nonce)  # in the room itself
        number = str(sent["id"])
        if thread:
            self._in_thread[number] = thread
            while len(self._in_thread) > _MOST:
                self._in_thread.popitem(last=False)
        # A nonce that Discord knows gives the first message back: what an earlier try, or the
        # beginning of an answer that grew, has put there.
        if payload.get("voice") and notes.stands(sent, payload["content"]):
            return Receipt(number)
        if not _is_whole(sent, body, upload):
            await self._rewrite(channel, int(number), _from_now_on(body), upload)
        return Receipt(number)

    async def _clip(self, delivery: Delivery, payload: Payload) -> Clip | None:
        if not payload.get("voice") or payload.get("via") or self._recording is None:
            return None
        return await self._recording.take(delivery)

    async def _aloud(self, channel: int, body: Body, clip: Clip) -> dict[str, Any] | None:
        """None where no sound may be sent, and it has to be written."""
        for rights, asked, upload in notes.ways(body, clip):
            if self._rights.may(channel, *rights) is False:
                continue
            try:
                sent: dict[str, Any] = await self._asking.speak(channel, _MESSAGES, asked, upload)
            except discord.HTTPException as error:
                if not notes.is_refused(error):
                    raise
            else:
                self._notices.may_again(channel)
                return sent
        return None

    async def _said(
        self, channel: int, body: Body, payload: Payload, upload: Upload | None
    ) -> tuple[dict[str, Any], Body, Upload | None]:
        """What stands there, and what of it was said in the end: words where no more may be."""
        plain = bodies.in_words(body, payload)
        special = upload is not None or bool(SPECIAL & body.keys())
        try:
            if special and plain and self._may_not(channel, body, upload):
                body, upload, special = plain, None, False
            try:
                sent = await self._asking.speak(channel, _MESSAGES, body, upload)
            except discord.Forbidden as error:
                may_write = self._rights.may_write(channel)
                if not special or error.code != NO_RIGHT or not plain or may_write is False:
                    raise
                body, upload = plain, None
                sent = await self._asking.speak(channel, _MESSAGES, body)
        except discord.Forbidden as error:
            if error.code == NO_RIGHT:
                await self._notices.barred(channel)
            raise
        except Unsendable:
            if self._asking.is_shut(channel, NO_RIGHT):
                await self._notices.barred(channel)
            raise
        self._notices.may_again(channel)
        return sent, body, upload

    def _may_not(self, channel: int, body: Body, upload: Upload | None) -> bool:
        """Whether it is known that something of this is not allowed there."""
        wanted = ["attach_files"] if upload is not None else []
        if "embeds" in body:
            wanted.append("embed_links")
        if "poll" in body:
            wanted.append("send_polls")
        return self._rights.may(channel, *wanted) is False

    async def _tell(self, channel: int, text: str) -> None:
        await self._asking.speak(channel, _MESSAGES, bodies.so_far(text))

    async def _arrived(
        self, delivery: Delivery, payload: Payload, channel: int
    ) -> dict[str, Any] | None:
        """The message that an earlier try has left behind, when its nonce may be forgotten."""

        async def read(before: int | None) -> Any:
            self._asking.allowed()
            return await self._http.logs_from(channel, doubt.PAGE, before=before)

        us = str(self._client.user.id) if self._client.user else ""
        try:
            return await doubt.arrived(delivery, payload, us, read)
        except (discord.Forbidden, discord.NotFound):
            return None  # where we may not look, the send itself finds out what is wrong

    async def _edit(self, delivery: Delivery) -> Receipt:
        payload, room, target = bodies.payload_of(delivery), _room(delivery), _target(delivery)
        body, number = bodies.whole(payload), str(target)
        try:
            upload = await uploads.read(self._files, payload)
            if not await self._answering.change(payload.get("via"), number, body, upload):
                if payload.get("only_for") and payload.get("via"):
                    raise Unsendable("too late to change what only one person sees")
                await self._changed(
                    self._in_thread.get(number, room), target, body, upload, payload
                )
        except discord.HTTPException as error:
            if error.code not in (GONE, notes.FIXED):
                raise
            # Somebody deleted an answer while it grew, or it was spoken; what it is to be is said
            # all the same. The nonce must be another: by the first one Discord would give the
            # deleted message back.
            return await self._send(delivery, delivery.nonce[: _NONCE - 1] + "+")
        return Receipt(delivery.target)

    async def _changed(
        self, channel: int, target: int, body: Body, upload: Upload | None, payload: Payload
    ) -> None:
        plain = bodies.in_words(body, payload)
        special = upload is not None or bool(body.get("embeds"))
        try:
            await self._rewrite(channel, target, body, upload)
        except discord.HTTPException as error:
            if error.code == ARCHIVED:  # what is said there opens it again, but no change does
                await self._asking.ask("PATCH", _CHANNEL, {"archived": False}, channel_id=channel)
                await self._rewrite(channel, target, body, upload)
                return
            if not special or error.code != NO_RIGHT or not plain:
                raise
            await self._rewrite(channel, target, {**plain, "embeds": []})

    async def _rewrite(
        self, channel: int, message: int, body: Body, upload: Upload | None = None
    ) -> None:
        await self._asking.ask(
            "PATCH", _MESSAGE, body, upload, channel_id=channel, message_id=message
        )

    async def _delete(self, delivery: Delivery) -> Receipt:
        channel, message = _room(delivery), _target(delivery)
        number = str(message)
        self._asking.allowed()
        try:
            if not await self._answering.change(None, number, {}, None):
                # discord.py tells apart the rates by the message's age.
                where = self._in_thread.get(number, channel)
                await self._http.delete_message(where, message)
        except discord.NotFound as error:
            if error.code != GONE:  # it is gone, as was wished
                raise
        return Receipt(delivery.target)

    async def _react(self, delivery: Delivery) -> Receipt:
        emoji = _emoji(str(bodies.payload_of(delivery).get("emoji") or ""))
        if not emoji:
            raise Unsendable("no emoji to react with")
        channel, message = _room(delivery), _target(delivery)
        self._asking.allowed()
        await self._http.add_reaction(channel, message, emoji)
        return Receipt(delivery.target)


def _is_whole(sent: dict[str, Any], body: Body, upload: Upload | None) -> bool:
    """Whether what stands there is what was to be said: with its buttons, and with no others."""
    if str(sent.get("content", "")).strip() != body["content"].strip():
        return False
    if bool(sent.get("components")) != bool(body.get("components")):
        return False
    if body.get("embeds") and not sent.get("embeds"):
        return False
    return upload is None or bool(sent.get("attachments"))


def _from_now_on(body: Body) -> Body:
    """Of a message that stands there already."""
    changed: Body = {name: body[name] for name in ("content", "embeds") if name in body}
    changed["allowed_mentions"] = {"parse": [], "replied_user": False}
    flags, rows = body["flags"] & ~bodies.SILENT, body.get("components") or []
    return {**changed, "flags": flags, "components": rows}


def _emoji(emoji: str) -> str:
    return emoji.strip().strip("<>").removeprefix(":")


def _room(delivery: Delivery) -> int:
    return number_of(delivery.address.room, "the room is not a channel of Discord's")


def _target(delivery: Delivery) -> int:
    return number_of(delivery.target or "", "no message to change")
