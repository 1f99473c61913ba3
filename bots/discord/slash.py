"""The commands and menus of one bot as Discord is told of them: what it would refuse is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bots.discord import kinds
from bots.discord.at_once import cut
from core.messages import Rank
from core.ports import Offer, Option, OptionKind
from core.text import clean

Command = dict[str, Any]

BY_SERVERS, BY_PEOPLE = 0, 1
"""Who has brought the bot along: a server, for all in it, or somebody, for themselves anywhere."""
_IN_SERVERS, _WITH_US, _ELSEWHERE = 0, 1, 2
_MOST, _OPTIONS, _CHOICES = 100, 25, 25
_NAME_LENGTH, _ABOUT, _CHOICE, _ALL_TEXT = 32, 100, 100, 8_000
_LONGEST_TEXT = 6_000
_WHOLE = 2**53
_MANAGE_SERVER = 1 << 5
_NAME = re.compile(r"[-_'\w]{1,32}")
_TYPES = {
    OptionKind.TEXT: 3,
    OptionKind.NUMBER: 4,
    OptionKind.FLAG: 5,
    OptionKind.PERSON: 6,
    OptionKind.CHANNEL: 7,
    OptionKind.ROLE: 8,
}
_LOCALES = [
    "ar",
    "bg",
    "cs",
    "da",
    "de",
    "el",
    "en-GB",
    "en-US",
    "es-419",
    "es-ES",
    "fi",
    "fr",
    "he",
    "hi",
    "hr",
    "hu",
    "id",
    "it",
    "ja",
    "ko",
    "lt",
    "nl",
    "no",
    "pl",
    "pt-BR",
    "ro",
    "ru",
    "sv-SE",
    "th",
    "tr",
    "uk",
    "vi",
    "zh-CN",
    "zh-TW",
]
_KNOWN = {one.lower(): one for one in _LOCALES}
_NEAREST = {"nb": "no", "nn": "no", "iw": "he"}
_ABOUT_THEM = {
    "de": "{name} nach dieser Person fragen",
    "es": "Preguntar a {name} quién es",
    "fr": "Demander à {name} qui est-ce",
    "pt": "Perguntar a {name} quem é",
    "ru": "Спросить {name}, кто это",
}
_ABOUT_THIS = {
    "de": "{name} dazu befragen",
    "es": "Preguntar a {name} sobre esto",
    "fr": "Demander à {name} son avis",
    "pt": "Perguntar a {name} sobre isto",
    "ru": "Спросить {name} об этом",
}
_WHY = {"de": "Warum?", "es": "¿Por qué?", "fr": "Pourquoi ?", "pt": "Por quê?", "ru": "Почему?"}


class _Wrong(Exception):
    """Discord would refuse the whole list for it."""


@dataclass(frozen=True, slots=True)
class Listed:
    commands: tuple[Command, ...]
    left_out: tuple[str, ...] = ()
    """In words for the operator, one for each."""


def listed(
    offers: Sequence[Offer], character: str, installs: Iterable[int] = (BY_SERVERS, BY_PEOPLE)
) -> Listed:
    """`installs` is how the bot may be brought along, as it is set up at Discord."""
    ways = frozenset(installs)
    shown: list[Command] = []
    wrong: list[str] = []
    names: set[str] = set()
    for offer in offers:
        try:
            command = _slash(offer, ways)
            if offer.name in names:
                raise _Wrong("there is another one of that name")
            if len(shown) == _MOST:
                raise _Wrong(f"Discord takes {_MOST} at most")
        except _Wrong as error:
            wrong.append(f"/{offer.name}: {error}")
            continue
        names.add(offer.name)
        shown.append(command)
    return Listed((*shown, *_menus(names, character, ways)), tuple(wrong))


def locales(words: Mapping[str, str]) -> dict[str, str]:
    """Texts by codes of languages ("de", "pt-br"), by those that Discord has."""
    found: dict[str, str] = {}
    for code, text in words.items():
        code = code.replace("_", "-").lower()
        code = _NEAREST.get(code, code)
        there = [one for low, one in _KNOWN.items() if low == code or low.startswith(f"{code}-")]
        found |= {one: text for one in there if text.strip() and one not in found}
    return found


def same(ours: Iterable[Command], theirs: object) -> bool:
    """Whether this is what Discord has, as far as can be seen without asking for every language."""
    there = [one for one in theirs if isinstance(one, dict)] if isinstance(theirs, list) else []
    return sorted(map(_shape, ours)) == sorted(map(_shape, there))


# --- one command ---------------------------------------------------------------------------------


def _slash(offer: Offer, ways: frozenset[int]) -> Command:
    if not _is_name(offer.name):
        raise _Wrong("its name is not 1 to 32 small letters and digits")
    required = sorted(offer.options, key=lambda one: not one.required)  # Discord asks these first
    options = [_option(one) for one in required]
    if len(options) > _OPTIONS:
        raise _Wrong(f"it has more than {_OPTIONS} options")
    if len({one["name"] for one in options}) < len(options):
        raise _Wrong("two of its options have the same name")
    leads = offer.who in (Rank.ADMIN, Rank.OWNER)
    command = {
        "type": kinds.SLASH,
        "name": offer.name,
        **_told(offer.about, offer.words),
        "options": options,
        # Whom a server has it for can be changed there; that they may is looked at here as well.
        "default_member_permissions": _MANAGE_SERVER if leads and offer.groups else None,
        **_where(offer, ways),
    }
    if _length(command) > _ALL_TEXT:
        raise _Wrong(f"all its words together are longer than {_ALL_TEXT}")
    return command


def _option(one: Option) -> Command:
    if not _is_name(one.name):
        raise _Wrong(f"its option {one.name!r} is not 1 to 32 small letters and digits")
    option: Command = {"type": _TYPES[one.kind], "name": one.name, **_told(one.about, one.words)}
    if one.required:
        option["required"] = True
    if len(one.choices) > _CHOICES:
        raise _Wrong(f"its option {one.name} has more than {_CHOICES} choices")
    if one.choices:
        option["choices"] = list(_choices(one))
    elif one.suggests and one.kind in (OptionKind.TEXT, OptionKind.NUMBER):
        option["autocomplete"] = True
    return option | _bounds(one)


def _choices(one: Option) -> Iterator[Command]:
    if one.kind not in (OptionKind.TEXT, OptionKind.NUMBER):
        raise _Wrong(f"its option {one.name} is of a kind that has no choices")
    if len(set(one.choices)) < len(one.choices):
        raise _Wrong(f"its option {one.name} has a choice twice")
    for text in one.choices:
        if not 0 < len(text.strip()) <= len(text) <= _CHOICE:
            raise _Wrong(f"a choice of its option {one.name} is not 1 to {_CHOICE} characters long")
        try:
            yield {"name": text, "value": int(text) if one.kind is OptionKind.NUMBER else text}
        except ValueError:
            raise _Wrong(f"a choice of its option {one.name} is no number") from None


def _bounds(one: Option) -> Command:
    least, most = one.least, one.most
    if least is not None and most is not None and least > most:
        raise _Wrong(f"the bounds of its option {one.name} leave nothing between them")
    match one.kind:
        case OptionKind.NUMBER:
            if any(abs(bound or 0) > _WHOLE for bound in (least, most)):
                raise _Wrong(f"a bound of its option {one.name} is too great")
            bounds = {"min_value": least, "max_value": most}
        case OptionKind.TEXT:
            if (least or 0) < 0 or (most is not None and most < 1):
                raise _Wrong(f"its option {one.name} can have no such length")
            bounds = {
                "min_length": None if least is None else min(least, _LONGEST_TEXT),
                "max_length": None if most is None else min(most, _LONGEST_TEXT),
            }
        case _:
            bounds = {}
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _where(offer: Offer, ways: frozenset[int]) -> Command:
    """Somebody who has brought the bot along for themselves has what is everybody's."""
    alone = offer.direct and offer.groups and offer.who < Rank.ADMIN
    types = sorted(ways if alone else ways & {BY_SERVERS}) or [BY_SERVERS]
    contexts = [_IN_SERVERS] if offer.groups else []
    contexts += [_WITH_US] if offer.direct else []
    contexts += [_ELSEWHERE] if BY_PEOPLE in types else []
    return {"contexts": contexts or [_WITH_US], "integration_types": types}


def _menus(names: set[str], character: str, ways: frozenset[int]) -> Iterator[Command]:
    everywhere = {
        "default_member_permissions": None,
        "contexts": [_IN_SERVERS, _WITH_US, *([_ELSEWHERE] if BY_PEOPLE in ways else [])],
        "integration_types": sorted(ways) or [BY_SERVERS],
    }
    short = character
    while max(map(len, kinds.names(short))) > _NAME_LENGTH:
        short = cut(character, len(short) - 1)
    about_them, about_this = kinds.names(short)
    menus = [
        (kinds.ABOUT_A_PERSON, about_them, _ABOUT_THEM),
        (kinds.ABOUT_A_MESSAGE, about_this, _ABOUT_THIS),
    ]
    if kinds.WHY.rstrip("?").lower() in names:
        menus.append((kinds.ABOUT_A_MESSAGE, kinds.WHY, _WHY))
    for type, name, texts in menus:
        theirs = {code: cut(text.format(name=short), _NAME_LENGTH) for code, text in texts.items()}
        yield {"type": type, "name": name, "name_localizations": locales(theirs), **everywhere}


def _told(about: str, words: Mapping[str, str]) -> Command:
    text = clean(about).strip()
    if not text:
        raise _Wrong("it does not say what it does")
    others = {code: clean(each).strip() for code, each in words.items()}
    told: Command = {"description": cut(text, _ABOUT)}
    if there := locales({code: cut(each, _ABOUT) for code, each in others.items() if each}):
        told["description_localizations"] = there
    return told


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name == name.lower()


def _length(command: Command) -> int:
    """As Discord counts: of each text that of its longest language."""
    parts: list[Command] = [command, *command["options"]]
    parts += [choice for option in command["options"] for choice in option.get("choices", ())]
    return sum(
        len(part["name"]) + len(str(part.get("value", ""))) + _longest(part) for part in parts
    )


def _longest(part: Command) -> int:
    texts = (part.get("description", ""), *part.get("description_localizations", {}).values())
    return max(map(len, texts))


def _shape(command: Command) -> str:
    """What is the same in a command as it is told and as it is shown."""
    options = command.get("options")
    shown = [
        (one.get("name"), one.get("type"), one.get("description"), bool(one.get("required")))
        for one in (options if isinstance(options, list) else [])
        if isinstance(one, dict)
    ]
    about = command.get("description") or ""
    return repr((command.get("type", kinds.SLASH), command.get("name"), about, shown))
