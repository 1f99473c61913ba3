"""elizaOS' searches: memories by their meaning and by their words (R-138, ME-06, ME-07)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Protocol

from core.ids import CharacterId, EntityId, RoomId, WorldId
from core.knowledge.documents import PIECES, SHARED, home
from core.memory.asking import Question, content_words
from core.memory.ranking import Weights, fused
from core.memory.recall import Asking
from core.messages import Memory
from core.plugins.classic_given import asked
from core.plugins.classic_shapes import Bag, Message, message_of
from core.ports import Store, Unit
from core.ports.finding import Found, Scope
from core.runtime.keeping import CacheCalls
from core.settings.layers import Settings

log = logging.getLogger(__name__)

_THRESHOLD = 0.75
_COUNT = 10
_MOST = 1_000
_SHARE = 0.4
"""Of a question's words, by which one is found without a vector."""
_MONTH = 30 * 86_400.0
_TABLES = {"message": "messages", "fact": "facts", "document": PIECES, "fragment": PIECES}
"""By elizaOS' memory types; of documents the pieces can be found."""


class Embedding(Asking, Protocol):
    """core.memory.embedding.Embedder, as a character's plugins see it."""

    def wake(self, character: CharacterId, settings: Settings, *, soon: bool = False) -> None: ...


class SearchCalls:
    def __init__(
        self,
        store: Store,
        agent: CharacterId,
        cache: CacheCalls,
        settings: Callable[[], Settings],
        embedder: Embedding | None = None,
    ) -> None:
        """Without an embedder everything is found by words alone."""
        self._store = store
        self._agent = agent
        self._cache = cache
        self._settings = settings
        self._embedder = embedder
        self._warned = False

    async def search(self, given: Any, more: Mapping[str, Any]) -> list[Message]:
        """The nearest first, with their `similarity`.

        `given` is elizaOS' parameters, a vector, or a text. Of a text its words are looked for as
        well, and a row found by them alone has the part of the question that it shares as its
        similarity. A given vector must be of the model that makes the character's vectors.
        """
        wish = _wish(given, more)
        if wish.get("agent_id", self._agent) != self._agent:
            return []  # what another character knows is not asked for here
        text = str(_first(wish, "query", "query_text", "text") or "").strip()
        vector = _first(wish, "embedding", "vector")
        if vector is None and text:
            vector = await self._vector(text)
        threshold = float(_first(wish, *_THRESHOLDS, otherwise=_THRESHOLD))
        count = min(int(_first(wish, "count", "limit", "match_count", otherwise=_COUNT)), _MOST)
        model = self._model

        def look(unit: Unit) -> list[tuple[Memory, float]]:
            scopes = _scopes(unit, self._agent, wish)
            near = _nearest(unit, scopes, model, vector, count, threshold)
            asks = tuple(content_words([text]))
            worded = [one for scope in scopes for one in unit.passages.find(scope, asks, count)]
            worded.sort(key=lambda one: one.score, reverse=True)
            weights = Weights(Question(asks, asks, text), worded)
            hits = fused(worded, [(near, 1.0)], weights, least=_SHARE)
            return [
                (hit.found.memory, hit.share if hit.cosine is None else hit.cosine)
                for hit in hits[:count]
            ]

        found = await self._store.read(look)
        return [_shown(memory, similarity) for memory, similarity in found]

    async def by_vector(
        self, given: Any, params: Mapping[str, Any] | None, more: Mapping[str, Any]
    ) -> list[Message]:
        """As `search`, with the other parameters in a place of their own."""
        return await self.search(given, {**(params or {}), **more})

    async def embedded(self, given: Any) -> Any:
        """elizaOS' addEmbeddingToMemory: the same memory with the vector of its words.

        One that has a vector, no words, or a character without a model stays as it is.
        """
        shown = message_of(given) if isinstance(given, Memory) else Bag(given)
        if shown.get("embedding"):
            return shown
        content = shown.get("content")
        text = (
            str(content.get("text") or "") if isinstance(content, Mapping) else str(content or "")
        )
        vector = await self._vector(text) if text.strip() else None
        if vector is not None:
            shown["embedding"] = list(vector)
        return shown

    async def queue(self, memory: Any, priority: str) -> None:
        """elizaOS' queueEmbeddingGeneration. Whatever is stored gets its vector in the background
        without being asked for; this has it looked for now."""
        if self._embedder is not None:
            soon = str(priority).lower() == "high"
            self._embedder.wake(self._agent, self._settings(), soon=soon)

    async def cached(self, text: str) -> list[float] | None:
        """What `cache` has kept of this text for the model that is set up now."""
        found = await self._cache.get(self._key(text))
        return found if isinstance(found, list) else None

    async def cache(self, text: str, embedding: Sequence[float]) -> bool:
        return await self._cache.put(self._key(text), [float(one) for one in embedding], _MONTH)

    @property
    def _model(self) -> str:
        return self._embedder.model(self._settings()) if self._embedder is not None else ""

    def _key(self, text: str) -> str:
        return f"embedding:{self._model}:{sha256(text.encode(errors='replace')).hexdigest()}"

    async def _vector(self, text: str) -> Sequence[float] | None:
        model = self._model
        if self._embedder is None or not model:
            if not self._warned:
                self._warned = True
                log.warning("no model makes vectors: plugins' searches go by words alone")
            return None
        return await self._embedder.query(self._settings(), text, force=True)


_THRESHOLDS = ("match_threshold", "threshold", "similarity_threshold")


def _wish(given: Any, more: Mapping[str, Any]) -> Bag:
    match given:
        case None:
            return asked(more)
        case str():
            return asked({"query": given}, more)
        case Mapping():
            return asked(given, more)
        case _:
            return asked({"embedding": given}, more)


def _first(wish: Bag, *names: str, otherwise: Any = None) -> Any:
    return next((wish[name] for name in names if name in wish), otherwise)


def _scopes(unit: Unit, agent: CharacterId, wish: Bag) -> list[Scope]:
    """The rooms that are named, those of a world, or all of the character's."""
    table = str(wish.get("table_name") or "")
    table = table or _TABLES.get(kind := str(wish.get("type") or "messages").lower(), kind)
    given = [*(wish.get("room_ids") or ()), *([wish["room_id"]] if "room_id" in wish else ())]
    entity = _first(wish, "entity_id", "user_id")
    who = EntityId(str(entity)) if entity else None
    world = WorldId(str(wish["world_id"])) if "world_id" in wish else None
    if given:
        known = unit.rooms.get(agent, [RoomId(str(one)) for one in given])
        known = [one for one in known if world is None or one.world == world]
    else:
        known = unit.rooms.within(agent, world)
    scopes = [Scope(agent, tuple(one.id for one in known), table, who)] if known else []
    if table == PIECES and not given and world is None and who is None:
        scopes.append(Scope(SHARED, (home(SHARED),), table))
    return scopes


def _nearest(
    unit: Unit,
    scopes: Sequence[Scope],
    model: str,
    vector: Sequence[float] | None,
    count: int,
    threshold: float,
) -> list[Found]:
    """Raises ValueError for a vector of another width than the model's."""
    if vector is None or not model:
        return []
    near = [
        one
        for scope in scopes
        for one in unit.vectors.nearest(scope, model, vector, count, least=threshold)
    ]
    return sorted(near, key=lambda one: one.score, reverse=True)[:count]


def _shown(memory: Memory, similarity: float) -> Message:
    shown = message_of(memory)
    shown["similarity"] = round(similarity, 6)
    return shown
