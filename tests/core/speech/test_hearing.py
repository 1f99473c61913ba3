"""Each person's sound cut into utterances, by time that the test turns."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ports.voices import Listening, Utterance
from core.speech.hearing import FRAME, Hearing

VOICE, HUSH = b"\x01\x10" * 320, b"\x02\x00" * 320


class ByHeart:
    """Knows the voice of these tests."""

    def voiced(self, frame: bytes) -> bool:
        return frame == VOICE


class Room:
    """People who send 20 ms at a time, and what was told of them."""

    def __init__(self, **ways: float) -> None:
        self.told: list[tuple[str, str]] = []
        self.said: list[Utterance] = []
        self.now = 1_000.0
        self.hearing = Hearing(Listening(**ways), self, ByHeart)  # type: ignore[arg-type]  # numbers

    def began(self, person: str) -> None:
        self.told.append(("began", person))

    def insists(self, person: str) -> None:
        self.told.append(("insists", person))

    def ended(self, said: Utterance) -> None:
        self.told.append(("ended", said.person))
        self.said.append(said)

    def dropped(self, person: str) -> None:
        self.told.append(("dropped", person))

    @property
    def events(self) -> list[str]:
        return [event for event, _ in self.told]

    def hear(self, seconds: float, frame: bytes = VOICE, person: str = "ann") -> None:
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            self.hearing.hear(person, frame, self.now)
            self.hearing.advance(self.now)

    def silent(self, seconds: float) -> None:
        """Nobody sends anything."""
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            self.hearing.advance(self.now)


def test_somebody_begins_within_a_tenth_of_a_second() -> None:
    room = Room()
    room.hear(0.06)
    assert room.told == []
    room.hear(0.04)
    assert room.told == [("began", "ann")]


def test_an_utterance_ends_when_its_packets_stop() -> None:
    room = Room(silence=0.5)
    start = room.now
    room.hear(1.0)
    done = room.now
    room.silent(0.48)
    assert room.events == ["began", "insists"]
    room.silent(0.04)
    assert room.events == ["began", "insists", "ended"]
    (said,) = room.said
    assert said.began == pytest.approx(start, abs=0.03)
    assert said.ended == pytest.approx(done, abs=0.03)
    assert said.speech == pytest.approx(1.0, abs=0.03)
    assert not said.cut


def test_an_utterance_ends_in_silence_that_is_sent() -> None:
    room = Room(silence=0.3)
    room.hear(0.4)
    room.hear(0.28, HUSH)
    assert room.said == []
    room.hear(0.04, HUSH)
    assert len(room.said) == 1


def test_when_it_is_due_it_ends() -> None:
    room = Room()
    assert room.hearing.due is None
    room.hear(0.4)
    due = room.hearing.due
    assert due == pytest.approx(room.now + 0.5, abs=0.03)
    room.hearing.advance(due + 0.001)
    assert room.events == ["began", "ended"]
    assert room.hearing.due is None


def test_it_has_a_little_before_and_behind() -> None:
    room = Room()
    room.hear(2, HUSH)
    room.hear(0.6)
    room.silent(1)
    (said,) = room.said
    assert said.pcm == HUSH * 10 + VOICE * 30 + bytes(10 * FRAME)


def test_a_pause_in_it_is_as_long_as_it_was() -> None:
    room = Room(silence=0.5)
    room.hear(0.4)
    room.silent(0.3)
    room.now += 0.02
    room.hearing.hear("ann", VOICE, room.now, apart=True)
    room.hear(0.38)
    room.silent(1)
    (said,) = room.said
    assert said.pcm.strip(b"\0").count(VOICE) == 40
    assert len(said.pcm) / 32_000 == pytest.approx(0.4 + 0.3 + 0.4 + 0.2, abs=0.03)


def test_sound_that_was_only_held_up_has_no_hole() -> None:
    room = Room(silence=0.5)
    room.hear(0.4)
    room.silent(0.3)
    for _ in range(15):
        room.hearing.hear("ann", VOICE, room.now)
    room.hear(0.4)
    room.silent(1)
    (said,) = room.said
    assert said.pcm == VOICE * 55 + bytes(10 * FRAME)


def test_who_speaks_for_long_enough_insists_once() -> None:
    room = Room(interrupts=0.5)
    room.hear(0.46)
    assert room.events == ["began"]
    room.hear(0.06)
    assert room.events == ["began", "insists"]
    room.hear(3)
    assert room.events == ["began", "insists"]
    room.silent(1)
    room.hear(1)
    assert room.events == ["began", "insists", "ended", "began", "insists"]


def test_nobody_insists_where_nobody_may() -> None:
    room = Room(interrupts=0)
    room.hear(5)
    assert room.events == ["began"]


def test_what_is_too_short_is_dropped() -> None:
    room = Room(shortest=0.2)
    room.hear(0.1)
    room.silent(1)
    assert room.events == ["began", "dropped"]


def test_a_click_neither_begins_nor_keeps_on() -> None:
    room = Room(silence=0.5)
    for _ in range(20):
        room.hear(0.02)
        room.hear(0.08, HUSH)
    assert room.told == []
    room.hear(0.4)
    for _ in range(6):
        room.hear(0.08, HUSH)
        room.hear(0.02)
    assert room.events[-1] == "ended"
    assert room.said[0].ended < room.now - 0.5


def test_several_people_are_kept_apart() -> None:
    room = Room(silence=0.5)
    for turn in range(50):
        room.now += 0.02
        room.hearing.hear("ann", VOICE, room.now)
        room.hearing.hear("bob", VOICE if turn >= 25 else HUSH, room.now)
        room.hearing.advance(room.now)
    room.hear(0.3, person="bob")
    room.silent(1)
    assert [said.person for said in room.said] == ["ann", "bob"]
    ann, bob = room.said
    assert (ann.speech, bob.speech) == (pytest.approx(1.0), pytest.approx(0.8))
    assert bob.pcm == HUSH * 10 + VOICE * 40 + bytes(10 * FRAME)


def test_an_open_microphone_is_cut_and_does_not_pile_up() -> None:
    room = Room(longest=10)
    room.hear(60)
    room.silent(1)
    assert all(said.cut for said in room.said[:-1])
    assert max(len(said.pcm) for said in room.said) <= 10 * 32_000
    assert sum(said.speech for said in room.said) == pytest.approx(60, abs=0.1)
    assert room.events.count("began") == room.events.count("ended") + room.events.count("dropped")


def test_a_long_utterance_is_rather_cut_in_a_pause() -> None:
    room = Room(longest=10)
    room.hear(9.4)
    room.hear(0.1, HUSH)
    room.hear(2)
    assert len(room.said) == 1
    assert room.said[0].pcm == VOICE * 470 + HUSH


def test_hours_of_a_microphone_that_hisses_are_nothing() -> None:
    room = Room()
    room.hear(600, HUSH)
    assert room.told == []
    assert len(room.hearing) == 1


def test_people_are_forgotten_after_a_while() -> None:
    room = Room()
    room.hear(1)
    room.silent(61)
    assert len(room.hearing) == 0
    for number in range(200):
        room.hear(0.02, person=str(number))
    assert len(room.hearing) <= 64


def test_who_leaves_has_said_what_they_said() -> None:
    room = Room()
    room.hear(1)
    room.hearing.gone("ann")
    room.hearing.gone("ann")
    assert room.events == ["began", "insists", "ended"]


def test_who_is_not_to_be_heard_has_said_nothing() -> None:
    room = Room()
    room.hear(1)
    room.hearing.forget("ann")
    room.hearing.forget("bob")
    room.silent(1)
    assert room.events == ["began", "insists", "dropped"]


def test_a_client_whose_clock_runs_fast_stays_in_time() -> None:
    room = Room(silence=0.5)
    for _ in range(20):
        for _ in range(50):
            room.now += 0.0196
            room.hearing.hear("ann", VOICE, room.now)
    room.silent(0.6)
    (said,) = room.said
    assert said.ended == pytest.approx(room.now - 0.6, abs=0.04)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ann", "bob", "cy"]),
            st.sampled_from([VOICE, HUSH, VOICE[:100], VOICE * 3, b""]),
            st.floats(0, 1),
            st.booleans(),
        ),
        max_size=150,
    )
)
def test_whatever_comes_each_beginning_has_one_end(
    heard: list[tuple[str, bytes, float, bool]],
) -> None:
    room = Room(longest=1.0)
    for person, pcm, later, apart in heard:
        room.now += later
        room.hearing.advance(room.now)
        room.hearing.hear(person, pcm, room.now, apart=apart)
    room.silent(2)
    for person in ("ann", "bob", "cy"):
        events = [event for event, who in room.told if who == person and event != "insists"]
        assert events[::2] == ["began"] * (len(events) // 2)
        assert len(events) % 2 == 0
        assert "began" not in events[1::2]
    for said in room.said:
        assert len(said.pcm) <= 32_000 * 1.0 + 21 * FRAME
        assert said.began <= said.ended <= room.now
