"""What /start, /help and /reset do, and which others there are; they need no model."""

from __future__ import annotations

from dataclasses import dataclass

from core.character import Character
from core.messages import Inbound

KNOWN = {
    "start": "say hello",
    "help": "what I can do",
    "reset": "forget this conversation and begin anew",
    "export": "as /export me: a file with everything of yours that I keep",
    "forget": "as /forget me: forget everything of you, everywhere",
}
INITIATIVE = "initiative"
"""Known to characters who may speak first; what it does needs more than its words."""
KNOWN_TO_SOME = {INITIATIVE: "whether I may speak first here: on, off, status"}


@dataclass(frozen=True, slots=True)
class Done:
    say: str
    forget_talk: bool = False
    begins: bool = False
    """What is said is the first of a new talk, and remembered."""


def is_ours(inbound: Inbound) -> bool:
    """Whether a command is meant for this character; `/help@another_bot` is not."""
    return not inbound.mentions_others


def perform(inbound: Inbound, character: Character, *, speaks_first: bool = False) -> Done | None:
    """None for a command that nobody here knows: it is then talk like any other."""
    match inbound.command:
        case "start":
            return Done(f"Hello, I am {character.name}. Write to me as you would to a friend.")
        case "help":
            known = KNOWN | (KNOWN_TO_SOME if speaks_first else {})
            lines = [f"/{name} – {meaning}" for name, meaning in known.items()]
            where = "" if inbound.is_direct else " In a group, mention me or reply to me."
            return Done(f"I am {character.name}.{where} I also understand:\n\n" + "\n".join(lines))
        case "reset":
            return Done("Done. We begin anew.", forget_talk=True)
        case _:
            return None
