"""What characters remember, learn and know, put together; nothing of it is on a turn's way but recall."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from core.casting import LoadedCharacter
from core.clock import Clock
from core.evaluators import Reflection
from core.events import Events
from core.flow.after import After
from core.flow.cast import Part
from core.flow.till import Billed, Till
from core.ids import CharacterId, MemoryId, RoomId
from core.knowledge.ingest import Librarian
from core.knowledge.learning import Learning
from core.knowledge.reading import Reader
from core.memory.embedding import Embedder
from core.memory.recall import Recall
from core.memory.recent import Recent
from core.plugins.records import Turn
from core.ports import Forgotten, ModelRoles, Store
from core.settings.layers import Settings

_ASIDE = frozenset({"facts", "knowledge"})
"""What should not wait for more of its kind before it can be found by meaning."""


class Mind:
    """`events` gives a character's listeners, as far as she has any; `busy` says whether turns are
    under way, to which all of this gives way."""

    def __init__(
        self,
        process: Settings,
        store: Store,
        models: ModelRoles,
        reader: Reader,
        recent: Recent,
        till: Till,
        after: After,
        clock: Clock,
        data: Path,
        *,
        busy: Callable[[], bool],
        events: Callable[[CharacterId], Events | None],
    ) -> None:
        self._models = models
        self._till = till
        self._events = events
        self._settings: dict[CharacterId, Settings] = {}
        self.embedder = Embedder(
            self._models_of, store, clock, busy=busy, listeners=events, tell=after.tell
        )
        self.half: set[MemoryId] = set()
        """Documents that are being taken in, or away, just now."""
        self.recall = Recall(store, self.embedder, recent, clock, self.half)
        learning = Learning(
            store,
            reader,
            clock,
            self._models_of,
            process,
            told=self.recall.told,
            wake=lambda whose, settings: self.embedder.wake(whose, settings, soon=True),
            half=self.half,
        )
        self.librarian = Librarian(store, learning, clock, process, data)
        self.reflection = Reflection(
            store,
            clock,
            busy=busy,
            thinks=self._thinks,
            told=lambda whose, room: self.told(whose, room, "facts"),
        )

    async def attend(self, everybody: Iterable[tuple[LoadedCharacter, Settings]]) -> None:
        """These play from now on; at the start, and at each reload."""
        playing = list(everybody)
        before, self._settings = self._settings, {one.id: settings for one, settings in playing}
        for gone in before.keys() - self._settings.keys():
            self.embedder.forget(gone)
        for one, settings in playing:
            self.embedder.wake(one.id, settings)
        await self.librarian.tend(playing)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.embedder.run())
            group.create_task(self.librarian.run())

    @property
    def progress(self) -> list[dict[str, Any]]:
        """What is going on behind the talk, for /ready."""
        reading = self.librarian.progress().items()
        documents = [
            {"character": name, "work": "documents", "done": one.done, "all": one.all}
            for name, one in reading
        ]
        vectors = [
            {"character": name, "work": "vectors", "done": done, "all": every}
            for name, (done, every) in self.embedder.progress().items()
        ]
        return documents + vectors

    # --- what others have to say ---------------------------------------------------------------

    def heard(self, part: Part) -> None:
        """A message of somebody was handled, and maybe answered."""
        self.embedder.heard(part.settings)
        if part.policy.remembers:
            self.embedder.wake(part.id, part.settings)

    def told(self, character: CharacterId, room: RoomId, table: str) -> None:
        """Somebody has written a memory past the turns: a plugin, or a look back."""
        self.recall.told(character, room, table)
        if (settings := self._settings.get(character)) is not None:
            self.embedder.wake(character, settings, soon=table in _ASIDE)

    def forgotten(self, gone: Forgotten) -> None:
        for room in gone.rooms:
            self.recall.forget(room)
            if gone.character is not None:
                self.reflection.forget(gone.character, room)

    # --- models --------------------------------------------------------------------------------

    def _models_of(self, character: CharacterId, settings: Settings) -> ModelRoles:
        events = self._events(character) or Events()
        return Billed(self._models, self._till, character, settings.character_name, events)

    def _thinks(self, turn: Turn) -> bool:
        return self._models.writes(turn.settings, "TEXT_SMALL") not in ("", "offline")
