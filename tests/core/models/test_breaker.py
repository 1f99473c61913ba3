"""A model that is down or asks for silence is left alone, and found again soon (G23, G24, G25)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from random import Random

import pytest

from core.errors import ModelRejected, ModelUnavailable
from core.models.breaker import Allowance, Call, Closed, Gate, Gates
from core.models.refusals import Limited
from core.models.roles import Models
from core.ports import ModelRequest, Said
from core.secrets import Secret
from core.settings.context import RequestContext, request_scope
from core.settings.layers import Settings
from tests.core.models.turned import Turned, told
from tests.core.scenes import settings
from tests.fakes.model_server import ModelServer, Script

ASK = ModelRequest("You are Ada.", (Said("user", "hello"),))
KEY, OTHER = "sk-test-0123456789abcdefghij", "sk-other-0123456789abcdefghi"
DOWN = ModelUnavailable("away")


def gate(clock: Turned) -> Gate:
    return Gate("openai:big", Allowance(clock), clock)


async def broken(clock: Turned) -> Gate:
    one = gate(clock)
    for _ in range(5):
        (await one.enter()).failed(DOWN)
    return one


async def passes(one: Gate) -> Call | None:
    try:
        return await one.enter()
    except Closed:
        return None


# --- failures ------------------------------------------------------------------------------------


async def test_five_failures_in_a_row_close_it_and_the_time_of_the_next_trial_is_told() -> None:
    one = await broken(Turned())
    with pytest.raises(Closed) as caught:
        await one.enter()
    assert caught.value.retry_after == 1.0


async def test_an_answer_in_between_begins_the_count_anew() -> None:
    one = gate(Turned())
    for at in range(12):
        call = await one.enter()
        call.answered() if at == 4 or at == 8 else call.failed(DOWN)
    assert await passes(one)


async def test_where_all_failures_are_one_callers_the_others_are_let_through() -> None:
    one = gate(Turned())
    for _ in range(5):
        (await one.enter("hasty")).failed(DOWN)
    with pytest.raises(Closed):
        await one.enter("hasty")
    (await one.enter("patient")).answered()
    assert await one.enter("hasty"), "it is there, so the count begins anew"


async def test_where_another_caller_fails_as_well_nobody_is_let_through() -> None:
    one = gate(Turned())
    for _ in range(5):
        (await one.enter("hasty")).failed(DOWN)
    (await one.enter("patient")).failed(DOWN)
    for caller in ("hasty", "patient", "third"):
        with pytest.raises(Closed):
            await one.enter(caller)


async def test_one_trial_at_a_time_finds_out_after_1_2_4_and_4_seconds() -> None:
    clock = Turned()
    one = await broken(clock)
    trials = []
    for _ in range(300):
        clock.at = round(clock.at + 0.1, 1)
        if (call := await passes(one)) is not None:
            trials.append(clock.at)
            call.failed(DOWN)
    assert trials[:5] == [1.0, 3.0, 7.0, 11.0, 15.0]


async def test_a_trial_that_hangs_does_not_keep_the_next_one_back() -> None:
    clock = Turned()
    one = await broken(clock)
    clock.at = 1.0
    assert await passes(one)
    assert not await passes(one)
    clock.at = 3.0
    assert await passes(one)


async def test_the_first_word_of_a_trial_opens_it_for_all() -> None:
    clock = Turned()
    one = await broken(clock)
    clock.at = 1.0
    (await one.enter()).answered()
    assert all([await passes(one) for _ in range(20)])


async def test_a_refused_request_shows_that_somebody_is_there() -> None:
    clock = Turned()
    one = await broken(clock)
    clock.at = 1.0
    (await one.enter()).failed(ModelRejected("the request"))
    assert await passes(one)


async def test_a_call_that_nobody_waited_for_counts_neither_way() -> None:
    one = gate(Turned())
    for _ in range(10):
        (await one.enter()).left()
    assert await passes(one)


# --- limits --------------------------------------------------------------------------------------


async def test_after_a_429_nobody_calls_before_the_named_time() -> None:
    clock = Turned()
    one = gate(clock)
    (await one.enter()).failed(Limited("busy", retry_after=10))
    clock.at = 4.0
    with pytest.raises(Closed) as caught:
        await one.enter()
    assert caught.value.retry_after == 6.0
    clock.at = 10.0
    assert await passes(one)


async def test_a_429_without_a_time_is_given_one_that_grows() -> None:
    clock = Turned()
    one = gate(clock)
    named = []
    for _ in range(8):
        error = Limited("busy")
        (await one.enter()).failed(error)
        assert error.retry_after is not None
        named.append(error.retry_after)
        clock.at += error.retry_after
    assert named == [1, 2, 4, 8, 16, 32, 32, 32]


async def test_then_eight_go_and_the_rest_as_those_succeed() -> None:
    clock = Turned()
    one = gate(clock)
    (await one.enter()).failed(Limited("busy", retry_after=10))
    clock.at = 10.0
    gone: list[Call] = []

    async def caller() -> None:
        gone.append(await one.enter())

    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(caller())
        await asyncio.sleep(0.01)
        assert len(gone) == 8
        gone[0].answered()
        await asyncio.sleep(0.01)
        assert len(gone) == 10
        for call in gone[1:8]:
            call.answered()
    assert len(gone) == 50


async def test_those_who_wait_are_told_of_another_429() -> None:
    clock = Turned()
    one = gate(clock)
    (await one.enter()).failed(Limited("busy", retry_after=10))
    clock.at = 10.0
    first = [await one.enter() for _ in range(8)]
    waiting = asyncio.ensure_future(one.enter())
    await asyncio.sleep(0)
    first[0].failed(Limited("still busy", retry_after=7))
    with pytest.raises(Closed) as caught:
        await waiting
    assert caught.value.retry_after == 7


async def test_a_caller_who_leaves_gives_its_place_to_another() -> None:
    clock = Turned()
    one = gate(clock)
    (await one.enter()).failed(Limited("busy", retry_after=10))
    clock.at = 10.0
    first = [await one.enter() for _ in range(8)]
    leaving, staying = (asyncio.ensure_future(one.enter()) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    first[0].left()
    assert await asyncio.wait_for(staying, 5)
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_models_of_one_account_share_the_eight_and_other_accounts_have_their_own() -> None:
    clock = Turned()
    gates = Gates(clock)
    large, small = (gates.of("account", name, name) for name in ("large", "small"))
    (await large.enter()).failed(Limited("busy", retry_after=10))
    assert all([await passes(small) for _ in range(8)])
    late = asyncio.ensure_future(small.enter())
    await asyncio.sleep(0)
    assert not late.done()
    late.cancel()
    other = gates.of("another", "large", "large")
    assert all([await passes(other) for _ in range(20)])


# --- over real sockets ---------------------------------------------------------------------------


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


def online(server: ModelServer, **more: str) -> Settings:
    names = {"OPENAI_LARGE_MODEL": "big", "OPENAI_SMALL_MODEL": "big", "OPENAI_API_KEY": KEY}
    return settings(OPENAI_BASE_URL=server.base_url, **{**names, **more})


async def test_a_model_that_is_down_is_left_alone_and_found_again_within_five_seconds(
    server: ModelServer,
) -> None:
    clock = Turned()
    server.answer = lambda request: Script(fault="500")
    async with Models(clock=clock, random=Random(3)) as models:
        for _ in range(3):
            with pytest.raises(ModelUnavailable) as caught:
                await told(models.stream(online(server), "TEXT_LARGE", ASK))
        assert caught.value.retry_after is not None
        server.chats, down = 0, clock.at
        for _ in range(20):
            with pytest.raises(ModelUnavailable):
                await told(models.stream(online(server), "TEXT_LARGE", ASK))
        assert 0 < server.chats <= (clock.at - down) / 4 + 2
        server.answer = lambda request: "back again"
        back = clock.at
        assert await told(models.stream(online(server), "TEXT_LARGE", ASK)) == "back again"
        assert clock.at - back <= 5


async def test_fifty_callers_make_at_most_eight_further_calls_in_a_window(
    server: ModelServer,
) -> None:
    pause, over = 0.3, time.monotonic() + 1.5

    def answer(request: dict[str, object]) -> Script:
        busy = time.monotonic() < over
        return Script("at last", fault="429" if busy else "", retry_after=str(pause))

    server.answer = answer
    config = online(server, OPENAI_SMALL_MODEL="tiny")

    async def ask(models: Models) -> str:
        while True:
            try:
                return await told(models.stream(config, "TEXT_LARGE", ASK))
            except ModelUnavailable as error:
                await asyncio.sleep(error.retry_after or 0.01)

    async with Models() as models, asyncio.TaskGroup() as group:
        asking = [group.create_task(ask(models)) for _ in range(50)]
    assert [task.result() for task in asking] == ["at last"] * 50
    refused = [call.at for call in server.calls if call.at < over]
    # In all of the time, and not window by window: a busy machine moves calls over their edges.
    windows = 1.5 / pause
    assert 50 <= len(refused) <= 50 + 8 * (windows + 1)


async def test_one_keys_limit_is_not_anothers(server: ModelServer) -> None:
    async with Models(clock=Turned()) as models:
        server.answer = lambda request: Script(fault="429", retry_after="60")
        with pytest.raises(ModelUnavailable) as caught:
            await told(models.stream(online(server), "TEXT_LARGE", ASK))
        assert caught.value.retry_after == 60
        server.answer = lambda request: "ok"
        with pytest.raises(ModelUnavailable):
            await told(models.stream(online(server), "TEXT_LARGE", ASK))
        theirs = {"OPENAI_API_KEY": Secret(OTHER)}
        with request_scope(RequestContext("robin", entity_settings=theirs)):
            assert await told(models.stream(online(server), "TEXT_LARGE", ASK)) == "ok"
    assert server.chats == 2


async def test_a_trickle_without_end_ends_at_the_time_that_is_set(server: ModelServer) -> None:
    server.answer = lambda request: Script("word ", fault="trickle", between=0.05)
    config = online(server, MODEL_TIMEOUT="0.5")
    begun: list[str] = []

    async def ask(models: Models) -> None:
        async for piece in models.stream(config, "TEXT_LARGE", ASK):
            begun.append(piece)

    async with Models() as models:
        with pytest.raises(ModelUnavailable, match="too long"):
            await asyncio.wait_for(ask(models), 1.5)
    assert begun
    assert server.chats == 1
