"""Discord's REST interface over sockets: who asks, what for, and what may get in the way."""

import asyncio
from collections import Counter
from collections.abc import Callable

from aiohttp import web

from bots.sandbox.discord.gateway import Gateway
from bots.sandbox.discord.intents import Intents
from bots.sandbox.faults import Faults
from bots.sandbox.journal import Journal
from bots.sandbox.things import Account, Change
from bots.sandbox.world import World


class Rest:
    """Answers every request that is no socket; `handle` is all that a server needs."""

    def __init__(
        self,
        world: World,
        gateway: Gateway,
        faults: Faults,
        journal: Journal,
        *,
        limits: bool,
        granted: Callable[[Account], Intents],
        roots: Callable[[], tuple[str, str]],
    ) -> None:
        self._world = world
        self.tasks: asyncio.TaskGroup | None = None
        self.violations: Counter[str] = Counter()

    def hear(self, change: Change) -> None:
        """Learn what concerns it: tokens, and interactions that someone began."""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(
            body=b'{"message": "404: Not Found", "code": 0}',
            status=404,
            headers={"Content-Type": "application/json"},
        )

    def end_waits(self) -> None:
        """Let those go who wait for nothing, because the server stops."""
