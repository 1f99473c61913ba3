"""What is said, told while it goes on: nothing that is no utterance, and all of it in order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.speech.test_hearing import HUSH, VOICE, Room

TENTH = 3_200


class Along(Room):
    """Somebody wants what is said while it is said."""

    def __init__(self, **ways: float) -> None:
        super().__init__(along=True, **ways)
        self.pieces: dict[str, list[bytes]] = {}
        self.sounds: list[bytes] = []
        """What was told before each utterance that has ended."""

    def sound(self, person: str, pcm: bytes) -> None:
        self.told.append(("sound", person))
        self.pieces.setdefault(person, []).append(pcm)

    def ended(self, said: object) -> None:
        super().ended(said)  # type: ignore[arg-type]  # an Utterance
        self.sounds.append(b"".join(self.pieces.pop(self.said[-1].person, [])))

    def dropped(self, person: str) -> None:
        super().dropped(person)
        assert person not in self.pieces, "it was told as if it were one"

    def holds(self) -> bool:
        """All that was told is what the utterance begins with."""
        return all(
            said.pcm.startswith(sound) for said, sound in zip(self.said, self.sounds, strict=True)
        )


def test_it_is_told_in_tenths_of_a_second_with_what_was_before_it() -> None:
    room = Along()
    room.hear(1, HUSH)
    room.hear(1)
    room.silent(1)
    assert room.events[:4] == ["began", "sound", "sound", "sound"]
    (said,), (sound,) = room.said, room.sounds
    assert said.pcm == HUSH * 10 + VOICE * 50 + bytes(10 * 640)
    assert said.pcm.startswith(sound)
    # What is missing is less than a piece, and silence.
    assert len(sound) > len(said.pcm) - TENTH - 10 * 640


def test_the_first_of_it_is_told_a_fifth_of_a_second_after_its_beginning() -> None:
    room = Along()
    room.hear(0.18)
    assert "sound" not in room.events
    room.hear(0.04)
    assert room.events == ["began", "sound"]


def test_silence_behind_it_is_not_told_at_length() -> None:
    room = Along(silence=3.0)
    room.hear(0.6)
    room.hear(2.5, HUSH)
    (pieces,) = room.pieces.values()
    assert len(b"".join(pieces)) <= (0.6 + 0.2) * 32_000
    room.hear(0.2)
    room.silent(3.2)
    assert room.holds()


def test_a_click_is_not_told() -> None:
    room = Along()
    room.hear(0.1)
    room.silent(1)
    assert room.events == ["began", "dropped"]


def test_where_an_utterance_is_cut_the_next_one_begins_anew() -> None:
    room = Along(longest=2.0)
    room.hear(5)
    room.silent(1)
    assert len(room.said) == 3
    assert room.holds()
    assert all(room.sounds)


def test_nothing_is_told_to_who_does_not_want_it() -> None:
    room = Room()
    room.hear(1)
    room.silent(1)
    assert room.events == ["began", "insists", "ended"]


_STRETCH = st.tuples(
    st.floats(0.02, 2.0), st.sampled_from(["voice", "hush", "nothing"]), st.sampled_from("ab")
)


@given(st.lists(_STRETCH, max_size=12), st.floats(0.2, 1.0), st.floats(1.0, 5.0))
@settings(max_examples=60, deadline=None)
def test_whatever_people_say_what_is_told_is_the_beginning_of_it(
    stretches: list[tuple[float, str, str]], silence: float, longest: float
) -> None:
    room = Along(silence=silence, longest=longest)
    for seconds, how, person in stretches:
        if how == "nothing":
            room.silent(seconds)
        else:
            room.hear(seconds, VOICE if how == "voice" else HUSH, person)
    room.silent(6)
    assert room.holds()
    assert room.pieces == {}
