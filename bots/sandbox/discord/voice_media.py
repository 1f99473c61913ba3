"""The port at which the sound of all calls comes in and goes out: discovery, packets, keepalives."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Any, Protocol

from bots.sandbox.discord.voice_rtp import Frame, Undecryptable, unseal

Address = tuple[str, int]

_DISCOVERY = 74
_KEEPALIVE = 8
_REPORTS = range(200, 205)
_BUFFER = 1 << 21


class Client(Protocol):
    """Who is at the other end of an address."""

    @property
    def ssrc(self) -> int: ...
    @property
    def key(self) -> bytes: ...
    def arrived(self, frame: Frame) -> None: ...


class Media(asyncio.DatagramProtocol):
    """All clients at one UDP port, told apart by where they come from."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None
        self._ours: Address = ("", 0)
        self._by_ssrc: dict[int, Client] = {}
        self._by_address: dict[Address, Client] = {}
        self._addresses: dict[int, Address] = {}
        self.silent = False
        """Nothing comes in or goes out, not even a discovery: UDP is blocked somewhere."""
        self.received = 0
        self.undecryptable = 0
        """Packets that were not encrypted with their sender's key, or were no RTP."""
        self.strange = 0
        """Packets from addresses that nobody is at."""

    async def open(self, host: str) -> None:
        loop = asyncio.get_running_loop()
        inet = socket.AF_INET6 if ":" in host else socket.AF_INET
        line = socket.socket(inet, socket.SOCK_DGRAM)
        try:
            line.setblocking(False)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            line.bind((host, 0))
            self._ours = (host, line.getsockname()[1])
            await loop.create_datagram_endpoint(lambda: self, sock=line)
        except BaseException:
            line.close()
            raise

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def where(self) -> Address:
        return self._ours

    def expect(self, client: Client) -> None:
        """They may come: let the discovery of this ssrc say from where."""
        self._by_ssrc[client.ssrc] = client

    def forget(self, client: Client) -> None:
        self._by_ssrc.pop(client.ssrc, None)
        address = self._addresses.pop(client.ssrc, None)
        if address is not None and self._by_address.get(address) is client:
            del self._by_address[address]

    def send(self, client: Client, packet: bytes) -> None:
        """Nothing where nobody knows yet where they are."""
        address = self._addresses.get(client.ssrc)
        if address is not None and self._transport is not None and not self.silent:
            self._transport.sendto(packet, address)

    # -- what asyncio calls ----------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def error_received(self, exc: Exception) -> None:
        """Somebody's port is shut: they are gone, and their socket will say so."""

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if self.silent:
            return
        self.received += 1
        address = (addr[0], addr[1])
        if len(data) == _DISCOVERY and data[:2] == b"\0\1":
            self._discover(data, address)
            return
        client = self._by_address.get(address)
        if client is None:
            self.strange += 1
        elif len(data) == _KEEPALIVE:
            self.send(client, data)
        elif len(data) > 1 and data[1] not in _REPORTS:
            try:
                frame = unseal(client.key, data)
            except Undecryptable:
                self.undecryptable += 1
            else:
                client.arrived(frame)

    def _discover(self, data: bytes, address: Address) -> None:
        (ssrc,) = struct.unpack_from(">I", data, 4)
        client = self._by_ssrc.get(ssrc)
        if client is None:
            self.strange += 1
            return
        with contextlib.suppress(KeyError):
            self._by_address.pop(self._addresses.pop(ssrc))
        self._by_address[address], self._addresses[ssrc] = client, address
        host = address[0].encode().ljust(64, b"\0")
        self.send(client, struct.pack(">HHI", 2, 70, ssrc) + host + struct.pack(">H", address[1]))
