"""A bot stays under Discord's rate, and stops asking long before Discord bans its host."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
import yarl

from bots.discord.quota import Quota, ShutRooms, TokenRefused, TooManyRefusals
from tests.fakes.clock import FakeClock


async def refused(quota: Quota, status: int) -> None:
    await asks(quota)
    await answered(quota, status)


async def answered(
    quota: Quota, status: int, path: str = "/api/v10/channels/1/messages", **headers: str
) -> None:
    answer: Any = SimpleNamespace(
        url=yarl.URL("https://discord.com").joinpath(path.lstrip("/")),
        response=SimpleNamespace(
            status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}
        ),
    )
    (hook,) = quota.trace().on_request_end
    nobody: Any = None
    await hook(nobody, nobody, answer)


async def failed(quota: Quota, path: str = "/api/v10/channels/1/messages") -> None:
    (hook,) = quota.trace().on_request_exception
    nobody: Any = None
    broke: Any = SimpleNamespace(url=yarl.URL("https://discord.com").joinpath(path.lstrip("/")))
    await hook(nobody, nobody, broke)


async def asks(quota: Quota, path: str = "/api/v10/channels/1/messages") -> None:
    (hook,) = quota.trace().on_request_start
    nobody: Any = None
    asked: Any = SimpleNamespace(url=yarl.URL("https://discord.com").joinpath(path.lstrip("/")))
    await hook(nobody, nobody, asked)


async def test_after_ninety_refusals_it_keeps_silent_until_the_first_is_ten_minutes_old():
    clock = FakeClock()
    quota = Quota(clock, limited=False)
    for _ in range(89):
        await refused(quota, 403)
    assert quota.silence == 0
    await clock.advance(60)
    await refused(quota, 429)
    assert quota.silence == 540
    await clock.advance(541)
    assert quota.silence == 0


async def test_what_is_no_refusal_of_ours_does_not_count():
    quota = Quota(FakeClock(), refusals=1)
    for status in 200, 204, 400, 404, 500:
        await refused(quota, status)
    await asks(quota)
    await answered(quota, 429, X_RateLimit_Scope="shared")
    assert quota.silence == 0


async def test_what_is_under_way_counts_as_refused_until_it_is_known():
    clock = FakeClock()
    quota = Quota(clock, refusals=3)
    await refused(quota, 403)
    async with asyncio.TaskGroup() as group:
        await asks(quota)
        await asks(quota)
        fourth = group.create_task(asks(quota))
        await clock.advance(1.0)
        assert not fourth.done(), "all three might be refused"
        await answered(quota, 200)
        await clock.advance(1.0)
        assert fourth.done()
        fifth = group.create_task(asks(quota))
        await failed(quota)  # without an answer it is no refusal
        await clock.advance(1.0)
        assert fifth.done()
        for _ in range(2):
            await answered(quota, 403)
    with pytest.raises(TooManyRefusals) as told:
        await asks(quota)
    assert 590 < told.value.seconds < 600


async def test_a_server_without_rates_is_asked_as_often_as_one_likes():
    quota = Quota(FakeClock(), limited=False, requests=3)
    async with asyncio.timeout(20):  # the clock stands still: whoever waited would wait for ever
        for _ in range(10):
            await asks(quota)
    assert quota.silence == 0


async def test_more_requests_than_a_bot_may_make_in_a_second_wait():
    clock = FakeClock()
    quota = Quota(clock, requests=3, per=1.0)
    for _ in range(3):
        await asks(quota)
    async with asyncio.TaskGroup() as group:
        fourth = group.create_task(asks(quota))
        await clock.advance(5.0)
        assert not fourth.done(), "those under way may still arrive, all at once"
        await answered(quota, 200)
        await clock.advance(0.9)
        assert not fourth.done(), "it may have arrived just now"
        await clock.advance(0.1)


async def test_a_room_that_was_shut_a_minute_ago_may_be_open_again():
    clock = FakeClock()
    shut = ShutRooms(clock)
    shut.note(7, "no right to do that")
    assert shut.reason(7) == "no right to do that"
    assert shut.reason(8) == ""
    await clock.advance(61)
    assert shut.reason(7) == ""


async def test_a_refused_token_is_not_tried_again():
    quota = Quota(FakeClock())
    await asks(quota)
    await asks(quota)
    await answered(quota, 401)
    with pytest.raises(TokenRefused):
        await asks(quota)
    await answered(quota, 200)  # it was under way


async def test_an_interaction_whose_time_is_over_says_nothing_of_the_bots_token():
    quota = Quota(FakeClock())
    for path in (
        "/api/v10/webhooks/1/expired/messages/@original",
        "/api/v10/interactions/1/x/callback",
    ):
        await asks(quota)
        await answered(quota, 401, path)
    await asks(quota)  # TokenRefused otherwise
    assert quota.silence == 0


@pytest.mark.parametrize("path", ["/api/v10/channels/1/webhooks", "/api/v10/webhooks/1"])
async def test_what_is_done_to_a_webhook_is_done_by_the_bots_token(path: str):
    quota = Quota(FakeClock())
    await asks(quota, path)
    await answered(quota, 401, path)
    with pytest.raises(TokenRefused):
        await asks(quota)


async def test_what_goes_by_a_token_of_its_own_takes_nothing_from_the_bots_rate():
    quota = Quota(FakeClock(), requests=3)
    async with asyncio.timeout(20):  # the clock stands still: whoever waited would wait for ever
        for _ in range(10):
            await asks(quota, "/api/v10/interactions/1/secret/callback")
            await asks(quota, "/api/v10/webhooks/1/secret")
            await asks(quota, "/api/v10/webhooks/1/secret/messages/@original")
        for _ in range(3):
            await asks(quota)


async def test_refusals_of_webhooks_count_towards_the_ban_of_the_host_like_any_other():
    quota = Quota(FakeClock(), refusals=2)
    for path in "/api/v10/webhooks/1/gone", "/api/v10/interactions/1/x/callback":
        await asks(quota, path)
        await answered(quota, 401, path)
    assert quota.silence > 0


async def test_a_webhook_that_is_gone_is_no_refusal():
    quota = Quota(FakeClock(), refusals=1)
    await asks(quota, "/api/v10/webhooks/1/gone")
    await answered(quota, 404, "/api/v10/webhooks/1/gone")
    assert quota.silence == 0
