"""What comes to mind before a character answers: talk of old, facts and knowledge that fit."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from core.clock import Clock
from core.errors import ModelError, StoreUnavailable
from core.ids import CharacterId, MemoryId, RoomId
from core.knowledge.documents import PIECES, SHARED, home
from core.memory.asking import question
from core.memory.fitting import fit
from core.memory.places import Reach, places, wide
from core.memory.recent import Recent
from core.memory.searching import Seen, Wanted, closer, has_facts, has_knowledge, look, owner_knows
from core.ports import Store, Unit
from core.ports.finding import Scope
from core.prompting.custom import template_for
from core.prompting.stock import window
from core.settings.layers import Settings
from core.state import Remembered, Scene

log = logging.getLogger(__name__)

_ROOMS = 20_000
"""Rooms of which it is known whether anything was learned there."""
_LOCAL = "local:"
"""Models of this machine, by the beginning of their names."""
_MOST_KNOWLEDGE = 4_000
_NOTHING = Remembered()
_SHARED = (SHARED,)
"""Owners of what every character may know."""


class Asking(Protocol):
    """Who makes vectors of questions; see core.memory.embedding."""

    def model(self, settings: Settings) -> str: ...
    async def query(
        self, settings: Settings, text: str, *, force: bool = False
    ) -> Sequence[float] | None: ...


@dataclass(frozen=True, slots=True)
class _Wish:
    on: bool
    reach: Reach
    unknown: str
    """What was set and is no reach."""
    tokens: int
    knowledge: int
    shown: int
    """Lines of talk in a prompt."""


@dataclass(slots=True)
class _Past:
    """What there is of a room beside talk; None where nobody has looked yet."""

    facts: bool | None = None
    knowledge: bool | None = None


class Recall:
    """core.state.Remembering: one read, two where a question's vector is asked for, none where
    there is nothing to find."""

    def __init__(
        self,
        store: Store,
        embedder: Asking | None,
        recent: Recent,
        clock: Clock,
        half: Collection[MemoryId] = (),
    ) -> None:
        """`half` are documents of which only a part is there at a time: nothing of them is told."""
        self._store = store
        self._half = half
        self._embedder = embedder
        self._recent = recent
        self._clock = clock
        self._rooms: OrderedDict[RoomId, _Past] = OrderedDict()
        self._lore: dict[CharacterId, bool] = {}
        self._blamed: set[tuple[CharacterId, str]] = set()

    async def __call__(self, scene: Scene, *, deep: bool = False, query: str = "") -> Remembered:
        """See `Remembering`. `deep` looks for talk and knowledge by the question's vector."""
        try:
            return await self._recall(scene, deep, query)
        except (StoreUnavailable, ModelError):
            return _NOTHING
        except Exception:  # the wall round recall: an answer without memories is an answer
            log.exception("%s remembers nothing", scene.character.name)
            return _NOTHING

    def told(self, character: CharacterId, room: RoomId, table: str) -> None:
        """Somebody has written facts or knowledge."""
        if table == PIECES and room == home(character):
            self._lore[character] = True
        elif table in ("facts", PIECES):
            past = self._past(room)
            past.facts = past.facts or table == "facts" or None
            past.knowledge = past.knowledge or table == PIECES or None

    def forget(self, room: RoomId) -> None:
        """Look anew what there is of a room."""
        self._rooms[room] = _Past()
        self._rooms.move_to_end(room)
        self._lore.pop(CharacterId(room), None)

    # --- a moment ------------------------------------------------------------------------------

    async def _recall(self, scene: Scene, deep: bool, query: str) -> Remembered:
        wish = scene.settings.derived(_wish)
        if wish.unknown:
            self._blame(scene, wish.unknown)
        room = scene.room
        if room is None or not wish.on or not (wish.tokens or wish.knowledge):
            return _NOTHING
        wanted = self._wanted(scene, room, wish, query)
        asks = bool(wanted.question.words)
        if not ((asks and (wanted.talk or wanted.knowledge)) or wanted.facts):
            return _NOTHING
        seen = await self._store.read(lambda unit: self._look(unit, scene, room, wanted))
        more = False
        if asks and (deep or self._asks_for_vector(wanted.model, seen)):
            vector = await self._vector(scene, wanted, seen.text(), force=deep)
            if vector is not None:
                seen = await self._closer(seen, wanted, vector)
            more = vector is None and not deep
        found = fit(replace(seen, half=self._half), wish.tokens, wish.knowledge)
        return replace(found, more=more)

    async def _closer(self, seen: Seen, wanted: Wanted, vector: Sequence[float]) -> Seen:
        return await self._store.read(lambda unit: closer(unit, seen, wanted, vector))

    def _look(self, unit: Unit, scene: Scene, room: RoomId, wanted: Wanted) -> Seen:
        """Within a read: where to look, whether there is anything, and what fits."""
        where = places(unit, scene, room, reach_of(scene), _SHARED)
        past = self._past(room)
        if past.facts is None:
            past.facts = has_facts(unit, replace(where, others=()))
        if past.knowledge is None:
            past.knowledge = has_knowledge(unit, Scope(where.character, (room,), PIECES))
        for owner, _ in where.lore:
            if owner not in self._lore:
                self._lore[owner] = owner_knows(unit, owner)
        lore = tuple((owner, place) for owner, place in where.lore if self._lore[owner])
        knows = wanted.knowledge and bool(past.knowledge or lore or where.others)
        knows = knows and bool(wanted.question.words)
        wanted = replace(
            wanted, facts=wanted.facts and bool(past.facts or where.others), knowledge=knows
        )
        return look(unit, replace(where, lore=lore), wanted)

    def _wanted(self, scene: Scene, room: RoomId, wish: _Wish, query: str) -> Wanted:
        """What is to be looked for; nothing that is surely not there."""
        character = scene.character.agent_id
        shown = scene.history
        if template_for(scene, "messageHandlerTemplate") is None:
            shown = tuple(window(scene.history, wish.shown))
        whole = self._recent.whole(character, room)
        elsewhere = wide(scene, wish.reach)
        new = self._recent.new(character, room)  # where nothing can have been learned yet
        past = self._rooms.get(room) or (_Past(facts=False, knowledge=False) if new else _Past())
        owners = [self._lore.get(one) for one in (character, *_SHARED)]
        return Wanted(
            question=question(scene, query),
            # Telegram tells times by whole seconds: of two lines the later may seem the earlier.
            before=min((line.at for line in shown), default=_begun(scene)),
            person=scene.person,
            model=self._embedder.model(scene.settings) if self._embedder else "",
            group=not scene.is_direct,
            talk=bool(wish.tokens) and (elsewhere or not whole or len(shown) < len(scene.history)),
            facts=bool(wish.tokens) and (elsewhere or past.facts is not False),
            knowledge=bool(wish.knowledge)
            and (
                elsewhere or past.knowledge is not False or any(one is not False for one in owners)
            ),
        )

    def _asks_for_vector(self, model: str, seen: Seen) -> bool:
        """Always where it costs nobody anything, else where words have found too little."""
        if model.startswith(_LOCAL):
            return True
        return bool(model) and seen.too_little and not seen.without_vectors

    async def _vector(
        self, scene: Scene, wanted: Wanted, text: str, *, force: bool
    ) -> Sequence[float] | None:
        if self._embedder is None or not wanted.model or not text.strip():
            return None
        return await self._embedder.query(scene.settings, text, force=force)

    def _past(self, room: RoomId) -> _Past:
        past = self._rooms.get(room)
        if past is None:
            past = self._rooms[room] = _Past()
            if len(self._rooms) > _ROOMS:
                self._rooms.popitem(last=False)
        return past

    def _blame(self, scene: Scene, value: str) -> None:
        key = (scene.character.agent_id, value)
        if key not in self._blamed:
            self._blamed.add(key)
            log.warning(
                "%s: TROUPE_RECALL_SCOPE is room, world or person, not %r; it counts as room",
                scene.character.name,
                value,
            )


def _wish(settings: Settings) -> _Wish:
    wanted = settings.text("TROUPE_RECALL_SCOPE", "room").strip().lower() or "room"
    known = wanted in set(Reach)
    # Who is to remember nothing that is said does not speak of what was kept before that either.
    forgets = settings.flag("DISABLE_MEMORY_CREATION")
    return _Wish(
        on=settings.flag("TROUPE_RECALL", True),
        reach=Reach(wanted) if known else Reach.ROOM,
        unknown="" if known else wanted,
        tokens=0 if forgets else max(0, int(settings.number("TROUPE_RECALL_TOKENS", 600))),
        knowledge=min(
            _MOST_KNOWLEDGE, max(0, int(settings.number("TROUPE_KNOWLEDGE_TOKENS", 1500)))
        ),
        shown=int(settings.number("CONVERSATION_LENGTH") or 32),
    )


def reach_of(scene: Scene) -> Reach:
    """Whence something may come to mind, as it is set."""
    return scene.settings.derived(_wish).reach


def _begun(scene: Scene) -> datetime:
    """What is to be answered may be stored already, by a turn that was cut short."""
    return scene.inbound[0].sent_at if scene.inbound else scene.now
