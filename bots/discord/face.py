"""A character who speaks through another one's Discord bot, as a Platform of her own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Self

from bots.discord import mapping
from bots.discord.envelope import PLATFORM
from bots.discord.face_calls import FaceCalls
from bots.discord.face_hooks import Host
from bots.discord.faces import Faces, Mask
from bots.discord.rendering import MAX_PARTS, MAX_TEXT, render
from bots.recording import Recording
from core.errors import CannotJoin, FetchFailed, LinkLost, Unsendable
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
from core.ports import Chronicle, Clips, Intake, Limits
from core.ports.voices import Listener, Listening, VoiceChannel, VoiceRooms

_PATIENCE = 8.0
"""Seconds for which her bot is waited for before she is said to be away."""
_SERVERS_COME = 5.0
_SHOWN = 3


class DiscordFace:
    """Implements Platform, and VoiceRooms as far as nobody has to speak.

    It has no line of its own: whatever her bot hears is handed in for her in the same breath
    (`Faces.sharing`), and nothing has to be read back for her apart.
    """

    name = PLATFORM
    limits = Limits(
        max_text=MAX_TEXT,
        max_parts=MAX_PARTS,
        # Webhooks have no nonce; what is in doubt is looked up before it is said again.
        idempotent_send=True,
        sends_in_flight=16,
        burst=5,
        drafts=False,
        edits=True,
        hears_bots=True,
        buttons=True,
        threads=True,
        voice_notes=True,
    )

    def __init__(
        self,
        mask: Mask,
        faces: Faces,
        *,
        host_name: str,
        avatar: str = "",
        answers_within: float = 60.0,
        files: Files | None = None,
        chronicle: Chronicle | None = None,
        patience: float = _PATIENCE,
        clips: Clips | None = None,
    ) -> None:
        """`host_name` is the character whose bot it is; `avatar` an address of a picture.
        `clips` makes sounds of what she speaks, which webhooks send as files."""
        self._mask = mask
        self._faces = faces
        self._host_name = host_name
        self._chronicle = chronicle
        self._patience = patience
        self._us = mapping.Us(mask.id, mask.shown)
        self._recording = Recording(clips, mask.account)
        self._calls = FaceCalls(mask, avatar, faces, answers_within, files, self._recording)
        self._said_away = False

    def __repr__(self) -> str:
        return f"<DiscordFace {self._mask.account}>"

    @property
    def account(self) -> Account:
        return self._mask.account

    @property
    def handle(self) -> str:
        return f"@{self._mask.shown}"

    @property
    def lacks(self) -> str:
        host = self._faces.host(self._mask.host)
        closed = sorted(host.hooks.closed()) if host else []
        if not closed:
            return self._recording.note
        named = ", ".join(closed[:_SHOWN]) + (" ..." if len(closed) > _SHOWN else "")
        without = f"without Manage Webhooks it speaks by {self._host_name}'s name in {named}"
        return "; ".join(filter(None, (without, self._recording.note)))

    async def __aenter__(self) -> Self:
        self._faces.put_on(self._mask, self._chronicle)
        # What she left open is taken up next, and somebody may have to be asked about.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                await self._faces.until(lambda: self._faces.host(self._mask.host) is not None)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._faces.take_off(self._mask)

    async def listen(self, intake: Intake, begun: Callable[[], None] = lambda: None) -> None:
        """She hears as long as her bot does; `intake` is given what is hers by its link."""
        away = LinkLost(f"{self._host_name}'s bot is not on Discord")
        try:
            # Once that is said, it is enough to wait for its end.
            async with asyncio.timeout(None if self._said_away else self._patience):
                await self._faces.until(self._is_hearing)
        except TimeoutError:
            self._said_away = True
            raise away from None
        self._said_away = True
        await self._servers_come()
        begun()
        await self._faces.until(lambda: not self._is_hearing())
        raise away

    def _is_hearing(self) -> bool:
        return self._faces.is_hearing(self._mask.host)

    async def _servers_come(self) -> None:
        """Wait a moment for them, so that `lacks` knows of what is not granted there."""
        host = self._faces.host(self._mask.host)
        if host is None or host.client.guilds:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SERVERS_COME):
                await host.client.wait_until_ready()

    # --- one message -----------------------------------------------------------------------------

    def read(self, received: Received) -> Inbound:
        return self._faces.seen(self.account, received, mapping.read(received, self._us))

    def render(self, reply: Reply) -> tuple[bytes, ...]:
        return render(reply)

    async def perform(self, delivery: Delivery) -> Receipt:
        return await self._calls.perform(delivery)

    def takes_time(self, delivery: Delivery) -> bool:
        return self._recording.is_wanted(delivery)

    async def prepare(self, delivery: Delivery) -> None:
        await self._recording.make(delivery)

    async def show(self, live: Live) -> None:
        await self._calls.show(live)

    async def rank(self, address: Address, author: str) -> Rank:
        host = self._host()
        if "/" in author:  # another one of ours
            return Rank.STRANGER
        return await host.link.rank(address._replace(account=host.account), author)

    async def leave(self, address: Address) -> None:
        raise Unsendable("the server is her bot's to leave")

    async def fetch(self, attachment: Attachment, most: int) -> bytes:
        host = self._faces.host(self._mask.host)
        if host is None:
            raise FetchFailed("the bot through which she hears is not there")
        return await host.link.fetch(attachment, most)

    # --- voice channels --------------------------------------------------------------------------

    async def join(self, channel: str, listener: Listener, ways: Listening) -> VoiceChannel:
        raise CannotJoin(
            f"{self._mask.shown} has no voice of its own there: it is {self._host_name}'s bot that "
            "can be asked into voice channels"
        )

    def whereabouts(self, world: str, person: str) -> str:
        rooms = self._rooms()
        return rooms.whereabouts(world, person) if rooms else ""

    def channels(self, world: str) -> Sequence[tuple[str, str]]:
        rooms = self._rooms()
        return rooms.channels(world) if rooms else ()

    def watch(self, told: Callable[[str, str, str], None]) -> None:
        """Nobody is told: where would she follow them to?"""

    def _rooms(self) -> VoiceRooms | None:
        host = self._faces.host(self._mask.host)
        return host.link if host is not None and isinstance(host.link, VoiceRooms) else None

    def _host(self) -> Host:
        host = self._faces.host(self._mask.host)
        if host is None:
            raise LinkLost(f"{self._host_name}'s bot is not on Discord")
        return host
