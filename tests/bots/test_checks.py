"""`troupe check`: told before the start, offline, and never with a value."""

from __future__ import annotations

import json
import socket
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from bots.checked import Checked
from bots.checks import _voices, check
from bots.lock import hold
from core.casting import load_characters
from core.settings.layers import Environment

TOKEN = "110201543:" + "a" * 35


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "characters"
    folder.mkdir()
    for name in ("Ada", "Eliza"):
        text = json.dumps({"name": name, "bio": "x"})
        (folder / f"{name.lower()}.json").write_text(text)
    return folder


def checked(
    folder: Path, process: dict[str, str] | None = None, dotenv: dict[str, str] | None = None
) -> list[Checked]:
    data = str(folder.parent / "data")
    own = {"SERVER_PORT": "0", "TROUPE_DATA_DIR": data, **(process or {})}
    return check([], Environment.of(own, dotenv), folder)


def told(found: list[Checked]) -> str:
    return "\n".join(f"{one.severity} {one}" for one in found)


def test_a_fresh_copy_has_nothing_to_complain_about(folder: Path) -> None:
    assert checked(folder) == []
    assert not (folder.parent / "data").exists()


def test_mistakes_in_files_and_notes_are_told_errors_first(folder: Path) -> None:
    (folder / "bad.json").write_text("{")
    (folder / "old.json").write_text('{"name": "Old", "bio": "x", "clients": []}')
    found = checked(folder)
    assert [one.severity for one in found] == ["error", "warning"]
    assert "bad.json:1:2: is not JSON" in told(found)
    assert "old.json: clients is not used" in told(found)


@pytest.mark.parametrize("key", ["DISCORD_ALLOWED_ROLES", "CHANNEL_IDS"])
def test_a_list_of_who_may_talk_that_cannot_be_read_is_told(folder: Path, key: str) -> None:
    found = checked(folder, {key: '["77"'})
    assert [one.severity for one in found] == ["error"]
    assert "nobody is let in by it" in told(found)


def test_how_a_bot_of_discord_is_brought_into_a_server_is_a_note(folder: Path) -> None:
    number = "1089563422341193728"
    head = urlsafe_b64encode(number.encode()).decode().rstrip("=")
    found = checked(folder, {"DISCORD_API_TOKEN": f"{head}.GabcDE.{'x' * 38}"})
    assert [one.severity for one in found] == ["note"]
    assert f"client_id={number}&permissions=380141685824" in told(found)
    assert "xxx" not in told(found)


def test_an_empty_folder_warns_that_the_built_in_character_would_play(tmp_path: Path) -> None:
    (tmp_path / "characters").mkdir()
    assert "built-in Eliza would play" in told(checked(tmp_path / "characters"))


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("TELEGRAM_BOT_TOKN", "Did you mean TELEGRAM_BOT_TOKEN?"),
        ("openai_api_key", "Did you mean OPENAI_API_KEY?"),
        ("CHARACTER.ADA.OPENAI_LARGE_MODLE", "Did you mean CHARACTER.ADA.OPENAI_LARGE_MODEL?"),
        ("CHARACTER.ADDA.MAX_TOKENS", "Did you mean CHARACTER.ADA.MAX_TOKENS?"),
        ("CHARACTER__BOBBY__MAX_TOKENS", "no character here is called BOBBY"),
        ("SOMETHING_ELSE", "is not a setting that we know"),
    ],
)
def test_misspelt_names_in_dotenv_come_with_the_nearest_one(
    folder: Path, line: str, answer: str
) -> None:
    (finding,) = checked(folder, dotenv={line: "1"})
    assert finding.severity == "warning"
    assert answer in str(finding)


def test_other_programs_variables_and_plugins_own_ones_are_let_be(folder: Path) -> None:
    assert checked(folder, {"EDITOR_PATH": "x", "OPENAI_ORG": "y"}) == []
    assert checked(folder, dotenv={"CHARACTER.ADA.WEATHER_TOWN": "Ely"}) == []
    assert "TROUPE_HOPS?" in told(checked(folder, {"TROUPE_HOP": "1"}))


def test_values_that_are_not_what_their_key_takes_are_told_once(folder: Path) -> None:
    found = checked(
        folder,
        {"MODEL_TIMEOUT": "sesame", "TELEGRAM_API_ROOT": "sesame.org", "LOG_LEVEL": "sesame"},
        {"CHARACTER.ADA.TROUPE_HOPS": "-1", "DISABLE_MEMORY_CREATION": "sesame"},
    )
    assert [(one.where, one.severity) for one in found] == [
        ("MODEL_TIMEOUT, in the environment", "error"),
        ("DISABLE_MEMORY_CREATION, in .env", "error"),
        ("TELEGRAM_API_ROOT, in the environment", "error"),
        ("TROUPE_HOPS of Ada, in .env, for this character", "error"),
        ("LOG_LEVEL", "warning"),
    ]
    assert "sesame" not in told(found)


def test_a_process_setting_for_one_character_is_an_error(folder: Path) -> None:
    (finding,) = checked(folder, dotenv={"CHARACTER.ADA.SERVER_PORT": "1"})
    assert finding.severity == "error"
    assert "belongs to the whole process" in finding.what


def test_bad_and_doubled_tokens_are_errors(folder: Path) -> None:
    doubled = {"TELEGRAM_BOT_TOKEN": TOKEN, "CHARACTER.ELIZA.TELEGRAM_BOT_TOKEN": TOKEN}
    assert "error TELEGRAM_BOT_TOKEN: Ada and Eliza have the same bot" in told(
        checked(folder, dotenv=doubled)
    )
    assert "is not a bot token" in told(checked(folder, {"TELEGRAM_BOT_TOKEN": "x"}))


def test_another_kind_of_database_is_refused(folder: Path) -> None:
    found = told(checked(folder, {"DATABASE_URL": "mysql://u:sesame@h/d"}))
    assert "SQLite or PostgreSQL only" in found
    assert "sesame" not in found
    for url in ("sqlite:///x.db", "postgresql://u:sesame@h/d", "postgres://u:sesame@h/d"):
        assert checked(folder, {"DATABASE_URL": url}) == []


def test_a_data_directory_that_is_a_file_is_an_error(folder: Path) -> None:
    (folder.parent / "data").write_text("")
    assert "nothing can be written there" in told(checked(folder))


def test_a_taken_port_is_an_error_unless_troupe_itself_runs(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = {"SERVER_PORT": str(taken.getsockname()[1])}
        (finding,) = checked(folder, port)
        assert finding.severity == "error"
        with hold(folder.parent / "data"):
            found = checked(folder, port)
    assert [one.severity for one in found] == ["warning", "warning"]
    assert "another troupe uses this directory" in told(found)


@pytest.mark.parametrize("port", ["70000", "-1", "http", "3.5"])
def test_what_is_no_port_is_an_error(folder: Path, port: str) -> None:
    assert "error SERVER_PORT" in told(checked(folder, {"SERVER_PORT": port}))


def test_an_open_door_is_a_warning(folder: Path) -> None:
    found = checked(folder, {"SERVER_HOST": "0.0.0.0"})
    assert [one.severity for one in found] == ["warning"]
    assert "other machines" in told(found)
    assert "is not an address" in told(checked(folder, {"SERVER_HOST": "no where"}))


def test_a_dotenv_that_others_can_read_is_a_warning(folder: Path) -> None:
    file = folder.parent / ".env"
    file.write_text("LOG_LEVEL=info\n")
    data = {"TROUPE_DATA_DIR": str(folder.parent / "data"), "SERVER_PORT": "0"}
    file.chmod(0o644)
    assert "chmod 600" in told(check([], Environment.of(data, dotenv_path=file), folder))
    file.chmod(0o600)
    assert check([], Environment.of(data, dotenv_path=file), folder) == []


def test_what_a_face_cannot_have_is_told(folder: Path) -> None:
    token = urlsafe_b64encode(b"1089563422341193728").decode().rstrip("=") + ".GabcDE." + "x" * 38
    face = {"CHARACTER.ELIZA.DISCORD_FACE_OF": "Ada", "CHARACTER.ADA.DISCORD_FACE_OF": "Nobody"}
    found = told(checked(folder, {"CHARACTER.ADA.DISCORD_API_TOKEN": token}, face))
    assert "for this character: has no effect, as Ada has a bot of its own" in found
    text = json.dumps({"name": "Eliza", "bio": "x", "settings": {"avatar": "eliza.png"}})
    (folder / "eliza.json").write_text(text)
    found = told(checked(folder, {"CHARACTER.ADA.DISCORD_API_TOKEN": token}, face))
    assert "warning avatar of Eliza: is no address that Discord can fetch" in found
    wrong = {"CHARACTER.ELIZA.DISCORD_FACE_OF": "Adda"}
    found = told(checked(folder, {"CHARACTER.ADA.DISCORD_API_TOKEN": token}, wrong))
    assert "error DISCORD_FACE_OF of Eliza, in .env" in found
    assert "no character here is called Adda. There is Ada, Eliza" in found


def test_numbers_that_no_voice_takes_are_told_by_the_names_of_their_settings(folder: Path) -> None:
    found = checked(folder, dotenv={"CHARACTER.ADA.ELEVENLABS_VOICE_STABILITY": "7"})
    assert [one.severity for one in found] == ["error"]
    assert "ELEVENLABS_VOICE_STABILITY of Ada" in told(found)


def test_who_is_to_be_heard_where_nothing_speaks_is_told_once_what_to_install(folder: Path) -> None:
    roster = load_characters([folder / "ada.json", folder / "eliza.json"])
    missing = ("av", "webrtcvad")
    assert list(_voices(roster, Environment.of({}), missing)) == []
    voiced = Environment.of({"ELEVENLABS_API_KEY": "x" * 40})
    assert list(_voices(roster, voiced, ())) == []
    (found,) = _voices(roster, voiced, missing)
    assert found.severity == "warning"
    assert found.where == "Voices of Ada, Eliza"
    assert "av, webrtcvad are not installed" in str(found)
    assert "make setup" in str(found)
    assert "xxxx" not in str(found)
