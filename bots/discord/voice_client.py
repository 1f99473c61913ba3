"""discord.py's voice connection, which takes a broken line up again instead of beginning anew.

Its own reconnecting waits for minutes where a second would do, and its RESUME waits for what no
server sends. What cannot be taken up is told, and `voice_line` begins anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, cast

import aiohttp
import discord
from discord.gateway import DiscordVoiceWebSocket
from discord.voice_state import ConnectionFlowState, VoiceConnectionState

from bots.discord.voice_packets import MODE, Way
from core.errors import CannotJoin

log = logging.getLogger(__name__)

REFUSALS = {
    4004: "Discord's voice server does not know this session",
    4011: "Discord's voice server does not know this server",
    4016: "Discord's voice server knows none of our encryptions",
    4017: "Discord asks for end-to-end encryption, which is not to be had here",
    4021: "Discord's voice server asks for silence",
}
"""Close codes after which nobody need try again at once."""
_ELSEWHERE = frozenset({4014, 4022})
"""Moved, put out, or the call is moved to another voice server: what is to come tells which."""
_BROKEN = frozenset({-1, 1001, 1005, 1006, 1011, 1012, 4000, 4015})
"""The line alone is broken, not what it was for."""
_ON_THE_WAY = frozenset(
    {
        ConnectionFlowState.set_guild_voice_state,
        ConnectionFlowState.got_voice_state_update,
        ConnectionFlowState.got_voice_server_update,
    }
)
_SHAKING_HANDS = 6.0
_RESUMING = 4.0
_MOVING = 8.0
_LEAVING = 2.0
_ODD = 20
"""Messages of one connection over which discord.py may stumble."""


class VoiceRefused(Exception):
    """A voice server has refused us, and would again."""

    def __init__(self, code: int) -> None:
        super().__init__(REFUSALS[code])


class NoWayForSound(Exception):
    """The voice server answers, but no packet of sound gets there and back."""


class Told(Protocol):
    """Whose connection it is; on the loop."""

    def connected(self) -> None:
        """It stands again, be it the same one or another."""
        ...

    def moved(self, channel: int) -> None: ...
    def put_out(self) -> None: ...
    def lost(self, code: int) -> None:
        """It does not stand any more, and is not taken up again."""
        ...


class Connection(VoiceConnectionState):
    voice_client: OurVoiceClient

    def __init__(self, client: OurVoiceClient, told: Told) -> None:
        super().__init__(client, hook=self._heard)
        self._told = told
        self.hears: Callable[[Any, dict[str, Any]], Awaitable[Any]] | None = None
        """Who else hears what the voice server says."""
        self._resuming = self._has_resumed = False
        self._key: tuple[object, bytes] = (None, b"")

    @property
    def way(self) -> Way | None:
        """From any thread. None while nothing we sent would be heard: a call that is to be
        encrypted end-to-end hears nothing before it is."""
        if not self.is_connected() and not self._resuming:
            return None
        secret: Any = self.secret_key
        if not isinstance(secret, list) or not isinstance(cast(Any, self.socket), socket.socket):
            return None
        if self.dave_protocol_version and not self.can_encrypt:
            return None
        if self._key[0] is not secret:
            self._key = (secret, bytes(secret))
        return Way(
            self.socket, self.ssrc, self._key[1], self.dave_session if self.can_encrypt else None
        )

    # --- what discord.py asks for ----------------------------------------------------------------

    async def voice_state_update(self, data: Any) -> None:
        if data["channel_id"] is None and not self._expecting_disconnect:
            if self.state in _ON_THE_WAY:
                return  # of the connection before this one
            self._told.put_out()
        await super().voice_state_update(data)

    def _update_voice_channel(self, channel_id: int | None) -> None:
        before = self.voice_client.channel
        found = channel_id and self.guild.get_channel(channel_id)
        if not isinstance(found, discord.VoiceChannel | discord.StageChannel):
            return  # it came before the channel was heard of
        super()._update_voice_channel(channel_id)
        if found.id != before.id:
            self._told.moved(found.id)

    async def _handshake_websocket(self) -> None:
        try:
            async with asyncio.timeout(_SHAKING_HANDS):
                await super()._handshake_websocket()
        except TimeoutError:
            # What we are asked from outside to know is answered by UDP alone.
            if self.endpoint_ip and not self.ip:
                raise NoWayForSound from None
            raise
        except discord.ConnectionClosed as closed:
            if closed.code in REFUSALS:
                raise VoiceRefused(closed.code) from None
            raise

    async def _poll_voice_ws(self, reconnect: bool) -> None:
        code = -1
        try:
            while True:
                code = await self._until_closed()
                if not await self._goes_on(code):
                    break
                self._told.connected()
        except (VoiceRefused, NoWayForSound):
            pass
        except (discord.DiscordException, OSError, aiohttp.ClientError) as error:
            log.info("a voice connection is lost (%s)", type(error).__name__)
        except Exception:  # the wall round one connection
            log.exception("a voice connection failed")
        self._told.lost(code)

    async def _heard(self, ws: DiscordVoiceWebSocket, message: dict[str, Any]) -> None:
        if message.get("op") == DiscordVoiceWebSocket.RESUMED:
            self._has_resumed = True
        if self.hears is not None:
            try:
                await self.hears(ws, message)
            except Exception:  # the wall round whoever listens
                log.exception("a message of the voice server cannot be heard")

    # --- as long as it stands --------------------------------------------------------------------

    async def _until_closed(self) -> int:
        odd = 0
        while True:
            try:
                await self.ws.poll_event()
            except discord.ConnectionClosed as closed:
                return int(closed.code)
            except (TimeoutError, OSError, aiohttp.ClientError):
                return -1
            except Exception as error:  # noqa: BLE001 - a wall round one message
                # Of keys, most likely: ears that hear nothing for it will say so.
                odd += 1
                if odd == 1:
                    log.warning("a voice server is not understood (%s)", type(error).__name__)
                if odd > _ODD or self.ws.ws.closed:
                    return -1

    async def _goes_on(self, code: int) -> bool:
        """Take up again what can be."""
        if self.state is ConnectionFlowState.disconnected:
            return False
        if code in _ELSEWHERE:
            async with asyncio.timeout(_MOVING):
                return bool(await self._potential_reconnect())
        return code in _BROKEN and await self._resumes()

    async def _resumes(self) -> bool:
        """The same session on another line; what is said goes on meanwhile."""
        self._resuming, self._has_resumed = True, False
        before = self.ws
        try:
            async with asyncio.timeout(_RESUMING):
                await before.close()
                self.ws = await self._connect_websocket(True)
                self.ws.secret_key = self.secret_key
                while not self._has_resumed:
                    await self.ws.poll_event()
        except (discord.ConnectionClosed, OSError, aiohttp.ClientError):
            return False
        finally:
            self._resuming = False
        self.state = ConnectionFlowState.connected
        return True


class OurVoiceClient(discord.VoiceClient):
    supported_modes = (MODE,)

    def __init__(self, client: discord.Client, channel: Any, told: Told) -> None:
        self._told = told
        super().__init__(client, channel)

    def create_connection_state(self) -> Connection:
        return Connection(self, self._told)

    @property
    def connection(self) -> Connection:
        return cast(Connection, self._connection)  # made above

    async def on_voice_state_update(self, data: Any) -> None:
        await _walled(super().on_voice_state_update(data))

    async def on_voice_server_update(self, data: Any) -> None:
        await _walled(super().on_voice_server_update(data))

    async def speak(self, says: bool) -> None:
        """Best effort: who says nothing of it is heard all the same."""
        state = discord.SpeakingState.voice if says else discord.SpeakingState.none
        with contextlib.suppress(OSError, aiohttp.ClientError, AttributeError):
            await self.ws.speak(state)

    async def hang_up(self, *, out: bool) -> None:
        """Raises nothing. `out`: out of the channel too; else only this end of it is closed."""
        connection = self.connection
        self._let_read_no_more()
        try:
            async with asyncio.timeout(_LEAVING):
                if out:
                    await connection.disconnect(force=True)
                else:
                    await connection.soft_disconnect(
                        with_state=ConnectionFlowState.disconnected,
                    )
        except Exception as error:  # noqa: BLE001 - a wall: it is given up whatever happens
            log.info("a voice connection is not ended in order (%s)", type(error).__name__)
        finally:
            self._let_go()

    def _let_read_no_more(self) -> None:
        """The thread that reads our socket would wait there for half a minute more."""
        self.connection._socket_reader.stop()
        udp: Any = self.connection.socket
        if isinstance(udp, socket.socket):
            with contextlib.suppress(OSError):
                udp.shutdown(socket.SHUT_RDWR)

    def _let_go(self) -> None:
        connection = self.connection
        if connection._runner is not None:
            connection._runner.cancel()
        udp: Any = connection.socket
        if isinstance(udp, socket.socket):
            udp.close()
        if self.client._connection._get_voice_client(self.guild.id) is self:
            self.cleanup()


async def _walled(step: Coroutine[Any, Any, None]) -> None:
    """What the gateway tells may come to nothing: what is lost by it is told by the connection."""
    try:
        await step
    except Exception as error:  # noqa: BLE001 - a wall between the gateway and its voices
        log.info("a voice connection cannot follow the gateway (%s)", type(error).__name__)


def refusal_of(error: BaseException) -> BaseException:
    """Why we are not let in, in words for people; a cancelling stays one."""
    match error:
        case VoiceRefused():
            return CannotJoin(str(error))
        case NoWayForSound():
            return CannotJoin(
                "no sound gets to Discord's voice server and back: whatever stands between it and me "
                "must let UDP out"
            )
        case TimeoutError():
            return CannotJoin("Discord does not let me in; it may do so in a moment")
        case discord.DiscordException() | OSError() | aiohttp.ClientError():
            return CannotJoin("Discord's voice server is not to be reached")
        case Exception():
            log.warning("joining a voice channel failed (%s)", type(error).__name__)
            return CannotJoin("something went wrong on the way into the voice channel")
        case _:
            return error
