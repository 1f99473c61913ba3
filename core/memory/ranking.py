"""Putting together what was found by words and by meaning, the best first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from math import log

from core.ids import MemoryId
from core.memory.asking import Question, bare
from core.ports.finding import Found, Judge, Shared
from core.words import words

_SOFT = 10
"""Of reciprocal rank fusion: how little the first ranks stand out. The usual 60 is for lists of a
thousand; here two short lists meet."""

_NAME = 60
_COMPARED = 300
"""Characters by which two sayings are compared."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Hit:
    found: Found
    score: float
    share: float = 0.0
    """By words: how much of the question it shares, 0 to 1."""
    cosine: float | None = None
    """By meaning."""

    @property
    def why(self) -> str:
        if self.cosine is None:
            return "words"
        return "both" if self.share else "meaning"


class Weights:
    """What each word of a question is worth, as far as the memories found with it tell.

    A word that few of them have is worth most, and most of all one that none has: then it may
    stand there in other words.
    """

    def __init__(
        self, asked: Question, found: Sequence[Found], others: Sequence[Shared] = ()
    ) -> None:
        """`others` are hits that were not read, by what they share."""
        self._asked = frozenset(asked.words)
        self._shared: dict[MemoryId, frozenset[str]] = {}
        seen = Counter(chain.from_iterable(others))
        for one in found:
            seen.update(self._shared_by(one))
        many = len(found) + len(others)
        worth = {w: log(1 + (many + 1) / (seen[w] + 0.5)) for w in asked.words}
        self._worth = worth
        self._all = sum(worth.values())
        self._own = {word: worth[word] for word in asked.own}
        self._all_own = sum(self._own.values())

    def of(self, found: Found) -> float:
        """How much of the question it shares, 0 to 1; of what is asked itself, or of that and the
        line before."""
        return self.share(self._shared_by(found))

    def share(self, shared: Iterable[str]) -> float:
        if not self._all_own:
            return 0.0
        both = sum([self._worth.get(word, 0.0) for word in shared])
        own = sum([self._own.get(word, 0.0) for word in shared])
        return max(both / self._all, own / self._all_own)

    def _shared_by(self, found: Found) -> frozenset[str]:
        """The name of who has said it counts as a word of it: "what did Kim say of ...?"."""
        memory = found.memory
        shared = self._shared.get(memory.id)
        if shared is None:
            author = _names(str(memory.metadata.get("entityName", ""))[:_NAME])
            shared = self._asked.intersection(author).union(found.words)
            self._shared[memory.id] = shared
        return shared


def judging(asked: Question, least: float) -> Judge:
    """Whoever shares less than that with the question is not read."""

    def judge(hits: Sequence[Shared]) -> list[bool]:
        weights = Weights(asked, (), hits)
        worth = {shared: weights.share(shared) >= least for shared in set(hits)}
        return [worth[shared] for shared in hits]

    return judge


def fused(
    by_words: Sequence[Found],
    by_meaning: Iterable[tuple[Sequence[Found], float]],
    weights: Weights,
    *,
    least: float,
) -> list[Hit]:
    """Each memory once; of equal ones the newest first.

    `by_meaning` are lists with what their ranks count; a rank by words counts as much as it shares
    of the question. What is found by words alone shares at least so much.
    """
    shares = {one.memory.id: weights.of(one) for one in by_words}
    ranked = sorted(by_words, key=lambda one: _order(shares[one.memory.id], one), reverse=True)
    hits: dict[MemoryId, Hit] = {}
    for rank, one in enumerate(ranked):
        share = shares[one.memory.id]
        hits[one.memory.id] = Hit(one, share / (_SOFT + rank), share)
    for nearest, counts in by_meaning:
        for rank, one in enumerate(nearest):
            more = counts / (_SOFT + rank)
            known = hits.get(one.memory.id)
            if known is None:
                hits[one.memory.id] = Hit(one, more, 0.0, one.score)
            else:
                cosine = max(one.score, known.cosine if known.cosine is not None else -1.0)
                hits[one.memory.id] = replace(known, score=known.score + more, cosine=cosine)
    kept = [one for one in hits.values() if one.cosine is not None or one.share >= least]
    kept.sort(key=lambda hit: _order(hit.score, hit.found), reverse=True)
    return kept


def once(hits: Iterable[Hit]) -> list[Hit]:
    """Without those that say the same in the same words; what says nearly the same as a better
    one comes last."""
    first: list[Hit] = []
    later: list[Hit] = []
    seen: set[str] = set()
    told: list[frozenset[str]] = []
    for hit in hits:
        text = bare(hit.found.memory.content.text)
        if text in seen:
            continue
        seen.add(text)
        said = frozenset(_WORD.findall(text[:_COMPARED]))
        if any(len(said & one) * 2 > len(said | one) for one in told):
            later.append(hit)
        else:
            told.append(said)
            first.append(hit)
    return first + later


# The same few people have said everything.
@lru_cache(maxsize=4096)
def _names(name: str) -> frozenset[str]:
    return frozenset(words(name))


def _order(score: float, found: Found) -> tuple[float, float, int]:
    # Rounded, so that what is as good as equal goes by its age.
    return round(score, 6), found.memory.created_at.timestamp(), found.seq
