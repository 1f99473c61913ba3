"""Vectors of memories and of questions: made in the background, never on the way of an answer."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from core.clock import Clock
from core.errors import BadInput, ModelError, StoreUnavailable
from core.events import Events, EventType
from core.ids import CharacterId
from core.memory.allowance import Allowance
from core.memory.indexing import Indexer
from core.memory.making import Maker, ModelsOf, Vector, cut
from core.memory.portions import Portion
from core.ports import Store
from core.queueing import BatchQueue, Priority
from core.settings.layers import Settings

log = logging.getLogger(__name__)

Listeners = Callable[[CharacterId], Events | None]
Tell = Callable[[Events, str, Mapping[str, Any]], None]

_QUESTIONS_AT_ONCE = 8
_PORTIONS_AT_ONCE = 4
_QUESTIONS = 128
"""Whose vectors are kept in memory; a person repeats a question within minutes, if at all."""
_ALONG = 31
"""Waiting texts that go with a question: so many cost no service a noticeable time."""
_FORCED = 3.0
"""Seconds that a character waits for a vector when she tries hard to remember."""
_SHARE = 0.1
_PATIENCE = 0.5


_Key = tuple[str, bytes]
"""A model and the digest of a text: nobody's words lie about in memory for longer than they must."""


@dataclass(frozen=True, slots=True)
class _Question:
    settings: Settings
    name: str
    text: str
    key: _Key
    made: asyncio.Future[Vector | None]


class Embedder:
    """`models_of` gives the models that a character pays for; `busy` says whether turns are running,
    which background work gives way to; `listeners` and `tell` are for plugins that want to hear of
    EMBEDDING_GENERATION_REQUESTED, _COMPLETED and _FAILED."""

    def __init__(
        self,
        models_of: ModelsOf,
        store: Store,
        clock: Clock,
        *,
        busy: Callable[[], bool] = lambda: False,
        listeners: Listeners = lambda character: None,
        tell: Tell = lambda events, event, payload: None,
    ) -> None:
        self._clock = clock
        self._listeners = listeners
        self._tell = tell
        self._maker = Maker(models_of, clock)
        self._allowances: dict[CharacterId, Allowance] = {}
        self._known: OrderedDict[_Key, Vector] = OrderedDict()
        self._asked: dict[_Key, _Question] = {}
        # Two, so that no question waits for memories, however slow their model is.
        self._questions = BatchQueue(
            "questions",
            self._answer,
            clock,
            batch_size=1,
            max_parallel=_QUESTIONS_AT_ONCE,
            max_retries=0,  # by then nobody waits for it any more
            on_exhausted=_told,
            on_overflow=lambda question: self._settle(question, None),
        )
        self._portions = BatchQueue(
            "memories",
            self._embed,
            clock,
            batch_size=1,
            max_parallel=_PORTIONS_AT_ONCE,
            max_retries=0,  # they are looked for again
            on_exhausted=_told,
            on_overflow=lambda portion: self._indexer.put_back(portion),
        )
        self._indexer = Indexer(self._maker, store, clock, self._allowance, self._submit, busy)

    # --- the house -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled; see `stop`."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._questions.run())
            group.create_task(self._portions.run())
            group.create_task(self._indexer.run())

    async def stop(self) -> None:
        """Make nothing new; what is under way comes to its end, and into the database."""
        await self._questions.stop()
        await self._portions.stop()

    def wake(self, character: CharacterId, settings: Settings, *, soon: bool = False) -> None:
        """There may be new memories, or another model; cheap, for after every turn and at the
        start. `soon` where they should not wait for others."""
        self._indexer.wake(character, settings, soon=soon)

    def heard(self, settings: Settings) -> None:
        """One message was handled: it has earned its share of a request."""
        character = CharacterId(settings.character_id)
        self._allowance(character).earn(settings.derived(_share))
        self._indexer.nudge(character)

    def forget(self, character: CharacterId) -> None:
        """The character is gone; what the database holds of her stays."""
        self._indexer.forget(character)
        self._allowances.pop(character, None)

    def progress(self) -> Mapping[str, tuple[int, int]]:
        """Of characters whose memories are being given vectors: how many have one, of how many."""
        return self._indexer.progress()

    # --- whoever remembers ---------------------------------------------------------------------

    def model(self, settings: Settings) -> str:
        """By which name the vectors of a character are kept now; empty where there are none."""
        return self._maker.name(settings)

    async def query(self, settings: Settings, text: str, *, force: bool = False) -> Vector | None:
        """The vector of a question; None when it takes too long, costs too much, or cannot be had.

        `force` asks for it also where the allowance is spent. Of one that comes too late the next
        one who asks has the good.
        """
        name, text = self._maker.name(settings), cut(text.strip())
        patience = settings.derived(_patience)
        if not name or not text or (patience <= 0 and not force):
            return None
        key = (name, _digest(text))
        if (found := self._known.get(key)) is not None:
            self._known.move_to_end(key)
            return found
        question = self._asked.get(key)
        if question is None:
            if not self._may_ask(settings, name, force=force):
                return None
            made: asyncio.Future[Vector | None] = asyncio.get_running_loop().create_future()
            question = self._asked[key] = _Question(settings, name, text, key, made)
            if not self._questions.enqueue(question, Priority.HIGH):
                self._settle(question, None)
        seconds = max(patience, _FORCED) if force else patience
        await asyncio.wait({question.made}, timeout=seconds)
        return question.made.result() if question.made.done() else None

    def _may_ask(self, settings: Settings, name: str, *, force: bool) -> bool:
        if self._maker.away_until(settings, name) > self._clock.monotonic():
            return False
        if self._maker.is_free(name):
            return True
        allowance = self._allowance(CharacterId(settings.character_id))
        if force:
            allowance.owe()
            return True
        return allowance.take()

    # --- work ----------------------------------------------------------------------------------

    async def _embed(self, portions: Sequence[Portion]) -> None:
        for portion in portions:
            await self._make(portion, portion.settings, portion.name)

    async def _answer(self, questions: Sequence[_Question]) -> None:
        """Ask for its vector, and in the same request for those of texts that wait."""
        for question in questions:
            settings, name = question.settings, question.name
            try:
                portion: Portion | None = None
                if not self._maker.is_free(name) and self._maker.cost(name, 2) == 1:
                    character = CharacterId(settings.character_id)
                    portion = await self._indexer.along(character, name, _ALONG)
                if portion is not None:
                    self._say(portion, EventType.EMBEDDING_GENERATION_REQUESTED)
                await self._make(portion, settings, name, question)
            finally:
                self._settle(question, None)

    async def _make(
        self,
        portion: Portion | None,
        settings: Settings,
        name: str,
        question: _Question | None = None,
    ) -> None:
        texts = [question.text] if question else []
        try:
            texts += portion.texts if portion else ()
            vectors = await self._maker.make(settings, name, texts)
        except BaseException as error:
            if portion is not None:
                self._indexer.failed(portion, error)
            if portion is not None and isinstance(error, Exception):
                self._say(portion, EventType.EMBEDDING_GENERATION_FAILED, error=error)
            if isinstance(error, ModelError):
                return
            raise
        if question is not None:
            self._settle(question, vectors.pop(0))
            self._indexer.nudge(CharacterId(settings.character_id))
        if portion is not None:
            await self._indexer.keep(portion, vectors)
            self._say(portion, EventType.EMBEDDING_GENERATION_COMPLETED, vectors=vectors)

    def _settle(self, question: _Question, vector: Vector | None) -> None:
        self._asked.pop(question.key, None)
        if vector is not None:
            self._known[question.key] = vector
            if len(self._known) > _QUESTIONS:
                self._known.popitem(last=False)
        if not question.made.done():
            question.made.set_result(vector)

    def _submit(self, portion: Portion) -> bool:
        if not self._portions.enqueue(portion, portion.priority):
            return False
        self._say(portion, EventType.EMBEDDING_GENERATION_REQUESTED)
        return True

    def _allowance(self, character: CharacterId) -> Allowance:
        found = self._allowances.get(character)
        if found is None:
            found = self._allowances[character] = Allowance()
        return found

    # --- listeners -----------------------------------------------------------------------------

    def _say(
        self,
        portion: Portion,
        event: EventType,
        *,
        vectors: Sequence[Vector] = (),
        error: BaseException | None = None,
    ) -> None:
        """X-14; of each memory, and only where somebody listens."""
        events = self._listeners(portion.character)
        if events is None or not events.wanted(event):
            return
        made = dict(zip(portion.texts, vectors, strict=False))
        for _, memory in portion.rows:
            payload: dict[str, Any] = {"memory": memory, "priority": str(portion.priority)}
            if vectors:
                payload["embedding"] = list(made[memory.content.text])
            if error is not None:
                payload["error"] = str(error)
            self._tell(events, event, payload)


def _digest(text: str) -> bytes:
    return blake2b(text.encode(errors="replace"), digest_size=16).digest()


def _told(one: object, error: Exception) -> None:
    if not isinstance(error, StoreUnavailable):
        log.error("vectors could not be made", exc_info=error)


def _share(settings: Settings) -> float:
    return _number(settings, "TROUPE_EMBEDDINGS_PER_MESSAGE", _SHARE)


def _patience(settings: Settings) -> float:
    return _number(settings, "TROUPE_RECALL_PATIENCE", _PATIENCE)


def _number(settings: Settings, name: str, usual: float) -> float:
    """What is no number was told of at the start, and costs no turn anything."""
    try:
        return max(0.0, settings.number(name, usual))
    except BadInput:
        return usual
