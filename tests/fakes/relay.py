"""A line to a server that can be cut at a chosen word, in either direction."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Relay:
    """Passes everything on; `cut_at(word)` cuts instead of passing it, or once it has passed.

    Threads, because the driver's connections are used in threads too.
    """

    def __init__(self, port: int, *, at: int = 0) -> None:
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", at))
        self.port: int = self._listening.getsockname()[1]
        self._word = b""
        self._passes = False
        self._clients: list[socket.socket] = []
        self._servers: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.cuts = 0
        self.unnoticed = False
        """What is cut is cut on our side only: the server goes on waiting for us."""
        self.away = False
        """Hangs up on everybody who comes."""
        self._start(self._serve)

    def cut_at(self, word: bytes, *, passes: bool) -> None:
        """Once: `passes` tells whether the server still hears it; nobody hears its answer."""
        self._word, self._passes = word, passes

    def cut(self) -> None:
        for one in list(self._clients) if self.unnoticed else [*self._clients, *self._servers]:
            _end(one)

    def close(self) -> None:
        self.unnoticed = False
        _end(self._listening)
        self._threads[0].join()
        self.cut()
        for thread in self._threads:
            thread.join()
        for one in (self._listening, *self._clients, *self._servers):
            one.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._clients.append(client)
                if self.away:
                    _end(client)
                    continue
                server = socket.create_connection(("127.0.0.1", self._to))
                self._servers.append(server)
                self._start(self._ask, client, server)
                self._start(self._answer, server, client)

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := client.recv(65536):
                if self._word and self._word in piece:
                    self._word = b""
                    self.cuts += 1
                    _end(client)
                    if self._passes:
                        server.sendall(piece)
                    break
                server.sendall(piece)
        if not self.unnoticed:
            _end(server, socket.SHUT_WR)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := server.recv(65536):
                client.sendall(piece)
        _end(client)

    def _start(self, work: Callable[..., None], *ends: socket.socket) -> None:
        thread = threading.Thread(target=work, args=ends, daemon=True)
        self._threads.append(thread)
        thread.start()


def _end(one: socket.socket, what: int = socket.SHUT_RDWR) -> None:
    with contextlib.suppress(OSError):  # it has ended already
        one.shutdown(what)


@contextmanager
def relay(port: int) -> Iterator[Relay]:
    one = Relay(port)
    try:
        yield one
    finally:
        one.close()
