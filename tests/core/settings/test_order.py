"""The order of layers, one test for each step (architecture 8)."""

from __future__ import annotations

import asyncio
import logging

import pytest

from core.secrets import Secret
from core.settings.context import RequestContext, request_scope
from core.settings.key import Key
from core.settings.layers import Environment, Settings
from core.settings.schema import declare, find

KEY = "OPENAI_EMBEDDING_MODEL"


def settings(
    process: dict[str, str] | None = None,
    dotenv: dict[str, str] | None = None,
    *,
    name: str = "Ada",
    **more: object,
) -> Settings:
    return Settings(Environment.of(process, dotenv), name, "an-id", **more)  # type: ignore[arg-type]


ALL_LAYERS = {
    "process": {f"CHARACTER.ADA.{KEY}": "own process", KEY: "shared process"},
    "dotenv": {f"CHARACTER.ADA.{KEY}": "own file", KEY: "shared file"},
}


def test_a_persons_own_value_beats_everything() -> None:
    ada = settings(**ALL_LAYERS)
    with request_scope(RequestContext("bob", entity_settings={KEY: "bob's"})):
        assert ada.get(KEY) == "bob's"
        assert ada.where(KEY) == "the settings of bob"
    assert ada.get(KEY) == "own process"


def test_the_own_process_variable_beats_the_own_line_in_dotenv() -> None:
    assert settings(**ALL_LAYERS).get(KEY) == "own process"


def test_the_own_line_in_dotenv_beats_the_file() -> None:
    ada = settings(dotenv=ALL_LAYERS["dotenv"], secrets={KEY: Secret("a secret")})
    assert ada.get(KEY) == "own file"


def test_the_files_secrets_beat_its_settings() -> None:
    ada = settings({KEY: "shared"}, secrets={KEY: Secret("hidden one")}, plain={KEY: "plain"})
    assert ada.get(KEY) == "hidden one"


def test_the_files_settings_beat_what_all_share() -> None:
    assert settings({KEY: "shared"}, plain={KEY: "plain"}).get(KEY) == "plain"


def test_the_shared_process_variable_beats_the_shared_line_in_dotenv() -> None:
    assert settings({KEY: "process"}, {KEY: "dotenv"}).get(KEY) == "process"


def test_the_shared_line_in_dotenv_beats_the_default() -> None:
    assert settings(dotenv={KEY: "dotenv"}).get(KEY) == "dotenv"


def test_the_default_is_the_last_answer_before_the_callers() -> None:
    assert settings().get(KEY, "the caller's") == "text-embedding-3-small"
    assert settings().where(KEY) == "the default"
    assert settings().get("TEMPERATURE", "the caller's") == "the caller's"
    assert settings().where("TEMPERATURE") == "nowhere"


def test_a_change_at_run_time_beats_the_file_and_none_gives_the_file_back() -> None:
    assert settings(plain={KEY: "file"}, notes={KEY: "changed"}).get(KEY) == "changed"
    assert settings(plain={KEY: "file"}, notes={KEY: None}).get(KEY) == "file"


@pytest.mark.parametrize("blank", ["", "   ", '""', "' '"])
def test_blank_counts_as_absent_in_every_layer(blank: str) -> None:
    ada = settings(
        {f"CHARACTER.ADA.{KEY}": blank}, {KEY: "dotenv"}, plain={KEY: blank.strip("\"'")}
    )
    assert ada.get(KEY) == "dotenv"


@pytest.mark.parametrize("value", [0, False])
def test_zero_and_false_are_values(value: object) -> None:
    ada = settings({"MAX_TOKENS": "7"}, plain={"MAX_TOKENS": value})
    assert ada.get("MAX_TOKENS", 9) is value


def test_true_and_false_become_booleans() -> None:
    ada = settings({"DISABLE_MEMORY_CREATION": " true "}, {"TROUPE_RESEND_UNCERTAIN": '"False"'})
    assert ada.get("DISABLE_MEMORY_CREATION") is True
    assert ada.get("TROUPE_RESEND_UNCERTAIN") is False
    assert ada.flag("TROUPE_RESEND_UNCERTAIN") is False


def test_bob_never_reads_bobbys_or_adas_variables() -> None:
    variables = {
        f"CHARACTER.BOBBY.{KEY}": "bobby",
        f"CHARACTER__BOBBY__{KEY}": "bobby",
        f"CHARACTER.ADA.{KEY}": "ada",
    }
    bob = settings(variables, name="Bob")
    assert bob.where(KEY) == "the default"
    assert bob.get(f"CHARACTER.ADA.{KEY}") is None
    assert bob.get(f"BY.{KEY}") is None


@pytest.mark.parametrize(
    "variable",
    [
        "CHARACTER.MRS_WHO.{}",
        "CHARACTER__MRS_WHO__{}",
        "CHARACTER.AN-ID.{}",
        "CHARACTER__AN_ID__{}",
    ],
)
def test_a_character_is_meant_by_name_or_id_with_dots_or_underscores(variable: str) -> None:
    assert settings({variable.format(KEY): "hers"}, name="Mrs Who").get(KEY) == "hers"


def test_what_nobody_declared_stays_on_the_host() -> None:
    ada = settings({"HOST_PASSPHRASE": "1"}, {"HOST_PASSPHRASE": "2"})
    assert ada.get("HOST_PASSPHRASE") is None
    assert settings(plain={"HOST_PASSPHRASE": "hers"}).get("HOST_PASSPHRASE") == "hers"
    assert settings({"CHARACTER.ADA.HOST_PASSPHRASE": "hers"}).get("HOST_PASSPHRASE") == "hers"


def test_a_declared_key_is_looked_up_everywhere() -> None:
    name = "TEST_ONLY_WEATHER_TOWN"
    assert settings({name: "Ely"}).get(name) is None
    declare(Key(name, "text", "Rome", "Where it rains.", "character"))
    assert settings({name: "Ely"}).get(name) == "Ely"
    assert settings().get(name) == "Rome"
    with pytest.raises(ValueError, match="declared already"):
        declare(Key(name, "number", "", "", "process"))


def test_an_unscoped_token_belongs_to_the_first_character_only() -> None:
    token = {"TELEGRAM_BOT_TOKEN": "123456789:" + "a" * 35}
    assert settings(token, first=True).secret("TELEGRAM_BOT_TOKEN") is not None
    assert settings(token, first=False).secret("TELEGRAM_BOT_TOKEN") is None
    own = {"CHARACTER.ADA.TELEGRAM_BOT_TOKEN": "1:x"}
    assert settings(own, first=False).secret("TELEGRAM_BOT_TOKEN") == Secret("1:x")


def test_neither_a_character_nor_a_person_sets_what_the_process_lives_by() -> None:
    ada = settings({"CHARACTER.ADA.SERVER_PORT": "1"}, plain={"SERVER_PORT": 2})
    with request_scope(RequestContext("bob", entity_settings={"SERVER_PORT": 3})):
        assert ada.number("SERVER_PORT") == 3000


def test_an_alias_answers_where_the_name_does_not() -> None:
    assert settings({"PORT": "4000"}).number("SERVER_PORT") == 4000
    assert settings({"API_PORT": "5000"}).number("SERVER_PORT") == 5000
    assert settings({"PORT": "4000", "SERVER_PORT": "1"}).number("SERVER_PORT") == 1
    assert settings({"POSTGRES_URL": "sqlite:///x"}).text("DATABASE_URL") == "sqlite:///x"


def test_elizas_spelling_is_understood_in_files_only() -> None:
    assert settings(plain={"maxTokens": 200}).number("MAX_TOKENS") == 200
    assert settings(plain={"conversationLength": 5}).number("CONVERSATION_LENGTH") == 5
    assert settings({"maxTokens": "200"}).number("MAX_TOKENS") is None
    assert find("maxTokens") is find("MAX_TOKENS")


def test_no_value_is_ever_shown() -> None:
    marked = "marked-4711-value"
    env = Environment.of({"OPENAI_API_KEY": marked, "X": marked}, {"Y": marked})
    ada = Settings(
        env, "Ada", secrets={"S": Secret(marked)}, plain={"P": marked}, notes={"N": marked}
    )
    assert isinstance(ada.get("OPENAI_API_KEY"), Secret)
    assert ada.where("OPENAI_API_KEY") == "the environment"
    shown = repr(ada) + repr(env) + str(ada.get("OPENAI_API_KEY"))
    assert marked not in shown
    with pytest.raises(TypeError, match="secret"):
        ada.text("OPENAI_API_KEY")


def test_what_resolved_is_logged_with_layer_and_person_but_without_the_value(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        caplog.at_level(logging.DEBUG, "core.settings.layers"),
        request_scope(RequestContext("bob", entity_settings={"OPENAI_API_KEY": "sesame-opens"})),
    ):
        settings().get("OPENAI_API_KEY")
    assert "OPENAI_API_KEY for bob comes from the settings of bob" in caplog.text
    assert "sesame" not in caplog.text


async def test_two_people_at_once_never_read_each_others_keys() -> None:
    ada = settings({"OPENAI_API_KEY": "everybodys-key"})
    seen: dict[str, set[str]] = {"bob": set(), "eve": set()}

    async def serve(person: str) -> None:
        with request_scope(RequestContext(person, entity_settings={"OPENAI_API_KEY": person * 3})):
            for _ in range(50):
                key = ada.secret("OPENAI_API_KEY")
                assert key is not None
                seen[person].add(key.reveal())
                await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(serve("bob"))
        group.create_task(serve("eve"))
    assert seen == {"bob": {"bobbobbob"}, "eve": {"eveeveeve"}}
