"""One voice channel that a bot is in: kept up over reconnects, until somebody puts it out."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import random
from collections.abc import Callable, Sequence
from typing import Protocol

from bots.discord.ears import Connection as Heard
from bots.discord.ears import Ears
from bots.discord.mouth import ChannelMouth
from bots.discord.pulse import Pulse
from bots.discord.sharded import Sharded
from bots.discord.voice_absence import Absence
from bots.discord.voice_client import REFUSALS
from bots.discord.voice_comebacks import Comebacks
from bots.discord.voice_people import VoicePeople
from bots.discord.voice_sending import Sending
from bots.discord.voice_standing import Room, Standing
from bots.discord.voice_told import Telling
from bots.discord.voice_wire import NOT_LET_IN, Wire
from core.clock import Clock
from core.errors import CannotJoin
from core.ports.voices import Listener, Listening, Present, VoiceState
from core.speech.opus import Encoder

log = logging.getLogger(__name__)

_AWAY = 120.0
"""Seconds for which the gateway may be away."""
_KEEPS_ALIVE = 5.0
"""Seconds between two packets that say no more than that we are there: routers forget."""
_BITRATE = 64_000
_BEAT = 4.5
"""Seconds. discord.py may note when it has sent a heartbeat only after the answer has come: then it
takes all the time since the one before, five seconds, for the way there and back."""


class AskMay(Protocol):
    def __call__(self, room: Room, *, again: bool) -> None: ...


class VoiceLine:
    """Implements VoiceChannel, and is Told by its connection."""

    def __init__(
        self,
        client: Sharded,
        channel: Room,
        listener: Listener,
        ways: Listening,
        people: VoicePeople,
        clock: Clock,
        chance: random.Random,
        pulse: Pulse,
        volume: float,
        over: Callable[[VoiceLine], None],
        may: AskMay,
    ) -> None:
        """`over` is told when nothing of it is left; `may` raises CannotJoin, and is asked again
        before each coming back."""
        self._client = client
        self._channel = channel
        self._people = people
        self._clock = clock
        self._pulse = pulse
        self._over = over
        self._may = may
        self.ways = ways
        self._telling = Telling(listener, clock)
        self._loop = loop = asyncio.get_running_loop()
        self._wire = wire = Wire(client, people)
        self._mouth = ChannelMouth(loop, pulse.wake, volume=volume)
        encoder = Encoder(bitrate=min(channel.bitrate or _BITRATE, _BITRATE))
        self._absence = Absence(clock, wire.way)
        self._sending = Sending(self._mouth, wire.way, encoder, self._spoken, self._waits)
        self._ears = Ears(self, loop, self._telling, ways, lambda: self.people, clock, self._deaf)
        self._news = asyncio.Event()
        self._standing = Standing(client, people, clock)
        self._ill = ""
        self._is_over = self._leaves = False
        self._says = self._said = False
        self._hears = ways.hears
        self._spoke_at = clock.monotonic()
        self._comebacks = Comebacks(clock, chance)
        self._keeper: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<VoiceLine {self.id} of {self.world}>"

    # --- as a VoiceChannel -----------------------------------------------------------------------

    @property
    def id(self) -> str:
        return str(self._channel.id)

    @property
    def name(self) -> str:
        return self._channel.name

    @property
    def world(self) -> str:
        return str(self._channel.guild.id)

    @property
    def world_name(self) -> str:
        return self._channel.guild.name

    @property
    def people(self) -> Sequence[Present]:
        return self._people.present(self.world, self.id)

    @property
    def mouth(self) -> ChannelMouth:
        return self._mouth

    @property
    def state(self) -> VoiceState:
        heard, voice = self._ears.state, self._wire.voice
        if voice is None or self._is_over:
            return VoiceState(False, deaf=heard.deaf, away=self._absence.why, lost=heard.lost)
        latency = voice.latency
        return VoiceState(
            True,
            voice.connection.can_encrypt,
            heard.deaf or self._standing.deaf(self._channel),
            self._standing.mute(self._channel),
            self._absence.why,
            latency=latency if latency < _BEAT else 0.0,
            privacy_code=voice.voice_privacy_code or "",
            lost=heard.lost,
            undecrypted=heard.undecrypted,
        )

    def ignore(self, people: frozenset[str]) -> None:
        self._ears.ignore(people)

    def listen(self, ways: Listening) -> None:
        before, self.ways = self.ways, ways
        if ways == before:
            return
        self._ears.listen(ways)
        self._news.set()

    async def leave(self) -> None:
        await self.go("")

    # --- coming and going ------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        return self._is_over

    @property
    def silent_since(self) -> float:
        """By the clock's `monotonic`."""
        return max(self._spoke_at, self._telling.heard_at)

    def heed(self, listener: Listener) -> None:
        """From now on somebody else is told."""
        self._telling.listener = listener

    async def enter(self, group: asyncio.TaskGroup) -> None:
        """Raises CannotJoin."""
        try:
            await self._dial()
        except BaseException:
            self._end("")
            self._over(self)
            raise
        self._keeper = group.create_task(self._keep())
        self._pulse.join(self._sending)
        self.see()

    async def go(self, reason: str, *, out: bool = True) -> None:
        """Out of it, once; `out`: Discord is told, else it soon is by where we go next."""
        if self._is_over:  # its keeper is about to be done with it
            if self._keeper is not None:
                await asyncio.wait({self._keeper})
            return
        if self._keeper is not None:
            self._keeper.cancel()
        self._end(reason)
        try:
            await self._wire.part(self._channel, out=out)
        finally:
            self._over(self)

    def see(self) -> None:
        """Tell who is there, it being otherwise than before, or our own standing."""
        self._standing.look(self._channel)
        self._ears.look()
        self._telling.present(self.people)

    def ail(self, why: str) -> None:
        """The connection is good for nothing: it is made anew."""
        self._ill = self._ill or why
        self._news.set()

    def _deaf(self, why: str) -> None:
        """Told by the ears. Whoever sends what nobody can read is not to put us out by it."""
        if self._comebacks.few:
            self.ail(why)

    # --- as Told -------------------------------------------------------------------------------

    def connected(self) -> None:
        self._said = False
        self._absence.over()
        self._ears.begin()
        self._news.set()

    def moved(self, channel: int) -> None:
        found = self._channel.guild.get_channel(channel)
        if self._is_over or channel == self._channel.id:
            return
        if not isinstance(found, Room):
            return
        log.info("put into voice channel %s", channel)
        self._channel = found
        self._standing.moved()
        self._telling.moved(self.id)
        self.see()

    def put_out(self) -> None:
        gone = self._channel.guild.get_channel(self._channel.id) is None
        self._end("the channel is gone" if gone else "somebody has put her out")

    def removed(self, reason: str) -> None:
        self._end(reason)

    def lost(self, code: int) -> None:
        if self._is_over:
            return
        if code == 4017 or code == 4021:
            self._end(REFUSALS[code], leaves=True)
            return
        self.ail(f"the connection is lost ({code})")

    # --- kept up ---------------------------------------------------------------------------------

    async def _keep(self) -> None:
        try:
            for count in itertools.count():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_KEEPS_ALIVE):
                        await self._news.wait()
                self._news.clear()
                if not self._is_over and self._ill:
                    await self._mend()
                if self._is_over:
                    break
                await self._tell_speaking()
                await self._stand()
                self._stay_alive(count)
        except Exception:  # the wall round one channel
            log.exception("a voice channel failed")
            self._end("something went wrong with the voice channel", leaves=True)
        await self._wire.drop(out=self._leaves)
        self._over(self)

    async def _mend(self) -> None:
        """Come back, as often as is decent; what waits to be said waits in the mouth."""
        self._absence.begin()
        while not self._is_over:
            if (pause := self._comebacks.next()) is None:
                away = self._absence.last or self._ill
                self._end("the connection to Discord's voice server is lost", away, leaves=True)
                return
            await self._wire.drop(out=False)
            await self._pause(pause)
            if not await self._gateway_is_up():
                self._end("Discord is away", "Discord is away")
                return
            log.info("joining voice channel %s anew: %s", self.id, self._ill)
            await self._wire.leave(self._channel)
            if self._is_over:
                return
            self._ill = ""
            try:
                self._anew()
                await self._dial()
            except CannotJoin as error:
                self._ill = self._ill or str(error)
                self._absence.because(str(error))
                continue
            if not self._ill:
                self.see()
                return

    async def _gateway_is_up(self) -> bool:
        """Nobody is let into a voice channel without it, and it may come back any moment."""
        until = self._clock.monotonic() + _AWAY
        while not self._wire.has_gateway(self._channel):
            if self._is_over or self._clock.monotonic() > until:
                return False
            await self._pause(1.0)
        return True

    def _anew(self) -> None:
        """The channel as it is known now: a new session knows all servers anew."""
        found = self._client.get_channel(self._channel.id)
        guild = self._client.get_guild(self._channel.guild.id)
        if guild is None or guild.unavailable:
            raise CannotJoin("the server is away")
        if not isinstance(found, Room):
            self._end("the channel is gone")
            raise CannotJoin("the channel is gone")
        self._channel = found
        try:
            self._may(found, again=True)
        except CannotJoin as error:
            self._end(str(error), leaves=True)
            raise

    async def _dial(self) -> None:
        """Raises CannotJoin; whatever else fails, it is said so."""
        self._hears = self.ways.hears
        self._standing.begin()
        await self._wire.dial(self._channel, self, self._ears.hook, hears=self._hears)
        if self._is_over:
            await self._wire.drop(out=True)
            raise CannotJoin(NOT_LET_IN)
        self.connected()

    def _end(self, reason: str, away: str = "", *, leaves: bool = False) -> None:
        """Told once; the connection is dropped by whoever may wait. `away`: why it is given up, to
        be tried again later. `leaves`: Discord still takes us to be there."""
        if self._is_over:
            return
        self._is_over, self._leaves = True, leaves
        self._absence.end(away)
        self._pulse.part(self._sending)
        self._mouth.close()
        self._ears.close()
        if self._keeper is not None:
            log.info("out of voice channel %s%s", self.id, f": {reason}" if reason else "")
            self._telling.closed(reason)
        self._news.set()

    async def _pause(self, seconds: float) -> None:
        """Cut short by news: a session that begins, say."""
        if not seconds:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()

    def _unheard(self) -> None:
        """Whoever speaks is told to look: what they say has waited for long enough."""
        if self._absence.lasts(self._ill):
            self.see()

    async def _tell_speaking(self) -> None:
        voice, says = self._wire.voice, self._says
        if voice is not None and says != self._said:
            self._said = says
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_KEEPS_ALIVE):
                    await voice.speak(says)

    async def _stand(self) -> None:
        """Be in the channel as it is to be: hearing or not, and let up where it is a stage."""
        if self._wire.voice is None:
            return
        hears = self.ways.hears
        if hears != self._hears:
            self._hears = hears
            await self._wire.show(self._channel, deaf=not hears)
        await self._standing.ask(self._channel)
        if self._comebacks.few and self._standing.is_behind(self._channel):
            self.ail("Discord lets her speak again only where she comes in anew")

    def _stay_alive(self, count: int) -> None:
        if (way := self._wire.way()) is not None:
            self._absence.over()
            with contextlib.suppress(OSError):
                way.socket.send(count.to_bytes(8, "little"))

    # --- in the pulse's thread -------------------------------------------------------------------

    def _spoken(self, says: bool) -> None:
        self._says = says
        self._spoke_at = self._clock.monotonic()
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._news.set)

    def _waits(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._unheard)

    @property
    def _connection(self) -> Heard | None:
        """What ears ask for."""
        return self._wire.connection
