"""useModel with elizaOS' parameters, type by type, against a service on a real socket."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel

from core.errors import ModelRejected, ModelUnavailable
from core.ids import CharacterId
from core.models.params import filled
from core.models.roles import Models
from core.models.scripted import Scripted
from core.ports import ModelRequest, ModelType, Said, Spent
from core.settings.layers import Settings
from tests.core.models.turned import Turned
from tests.core.scenes import settings
from tests.fakes.model_server import PICTURE, ModelServer, Script, vector_of

KEY = "sk-test-0123456789abcdefghij"


class Bench:
    """A service, and models that use it."""

    def __init__(self, server: ModelServer, models: Models) -> None:
        self.server = server
        self.models = models
        self.spent = Spent()

    def config(self, **more: str) -> Settings:
        return settings(OPENAI_BASE_URL=self.server.base_url, OPENAI_API_KEY=KEY, **more)

    async def use(self, kind: ModelType, params: Any, **more: str) -> Any:
        return await self.models.use(self.config(**more), kind, params, spent=self.spent)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with ModelServer(lambda request: "ok") as server, Models(clock=Turned()) as models:
        yield Bench(server, models)


# --- text ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        {"maxTokens": 7, "topP": 0.5, "frequencyPenalty": 0.1, "stopSequences": ["END"]},
        {"max_tokens": 7, "top_p": 0.5, "frequency_penalty": 0.1, "stop_sequences": ["END"]},
    ],
)
async def test_parameters_are_taken_in_both_spellings(bench: Bench, params: dict[str, Any]) -> None:
    whole = {"prompt": "hello", "system": "Be kind.", "temperature": 0.3, **params}
    assert await bench.use(ModelType.TEXT_SMALL, whole) == "ok"
    asked = bench.server.calls[0].request
    assert asked["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "hello"},
    ]
    assert asked["max_tokens"] == 7
    assert (asked["top_p"], asked["frequency_penalty"]) == (0.5, 0.1)
    assert (asked["temperature"], asked["stop"]) == (0.3, ["END"])


async def test_messages_go_before_the_prompt_and_a_system_message_is_one(bench: Bench) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "one"}]},
        {"role": "assistant", "content": "two"},
    ]
    await bench.use(ModelType.TEXT_LARGE, {"messages": messages, "prompt": "three"})
    said = [(one["role"], one["content"]) for one in bench.server.calls[0].request["messages"]]
    assert said == [
        ("system", "Be brief."),
        ("user", "one"),
        ("assistant", "two"),
        ("user", "three"),
    ]


@pytest.mark.parametrize("params", [{}, {"prompt": ""}, {"messages": "hello"}])
async def test_a_call_without_a_question_is_refused(bench: Bench, params: dict[str, Any]) -> None:
    with pytest.raises(ModelRejected):
        await bench.use(ModelType.TEXT_LARGE, params)


def test_a_calls_own_parameter_comes_before_its_types_and_that_before_all_types() -> None:
    ask = ModelRequest("", (Said("user", "x"),))
    config = settings(
        TEXT_LARGE_TEMPERATURE="0.1",
        DEFAULT_TEMPERATURE="0.2",
        MODEL_MAX_TOKENS="50",
        TEXT_LARGE_FREQUENCY_PENALTY="-1",
        DEFAULT_PRESENCE_PENALTY="much",
    )
    large = filled(config, ModelType.TEXT_LARGE, ask)
    assert (large.temperature, large.max_tokens) == (0.1, 50)
    assert (large.frequency_penalty, large.presence_penalty) == (-1, None)
    assert filled(config, ModelType.TEXT_SMALL, ask).temperature == 0.2
    assert filled(config, ModelType.OBJECT_LARGE, ask).temperature == 0.1
    named = ModelRequest("", ask.messages, temperature=0.9)
    assert filled(config, ModelType.TEXT_LARGE, named).temperature == 0.9
    assert filled(settings(TEMPERATURE="0.4"), ModelType.TEXT_SMALL, ask).temperature == 0.4


async def test_tokens_are_estimated_and_marked_where_a_service_does_not_count(
    bench: Bench,
) -> None:
    bench.server.refuses = {"stream_options"}
    await bench.use(ModelType.TEXT_LARGE, {"prompt": "word " * 80})
    usage = bench.spent.usage
    assert usage.estimated
    assert usage.prompt_tokens == 100
    assert usage.completion_tokens > 0


# --- objects -------------------------------------------------------------------------------------


class City(BaseModel):
    name: str


async def test_an_object_is_read_from_the_models_words(bench: Bench) -> None:
    bench.server.answer = lambda request: 'Here you are:\n```json\n{"name": "Oslo"}\n```'
    params = {"prompt": "Which city?", "schema": City, "temperature": 0.1}
    assert await bench.use(ModelType.OBJECT_SMALL, params) == {"name": "Oslo"}
    system = bench.server.calls[0].request["messages"][0]["content"]
    assert '"name"' in system
    assert "JSON" in system


async def test_a_list_is_given_where_one_was_asked_for(bench: Bench) -> None:
    bench.server.answer = lambda request: '{"cities": ["Oslo", "Rome"]}'
    params = {"prompt": "Which cities?", "output": "array"}
    assert await bench.use(ModelType.OBJECT_LARGE, params) == ["Oslo", "Rome"]


async def test_words_that_hold_no_object_are_asked_for_once_more() -> None:
    models = Models(override=Scripted(["I would rather not.", '{"a": 1}']), clock=Turned())
    assert await models.use(settings(), ModelType.OBJECT_SMALL, {"prompt": "x"}) == {"a": 1}
    models = Models(override=Scripted(["I would rather not."]), clock=Turned())
    with pytest.raises(ModelUnavailable, match="no object"):
        await models.use(settings(), ModelType.OBJECT_SMALL, {"prompt": "x"})


# --- vectors -------------------------------------------------------------------------------------


async def test_a_text_becomes_a_vector_and_a_list_becomes_vectors(bench: Bench) -> None:
    one = await bench.use(ModelType.TEXT_EMBEDDING, {"text": "abc"})
    assert one == await bench.use(ModelType.TEXT_EMBEDDING, "abc") == [3.0, 0.0, 1.0]
    many = await bench.use(ModelType.TEXT_EMBEDDING, {"input": ["a", "abc"]})
    assert [vector[0] for vector in many] == [1.0, 3.0]
    assert bench.spent.usage.prompt_tokens == 1


async def test_nothing_becomes_zeros_of_the_right_width_without_a_call(bench: Bench) -> None:
    for params in (None, {"text": None}):
        assert await bench.use(ModelType.TEXT_EMBEDDING, params) == [0.0] * 1536
    wide = {"OPENAI_EMBEDDING_MODEL": "text-embedding-3-large"}
    assert len(await bench.use(ModelType.TEXT_EMBEDDING, None, **wide)) == 3072
    assert bench.server.embeddings == 0


async def test_refused_vectors_have_an_error_of_ours(bench: Bench) -> None:
    bench.server.refuses = {"embeddings"}
    with pytest.raises(ModelRejected) as caught:
        await bench.use(ModelType.TEXT_EMBEDDING, "a")
    assert KEY not in repr(caught.value)


async def test_no_other_model_stands_in_for_the_one_that_makes_vectors(bench: Bench) -> None:
    bench.server.refuses = {"embeddings"}
    with pytest.raises(ModelRejected):
        await bench.use(ModelType.TEXT_EMBEDDING, "a", TOGETHER_API_KEY=KEY)


async def test_more_than_one_request_may_hold_goes_in_several(bench: Bench) -> None:
    texts = ["word"] * 2050 + ["long " * 40_000] * 5
    vectors = await bench.use(ModelType.TEXT_EMBEDDING, texts)
    assert [len(some) for some in bench.server.embedded] == [2048, 5, 2]
    assert [vector[0] for vector in vectors] == [float(len(text)) for text in texts]
    assert bench.spent.usage.prompt_tokens == 3


async def test_a_large_answer_is_read_like_any_other(bench: Bench) -> None:
    bench.server.width = 3072
    vectors = await bench.use(ModelType.TEXT_EMBEDDING, [f"word number {n}" for n in range(64)])
    assert vectors == [vector_of(f"word number {n}", 3072) for n in range(64)]


async def test_vectors_come_packed_and_as_numbers_from_whoever_knows_nothing_else(
    bench: Bench,
) -> None:
    texts = {"input": ["some words", "others"], "packed": True}
    packed = await bench.use(ModelType.TEXT_EMBEDDING, texts)
    assert [type(one) for one in packed] == [array, array]
    bench.server.refuses = {"encoding_format"}
    plain = await bench.use(ModelType.TEXT_EMBEDDING, texts)
    assert [type(one) for one in plain] == [list, list]
    assert [list(one) for one in packed] == plain
    before = bench.server.embeddings
    await bench.use(ModelType.TEXT_EMBEDDING, "again")
    assert bench.server.embeddings == before + 1, "what was refused is not asked for again"


async def test_a_shorter_vector_comes_only_to_those_who_ask_for_it(bench: Bench) -> None:
    bench.server.width = 1536
    assert bench.models.embeds(bench.config()) == "openai:text-embedding-3-small/512"
    assert len(await bench.use(ModelType.TEXT_EMBEDDING, "a")) == 1536
    params = {"input": ["a"], "dimensions": 512}
    assert len((await bench.use(ModelType.TEXT_EMBEDDING, params))[0]) == 512


async def test_a_service_that_knows_no_shorter_vectors_gives_its_own(bench: Bench) -> None:
    bench.server.width = 1536
    bench.server.refuses = {"dimensions"}
    for _ in range(2):
        found = await bench.use(ModelType.TEXT_EMBEDDING, {"input": ["a"], "dimensions": 512})
        assert len(found[0]) == 1536
    assert bench.server.embeddings == 3, "it is not asked for again"


@pytest.mark.parametrize(
    ("set_", "name"),
    [
        ({}, "openai:text-embedding-3-small/512"),
        ({"OPENAI_EMBEDDING_DIMENSIONS": "0"}, "openai:text-embedding-3-small"),
        ({"OPENAI_EMBEDDING_DIMENSIONS": "4000"}, "openai:text-embedding-3-small"),
        ({"OPENAI_EMBEDDING_DIMENSIONS": "many"}, ""),
        ({"OPENAI_EMBEDDING_MODEL": "text-embedding-ada-002"}, "openai:text-embedding-ada-002"),
        ({"MODEL_PROVIDER": "ollama"}, "ollama:nomic-embed-text"),
        ({"MODEL_PROVIDER": "anthropic,together", "TOGETHER_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY},
         "together:BAAI/bge-base-en-v1.5"),
        ({"MODEL_PROVIDER": "together"}, ""),
        ({"MODEL_PROVIDER": "groq", "GROQ_API_KEY": KEY}, ""),
        ({"MODEL_PROVIDER": "offline"}, ""),
    ],
)  # fmt: skip
async def test_who_makes_vectors_has_a_name_with_its_width(
    bench: Bench, set_: dict[str, str], name: str
) -> None:
    assert bench.models.embeds(bench.config(**set_)) == name


async def test_a_plugin_that_makes_vectors_has_a_name_too(bench: Bench) -> None:
    async def handler(runtime: Any, params: Any) -> list[float]:
        return [1.0, 0.0]

    config = bench.config()
    me = CharacterId(config.character_id)
    bench.models.register(me, ModelType.TEXT_EMBEDDING, handler, provider="mine")
    assert bench.models.embeds(config) == "openai:text-embedding-3-small/512"
    assert bench.models.embeds(settings()) == "mine:plugin", "where nobody else does it"
    bench.models.register(me, ModelType.TEXT_EMBEDDING, handler, provider="ours", priority=9)
    assert bench.models.embeds(config) == "ours:plugin"


# --- pictures ------------------------------------------------------------------------------------


async def test_a_picture_comes_as_bytes_or_as_an_address(bench: Bench) -> None:
    drawn = await bench.use(ModelType.IMAGE, {"prompt": "a cat", "n": 2})
    assert drawn == [{"data": PICTURE, "mimeType": "image/png"}] * 2
    assert bench.spent.usage.units == 2
    linked = await bench.use(ModelType.IMAGE, "a cat", OPENAI_IMAGE_MODEL="dall-e-3")
    assert linked == [{"url": "https://pictures.example/1.png"}]


async def test_width_and_height_are_a_size_and_what_is_not_taken_is_left_out(
    bench: Bench,
) -> None:
    bench.server.refuses = {"negative_prompt"}
    params = {"prompt": "a cat", "width": 512, "height": 256, "negativePrompt": "dogs"}
    assert await bench.use(ModelType.IMAGE, params)
    assert bench.server.pictures[-1]["size"] == "512x256"
    assert "negative_prompt" not in bench.server.pictures[-1]


async def test_a_picture_without_a_prompt_is_refused(bench: Bench) -> None:
    with pytest.raises(ModelRejected, match="prompt"):
        await bench.use(ModelType.IMAGE, {"size": "1x1"})


@pytest.mark.parametrize("given", ["imageUrl", "image"])
async def test_a_picture_is_described_by_title_and_words(bench: Bench, given: str) -> None:
    bench.server.answer = lambda request: Script("**Title: A cat**\n\nIt sleeps.", fault="json")
    picture = "https://pictures.example/1.png" if given == "imageUrl" else PICTURE
    seen = await bench.use(ModelType.IMAGE_DESCRIPTION, {given: picture})
    assert seen == {"title": "A cat", "description": "It sleeps."}
    shown = bench.server.calls[0].request["messages"][0]["content"][1]["image_url"]["url"]
    assert shown.startswith("https://" if given == "imageUrl" else "data:image/png;base64,")


async def test_large_things_are_sent_as_well(bench: Bench) -> None:
    bench.server.answer = lambda request: Script("A cat", fault="json")
    large = PICTURE + bytes(2 * 1024 * 1024)
    assert await bench.use(ModelType.IMAGE_DESCRIPTION, {"image": large})
    assert await bench.use(ModelType.TRANSCRIPTION, large)
    assert bench.server.heard[0]["audio"] == large


@pytest.mark.parametrize("picture", ["file:///etc/passwd", "", None, b"", "ftp://x/y.png"])
async def test_what_is_no_picture_is_not_sent(bench: Bench, picture: Any) -> None:
    with pytest.raises(ModelRejected):
        await bench.use(ModelType.IMAGE_DESCRIPTION, {"imageUrl": picture})
    assert bench.server.chats == 0


# --- sound and judgement -------------------------------------------------------------------------


async def test_what_is_spoken_is_written_down(bench: Bench) -> None:
    assert await bench.use(ModelType.TRANSCRIPTION, b"RIFF....WAVE") == "Good morning."
    assert (bench.server.heard[0]["name"], bench.server.heard[0]["type"]) == (
        "voice.wav",
        "audio/wav",
    )
    assert bench.spent.usage.units == 2
    params = {"audio": b"sound", "mimeType": "audio/mpeg", "language": "en", "format": "srt"}
    subtitles = await bench.use(ModelType.TRANSCRIPTION, params)
    assert "-->" in subtitles
    assert bench.server.heard[1]["language"] == "en"
    whole = await bench.use(ModelType.TRANSCRIPTION, {"audio": b"sound", "format": "json"})
    assert '"seconds":2' in whole


@pytest.mark.parametrize("audio", [None, b"", "https://sounds.example/1.ogg", 7])
async def test_an_address_of_a_sound_is_not_fetched(bench: Bench, audio: Any) -> None:
    with pytest.raises(ModelRejected):
        await bench.use(ModelType.TRANSCRIPTION, {"audio": audio})
    assert bench.server.heard == []


async def test_a_text_is_judged(bench: Bench) -> None:
    assert await bench.use(ModelType.MODERATION, {"input": "a murder"}) == {
        "flagged": True,
        "categories": {"violence": True, "hate": False},
    }
    assert (await bench.use(ModelType.MODERATION, "a walk"))["flagged"] is False


# --- when it fails -------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["500", "429", "html", "404", "401"])
async def test_services_that_fail_have_one_of_two_names(bench: Bench, fault: Any) -> None:
    bench.server.answer = lambda request: Script(fault=fault)
    rejected = fault in ("404", "401")
    with pytest.raises(ModelRejected if rejected else ModelUnavailable) as caught:
        await bench.use(ModelType.IMAGE, "a cat")
    assert KEY not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_the_next_service_takes_over(bench: Bench) -> None:
    bench.server.answer = lambda request: Script(fault="500" if request["model"] == "a" else "")
    drawn = await bench.use(
        ModelType.IMAGE,
        "a cat",
        OPENAI_IMAGE_MODEL="a",
        TOGETHER_API_KEY=KEY,
        TOGETHER_BASE_URL=bench.server.base_url,
    )
    assert drawn
    assert [call["model"] for call in bench.server.pictures] == [
        "a",
        "black-forest-labs/FLUX.1-schnell",
    ]


async def test_a_service_that_does_not_answer_is_left_at_the_limit(bench: Bench) -> None:
    bench.server.answer = lambda request: Script(fault="hang")
    with pytest.raises(ModelUnavailable, match=r"too long|in time"):
        await bench.use(ModelType.IMAGE_DESCRIPTION, PICTURE, MODEL_TIMEOUT="0.1")
