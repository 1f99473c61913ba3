"""The local Discord's gateway: every bot's sockets, what each is told, and trouble by hand."""

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from bots.sandbox.discord.calls import Calls, VoiceServer
from bots.sandbox.discord.connection import HEARTBEAT, RECONNECT, Connection
from bots.sandbox.discord.greeting import members, ready
from bots.sandbox.discord.hearing import Hearing
from bots.sandbox.discord.intents import PRIVILEGED, Intents
from bots.sandbox.discord.sessions import Counts, Event, Session, Sessions
from bots.sandbox.discord.wire import operation, packing
from bots.sandbox.world import Account, Change, World

_VERSIONS = frozenset({"9", "10"})


class Gateway:
    """Takes sockets at one address; `hear` is to be a listener of the world.

    `granted` says which privileged intents a bot was given; `heartbeat` is the interval of HELLO
    in seconds; a session survives a cut line for `survives` seconds and `keeps` events.
    """

    def __init__(
        self,
        world: World,
        *,
        granted: Callable[[Account], Intents] = lambda bot: PRIVILEGED,
        heartbeat: float = 41.25,
        survives: float = 180.0,
        keeps: int = 5_000,
        send_limit: int = 120,
        budget: int = 1_000,
        voice: VoiceServer | None = None,
    ) -> None:
        self._world = world
        self._granted = granted
        self._refusing: int | None = None
        self._shut: dict[tuple[int, int], int] = {}
        self._asked: dict[int, int] = {}
        self._least: dict[int, int] = {}
        self.mute = False
        """New sockets are taken and not spoken to: no HELLO comes."""
        self._lines: set[Connection] = set()
        self.logins = Sessions(survives=survives, keeps=keeps, budget=budget)
        self._hearing = Hearing(world, self.logins)
        self.calls = Calls(world, self.logins, voice)
        self.heartbeat = heartbeat
        self.send_limit = send_limit
        self.violations: dict[str, int] = {}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Hold one socket for as long as it lives."""
        if self._refusing is not None:
            return web.Response(status=self._refusing)
        try:
            packed = packing(request.query.get("compress"))
        except ValueError:
            return web.Response(status=400)
        line = Connection(self, f"ws://{request.host}{request.path}", packed)
        if request.query.get("v", "10") not in _VERSIONS:
            line.close(4012, "Invalid API version.")
        self._lines.add(line)
        try:
            return await line.serve(request)
        finally:
            self._lines.discard(line)

    async def aclose(self) -> None:
        """Send everyone away; for a client this is a server that restarts."""
        for line in self._lines:
            line.close(1001)

    def hear(self, change: Change) -> None:
        """Tell every session what it may know of a change."""
        if change.kind == "token":
            self._forget(change.fact["bot"], change.fact["token"])
        # Before: a bot that is out of a server hears nothing more of it.
        self.calls.hear(change)
        self._hearing.tell(change)

    def _forget(self, bot: int, token: str) -> None:
        for session in tuple(self.logins.of(bot)):
            if session.token == token:
                continue
            if isinstance(session.line, Connection):
                session.line.close(4004, "Authentication failed.")
            else:
                self.logins.end(session)

    # -- what a connection asks ------------------------------------------------------------------

    def admit(self, token: str) -> Account | None:
        """Whom a token lets in; None for one that is wrong, old or of another platform."""
        for number, known in self._world.tokens.items():
            if known == token and self._world.accounts[number].platform == "discord":
                return self._world.accounts[number]
        return None

    def granted(self, bot: Account) -> Intents:
        return self._granted(bot)

    def refusal(self, bot: Account, shard: tuple[int, int]) -> tuple[int, str] | None:
        """The code and the reason by which this shard of a bot is sent away."""
        if shard[1] < self._least.get(bot.id, 1):
            return 4011, "Sharding required."
        code = self._shut.get((bot.id, shard[0]))
        return None if code is None else (code, "Shut.")

    def welcome(self, session: Session, url: str) -> None:
        for event in ready(self._world, session, url, self._granted(session.bot)):
            session.put(event)

    def send_members(self, session: Session, asked: dict[str, Any]) -> None:
        for event in members(self._world, session, asked):
            session.put(event)

    def take_voice(self, session: Session, asked: dict[str, Any]) -> None:
        self.calls.ask(session, asked)

    def cut(self, session: Session) -> None:
        """Its line is gone; who does not resume it in time is out of the voice channels too."""
        self.logins.cut(session)
        if self.calls.of(session):
            loop, late = asyncio.get_running_loop(), self.logins.survives + 0.05
            loop.call_later(late, self.logins.of, session.bot.id)

    # -- looking ---------------------------------------------------------------------------------

    def sessions(self, bot: Account) -> Counts:
        """How often a bot connected, identified and resumed, and how many events it got again."""
        return self.logins.count(bot.id)

    @property
    def lines(self) -> int:
        """How many sockets are open."""
        return len(self._lines)

    def pending(self, bot: Account) -> int:
        """How many events wait for a bot that is, or was just now, on the gateway."""
        return self.logins.pending(bot.id)

    def identify_limit(self, bot: Account) -> dict[str, int]:
        """`session_start_limit` for `GET /gateway/bot`."""
        return self.logins.start_limit(bot.id)

    def shards(self, bot: Account) -> int:
        """`shards` for `GET /gateway/bot`."""
        return self._asked.get(bot.id, 1)

    # -- trouble by hand -------------------------------------------------------------------------

    def ask_shards(self, bot: Account, shards: int, *, least: int = 1) -> None:
        """Tell a bot to come with so many shards; with fewer than `least` it is sent away (4011)."""
        self._asked[bot.id], self._least[bot.id] = shards, least

    def shut(self, bot: Account, shard: int, code: int | None = 4000) -> None:
        """Cut one shard of a bot, and send it away each time it comes; None lets it in again."""
        if code is None:
            self._shut.pop((bot.id, shard), None)
            return
        self._shut[bot.id, shard] = code
        self.drop(bot, shard)

    def drop(self, bot: Account, shard: int | None = None) -> None:
        """Cut a bot's sockets with no close frame; events are kept for its RESUME."""
        for line in self._of(bot, shard):
            line.abort()

    def reconnect(self, bot: Account) -> None:
        """Ask a bot to connect anew and resume (op 7)."""
        for line in self._of(bot):
            line.say(operation(RECONNECT))

    def invalidate(
        self, bot: Account, shard: int | None = None, *, resumable: bool = False
    ) -> None:
        """Tell a bot that its session is invalid (op 9), and forget it unless it is resumable."""
        for line in self._of(bot, shard):
            line.invalidate(resumable)

    def close(self, bot: Account, code: int = 4000, reason: str = "") -> None:
        for line in self._of(bot):
            line.close(code, reason)

    def ask_heartbeat(self, bot: Account) -> None:
        """Ask for a heartbeat out of turn (op 1)."""
        for line in self._of(bot):
            line.say(operation(HEARTBEAT))

    def hold(self, bot: Account, on: bool = True, *, only_acks: bool = False) -> None:
        """Let the line stand but say nothing: a zombie; or only leave heartbeats unanswered."""
        for line in self._of(bot):
            line.hold(on, only_acks=only_acks)

    def refuse(self, on: bool = True, *, status: int = 503) -> None:
        """Answer new sockets with an HTTP error, until it is switched off."""
        self._refusing = status if on else None

    def dispatch(self, bot: Account, event: str, data: Any) -> int:
        """Put an event of any shape before a bot; bytes stand for `d` as they are, JSON or not.

        What names a server goes to its shard. Gives the number of sessions that will hear it.
        """
        body = data if isinstance(data, bytes) else orjson.dumps(data)
        where = data.get("guild_id") if isinstance(data, dict) else None
        guild = int(where) if isinstance(where, str) and where.isdigit() else None
        sessions = [each for each in self.logins.of(bot.id) if guild is None or each.covers(guild)]
        for session in sessions:
            session.put(Event(event, body))
        return len(sessions)

    async def send_frame(self, bot: Account, frame: str | bytes) -> None:
        """Put one frame on a bot's wire as it is, packed by nobody and numbered by nobody."""
        for line in self._of(bot):
            await line.raw(frame)

    def _of(self, bot: Account, shard: int | None = None) -> list[Connection]:
        sessions = self.logins.of(bot.id)
        lines = (one.line for one in sessions if shard is None or one.shard[0] == shard)
        return [line for line in lines if isinstance(line, Connection)]
