"""Generated files of each year survive a round trip; damaged ones are refused with findings."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from core.casting import load_character
from core.casting.parsing import parsed
from core.character import json_schema, read_character
from core.errors import BadInput

HERE = Path(__file__).parent
YEARS = {
    year: json.loads((HERE / f"{year}.json").read_text(encoding="utf-8"))
    for year in ("year2024", "year2025", "year2026")
}

EDITORS = jsonschema.Draft202012Validator(json_schema())


def unhurried(examples: int = 100) -> settings:
    """The machine may be busy with something else."""
    return settings(max_examples=examples, deadline=None)


letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(letters, min_size=1).filter(lambda text: bool(text.strip()))
names = texts.filter(lambda text: len(text.strip().splitlines()) == 1)
words = st.from_regex(r"[a-z][a-zA-Z]{0,8}", fullmatch=True)
lines = st.lists(texts, max_size=3)
one_or_many = texts | lines
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | texts
    | st.floats(allow_nan=False).filter(lambda number: abs(number) != float("inf"))
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
extra = st.dictionaries(words.map(lambda word: f"x{word}"), anything, max_size=2)


def an_object(least: dict[str, Any], further: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """With these fields, perhaps those, and whatever else an author has thought of."""
    known = st.fixed_dictionaries(least, optional=further)
    return st.tuples(extra, known).map(lambda pair: {**pair[0], **pair[1]})


style = an_object({}, {"all": one_or_many, "chat": one_or_many, "post": lines})
common = {
    "username": texts,
    "system": st.text(letters),
    "topics": one_or_many,
    "adjectives": lines,
    "postExamples": lines,
    "style": style,
    "plugins": lines,
    "templates": st.dictionaries(words, texts, max_size=2),
    "settings": st.dictionaries(words, anything, max_size=3),
}


def said(action: str) -> st.SearchStrategy[Any]:
    return texts | an_object({"text": texts}, {action: one_or_many})


def talk(name: str, action: str) -> st.SearchStrategy[Any]:
    message = an_object({name: texts, "content": said(action)}, {})
    return st.lists(st.lists(message, max_size=2), max_size=2)


place = st.fixed_dictionaries({"path": texts}, optional={"shared": st.booleans()})
folder = st.fixed_dictionaries({"directory": texts}, optional={"shared": st.booleans()})
item = st.fixed_dictionaries(
    {"item": st.fixed_dictionaries({"case": st.just("path"), "value": texts})}
)
of_2024 = an_object(
    {"name": names, "bio": texts | st.lists(texts, min_size=1)},
    {
        **common,
        "lore": lines,
        "people": lines,
        "clients": lines,
        "modelProvider": texts,
        "knowledge": st.lists(texts, max_size=2),
        "messageExamples": talk("user", "action"),
        "clientConfig": anything,
        "twitterSpaces": anything,
        "nft": anything,
        "extends": lines,
    },
)
of_2025 = an_object(
    {"name": names, "bio": texts | st.lists(texts, min_size=1)},
    {
        **common,
        "id": st.uuids().map(str),
        "knowledge": st.lists(texts | place | folder, max_size=3),
        "messageExamples": talk("name", "actions"),
    },
)
of_2026 = an_object(
    {"name": names, "bio": st.lists(texts, min_size=1)},
    {
        **common,
        "documents": st.lists(texts | item | place, max_size=3),
        "messageExamples": talk("name", "actions").map(
            lambda several: [{"examples": one} for one in several]
        ),
        "advancedPlanning": st.booleans(),
        "metadata": anything,
    },
)


@unhurried()
@given(of_2024 | of_2025 | of_2026)
def test_whatever_is_in_a_file_is_there_after_writing_and_reading_it_again(
    data: dict[str, Any],
) -> None:
    once = read_character(data, where="x")
    assert once.character is not None, once.findings
    written = once.character.to_file()
    again = read_character(json.loads(json.dumps(written)), where="x")
    assert again.character == once.character
    assert again.findings == ()
    for name, value in data.items():
        if name.startswith("x") and value is not None:
            assert written[name] == value


@unhurried()
@given(of_2025)
def test_what_is_written_is_what_editors_are_told_it_may_be(data: dict[str, Any]) -> None:
    reading = read_character(data, where="x")
    assert reading.character is not None
    EDITORS.validate(reading.character.to_file())


@unhurried(40)
@given(of_2025)
def test_json_and_yaml_of_one_character_are_one_character(data: dict[str, Any]) -> None:
    as_json = parsed(json.dumps(data), "x").data
    as_yaml = parsed(yaml.safe_dump(data, sort_keys=False), "x", is_yaml=True).data
    assert read_character(as_json, where="x") == read_character(as_yaml, where="x")


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything in a file."""
    found = [path] if path else []
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            found += places(one, (*path, key))
    return found


wrong = (
    st.sampled_from(
        [None, True, 7, -1.5, "", "x", [], [[]], [None], {}, {"a": {}}, [{}], 10**30, "\ud800"]
    )
    | anything
)


@unhurried()
@given(st.sampled_from(sorted(YEARS)), st.data())
def test_a_damaged_file_is_refused_with_findings_or_loads_and_never_raises(
    year: str, data: st.DataObject
) -> None:
    file = deepcopy(YEARS[year])
    for _ in range(data.draw(st.integers(1, 4))):
        *way, last = data.draw(st.sampled_from(places(file)))
        holder = file
        for key in way:
            holder = holder[key]
        holder[last] = deepcopy(data.draw(wrong))
    reading = read_character(file, where="file.json")
    if reading.character is None:
        assert reading.findings
    else:
        again = read_character(reading.character.to_file(), where="file.json")
        assert again.character == reading.character
    for finding in reading.findings:
        assert str(finding).startswith("file.json")
        assert "\n" not in str(finding)
        assert "sk-sample" not in str(finding)


@unhurried(60)
@given(st.sampled_from(sorted(YEARS)), st.data())
def test_a_file_that_is_cut_or_overwritten_is_told_in_one_line_with_its_place(
    year: str, data: st.DataObject
) -> None:
    text = (HERE / f"{year}.json").read_text(encoding="utf-8")
    at = data.draw(st.integers(0, len(text) - 1))
    junk = data.draw(st.sampled_from(["", "\x00", "{", '"', ",,", "é", "\\u", "1e999", "NaN"]))
    text = text[:at] + junk + text[at + data.draw(st.integers(0, 40)) :]
    is_yaml = data.draw(st.booleans())
    try:
        found = parsed(text, "file", is_yaml=is_yaml).data
    except BadInput as bad:
        findings = bad.findings
    else:
        reading = read_character(found, where="file")
        assert reading.character or reading.findings
        findings = reading.findings
    assert all(str(one).startswith("file") and "\n" not in str(one) for one in findings)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("bio", 5, "bio: must be a list"),
        ("topics", ["a", "", 5], "topics[2]: must be a text"),
        ("messageExamples", [[{"user": "a"}]], "messageExamples[0][0].content: is missing"),
        (
            "messageExamples",
            [{"examples": [{"name": "a", "content": {}}]}],
            "messageExamples[0].examples[0].content.text: is missing",
        ),
        (
            "message_examples",
            [[{"name": "a", "content": {"text": 1}}]],
            "message_examples[0][0].content.text: must be a text",
        ),
        (
            "messageExamples",
            [{"examples": [], "weight": 3}],
            "messageExamples[0]: holds weight beside its examples, which has no place",
        ),
        ("knowledge", ["a", {"shared": True}], "knowledge[1]: must be a text, or an object"),
        ("knowledge", [{"path": "a", "shared": "no"}], "knowledge[0]: has a `shared` that is"),
        ("documents", [{"path": "a", "directory": "b"}], "documents[0]: must be a text, or"),
        ("templates", {"a": ["b"]}, "templates.a: must be a text"),
        ("plugins", [{"name": "x"}], "plugins[0]: must be a text. Name each plugin"),
        ("secrets", {"A": {"b": "c"}}, "secrets.A: must be a text"),
        ("settings", {"secrets": {"A": []}}, "settings.secrets.A: must be a text"),
        ("settings", {"x": float("inf")}, "settings.x: is not a finite number"),
        ("settings", {"x": "\ud83d"}, "settings.x: holds half of a character"),
        ("settings", {"x": {1, 2}}, "settings.x: is of type set, which no file can hold"),
        ("settings", {("a", "b"): 1}, "settings: has a key that is no text (tuple)"),
        ("name", "Bob\nOb", "name: must be one line"),
        ("settings", {"x": "a\0"}, "settings.x: holds a NUL"),
        ("settings", {"a\nb\x1b": {"c": {1}}}, "settings.a b?.c: is of type set"),
        ("style", "short", "style: must be an object"),
    ],
)
def test_a_fault_is_told_with_the_way_to_it_as_the_file_spells_it(
    field: str, value: object, told: str
) -> None:
    reading = read_character({"name": "Bob", "bio": "x", field: value}, where="bob.json")
    assert reading.character is None
    (finding,) = reading.findings
    assert str(finding).startswith(f"bob.json: {told}")


def test_one_field_in_two_spellings_is_refused_since_only_one_could_count() -> None:
    data = {"name": "Bob", "bio": "x", "postExamples": ["a"], "post_examples": ["b"]}
    (finding,) = read_character(data, where="bob.json").findings
    assert (
        str(finding)
        == "bob.json: postExamples: is there as post_examples as well. Keep one of them"
    )


def test_a_name_written_twice_is_noted_in_json_and_in_yaml(tmp_path: Path) -> None:
    for name, text in (
        ("bob.json", '{"name": "Bob", "bio": "x", "style": {"all": "a", "all": "b"}}'),
        ("bob.yaml", "name: Bob\nbio: x\nstyle:\n  all: a\n  all: b\n"),
    ):
        path = tmp_path / name
        path.write_text(text)
        loaded = load_character(path)
        assert loaded.character.style.all == ("b",)
        assert loaded.notes == ("all is written twice in one object; only the last one counts",)


def test_a_date_in_yaml_stays_the_text_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "bob.yaml"
    path.write_text("name: Bob\nbio: x\nsettings:\n  since: 2024-01-01\nlore: [1999-12-31]\n")
    loaded = load_character(path)
    assert loaded.settings == {"since": "2024-01-01"}
    assert loaded.character.lore == ("1999-12-31",)


@pytest.mark.parametrize(
    "text",
    [
        "name: Bob\nbio: x\nsettings: &a\n  again: *a\n",
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n"
            for a, b in zip("abcdefg", "bcdefgh", strict=True)
        ),
    ],
    ids=["circle", "bomb"],
)
def test_yaml_that_would_never_end_is_refused_at_once(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bob.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"nested too deeply|holds too much"):
        load_character(path)
