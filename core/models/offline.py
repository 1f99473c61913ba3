"""The model that needs no key and no network: pattern and reflection, as ELIZA did it in 1966.

The same request gives the same answer, on every machine.
"""

from __future__ import annotations

import operator
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from html import escape
from zlib import crc32

from core.models.script import ELSE, RECALLED, RULES, turned
from core.ports import ModelRequest, Spent, Usage

_NAME = re.compile(r"^# About (.{1,80})$", re.MULTILINE)
_YOU_ARE = re.compile(r"\bYou are ([A-Z][\w'-]{0,40}(?: [A-Z][\w'-]{0,40}){0,2})")
_ABOUT = re.compile(r"^# About .{1,80}\n([^.!?\n]{1,200}[.!?])", re.MULTILINE)
_TOPICS = re.compile(r"likes to talk about ([^\n]{1,400})\.$", re.MULTILINE)
_SPEAKER = re.compile(r"^[^:\n]{1,120}: ", re.MULTILINE)
_MINE = re.compile(
    r"\bmy\s+([\w'-]+(?:\s+(?!(?:is|are|was|were|has|had|will|does|did|can|and|but|to)\b)[\w'-]+){0,2})",
    re.IGNORECASE,
)
_SUM = re.compile(
    r"(-?\d{1,9}(?:\.\d{1,6})?)\s*(\+|-|−|\*|x|×|/|÷|plus|minus|times|divided by)"
    r"\s*(-?\d{1,9}(?:\.\d{1,6})?)",
    re.IGNORECASE,
)
_LONGEST = 2000
_DONE: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "plus": operator.add,
    "-": operator.sub, "−": operator.sub, "minus": operator.sub,
    "*": operator.mul, "x": operator.mul, "×": operator.mul, "times": operator.mul,
    "/": operator.truediv, "÷": operator.truediv, "divided by": operator.truediv,
}  # fmt: skip


class Offline:
    """A ModelProvider that is always there."""

    name = "offline"

    async def stream(
        self, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]:
        question, unsure = _question(request)
        if unsure:
            yield "<response><actions>IGNORE</actions></response>"
            return
        words = escape(reply(request, question), quote=False).split(" ")
        yield "<response><actions>REPLY</actions><text>"
        for at, word in enumerate(words):
            yield f" {word}" if at else word
        yield "</text></response>"
        if spent is not None:
            spent.usage = Usage(self.name, provider=self.name)


def reply(request: ModelRequest, question: str) -> str:
    """What the character says to this; never empty."""
    seed = crc32(f"{len(request.messages)}:{question}".encode())
    system = request.system
    found = _NAME.search(system) or _YOU_ARE.search(system)
    name = found[1].strip() if found else "nobody in particular"
    about = _ABOUT.search(system)
    words = {
        "name": name,
        "about": about[1] if about else "There is little more to say about me.",
        "topic": _topic(system, seed),
    }
    if calculated := _calculated(question):
        return calculated
    for rule in RULES:
        match = rule.pattern.search(question)
        if match is not None:
            picked = turned(next((group for group in match.groups() if group), ""))
            return _filled(_one_of(rule.replies, seed), words, picked)
    if (earlier := _earlier(request)) and seed % 2:
        return _filled(_one_of(RECALLED, seed >> 1), words, turned(earlier))
    return _filled(_one_of(ELSE, seed >> 1), words, "")


def _question(request: ModelRequest) -> tuple[str, bool]:
    """What was said last, without our context around it; and whether silence was offered."""
    last = next((said.text for said in reversed(request.messages) if said.role == "user"), "")
    before, mark, words = last.rpartition("</context>\n")
    if not mark:
        return last[:_LONGEST], False
    if "You are in the " in before:
        words = _SPEAKER.sub("", words)
    return words[:_LONGEST].strip(), "<actions>IGNORE</actions>" in before


def _earlier(request: ModelRequest) -> str:
    """Something of the person's own that was spoken of before, the oldest first."""
    for said in request.messages[:-1]:
        if said.role == "user" and (mine := _MINE.search(said.text[:_LONGEST])):
            return mine[1].strip()
    return ""


def _topic(system: str, seed: int) -> str:
    found = _TOPICS.search(system)
    if found is None:
        return "We can talk about anything you like."
    topic = _one_of(found[1].split(", "), seed >> 3)
    return f"We could also talk about {topic}."


def _calculated(question: str) -> str:
    found = _SUM.search(question)
    if found is None:
        return ""
    left, right = float(found[1]), float(found[3])
    try:
        result = _DONE[found[2].lower()](left, right)
    except ZeroDivisionError:
        return "Nothing can be divided by zero; the question has no answer."
    return f"{left:.12g} {found[2]} {right:.12g} is {result:.12g}."


def _one_of(choices: Sequence[str], seed: int) -> str:
    return choices[seed % len(choices)]


def _filled(reply: str, words: dict[str, str], picked: str) -> str:
    # One pass, so that braces in what somebody said stay what they are.
    return re.sub(
        r"\{(\w+)\}", lambda slot: picked if slot[1] == "0" else words[slot[1]], reply
    ).strip()
