"""One look into the database for a moment: talk, facts and knowledge, by words and by meaning."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain, islice

from core.ids import CharacterId, EntityId, MemoryId
from core.knowledge.documents import PIECES, home
from core.memory.asking import Question, bare
from core.memory.places import Places
from core.memory.ranking import Hit, Weights, fused, judging, once
from core.messages import Memory
from core.ports import Unit
from core.ports.finding import Found, Hits, Scope
from core.words import words

log = logging.getLogger(__name__)

_CANDIDATES = 40
_PIECES = 20
"""Candidates among pieces of documents (KN-12)."""
_FACTS = 20
_SHOWN = 8
"""Hits of talk for which one looks left and right."""
_SHARE = 0.2
"""Of a question, what is found by words shares with it at least: one word of three."""
_NEAR = 0.25
_PIECE_NEAR = 0.1
"""By meaning; documents are written to be looked things up in (KN-12)."""
_LENT_NEAR = 0.4
"""What hits by words only lead to must be near to them."""
_LENDERS = 3
_LENT = 0.4
"""What a rank counts that came by others' vectors, beside 1 for the question's own words."""
_SOON = timedelta(minutes=10)
"""Within it, what stands beside a question or an answer belongs to it."""
_SHORT = 300
"""Characters of what is shown beside a hit."""
_ENOUGH = 0.5
_NAMED = 3
_RUN = re.compile(r"\w+(?:['’]s\b)?")
_NAME = 60


@dataclass(frozen=True, slots=True)
class Pile:
    """Found in one kind of memory."""

    words: Sequence[Found] = ()
    weights: Weights | None = None
    """Of the question's words; None where nothing was found by them."""
    near: tuple[tuple[Sequence[Found], float], ...] = ()
    lent: bool | None = None
    """Whether the best by words had vectors to lend; None where nobody was asked."""


@dataclass(frozen=True, slots=True)
class Wanted:
    question: Question
    before: datetime
    """Older than what the prompt shows of this room."""
    person: EntityId | None
    model: str
    """Whose vectors count; empty where there are none."""
    group: bool = True
    """Several people talk: a question may name one of them."""
    talk: bool = True
    facts: bool = True
    knowledge: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    places: Places
    asked: Question
    talk: Pile = Pile()
    facts: Pile = Pile()
    knowledge: Pile = Pile()
    about: Sequence[Memory] = ()
    """Facts about who speaks, the newest first."""
    newest: Sequence[Memory] = ()
    """Facts."""
    named: Mapping[EntityId, str] = field(default_factory=dict)
    """People of this room whom the question names, and by which word; what they have said is looked
    at closely."""
    looked: bool = True
    """There was something to look through."""
    ranked: Sequence[Hit] = ()
    """Of talk, the best first."""
    beside: Mapping[MemoryId, Memory] = field(default_factory=dict)
    """What was answered to a hit, or what it answers."""
    half: Collection[MemoryId] = ()
    """Documents that are not to be told of."""

    def text(self) -> str:
        """For a model that makes vectors: nobody names himself in what he says, so that with his
        name in it the question would be near to talk about others."""
        if not self.named:
            return self.asked.text
        names = frozenset(self.named.values())
        return _RUN.sub(
            lambda run: "" if names.issuperset(words(run[0])[:1]) else run[0], self.asked.text
        )

    def hits(self) -> list[Hit]:
        found = [hit for hit in self.ranked if _is_said(hit.found.memory)]
        # Who asked the same before has not answered it; whoever answered then has.
        return [
            hit
            for hit in once(found)
            if bare(hit.found.memory.content.text) not in self.asked.echoes
            or hit.found.memory.id in self.beside
        ]

    def pieces(self) -> list[Hit]:
        found = once(self.fused(self.knowledge))
        return [
            hit for hit in found if hit.found.memory.metadata.get("documentId") not in self.half
        ]

    def fitting(self) -> list[Hit]:
        """Facts."""
        return once(self.fused(self.facts))

    def fused(self, pile: Pile) -> list[Hit]:
        weights = pile.weights or Weights(self.asked, pile.words)
        return fused(pile.words, pile.near, weights, least=_SHARE)

    @property
    def too_little(self) -> bool:
        """Nothing that was found by words has half of what the question is about; names of people
        who are here say whose words to look at, not what about."""
        return not any(
            weights.of(one) >= _ENOUGH
            for pile in self._piles
            for weights in (self._about(pile),)
            for one in pile.words
        )

    def _about(self, pile: Pile) -> Weights:
        if pile.weights is not None and not self.named:
            return pile.weights
        return Weights(self.asked.but(self.named.values()), pile.words)

    @property
    def _piles(self) -> tuple[Pile, ...]:
        return self.talk, self.facts, self.knowledge

    @property
    def without_vectors(self) -> bool:
        """There is nothing to look through, or there were good hits and none of them has a vector:
        a question's would meet nobody."""
        if not self.looked:
            return True
        lent = [pile.lent for pile in self._piles if pile.lent is not None]
        return bool(lent) and not any(lent)


def look(unit: Unit, places: Places, wanted: Wanted) -> Seen:
    """By words, and by the vectors of what is found with them."""
    seen = Seen(
        places,
        wanted.question,
        named=_named(unit, places, wanted),
        looked=wanted.talk or wanted.facts or wanted.knowledge,
    )
    talk = _with_those_named(places.talk(wanted.before), seen.named) if wanted.talk else []
    facts = [places.facts] if wanted.facts else []
    knowledge = places.knowledge if wanted.knowledge else []
    kinds = [(talk, _CANDIDATES), (facts, _FACTS), (knowledge, _PIECES)]
    named = bool(seen.named or places.others)
    said, learned, read = _piles(unit, kinds, wanted, named=named)
    seen = replace(seen, talk=said, facts=learned, knowledge=read)
    for scope in facts:
        about = replace(scope, entity=wanted.person)
        seen = replace(
            seen,
            about=_newest(unit, about) if wanted.person else (),
            newest=_newest(unit, scope),
        )
    return _accompanied(unit, seen, wanted)


def closer(unit: Unit, seen: Seen, wanted: Wanted, vector: Sequence[float]) -> Seen:
    """What is near to the question's own vector comes to what was found before."""
    places, model = seen.places, wanted.model

    def nearer(pile: Pile, scopes: Sequence[Scope], least: float, most: int) -> Pile:
        own = [one for one in scopes if one.entity is None]
        theirs = [one for one in scopes if one.entity is not None]
        lists = [_near(unit, some, model, vector, most, least) for some in (own, theirs) if some]
        return replace(pile, near=tuple((found, 1.0) for found in lists))

    if wanted.talk:
        scopes = _with_those_named(places.talk(wanted.before), seen.named)
        seen = replace(seen, talk=nearer(seen.talk, scopes, _NEAR, _CANDIDATES))
    if wanted.facts:
        seen = replace(seen, facts=nearer(seen.facts, [places.facts], _NEAR, _FACTS))
    if wanted.knowledge:
        pile = nearer(seen.knowledge, places.knowledge, _PIECE_NEAR, _PIECES)
        seen = replace(seen, knowledge=pile)
    return _accompanied(unit, seen, wanted)


def has_facts(unit: Unit, places: Places) -> bool:
    scope = places.facts
    return bool(unit.memories.find(scope.character, table=scope.table, rooms=scope.rooms, limit=1))


def has_knowledge(unit: Unit, scope: Scope) -> bool:
    return bool(unit.memories.find(scope.character, table=scope.table, rooms=scope.rooms, limit=1))


def owner_knows(unit: Unit, owner: CharacterId) -> bool:
    """Beside what was given to her in some room."""
    return has_knowledge(unit, Scope(owner, (home(owner),), PIECES))


# --- each kind -------------------------------------------------------------------------------------


def _piles(
    unit: Unit,
    kinds: Sequence[tuple[Sequence[Scope], int]],
    wanted: Wanted,
    *,
    named: bool,
) -> list[Pile]:
    """Of each kind its scopes, and how many candidates; `named`: a word may be somebody's name."""
    asked = [(scope, most) for scopes, most in kinds for scope in scopes]
    if not (asked and wanted.question.words):
        return [Pile() for _ in kinds]
    # The name of who has said it counts as well (see Weights); it is known when it is read.
    judge = judging(wanted.question, _SHARE / 2 if named else _SHARE)
    found = iter(unit.passages.find_each(asked, wanted.question.words, judge))
    return [
        _pile(unit, scopes, list(islice(found, len(scopes))), wanted, most)
        for scopes, most in kinds
    ]


def _pile(
    unit: Unit, scopes: Sequence[Scope], hits: Sequence[Hits], wanted: Wanted, most: int
) -> Pile:
    every = chain.from_iterable(one.found for one in hits)
    found = list({one.memory.id: one for one in every}.values())
    found.sort(key=lambda one: one.score, reverse=True)
    if not found:
        return Pile()
    others = list(chain.from_iterable(one.others for one in hits))
    pile = Pile(found, Weights(wanted.question, found, others))
    return _lent(unit, scopes, pile, wanted, most) if wanted.model else pile


def _lent(unit: Unit, scopes: Sequence[Scope], pile: Pile, wanted: Wanted, most: int) -> Pile:
    """Pseudo-relevance feedback: the best hits by words lend their vectors, which costs nothing."""
    assert pile.weights is not None
    found, weights = pile.words, pile.weights
    best = [one for one in found[:_LENDERS] if weights.of(one) >= _SHARE]
    if not best:
        return pile
    vectors: list[Sequence[float]] = []
    for owner in dict.fromkeys(one.memory.character for one in best):
        ids = [one.memory.id for one in best if one.memory.character == owner]
        vectors.extend(unit.vectors.of(owner, wanted.model, ids).values())
    if not vectors:
        return replace(pile, lent=False)
    width = len(vectors[0])
    same = [one for one in vectors if len(one) == width]
    middle = [sum(numbers) / len(same) for numbers in zip(*same, strict=True)]
    near = _near(unit, scopes, wanted.model, middle, most, _LENT_NEAR)
    return replace(pile, near=((near, _LENT),), lent=True)


def _near(
    unit: Unit,
    scopes: Sequence[Scope],
    model: str,
    vector: Sequence[float],
    most: int,
    least: float,
) -> list[Found]:
    found: list[Found] = []
    for scope in scopes:
        try:
            found.extend(unit.vectors.nearest(scope, model, vector, most, least=least))
        except ValueError:
            _of_another_width(model, len(vector))
    found.sort(key=lambda one: one.score, reverse=True)
    return found[:most]


def _named(unit: Unit, places: Places, wanted: Wanted) -> dict[EntityId, str]:
    """By the first word of a name, as people do."""
    asked = frozenset(wanted.question.words)
    if not (wanted.group and wanted.talk and asked):
        return {}
    found: dict[EntityId, str] = {}
    for one, names in unit.people.called(places.character, places.room):
        call = next((call for name in names if (call := _call(name)) in asked), "")
        if call and len(found) < _NAMED:
            found[one] = call
    return found


# The same few people are here with every message.
@lru_cache(maxsize=4096)
def _call(name: str) -> str:
    return next(iter(words(name[:_NAME])), "")


def _with_those_named(scopes: Sequence[Scope], named: Iterable[EntityId]) -> list[Scope]:
    return [*scopes, *(replace(one, entity=person) for one in scopes for person in named)]


def _newest(unit: Unit, scope: Scope) -> list[Memory]:
    return unit.memories.find(
        scope.character, table=scope.table, rooms=scope.rooms, entity=scope.entity, limit=_FACTS
    )


@lru_cache(maxsize=64)  # told once, and not with every message
def _of_another_width(model: str, width: int) -> None:
    log.warning(
        "vectors of %s are not %d wide: by meaning nothing is found with them", model, width
    )


# --- left and right --------------------------------------------------------------------------------


def _accompanied(unit: Unit, seen: Seen, wanted: Wanted) -> Seen:
    """Ranked, with the question to an answer, and the answer to a question, where they are short."""
    hits = seen.fused(seen.talk)
    beside: dict[MemoryId, Memory] = {}
    asked = [
        hit.found
        for hit in hits[:_SHOWN]
        if "?" in hit.found.memory.content.text
        or hit.found.memory.author == EntityId(hit.found.memory.character)
    ]
    rows = [(one.memory.room, one.seq) for one in asked]
    every = unit.memories.beside_each(seen.places.character, rows, after=2)
    for memory, around in zip((one.memory for one in asked), every, strict=True):
        here = memory.room == seen.places.room
        near = [one for one in around if not here or one.created_at < wanted.before]
        if one := _belonging(memory, near):
            beside[memory.id] = one
    return replace(seen, ranked=hits, beside=beside)


def _belonging(hit: Memory, around: Iterable[Memory]) -> Memory | None:
    close = [
        one
        for one in around
        if abs(one.created_at - hit.created_at) <= _SOON
        and len(one.content.text) <= _SHORT
        and _is_said(one)
    ]
    for one in close:
        if one.content.in_reply_to == hit.id or hit.content.in_reply_to == one.id:
            return one
    hers = hit.author == EntityId(hit.character)
    for one in close:
        earlier = one.created_at < hit.created_at
        if hers and earlier and one.author != hit.author:
            return one  # what she answered, though nothing says so
        if "?" in hit.content.text and not earlier and one.author != hit.author:
            return one
    return None


def _is_said(memory: Memory) -> bool:
    """Words of somebody: no record of a deed, no decision to say nothing."""
    return (
        bool(memory.content.text.strip())
        and "IGNORE" not in memory.content.actions
        and memory.metadata.get("type") != "action_result"
    )
