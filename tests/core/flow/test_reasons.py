"""No rule by which something ends lacks words for people."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import core.flow
from core.flow import commands, reasons
from core.messages import Kind
from core.plugins import typed_commands

FLOW = Path(core.flow.__file__).parent
NAME = re.compile(r"[a-z]+(-[a-z0-9]+)*")
TELLS = {"Verdict": 1, "_silent": 0, "_answer": 0, "Outcome": 1, "write": 2, "Refusal": 0}
"""Calls that name a rule, by the place at which it stands."""
GIVES = frozenset({"refusal", "code_of", "_of_cue", "_of_person", "_of_group"})
"""Functions that give one back; an empty text is none."""


def rules(source: str) -> Iterator[str]:
    """Every rule that stands in a module, as far as it is written out."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args):
                if name in TELLS and len(args) > TELLS[name]:
                    yield from _texts(args[TELLS[name]])
                for given in node.keywords:
                    if given.arg == "rule":
                        yield from _texts(given.value)
                if name == "carry_out" and len(args) == 4:
                    yield from _texts(args[2])
            case ast.Assign(targets=[ast.Name(id="rule" | "RULE")], value=value):
                yield from _texts(value)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name in GIVES:
                for one in ast.walk(node):
                    if isinstance(one, ast.Return) and one.value is not None:
                        yield from _texts(one.value)


def _texts(value: ast.expr) -> Iterator[str]:
    match value:
        case ast.Constant(value=str(text)) if text:
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(one)
            yield from _texts(other)


@pytest.mark.parametrize("module", sorted(FLOW.glob("*.py")), ids=lambda path: path.stem)
def test_every_rule_of_a_module_has_words(module: Path) -> None:
    named = [rule for rule in rules(module.read_text()) if NAME.fullmatch(rule)]
    assert [rule for rule in named if not reasons.has_words(rule)] == []


def test_the_search_finds_the_rules_that_we_know_of() -> None:
    found = {rule for module in FLOW.glob("*.py") for rule in rules(module.read_text())}
    assert {
        "direct", "muted", "follow-up", "enough-exchanged", "declined-by-model", "no-answer",
        "choice", "cue", "stale", "initiative-spent", "never-said", "edit-noted", "turn-timeout",
        "command-of-another", "model-unavailable", "too-many", "not-paired", "directs-off",
        "group-not-allowed", "not-allowed",
    } <= found  # fmt: skip


def test_whatever_is_only_noted_has_words_too() -> None:
    assert [kind for kind in Kind if not reasons.has_words(f"{kind.value}-noted")] == []


def test_commands_mistakes_and_rules_of_tomorrow_are_told_as_they_are() -> None:
    assert reasons.told("command-dice") == "it was the command /dice"
    assert "KeyError" in reasons.told("bug-KeyError")
    assert reasons.told("of-tomorrow") == "of the rule “of-tomorrow”"


def test_plugins_may_not_take_the_names_of_ours() -> None:
    assert typed_commands.TAKEN == commands.NAMES
