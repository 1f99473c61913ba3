"""Reading a whole answer into a dict: JSON, XML and what models make of them; it never raises.

Every step is counted and every look ahead has an end, so that no answer takes long, whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.prompting import loose_json, loose_xml
from core.prompting.marks import TOKEN

MOST_READ = 256 * 1024
"""Characters; the rest is not looked at."""

Form = Literal["json", "xml", ""]

LISTS = frozenset({"actions", "providers", "evaluators"})
"""Fields whose words between commas are a list, as elizaOS has it."""

_THOUGHTS = re.compile(r"<(/?)(?:think|thinking)(?:\s[^<>]{0,64})?>", re.IGNORECASE)
_YES = frozenset({"true", "yes", "1", "on", "y"})


@dataclass(frozen=True, slots=True)
class Found:
    values: dict[str, Any]
    complete: bool
    """It came to its proper end; False where something was cut off."""


def read(text: str | Mapping[str, Any], *, form: Form = "") -> dict[str, Any] | None:
    """What the answer says, by field; None where it says nothing of that kind.

    `form` is what was asked for; an answer in the other form is taken as well. What is an object
    already comes back as it is.
    """
    if isinstance(text, Mapping):
        return dict(text) or None
    found = find(text, form=form)
    return found.values if found else None


def find(
    text: str, *, form: Form = "", fields: Sequence[str] = (), words: Sequence[str] = ()
) -> Found | None:
    """As `read`, and whether it was all there. `fields` are the names that were asked for, `words`
    those of them that are words, whatever tags stand in them."""
    whole = len(text) <= MOST_READ
    text = _without_thoughts(text[:MOST_READ])
    at_tag, at_brace = text.find("<"), text.find("{")
    if not form:
        form = "json" if at_brace >= 0 and (at_tag < 0 or at_brace < at_tag) else "xml"
    found = _json(text) if form == "json" else _xml(text, fields, words)
    if found is None:  # the other form is better than none
        found = _xml(text, fields, words) if form == "json" else _json(text)
    if found is None:
        return None
    values = {key: _listed(key, value) for key, value in found[0].items()}
    return Found(values, found[1] and whole)


def truth(value: Any) -> bool:
    """Whatever a model writes for yes; everything else is no."""
    if isinstance(value, str):
        return value.strip().strip(".!\"'").lower() in _YES
    return bool(value) if isinstance(value, bool | int | float) else False


def _json(text: str) -> tuple[dict[str, Any], bool] | None:
    return loose_json.find(text) if "{" in text else None


def _xml(
    text: str, fields: Sequence[str], words: Sequence[str]
) -> tuple[dict[str, Any], bool] | None:
    return loose_xml.find(TOKEN.sub("", text), fields, words) if "<" in text else None


def _without_thoughts(text: str) -> str:
    """What stands outside of <think>; a closing tag alone ends a thought that began unseen."""
    if "think" not in text.lower():
        return text
    # Inside an answer that has begun, a lone tag is one that the words speak of.
    begun = text.lstrip("` \n\r\t").startswith(("{", "<", "json", "xml"))
    kept: list[str] = []
    at, inside = 0, -1
    for tag in _THOUGHTS.finditer(text):
        if not tag[1] and inside < 0:
            inside = tag.start()
        elif tag[1] and inside >= 0:
            kept.append(text[at:inside])
            inside, at = -1, tag.end()
        elif tag[1] and not kept and not begun:
            at = tag.end()
    starts = inside >= 0 and not text[at:inside].strip()
    kept.append(text[at:inside] if inside >= 0 and (starts or not begun) else text[at:])
    return "".join(kept)


def _listed(key: str, value: Any) -> Any:
    low = key.lower()
    if low == "simple":
        return truth(value)
    if low not in LISTS:
        return value
    if isinstance(value, str):
        return [part for part in map(str.strip, value.split(",")) if part]
    if isinstance(value, Mapping) and len(value) == 1:
        # <actions><action>A</action><action>B</action></actions>
        value = next(iter(value.values()))
        return value if isinstance(value, list) else _listed(key, value)
    return value
