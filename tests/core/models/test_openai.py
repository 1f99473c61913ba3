"""The streamed wire, against a local service over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import aiohttp
import pytest

from core.errors import ModelError, ModelRejected, ModelUnavailable
from core.models.account import Account
from core.models.openai import OpenAI
from core.models.wire import Patience
from core.ports import ModelRequest, Said, Spent
from core.secrets import Secret
from tests.fakes.model_server import ModelServer, Script

KEY = "sk-test-0123456789abcdefghij"
ASK = ModelRequest("You are Ada.", (Said("user", "a secret word"),), max_tokens=50, temperature=0.5)


class Bench:
    """A server, and models that ask it."""

    def __init__(self, server: ModelServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        self.account = Account(Secret(KEY), server.base_url)

    def model(self, patience: Patience | None = None, account: Account | None = None) -> OpenAI:
        return OpenAI("gpt-test", account or self.account, self.session, patience)

    async def asked(self, script: Script | str, patience: Patience | None = None) -> str:
        self.server.answer = lambda request: script
        return "".join([piece async for piece in self.model(patience).stream(ASK)])


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with ModelServer() as server, aiohttp.ClientSession() as session:
        yield Bench(server, session)


async def test_the_answer_arrives_in_pieces_with_its_usage(bench: Bench) -> None:
    bench.server.answer = lambda request: Script("one two three four", size=4, between=0.001)
    spent = Spent()
    pieces = [piece async for piece in bench.model().stream(ASK, spent)]
    assert "".join(pieces) == "one two three four"
    assert len(pieces) > 1
    assert (spent.usage.prompt_tokens, spent.usage.cached_tokens) == (100, 64)
    assert spent.usage.model == "gpt-test"


async def test_the_request_is_what_the_service_expects(bench: Bench) -> None:
    await bench.asked("ok")
    call = bench.server.calls[0]
    assert call.headers["Authorization"] == f"Bearer {KEY}"
    assert call.request["messages"][0] == {"role": "system", "content": "You are Ada."}
    assert call.request["messages"][1] == {"role": "user", "content": "a secret word"}
    assert call.request["stream"] is True


async def test_no_key_means_no_authorization(bench: Bench) -> None:
    keyless = Account(None, bench.server.base_url)
    bench.server.answer = lambda request: "ok"
    assert [piece async for piece in bench.model(account=keyless).stream(ASK)] == ["ok"]
    assert "Authorization" not in bench.server.calls[0].headers


async def test_the_organization_of_the_process_is_not_every_characters(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-host")
    await bench.asked("ok")
    assert "org-of-the-host" not in str(bench.server.calls[0].headers)


async def test_one_connection_serves_one_call_after_the_other(bench: Bench) -> None:
    for _ in range(4):
        await bench.asked(Script("some words", size=3, between=0.001))
    assert bench.server.connections == 1


@pytest.mark.parametrize("name", ["max_tokens", "temperature", "stream_options"])
async def test_a_refused_parameter_is_left_out_once_and_for_all(bench: Bench, name: str) -> None:
    bench.server.refuses = {name}
    assert await bench.asked("ok") == "ok"
    assert await bench.asked("ok") == "ok"
    assert bench.server.chats == 3
    assert name not in bench.server.calls[-1].request


async def test_a_refused_max_tokens_is_named_the_new_way(bench: Bench) -> None:
    bench.server.refuses = {"max_tokens"}
    await bench.asked("ok")
    assert bench.server.calls[-1].request["max_completion_tokens"] == 50


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (Script(fault="401"), ModelRejected),
        (Script(fault="quota"), ModelRejected),
        (Script(fault="429"), ModelUnavailable),
        (Script(fault="500"), ModelUnavailable),
        (Script("word " * 40, fault="cut", between=0.001), ModelUnavailable),
        (Script(fault="html"), ModelUnavailable),
        (Script(fault="garbage"), ModelUnavailable),
        (Script(fault="huge"), ModelUnavailable),
        (Script(fault="error"), ModelUnavailable),
    ],
)
async def test_each_fault_has_one_of_two_names_and_tells_nothing_secret(
    bench: Bench, script: Script, error: type[ModelError]
) -> None:
    with pytest.raises(error) as caught:
        await bench.asked(script)
    told = f"{caught.value!r} {caught.value.__cause__!r}"
    assert KEY not in told
    assert "secret word" not in told
    assert "Incorrect API key" not in told


async def test_the_named_pause_is_handed_on(bench: Bench) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        await bench.asked(Script(fault="429", retry_after="7"))
    assert caught.value.retry_after == 7


async def test_a_service_that_does_not_stream_is_understood(bench: Bench) -> None:
    assert await bench.asked(Script("all at once", fault="json")) == "all at once"


async def test_a_silent_service_is_left_after_the_first_limit(bench: Bench) -> None:
    with pytest.raises(ModelUnavailable):
        await bench.asked(Script(fault="hang"), Patience(first=0.5, whole=30))
    await asyncio.wait_for(bench.server.calls[0].ended.wait(), 5)
    assert bench.server.calls[0].closed_by_client


async def test_a_trickle_ends_at_the_whole_limit(bench: Bench) -> None:
    with pytest.raises(ModelUnavailable):
        await bench.asked(
            Script("words", fault="trickle", between=0.01), Patience(first=5, whole=0.2)
        )
    await asyncio.wait_for(bench.server.calls[0].ended.wait(), 5)


async def test_the_limit_never_goes_off_in_the_callers_own_code(bench: Bench) -> None:
    bench.server.answer = lambda request: Script("word " * 20, size=5, between=0.03)
    pieces = bench.model(Patience(first=0.1, whole=0.1)).stream(ASK)
    assert await anext(pieces)
    await asyncio.sleep(0.15)  # would be cancelled, were the limit around the yield
    with pytest.raises(ModelUnavailable):
        await _first(pieces)


async def test_a_cancelled_reader_closes_the_call(bench: Bench) -> None:
    asked = asyncio.Event()

    async def gate() -> None:
        asked.set()
        await asyncio.Event().wait()

    bench.server.answer = lambda request: Script("x" * 400, gate=gate, size=10)
    reading = asyncio.ensure_future(_first(bench.model().stream(ASK)))
    await asyncio.wait_for(asked.wait(), 10)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.wait_for(bench.server.calls[0].ended.wait(), 1)
    assert bench.server.calls[0].closed_by_client


async def test_leaving_in_mid_answer_closes_the_call(bench: Bench) -> None:
    bench.server.answer = lambda request: Script("word " * 500, size=5, between=0.01)
    async with aclosing(_generator(bench.model().stream(ASK))) as pieces:
        assert await anext(pieces)
    await asyncio.wait_for(bench.server.calls[0].ended.wait(), 1)
    assert bench.server.calls[0].closed_by_client


async def test_an_address_where_nobody_is_does_not_show_its_password(bench: Bench) -> None:
    account = Account(None, "http://me:hidden-password@127.0.0.1:9/v1")
    with pytest.raises(ModelUnavailable) as caught:
        await _first(bench.model(account=account).stream(ASK))
    assert "hidden-password" not in f"{caught.value!r}{account!r}"
    assert caught.value.__cause__ is None


async def _first(pieces: AsyncIterator[str]) -> str:
    return await anext(pieces) + "".join([piece async for piece in pieces])


def _generator(pieces: AsyncIterator[str]) -> Any:
    return pieces


async def test_a_password_in_the_address_beside_a_key_is_told_in_words(bench: Bench) -> None:
    account = Account(Secret(KEY), "http://me:hidden-password@127.0.0.1:9/v1")
    with pytest.raises(ModelRejected, match="keep one of them") as refused:
        await _first(bench.model(account=account).stream(ASK))
    assert "hidden-password" not in str(refused.value)
