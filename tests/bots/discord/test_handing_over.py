"""A packet of sound on its way out: whole, at once, and refused where there is no way."""

from __future__ import annotations

import errno
import socket

from bots.discord.voice_sending import hand_over


def refusal(line: socket.socket) -> int:
    """The number of the error; 0 where it went out."""
    try:
        hand_over(line, bytes(1_000))
    except OSError as error:
        return error.errno or -1
    return 0


def test_a_packet_arrives_as_it_was() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
    ):
        there.bind(("127.0.0.1", 0))
        there.settimeout(5)
        ours.connect(there.getsockname())
        packet = bytes(range(256)) * 4  # with zeros in it
        hand_over(ours, packet)
        assert there.recv(2_048) == packet


def test_where_nothing_can_go_out_it_is_an_error_as_of_any_socket() -> None:
    ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    assert refusal(ours) in (errno.EDESTADDRREQ, errno.ENOTCONN)
    ours.close()
    assert refusal(ours) == errno.EBADF


def test_a_way_that_is_full_is_not_waited_for() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        while not (found := refusal(ours)):
            pass
    assert found in (errno.EAGAIN, errno.ENOBUFS)
