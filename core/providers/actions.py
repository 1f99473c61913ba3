"""ACTIONS: what the character may do here and now, with the arguments that it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from core.plugins.records import Action
from core.prompting.sheet import fill
from core.providers.once import Once
from core.state import Provider, Scene, Section

ALWAYS = (
    ("REPLY", "Say something here."),
    ("IGNORE", "Say nothing: it is not meant for you, or needs no answer."),
    ("NONE", "Do nothing further."),
)
"""What every character can do without being told; the built-in prompt explains them itself."""
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "object",
}
_MOST_OPTIONS = 12
_MOST_EXAMPLES = 10
_DESCRIPTION = 300


def _get(scene: Scene) -> Section:
    # By what is offered: as long as that stays the same, so does the text, letter by letter.
    return _once(_written, scene.character.name, *scene.actions)


def _written(character: str, *offered: Action) -> Section:
    actions = [action for action in offered if action.name not in dict(ALWAYS)]
    lines = [_line(action) for action in actions]
    names = [name for name, _ in ALWAYS] + [action.name for action in actions]
    described = [f"- {name}: {text}" for name, text in ALWAYS] + lines
    listed = ", ".join(f"'{name}'" for name in names)
    return Section(
        "ACTIONS",
        "# Available Actions\n" + "\n".join(lines) if lines else "",
        -1,
        {
            "actionNames": f"Possible response actions: {listed}",
            "actionsWithDescriptions": "\n".join(described),
            "actionExamples": _examples(character, actions),
        },
        {"actionsData": offered},
    )


def _line(action: Action) -> str:
    text = " ".join(action.description.split())[:_DESCRIPTION]
    takes = "; ".join(_arguments(action.arguments)) if action.arguments else ""
    return f"- {action.name}: {text}" + (f" Takes {takes}." if takes else "")


def _arguments(model: type[BaseModel]) -> Iterable[str]:
    schema = model.model_json_schema()
    required = schema.get("required", ())
    for name, about in schema.get("properties", {}).items():
        what = _type(about, schema.get("$defs", {}))
        told = " ".join(str(about.get("description", "")).split()).rstrip(".")
        # Text goes without saying, and every word here is paid for at every turn.
        kind = "" if what == "text" else f" ({what})"
        optional = "" if name in required else "?"
        yield f"{name}{optional}{kind}{f': {told}' if told else ''}"


def _type(about: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    if reference := str(about.get("$ref", "")):
        about = known.get(reference.rpartition("/")[2], {})
    if options := about.get("enum") or ([about["const"]] if "const" in about else []):
        return " or ".join(map(str, options[:_MOST_OPTIONS]))
    if several := about.get("anyOf") or about.get("oneOf"):
        kinds = (_type(one, known) for one in several if one.get("type") != "null")
        return " or ".join(dict.fromkeys(kinds))
    kind = _TYPES.get(str(about.get("type", "")), "text")
    if kind == "list" and isinstance(inside := about.get("items"), Mapping) and inside:
        return f"list of {_type(inside, known)}"
    return kind


def _examples(character: str, actions: Iterable[Action]) -> str:
    """elizaOS' examples as talk; placeholders become names."""
    shown: list[str] = []
    for action in actions:
        for conversation in action.examples[:1]:
            shown.append("\n".join(_said(one) for one in conversation))
    return fill("\n\n".join(shown[:_MOST_EXAMPLES]), character)


def _said(one: Mapping[str, Any]) -> str:
    content = one.get("content")
    content = content if isinstance(content, Mapping) else {"text": content or ""}
    done = content.get("actions") or content.get("action") or ()
    done = (done,) if isinstance(done, str) else done
    did = f" (actions: {', '.join(map(str, done))})" if done else ""
    return f"{one.get('name') or one.get('user') or ''}: {content.get('text') or ''}{did}"


_once: Once[Section] = Once()

actions = Provider("ACTIONS", -1, _get, builds=False)
