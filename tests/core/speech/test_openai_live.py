"""What is OpenAI's own in a line to its ear that listens along."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest

from core.errors import ModelError, ModelRejected, ModelTooSlow, ModelUnavailable
from core.speech.calling import RequestRejected
from core.speech.openai import openai_account, paid_by
from tests.core.scenes import settings
from tests.core.speech.listeners import KEY, OPENAI, QUICK, SECOND, Along
from tests.fakes.live_server import LiveFault
from tests.fakes.voice_server import VoiceServer


@pytest.fixture
async def server() -> AsyncIterator[VoiceServer]:
    async with VoiceServer() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
def ada(server: VoiceServer, session: aiohttp.ClientSession) -> Along:
    return Along(OPENAI, server, session)


async def test_a_line_is_opened_as_its_protocol_has_it(ada: Along) -> None:
    async with ada.held() as line:
        line.feed(SECOND)
        await line.end().text(ada.spent)
    (made,) = ada.server.live.lines
    assert made.query == {"intent": "transcription"}
    assert made.headers["Authorization"] == f"Bearer {KEY}"


async def test_tokens_are_counted_where_it_tells_them_and_seconds_always(
    ada: Along, server: VoiceServer, session: aiohttp.ClientSession
) -> None:
    by_the_minute = Along(OPENAI, server, session, "gpt-live-transcribe")
    for one in (ada, by_the_minute):
        async with one.held() as line:
            line.feed(SECOND)
            await line.end().text(one.spent)
    counted = ada.spent.usage
    assert (counted.prompt_tokens, counted.completion_tokens, counted.units) == (10, 4, 1.0)
    timed = by_the_minute.spent.usage
    assert (timed.prompt_tokens, timed.completion_tokens, timed.units) == (0, 0, 1.0)
    assert (timed.model, timed.provider) == ("gpt-live-transcribe", "other")


def test_only_openai_itself_is_paid_by_its_prices() -> None:
    def payee(**more: str) -> str:
        account = openai_account(settings(OPENAI_API_KEY=KEY, **more))
        assert account is not None
        return paid_by(account)

    assert payee() == "openai"
    assert payee(OPENAI_BASE_URL="http://127.0.0.1:9/v1") == "other"


async def test_what_is_written_down_sooner_than_what_was_said_before_it_is_told_apart(
    ada: Along,
) -> None:
    ada.server.live.fault = "turned round"
    second = len(ada.vendor.came(SECOND))
    ada.server.live.hears = lambda pcm, line: f"{len(pcm) / second:g} seconds"
    async with ada.held() as line:
        line.feed(SECOND)
        first = line.end()
        line.feed(SECOND * 2)
        then = line.end()
        assert await first.text(ada.spent) == "1 seconds"
        assert await then.text(ada.spent) == "2 seconds"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("insufficient_audio_activity", RequestRejected), ("transcriber_error", ModelUnavailable)],
)
async def test_one_utterance_that_is_not_understood_is_no_reason_to_let_a_line_go(
    ada: Along, fault: LiveFault, kind: type[ModelError]
) -> None:
    ada.server.live.fault = fault
    async with ada.held() as line:
        line.feed(SECOND)
        with pytest.raises(kind):
            await line.end().text(ada.spent)
        ada.server.live.lines[0].fault = ""
        line.feed(SECOND)
        assert await line.end().text(ada.spent) == "good morning"
    assert len(ada.server.live.lines) == 1
    assert ada.spent.usage.units == 1.0


async def test_who_fails_one_utterance_after_another_is_left_alone(ada: Along) -> None:
    ada.server.live.fault = "transcriber_error"
    async with ada.held() as line:
        for _ in range(3):
            line.feed(SECOND)
            with pytest.raises(ModelUnavailable):
                await line.end().text(ada.spent)
    with pytest.raises(ModelUnavailable):
        ada.rest.check()


async def test_an_account_without_money_is_told_nothing_more(ada: Along) -> None:
    ada.server.live.fault = "broke"
    async with ada.held() as line:
        for _ in range(2):
            line.feed(SECOND)
            with pytest.raises(ModelRejected, match="quota is used up"):
                await line.end().text(ada.spent)
    assert len(ada.server.live.said) == 1


async def test_the_words_of_who_has_spoken_long_may_take_longer(ada: Along) -> None:
    ada.server.live.takes = 0.4
    async with ada.held(QUICK) as line:
        for _ in range(20):
            line.feed(SECOND)
        assert await line.end().text(ada.spent) == "good morning"
        line.feed(SECOND)
        with pytest.raises(ModelTooSlow):
            await line.end().text(ada.spent)


@pytest.mark.parametrize("fault", ["broke", "no model"])
async def test_what_would_be_refused_again_is_not_asked_again(ada: Along, fault: LiveFault) -> None:
    assert isinstance(await ada.fails(fault), ModelRejected)
    assert isinstance(await ada.fails(""), ModelRejected)
    assert len(ada.server.live.lines) == 1


async def test_a_model_that_it_does_not_have_is_found_out_by_asking(ada: Along) -> None:
    ada.server.live.fault = "no model"
    with pytest.raises(ModelRejected, match="does not have the model"):
        await ada.line(QUICK).greet()


async def test_a_moment_of_sound_is_too_short_for_it_and_its_line_is_not_left_alone(
    ada: Along,
) -> None:
    for _ in range(4):
        assert isinstance(await ada.fails("", bytes(320)), RequestRejected)
    ada.rest.check()


@pytest.mark.parametrize("fault", ["404", "405"])
async def test_a_server_without_such_a_thing_is_left_alone_for_an_hour_and_noted_once(
    ada: Along, caplog: pytest.LogCaptureFixture, fault: LiveFault
) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(3):
        assert isinstance(await ada.fails(fault), ModelUnavailable)
        await ada.clock.advance(600)
    assert len(ada.server.live.lines) == 1
    assert caplog.text.count("has no ear that listens along") == 1
    await ada.clock.advance(1801)
    ada.server.live.fault = ""
    async with ada.held() as line:
        line.feed(SECOND)
        assert await line.end().text(ada.spent) == "good morning"
