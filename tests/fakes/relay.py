"""A line to a server that can be cut at a chosen word, in either direction."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
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
        self._open: set[socket.socket] = set()
        self.cuts = 0
        self.away = False
        """Hangs up on everybody who comes."""
        threading.Thread(target=self._serve, daemon=True).start()

    def cut_at(self, word: bytes, *, passes: bool) -> None:
        """Once: `passes` tells whether the server still hears it; nobody hears its answer."""
        self._word, self._passes = word, passes

    def cut(self) -> None:
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                if self.away:
                    client.close()
                    continue
                self._open.add(client)
                server = socket.create_connection(("127.0.0.1", self._to))
                self._open.add(server)
                for one, other, watched in ((client, server, True), (server, client, False)):
                    threading.Thread(
                        target=self._pass_on, args=(one, other, watched), daemon=True
                    ).start()

    def _pass_on(self, one: socket.socket, other: socket.socket, watched: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := one.recv(65536):
                if watched and self._word and self._word in piece:
                    self._word = b""
                    self.cuts += 1
                    one.shutdown(socket.SHUT_RDWR)  # nothing comes back any more
                    if self._passes:
                        other.sendall(piece)
                    break
                other.sendall(piece)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_WR if end is other else socket.SHUT_RDWR)
        self._open.discard(one)
        one.close()


@contextmanager
def relay(port: int) -> Iterator[Relay]:
    one = Relay(port)
    try:
        yield one
    finally:
        one.close()
