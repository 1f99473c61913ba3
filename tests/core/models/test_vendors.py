"""Which services are asked for a character: by their keys, by name, by address."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.errors import ModelRejected
from core.models.account import Account
from core.models.presets import PRESETS, normal, plain_name
from core.models.roles import Models
from core.ports import ModelRequest, ModelType, Said, Spent
from core.secrets import Secret
from core.settings.layers import Environment, Settings
from core.settings.vendors import is_of_models
from tests.core.models.turned import told
from tests.core.scenes import settings
from tests.fakes.model_server import ModelServer, Script

ASK = ModelRequest("You are Ada.", (Said("user", "hello"),))
KEY = "sk-test-0123456789abcdefghij"
KEYS = {
    f"{name}_API_KEY": KEY
    for name in ("GROQ", "OPENAI", "ANTHROPIC", "GOOGLE_GENERATIVE_AI", "OPENROUTER", "TOGETHER")
}


@pytest.fixture
async def models() -> AsyncIterator[Models]:
    async with Models() as made:
        yield made


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


def asked(models: Models, config: Settings, *, smaller: bool = False) -> list[str]:
    links = models.links(config, "TEXT_LARGE")
    return [link.provider.name for link in links if link.smaller is smaller]


async def test_every_service_with_a_key_is_asked_in_a_fixed_order(models: Models) -> None:
    names = [name.partition(":")[0] for name in asked(models, settings(**KEYS))]
    assert names == ["anthropic", "openrouter", "openai", "google", "groq", "together"]


async def test_what_is_named_is_asked_in_that_order_and_nothing_else(models: Models) -> None:
    config = settings(**KEYS, MODEL_PROVIDER="Groq, OpenAI", OPENAI_LARGE_MODEL="a,b")
    assert asked(models, config) == ["groq:llama-3.3-70b-versatile", "openai:a", "openai:b"]


async def test_models_on_ones_own_machine_are_asked_only_when_they_are_named(
    models: Models,
) -> None:
    assert asked(models, settings()) == ["offline"]
    for name in ("ollama", "llama.cpp", "vLLM", "LM Studio"):
        first = asked(models, settings(MODEL_PROVIDER=name))[0]
        assert first.partition(":")[0] == plain_name(name)


async def test_two_characters_may_use_two_services_with_keys_of_their_own(
    models: Models, server: ModelServer
) -> None:
    shared = Environment.of({"GROQ_BASE_URL": server.base_url})
    ada = Settings(shared, "Ada", secrets={"GROQ_API_KEY": Secret(f"{KEY}-ada")})
    bert = Settings(shared, "Bert", secrets={"OPENAI_API_KEY": Secret(f"{KEY}-bert")})
    await told(models.stream(ada, "TEXT_LARGE", ASK))
    assert server.calls[0].headers["Authorization"] == f"Bearer {KEY}-ada"
    assert asked(models, bert)[0].startswith("openai:")


async def test_a_named_service_without_its_key_is_one_clear_error(models: Models) -> None:
    config = settings(MODEL_PROVIDER="groq")
    with pytest.raises(ModelRejected, match="GROQ_API_KEY is not set"):
        await told(models.stream(config, "TEXT_LARGE", ASK))


async def test_a_name_that_nobody_goes_by_is_told_with_those_there_are(models: Models) -> None:
    with pytest.raises(ModelRejected, match="names nobody, which is none of anthropic, openrouter"):
        await told(models.stream(settings(MODEL_PROVIDER="nobody"), "TEXT_LARGE", ASK))


async def test_the_offline_model_answers_where_it_is_named(models: Models) -> None:
    assert asked(models, settings(**KEYS, MODEL_PROVIDER="offline")) == ["offline"]
    config = settings(**KEYS, MODEL_PROVIDER="openai,offline", OPENAI_LARGE_MODEL="big")
    assert asked(models, config) == ["openai:big", "offline"]


async def test_the_medium_model_is_the_large_one_until_it_is_named(models: Models) -> None:
    config = settings(OPENAI_API_KEY=KEY, OPENAI_LARGE_MODEL="big", OPENAI_SMALL_MODEL="tiny")
    assert models.links(config, "TEXT_MEDIUM")[0].provider.name == "openai:big"
    config = settings(OPENAI_API_KEY=KEY, OPENAI_MEDIUM_MODEL="middle", OPENAI_SMALL_MODEL="tiny")
    assert models.links(config, "TEXT_MEDIUM")[0].provider.name == "openai:middle"
    assert asked(models, config, smaller=True) == ["openai:middle", "openai:tiny"]


async def test_a_forced_service_has_no_stand_in(models: Models, server: ModelServer) -> None:
    server.answer = lambda request: Script(fault="401")
    config = settings(**KEYS, GROQ_BASE_URL=server.base_url)
    with pytest.raises(ModelRejected, match="refused the key"):
        await told(models.stream(config, "TEXT_LARGE", ASK, provider="groq"))
    assert server.chats == 1


async def test_an_unknown_service_cannot_be_forced(models: Models) -> None:
    with pytest.raises(ModelRejected, match="no provider acme; there are: openai, offline"):
        await told(models.stream(settings(OPENAI_API_KEY=KEY), "TEXT_LARGE", ASK, provider="acme"))


@pytest.mark.parametrize(
    "written",
    ["http://box:11434", "http://box:11434/", "http://box:11434/api", "http://box:11434/v1/"],
)
def test_ollamas_address_is_understood_in_every_form(written: str) -> None:
    assert normal(written, local=True) == "http://box:11434/v1"


async def test_ollama_answers_where_its_address_leads(models: Models, server: ModelServer) -> None:
    address = server.base_url.replace("/v1", "/api")
    config = settings(MODEL_PROVIDER="ollama", OLLAMA_API_ENDPOINT=address)
    spent = Spent()
    server.answer = lambda request: "from the box"
    assert await told(models.stream(config, "TEXT_LARGE", ASK, spent)) == "from the box"
    assert "Authorization" not in server.calls[0].headers
    assert spent.usage.provider == "ollama"
    assert models.price(spent.usage) == 0.0


async def test_who_is_paid_is_told_by_the_address() -> None:
    assert Account(None, "https://api.openai.com/v1").vendor == "openai"
    assert Account(None, "https://api.groq.com/openai/v1").vendor == "groq"
    assert Account(None, "https://proxy.example/v1").vendor == "other"


@pytest.mark.parametrize("name", PRESETS)
def test_every_service_says_which_settings_name_its_models(name: str) -> None:
    preset = PRESETS[name]
    assert preset.setting(ModelType.TEXT_LARGE).endswith("_LARGE_MODEL")
    assert preset.setting(ModelType.TEXT_TO_SPEECH) == ""


def test_elizas_names_for_what_looks_at_pictures_do_not_make_pictures() -> None:
    google, openai = PRESETS["google"], PRESETS["openai"]
    config = settings(GOOGLE_IMAGE_MODEL="gemini-1.5-flash")
    assert config.text(google.setting(ModelType.IMAGE_DESCRIPTION)) == "gemini-1.5-flash"
    assert google.setting(ModelType.IMAGE) == "GOOGLE_IMAGE_GENERATION_MODEL"
    assert openai.setting(ModelType.IMAGE) == "OPENAI_IMAGE_MODEL"


def test_a_stage_knows_which_settings_lead_to_services() -> None:
    for name in ("OPENAI_BASE_URL", "GROQ_API_KEY", "OLLAMA_API_ENDPOINT", "MODEL_PROVIDER"):
        assert is_of_models(name)
    assert not is_of_models("MODEL_TIMEOUT")


async def test_the_offline_model_costs_nothing(models: Models) -> None:
    spent = Spent()
    await told(models.stream(settings(), "TEXT_LARGE", ASK, spent))
    assert models.price(spent.usage) == 0.0


async def test_what_no_service_has_is_told_by_its_type(models: Models) -> None:
    config = settings(ANTHROPIC_API_KEY=KEY)
    for kind in (ModelType.TEXT_EMBEDDING, ModelType.TEXT_TO_SPEECH, ModelType.MODERATION):
        with pytest.raises(ModelRejected, match=f"no model for {kind}"):
            await models.use(config, kind, "x")
