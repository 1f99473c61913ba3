"""One speaker's packets in their order again, whatever the way does to them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bots.discord.jitter import CONCEALED, MOST, PATIENCE, How, Jitter, Piece
from core.speech.opus import SILENCE, Encoder

TOC = Encoder(48_000).encode(bytes(1920))[:1]


def packet(number: int) -> bytes:
    return TOC + number.to_bytes(4, "big")


def played(pieces: list[Piece]) -> list[int]:
    return [int.from_bytes(piece.packet[1:], "big") for piece in pieces if piece.how is How.PLAY]


class Way:
    """Packets of one stream, each 20 ms behind the last, into a buffer."""

    def __init__(self, first: int = 0, stamp: int = 0) -> None:
        self.jitter = Jitter()
        self.first, self.stamp = first, stamp
        self.now = 100.0

    def bring(self, *numbers: int, packets: dict[int, bytes | None] | None = None) -> list[Piece]:
        out: list[Piece] = []
        for number in numbers:
            out += self.jitter.put(
                (self.first + number) % 65_536,
                (self.stamp + 960 * number) % 2**32,
                (packets or {}).get(number, packet(number)),
                self.now,
            )
            self.now += 0.02
        return out

    def wait(self, seconds: float = MOST * PATIENCE) -> list[Piece]:
        self.now += seconds
        return self.jitter.overdue(self.now)


def test_packets_in_order_wait_for_nothing() -> None:
    way = Way()
    for number in range(200):
        assert played(way.bring(number)) == [number]
    assert way.jitter.due is None


def test_packets_that_overtook_each_other_are_put_in_order() -> None:
    way = Way()
    assert played(way.bring(0, 2, 1, 5, 3, 4, 6)) == list(range(7))
    assert way.jitter.lost == 0


def test_numbers_go_round() -> None:
    way = Way(first=65_530, stamp=2**32 - 3 * 960)
    pieces = way.bring(0, 1, 2, 4, 3, 5, 6, 7, 9, 8, 10)
    assert played(pieces) == list(range(11))
    assert [piece.apart for piece in pieces] == [True] + [False] * 10


def test_a_doubled_packet_plays_once() -> None:
    way = Way()
    assert played(way.bring(0, 0, 1, 3, 3, 1, 2, 3, 2, 4)) == [0, 1, 2, 3, 4]
    assert played(way.bring(*range(5), 5)) == [5]


def test_a_lost_packet_is_recovered_from_the_one_behind_it() -> None:
    way = Way()
    way.bring(0, 1)
    pieces = way.bring(3, 4, 5, 6)
    assert [piece.how for piece in pieces] == [How.RECOVER] + [How.PLAY] * 4
    assert pieces[0].packet == pieces[1].packet
    assert way.jitter.lost == 1


def test_what_waits_plays_after_its_time_though_nothing_follows() -> None:
    way = Way()
    way.bring(0)
    assert way.bring(2) == []
    assert way.jitter.due is not None
    assert way.jitter.overdue(way.jitter.due - 0.001) == []
    assert [piece.how for piece in way.wait()] == [How.RECOVER, How.PLAY]


def test_a_long_loss_is_a_silence() -> None:
    way = Way()
    way.bring(0)
    pieces = [*way.bring(CONCEALED + 2), *way.wait()]
    assert [(piece.how, piece.apart) for piece in pieces] == [(How.PLAY, True)]
    way = Way()
    way.bring(0)
    pieces = [*way.bring(CONCEALED + 1), *way.wait()]
    assert [piece.how for piece in pieces] == [
        How.CONCEAL,
        How.CONCEAL,
        How.RECOVER,
        How.PLAY,
    ]


def test_nothing_is_made_up_behind_a_silence() -> None:
    way = Way()
    way.bring(0, 1, packets={1: SILENCE})
    pieces = [*way.bring(3), *way.wait()]
    assert [(piece.how, piece.apart) for piece in pieces] == [(How.PLAY, True)]


def test_a_pause_in_the_stamps_is_no_loss() -> None:
    way = Way()
    way.bring(0)
    way.stamp += 48_000
    (piece,) = way.bring(1)
    assert piece.apart
    assert way.jitter.lost == 0


def test_what_cannot_be_read_is_made_up_for_a_while() -> None:
    way = Way()
    way.bring(0)
    unread: dict[int, bytes | None] = dict.fromkeys(range(1, 20))
    pieces = way.bring(*range(1, 20), packets=unread)
    assert [piece.how for piece in pieces] == [How.CONCEAL] * CONCEALED
    (piece,) = way.bring(20)
    assert (piece.how, piece.apart) == (How.PLAY, True)


def test_a_new_stream_is_taken_up() -> None:
    way = Way(first=30_000)
    way.bring(*range(50))
    way.first = 100
    pieces = way.bring(*range(50, 100))
    assert played(pieces) == list(range(54, 100))
    assert pieces[0].apart


def test_a_new_stream_with_numbers_just_past_is_taken_up_after_a_pause() -> None:
    way = Way()
    way.bring(*range(50))
    way.now += 1
    assert played(way.bring(*range(10))) == list(range(10))


def test_one_stray_packet_changes_nothing() -> None:
    way = Way()
    way.bring(*range(10))
    assert way.jitter.put(40_000, 5, b"stray", way.now) == []
    assert played(way.bring(10, 11)) == [10, 11]


def test_more_is_waited_for_where_the_way_is_rough() -> None:
    way = Way()
    way.bring(0)
    assert played(way.bring(2, 3, 4, 5, 1)) == [2, 3, 4, 5]
    assert way.jitter.depth == 4
    assert played(way.bring(6, 8, 9, 10, 11, 7)) == [6, 7, 8, 9, 10, 11]
    way.bring(*range(12, 600))
    assert way.jitter.depth == 3


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 60), max_size=120),
    st.integers(0, 65_535),
    st.integers(0, 2**32 - 1),
    st.data(),
)
def test_whatever_comes_plays_in_order_each_once(
    numbers: list[int], first: int, stamp: int, data: st.DataObject
) -> None:
    way = Way(first, stamp)
    pieces: list[Piece] = []
    for number in numbers:
        came = way.bring(number)
        assert len(came) <= (MOST + 1) * (CONCEALED + 1)
        pieces += came
        if data.draw(st.booleans()):
            pieces += way.jitter.overdue(way.now)
        assert way.jitter.due is None or way.jitter.due <= way.now + MOST * PATIENCE
    pieces += way.wait()
    order = played(pieces)
    assert order == sorted(set(order))
    assert way.jitter.due is None


@settings(deadline=None)
@given(st.lists(st.permutations(range(4)), max_size=15), st.integers(0, 65_535))
def test_every_packet_that_is_less_late_than_the_buffer_is_deep_plays(
    orders: list[list[int]], first: int
) -> None:
    way = Way(first)
    pieces = way.bring(0)
    for block, order in enumerate(orders):
        pieces += way.bring(*(4 * block + place + 1 for place in order))
    assert played(pieces) == list(range(4 * len(orders) + 1))
    assert {piece.how for piece in pieces} == {How.PLAY}


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 65_535),
            st.integers(0, 2**32 - 1),
            st.one_of(st.none(), st.binary(max_size=5)),
            st.floats(0, 3),
        ),
        max_size=80,
    )
)
def test_nonsense_neither_raises_nor_piles_up(
    packets: list[tuple[int, int, bytes | None, float]],
) -> None:
    jitter, now = Jitter(), 0.0
    for sequence, stamp, opus, later in packets:
        now += later
        jitter.put(sequence, stamp, opus, now)
        jitter.overdue(now)
    jitter.overdue(now + 1)
    assert jitter.due is None
