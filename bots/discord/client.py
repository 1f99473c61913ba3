"""One Discord bot as a Platform: its gateway, what it missed, its sends and its signs of life."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from typing import Self

import aiohttp

from bots.discord import mapping
from bots.discord.acknowledging import Acknowledging
from bots.discord.at_once import Targets
from bots.discord.backlog import Backlog
from bots.discord.calls import Calls
from bots.discord.endpoints import DISCORD, Endpoints, lead_voice, living_at
from bots.discord.entrance import Entrance
from bots.discord.envelope import PLATFORM
from bots.discord.errors import link_failure
from bots.discord.face_hooks import Host
from bots.discord.faces import Faces
from bots.discord.fetching import Fetching
from bots.discord.granted import Granted
from bots.discord.heard import Heard
from bots.discord.history import History
from bots.discord.line import Line
from bots.discord.lines import Lines
from bots.discord.members import Members
from bots.discord.presence import activity_of
from bots.discord.quota import Quota
from bots.discord.ranks import Ranks
from bots.discord.registering import Slash
from bots.discord.rendering import MAX_PARTS, MAX_TEXT, render
from bots.discord.sharded import Sharded, lean_client
from bots.discord.standing import Standing
from bots.discord.tokens import bot_of
from bots.discord.voice_door import VoiceDoor
from bots.discord.voice_rooms import DiscordVoiceRooms
from bots.discord.walls import Walls
from bots.discord.ways import Ways
from bots.recording import Recording
from core.clock import Clock
from core.errors import FetchFailed, LinkLost, LinkRejected, SendDelayed
from core.files import Files
from core.ids import Account
from core.messages import (
    Address,
    Attachment,
    Delivery,
    Inbound,
    Live,
    Rank,
    Receipt,
    Received,
    Reply,
)
from core.ports import Chronicle, Clips, Intake, Limits, Offering
from core.secrets import Secret

log = logging.getLogger(__name__)

_LOGIN = 20.0


class DiscordLink(VoiceDoor):
    """Implements Platform, and VoiceRooms."""

    name = PLATFORM
    limits = Limits(
        max_text=MAX_TEXT,
        max_parts=MAX_PARTS,
        idempotent_send=True,
        sends_in_flight=64,
        burst=5,
        drafts=False,
        edits=True,
        hears_bots=True,
        buttons=True,
        threads=True,
        forms=True,
        voice_notes=True,
        voice_rooms=True,
    )

    def __init__(
        self,
        token: Secret,
        *,
        endpoints: Endpoints | None = None,
        connector: aiohttp.BaseConnector | None = None,
        clock: Clock,
        chance: random.Random | None = None,
        patience: float = 5.0,
        dialling: float = 20.0,
        answers_within: float = 60.0,
        most_heard: int = 10_000,
        limited: bool = True,
        files: Files | None = None,
        ways: Ways | None = None,
        offering: Offering | None = None,
        commands_after: float = 2.0,
        chronicle: Chronicle | None = None,
        faces: Faces | None = None,
        clips: Clips | None = None,
    ) -> None:
        """`limited` keeps all requests together below Discord's rate for one bot.

        `files` is where what is attached to a delivery lies; `offering` is what its commands are
        made of, none where there is none; they are told `commands_after` seconds from the start.
        `faces` are the characters of this process who have no bot of their own. `clips` makes its
        voice messages; without it what would be spoken is written.
        """
        super().__init__()
        self._token = token
        self._endpoints = endpoints or DISCORD
        self._lent = connector
        self._clock = clock
        self._chance = chance or random.Random()
        self._patience = patience
        self._dialling = dialling
        self._answers_within = answers_within
        self._most_heard = most_heard
        self._limited = limited
        self._files = files
        self._ways = ways or Ways()
        self._offering = offering
        self._commands_after = commands_after
        self._chronicle = chronicle
        self._faces = faces or Faces()
        number = bot_of(token.reveal())
        self._well_formed = bool(number)
        self._us = mapping.Us(number, "")
        self._account = Account(f"{PLATFORM}:{number or 0}")
        self._recording = Recording(clips, self._account)
        self._client: Sharded | None = None
        self._calls: Calls | None = None
        self._ranks: Ranks | None = None
        self._fetching: Fetching | None = None
        self._heard: Heard | None = None
        self._backlog: Backlog | None = None
        self._history: History | None = None
        self._line: Lines | None = None
        self._acknowledging: Acknowledging | None = None
        self._standing: Standing | None = None
        self._slash: Slash | None = None
        self._stack = contextlib.AsyncExitStack()

    def __repr__(self) -> str:
        return f"<DiscordLink {self._account}>"

    @property
    def account(self) -> Account:
        return self._account

    @property
    def handle(self) -> str:
        return f"@{self._us.name}" if self._us.name else ""

    @property
    def lacks(self) -> str:
        hears = self._line.lacks if self._line else ""
        barred = self._calls.note if self._calls else ""
        return "; ".join(filter(None, (hears, barred, self._recording.note)))

    # --- coming and going ----------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        if not self._well_formed:
            raise LinkRejected("the token does not have the shape of Discord's: three parts, dots")
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(living_at(self._endpoints))
            quota = Quota(self._clock, limited=self._limited)
            client = lean_client(quota, self._lent, activity_of(self._ways.presence))
            stack.push_async_callback(self._leave, client)
            try:
                async with asyncio.timeout(_LOGIN):
                    await client.login(self._token.reveal())
                assert client.user is not None
                self._us = mapping.Us(str(client.user.id), client.user.name)
            except Exception as error:  # noqa: BLE001 - whatever a login fails by, it is this link's
                raise link_failure(error) from None  # it may hold the token
            if client.user.id != int(self._account.partition(":")[2]):
                raise LinkRejected("the token names another bot than the one that it opens")
            lead_voice(client.http)
            self._wire(client, quota)
            assert self._rooms is not None
            self._rooms.begin(await stack.enter_async_context(asyncio.TaskGroup()))
            stack.push_async_callback(self._rooms.close)
            self._stack = stack.pop_all()
        return self

    def _wire(self, client: Sharded, quota: Quota) -> None:
        heard = Heard(self._most_heard)
        walls = Walls(client, self._account, heard)
        backlog = Backlog(client, walls, heard, quota, self._account, self._clock)
        line = self._lines(client, quota, walls, heard, backlog)
        standing = Standing(client, self._clock)
        self._acknowledging = Acknowledging(
            client, self._account, standing, Targets(self._clock), self._offering
        )
        self._acknowledging.stand_before()
        if self._offering is not None:
            self._slash = Slash(client, quota, self._account, self._offering, self._clock)
            self._acknowledging.on_double = self._slash.given_in
        self._standing = standing
        self._history = history = History(
            client,
            walls,
            quota,
            self._account,
            self._clock,
            self._faces.remembering(self._account, self._chronicle),
            self._ways.history,
        )
        walls.news.welcome = self._ways.welcome
        now = self._clock.now().isoformat()
        walls.anew = lambda server: now if self._ways.goes_out_of(str(server)) else ""
        walls.on_server = backlog.server_came
        walls.on_late_server = backlog.came_late
        backlog.on_late_server = history.look
        backlog.members = Members(client, quota) if self._ways.asks_roles else None
        voices = DiscordVoiceRooms(
            client, self._account, self._clock, self._chance, self._ways.voices, self._ways.volume
        )
        walls.on_voice, walls.on_session = voices.meet, voices.renewed
        self._open(voices)
        self._client, self._heard, self._backlog, self._line = client, heard, backlog, line
        self._calls = Calls(
            client, quota, self._answers_within, self._clock, self._files, self._recording
        )
        self._ranks = Ranks(client, quota)
        self._fetching = Fetching(client, quota, self._endpoints.cdn_root, self._lent)
        walls.tells_ours = lambda: bool(self._faces.of(self._account))
        self._faces.open(Host.of(self, client, quota, self._calls, self._clock))

    def _lines(
        self, client: Sharded, quota: Quota, walls: Walls, heard: Heard, backlog: Backlog
    ) -> Lines:
        entrance = Entrance(client, quota, self._clock, paced=self._limited)
        granted = Granted(client, self._account)

        def line(shard: int) -> Line:
            return Line(
                client,
                walls,
                heard,
                entrance,
                granted,
                self._account,
                self._clock,
                self._chance,
                backlog.begin,
                shard=shard,
                patience=self._patience,
                dialling=self._dialling,
            )

        lines = Lines(
            client,
            entrance,
            granted,
            line,
            self._account,
            self._clock,
            self._chance,
            wanted=self._ways.shards,
        )
        backlog.settled = lines.settled
        return lines

    async def __aexit__(self, *exc: object) -> None:
        self._faces.close(self._account)
        self._client = self._calls = self._ranks = self._fetching = None
        self._acknowledging = self._standing = self._slash = None
        self._heard = self._backlog = self._line = self._history = self._rooms = None
        await self._stack.aclose()

    async def _leave(self, client: Sharded) -> None:
        session = getattr(client.http, "_HTTPClient__session", None)
        if self._lent is not None and isinstance(session, aiohttp.ClientSession):
            session.detach()  # closing it would close the connections of all others
        await client.close()

    # --- listening -----------------------------------------------------------------------------

    async def listen(self, intake: Intake, begun: Callable[[], None] = lambda: None) -> None:
        client, heard, backlog, line = self._client, self._heard, self._backlog, self._line
        history, answers = self._history, self._acknowledging
        if client is None or heard is None or backlog is None or line is None or history is None:
            raise LinkLost("the link is closed")
        if answers is None:
            raise LinkLost("the link is closed")
        end: LinkLost | LinkRejected
        intake, begun = self._faces.sharing(self._account, intake, begun)
        try:
            async with asyncio.TaskGroup() as group:
                answers.begin(group)
                beside = [
                    group.create_task(_store(heard, intake, answers.stored)),
                    group.create_task(backlog.keep_up(intake)),
                    group.create_task(history.keep_up(intake)),
                ]
                if self._slash is not None:
                    # Beside the listening, so that nobody's first answer waits for a menu.
                    beside.append(group.create_task(self._slash.keep(self._commands_after)))
                end = await self._follow(line, begun, group)
                for task in beside:
                    task.cancel()
                answers.stop()
        except BaseExceptionGroup as errors:
            raise _refusal(errors) from None
        finally:
            self._faces.deaf(self._account)
        raise end

    async def _follow(
        self, line: Lines, begun: Callable[[], None], group: asyncio.TaskGroup
    ) -> LinkLost | LinkRejected:
        """Whoever ends the listening has it leave voice channels as long as Discord still hears."""
        following = group.create_task(line.follow(begun))
        try:
            await asyncio.wait({following})
        except asyncio.CancelledError:
            if self._rooms is not None:
                await self._rooms.close()
            raise
        return following.result()

    # --- one message ---------------------------------------------------------------------------

    def read(self, received: Received) -> Inbound:
        return self._faces.seen(self._account, received, mapping.read(received, self._us))

    def render(self, reply: Reply) -> tuple[bytes, ...]:
        return render(reply)

    async def perform(self, delivery: Delivery) -> Receipt:
        return await self._calling().perform(delivery)

    def takes_time(self, delivery: Delivery) -> bool:
        return self._recording.is_wanted(delivery)

    async def prepare(self, delivery: Delivery) -> None:
        await self._recording.make(delivery)

    async def rank(self, address: Address, author: str) -> Rank:
        if self._ranks is None:
            raise LinkLost("the link is closed")
        told = self._standing.of(address, author) if self._standing else None
        return await self._ranks.of(address, author) if told is None else told

    async def leave(self, address: Address) -> None:
        if self._ranks is None:
            raise LinkLost("the link is closed")
        await self._ranks.leave(address)

    async def fetch(self, attachment: Attachment, most: int) -> bytes:
        if self._fetching is None:
            raise FetchFailed("the link is closed")
        return await self._fetching.fetch(attachment, most)

    async def show(self, live: Live) -> None:
        await self._calling().show(live)

    def _calling(self) -> Calls:
        if self._calls is None:
            raise SendDelayed("the link is closed")
        return self._calls


def _refusal(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Out of its groups, when the token was refused while we read back; else as it came."""
    refused: BaseException | None = errors.subgroup(LinkRejected)
    while isinstance(refused, BaseExceptionGroup):
        refused = refused.exceptions[0]
    return refused or errors


async def _store(heard: Heard, intake: Intake, then: Callable[[list[Received]], None]) -> None:
    """Hand in what was heard, in order, and tell of what is stored; until cancelled."""
    while True:
        batch = await heard.take()
        stored = False
        try:
            await intake(batch)
            stored = True
        finally:
            if not stored:  # the next `listen` hands it in; intake knows what it has already
                heard.give_back(batch)
        then(batch)
