"""Answers to commands and forms, which go back through the interaction and not through the room."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import discord
from discord.webhook.async_ import async_context

from bots.discord import bodies, uploads
from bots.discord.asking import Asking, blames_components, without_components
from bots.discord.bodies import Body, Payload
from bots.discord.errors import GONE, OWN_TOKEN, UNKNOWN_WEBHOOK
from bots.discord.rights import Rights
from bots.discord.uploads import Upload
from core.clock import Clock
from core.errors import SendDelayed, Unsendable
from core.messages import Delivery, DeliveryStatus

PREFIX = "interaction:"
"""Such a way back names an application, an interaction and the token of that."""
LASTS = 15 * 60.0
_MOST = 5_000
_LOADING = 1 << 7
_ACKNOWLEDGED_WITHIN = 2.5
_LOOK_EVERY = 0.25
_TOO_LATE = "too late: what only one person sees is taken for a quarter of an hour"
_ORIGINAL = "@original"

Arrived = Callable[[], Awaitable[dict[str, Any] | None]]


@dataclass(frozen=True, slots=True)
class Ticket:
    """The way back to whoever gave a command."""

    application: int
    token: str = field(repr=False)
    given_at: float = 0.0
    """Unix time; 0 where it does not say."""

    @property
    def key(self) -> str:
        """What it is remembered by."""
        return hashlib.blake2b(self.token.encode(), digest_size=16).hexdigest()


def ticket_of(via: object) -> Ticket | None:
    if not isinstance(via, str) or not via.startswith(PREFIX):
        return None
    application, _, token = via.removeprefix(PREFIX).partition(":")
    number, _, rest = token.partition(":")
    given_at = 0.0
    if rest and number.isdecimal():
        token, given_at = rest, discord.utils.snowflake_time(int(number)).timestamp()
    is_one = application.isdecimal() and token and token.isascii() and token.isprintable()
    return Ticket(int(application), token, given_at) if is_one and "/" not in token else None


class Answering:
    """discord.py's own way for webhooks is used: the other one writes addresses into the log, and
    these addresses hold the interaction's token.
    """

    def __init__(
        self, client: discord.Client, asking: Asking, rights: Rights, clock: Clock
    ) -> None:
        self._client = client
        self._asking = asking
        self._rights = rights
        self._clock = clock
        self._since = clock.monotonic()
        self._taken: OrderedDict[str, str] = OrderedDict()
        """Of each interaction, the nonce of what was put where it said "thinking"; empty where
        nothing can be put there."""
        self._said: OrderedDict[str, Ticket] = OrderedDict()
        """By the ids of the messages."""

    async def say(
        self,
        delivery: Delivery,
        payload: Payload,
        body: Body,
        upload: Upload | None,
        arrived: Arrived,
    ) -> str | None:
        """The id of the message; None where it is to be an ordinary one of the channel's.

        `arrived` looks in the channel for what an earlier try has left there. Raises Unsendable
        for what one person alone may see, when that is possible no more.
        """
        ticket, alone = ticket_of(payload["via"]), bool(payload.get("only_for"))
        if ticket is None or self._is_old(ticket, delivery):
            _may_go_elsewhere(alone)
            return None
        try:
            said = await self._answered(ticket, delivery, body, upload, alone=alone)
            if said is None and (alone or self._rights.may_write(_channel(delivery)) is not True):
                said = None if alone else await self._found(delivery, arrived)
                said = said or await self._follow(ticket, body, upload, alone=alone)
        except discord.HTTPException as error:
            if error.code not in OWN_TOKEN and error.status != 401:
                raise
            _may_go_elsewhere(alone)
            return None
        if said is None:
            return None
        number = str(said["id"])
        self._note(self._said, number, ticket)
        return number

    async def change(self, via: object, message: str, body: Body, upload: Upload | None) -> bool:
        """Whether that was done; False where it has to be asked of the channel.

        An empty body takes it away. Raises NotFound of a message that is gone.
        """
        ticket = self._said.get(message) or ticket_of(via)
        if ticket is None:
            return False
        try:
            await self._ask(ticket, "PATCH" if body else "DELETE", message, body, upload)
        except discord.HTTPException as error:
            if error.code not in OWN_TOKEN and error.status != 401:
                raise
            self._said.pop(message, None)
            return False
        return True

    # --- where it said "thinking" ------------------------------------------------------------------

    async def _answered(
        self,
        ticket: Ticket,
        delivery: Delivery,
        body: Body,
        upload: Upload | None,
        *,
        alone: bool,
    ) -> dict[str, Any] | None:
        """None where something else stands there, or nothing can."""
        taken = self._taken.get(ticket.key)
        if taken is not None and taken != delivery.nonce:
            return None
        if not await self._is_ours(ticket, delivery, body, alone=alone):
            return None
        changed = bodies.in_place(body)
        try:
            said: dict[str, Any] = await self._patiently(
                lambda: self._ask(ticket, "PATCH", _ORIGINAL, changed, upload)
            )
        except discord.NotFound as error:
            if error.code not in (GONE, UNKNOWN_WEBHOOK):
                raise
            self._note(self._taken, ticket.key, "")
            return None
        self._note(self._taken, ticket.key, delivery.nonce)
        return said

    async def _is_ours(
        self, ticket: Ticket, delivery: Delivery, body: Body, *, alone: bool
    ) -> bool:
        """Whether this is what belongs there: of a turn the first thing that is said."""
        if self._taken.get(ticket.key) == delivery.nonce:
            return True
        doubtful = delivery.status is DeliveryStatus.UNCERTAIN
        fits = "sticker_ids" not in body  # a webhook sends none
        if fits and not alone and not doubtful and self._remembers_all():
            return True
        try:
            found = await self._patiently(lambda: self._ask(ticket, "GET", _ORIGINAL))
        except discord.NotFound as error:
            if error.code not in (GONE, UNKNOWN_WEBHOOK):
                raise
            self._note(self._taken, ticket.key, "")
            return False
        flags = int(found.get("flags") or 0)
        if flags & _LOADING:
            if fits and (not alone or flags & bodies.EPHEMERAL):
                return True
            await self._withdraw(ticket)  # what is put there, all would see
            return False
        stands = str(found.get("content") or "").strip()
        return doubtful and bool(stands) and str(body["content"]).strip().startswith(stands)

    async def _withdraw(self, ticket: Ticket) -> None:
        """Nothing is going to be put there."""
        try:
            await self._ask(ticket, "DELETE", _ORIGINAL)
        except discord.NotFound as error:
            if error.code != GONE:
                raise
        self._note(self._taken, ticket.key, "")

    async def _patiently(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """A quick answer may come before Discord has been told that there will be one."""
        waited = 0.0
        while True:
            try:
                return await ask()
            except discord.NotFound as error:
                if error.code != UNKNOWN_WEBHOOK or waited >= _ACKNOWLEDGED_WITHIN:
                    raise
            waited += _LOOK_EVERY
            await self._clock.sleep(_LOOK_EVERY)

    # --- behind it -----------------------------------------------------------------------------------

    async def _found(self, delivery: Delivery, arrived: Arrived) -> dict[str, Any] | None:
        """What an earlier try has left behind: there is no nonce here that would find it."""
        if delivery.status is not DeliveryStatus.UNCERTAIN:
            return None
        return await arrived()

    async def _follow(
        self, ticket: Ticket, body: Body, upload: Upload | None, *, alone: bool
    ) -> dict[str, Any]:
        if "sticker_ids" in body:
            raise Unsendable("no sticker can be sent as an answer to a command")
        flags = body["flags"] | (bodies.EPHEMERAL if alone else 0)
        said: dict[str, Any] = await self._ask(ticket, "POST", "", {**body, "flags": flags}, upload)
        return said

    def _remembers_all(self) -> bool:
        """Whether no earlier process can have answered what may still be answered."""
        return self._clock.monotonic() - self._since > LASTS

    def _is_old(self, ticket: Ticket, delivery: Delivery) -> bool:
        """A row is younger than what it answers; it is asked where nothing else tells."""
        since = ticket.given_at or delivery.created_at
        return since > 0 and self._clock.now().timestamp() - since > LASTS

    # --- one request -------------------------------------------------------------------------------

    async def _ask(
        self,
        ticket: Ticket,
        method: str,
        message: str,
        body: Body | None = None,
        upload: Upload | None = None,
    ) -> Any:
        self._asking.allowed()
        try:
            return await self._sent(ticket, method, message, body, upload)
        except discord.HTTPException as error:
            if upload is not None or body is None or not blames_components(error, body):
                raise
            return await self._sent(ticket, method, message, without_components(body), None)

    async def _sent(
        self, ticket: Ticket, method: str, message: str, body: Body | None, upload: Upload | None
    ) -> Any:
        session: Any = getattr(self._client.http, "_HTTPClient__session", None)
        if not isinstance(session, aiohttp.ClientSession):
            raise SendDelayed("the link is closed")
        given: dict[str, Any] = {"session": session}
        if upload is not None and body:
            form, file = uploads.form_of(body, upload)
            given |= {"multipart": form, "files": [file]}
        elif body:
            given["payload"] = body
        way, who = async_context.get(), (ticket.application, ticket.token)
        match method, message:
            case "POST", _:
                return await way.execute_webhook(*who, wait=True, **given)
            case "GET", _:
                return await way.get_original_interaction_response(*who, **given)
            case "PATCH", "@original":
                return await way.edit_original_interaction_response(*who, **given)
            case "DELETE", "@original":
                return await way.delete_original_interaction_response(*who, **given)
            case "PATCH", _:
                return await way.edit_webhook_message(*who, int(message), **given)
            case _:
                return await way.delete_webhook_message(*who, int(message), **given)

    def _note(self, kept: OrderedDict[str, Any], key: str, value: Any) -> None:
        kept[key] = value
        while len(kept) > _MOST:
            kept.popitem(last=False)


def _channel(delivery: Delivery) -> int:
    room = delivery.address.room
    return int(room) if room.isdecimal() else 0


def _may_go_elsewhere(alone: bool) -> None:
    """What one person alone may see can be said in no other way."""
    if alone:
        raise Unsendable(_TOO_LATE)
