"""What became of a card, field by field, for whoever imports it: nothing goes unmentioned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.cards.books import summary
from core.cards.convert import Converted
from core.cards.kinds import Card
from core.cards.mapping import GROUPS, NOBODY, called, readable, unsaid
from core.cards.shapes import Entry
from core.character.macros import unknown_macros
from core.character.plain import one_line

_WHY: Mapping[str, str] = {
    "tags": "for sorting in other programs; what she likes to speak about is topics",
    "creator": "who made the card",
    "creator_notes": "for people, never for a model",
    "creator_notes_multilingual": "for people, never for a model",
    "character_version": "for people",
    "group_only_greetings": "opening lines for groups; here the first greeting is for direct chats",
    "assets": "pictures and sounds are kept, and not shown",
    "source": "where the card comes from",
    "creation_date": "when the card was made",
    "modification_date": "when the card was changed last",
    "extensions.talkativeness": "how often she speaks in a group is decided by who speaks to her",
    "extensions.fav": "a mark of SillyTavern's",
    "extensions.world": (
        "names a lorebook of SillyTavern's that is not on the card; export it there, and name the "
        "file in lorebook"
    ),
    "extensions.regex_scripts": "what changes texts after the fact is a plugin",
    "extensions.risuai": "what only RisuAI does, such as scripts and triggers",
    "extensions.chub": "where the card is on chub.ai",
    "extensions.agnai": "what only Agnai does, such as voices",
    "extensions.pygmalion_id": "where the card is on pygmalion.chat",
    "extensions.troupe": "of a character written here; see below",
    "create_date": "when the card was made",
    "creatorcomment": "for people, never for a model",
    "avatar": "a file on somebody else's disk",
    "chat": "a chat on somebody else's disk",
}
_PLAIN = (
    "description",
    "personality",
    "scenario",
    "mes_example",
    "system_prompt",
    "post_history_instructions",
)


@dataclass(frozen=True, slots=True)
class Report:
    """Sentences and pairs, without anything of the card's texts but the names of its fields."""

    title: str
    place: str
    used: tuple[tuple[str, str], ...]
    """Fields of the card, and the fields of the file that they became."""
    kept: tuple[tuple[str, str], ...]
    """Fields without a place, and why they have none."""
    changed: tuple[str, ...]
    secrets: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    book: str = ""
    macros: tuple[str, ...] = ()
    """Of other programs, without effect here."""

    def lines(self) -> Iterator[str]:
        yield f"{self.title}, {self.place}" if self.place else self.title
        if self.used:
            pairs = (
                ours if ours == theirs else f"{theirs} -> {ours}" for theirs, ours in self.used
            )
            yield f"used: {', '.join(pairs)}"
        if self.book:
            yield f"lorebook: {self.book}"
        for what in self.changed:
            yield f"changed: {what}"
        for field, why in self.kept:
            yield f"kept without effect: {field}{f' ({why})' if why else ''}"
        if self.macros:
            yield f"without effect: {', '.join(f'{{{{{name}}}}}' for name in self.macros)}"
        for field in self.secrets:
            yield f"left out: {field} is named like a secret; put it into .env if you need it"
        if self.withheld:
            yield (
                f"not taken from a card: {', '.join(self.withheld)}; "
                "--trust takes them, if you made it yourself"
            )


def report_on(card: Card, made: Converted) -> Report:
    data, file = card.data, made.file
    about = file.get("card", {})
    used = [
        (" + ".join(name for name in names if data.get(name)), part)
        for names, part in GROUPS
        if any(data.get(name) for name in names) and part in file
    ]
    used += [("extensions.troupe", name) for name in made.ours]
    if _says_something(_map(data.get("extensions")).get("depth_prompt")):
        used.append(("extensions.depth_prompt", "a note between the messages"))
    mapped = {name for names, _ in GROUPS for name in names}
    kept = [
        (path, why)
        for name, one in data.items()
        if name not in mapped
        for path, why in _paths(name, one, data)
        if made.withheld or not path.startswith("extensions.troupe")
    ]
    kept += [
        (f"{one_line(name)} (beside data)", _WHY.get(name, ""))
        for name, one in about.get("beside", {}).items()
        if not _blank(one)
    ]
    kept += _of_entries(data.get("character_book") or {})
    book = data.get("character_book")
    return Report(
        card.title,
        card.place,
        tuple(used),
        tuple(dict.fromkeys(kept)),
        tuple(dict.fromkeys((*map(one_line, card.told), *_changes(data, file)))),
        card.secrets,
        made.withheld,
        summary(book) if book else "",
        tuple(map(one_line, unknown_macros("\n".join(_authors(file))))),
    )


def _authors(file: Mapping[str, Any]) -> Iterator[str]:
    """Whatever of it a model is told."""
    for _, part in GROUPS:
        if part != "lorebook":  # which tells of its own
            yield from _texts(file.get(part))
    for conversation in file.get("messageExamples", ()):
        yield from (one["content"]["text"] for one in conversation)


def _changes(data: Mapping[str, Any], file: Mapping[str, Any]) -> Iterator[str]:
    if not called(data):
        yield f"the card has no name; she is called {one_line(file['name'])} after the file"
    elif data.get("name") != file["name"]:
        why = "the nickname, which {{char}} stands for" if data.get("nickname") else "in one line"
        yield f"name: {one_line(file['name'])!r}, {why}"
    if file.get("bio") == [NOBODY]:
        yield "bio: the card has no description; a short sentence stands for it"
    if lost := unsaid(data):
        yield (
            f"messageExamples: parts of mes_example that nobody we know says: {len(lost)}; "
            "they are kept in card"
        )
    for name in ("first_mes", "alternate_greetings", *_PLAIN):
        if any(readable(text) != text for text in _texts(data.get(name))):
            yield f"{name}: line breaks that were written out are line breaks now"


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value.strip() else []
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _paths(name: str, value: Any, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Of extensions each one by its name, and what is in it."""
    if _blank(value):
        return
    if name != "extensions" or not isinstance(value, Mapping):
        yield one_line(name), _WHY.get(name, "" if name in _WHY else "unknown to us")
        return
    for one, inner in value.items():
        if _blank(inner) or one == "depth_prompt":
            continue  # a note of no words is on every card of SillyTavern's
        path = f"extensions.{one}"
        there = inner if isinstance(inner, Mapping) else {}
        within = [str(key) for key, it in there.items() if not _blank(it)]
        shown = f"{path}: {', '.join(within)}" if within else path
        on_card = one == "world" and data.get("character_book")
        yield one_line(shown), "the lorebook's name" if on_card else _WHY.get(path, "")


def _says_something(note: Any) -> bool:
    prompt = _map(note).get("prompt")
    return isinstance(prompt, str) and bool(prompt.strip())


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _of_entries(book: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """What entries have beside what a lorebook knows."""
    entries = book.get("entries", ())
    strange = {
        key
        for entry in entries
        for key, one in entry.items()
        if key not in Entry.model_fields and not _blank(one)
    }
    for key in sorted(strange):
        yield f"character_book.entries[].{one_line(key)}", "no lorebook of V3 has it"


def _blank(value: Any) -> bool:
    return value is None or value is False or value == "" or value == [] or value == {}
