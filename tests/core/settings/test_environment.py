"""The snapshot of .env and the process environment, and the pages made of the schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import BadInput
from core.secrets import Secret, taught
from core.settings.keys import KEYS
from core.settings.layers import Environment, Settings
from core.settings.schema import env_example, find, is_secret, table

PROJECT = Path(__file__).resolve().parents[3]


def test_a_missing_file_is_no_trouble(tmp_path: Path) -> None:
    environment = Environment.capture(tmp_path / ".env")
    assert environment.dotenv == {}
    assert environment.dotenv_path is None


def test_quotes_spaces_dots_and_a_byte_order_mark_are_read_as_meant(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        '\ufeffLOG_LEVEL = " debug "\n'
        "export TROUPE_HOPS='5'\n"
        "CHARACTER.MRS_WHO.TELEGRAM_BOT_TOKEN= 77:abcdef \n"
        "# a comment\nEMPTY=\nNOTHING\n"
        "TROUPE_APOLOGY=Costs $5 or ${HOME}\n",
        encoding="utf-8",
    )
    environment = Environment.capture(file)
    assert environment.dotenv == {
        "LOG_LEVEL": "debug",
        "TROUPE_HOPS": "5",
        "CHARACTER.MRS_WHO.TELEGRAM_BOT_TOKEN": Secret("77:abcdef"),
        "TROUPE_APOLOGY": "Costs $5 or ${HOME}",
    }


def test_the_process_environment_is_captured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROUPE_HOPS", '"7"')
    environment = Environment.capture(None)
    monkeypatch.setenv("TROUPE_HOPS", "8")
    assert Settings(environment).number("TROUPE_HOPS") == 7


def test_a_file_that_is_no_text_is_bad_input(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"A=\xff\xfe\xfa")
    with pytest.raises(BadInput, match="UnicodeDecodeError"):
        Environment.capture(file)


def test_secrets_and_passwords_in_urls_are_known_to_the_mask_at_once() -> None:
    Environment.of(
        {"MY_SERVICE_API_KEY": "opensesame1"}, {"DATABASE_URL": "postgresql://u:pass%21word9@h/d"}
    )
    masked = taught.mask("opensesame1 pass%21word9 pass!word9")
    assert "sesame" not in masked
    assert "word9" not in masked


def test_an_overlay_replaces_process_variables_only() -> None:
    environment = Environment.of({"LOG_LEVEL": "warn"}, {"TROUPE_HOPS": "1"})
    other = Settings(environment.overlaid(LOG_LEVEL="debug"))
    assert (other.text("LOG_LEVEL"), other.number("TROUPE_HOPS")) == ("debug", 1)
    assert Settings(environment).text("LOG_LEVEL") == "warn"


@pytest.mark.parametrize(
    "name",
    ["TELEGRAM_BOT_TOKEN", "OPENAI_API_KEY", "apiKey", "DB_PASSWORD", "clientSecret", "token"],
)
def test_these_names_hold_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["MAX_TOKENS", "maxTokens", "TELEGRAM_API_ROOT", "secretary", "key"]
)
def test_these_names_hold_none(name: str) -> None:
    assert not is_secret(name)


def test_every_spelling_means_one_key() -> None:
    spellings = [spelling for key in KEYS for spelling in key.spellings]
    assert len(spellings) == len(set(spellings))
    assert all(find(key.name) == key for key in KEYS)


def test_the_example_file_is_made_of_the_schema(tmp_path: Path) -> None:
    example = PROJECT / ".env.example"
    assert example.read_text(encoding="utf-8") == env_example()
    uncommented = tmp_path / ".env"
    lines = example.read_text(encoding="utf-8").splitlines()
    uncommented.write_text("\n".join(line[1:] for line in lines if line[1:2].isupper()))
    settings = Settings(Environment(dotenv=Environment.capture(uncommented).dotenv))
    bare = Settings(Environment.of())
    assert [settings.get(key.name) for key in KEYS] == [bare.get(key.name) for key in KEYS]


def test_the_page_of_settings_is_made_of_the_schema() -> None:
    page = (PROJECT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page.endswith(table())
