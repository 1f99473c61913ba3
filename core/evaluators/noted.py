"""What a reflection is shown, and what of its answer can be kept: claims and bonds, no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.character import Character
from core.ids import EntityId
from core.messages import Memory
from core.prompting.loose import truth
from core.prompting.words import named, quoted, under_name

_LONGEST_LINE = 600
_LONGEST_CLAIM = 300
_MOST_FACTS = 12
_MOST_BONDS = 12
_LONGEST_TAG = 32
_BIO = 600
_KINDS = frozenset({"fact", "opinion", "status"})


@dataclass(frozen=True, slots=True)
class Speaker:
    id: EntityId
    name: str


@dataclass(frozen=True, slots=True)
class Claim:
    claim: str
    kind: str
    about: EntityId | None = None


@dataclass(frozen=True, slots=True)
class Bond:
    source: EntityId
    target: EntityId
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Noted:
    facts: tuple[Claim, ...] = ()
    bonds: tuple[Bond, ...] = ()


@dataclass(frozen=True, slots=True)
class Labels:
    """Short names for ids: a model writes "P2" right, and of a UUID it forgets a letter."""

    ids: Mapping[str, EntityId]
    names: Sequence[tuple[str, EntityId]]
    sole: EntityId | None
    """Where only one person has spoken, whom a claim is about that names nobody."""

    def find(self, given: Any) -> EntityId | None:
        """By label, id, exact name, then a part of exactly one name (X-11)."""
        text = str(given or "").strip().strip("<>@[]()").casefold()
        if not text:
            return None
        if text in self.ids:
            return self.ids[text]
        exact = {one for name, one in self.names if name == text}
        partly = {one for name, one in self.names if text in name or name in text}
        for found in (exact, partly):
            if len(found) == 1:
                return next(iter(found))
        return None


def scene_of(
    character: Character,
    said: Sequence[Memory],
    known: Sequence[Memory],
    speakers: Sequence[Speaker],
) -> tuple[dict[str, Any], Labels]:
    """The template's values, and what the labels in them stand for."""
    own = EntityId(character.agent_id)
    label = {own: "ME"} | {one.id: f"P{at}" for at, one in enumerate(speakers, 1)}
    called = {one.id: named(one.name) for one in speakers} | {own: character.name}
    lines = [
        under_name(
            f"{label[one.author]} ({called[one.author]})", one.content.text, most=_LONGEST_LINE
        )
        for one in said
        if one.author in label
    ]
    values = {
        "agentName": character.name,
        "bio": quoted(" ".join(character.bio), most=_BIO),
        "entities": "\n".join(f"{label[one]}: {name}" for one, name in called.items()),
        "recentMessages": "\n".join(lines),
        "knownFacts": "\n".join(f"- {quoted(one.content.text, most=200)}" for one in known),
    }
    ids = {short.casefold(): one for one, short in label.items()}
    ids |= {str(one).casefold(): one for one in label}
    names = [(name.casefold(), one) for one, name in called.items()]
    sole = speakers[0].id if len(speakers) == 1 else None
    return values, Labels(ids, names, sole)


def noted(answer: Mapping[str, Any], labels: Labels) -> Noted:
    """Facts that are new and not in the bio, and bonds between people who are there (R-84, R-85)."""
    return Noted(
        tuple(_claims(answer.get("facts"), labels))[:_MOST_FACTS],
        tuple(_bonds(answer.get("relationships"), labels))[:_MOST_BONDS],
    )


def _claims(given: Any, labels: Labels) -> Iterable[Claim]:
    for one in _maps(given):
        claim = " ".join(str(one.get("claim") or "").split())
        old = truth(one.get("already_known") or one.get("alreadyKnown"))
        if not claim or old or truth(one.get("in_bio") or one.get("inBio")):
            continue
        kind = str(one.get("type") or "fact").strip().lower()
        about = labels.find(one.get("about")) if one.get("about") else labels.sole
        yield Claim(claim[:_LONGEST_CLAIM], kind if kind in _KINDS else "fact", about)


def _bonds(given: Any, labels: Labels) -> Iterable[Bond]:
    for one in _maps(given):
        source = labels.find(one.get("sourceEntityId") or one.get("source"))
        target = labels.find(one.get("targetEntityId") or one.get("target"))
        if source is None or target is None or source == target:
            continue
        tags = one.get("tags") or ()
        several = tags.split(",") if isinstance(tags, str) else tags
        kept = (" ".join(str(tag).split())[:_LONGEST_TAG].lower() for tag in _list(several))
        yield Bond(source, target, frozenset(filter(None, kept)))


def _maps(given: Any) -> list[Mapping[str, Any]]:
    return [one for one in _list(given) if isinstance(one, Mapping)]


def _list(given: Any) -> Iterable[Any]:
    if isinstance(given, Mapping):
        return [given]
    return given if isinstance(given, list | tuple) else ()
