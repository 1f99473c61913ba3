"""Listening in a voice channel: packets as a voice server sends them, on threads of their own."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest

from bots.discord.ears import Ears, EarState
from bots.discord.ears_rounds import ROUNDS, Rounds
from bots.sandbox.discord.voice_faults import supplement
from core.clock import Clock, SystemClock
from core.messages import Author
from core.ports.voices import Listening, Present, Utterance
from core.speech.opus import SILENCE, Encoder
from tests.bots.discord.sealing import KEY, Group, Line, Sending

ANN, BOB, BOT, US = 11, 12, 13, 99


def voice(seconds: float, *, pitch: float = 130.0, level: float = 0.2) -> bytes:
    """A vowel, as it would be sung: 48 kHz."""
    at = np.arange(round(seconds * 48_000)) / 48_000
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.03 * np.sin(6 * np.pi * at))) / 48_000
    sound = np.zeros_like(at)
    for tone in range(1, 25):
        formants = 2 * np.exp(-(((tone * pitch - 600) / 250) ** 2))
        sound += np.sin(tone * phase) / tone * (1 + formants)
    sound *= level / np.sqrt(np.mean(sound**2))
    return (np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes()


def packets(pcm: bytes) -> list[bytes]:
    encoder = Encoder(48_000)
    return [encoder.encode(pcm[start : start + 1920]) for start in range(0, len(pcm), 1920)]


SAID = packets(voice(1.0))


class Channel:
    """A voice channel as our connection has it, and what the ears make of it."""

    def __init__(
        self,
        *,
        heard: Callable[[Present], bool] | None = None,
        clock: Clock | None = None,
        rounds: Rounds = ROUNDS,
        **ways: float,
    ) -> None:
        self.told: list[tuple[str, str]] = []
        self.said: list[Utterance] = []
        self.ailing: list[str] = []
        self.threads: set[int] = set()
        self.people: list[Present] = []
        self.group = Group()
        self.line = Line(dave_session=self.group.add(US), dave_protocol_version=1)
        self._connection = self.line
        wished = {"silence": 0.1, **ways}
        more = {} if heard is None else {"heard": heard}
        self.ears = Ears(
            self,
            asyncio.get_running_loop(),
            self,
            Listening(**wished),  # type: ignore[arg-type]  # numbers, and one flag
            lambda: self.people,
            clock or SystemClock(),
            self.ailing.append,
            rounds=rounds,
            **more,
        )

    # What a Listener is told.

    def began(self, person: str) -> None:
        self.told.append(("began", person))
        self.threads.add(threading.get_ident())

    def insists(self, person: str) -> None:
        self.told.append(("insists", person))

    def ended(self, said: Utterance) -> None:
        self.told.append(("ended", said.person))
        self.said.append(said)

    def dropped(self, person: str) -> None:
        self.told.append(("dropped", person))

    def present(self, now: object) -> None: ...
    def moved(self, channel: str) -> None: ...
    def closed(self, reason: str) -> None: ...

    # What happens there.

    def enter(self, person: int, *, bot: bool = False, sealed: bool = True) -> Sending:
        session = self.group.add(person) if sealed else None
        self.people.append(Present(Author(str(person), "Somebody", is_bot=bot)))
        return Sending(person * 1_000, session)

    async def speaking(self, person: int) -> None:
        told = {"user_id": str(person), "ssrc": person * 1_000, "speaking": 1}
        await self.ears.hook(None, {"op": 5, "d": told})

    def bring(self, sending: Sending, said: list[bytes] = SAID) -> None:
        for opus in said:
            self.line.bring(sending.packet(opus))

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not true():  # noqa: ASYNC110 - nobody rings for what is asked here
                await asyncio.sleep(0.005)

    async def utterances(self, count: int = 1) -> list[Utterance]:
        await self.until(lambda: len(self.said) >= count)
        return self.said

    async def settled(self) -> None:
        """Everything that was brought has been read: somebody else is heard behind it."""
        after = self.enter(77)
        await self.speaking(77)
        self.ears.look()
        self.bring(after)
        await self.until(lambda: ("ended", "77") in self.told)


@pytest.fixture
async def channel() -> AsyncIterator[Channel]:
    channel = Channel()
    yield channel
    channel.ears.close()


async def test_what_somebody_says_is_heard_as_theirs(channel: Channel) -> None:
    ann = channel.enter(ANN)
    channel.ears.begin()
    await channel.speaking(ANN)
    channel.bring(ann)
    (said,) = await channel.utterances()
    assert said.person == str(ANN)
    assert said.speech == pytest.approx(1.0, abs=0.15)
    assert len(said.pcm) / 32_000 == pytest.approx(1.2, abs=0.2)
    assert np.abs(np.frombuffer(said.pcm, "<i2")).max() > 3_000
    assert channel.told == [("began", "11"), ("insists", "11"), ("ended", "11")]
    assert channel.threads == {threading.get_ident()}
    assert channel.ears.state == EarState(decrypting=True)


async def test_two_people_at_once_are_kept_apart(channel: Channel) -> None:
    ann, bob = channel.enter(ANN), channel.enter(BOB)
    channel.ears.begin()
    await channel.speaking(ANN)
    await channel.speaking(BOB)
    for one, other in zip(SAID, packets(voice(1.0, pitch=210)), strict=True):
        channel.line.bring(ann.packet(one))
        channel.line.bring(bob.packet(other))
    said = await channel.utterances(2)
    pitches = {}
    for each in said:
        sound = np.frombuffer(each.pcm[9_600:-9_600], "<i2")
        tones = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        lowest = tones[: round(300 * len(sound) / 16_000)].argmax() * 16_000 / len(sound)
        pitches[each.person] = lowest
    assert pitches["11"] == pytest.approx(130, abs=10)
    assert pitches["12"] == pytest.approx(210, abs=10)


async def test_of_whom_we_ignore_nothing_is_even_decrypted(channel: Channel) -> None:
    ann = channel.enter(ANN)
    channel.ears.begin()
    await channel.speaking(ANN)
    channel.ears.ignore(frozenset({str(ANN)}))
    channel.bring(ann)
    await channel.settled()
    assert not any(person == "11" for _, person in channel.told)
    stats = channel.group.sessions[US].get_decryption_stats(ANN)
    assert stats is None or stats.attempts == 0
    channel.ears.ignore(frozenset())
    channel.bring(ann)
    await channel.until(lambda: ("ended", "11") in channel.told)


async def test_who_is_ignored_while_speaking_has_said_nothing(channel: Channel) -> None:
    ann = channel.enter(ANN)
    channel.ears.begin()
    await channel.speaking(ANN)
    channel.bring(ann, SAID[:30])
    await channel.until(lambda: bool(channel.told))
    channel.ears.ignore(frozenset({str(ANN)}))
    await channel.until(lambda: ("dropped", "11") in channel.told)
    assert channel.said == []


async def test_bots_are_not_heard(channel: Channel) -> None:
    bot = channel.enter(BOT, bot=True)
    channel.ears.begin()
    await channel.speaking(BOT)
    channel.bring(bot)
    await channel.settled()
    assert not any(person == "13" for _, person in channel.told)


async def test_a_bot_is_heard_where_it_is_wanted() -> None:
    channel = Channel(heard=lambda _: True)
    bot = channel.enter(BOT, bot=True)
    channel.ears.begin()
    await channel.speaking(BOT)
    channel.bring(bot)
    await channel.utterances()
    channel.ears.close()


async def test_our_own_voice_is_not_heard(channel: Channel) -> None:
    channel.line.ssrc = ANN * 1_000
    ann = channel.enter(ANN)
    channel.ears.begin()
    await channel.speaking(ANN)
    channel.bring(ann)
    await channel.settled()
    assert not any(person == "11" for _, person in channel.told)


async def test_where_nobody_tells_who_speaks_the_keys_do(channel: Channel) -> None:
    channel.enter(ANN)
    bob = channel.enter(BOB)
    channel.enter(BOT, bot=True)
    channel.ears.begin()
    channel.bring(bob)
    (said,) = await channel.utterances()
    assert said.person == str(BOB)
    assert channel.ears.state.undecrypted == 0


async def test_where_nobody_tells_and_nothing_is_sealed_it_is_the_only_person(
    channel: Channel,
) -> None:
    channel.line.dave_session, channel.line.dave_protocol_version = None, 0
    channel.enter(BOT, bot=True, sealed=False)
    ann = channel.enter(ANN, sealed=False)
    channel.ears.begin()
    channel.bring(ann)
    (said,) = await channel.utterances()
    assert said.person == str(ANN)
    assert not channel.ears.state.decrypting


async def test_a_stream_that_becomes_somebody_elses_is_theirs(channel: Channel) -> None:
    channel.enter(ANN)
    bob = channel.enter(BOB)
    channel.ears.begin()
    bob.ssrc = ANN * 1_000
    await channel.speaking(ANN)
    told = {"user_id": str(BOB), "ssrc": ANN * 1_000, "speaking": 1}
    await channel.ears.hook(None, {"op": 5, "d": told})
    channel.bring(bob)
    (said,) = await channel.utterances()
    assert said.person == str(BOB)


async def test_somebody_who_came_unseen_is_soon_heard(channel: Channel) -> None:
    channel.ears.begin()
    ann = channel.enter(ANN)
    await channel.speaking(ANN)
    channel.bring(ann)
    await channel.utterances()


async def test_who_leaves_in_the_middle_has_said_what_they_said() -> None:
    channel = Channel(silence=60.0)
    ann = channel.enter(ANN)
    channel.ears.begin()
    await channel.speaking(ANN)
    channel.bring(ann)
    await channel.until(lambda: ("insists", "11") in channel.told)
    await channel.ears.hook(None, {"op": 13, "d": {"user_id": str(ANN)}})
    await channel.utterances()
    channel.ears.close()


async def test_on_a_rough_way_everything_is_heard_that_can_be(channel: Channel) -> None:
    ann = channel.enter(ANN)
    channel.ears.begin()
    await channel.speaking(ANN)
    chance = random.Random(5)
    sealed = [ann.packet(opus, padding=chance.choice((0, 0, 8))) for opus in packets(voice(2.0))]
    for start in range(0, len(sealed), 4):
        block = sealed[start : start + 4]
        del block[1]
        block.append(block[0])
        chance.shuffle(block)
        for packet in block:
            channel.line.bring(packet)
    (said,) = await channel.utterances()
    assert said.speech == pytest.approx(2.0, abs=0.25)
    assert 20 <= channel.ears.state.lost <= 30
    assert channel.ears.state.undecrypted == 0


async def test_frames_without_a_seal_among_sealed_ones_are_heard(channel: Channel) -> None:
    ann = channel.enter(ANN)
    channel.ears.begin()
    await channel.speaking(ANN)
    for number, opus in enumerate(SAID):
        if number % 10 == 9:
            channel.line.bring(ann.packet(opus + supplement(), plain=True, padding=4))
        else:
            channel.line.bring(ann.packet(opus))
    (said,) = await channel.utterances()
    assert said.speech == pytest.approx(1.0, abs=0.15)
    assert channel.ears.state.undecrypted == 0


async def test_the_first_frames_may_be_closed_to_us(channel: Channel) -> None:
    ann = channel.enter(ANN)
    stranger = channel.group.sessions.pop(ANN)
    spoilt = Group()
    spoilt.add(BOB)
    ann.session = spoilt.add(ANN)
    channel.ears.begin()
    await channel.speaking(ANN)
    channel.bring(ann, SAID[:5])
    ann.session = stranger
    channel.bring(ann)
    (said,) = await channel.utterances()
    assert said.speech == pytest.approx(1.0, abs=0.2)
    assert channel.ears.state.undecrypted == 5
    assert channel.ailing == []


async def test_when_nothing_can_be_decrypted_it_is_said(channel: Channel) -> None:
    ann = channel.enter(ANN)
    ann.key = bytes(reversed(KEY))
    channel.ears.begin()
    await channel.speaking(ANN)
    async with asyncio.timeout(5):
        while not channel.ailing:
            channel.bring(ann, [SILENCE])
            await asyncio.sleep(0.02)
    assert channel.ears.state.deaf == "what people say cannot be decrypted"
    ann.key = KEY
    channel.bring(ann)
    await channel.utterances()
    assert channel.ears.state.deaf == ""


async def test_another_connection_is_listened_to(channel: Channel) -> None:
    ann = channel.enter(ANN)
    channel.ears.begin()
    await channel.speaking(ANN)
    channel.bring(ann)
    await channel.utterances()
    before, group = channel.line, Group()
    channel.line = channel._connection = Line(
        secret_key=list(reversed(KEY)), dave_session=group.add(US), dave_protocol_version=1
    )
    channel.ears.begin()
    assert before.listeners == []
    ann = Sending(5_555, group.add(ANN))
    ann.key = bytes(reversed(KEY))
    channel.bring(ann)
    first, second = await channel.utterances(2)
    assert first.person == second.person == str(ANN)


async def test_where_nobody_is_listened_to_there_is_no_thread() -> None:
    before = threading.active_count()
    channel = Channel(hears=False)
    ann = channel.enter(ANN)
    channel.ears.begin()
    await channel.speaking(ANN)
    channel.bring(ann)
    assert channel.line.listeners == []
    assert threading.active_count() <= before
    assert channel.ears.state.deaf == "listening is switched off"
    channel.ears.close()


async def test_who_is_gone_hears_nothing_more() -> None:
    before = threading.active_count()
    channel = Channel()
    ann = channel.enter(ANN)
    channel.ears.begin()
    await channel.speaking(ANN)
    channel.bring(ann)
    channel.ears.close()
    channel.ears.close()
    channel.ears.begin()
    assert channel.line.listeners == []
    await channel.until(lambda: threading.active_count() == before)
    assert channel.told == []


async def test_nonsense_does_no_harm(channel: Channel) -> None:
    ann = channel.enter(ANN)
    channel.ears.begin()
    chance = random.Random(3)
    for message in ({}, {"op": 5}, {"op": 5, "d": 7}, {"op": "x", "d": {"user_id": [], "ssrc": 1}}):
        await channel.ears.hook(None, message)
    for _ in range(300):
        channel.line.bring(chance.randbytes(chance.randrange(200)))
    await channel.speaking(ANN)
    for _ in range(100):
        channel.line.bring(ann.packet(chance.randbytes(chance.randrange(1, 40))))
    channel.bring(ann)
    await channel.until(lambda: ("ended", "11") in channel.told)


async def test_of_too_much_at_once_the_newest_is_read() -> None:
    # A busy machine may halt for a moment in the middle of it, which is no pause of hers.
    channel = Channel(silence=1.5)
    ann = channel.enter(ANN)
    sealed = [ann.packet(SILENCE) for _ in range(3_000)]
    last = [ann.packet(opus) for opus in SAID]
    channel.ears.begin()
    await channel.speaking(ANN)
    for packet in [*sealed, *last]:
        channel.line.bring(packet)
    (said,) = await channel.utterances()
    assert 0.8 <= said.speech <= 1.2
    channel.ears.close()


async def test_without_what_listening_needs_it_is_said_what_to_install(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "webrtcvad", None)
    channel.enter(ANN)
    channel.ears.begin()
    await channel.until(lambda: channel.line.listeners == [])
    assert "make setup" in channel.ears.state.deaf
    channel.ears.begin()
    assert channel.line.listeners == []
