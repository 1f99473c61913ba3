"""Lines to ears that listen along, whoever's they are: words as soon as somebody is done, and breaks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest

from core.errors import ModelError, ModelRejected, ModelTooSlow, ModelUnavailable
from core.ports import Spent
from tests.core.speech.listeners import ELEVENLABS, KEY, OPENAI, QUICK, SECOND, Along, until
from tests.fakes.live_server import LiveFault
from tests.fakes.voice_server import VoiceServer


@pytest.fixture(params=[ELEVENLABS, OPENAI], ids=lambda one: one.name)
async def ada(request: pytest.FixtureRequest) -> AsyncIterator[Along]:
    async with VoiceServer() as server, aiohttp.ClientSession() as session:
        yield Along(request.param, server, session)


async def test_what_is_said_piece_by_piece_comes_back_as_words(ada: Along) -> None:
    async with ada.held() as line:
        for at in range(0, len(SECOND), 3200):
            line.feed(SECOND[at : at + 3200])
        assert await line.end().text(ada.spent) == "good morning"
    assert ada.server.live.said == [ada.vendor.came(SECOND)]
    usage = ada.spent.usage
    assert (usage.model, usage.units) == (ada.model, 1.0)


async def test_it_goes_there_while_it_is_said(ada: Along) -> None:
    nearly = len(ada.vendor.came(SECOND)) * 0.99  # changing its rate takes a millisecond of it
    async with ada.held() as line:
        line.feed(SECOND)
        await until(lambda: [len(one.open) >= nearly for one in ada.server.live.lines] == [True])
        assert ada.server.live.said == []


async def test_one_line_takes_one_utterance_after_another(ada: Along) -> None:
    second = len(ada.vendor.came(SECOND))
    ada.server.live.hears = lambda pcm, line: f"{len(pcm) / second:g} seconds"
    async with ada.held() as line:
        line.feed(SECOND)
        first = line.end()
        line.feed(SECOND * 3)
        then = line.end()
        # Whoever asks late, or the other way round, gets their own.
        assert await then.text(ada.spent) == "3 seconds"
        assert await first.text(ada.spent) == "1 seconds"
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
    assert str(error).startswith(ada.name)
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


async def test_who_writes_down_now_and_then_is_not_left_alone(ada: Along) -> None:
    for _ in range(2):
        await ada.fails("500")
        await ada.fails("500")
        ada.server.live.fault = ""
        async with ada.held() as line:
            line.feed(SECOND)
            await line.end().text(ada.spent)
        ada.spent = Spent()
    for _ in range(3):
        await ada.fails("500")
    with pytest.raises(ModelUnavailable):
        ada.rest.check()


async def test_too_short_a_sound_is_no_reason_to_leave_it_alone(ada: Along) -> None:
    for _ in range(5):
        await ada.fails("commit_throttled")
    ada.rest.check()


async def test_a_line_that_is_cut_leaves_nobody_waiting(ada: Along) -> None:
    ada.server.live.fault = "mute"
    async with ada.held() as line:
        line.feed(SECOND)
        words = line.end()
        await until(lambda: ada.server.live.said == [ada.vendor.came(SECOND)])
    with pytest.raises(ModelUnavailable):
        await words.text(ada.spent)
    ada.rest.check()


async def test_a_hung_line_holds_no_more_than_two_minutes_of_sound(ada: Along) -> None:
    ada.server.live.fault = "hang"
    async with ada.held() as line:
        for _ in range(121):
            line.feed(SECOND)
        assert line.waiting == 0
        with pytest.raises(ModelTooSlow):
            await line.end().text(ada.spent)


async def test_a_line_is_asked_whether_it_would_listen_and_told_nothing(ada: Along) -> None:
    await ada.line().greet()
    (made,) = ada.server.live.lines
    async with asyncio.timeout(5):
        await made.over.wait()
    assert (made.chunks, made.said) == (0, [])


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("401", ModelRejected),
        ("500", ModelUnavailable),
        ("redirect", ModelUnavailable),
        ("hang", ModelTooSlow),
        ("unwelcome", ModelTooSlow),
        ("leaves", ModelUnavailable),
    ],
)
async def test_a_line_that_would_not_listen_says_so_when_it_is_asked(
    ada: Along, fault: LiveFault, kind: type[ModelError]
) -> None:
    ada.server.live.fault = fault
    with pytest.raises(kind) as raised:
        await ada.line(QUICK).greet()
    assert str(raised.value).startswith(ada.name)
    assert KEY not in str(raised.value)
