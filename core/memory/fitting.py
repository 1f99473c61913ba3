"""What of the things that came to mind a prompt has room for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from core.ids import MemoryId
from core.knowledge.documents import place_of, shown
from core.memory.asking import bare
from core.memory.ranking import Hit
from core.memory.searching import Seen
from core.messages import Memory
from core.prompting.budget import tokens
from core.state import Recollection, Remembered

LONGEST_FACT = 300
LONGEST_SAYING = 500
"""Characters that a prompt shows of one."""
_LINE = 16
"""Tokens that a line costs beside its words: who, and when."""
_HEADER = 24
_MOST_FACTS = 12
_MOST_TALK = 8
_MOST_PIECES = 5
"""KN-13"""


def fit(seen: Seen, most: int, most_knowledge: int) -> Remembered:
    """Facts take at most half of `most` tokens, talk the rest."""
    room = most - _HEADER
    facts = list(_within(_facts(seen), room // 2, _fact_cost, _MOST_FACTS))
    talk = _talk(seen, room - sum(map(_fact_cost, facts)))
    pieces = map(_recalled, seen.pieces())
    knowledge = _within(pieces, most_knowledge - _HEADER, _piece_cost, _MOST_PIECES)
    return Remembered(tuple(facts), tuple(talk), tuple(knowledge))


def _facts(seen: Seen) -> Iterator[Recollection]:
    """About who speaks first, of these what fits first; then what fits; then the newest."""
    fitting = {hit.found.memory.id: _recalled(hit) for hit in seen.fitting()}
    about = {one.id for one in seen.about}
    ranked: Iterable[Recollection] = chain(
        (one for one in fitting.values() if one.memory.id in about),
        (Recollection(one, "about") for one in seen.about),
        fitting.values(),
        (Recollection(one, "newest") for one in seen.newest),
    )
    ids: set[MemoryId] = set()
    said: set[str] = set()
    for one in ranked:
        words = bare(one.memory.content.text)
        if one.memory.id not in ids and words and words not in said:
            ids.add(one.memory.id)
            said.add(words)
            yield one


def _talk(seen: Seen, room: int) -> Iterator[Recollection]:
    """The best hits; behind each what it answers or what was answered, where that still fits."""
    hits = seen.hits()[:_MOST_TALK]
    alone = {hit.found.memory.id for hit in hits}
    for hit in hits:
        memory = hit.found.memory
        cost = _saying_cost(memory)
        if cost > room:
            continue
        room -= cost
        yield _recalled(hit)
        other = seen.beside.get(memory.id)
        if other is None or other.id in alone:
            continue
        cost = _saying_cost(other)
        if cost <= room:
            alone.add(other.id)
            room -= cost
            yield Recollection(other, "beside")


def _within(
    ranked: Iterable[Recollection], room: int, cost_of: Callable[[Recollection], int], most: int
) -> Iterator[Recollection]:
    count = 0
    for one in ranked:
        cost = cost_of(one)
        if cost <= room and count < most:
            count += 1
            room -= cost
            yield one


def _recalled(hit: Hit) -> Recollection:
    score = max(hit.share, hit.cosine if hit.cosine is not None else -1.0)
    return Recollection(hit.found.memory, hit.why, score)


def _fact_cost(one: Recollection) -> int:
    return tokens(one.memory.content.text[:LONGEST_FACT]) + _LINE


def _saying_cost(memory: Memory) -> int:
    return tokens(memory.content.text[:LONGEST_SAYING]) + _LINE


def _piece_cost(one: Recollection) -> int:
    return tokens(shown(one.memory)) + tokens(place_of(one.memory)) + _LINE
