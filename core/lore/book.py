"""A lorebook as its author wrote it: Character Card V2 and V3, and the files of other programs.

Nothing here raises: books of many programs and years are about, and one odd entry is no reason to
do without the others.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from core.character.macros import unknown_macros, volatile
from core.lore.decorators import apart

SCAN_DEPTH = 4
"""Messages that are looked at where the book does not say."""
_LONGEST = 60
_GROUP_WEIGHT = 100.0
_DEPTH = 4
"""Where an entry stands among the messages and does not say how deep."""


class Logic(IntEnum):
    """How secondary keys decide, with SillyTavern's numbers."""

    ANY = 0
    NOT_ALL = 1
    NOT_ANY = 2
    ALL = 3


class Place(StrEnum):
    BEFORE = "before_char"
    AFTER = "after_char"
    PERSONALITY = "personality"
    SCENARIO = "scenario"
    MOMENT = "moment"
    """With what changes from turn to turn."""
    DEPTH = "depth"
    """Among the messages."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to be told, and when."""

    mark: str
    """The same as long as its keys and words are."""
    name: str
    """For people who look what was told and why."""
    content: str
    """Without decorators; macros are still in it."""
    keys: tuple[str, ...] = ()
    secondary: tuple[str, ...] = ()
    logic: Logic = Logic.ANY
    additional: tuple[str, ...] = ()
    """One of them must be said as well."""
    exclude: tuple[str, ...] = ()
    regex: bool = False
    """Keys are patterns without slashes round them; those with slashes are patterns always."""
    case_sensitive: bool | None = None
    whole_words: bool = False
    enabled: bool = True
    constant: bool = False
    always: bool = False
    """@@activate."""
    never: bool = False
    """@@dont_activate."""
    order: float = 0.0
    priority: float | None = None
    scan_depth: int | None = None
    place: Place = Place.AFTER
    depth: int = 0
    """Of Place.DEPTH: behind so many of the newest messages."""
    from_oldest: bool = False
    """The depth counts from the oldest message that is shown."""
    role: str = "system"
    probability: float = 100.0
    only_after: int = 0
    """Answers that the character must have given."""
    only_every: int = 0
    keeps: bool = False
    """Once told, always told."""
    once: bool = False
    greeting: int | None = None
    dispensable: bool = False
    """@@ignore_on_max_context: goes first when the budget is short."""
    hides_final: bool = False
    """The character's final instructions are left out while it is told."""
    sticky: int = 0
    """Messages for which it stays after it was triggered."""
    cooldown: int = 0
    delay: int = 0
    """Messages that there must have been."""
    groups: tuple[str, ...] = ()
    """Of each group only one speaks."""
    group_first: bool = False
    group_weight: float = _GROUP_WEIGHT
    untouched: bool = False
    """What other entries say does not trigger it."""
    quiet: bool = False
    """What it says triggers no others."""
    only_recursion: bool = False

    @property
    def settled(self) -> bool:
        """Told at every turn in the same words, so that it may stand in the stable part."""
        moving = (
            self.only_after or self.only_every or self.once or self.delay or self.dispensable
            or self.groups or self.only_recursion or self.hides_final
            or self.greeting is not None or self.probability < 100
        )  # fmt: skip
        fixed = self.place not in (Place.DEPTH, Place.MOMENT) and not self.exclude
        return self.certain and fixed and not moving and not volatile(self.content)

    @property
    def certain(self) -> bool:
        """No key needs to be said."""
        return (self.constant or self.always) and not self.additional


@dataclass(frozen=True, slots=True)
class Lorebook:
    entries: tuple[Entry, ...] = ()
    name: str = ""
    scan_depth: int = SCAN_DEPTH
    token_budget: int | None = None
    recursive: bool = False
    notes: tuple[str, ...] = ()
    """What of it has no effect here, a sentence for each kind."""


def read_books(data: object) -> tuple[Lorebook, ...]:
    """A character's book, and those in its `books`, each with settings of its own."""
    if not isinstance(data, Mapping):
        return ()
    others = data.get("books")
    others = others if isinstance(others, list | tuple) else ()
    found = (read_book(data), *(read_book(one) for one in others))
    return tuple(book for book in found if book.entries)


def read_book(data: object) -> Lorebook:
    """From a V2 or V3 book, a "lorebook_v3" file, and what SillyTavern, RisuAI, Agnai and NovelAI
    export."""
    book = _map(data)
    if "entries" not in book and isinstance(book.get("data"), Mapping):
        book = book["data"]  # {"spec": "lorebook_v3", "data": ...}
    listed = book.get("entries", book.get("data"))
    exported = isinstance(listed, Mapping)
    if isinstance(listed, Mapping):
        listed = list(listed.values())
    rows = listed if isinstance(listed, list | tuple) else ()
    notes = _Notes()
    entries = tuple(
        _entry(row, at, notes) for at, row in enumerate(rows, 1) if isinstance(row, Mapping)
    )
    if len(entries) < len(rows):
        notes.note("is no object and was left out", len(rows) - len(entries))
    recursive = book.get("recursive_scanning")
    depth, budget = _whole(book.get("scan_depth")), _whole(book.get("token_budget"))
    return Lorebook(
        entries=entries,
        name=_text(book.get("name")),
        scan_depth=SCAN_DEPTH if depth is None else depth,
        token_budget=budget or None,
        # An export does not say it; that program's own setting is yes.
        recursive=_flag(recursive, exported),
        notes=tuple(notes),
    )


class _Notes:
    """Counts what has no effect, so that a book of 500 entries is not told of in 500 lines."""

    def __init__(self) -> None:
        self._counted: dict[str, int] = {}

    def note(self, what: str, times: int = 1) -> None:
        self._counted[what] = self._counted.get(what, 0) + times

    def __iter__(self) -> Iterator[str]:
        for what, times in self._counted.items():
            yield f"an entry {what}" if times == 1 else f"{times} entries: {what}"


_UNUSED: Mapping[str, str] = {
    "vectorized": "is to be found by meaning; it is told by its keys alone",
    "automationId": "starts an automation, which does not exist here",
    "automation_id": "starts an automation, which does not exist here",
    "useGroupScoring": "scores its group; the group's weights decide",
    "use_group_scoring": "scores its group; the group's weights decide",
    "matchPersonaDescription": "looks for keys in a persona, which people here have none of",
    "match_persona_description": "looks for keys in a persona, which people here have none of",
    "matchCharacterDescription": "looks for keys in the description; only talk is looked at",
    "match_character_description": "looks for keys in the description; only talk is looked at",
    "matchCharacterPersonality": "looks for keys in the personality; only talk is looked at",
    "match_character_personality": "looks for keys in the personality; only talk is looked at",
    "matchScenario": "looks for keys in the scenario; only talk is looked at",
    "match_scenario": "looks for keys in the scenario; only talk is looked at",
    "matchCreatorNotes": "looks for keys in creator's notes; only talk is looked at",
    "match_creator_notes": "looks for keys in creator's notes; only talk is looked at",
    "ignoreBudget": "wants to ignore the budget, which holds for all",
    "ignore_budget": "wants to ignore the budget, which holds for all",
    "triggers": "is for certain kinds of generation only; here it is for all answers",
}
_OUTLET = 7
_PLACES: Mapping[int, Place] = {
    0: Place.BEFORE,
    1: Place.AFTER,
    2: Place.MOMENT,  # above and below the author's note, which nobody has here
    3: Place.MOMENT,
    4: Place.DEPTH,
    5: Place.AFTER,  # above and below the examples
    6: Place.AFTER,
}
_DECORATED: Mapping[str, Place] = {
    "before_desc": Place.BEFORE,
    "after_desc": Place.AFTER,
    "personality": Place.PERSONALITY,
    "scenario": Place.SCENARIO,
}
_ROLES = ("system", "user", "assistant")


def _entry(row: Mapping[str, Any], at: int, notes: _Notes) -> Entry:
    """SillyTavern's own fields stand beside the others in an export, and in `extensions` on a card."""
    more = _map(row.get("extensions"))
    tavern = any(name in row for name in ("uid", "keysecondary")) or any(
        name in more for name in ("selectiveLogic", "useProbability")
    )

    def own(*names: str) -> Any:
        return next((there[n] for n in names for there in (more, row) if n in there), None)

    def named(*names: str) -> Any:
        return next((row[name] for name in names if row.get(name) is not None), None)

    words, given, unknown = apart(_text(named("content", "text", "entry")))
    keys = _texts(named("keys", "key", "keywords"))
    for name in unknown:
        notes.note(f"has a decorator @@{name}, which has no effect here")
    for macro in unknown_macros(words):
        notes.note(f"holds {{{{{macro}}}}}, which nobody fills in here")
    for unused in dict.fromkeys(why for name, why in _UNUSED.items() if own(name)):
        notes.note(unused)
    enabled = not _flag(row.get("disable")) if "disable" in row else _flag(row.get("enabled"), True)
    position = _whole(own("position"))
    if enabled and position == _OUTLET:
        enabled = False
        notes.note("stands where a macro {{outlet}} calls for it; it is never told")
    place, depth = _placed(row, position, given)
    if depth is None:
        depth = _whole(own("depth"))
    # That program says of each of its entries that its keys are patterns; only those with slashes
    # are.
    patterns = _flag(named("use_regex", "useRegex")) and not tavern
    secondary = _texts(named("secondary_keys", "keysecondary", "secondkey"))
    selective = _flag(row.get("selective")) and not patterns
    chance = _number(own("probability"))
    counted = chance is not None and _flag(own("useProbability"), True)
    role = own("role")
    return Entry(
        mark=hashlib.sha256(repr((keys, words)).encode(errors="replace")).hexdigest()[:12],
        name=_name(row, at),
        content=words,
        keys=keys,
        secondary=secondary if selective else (),
        logic=Logic(min(_whole(own("selectiveLogic", "selective_logic")) or 0, 3)),
        additional=given.get("additional_keys", ()),
        exclude=() if patterns else given.get("exclude_keys", ()),
        regex=patterns,
        case_sensitive=_choice(own("caseSensitive", "case_sensitive")),
        whole_words=_flag(own("matchWholeWords", "match_whole_words")),
        enabled=enabled,
        constant=_flag(named("constant", "alwaysActive", "forceActivation")) and not patterns,
        always="activate" in given,
        never="dont_activate" in given and "activate" not in given,
        order=_number(named("insertion_order", "order", "insertorder", "weight")) or 0.0,
        priority=_number(row.get("priority")),
        scan_depth=given.get("scan_depth", _whole(own("scanDepth", "scan_depth"))),
        place=place,
        depth=_DEPTH if depth is None else max(depth, 0),
        from_oldest="reverse_depth" in given and "depth" not in given,
        role=given.get("role") or _role(role),
        probability=min(max(chance, 0.0), 100.0) if counted and chance is not None else 100.0,
        only_after=given.get("activate_only_after", 0),
        only_every=given.get("activate_only_every", 0),
        keeps="keep_activate_after_match" in given,
        once="dont_activate_after_match" in given,
        greeting=given.get("is_greeting"),
        dispensable="ignore_on_max_context" in given,
        hides_final="disable_ui_prompt" in given,
        sticky=_whole(own("sticky")) or 0,
        cooldown=_whole(own("cooldown")) or 0,
        delay=_whole(own("delay")) or 0,
        groups=_texts(own("group")),
        group_first=_flag(own("groupOverride", "group_override")),
        group_weight=max(_number(own("groupWeight", "group_weight")) or _GROUP_WEIGHT, 0.0),
        untouched=_flag(own("excludeRecursion", "exclude_recursion")),
        quiet=_flag(own("preventRecursion", "prevent_recursion")),
        only_recursion=bool(own("delayUntilRecursion", "delay_until_recursion")),
    )


def _placed(
    row: Mapping[str, Any], position: int | None, given: Mapping[str, Any]
) -> tuple[Place, int | None]:
    """Where it stands, and how deep where a decorator says so: a position goes before a depth."""
    if "position" in given:
        return _DECORATED[given["position"]], None
    for name in ("depth", "reverse_depth"):
        if name in given:
            return Place.DEPTH, given[name]
    if position is not None and position in _PLACES:
        return _PLACES[position], None
    return (Place.BEFORE if row.get("position") == Place.BEFORE else Place.AFTER), None


def _name(row: Mapping[str, Any], at: int) -> str:
    for key in ("name", "comment", "displayName"):
        if isinstance(name := row.get(key), str) and name.strip():
            return " ".join(name.split())[:_LONGEST]
    for key in ("id", "uid"):
        if isinstance(row.get(key), str | int) and str(row[key]).strip():
            return f"#{row[key]}"[:_LONGEST]
    return f"#{at}"


def _role(value: object) -> str:
    if isinstance(value, str) and value.lower() in _ROLES:
        return value.lower()
    number = _whole(value)
    return _ROLES[number] if number is not None and number < len(_ROLES) else "system"


# --- leniency ------------------------------------------------------------------------------------


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    """A list of texts, or one text with commas; blanks and repetitions are left out."""
    if isinstance(value, str):
        value = [value] if value.strip().startswith("/") else value.split(",")
    if not isinstance(value, Iterable) or isinstance(value, Mapping):
        return ()
    found = (str(one).strip() for one in value if isinstance(one, str | int | float))
    return tuple(dict.fromkeys(filter(None, found)))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _whole(value: object) -> int | None:
    """None for what is no number, or below nothing."""
    number = _number(value)
    return int(number) if number is not None and number >= 0 else None


def _flag(value: object, otherwise: bool = False) -> bool:
    found = _choice(value)
    return otherwise if found is None else found


def _choice(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value != 0
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    return None
