"""`troupe check` tells before the start where Telegram would not come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bots.checks import check
from core.settings.layers import Environment


def told(folder: Path, **variables: str) -> list[str]:
    """What is said of webhooks."""
    for name in ("Ada", "Eliza"):
        (folder / f"{name.lower()}.json").write_text(json.dumps({"name": name, "bio": "x"}))
    own = {"SERVER_PORT": "0", "TROUPE_DATA_DIR": str(folder / "data"), **variables}
    found = [one for one in check([], Environment.of(own, None), folder) if one.severity == "error"]
    return [str(one) for one in found if "WEBHOOK" in one.where]


def test_one_address_that_all_share_is_told_once(tmp_path: Path) -> None:
    (line,) = told(tmp_path, TELEGRAM_WEBHOOK_URL="http://bots.example.org")
    assert line.startswith("TELEGRAM_WEBHOOK_URL: ")
    assert "https only" in line


def test_one_characters_own_address_is_looked_at_as_well(tmp_path: Path) -> None:
    lines = told(
        tmp_path,
        TELEGRAM_WEBHOOK_URL="https://bots.example.org",
        CHARACTER__ADA__TELEGRAM_WEBHOOK_URL="https://192.168.0.2:8443",
        CHARACTER__ELIZA__TELEGRAM_WEBHOOK_CERTIFICATE=str(tmp_path / "no.pem"),
    )
    assert len(lines) == 2
    assert "192.168.0.2 cannot be reached" in "".join(lines)
    assert "no.pem cannot be read" in "".join(lines)


@pytest.mark.parametrize("url", ["", "polling", "https://bots.example.org/in"])
def test_what_is_well_is_not_mentioned(tmp_path: Path, url: str) -> None:
    assert told(tmp_path, TELEGRAM_WEBHOOK_URL=url) == []


def test_for_a_bot_api_server_of_ones_own_any_address_will_do(tmp_path: Path) -> None:
    assert (
        told(
            tmp_path,
            TELEGRAM_WEBHOOK_URL="http://127.0.0.1:3000",
            TELEGRAM_API_ROOT="http://127.0.0.1:8081",
        )
        == []
    )
