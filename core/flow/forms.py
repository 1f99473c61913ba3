"""What somebody has filled in: from a form, or from the words behind a command, in order."""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.messages import Inbound
from core.ports import Offer, Option, OptionKind

_MARK = re.compile(r"<(?:#|@[!&]?)(\d{1,20})>")
_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"false", "no", "off", "0"})


def given_of(offer: Offer, lead: Inbound) -> Mapping[str, str] | str:
    """By the options' names; a sentence for whoever gave it where that cannot be.

    What is no form has a word for each option, and the rest of the line for the last.
    """
    if not offer.options:
        return lead.given
    said = lead.given or _split(offer.options, lead.arguments)
    found: dict[str, str] = {}
    for one in offer.options:
        value = said.get(one.name, "").strip()
        if not value and not one.required:
            continue
        read = _read(one, value) if value else None
        if read is None:
            return f"/{offer.name} wants {_wants(one)}."
        found[one.name] = read
    return found


def _split(options: tuple[Option, ...], text: str) -> dict[str, str]:
    words = text.split(maxsplit=len(options) - 1)
    return dict(zip((one.name for one in options), words, strict=False))


def _read(option: Option, value: str) -> str | None:
    """As its kind is written; None for what is none of it."""
    if option.choices:
        wanted = value.casefold()
        return next((one for one in option.choices if one.casefold() == wanted), None)
    match option.kind:
        case OptionKind.TEXT:
            return value if _within(option, len(value)) else None
        case OptionKind.NUMBER:
            try:
                number = int(value)
            except ValueError:
                return None
            return str(number) if _within(option, number) else None
        case OptionKind.FLAG:
            word = value.casefold()
            return "true" if word in _YES else "false" if word in _NO else None
        case _:
            mark = _MARK.fullmatch(value)
            return mark[1] if mark else value


def _within(option: Option, size: int) -> bool:
    least, most = option.least, option.most
    return (least is None or size >= least) and (most is None or size <= most)


def _wants(option: Option) -> str:
    """In words for whoever gave it."""
    if option.choices:
        return f"“{option.name}”: {', '.join(option.choices)}"
    unit = {OptionKind.NUMBER: "a whole number", OptionKind.FLAG: "yes or no"}.get(
        option.kind, f"a {option.kind.value}"
    )
    least, most = option.least, option.most
    behind = " characters" if option.kind is OptionKind.TEXT else ""
    match least, most:
        case None, None:
            bounds = ""
        case None, _:
            bounds = f", at most {most}{behind}"
        case _, None:
            bounds = f", at least {least}{behind}"
        case _:
            bounds = f", {least} to {most}{behind}"
    return f"“{option.name}”, {unit}{bounds} ({option.about})"
