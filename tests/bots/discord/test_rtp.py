"""Headers of RTP: what is built is read again, and nothing that comes in can do harm."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bots.discord.rtp import OPUS, build, parse, payload

SEQUENCES = st.integers(0, 2**16 - 1)
WORDS = st.integers(0, 2**32 - 1)


@given(
    SEQUENCES,
    WORDS,
    WORDS,
    st.integers(0, 71),
    st.booleans(),
    st.lists(WORDS, max_size=15).map(tuple),
    st.one_of(st.none(), st.integers(0, 20)),
    st.integers(0, 200),
    st.binary(min_size=1, max_size=100),
)
def test_what_is_built_is_read_again(
    sequence: int,
    timestamp: int,
    ssrc: int,
    kind: int,
    marker: bool,
    sources: tuple[int, ...],
    extension: int | None,
    padding: int,
    carried: bytes,
) -> None:
    header = build(
        sequence,
        timestamp,
        ssrc,
        kind=kind,
        marker=marker,
        sources=sources,
        extension=extension,
        padded=padding > 0,
    )
    filling = bytes(padding - 1) + bytes([padding]) if padding else b""
    body = b"e" * 4 * (extension or 0) + carried + filling
    packet = parse(header + body)
    assert packet is not None
    assert (packet.sequence, packet.timestamp, packet.ssrc) == (sequence, timestamp, ssrc)
    assert (packet.kind, packet.marker, packet.header) == (kind, marker, header)
    assert payload(packet, body) == carried


@given(st.binary(max_size=120))
def test_no_bytes_raise(data: bytes) -> None:
    packet = parse(data)
    if packet is not None:
        carried = payload(packet, packet.sealed)
        assert carried is None or (carried and carried in data)


@given(st.binary(min_size=11, max_size=80), st.integers(200, 204))
def test_rtcp_is_no_sound(data: bytes, kind: int) -> None:
    assert parse(b"\x80" + bytes([kind]) + data) is None


def test_a_keepalive_and_an_answer_of_discovery_are_no_sound() -> None:
    assert parse(bytes(8)) is None
    assert parse(b"\x00\x02\x00\x46" + bytes(70)) is None


def test_a_packet_that_is_cut_short_is_none() -> None:
    whole = build(1, 2, 3, sources=(4, 5), extension=1)
    assert parse(whole) is not None
    assert all(parse(whole[:length]) is None for length in range(len(whole)))


def test_padding_longer_than_the_packet_leaves_nothing() -> None:
    packet = parse(build(1, 2, 3, padded=True) + b"ab\xff")
    assert packet is not None
    assert packet.kind == OPUS
    assert payload(packet, packet.sealed) is None
    assert payload(packet, b"") is None
    assert payload(packet, b"a\x00") is None
