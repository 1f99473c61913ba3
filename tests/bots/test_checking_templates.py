"""`troupe check` reads the templates of characters, wherever in a file they stand."""

from __future__ import annotations

import json
from pathlib import Path

from bots.checked import Checked
from bots.checks import check
from core.settings.layers import Environment


def checked(tmp_path: Path, **fields: object) -> list[Checked]:
    folder = tmp_path / "characters"
    folder.mkdir()
    (folder / "ada.json").write_text(json.dumps({"name": "Ada", "bio": "x", **fields}))
    environment = Environment.of(
        {"SERVER_PORT": "0", "TROUPE_DATA_DIR": str(tmp_path / "data")}, {}
    )
    return check([], environment, folder)


def test_a_broken_template_is_an_error_with_its_line(tmp_path: Path) -> None:
    (found,) = checked(
        tmp_path, templates={"messageHandlerTemplate": "Hi\n{{#if bio}}", "b": "{{x}}"}
    )
    assert found.severity == "error"
    assert found.where.endswith("ada.json: templates.messageHandlerTemplate")
    assert found.what == "line 2: {{#if bio}} is never closed; write {{/if}}"
    assert found.mend == "The built-in prompt is used"


def test_templates_among_the_settings_are_read_too(tmp_path: Path) -> None:
    settings = {"templates": {"telegramMessageHandlerTemplate": "{{/each}}", "other": 5}}
    (found,) = checked(tmp_path, settings=settings)
    assert found.where.endswith("ada.json: settings.templates.telegramMessageHandlerTemplate")


def test_templates_that_can_be_read_are_no_matter(tmp_path: Path) -> None:
    assert checked(tmp_path, templates={"a": "{{#each b}}{{this}}{{/each}}"}) == []
