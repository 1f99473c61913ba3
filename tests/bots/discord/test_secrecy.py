"""Both encryptions undone, with sessions of davey's own and packets as a server seals them."""

from __future__ import annotations

import davey
import pytest

from bots.discord.rtp import parse
from bots.discord.secrecy import Endwise, Health, Transport, plain
from bots.sandbox.discord.voice_faults import supplement
from core.speech.opus import SILENCE
from tests.bots.discord.sealing import KEY, Group, Line, Sending

ANN, BOB, US = 11, 12, 99
OPUS = b"\x78" + bytes(range(60))


@pytest.fixture
def group() -> Group:
    group = Group()
    for person in (US, ANN, BOB):
        group.add(person)
    return group


@pytest.fixture
def line(group: Group) -> Line:
    return Line(dave_session=group.sessions[US], dave_protocol_version=1)


@pytest.mark.parametrize("padding", [0, 1, 4, 12, 255])
def test_what_the_server_has_sealed_opens(padding: int) -> None:
    packet = parse(Sending(7).packet(OPUS, padding=padding))
    assert packet is not None
    assert Transport(Line()).open(packet) == OPUS


def test_a_key_of_another_connection_does_not_open() -> None:
    line, sending = Line(), Sending(7)
    transport = Transport(line)
    packet = parse(sending.packet(OPUS))
    assert packet is not None
    assert transport.open(packet) == OPUS
    line.secret_key = list(reversed(KEY))
    assert transport.open(packet) is None
    sending.key = bytes(reversed(KEY))
    after = parse(sending.packet(OPUS))
    assert after is not None
    assert transport.open(after) == OPUS


def test_nothing_opens_before_there_is_a_key_or_with_a_mode_of_old() -> None:
    packet = parse(Sending(7).packet(OPUS))
    assert packet is not None
    assert Transport(Line(secret_key=[])).open(packet) is None
    assert Transport(Line(mode="xsalsa20_poly1305")).open(packet) is None


def test_a_spoilt_header_does_not_open() -> None:
    data = bytearray(Sending(7).packet(OPUS))
    data[14] ^= 1
    packet = parse(bytes(data))
    assert packet is not None
    assert Transport(Line()).open(packet) is None


def test_each_persons_sound_opens_as_theirs(group: Group, line: Line) -> None:
    endwise = Endwise(line)
    for person in (ANN, BOB):
        sealed = group.sessions[person].encrypt_opus(OPUS)
        assert sealed != OPUS
        assert endwise.open(person, sealed, 0.0) == OPUS


def test_silence_is_never_sealed(line: Line) -> None:
    assert Endwise(line).open(ANN, SILENCE, 0.0) == SILENCE


def test_without_encryption_from_end_to_end_a_frame_is_taken_as_it_is() -> None:
    endwise = Endwise(Line())
    assert not endwise.wanted
    assert endwise.open(ANN, OPUS, 0.0) == OPUS


def test_what_is_not_sealed_is_taken_as_it_is(line: Line) -> None:
    assert Endwise(line).open(ANN, OPUS, 0.0) == OPUS


def test_what_is_only_dressed_up_as_sealed_is_undressed(group: Group, line: Line) -> None:
    endwise = Endwise(line)
    assert endwise.open(ANN, SILENCE + supplement(), 0.0) == SILENCE
    assert endwise.open(ANN, OPUS + supplement(), 0.0) is None
    assert endwise.open(ANN, group.sessions[ANN].encrypt_opus(OPUS), 0.0) == OPUS
    # Now it is known how she encodes.
    assert endwise.open(ANN, OPUS + supplement(), 0.0) == OPUS


def test_padding_that_nobody_has_told_of_hides_no_seal(group: Group, line: Line) -> None:
    endwise = Endwise(line)
    padded = group.sessions[ANN].encrypt_opus(OPUS) + b"\0\0\0\4"
    assert endwise.open(ANN, padded, 0.0) == OPUS
    assert endwise.open(ANN, OPUS + supplement() + b"\0\2", 0.0) == OPUS


@pytest.mark.parametrize("frame", [b"", b"\xfa\xfa", b"\xff\xfa\xfa", b"\x03\xfa\xfa", b"\x01"])
def test_nonsense_has_nothing_to_undress(frame: bytes) -> None:
    assert plain(frame) == (frame or None)


def test_a_frame_that_opens_for_nobody_is_forgiven_early_and_round_a_change(
    group: Group, line: Line
) -> None:
    endwise = Endwise(line)
    spoilt = bytearray(group.sessions[ANN].encrypt_opus(OPUS))
    spoilt[3] ^= 1
    assert endwise.open(ANN, bytes(spoilt), 100.0) is None
    assert endwise.forgiven
    assert endwise.open(ANN, bytes(spoilt), 103.0) is None
    assert not endwise.forgiven
    group.add(13)
    assert endwise.open(ANN, bytes(spoilt), 104.0) is None
    assert endwise.forgiven
    assert endwise.open(ANN, group.sessions[ANN].encrypt_opus(OPUS), 104.1) == OPUS


def test_a_session_that_is_made_anew_is_used_from_then_on(group: Group, line: Line) -> None:
    endwise = Endwise(line)
    other = Group()
    line.dave_session = other.add(US)
    assert endwise.open(ANN, group.sessions[ANN].encrypt_opus(OPUS), 0.0) is None
    other.add(ANN)
    assert endwise.open(ANN, other.sessions[ANN].encrypt_opus(OPUS), 0.1) == OPUS


def test_frames_that_overtake_each_other_all_open(group: Group, line: Line) -> None:
    endwise = Endwise(line)
    frames = [group.sessions[ANN].encrypt_opus(OPUS + bytes([number])) for number in range(9)]
    order = [0, 2, 1, 5, 3, 4, 8, 7, 6]
    assert [endwise.open(ANN, frames[number], 0.0) for number in order] == [
        OPUS + bytes([number]) for number in order
    ]


def test_the_seal_tells_who_has_sealed_it(group: Group, line: Line) -> None:
    endwise = Endwise(line)
    sealed = group.sessions[BOB].encrypt_opus(OPUS)
    assert endwise.whose(sealed, [ANN]) is None
    assert endwise.whose(sealed, [ANN, BOB]) == (BOB, OPUS)
    assert endwise.whose(SILENCE, [ANN, BOB]) is None
    assert endwise.whose(OPUS, [ANN, BOB]) is None


def test_what_one_could_not_open_before_the_group_is_up_is_nobodys_fault(group: Group) -> None:
    line = Line(dave_session=davey.DaveSession(1, US, 5), dave_protocol_version=1)
    endwise = Endwise(line)
    assert endwise.open(ANN, group.sessions[ANN].encrypt_opus(OPUS), 50.0) is None
    assert endwise.forgiven


def test_most_of_a_window_for_two_seconds_is_told_once() -> None:
    told: list[str] = []
    health = Health(told.append)
    for number in range(200):
        health.failed(number * 0.02)
    assert told == ["50 of the last 50 packets could not be decrypted"]
    assert health.fails
    health.well()
    assert not health.fails


def test_failures_among_what_opens_are_told_to_nobody() -> None:
    told: list[str] = []
    health = Health(told.append)
    for number in range(1_000):
        health.failed(number * 0.02) if number % 3 == 0 else health.well()
    assert told == []


def test_a_short_burst_of_failures_is_told_to_nobody() -> None:
    told: list[str] = []
    health = Health(told.append)
    for number in range(50):
        health.failed(number * 0.02)
    for _ in range(50):
        health.well()
    assert told == []
