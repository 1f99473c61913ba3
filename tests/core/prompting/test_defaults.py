"""Every default template can be rendered, answered and replaced."""

from __future__ import annotations

import re

import pytest

from core.prompting.defaults import DEFAULTS, prompt_for
from core.prompting.dynamic import Options, prompt_exec
from core.prompting.templates import render
from tests.core.prompting.obedient import Model, answering

VALUES = {
    "agentName": "Ada",
    "providers": {"TIME": "It is noon.", "RECENT_MESSAGES": "Bob: hi"},
    "recentMessages": "Bob: hi",
    "actionNames": "REPLY, IGNORE, WAVE",
    "knownFacts": "- Bob likes tea.",
    "entities": "P1: Bob",
    "bio": "Ada counts.",
    "topic": "rain",
}
ANSWERS: dict[str, tuple[dict[str, str], dict[str, object]]] = {
    "shouldRespondTemplate": ({"reasoning": "she was asked", "action": "RESPOND"}, {}),
    "messageHandlerTemplate": (
        {"thought": "hm", "actions": "REPLY, WAVE", "text": "Hi"},
        {"actions": ["REPLY", "WAVE"]},
    ),
    "reflectionTemplate": (
        {
            "thought": "fine",
            "facts": "<fact><claim>Bob has a cat.</claim><type>fact</type></fact>",
            "relationships": "",
        },
        {"facts": [{"claim": "Bob has a cat.", "type": "fact"}]},
    ),
    "postCreationTemplate": ({"thought": "hm", "post": "It rains."}, {}),
}
EACH = pytest.mark.parametrize("name", list(DEFAULTS))


@EACH
async def test_a_default_asks_for_its_fields_and_gets_them(name: str) -> None:
    prompt = DEFAULTS[name]
    written, meant = ANSWERS[name]
    model = Model(answering(written))
    result = await prompt_exec(
        model,
        values=VALUES,
        template=prompt.template,
        rows=prompt.rows,
        options=Options(role=prompt.role),
    )
    assert result == {key: value for key, value in {**written, **meant}.items() if value}
    assert "Ada" in model.prompts[0]
    assert "Bob: hi" in model.prompts[0]


@EACH
@pytest.mark.parametrize("without", list(VALUES))
def test_a_default_reads_well_without_some_of_its_values(name: str, without: str) -> None:
    template = DEFAULTS[name].template
    assert isinstance(template, str)
    text = render(template, {key: one for key, one in VALUES.items() if key != without})
    assert "{{" not in text
    assert not re.search(r"\n{4,}", text)


@EACH
async def test_a_characters_own_template_takes_its_place(name: str) -> None:
    own = prompt_for(name, {name: "As {{agentName}} only."})
    assert own.template == "As {{agentName}} only."
    assert own.rows == DEFAULTS[name].rows
    assert prompt_for(name, {name: "  ", "other": "x"}) == DEFAULTS[name]


def test_only_elizaos_names_have_a_default() -> None:
    with pytest.raises(LookupError):
        prompt_for("rubbishTemplate", {})
