"""A command of an author's: its name as platforms take it, and what it gives back is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.plugins.equipment_shelf import working
from core.plugins.records import ActionResult, Command, Turn
from core.plugins.typed_signatures import awaited, check, sentence_of
from core.plugins.typed_threads import Threads
from core.ports import Offer, Option, OptionKind

TAKEN = frozenset(
    {
        "start", "help", "reset", "mute", "unmute", "forget", "export", "why", "voice",
        "initiative", "pair", "newbot", "chat", "ask", "summarize", "settings",
    }
)  # fmt: skip
"""Ours: `core.flow.commands` has them."""
_NAME = re.compile(r"[a-z0-9_]{1,32}")
_LONGEST = 256
_MOST = 25
"""Options, and choices of one."""
_MOST_OPTION = 100
_NO_LANGUAGE = 'has words in a language that is no code of two letters, as "de"'
_LANGUAGE = re.compile(r"[a-z]{2}")


def command_of(fn: Callable[..., Any], offer: Offer, plugin: str, threads: Threads) -> Command:
    """Raises TypeError or ValueError, in a sentence, for what no platform would take."""
    count = check(fn, "a command", ("turn", "arguments", "given"))
    offer = replace(offer, about=offer.about or sentence_of(fn))
    if reason := unfit(offer):
        raise ValueError(f"the command {offer.name!r} of {plugin} {reason}")
    does = awaited(fn, count, threads)

    async def run(turn: Turn, arguments: str) -> ActionResult:
        with working(plugin):
            answer = await does(turn, arguments, turn.inbound.given)
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
        return _NO_LANGUAGE
    if not (offer.direct or offer.groups):
        return "is for no place at all"
    return _unfit_together(offer.options) or next(filter(None, map(_unfit, offer.options)), "")


def _unfit_together(options: Sequence[Option]) -> str:
    if len(options) > _MOST:
        return f"has more than {_MOST} options"
    if len({one.name for one in options}) < len(options):
        return "has two options of one name"
    # Without a form what is said is taken in their order.
    if [one.required for one in options] != sorted((one.required for one in options), reverse=True):
        return "has an option that must be given behind one that need not be"
    return ""


def _unfit(option: Option) -> str:
    called = f"has an option {option.name!r} that"
    if not _NAME.fullmatch(option.name):
        return f"{called} no platform takes: 1 to 32 of a-z, 0-9 and _"
    for text in (option.about, *option.words.values()):
        if not 1 <= len(text.strip()) <= _MOST_OPTION:
            return f"{called} must say what it is, in at most {_MOST_OPTION} characters"
    if not all(_LANGUAGE.fullmatch(one) for one in option.words):
        return _NO_LANGUAGE
    if len(option.choices) > _MOST:
        return f"{called} leaves more than {_MOST} choices"
    if not all(1 <= len(one.strip()) <= _MOST_OPTION for one in option.choices):
        return f"{called} has a choice that is empty or longer than {_MOST_OPTION} characters"
    if option.choices and option.kind is not OptionKind.TEXT:
        return f"{called} has choices, and only a text may have some"
    least, most = option.least, option.most
    if least is not None and most is not None and least > most:
        return f"{called} is at least {least} and at most {most}"
    if option.suggests:
        return f"{called} suggests something: give it choices"
    return ""
