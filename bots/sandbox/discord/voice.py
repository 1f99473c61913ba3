"""All voice channels of the local Discord: who may come, where to, and what goes wrong there.

Needs what the extra [voice] brings: import it where somebody is to talk, not before.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from bots.sandbox.discord.voice_call import Call, VoiceEvent
from bots.sandbox.discord.voice_dave import Policy
from bots.sandbox.discord.voice_faults import Trouble, VoiceFaults
from bots.sandbox.discord.voice_media import Media
from bots.sandbox.discord.voice_seat import Pace, Seat
from bots.sandbox.discord.voice_socket import Admission, Closed, Line, Wire
from bots.sandbox.discord.voice_view import CallView, view_of

__all__ = ["CallView", "Policy", "Seat", "Trouble", "VoiceEvent", "VoiceHouse"]

_PREFIX = "/voice/"
_LINGERING = 5.0  # seconds for a client to leave a region by itself


class VoiceHouse:
    """`where` says host and port of the HTTP server whose sockets at /voice/ come to `handle`."""

    def __init__(
        self,
        where: Callable[[], str],
        *,
        policy: Policy = Policy.REQUIRED,
        host: str = "127.0.0.1",
        heartbeat: float = 41.25,
        survives: float = 30.0,
        seed: int = 0,
    ) -> None:
        self._where = where
        self._host = host
        self._policy = policy
        self.heartbeat = heartbeat
        self.survives = survives
        self.media = Media()
        self.faults = VoiceFaults(seed)
        self.watchers: list[Callable[[VoiceEvent], None]] = []
        self.on_region: Callable[[int], None] = lambda guild: None
        """Told of a server whose clients must connect elsewhere: `admit` each of them again, and
        send VOICE_SERVER_UPDATE."""
        self.resumable = True
        """False: whoever comes with a RESUME is told 4006."""
        self._regions: dict[int, str] = {}
        self._moves = itertools.count(2)
        self._calls: dict[tuple[int, int], Call] = {}
        self._policies: dict[tuple[int, int], Policy] = {}
        self._admitted: dict[tuple[int, int], Admission] = {}
        self._lines: dict[tuple[int, int], Line] = {}
        self._seats: dict[tuple[int, int], Seat] = {}
        self._wires: set[Wire] = set()
        self._refusing: int | None = None
        self._pace: Pace | None = None

    # -- life ------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Take sound from now on."""
        self._pace = Pace()
        await self.media.open(self._host)

    async def aclose(self) -> None:
        """Send everyone away; for a client this is a server that restarts."""
        for seat in tuple(self._seats.values()):
            seat.leave()
        for wire in tuple(self._wires):
            wire.close(1001)
        for line in tuple(self._lines.values()):
            if line.expiry is not None:
                line.expiry.cancel()
        for call in self._calls.values():
            call.close()
        if self._pace is not None:
            self._pace.close()
        self.media.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Hold one client's socket for as long as it lives."""
        if self._refusing is not None:
            return web.Response(status=self._refusing)
        region = request.path.removeprefix(_PREFIX).strip("/")
        wire = Wire(self, region)
        if request.query.get("v") != "8":
            wire.close(4012, "Unknown protocol.")
        self._wires.add(wire)
        try:
            return await wire.serve(request)
        finally:
            self._wires.discard(wire)

    # -- who may come ----------------------------------------------------------------------------

    def endpoint(self, guild: int) -> str:
        """As VOICE_SERVER_UPDATE names it: no scheme, and discord.py puts a slash behind it."""
        return f"{self._where()}{_PREFIX}{self._region(guild)}"

    def _region(self, guild: int) -> str:
        return self._regions.get(guild, "local1")

    def admit(self, guild: int, channel: int, user: int, session_id: str) -> str:
        """Await somebody's client (its op 4 said so): gives the token for VOICE_SERVER_UPDATE.

        It comes instead of the one before, which is sent away (4014); but the same channel in the
        same session and region keeps its token, so that a RESUME may follow.
        """
        made = Admission(guild, channel, user, session_id, self._region(guild))
        known = self._admitted.get((guild, user))
        if known is not None:
            made.deaf, made.muted = known.deaf, known.muted
            if known.comes_as(made):
                return known.token
        self._admitted[guild, user] = made
        line = self._lines.get((guild, user))
        if line is None:
            return made.token
        if line.admission.region == made.region:
            self._end(line, 4014)
        else:
            # Of a move to another server the client learns from the main gateway first.
            asyncio.get_running_loop().call_later(_LINGERING, self._send_away, line)
        return made.token

    def move(self, guild: int, user: int, channel: int) -> str:
        """Put somebody into another channel; a client must connect anew, with this token."""
        seat = self._seats.get((guild, user))
        if seat is not None:
            seat.move(self._call(guild, channel))
            return ""
        return self.admit(guild, channel, user, self._admitted[guild, user].session_id)

    def dismiss(self, guild: int, user: int, code: int = 4014) -> None:
        """They are in no channel of this server any more; nothing where they were in none."""
        seat = self._seats.get((guild, user))
        if seat is not None:
            seat.leave()
        self._admitted.pop((guild, user), None)
        line = self._lines.get((guild, user))
        if line is not None:
            self._end(line, code)

    def end_call(self, guild: int, channel: int) -> None:
        """The channel is gone: everybody is out, 4022."""
        call = self._calls.get((guild, channel))
        for user in tuple(call.inside) if call is not None else ():
            self.dismiss(guild, user, 4022)

    def hears(self, guild: int, user: int, on: bool) -> None:
        """Whether sound is sent to somebody: Discord sends none to who is deaf."""
        self._flag(guild, user, "deaf", not on)

    def is_heard(self, guild: int, user: int, on: bool) -> None:
        """Whether somebody's sound is passed on: a server can mute them."""
        self._flag(guild, user, "muted", not on)

    def _flag(self, guild: int, user: int, flag: str, on: bool) -> None:
        for known in (self._admitted.get((guild, user)), self._seats.get((guild, user))):
            if known is not None:
                setattr(known, flag, on)

    # -- people of this process ------------------------------------------------------------------

    def seat(
        self, guild: int, channel: int, user: int, *, listens: bool = True, dave: int = 1
    ) -> Seat:
        """Somebody simulated comes in; who does not listen costs next to nothing."""
        assert self._pace is not None, "the house is not open"
        known = self._seats.get((guild, user))
        if known is not None:
            known.move(self._call(guild, channel))
            return known
        call = self._call(guild, channel)
        if call.group.policy is Policy.REQUIRED and not dave:
            raise ValueError("nobody gets in without end-to-end encryption")
        seat = Seat(call, user, self._pace, self._is_plain, listens=listens, dave=dave)
        self._seats[guild, user] = seat
        seat.on_leave = lambda: self._seats.pop((guild, user), None)
        return seat.enter()

    def _is_plain(self, call: Call, user: int) -> bool:
        return self.faults.is_plain(call.guild, call.channel, user)

    # -- what is so ------------------------------------------------------------------------------

    def calls(self) -> tuple[CallView, ...]:
        """Every call that somebody is in."""
        return tuple(view_of(call) for call in self._calls.values() if call.inside)

    def view(self, guild: int, channel: int) -> CallView:
        return view_of(self._call(guild, channel))

    def connected(self, guild: int, user: int) -> bool:
        """Somebody is in a call, with keys and all: not merely on the way."""
        line = self._lines.get((guild, user))
        seat = self._seats.get((guild, user))
        return seat is not None or (line is not None and line.call is not None)

    # -- trouble by hand -------------------------------------------------------------------------

    def set_policy(
        self, policy: Policy, guild: int | None = None, channel: int | None = None
    ) -> None:
        """For one channel, or for all of them; who is talking there changes over."""
        if guild is not None and channel is not None:
            self._policies[guild, channel] = policy
        else:
            self._policy = policy
            self._policies.clear()
        for (its_guild, its_channel), call in self._calls.items():
            if guild in {None, its_guild} and channel in {None, its_channel}:
                call.group.obey(policy)

    def renew(self, guild: int, channel: int) -> None:
        """Begin the call's encryption anew, at epoch 1, in the middle of what is said."""
        self._call(guild, channel).group.renew()

    def move_region(self, guild: int) -> str:
        """The server's calls go to another voice server; gives its endpoint.

        A client that stays where it was is sent away after five seconds, 4014.
        """
        self._regions[guild] = f"local{next(self._moves)}"
        self.on_region(guild)
        return self.endpoint(guild)

    def close(self, guild: int, user: int, code: int, *, forget: bool = False) -> None:
        """End somebody's socket with a code; `forget` makes a RESUME fail (4006)."""
        line = self._lines.get((guild, user))
        if line is None:
            return
        wire = line.wire
        if forget:
            self.over(line)
        if wire is not None:
            wire.close(code)

    def abort(self, guild: int, user: int) -> None:
        """Cut somebody's socket with no word: 1006."""
        line = self._lines.get((guild, user))
        if line is not None and line.wire is not None:
            line.wire.abort()

    def hold(self, guild: int, user: int, on: bool = True) -> None:
        """Let somebody's socket stand, but say nothing more by it: a zombie."""
        line = self._lines.get((guild, user))
        if line is not None and line.wire is not None:
            line.wire.hold(on)

    def refuse(self, status: int | None = 503) -> None:
        """Answer new sockets with an HTTP error; None ends it."""
        self._refusing = status

    # -- what a socket asks ----------------------------------------------------------------------

    def admitted(self, asked: dict[str, Any], region: str) -> Admission:
        """Whom an IDENTIFY lets in; raises Closed."""
        known = self._admitted.get(_key(asked))
        if known is None:
            raise Closed(4006, "Session is no longer valid.")
        if asked.get("token") != known.token:
            raise Closed(4004, "Authentication failed.")
        if asked.get("session_id") != known.session_id:
            raise Closed(4006, "Session is no longer valid.")
        if region != known.region:
            raise Closed(4011, "Server not found.")
        policy = self._call(known.guild, known.channel).group.policy
        if policy is Policy.REQUIRED and not asked.get("max_dave_protocol_version"):
            raise Closed(4017, "E2EE/DAVE protocol required.")
        return known

    def line_of(self, asked: dict[str, Any]) -> Line:
        """Who a RESUME is of; raises Closed."""
        for line in self._lines.values():
            known = line.admission
            mine = (asked.get("session_id"), asked.get("server_id"), asked.get("token"))
            if mine == (known.session_id, str(known.guild), known.token) and self.resumable:
                return line
        raise Closed(4006, "Session is no longer valid.")

    def begin(self, line: Line) -> None:
        key = line.admission.guild, line.user
        before = self._lines.get(key)
        if before is not None:
            wire = before.wire
            self.over(before)
            if wire is not None:
                wire.close(4006, "Another client has come.")
        self._lines[key] = line
        self.media.expect(line)

    def call_of(self, admission: Admission) -> Call:
        return self._call(admission.guild, admission.channel)

    def over(self, line: Line) -> None:
        """The line's socket has ended, and will not be resumed."""
        key = line.admission.guild, line.user
        if self._lines.get(key) is line:
            del self._lines[key]
        self.media.forget(line)
        line.wire = None
        if line.expiry is not None:
            line.expiry.cancel()
        if line.call is not None:
            line.call.leave(line)
            line.call = None

    # -- small words -----------------------------------------------------------------------------

    def _call(self, guild: int, channel: int) -> Call:
        found = self._calls.get((guild, channel))
        if found is None:
            policy = self._policies.get((guild, channel), self._policy)
            found = Call(guild, channel, policy, self.faults, self._tell)
            self._calls[guild, channel] = found
        return found

    def _tell(self, event: VoiceEvent) -> None:
        for watcher in tuple(self.watchers):
            watcher(event)

    def _end(self, line: Line, code: int) -> None:
        wire = line.wire
        self.over(line)
        if wire is not None:
            wire.close(code, "Disconnected.")

    def _send_away(self, line: Line) -> None:
        if self._lines.get((line.admission.guild, line.user)) is line:
            self._end(line, 4014)


def _key(asked: dict[str, Any]) -> tuple[int, int]:
    match asked:
        case {"server_id": str() as guild, "user_id": str() as user} if (
            guild.isdigit() and user.isdigit()
        ):
            return int(guild), int(user)
        case _:
            raise Closed(4002, "Failed to decode payload.")
