"""Whoever starts something sees within three seconds that it was heard: else Discord says not."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
import discord
from discord.webhook.async_ import async_context, interaction_response_params

from bots.discord import kinds
from bots.discord.at_once import CHOICES, FORM, Targets, suggestions
from bots.discord.envelope import loads, snowflake
from bots.discord.interactions import arranged, token_of
from bots.discord.standing import Standing
from core.ids import Account
from core.messages import Kind, Received
from core.ports import Offer, Offering

log = logging.getLogger(__name__)

_EVENT = "INTERACTION_CREATE"
_LATER, _HEARD = 5, 6
"""Kinds of answers: that one comes, and one that changes nothing, as of a press; what is said
upon that is said as a message."""
_ALONE = 1 << 6
_AT_LATEST = 1.5
"""Seconds after which it is answered though it is not stored yet: Discord waits for three, and the
answer has a way to go."""
_SIDE_BY_SIDE = 32
_MOST = 500
_REMEMBERED = 5_000
_PATIENCE = 10.0
_TOO_LATE = frozenset({10062, 40060})
"""Discord waits no more; and what a RESUME repeats has been answered."""


@dataclass(slots=True)
class _Asked:
    number: int
    token: str = field(repr=False)
    kind: int
    data: dict[str, Any] | None = field(default=None, repr=False)
    timer: asyncio.TimerHandle | None = None
    """Runs as long as it is waited for that it is stored."""


class Acknowledging:
    """A courtesy: it is never waited for, and nothing depends on it."""

    def __init__(
        self,
        client: discord.Client,
        account: Account,
        standing: Standing,
        targets: Targets,
        offering: Offering | None = None,
    ) -> None:
        self._client = client
        self._account = account
        self._standing = standing
        self._targets = targets
        self._offering = offering
        self._group: asyncio.TaskGroup | None = None
        self._open: dict[str, _Asked] = {}
        """What has been heard and is not answered yet, by its number."""
        self._done: OrderedDict[str, None] = OrderedDict()
        self._under_way: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._told = False
        self.on_double: Callable[[int, int], None] = lambda server, command: None
        """To be told of the server and the number of a command that is on offer everywhere too."""

    def stand_before(self) -> None:
        """Hear of each before whoever hears of it now; the walls have to stand already."""
        parsers = self._client._connection.parsers
        parsers[_EVENT] = partial(self._meet, parsers[_EVENT])

    def begin(self, group: asyncio.TaskGroup) -> None:
        self._group = group

    def stop(self) -> None:
        """The line is lost; nobody waits for what is still to be answered."""
        self._group = None
        for asked in self._open.values():
            if asked.timer is not None:
                asked.timer.cancel()
        self._open.clear()
        for task in self._under_way:
            task.cancel()

    def stored(self, batch: Iterable[Received]) -> None:
        """These are safely written down, and each may be told so."""
        for one in batch:
            if not one.event_key.startswith("i:") or one.kind is Kind.OTHER:
                continue
            number = one.event_key[2:]
            if (asked := self._open.get(number)) is not None:
                self._due(asked)
            elif number not in self._done:  # it was heard on a line that is lost
                self._begin_with(one)

    # --- what is heard -------------------------------------------------------------------------

    def _meet(self, pass_on: Callable[[Any], None], data: Any) -> None:
        try:
            whole = self._taken(data) if isinstance(data, dict) else data
        except Exception as error:  # noqa: BLE001 - a wall: it is stored all the same
            self._failed(error)
            whole = data
        if whole is not None:
            pass_on(whole)

    def _taken(self, said: dict[str, Any]) -> dict[str, Any] | None:
        """What is to be stored of it; None for what has been answered."""
        self._standing.note(said)
        if said.get("type") == kinds.TYPING:
            self._answer(said, CHOICES, self._suggested(said))
            return None
        kind = kinds.kind_of(said)
        if kind is Kind.OTHER:
            return said
        if said.get("type") == kinds.COMMAND:
            if _wants_form(said) and (form := self._targets.ask(said, self._name)):
                self._answer(said, FORM, form)
                return None
            if offer := self._offer(said):
                self._note_double(said)
                said = arranged(said, [one.name for one in offer.options])
        elif kinds.asked_about(said):
            said = self._targets.restored(said)
        self._answer(said, *self._promise(said), stored=False)
        return said

    def _note_double(self, said: dict[str, Any]) -> None:
        given = said["data"]
        server, number = snowflake(given.get("guild_id")), snowflake(given.get("id"))
        if server and number:
            self.on_double(int(server), int(number))

    def _suggested(self, said: dict[str, Any]) -> dict[str, Any]:
        nothing: dict[str, Any] = {"choices": []}
        try:
            return suggestions(said, self._offering) if self._offering else nothing
        except Exception as error:  # noqa: BLE001 - a wall: whoever types goes on without
            self._failed(error)
            return nothing

    @property
    def _name(self) -> str:
        return self._client.user.display_name if self._client.user else ""

    def _offers(self) -> Sequence[Offer]:
        return self._offering.now() if self._offering else ()

    def _offer(self, said: dict[str, Any]) -> Offer | None:
        name = kinds.command_of(said)
        return next((one for one in self._offers() if one.name == name), None)

    def _promise(self, said: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        """Which answer, and with what: whether all see it is settled here, not by what is said."""
        if not kinds.waits(said):
            return _HEARD, None
        alone = kinds.is_alone(said)
        if kinds.kind_of(said) is Kind.COMMAND:
            # One that is not on offer any more is told so, which is nobody else's business.
            offer = self._offer(said)
            alone = offer.aside if offer else bool(self._offers())
        return _LATER, {"flags": _ALONE} if alone else None

    # --- what is answered ----------------------------------------------------------------------

    def _begin_with(self, received: Received) -> None:
        try:
            said = loads(received.payload)["d"]
            self._answer(said, *self._promise(said))
        except (ValueError, KeyError, TypeError, AttributeError):
            return

    def _answer(
        self,
        said: dict[str, Any],
        kind: int,
        data: dict[str, Any] | None = None,
        *,
        stored: bool = True,
    ) -> None:
        number, token = snowflake(said.get("id")), token_of(said)
        if self._group is None or not number or not token:
            return
        if len(self._under_way) + len(self._open) >= _MOST:
            return
        if number in self._open or number in self._done:
            return
        asked = self._open[number] = _Asked(int(number), token, kind, data)
        if stored:
            self._due(asked)
        else:
            loop = asyncio.get_running_loop()
            asked.timer = loop.call_later(_AT_LATEST, self._due, asked)

    def _due(self, asked: _Asked) -> None:
        number = str(asked.number)
        if asked.timer is not None:
            asked.timer.cancel()
        if self._open.pop(number, None) is None or self._group is None:
            return
        self._done[number] = None
        if len(self._done) > _REMEMBERED:
            self._done.popitem(last=False)
        task = self._group.create_task(self._send(asked))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _send(self, asked: _Asked) -> None:
        session: Any = getattr(self._client.http, "_HTTPClient__session", None)
        if not isinstance(session, aiohttp.ClientSession):
            return
        params = interaction_response_params(asked.kind, asked.data)
        try:
            async with self._free, asyncio.timeout(_PATIENCE):
                # discord.py's own way for these; the other one writes addresses into the log,
                # and this address holds the interaction's token.
                await async_context.get().create_interaction_response(
                    asked.number, asked.token, session=session, params=params
                )
        except discord.HTTPException as error:
            if error.code not in _TOO_LATE:
                self._failed(error)
        except (discord.DiscordException, OSError, aiohttp.ClientError) as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        if self._told:
            return
        self._told = True
        name = type(error).__name__  # its text may hold the token
        log.warning(
            "%s could not answer the press of a button, or a command (%s); said once",
            self._account,
            name,
        )


def _wants_form(said: dict[str, Any]) -> bool:
    given = said.get("data")
    is_of_message = isinstance(given, dict) and given.get("type") == kinds.ABOUT_A_MESSAGE
    return is_of_message and kinds.asks(said)
