"""One message by a webhook, asked for once: a repeat that nobody knows of would stand there twice.

discord.py repeats by itself what Discord answers with an error of its own. A bot's message bears a
nonce, by which the repeat is dropped; a webhook's has none.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

import aiohttp
import discord
from discord.http import Route, json_or_text

from bots.discord import uploads
from bots.discord.asking import Asking, blames_components, without_components
from bots.discord.bodies import Body
from bots.discord.uploads import Upload
from core.clock import Clock
from core.errors import SendDelayed
from core.secrets import Secret

_SAY = "/webhooks/{webhook_id}/{webhook_token}?wait=true"
_HOOKS = 5_000


class Turns:
    """Several faces share a webhook, and so its rate: they speak by it one after the other."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._locks: OrderedDict[int, asyncio.Lock] = OrderedDict()
        self._rests: OrderedDict[int, float] = OrderedDict()

    def of(self, hook: int) -> asyncio.Lock:
        if hook not in self._locks:
            self._locks[hook] = asyncio.Lock()
            if len(self._locks) > _HOOKS:
                self._locks.popitem(last=False)
        return self._locks[hook]

    async def due(self, hook: int) -> None:
        await self._clock.sleep(max(0.0, self._rests.get(hook, 0.0) - self._clock.monotonic()))

    def note(self, hook: int, answer: aiohttp.ClientResponse) -> None:
        """How long it has to rest, as Discord says with each answer."""
        if answer.headers.get("X-RateLimit-Remaining") != "0":
            return
        try:
            rest = float(answer.headers.get("X-RateLimit-Reset-After", ""))
        except ValueError:
            return
        self._rests[hook] = self._clock.monotonic() + rest
        if len(self._rests) > _HOOKS:
            self._rests.popitem(last=False)


class Speaking:
    def __init__(self, client: discord.Client, asking: Asking, clock: Clock) -> None:
        self._client = client
        self._asking = asking
        self._turns = Turns(clock)

    async def say(
        self, hook: int, token: Secret, body: Body, upload: Upload | None, *, thread: int | None
    ) -> dict[str, Any]:
        """The message as it stands there; raises what discord.py does."""
        path = _SAY + (f"&thread_id={thread}" if thread else "")
        async with self._turns.of(hook):
            try:
                return await self._asked(hook, token, path, body, upload)
            except discord.HTTPException as error:
                if not blames_components(error, body):
                    raise
            # The words are worth more than the buttons below them.
            return await self._asked(hook, token, path, without_components(body), upload)

    async def _asked(
        self, hook: int, token: Secret, path: str, body: Body, upload: Upload | None
    ) -> dict[str, Any]:
        session: Any = getattr(self._client.http, "_HTTPClient__session", None)
        if not isinstance(session, aiohttp.ClientSession) or session.closed:
            raise SendDelayed("the link is closed")
        await self._turns.due(hook)
        self._asking.allowed()
        url = Route("POST", path, webhook_id=hook, webhook_token=token.reveal()).url
        how: dict[str, Any] = {"json": body}
        if upload is not None:
            how = {"data": _form(body, upload)}
        headers = {"User-Agent": self._client.http.user_agent}
        async with session.post(url, headers=headers, **how) as answer:
            self._turns.note(hook, answer)
            said: Any = await json_or_text(answer)
        _check(answer, said)
        return dict(said)


def _form(body: Body, upload: Upload) -> aiohttp.FormData:
    fields, _ = uploads.form_of(body, upload)
    form = aiohttp.FormData(quote_fields=False)
    for field in fields:
        form.add_field(**field)
    return form


def _check(answer: aiohttp.ClientResponse, said: Any) -> None:
    status = answer.status
    if 200 <= status < 300:
        return
    if status == 429 and isinstance(said, dict) and answer.headers.get("Via"):
        raise discord.RateLimited(float(said.get("retry_after") or 1.0))
    kinds = {403: discord.Forbidden, 404: discord.NotFound}
    kind = discord.DiscordServerError if status >= 500 else kinds.get(status, discord.HTTPException)
    raise kind(answer, said)
