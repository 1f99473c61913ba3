"""The marks in answers: tags that mean something, tokens that leaked, and where each may end."""

from __future__ import annotations

import re
from functools import lru_cache

FIELDS = frozenset(
    {"thought", "reasoning", "actions", "action", "providers", "evaluators", "params", "simple",
     "next", "text"}
)  # fmt: skip
WRAPPERS = frozenset({"response", "output", "answer", "reply", "result", "root"})
THINKING = frozenset({"think", "thinking"})
TOOLING = frozenset(
    {"tool_call", "tool_calls", "tool_code", "tool_use", "tool_response", "function",
     "function_call", "function_calls", "invoke"}
)  # fmt: skip
"""How other formats call tools. We offer none, so nothing of it is meant for anybody."""
TURNS = frozenset({"start_of_turn", "end_of_turn", "bos", "eos"})
ASIDES = THINKING | TOOLING
"""What is passed over, with everything up to its end."""
OPENERS = FIELDS | WRAPPERS | ASIDES | TURNS
"""Every tag that must not be seen."""
BONES = frozenset({"response", "thought", "actions", "providers", "params"}) | (
    ASIDES - {"function", "invoke"}
)
"""Tags that are never words, wherever they stand, unless in backticks."""
LISTS = frozenset({"actions", "action", "providers"})

_ASIDE_OVER = {
    **dict.fromkeys(THINKING, re.compile(r"</think[^<>]{0,16}>", re.IGNORECASE)),
    **{name: re.compile(rf"</{name}[^<>]{{0,16}}>", re.IGNORECASE) for name in TOOLING},
}
_TOKEN_OVER = (
    (
        re.compile(r"<\|channel\|>"),
        re.compile(r"<\|channel\|>\s{0,4}final[^<]{0,40}<\|message\|>"),
    ),
    (
        re.compile(r"<[|｜](?:python.tag|tool.calls?(?:.section)?(?:.begin)?)[|｜]>"),
        re.compile(r"<[|｜]tool.calls?(?:.section)?.end[|｜]>"),
    ),
)
TAG = re.compile(r"<(/?)([A-Za-z_][\w.-]{0,31})(/|[\s=][^<>]{0,256})?>")
HALF_TAG = re.compile(r"<(?:/?([A-Za-z_][\w.-]{0,31})?)(/|[\s=][^<>]{0,256})?\Z")
TOKEN = re.compile(r"<[|｜][\w ▁.-]{1,40}[|｜]>|</?(?:start_of_turn|end_of_turn|bos|eos)>")
HALF_TOKEN = re.compile(r"<(?:[|｜](?:[\w ▁.-]{0,40}[|｜]?)?)?\Z")
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos|nbsp);")
# Signs that cannot begin anything are passed over in one go: "<<<<<", "a < b".
MARKUP = re.compile(r"<(?=[A-Za-z/!|｜]|\Z)")


_BONY = BONES | TURNS
_NAMES = "|".join(sorted(BONES))
BONE = re.compile(rf"</?(?:{_NAMES})\s{{0,4}}/?>|{TOKEN.pattern}", re.IGNORECASE)
_HALF_BONE = re.compile(r"</?([a-z_]{0,16})\s{0,4}/?\Z", re.IGNORECASE)


def half_bone(text: str, at: int) -> bool:
    """Whether the rest of the text may still become a tag that is never a word, or a token."""
    if HALF_TOKEN.match(text, at):
        return True
    half = _HALF_BONE.match(text, at)
    return half is not None and half[1].lower() in _begins(_BONY)


def over(tag: re.Match[str]) -> re.Pattern[str] | None:
    """Where this aside ends; None where the tag or token begins none."""
    if tag.re is TAG:
        name, more = tag[2].lower(), tag[3] or ""
        # <function=call>, <invoke name="call">; without, somebody speaks of them.
        spoken_of = tag[1] or (name in ("function", "invoke") and "=" not in more)
        return None if spoken_of else _ASIDE_OVER.get(name)
    return next((end for begin, end in _TOKEN_OVER if begin.match(tag[0])), None)


def passed(text: str, at: int, closer: re.Pattern[str]) -> tuple[int, bool]:
    """The place up to which nothing is meant for anybody, and whether that is the end of it."""
    if found := closer.search(text, at):
        return found.end(), True
    return max(at, len(text) - 80), False  # no closer that we look for is longer


def unfinished(text: str, at: int, names: frozenset[str]) -> bool:
    """Whether the rest of the text may still become a tag with one of these names, or a token."""
    if len(text) - at > 300:
        return False
    if HALF_TOKEN.match(text, at):
        return True
    half = HALF_TAG.match(text, at)
    if half is None:
        return False
    name = (half[1] or "").lower()
    if half[2]:
        return name in names
    return name in _begins(names)


@lru_cache(maxsize=64)
def _begins(names: frozenset[str]) -> frozenset[str]:
    """Every beginning of every name."""
    return frozenset(name[:size] for name in names for size in range(len(name) + 1))
