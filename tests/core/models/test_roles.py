"""Which model answers, and who takes over when it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from random import Random
from typing import Any

import pytest

from core.errors import ModelRejected, ModelUnavailable
from core.models import chain
from core.models.chain import Link
from core.models.roles import Models
from core.models.scripted import Line, Scripted
from core.ports import ModelRequest, ModelType, Said, Spent
from core.secrets import Secret
from core.settings.context import RequestContext, request_scope
from core.settings.layers import Environment, Settings
from tests.core.models.turned import Turned, told
from tests.core.scenes import settings
from tests.fakes.model_server import ModelServer, Script

ASK = ModelRequest("You are Ada.", (Said("user", "hello"),))
KEY, OTHER = "sk-test-0123456789abcdefghij", "sk-other-0123456789abcdefghi"


def chained(*providers: Scripted, clock: Turned | None = None, account: str = "") -> Any:
    links = [Link(p, account or str(at)) for at, p in enumerate(providers)]
    return chain.stream(links, ASK, None, clock or Turned(), Random(1))


# --- the chain -----------------------------------------------------------------------------------


async def test_the_next_one_takes_over_from_one_that_is_away() -> None:
    first, second = Scripted([ModelUnavailable("away")]), Scripted(["hello"])
    assert await told(chained(first, second)) == "hello"


async def test_nobody_takes_over_in_mid_answer() -> None:
    first = Scripted([Line(("half ",), error=ModelUnavailable("cut"))])
    second = Scripted(["other"])
    with pytest.raises(ModelUnavailable):
        await told(chained(first, second))
    assert second.requests == []


async def test_a_refused_key_is_not_tried_with_another_model() -> None:
    first, second = Scripted([ModelRejected("key")]), Scripted(["hello"])
    with pytest.raises(ModelRejected):
        await told(chained(first, second, account="same"))
    assert await told(chained(first, second)) == "hello"


async def test_the_chain_is_tried_once_more_after_a_pause() -> None:
    clock = Turned()
    only = Scripted([ModelUnavailable("away"), "back again"])
    assert await told(chained(only, clock=clock)) == "back again"
    assert 0.2 < clock.slept[0] < 1


async def test_the_second_failure_is_the_last() -> None:
    only = Scripted([ModelUnavailable("away")])
    with pytest.raises(ModelUnavailable):
        await told(chained(only))
    assert len(only.requests) == 2


async def test_a_named_pause_is_kept() -> None:
    clock = Turned()
    only = Scripted([ModelUnavailable("busy", retry_after=4), "now"])
    assert await told(chained(only, clock=clock)) == "now"
    assert clock.slept[0] >= 4


async def test_the_smaller_model_is_asked_last_of_all() -> None:
    clock = Turned()
    large, small = Scripted([ModelUnavailable("away")]), Scripted(["small talk"])
    links = [Link(large, "a"), Link(small, "b", smaller=True)]
    assert await told(chain.stream(links, ASK, None, clock, Random(1))) == "small talk"
    assert len(large.requests) == 2


async def test_the_smaller_model_is_asked_before_a_long_pause() -> None:
    clock = Turned()
    large, small = Scripted([ModelUnavailable("busy", retry_after=8)]), Scripted(["small talk"])
    links = [Link(large, "a"), Link(small, "b", smaller=True)]
    assert await told(chain.stream(links, ASK, None, clock, Random(1))) == "small talk"
    assert clock.slept == []


async def test_a_refused_key_is_not_tried_with_a_smaller_model() -> None:
    large, small = Scripted([ModelRejected("key")]), Scripted(["small talk"])
    links = [Link(large, "same"), Link(small, "same", smaller=True)]
    with pytest.raises(ModelRejected):
        await told(chain.stream(links, ASK, None, Turned(), Random(1)))
    assert small.requests == []


async def test_the_caller_learns_when_the_first_of_them_may_be_back() -> None:
    late = Scripted([ModelUnavailable("busy", retry_after=60)])
    soon = Scripted([ModelUnavailable("busy", retry_after=20)])
    with pytest.raises(ModelUnavailable) as caught:
        await told(chained(late, soon))
    assert caught.value.retry_after == 20


async def test_a_pause_too_long_for_a_conversation_is_not_waited_for() -> None:
    only = Scripted([ModelUnavailable("busy", retry_after=3600)])
    with pytest.raises(ModelUnavailable) as caught:
        await told(chained(only))
    assert len(only.requests) == 1
    assert caught.value.retry_after == 3600


async def test_closing_the_answer_closes_the_call_below() -> None:
    model = Scripted([Line(("one", "two"), hangs=True)])
    async with aclosing(chained(model)) as pieces:
        assert await anext(pieces) == "one"
    assert model.closed == 1


# --- roles ---------------------------------------------------------------------------------------


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


@pytest.fixture
async def models() -> AsyncIterator[Models]:
    async with Models() as made:
        yield made


def online(server: ModelServer, **more: str) -> Settings:
    return settings(OPENAI_BASE_URL=server.base_url, **more)


async def test_without_key_and_address_the_offline_model_answers(models: Models) -> None:
    assert [link.provider.name for link in models.links(settings(), "TEXT_LARGE")] == ["offline"]
    assert "Ada" in await told(models.stream(settings(), "TEXT_LARGE", ASK))


async def test_each_role_has_its_own_models(models: Models, server: ModelServer) -> None:
    config = online(server, OPENAI_LARGE_MODEL="big, spare", OPENAI_SMALL_MODEL="tiny")
    names = [link.provider.name for link in models.links(config, "TEXT_LARGE")]
    assert names == ["openai:big", "openai:spare", "openai:tiny"]
    await told(models.stream(config, "TEXT_SMALL", ASK))
    assert server.calls[0].request["model"] == "tiny"


async def test_the_spare_model_answers_when_the_big_one_fails(
    models: Models, server: ModelServer
) -> None:
    def answer(request: dict[str, Any]) -> Script:
        return Script("from the spare", fault="500" if request["model"] == "big" else "")

    server.answer = answer
    config = online(server, OPENAI_LARGE_MODEL="big,spare", OPENAI_API_KEY=KEY)
    spent = Spent()
    assert await told(models.stream(config, "TEXT_LARGE", ASK, spent)) == "from the spare"
    assert spent.usage.model == "spare"


async def test_a_persons_own_key_is_used_for_that_person_alone(
    models: Models, server: ModelServer
) -> None:
    config = online(server, OPENAI_API_KEY=KEY)
    context = RequestContext(entity_id="robin", entity_settings={"OPENAI_API_KEY": Secret(OTHER)})
    await told(models.stream(config, "TEXT_LARGE", ASK))
    with request_scope(context):
        await told(models.stream(config, "TEXT_LARGE", ASK))
    await told(models.stream(config, "TEXT_LARGE", ASK))
    used = [call.headers["Authorization"] for call in server.calls]
    assert used == [f"Bearer {key}" for key in (KEY, OTHER, KEY)]


async def test_an_unknown_model_leaves_the_next_one_of_the_same_account(
    models: Models, server: ModelServer
) -> None:
    def answer(request: dict[str, Any]) -> Script:
        return Script("known", fault="404" if request["model"] == "rumoured" else "")

    server.answer = answer
    config = online(server, OPENAI_LARGE_MODEL="rumoured,known", OPENAI_API_KEY=KEY)
    assert await told(models.stream(config, "TEXT_LARGE", ASK)) == "known"


async def test_many_people_with_keys_of_their_own_never_share_an_account(
    models: Models, server: ModelServer
) -> None:
    server.answer = lambda request: Script("ok", before=0.001)
    config = online(server, OPENAI_API_KEY=KEY)

    async def ask(person: str) -> None:
        theirs = {"OPENAI_API_KEY": Secret(f"sk-of-{person}-0123456789abcdef")}
        with request_scope(RequestContext(person, entity_settings=theirs)):
            for _ in range(3):
                request = ModelRequest("", (Said("user", person),))
                await told(models.stream(config, "TEXT_LARGE", request))

    async with asyncio.TaskGroup() as group:
        for at in range(20):
            group.create_task(ask(f"person-{at:02}"))
    assert len(server.calls) == 60
    for call in server.calls:
        person = call.request["messages"][0]["content"]
        assert call.headers["Authorization"] == f"Bearer sk-of-{person}-0123456789abcdef"


async def test_the_houses_key_is_not_sent_to_an_address_that_a_person_brings(
    models: Models, server: ModelServer
) -> None:
    config = settings(OPENAI_API_KEY=KEY)
    theirs = {"OPENAI_BASE_URL": server.base_url}
    with request_scope(RequestContext("robin", entity_settings=theirs)):
        await told(models.stream(config, "TEXT_LARGE", ASK))
    assert "Authorization" not in server.calls[0].headers


async def test_the_houses_key_is_not_sent_to_an_address_of_a_characters_file(
    models: Models, server: ModelServer
) -> None:
    """A file that somebody gives away must not fetch the key of whoever runs it."""
    shared = Environment.of({"OPENAI_API_KEY": KEY})
    theirs = {"OPENAI_BASE_URL": server.base_url}
    await told(models.stream(Settings(shared, "Ada", plain=theirs), "TEXT_LARGE", ASK))
    assert "Authorization" not in server.calls[0].headers
    own = Environment.of({"OPENAI_API_KEY": "another", "CHARACTER.ADA.OPENAI_API_KEY": KEY})
    await told(models.stream(Settings(own, "Ada", plain=theirs), "TEXT_LARGE", ASK))
    assert server.calls[1].headers["Authorization"] == f"Bearer {KEY}", "she was given one"
    everywhere = Environment.of({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.base_url})
    await told(models.stream(Settings(everywhere, "Ada"), "TEXT_LARGE", ASK))
    assert server.calls[2].headers["Authorization"] == f"Bearer {KEY}", "the operator named both"


async def test_many_accounts_do_not_pile_up(models: Models, server: ModelServer) -> None:
    for at in range(200):
        models.links(online(server, OPENAI_API_KEY=f"{KEY}{at}"), "TEXT_LARGE")
    assert await told(models.stream(online(server, OPENAI_API_KEY=KEY), "TEXT_LARGE", ASK))


async def test_a_model_put_in_by_hand_answers_for_all() -> None:
    models = Models(override=Scripted(["scripted"]))
    assert await told(models.stream(settings(OPENAI_API_KEY=KEY), "TEXT_SMALL", ASK)) == "scripted"
    assert not models.serves(settings(OPENAI_API_KEY=KEY), ModelType.TEXT_EMBEDDING)


async def test_vectors_come_where_there_is_a_model_for_them(
    models: Models, server: ModelServer
) -> None:
    assert not models.serves(settings(), ModelType.TEXT_EMBEDDING)
    with pytest.raises(ModelRejected, match="TEXT_EMBEDDING"):
        await models.use(settings(), ModelType.TEXT_EMBEDDING, "x")
    config = online(server)
    assert models.serves(config, ModelType.TEXT_EMBEDDING)
    assert len(await models.use(config, ModelType.TEXT_EMBEDDING, ["a", "b"])) == 2
    assert await models.use(config, ModelType.TEXT_EMBEDDING, []) == []
    assert server.embeddings == 1


async def test_warming_up_asks_nobody(models: Models, server: ModelServer) -> None:
    await models.warm(online(server, OPENAI_API_KEY=KEY))
    await models.warm(settings())
    assert server.connections == server.chats == 0


# --- the scripted model --------------------------------------------------------------------------


async def test_a_script_waits_for_what_the_test_decides() -> None:
    ready = asyncio.Event()
    model = Scripted([Line(("go",), after=ready.wait)])
    reading = asyncio.ensure_future(told(model.stream(ASK)))
    await asyncio.sleep(0)
    assert not reading.done()
    ready.set()
    assert await reading == "go"


async def test_a_script_may_be_a_function_of_the_request() -> None:
    model = Scripted(lambda request: request.messages[-1].text.upper())
    assert await told(model.stream(ASK)) == "HELLO"
    assert model.requests == [ASK]
