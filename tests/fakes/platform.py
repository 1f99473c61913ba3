"""A platform without a wire: it does what the test's script says, and keeps what it was given."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Self

from core.errors import FetchFailed, Unreadable
from core.ids import Account
from core.messages import Address, Attachment, Delivery, Inbound, Live, Receipt, Received, Reply
from core.ports import Intake, Limits

Deed = Exception | Callable[[Delivery], Awaitable[None]]


class FakePlatform:
    """core.ports.Platform; `script` holds what the next sends do, an empty one lets all succeed."""

    def __init__(self, account: Account | None = None, *, limits: Limits | None = None) -> None:
        self.account = account or Account("telegram:1")
        self.limits = limits or Limits(max_text=4096, drafts=True)
        self.script: deque[Deed] = deque()
        self.sent: list[Delivery] = []
        self.shown: list[Live] = []
        self.entries: deque[Exception] = deque()
        """What the next logins raise."""
        self.there: dict[str, bytes] = {}
        """The files that can be fetched, by their ref."""
        self.left: list[Address] = []
        self.listens: deque[Exception] = deque()
        self.listening = asyncio.Event()
        self.inside = False

    name = "telegram"
    handle = "@ada_bot"
    lacks = ""

    async def __aenter__(self) -> Self:
        if self.entries:
            raise self.entries.popleft()
        self.inside = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.inside = False

    async def listen(self, intake: Intake, begun: Callable[[], None] = lambda: None) -> None:
        if self.listens:
            raise self.listens.popleft()
        begun()
        self.listening.set()
        await asyncio.Event().wait()

    def read(self, received: Received) -> Inbound:
        raise Unreadable("this platform hears nothing")

    def render(self, reply: Reply) -> tuple[bytes, ...]:
        return (reply.text.encode(),)

    async def perform(self, delivery: Delivery) -> Receipt:
        if self.script:
            deed = self.script.popleft()
            if isinstance(deed, Exception):
                raise deed
            await deed(delivery)
        self.sent.append(delivery)
        return Receipt(f"message {len(self.sent)}")

    async def leave(self, address: Address) -> None:
        self.left.append(address)

    async def fetch(self, attachment: Attachment, most: int) -> bytes:
        data = self.there.get(attachment.ref)
        if data is None:
            raise FetchFailed("the file is not there any more")
        if len(data) > most:
            raise FetchFailed("the file is too large")
        return data

    async def show(self, live: Live) -> None:
        self.shown.append(live)
