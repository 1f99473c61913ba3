"""What a model is told that is to sum up a talk, in the character's own voice."""

from __future__ import annotations

from collections.abc import Sequence

from core.ports import ModelRequest, Said
from core.prompting.budget import tokens
from core.prompting.stock import ANSWERING, LONGEST_PROMPT
from core.prompting.words import named, under_name
from core.state import Line, Scene, State

_LONGEST_LINE = 1_000
_ASKED = """\
({who} asks {name} to sum up the talk above for whoever has not read it: what it was about, who \
said what that mattered, what was agreed, and what is still open. A few sentences, or a short list \
where there was much, in the language of that talk. Nothing that nobody said.)"""


def summing(scene: Scene, state: State, lines: Sequence[Line]) -> ModelRequest:
    """The newest of these lines, as many as a prompt may hold."""
    name = scene.character.name
    system = f"{state['CHARACTER'] or f'You are {name}.'}\n\n{ANSWERING.format(name=name)}"
    about = [text for one in ("ROOM", "HOUSE_RULES") if (text := state[one])]
    who = named(scene.inbound[-1].author.name)
    asked = _ASKED.format(who=who, name=name)
    most = int(scene.settings.number("TROUPE_PROMPT_TOKENS", 0.0)) or LONGEST_PROMPT
    room = most - tokens("\n".join((system, *about, asked))) - 50
    shown: list[str] = []
    for line in reversed(lines):
        speaker = name if line.ours else named(line.name)
        told = under_name(speaker, line.text, most=_LONGEST_LINE)
        if (room := room - tokens(told)) < 0 and shown:
            break
        shown.append(told)
    talk = "\n".join(reversed(shown))
    text = "\n".join(("<context>", *about, "The talk, oldest first:", talk, "</context>", asked))
    return ModelRequest(system=system, messages=(Said("user", text),))
