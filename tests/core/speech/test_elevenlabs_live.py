"""ElevenLabs' ear that listens along: words as soon as somebody is done, and a line that breaks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from core.errors import ModelError, ModelRejected, ModelTooSlow, ModelUnavailable
from core.ports import Spent
from core.speech.calling import Patience
from core.speech.elevenlabs import elevenlabs_account
from core.speech.elevenlabs_live import ElevenLabsLine
from core.speech.resting import Rest
from tests.core.scenes import settings
from tests.fakes.clock import FakeClock
from tests.fakes.live_server import LiveFault
from tests.fakes.voice_server import VoiceServer

KEY = "xi-0123456789abcdef0123456789abcdef"
MODEL = "scribe_v2_realtime"
SECOND = bytes(range(250)) * 128
QUICK = Patience(first=0.3, stall=0.3)


@pytest.fixture
async def server() -> AsyncIterator[VoiceServer]:
    async with VoiceServer() as running:
        yield running


class Along:
    """A character who listens along."""

    def __init__(self, server: VoiceServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        self.spent = Spent()
        self.clock = FakeClock()
        self.rest = Rest(f"elevenlabs:{MODEL}", self.clock)

    def line(self, patience: Patience | None = None, *, kept: float = 15.0) -> ElevenLabsLine:
        config = settings(ELEVENLABS_API_KEY=KEY, ELEVENLABS_BASE_URL=self.server.address)
        account = elevenlabs_account(config)
        assert account is not None
        patience = patience or Patience()
        return ElevenLabsLine(account, MODEL, self.session, self.rest, patience, kept=kept)

    @asynccontextmanager
    async def held(
        self, patience: Patience | None = None, *, kept: float = 15.0
    ) -> AsyncIterator[ElevenLabsLine]:
        line = self.line(patience, kept=kept)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(line.run())
            yield line
            task.cancel()

    async def fails(self, fault: LiveFault, *said: bytes) -> ModelError:
        """What becomes of something that is said on a line with a fault."""
        self.server.live.fault = fault
        async with self.held(QUICK) as line:
            for piece in said or (SECOND, SECOND):
                line.feed(piece)
                await asyncio.sleep(0)
            with pytest.raises(ModelError) as raised:
                await line.end().text(self.spent)
        assert self.spent.usage.units == 0
        return raised.value


async def until(so: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not so():  # noqa: ASYNC110 - what is on a wire has no event for it
            await asyncio.sleep(0.005)


@pytest.fixture
async def ada(server: VoiceServer) -> AsyncIterator[Along]:
    async with aiohttp.ClientSession() as session:
        yield Along(server, session)


async def test_what_is_said_piece_by_piece_comes_back_as_words(ada: Along) -> None:
    async with ada.held() as line:
        for at in range(0, len(SECOND), 3200):
            line.feed(SECOND[at : at + 3200])
        assert await line.end().text(ada.spent) == "good morning"
    assert ada.server.live.said == [SECOND]
    (made,) = ada.server.live.lines
    assert made.query == {
        "model_id": MODEL,
        "audio_format": "pcm_16000",
        "commit_strategy": "manual",
    }
    assert made.headers["xi-api-key"] == KEY
    usage = ada.spent.usage
    assert (usage.provider, usage.model, usage.units) == ("elevenlabs", MODEL, 1.0)


async def test_it_goes_there_while_it_is_said(ada: Along) -> None:
    async with ada.held() as line:
        line.feed(SECOND)
        await until(lambda: [len(one.open) for one in ada.server.live.lines] == [len(SECOND)])
        assert ada.server.live.said == []


async def test_one_line_takes_one_utterance_after_another(ada: Along) -> None:
    ada.server.live.hears = lambda pcm, line: f"{len(pcm)} bytes (laughs)"
    async with ada.held() as line:
        line.feed(SECOND)
        first = line.end()
        line.feed(SECOND * 3)
        second = line.end()
        # Whoever asks late, or the other way round, gets their own.
        assert await second.text(ada.spent) == f"{len(SECOND) * 3} bytes"
        assert await first.text(ada.spent) == f"{len(SECOND)} bytes"
    assert len(ada.server.live.lines) == 1
    assert ada.spent.usage.units == 4.0


async def test_a_line_on_which_nobody_speaks_is_let_go(ada: Along) -> None:
    line = ada.line(kept=0.05)
    line.feed(SECOND)
    words = line.end()
    await line.run()
    assert await words.text(ada.spent) == "good morning"
    line.feed(SECOND)
    with pytest.raises(ModelUnavailable):
        await line.end().text(ada.spent)
    ada.rest.check()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("401", ModelRejected),
        ("403", ModelRejected),
        ("404", ModelRejected),
        ("500", ModelUnavailable),
        ("redirect", ModelUnavailable),
        ("hang", ModelTooSlow),
        ("mute", ModelTooSlow),
        ("midway", ModelUnavailable),
        ("at the end", ModelUnavailable),
        ("garbage", ModelUnavailable),
        ("binary", ModelUnavailable),
        ("auth_error", ModelRejected),
        ("quota_exceeded", ModelRejected),
        ("rate_limited", ModelUnavailable),
        ("commit_throttled", ModelRejected),
        ("insufficient_audio_activity", ModelRejected),
        ("session_time_limit_exceeded", ModelUnavailable),
        ("transcriber_error", ModelUnavailable),
        ("news", ModelUnavailable),
    ],
)
async def test_a_line_that_fails_says_so_and_costs_nothing(
    ada: Along, fault: LiveFault, kind: type[ModelError], caplog: pytest.LogCaptureFixture
) -> None:
    error = await ada.fails(fault)
    assert isinstance(error, kind)
    assert str(error).startswith(f"elevenlabs:{MODEL}")
    assert "secret" not in str(error)
    assert KEY not in caplog.text
    assert "secret" not in caplog.text
    async with asyncio.timeout(5):
        await ada.server.live.lines[0].over.wait()


async def test_the_key_is_not_for_whoever_a_redirect_points_at(ada: Along) -> None:
    await ada.fails("redirect")
    assert ada.server.live.strangers == []


async def test_words_that_nobody_has_asked_for_are_nobodys(ada: Along) -> None:
    ada.server.live.fault = "uncalled"
    async with ada.held() as line:
        line.feed(SECOND)
        await until(lambda: ada.server.live.lines)
        await ada.server.live.lines[0].over.wait()
        with pytest.raises(ModelUnavailable, match="wrote down what nobody said"):
            await line.end().text(ada.spent)


async def test_an_address_where_nobody_is_fails(ada: Along) -> None:
    await ada.server.__aexit__()
    assert isinstance(await ada.fails(""), ModelUnavailable)


async def test_where_one_utterance_fails_so_do_those_behind_it(ada: Along) -> None:
    ada.server.live.fault = "at the end"
    async with ada.held(QUICK) as line:
        line.feed(SECOND)
        first = line.end()
        line.feed(SECOND)
        second = line.end()
        for words in (second, first):
            with pytest.raises(ModelUnavailable):
                await words.text(ada.spent)
        line.feed(SECOND)
        with pytest.raises(ModelUnavailable):
            await line.end().text(ada.spent)


async def test_who_refuses_the_key_is_left_alone_for_a_minute(
    ada: Along, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    await ada.fails("401")
    for _ in range(3):
        await ada.fails("")
    assert len(ada.server.live.lines) == 1
    assert caplog.text.count("refused the key") == 1
    await ada.clock.advance(61)
    async with ada.held() as line:
        line.feed(SECOND)
        assert await line.end().text(ada.spent) == "good morning"


async def test_too_short_a_sound_is_no_reason_to_leave_it_alone(ada: Along) -> None:
    for _ in range(5):
        await ada.fails("commit_throttled")
    ada.rest.check()


async def test_a_line_that_is_cut_leaves_nobody_waiting(ada: Along) -> None:
    ada.server.live.fault = "mute"
    async with ada.held() as line:
        line.feed(SECOND)
        words = line.end()
        await until(lambda: ada.server.live.said == [SECOND])
    with pytest.raises(ModelUnavailable):
        await words.text(ada.spent)
    ada.rest.check()


async def test_a_hung_line_holds_no_more_than_two_minutes_of_sound(ada: Along) -> None:
    ada.server.live.fault = "hang"
    async with ada.held() as line:
        for _ in range(121):
            line.feed(SECOND)
        with pytest.raises(ModelTooSlow):
            await line.end().text(ada.spent)
        assert line.waiting == 0
