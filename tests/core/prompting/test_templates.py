"""Templates put plain data in its place, and an author hears what is wrong with one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.prompting.mustache import MOST_TEMPLATE
from core.prompting.templates import MOST_WRITTEN, TemplateError, check, render, written
from core.secrets import Secret

PEOPLE = [{"name": "Ada", "likes": ["tea", "maths"]}, {"name": "Bob", "likes": []}]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Hi {{name}}!", "Hi Ada!"),
        ("Hi {{ name }}{{{name}}}{{{ name }}}{{&name}}", "Hi AdaAdaAdaAda"),
        ("{{nobody}}", ""),
        ("{{nobody.at.all}}{{name.x}}", ""),
        ("{{room.topic}} {{room.owner.name}}", "maths Bob"),
        ("{{people.0.name}} {{people.[1].name}} {{people.9.name}}", "Ada Bob "),
        ("{{people.length}}", "2"),
        ("{{html}}", "<b>&\"'</b>"),
        ("{{count}} {{zero}} {{half}} {{whole}}", "3 0 0.5 2"),
        ("{{yes}} {{no}} {{nothing}}", "true false "),
        ("{{likes}}", "tea, maths"),
        ("{{providers}}", "It is noon.\nAda likes tea."),
        ("{{providers.TIME}} / {{providers.NONE}}", "It is noon. / "),
        ("{{[odd name]}}", "odd"),
        ("{{snake-case}} {{größe}}", "kebab 7"),
        ("{{! a note }}{{!-- with {{name}} in it --}}x", "x"),
        ("\\{{name}} \\\\{{name}}", "{{name}} \\Ada"),
        ('{"a": {"b": "{{name}}"}}', '{"a": {"b": "Ada"}}'),
        ("{{{name}}", "{Ada"),
        ("a } b }} c { d", "a } b }} c { d"),
    ],
)
def test_names_give_their_values(template: str, expected: str) -> None:
    assert render(template, _VALUES) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{#if name}}yes{{/if}}", "yes"),
        ("{{#if nobody}}yes{{else}}no{{/if}}", "no"),
        ("{{#if nobody}}a{{^}}b{{/if}}", "b"),
        ("{{#if empty}}a{{else if zero}}b{{else if name}}c{{else}}d{{/if}}", "c"),
        ("{{#unless nobody}}yes{{else}}no{{/unless}}", "yes"),
        ("{{#if zero}}a{{/if}}{{#if no}}b{{/if}}{{#if nolist}}c{{/if}}{{#if empty}}d{{/if}}", ""),
        ("{{#each people}}{{name}}: {{likes}};{{/each}}", "Ada: tea, maths;Bob: ;"),
        ("{{#each likes}}{{@index}}{{this}}{{#unless @last}}, {{/unless}}{{/each}}", "0tea, 1maths"),
        ("{{#each likes}}{{#if @first}}>{{/if}}{{.}}{{/each}}", ">teamaths"),
        ("{{#each nolist}}x{{else}}none{{/each}}{{#each name}}x{{else}}none{{/each}}", "nonenone"),
        ("{{#each owners}}{{@key}}={{this}} {{/each}}", "a=1 b=2 "),
        ("{{#each people}}{{#each likes}}{{../name}}-{{this}} {{/each}}{{/each}}", "Ada-tea Ada-maths "),
        ("{{#each people}}{{this.name}}{{../name}}{{@root.count}} {{/each}}", "AdaAda3 BobAda3 "),
        ("{{#each people}}{{count}}{{/each}}", ""),
        ("{{#with room}}{{topic}} {{../name}}{{/with}}{{#with nobody}}x{{else}}y{{/with}}", "maths Aday"),
        ("{{#if name}}{{#if nobody}}a{{else}}b{{/if}}{{else}}c{{/if}}", "b"),
    ],
)  # fmt: skip
def test_blocks_choose_and_repeat(template: str, expected: str) -> None:
    assert render(template, _VALUES) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("a\n{{#if name}}\n  b\n{{/if}}\nc", "a\n  b\nc"),
        ("a\n  {{#if nobody}}\nb\n  {{else}}\nd\n  {{/if}}  \nc\n", "a\nd\nc\n"),
        ("{{! note }}\na", "a"),
        ("a {{#if name}} b {{/if}} c", "a  b  c"),
        ("{{#each likes}}\n- {{this}}\n{{/each}}", "- tea\n- maths\n"),
        ("a\n{{name}}\nb", "a\nAda\nb"),
        ("a  {{~name~}}  b", "aAdab"),
        ("{{#if name~}}  a  {{~/if}} b", "a b"),
        ("\r\n{{#if name}}\r\nb\r\n{{/if}}\r\nc", "\r\nb\r\nc"),
    ],
)
def test_a_line_with_nothing_but_a_block_leaves_no_gap(template: str, expected: str) -> None:
    assert render(template, _VALUES) == expected


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{#if x}}", "line 1: {{#if x}} is never closed; write {{/if}}"),
        ("a\nb {{x", "line 2: {{x… is never closed"),
        ("{{/if}}", "{{/if}} closes nothing; take it out"),
        ("{{#if a}}\n{{#each b}}\n{{/if}}", "line 3: {{/if}} comes while {{#each b}} from line 2 is open"),
        ("{{#loop x}}{{/loop}}", "there are #if, #unless, #each, #with"),
        ("{{else}}", "stands in no block"),
        ("{{#if a}}{{else}}{{else}}{{/if}}", "stands in no block"),
        ("{{#if}}x{{/if}}", "names nothing"),
        ("{{call name}}", "is no name"),
        ("{{name()}}", "is no name"),
        ("{{> partial}}", "is no name"),
        ("{{}}", "is no name"),
        ("{{#if (eq a b)}}x{{/if}}", "is no name"),
        ("{{@secret}}", "there are @index"),
        ("{{!-- open", "the comment"),
        ("{{a." + "b." * 40 + "c}}", "too many parts"),
        ("{{#if a}}" * 40 + "{{/if}}" * 40, "lies too deep"),
        ("x" * (MOST_TEMPLATE + 1), "make it shorter"),
    ],
)  # fmt: skip
def test_an_author_hears_where_and_how_to_mend_it(template: str, says: str) -> None:
    with pytest.raises(TemplateError) as refused:
        check(template)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(ValueError, match=r"line|template"):
        render(template, {})


@dataclass
class Account:
    password: str = "hunter2"

    def __call__(self) -> str:
        return self.password


def test_values_are_looked_up_and_nothing_else() -> None:
    values = {"who": Account(), "f": lambda: "called", "s": Secret("hunter2"), "t": "x"}
    template = "{{who}}{{who.password}}{{f}}{{s}}{{s.reveal}}{{t.upper}}{{t.__class__}}{{t.0}}"
    assert render(template, values) == ""
    assert render("{{#if who}}a{{/if}}{{#each who}}b{{/each}}", values) == ""


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("{}#/!~\\ name.if@[]"), max_size=40))
@example("{{{{name}}}}")
def test_what_people_write_is_never_a_template(said: str) -> None:
    assert render("<{{said}}>", {"said": said, "name": "SECRET"}) == f"<{said}>"
    assert render("{{#each all}}{{this}}{{/each}}", {"all": [said]}) == said


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from([
    "{{", "}}", "{{{", "}}}", "#if ", "#each ", "/if", "/each", "else", "x", "x.y", "~", "!", "--",
    " ", "\n", "\\", "@index", "this", "../", "{", "}", "[", "]", "text", "^", "&", "0",
]), max_size=30).map("".join))  # fmt: skip
def test_any_template_is_rendered_or_refused(template: str) -> None:
    try:
        check(template)
    except TemplateError:
        return
    assert isinstance(render(template, {"x": [{"y": "z"}, 1]}), str)


@pytest.mark.parametrize(
    "template",
    [
        "{{#each l}}{{#each @root.l}}{{#each @root.l}}x{{/each}}{{/each}}{{/each}}",
        "{{#each l}}{{#each @root.l}}{{/each}}{{/each}}",
        "{{#each l}}{{@root.long}}{{/each}}",
        "{{deep}}{{l}}{{long}}",
    ],
)
def test_no_values_make_a_template_grow_without_end(template: str) -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep, deep]
    values = {"l": list(range(3000)), "long": "y" * MOST_WRITTEN, "deep": deep}
    assert len(render(template, values)) <= MOST_WRITTEN
    assert len(render(template, values, most=100)) <= 100


def test_a_function_gives_a_template_of_its_own() -> None:
    def greeting(values: Any) -> str:
        return "Welcome, {{name}}!" if values["new"] else f"Again {values['name']}"

    assert written(greeting, {"new": True, "name": "Ada"}) == "Welcome, Ada!"
    assert (
        written(greeting, {"new": False, "name": "{{new}} {{{name}}}"})
        == "Again {{new}} {{{name}}}"
    )
    assert written("{{name}}", {"name": "Ada"}) == "Ada"


def test_a_function_that_fails_is_told_without_its_words() -> None:
    def broken(values: Any) -> str:
        raise KeyError(values["said"])

    with pytest.raises(TemplateError, match="KeyError") as refused:
        written(broken, {"said": "private"})
    assert "private" not in str(refused.value)
    with pytest.raises(TemplateError, match="int"):
        written(lambda values: 7, {})  # type: ignore[arg-type,return-value]  # an author's slip


_VALUES: dict[str, Any] = {
    "name": "Ada",
    "html": "<b>&\"'</b>",
    "count": 3,
    "zero": 0,
    "half": 0.5,
    "whole": 2.0,
    "yes": True,
    "no": False,
    "nothing": None,
    "empty": "",
    "nolist": [],
    "likes": ["tea", "maths"],
    "people": PEOPLE,
    "owners": {"a": 1, "b": 2},
    "room": {"topic": "maths", "owner": {"name": "Bob"}},
    "providers": {"TIME": "It is noon.", "FACTS": "Ada likes tea."},
    "odd name": "odd",
    "snake-case": "kebab",
    "größe": 7,
}
