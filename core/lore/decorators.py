"""Decorators of a lorebook entry: lines `@@name value` in its content, `@@@` being fallbacks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_LINE = re.compile(r"(?P<at>@@@?)(?P<name>[A-Za-z_]+)(?:[ \t]+(?P<value>.*?))?[ \t]*")


def _number(value: str) -> int:
    return int(float(value))  # OverflowError and ValueError alike mean: not valid


def _whole(value: str) -> int:
    number = _number(value)
    if number < 0:
        raise ValueError(value)
    return number


def _divisor(value: str) -> int:
    return max(_number(value), 1)


def _listed(value: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in value.split(",") if part.strip())
    if not found:
        raise ValueError(value)
    return found


def _one_of(*names: str) -> Callable[[str], str]:
    def one(value: str) -> str:
        name = value.strip().strip("\"'").lower()
        if name not in names:
            raise ValueError(value)
        return name

    return one


def _flag(value: str) -> bool:
    if value.strip().lower() == "false":
        raise ValueError(value)
    return True


_KNOWN: Mapping[str, Callable[[str], Any]] = {
    "activate_only_after": _whole,
    "activate_only_every": _divisor,
    "keep_activate_after_match": _flag,
    "dont_activate_after_match": _flag,
    "depth": _number,
    # The specification ignores it in a chat and defines it by messages; its authors mean a chat.
    "reverse_depth": _whole,
    "role": _one_of("assistant", "system", "user"),
    "scan_depth": _whole,
    "is_greeting": _whole,
    "position": _one_of("after_desc", "before_desc", "personality", "scenario"),
    "ignore_on_max_context": _flag,
    "additional_keys": _listed,
    "exclude_keys": _listed,
    "activate": _flag,
    "dont_activate": _flag,
    "disable_ui_prompt": _one_of("post_history_instructions"),
}
"""Others are ignored, and so are those that are of texts without messages (`@@instruct_depth`)."""


def apart(content: str) -> tuple[str, dict[str, Any], tuple[str, ...]]:
    """The words, what decorates them, and the names that nobody here knows.

    Of a name given twice the first counts; a fallback counts where what stands above it does not.
    """
    if "@@" not in content:
        return content.strip("\n"), {}, ()
    words: list[str] = []
    chains: list[list[tuple[str, str]]] = []
    chaining = False
    for line in content.splitlines():
        found = _LINE.fullmatch(line.strip())
        if found is None:
            words.append(line)
            chaining = chaining and not line.strip()
            continue
        one = (found["name"].lower(), found["value"] or "")
        if found["at"] == "@@":
            chains.append([one])
            chaining = True
        elif chaining:
            chains[-1].append(one)
    given: dict[str, Any] = {}
    unknown: dict[str, None] = {}
    for chain in chains:
        taken = next(_valid(chain), None)
        if taken is None:
            unknown[chain[0][0]] = None
        else:
            given.setdefault(*taken)
    return "\n".join(words).strip("\n"), given, tuple(unknown)


def _valid(chain: list[tuple[str, str]]) -> Iterator[tuple[str, Any]]:
    for name, value in chain:
        read = _KNOWN.get(name)
        if read is None:
            continue
        try:
            yield name, read(value)
        except (ValueError, OverflowError):
            continue
