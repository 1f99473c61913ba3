"""Vectors that are made on this machine, against the same sums done by hand."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelRejected
from core.models.roles import Models
from core.ports import ModelType, Spent
from core.settings.context import RequestContext, request_scope
from tests.core.models import tiny_bert
from tests.core.models.tiny_bert import by_hand
from tests.core.scenes import settings
from tests.fakes.model_server import ModelServer

VECTORS = ModelType.TEXT_EMBEDDING
TEXTS = ["the cat sat on the mat", "a dog", "", "cat " * 60, "a stranger ran", "the dog ran on"]


async def vectors(folder: Path, params: Any, **more: str) -> Any:
    async with Models() as models:
        return await models.use(settings(LOCAL_EMBEDDING_MODEL=folder, **more), VECTORS, params)


def alike(one: list[float], other: list[float]) -> bool:
    return one == pytest.approx(other, abs=2e-5)


@pytest.mark.parametrize("prefix", ["", "bert."])
async def test_each_text_has_the_vector_that_the_sums_by_hand_give(
    tmp_path: Path, prefix: str
) -> None:
    weights = tiny_bert.write(tmp_path, prefix=prefix)
    found = await vectors(tmp_path, {"texts": None, "input": TEXTS})
    assert len(found) == len(TEXTS)
    for text, vector in zip(TEXTS, found, strict=True):
        assert alike(vector, by_hand(weights, text)), text


async def test_a_text_has_the_same_vector_alone_and_among_others(tmp_path: Path) -> None:
    tiny_bert.write(tmp_path)
    many = await vectors(tmp_path, TEXTS * 80)
    for text, vector in zip(TEXTS, many[-len(TEXTS) :], strict=True):
        assert alike(vector, await vectors(tmp_path, {"text": text})), text


@pytest.mark.parametrize("activation", ["relu", "gelu_new", "gelu_pytorch_tanh"])
async def test_models_with_other_activations_are_read_too(tmp_path: Path, activation: str) -> None:
    weights = tiny_bert.write(tmp_path, hidden_act=activation)
    expected = by_hand(weights, TEXTS[0], activation=activation)
    assert alike(await vectors(tmp_path, TEXTS[0]), expected)


async def test_a_folder_may_say_that_the_first_token_stands_for_the_text(tmp_path: Path) -> None:
    weights = tiny_bert.write(tmp_path, pooling={"pooling_mode_cls_token": True})
    assert alike(await vectors(tmp_path, TEXTS[0]), by_hand(weights, TEXTS[0], first=True))


async def test_weights_of_half_precision_do(tmp_path: Path) -> None:
    weights = tiny_bert.write(tmp_path, half=True)
    assert alike(await vectors(tmp_path, TEXTS[0]), by_hand(weights, TEXTS[0]))


async def test_nothing_and_no_text_are_answered_as_by_every_other_model(tmp_path: Path) -> None:
    tiny_bert.write(tmp_path)
    assert await vectors(tmp_path, None) == [0.0] * tiny_bert.WIDTH
    assert await vectors(tmp_path, []) == []
    with pytest.raises(ModelRejected, match="made of texts"):
        await vectors(tmp_path, [1, 2])


async def test_it_comes_before_every_service_and_is_no_request(tmp_path: Path) -> None:
    tiny_bert.write(tmp_path / "tiny")
    spent = Spent()
    async with ModelServer() as server, Models() as models:
        config = settings(
            LOCAL_EMBEDDING_MODEL=tmp_path / "tiny",
            OPENAI_BASE_URL=server.base_url,
            OPENAI_API_KEY="sk-test-0123456789abcdefghij",
        )
        assert len(await models.use(config, VECTORS, "the cat", spent=spent)) == tiny_bert.WIDTH
        assert models.embeds(config) == f"local:{tmp_path.name}/tiny"
        assert models.serves(config, VECTORS)
        assert server.embeddings == 0
        assert (spent.usage.provider, spent.usage.prompt_tokens) == ("local", 4)
        assert models.price(spent.usage) == 0
        assert len(await models.use(config, VECTORS, "the cat", provider="openai")) == 3
        assert len(await models.use(config, VECTORS, "the cat", provider="local")) == 8


async def test_nobody_who_talks_to_a_character_points_at_our_disk(tmp_path: Path) -> None:
    tiny_bert.write(tmp_path)
    person = RequestContext("robin", entity_settings={"LOCAL_EMBEDDING_MODEL": str(tmp_path)})
    async with Models() as models:
        with request_scope(person):
            assert models.embeds(settings()) == ""
            with pytest.raises(ModelRejected, match="no model for TEXT_EMBEDDING"):
                await models.use(settings(), VECTORS, "the cat")


async def test_a_short_question_need_not_wait_for_the_whole_of_a_long_list(tmp_path: Path) -> None:
    tiny_bert.write(tmp_path)
    config, order = settings(LOCAL_EMBEDDING_MODEL=tmp_path), list[str]()
    async with Models() as models, asyncio.TaskGroup() as group:
        await models.use(config, VECTORS, "a cat")

        async def ask(what: str, asked: Any) -> None:
            await models.use(config, VECTORS, asked)
            order.append(what)

        group.create_task(ask("the list", ["cat " * 20] * 3_000))
        await asyncio.sleep(0)
        group.create_task(ask("the question", "a dog"))
    assert order == ["the question", "the list"]


# --- what is wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "model.safetensors"])
async def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    tiny_bert.write(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(ModelRejected, match=f"LOCAL_EMBEDDING_MODEL: .* no file {missing}"):
        await vectors(tmp_path, "a cat")


@pytest.mark.parametrize("wrong", ["config.json", "tokenizer.json", "model.safetensors"])
async def test_a_file_that_is_something_else_is_named(tmp_path: Path, wrong: str) -> None:
    tiny_bert.write(tmp_path)
    (tmp_path / wrong).write_text("[1, 2")
    with pytest.raises(ModelRejected, match=f"{wrong} cannot be used"):
        await vectors(tmp_path, "a cat")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"model_type": "roberta"}, "only a BERT can be read, and this is: roberta"),
        ({"position_embedding_type": "relative_key"}, "only a BERT"),
        ({"hidden_act": "swish"}, "only a BERT"),
        ({"hidden_size": 12}, "has the shape"),
        ({"num_attention_heads": 3}, "heads do not share"),
        ({"num_hidden_layers": 3}, "it has no encoder.layer.2"),
        ({"num_hidden_layers": "many"}, "cannot be read"),
        ({"without": "embeddings.LayerNorm.bias"}, "it has no embeddings.LayerNorm.bias"),
    ],
)
async def test_a_model_of_another_kind_is_refused_with_a_reason(
    tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    tiny_bert.write(tmp_path, **change)
    with pytest.raises(ModelRejected, match=why):
        await vectors(tmp_path, "a cat")


async def test_who_has_not_installed_the_extra_is_told_how_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_bert.write(tmp_path)
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ModelRejected, match=r"pip install 'troupe\[embeddings\]'"):
        await vectors(tmp_path, "a cat")
