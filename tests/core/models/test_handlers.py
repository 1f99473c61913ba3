"""Models that plugins bring: their order, their results, their faults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ModelRejected, ModelUnavailable
from core.ids import CharacterId
from core.models.handlers import Registry
from core.models.kinds import model_type
from core.models.roles import Models
from core.models.scripted import Scripted
from core.ports import ModelRequest, ModelType, Said, Spent
from core.settings.layers import Environment, Settings
from tests.core.models.turned import Turned, told

ASK = ModelRequest("You are Ada.", (Said("user", "hello"),), temperature=0.5, max_tokens=9)
ADA, BERT = CharacterId("ada"), CharacterId("bert")


def settings(**values: Any) -> Settings:
    return Settings(Environment.of({key: str(value) for key, value in values.items()}), "Ada", ADA)


def says(answer: Any) -> Any:
    async def handler(runtime: Any, params: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handler


@pytest.fixture
async def models() -> AsyncIterator[Models]:
    async with Models(clock=Turned()) as made:
        yield made


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-5, 5)), max_size=12))
def test_a_higher_priority_comes_first_and_among_equals_the_first_that_came(
    rows: list[tuple[str, int]],
) -> None:
    registry = Registry()
    for provider, priority in rows:
        registry.add(
            ADA,
            ModelType.TEXT_LARGE,
            says(""),
            provider=provider,
            priority=priority,
            runtime=None,
        )
    found = [(one.provider, one.priority) for one in registry.of(ADA, ModelType.TEXT_LARGE)]
    assert found == sorted(rows, key=lambda row: -row[1])
    assert registry.of(BERT, ModelType.TEXT_LARGE) == ()
    assert registry.providers(ADA) == tuple(dict.fromkeys(provider for provider, _ in rows))


@pytest.mark.parametrize(("priority", "first"), [(1, "mine"), (0, "scripted"), (-1, "scripted")])
async def test_a_plugins_model_stands_before_what_is_built_in_only_above_priority_0(
    priority: int, first: str
) -> None:
    models = Models(override=Scripted(["scripted"]))
    models.register(ADA, ModelType.TEXT_LARGE, says("mine"), provider="acme", priority=priority)
    assert await told(models.stream(settings(), "TEXT_LARGE", ASK)) == first


async def test_a_plugins_model_is_asked_rather_than_the_offline_one(models: Models) -> None:
    models.register(ADA, ModelType.TEXT_LARGE, says("mine"), provider="acme")
    assert await told(models.stream(settings(), "TEXT_LARGE", ASK)) == "mine"
    models.unregister(ADA)
    assert "Ada" in await told(models.stream(settings(), "TEXT_LARGE", ASK))


async def test_one_characters_plugin_does_not_speak_for_another(models: Models) -> None:
    models.register(BERT, ModelType.TEXT_LARGE, says("Bert's"), provider="acme", priority=9)
    assert "Bert's" not in await told(models.stream(settings(), "TEXT_LARGE", ASK))


async def test_the_handler_gets_its_runtime_and_elizas_parameters(models: Models) -> None:
    got: list[Any] = []

    async def handler(runtime: Any, params: Any) -> str:
        got.append((runtime, params))
        return "ok"

    models.register(ADA, ModelType.TEXT_SMALL, handler, provider="acme", runtime="the runtime")
    await told(models.stream(settings(), "TEXT_SMALL", ASK))
    runtime, params = got[0]
    assert runtime == "the runtime"
    assert params["prompt"] == "hello"
    assert params["messages"] == [{"role": "user", "content": "hello"}]
    assert (params["system"], params["temperature"], params["maxTokens"]) == (
        "You are Ada.",
        0.5,
        9,
    )
    await models.use(settings(), ModelType.TEXT_SMALL, {"prompt": "x", "user": "of its own"})
    assert got[1][1]["user"] == "of its own"


async def test_a_handler_may_give_its_answer_in_pieces(models: Models) -> None:
    async def pieces() -> AsyncIterator[str]:
        yield "one "
        yield "two"

    async def later(runtime: Any, params: Any) -> Any:
        return pieces()

    def at_once(runtime: Any, params: Any) -> Any:
        return pieces()

    spent = Spent()
    for handler in (later, at_once):
        models.register(ADA, ModelType.TEXT_LARGE, handler, provider="acme", priority=1)
        stream = models.stream(settings(), "TEXT_LARGE", ASK, spent)
        assert [piece async for piece in stream] == ["one ", "two"]
        models.unregister(ADA)
    assert spent.usage.provider == "acme"
    assert spent.usage.estimated


@pytest.mark.parametrize("answer", [RuntimeError("sesame"), None, 7, {"no": "text"}])
async def test_a_handler_that_fails_leaves_the_word_to_the_next(
    models: Models, answer: Any
) -> None:
    models.register(ADA, ModelType.TEXT_LARGE, says(answer), provider="bad", priority=5)
    with pytest.raises(ModelUnavailable) as caught:
        await told(models.stream(settings(), "TEXT_LARGE", ASK, provider="bad"))
    assert "sesame" not in f"{caught.value!r} {caught.value.__cause__!r}"
    models.register(ADA, ModelType.TEXT_LARGE, says("from the next"), provider="good")
    assert await told(models.stream(settings(), "TEXT_LARGE", ASK)) == "from the next"


async def test_a_handler_that_never_ends_is_left_at_the_limit(models: Models) -> None:
    async def handler(runtime: Any, params: Any) -> str:
        await asyncio.Event().wait()
        return "never"

    models.register(ADA, ModelType.TEXT_LARGE, handler, provider="slow", priority=5)
    models.register(ADA, ModelType.TEXT_LARGE, says("in time"), provider="quick", priority=4)
    config = settings(MODEL_TIMEOUT="0.05")
    assert await told(models.stream(config, "TEXT_LARGE", ASK)) == "in time"


async def test_a_forced_plugin_has_no_stand_in_and_an_unknown_one_is_named(models: Models) -> None:
    models.register(
        ADA, ModelType.TEXT_LARGE, says(RuntimeError("no")), provider="Acme", priority=5
    )
    models.register(ADA, ModelType.TEXT_LARGE, says("other"), provider="other")
    with pytest.raises(ModelUnavailable, match="Acme"):
        await told(models.stream(settings(), "TEXT_LARGE", ASK, provider="acme"))
    with pytest.raises(ModelRejected, match="no provider umbrella; there are: Acme, other"):
        await told(models.stream(settings(), "TEXT_LARGE", ASK, provider="umbrella"))
    with pytest.raises(ModelRejected, match="other has no model for TEXT_SMALL"):
        await told(models.stream(settings(), "TEXT_SMALL", ASK, provider="other"))


async def test_the_medium_role_is_played_by_a_plugins_large_model(models: Models) -> None:
    models.register(ADA, ModelType.TEXT_LARGE, says("large"), provider="acme")
    models.register(ADA, ModelType.TEXT_SMALL, says("small"), provider="acme")
    assert await told(models.stream(settings(), "TEXT_MEDIUM", ASK)) == "large"


@pytest.mark.parametrize(
    ("kind", "given", "taken"),
    [
        (ModelType.TEXT_EMBEDDING, (1, 2), [1.0, 2.0]),
        (ModelType.TEXT_EMBEDDING, [[1], [2]], [[1.0], [2.0]]),
        (ModelType.IMAGE, "https://x/1.png", [{"url": "https://x/1.png"}]),
        (ModelType.IMAGE, [{"url": "https://x/1.png"}], [{"url": "https://x/1.png"}]),
        (ModelType.IMAGE_DESCRIPTION, "A cat", {"title": "Picture", "description": "A cat"}),
        (ModelType.TRANSCRIPTION, {"text": "hi"}, "hi"),
        (ModelType.MODERATION, {"flagged": 1}, {"flagged": True, "categories": {}}),
        (ModelType.OBJECT_SMALL, '```json\n{"a": 1}\n```', {"a": 1}),
        (ModelType.OBJECT_LARGE, {"a": 1}, {"a": 1}),
        (ModelType.TEXT_TO_SPEECH, b"sound", b"sound"),
    ],
)
async def test_results_have_the_form_of_their_type(
    models: Models, kind: ModelType, given: Any, taken: Any
) -> None:
    models.register(ADA, kind, says(given), provider="acme", priority=1)
    assert await models.use(settings(), kind, {"prompt": "x"}) == taken


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (ModelType.TEXT_EMBEDDING, "words"),
        (ModelType.TEXT_EMBEDDING, [[1], "x"]),
        (ModelType.IMAGE, None),
        (ModelType.TRANSCRIPTION, 7),
        (ModelType.MODERATION, "fine"),
    ],
)
async def test_a_result_of_another_form_is_a_failure(
    models: Models, kind: ModelType, given: Any
) -> None:
    models.register(ADA, kind, says(given), provider="acme", priority=1)
    with pytest.raises(ModelUnavailable, match="acme"):
        await models.use(settings(), kind, {"prompt": "x"})


@pytest.mark.parametrize(
    ("spelling", "kind"),
    [
        ("text:small", ModelType.TEXT_SMALL),
        ("text_large", ModelType.TEXT_LARGE),
        ("TEXT_MEDIUM", ModelType.TEXT_MEDIUM),
        ("image:generation", ModelType.IMAGE),
        ("IMAGE_ANALYSIS", ModelType.IMAGE_DESCRIPTION),
        ("image_description", ModelType.IMAGE_DESCRIPTION),
        ("speech:to:text", ModelType.TRANSCRIPTION),
        ("Text To Speech", ModelType.TEXT_TO_SPEECH),
        ("object_small", ModelType.OBJECT_SMALL),
        ("textEmbedding", ModelType.TEXT_EMBEDDING),
    ],
)
def test_a_type_may_be_spelt_in_every_known_way(spelling: str, kind: ModelType) -> None:
    assert model_type(spelling) is kind


def test_an_unknown_type_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="there are: TEXT_SMALL"):
        model_type("smell:large")
