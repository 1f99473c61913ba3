"""A command of an author's: its name as platforms take it, and what it gives back is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from core.plugins.equipment_shelf import working
from core.plugins.records import ActionResult, Command, Turn
from core.plugins.typed_signatures import awaited, check, sentence_of
from core.plugins.typed_threads import Threads
from core.ports import Offer

TAKEN = frozenset(
    {
        "start", "help", "reset", "mute", "unmute", "forget", "export", "why", "voice",
        "initiative", "pair", "newbot", "chat", "ask", "summarize", "settings",
    }
)  # fmt: skip
"""Ours: `core.flow.commands` has them."""
_NAME = re.compile(r"[a-z0-9_]{1,32}")
_LONGEST = 256
_LANGUAGE = re.compile(r"[a-z]{2}")


def command_of(fn: Callable[..., Any], offer: Offer, plugin: str, threads: Threads) -> Command:
    """Raises TypeError or ValueError, in a sentence, for what no platform would take."""
    count = check(fn, "a command", ("turn", "arguments"))
    offer = replace(offer, about=offer.about or sentence_of(fn))
    if reason := unfit(offer):
        raise ValueError(f"the command {offer.name!r} of {plugin} {reason}")
    does = awaited(fn, count, threads)

    async def run(turn: Turn, arguments: str) -> ActionResult:
        with working(plugin):
            answer = await does(turn, arguments)
        match answer:
            case None:
                return ActionResult()
            case str():
                return ActionResult(text=answer)
            case Mapping():
                await turn.say(answer)
                return ActionResult()
        raise TypeError(f"/{offer.name} gave back {type(answer).__name__}; a text is wanted")

    return Command(offer, run, plugin)


def unfit(offer: Offer) -> str:
    """What is wrong with it; empty where nothing is."""
    if not _NAME.fullmatch(offer.name):
        return "has a name that no platform takes: 1 to 32 of a-z, 0-9 and _"
    if offer.name in TAKEN:
        return "has a name that is taken: find it another one"
    for text in (offer.about, *offer.words.values()):
        if not 1 <= len(text.strip()) <= _LONGEST:
            return f"must say what it does, in at most {_LONGEST} characters"
    if not all(_LANGUAGE.fullmatch(one) for one in offer.words):
        return 'has words in a language that is no code of two letters, as "de"'
    if not (offer.direct or offer.groups):
        return "is for no place at all"
    return ""
