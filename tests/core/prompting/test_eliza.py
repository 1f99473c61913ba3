"""elizaOS' helpers mean what they mean there."""

from __future__ import annotations

from uuid import UUID

import pytest

from core.prompting.eliza import (
    add_header,
    compose_prompt_from_state,
    generate_id,
    parse_key_value_xml,
)
from core.prompting.sheet import fill
from core.prompting.templates import TemplateError
from core.state import Section, State

STATE = State(
    sections=(
        Section("TIME", "It is noon.", 1),
        Section("FACTS", "", 2),
        Section("CUSTOM", "c", 3),
    ),
    values={"TIME": "It is noon.", "agentName": "Ada", "subject": "maths"},
)


def test_a_template_knows_providers_as_one_text_and_by_name() -> None:
    template = "{{agentName}}|{{subject}}|{{providers}}|{{providers.CUSTOM}}|{{TIME}}"
    assert compose_prompt_from_state(STATE, template) == "Ada|maths|It is noon.\nc|c|It is noon."


def test_further_context_goes_over_the_state() -> None:
    assert (
        compose_prompt_from_state(STATE, "{{subject}}{{x}}", {"subject": "art", "x": 1}) == "art1"
    )


def test_elizaos_own_state_of_dicts_is_taken() -> None:
    state = {"text": "all of it", "values": {"agentName": "Ada"}, "data": {"x": 1}, "goals": "win"}
    template = "{{agentName}}|{{goals}}|{{providers}}|{{x}}|{{text}}"
    assert compose_prompt_from_state(state, template) == "Ada|win|all of it||"


def test_the_people_of_examples_have_names_and_always_the_same() -> None:
    told = compose_prompt_from_state(STATE, "{{name1}} meets {{name2}} and {{user1}}")
    assert told == fill("{{name1}} meets {{name2}} and {{user1}}", "Ada")
    assert "{{" not in told


def test_html_in_what_people_say_stays_as_it_is() -> None:
    assert compose_prompt_from_state(State(values={"x": "<a> & 'b'"}), "{{x}}") == "<a> & 'b'"


def test_a_wrong_template_is_refused() -> None:
    with pytest.raises(TemplateError):
        compose_prompt_from_state(STATE, "{{#if}}")


def test_fields_of_a_response_come_by_name() -> None:
    xml = (
        "Sure!\n<response>\n<thought>a &amp; b</thought><actions>REPLY, WAVE</actions>"
        "<providers></providers><text>Hi</text><simple>true</simple><extra>x</extra></response>"
    )
    assert parse_key_value_xml(xml) == {
        "thought": "a & b",
        "actions": ["REPLY", "WAVE"],
        "providers": [],
        "text": "Hi",
        "simple": True,
        "extra": "x",
    }


@pytest.mark.parametrize("nothing", ["", "no tags", "<response></response>", "a < b", "<b>hi</b>"])
def test_where_there_are_no_fields_there_is_nothing(nothing: str) -> None:
    assert parse_key_value_xml(nothing) is None


def test_fields_need_no_wrapper() -> None:
    assert parse_key_value_xml("<action>REPLY</action>") == {"action": "REPLY"}
    assert parse_key_value_xml("<thought>t</thought>\n<simple>false</simple>") == {
        "thought": "t",
        "simple": False,
    }


def test_what_is_an_object_already_stays_one() -> None:
    assert parse_key_value_xml({"text": "Hi"}) == {"text": "Hi"}


def test_a_header_stands_only_above_something() -> None:
    assert add_header("# Facts", "one") == "# Facts\none\n"
    assert add_header("", "one") == "one\n"
    assert add_header("# Facts", "") == ""


def test_ids_are_uuids_and_never_the_same() -> None:
    assert UUID(generate_id()) != UUID(generate_id())
