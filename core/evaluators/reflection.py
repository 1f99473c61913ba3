"""REFLECTION: what is new about people, in one small call for a batch of messages (R-82 to R-86)."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from math import ceil

from core.clock import Clock
from core.evaluators.noted import Noted, Speaker, noted, scene_of
from core.ids import CharacterId, EntityId, MemoryId, RoomId, unique_uuid
from core.kept import Relationship
from core.memory.bonds import noticed
from core.messages import Content, Memory
from core.plugins.records import Evaluator, Turn
from core.ports import ModelRequest, Store, Unit
from core.prompting.defaults import prompt_for
from core.prompting.dynamic import Options, prompt_exec
from core.prompting.words import display_name
from core.settings.layers import Settings
from core.words import words

log = logging.getLogger(__name__)

MARKER = "{}-reflection-last-processed"
"""elizaOS' cache key, by room; it holds the id of the last message that was looked at."""
_BATCH = 64
"""Messages of one call; of a longer gap the older ones are passed over."""
_KNOWN = 30
_ROOMS = 20_000
_ALIKE = 0.8
"""Words two claims share, of all their words, from which on they say the same."""


@dataclass(frozen=True, slots=True)
class _Past:
    said: Sequence[Memory]
    """Since the last look, oldest first."""
    known: Sequence[Memory]
    speakers: Sequence[Speaker]


class Reflection:
    """For all characters; each room is looked back at by itself, and never on a turn's way.

    `busy` says that answers are being made just now: then it waits for a later turn. `thinks`
    says whether a character has a model that can do this. `told` hears of what was learned.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        busy: Callable[[], bool] = lambda: False,
        thinks: Callable[[Turn], bool] = lambda turn: True,
        told: Callable[[CharacterId, RoomId], object] = lambda character, room: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._busy = busy
        self._thinks = thinks
        self._told = told
        self._since: OrderedDict[tuple[CharacterId, RoomId], int | None] = OrderedDict()
        """Messages since the last look; None where nobody has counted yet."""

    @property
    def evaluator(self) -> Evaluator:
        return Evaluator(
            "REFLECTION",
            "Notes what is new: facts about people, and who has to do with whom.",
            self._look_back,
            wanted=self._wanted,
            due=self._due,
        )

    def forget(self, character: CharacterId, room: RoomId) -> None:
        """Count anew: what was counted is gone."""
        self._since.pop((character, room), None)

    # --- when ----------------------------------------------------------------------------------

    def _due(self, turn: Turn) -> bool:
        """At every turn's end, so it asks nobody."""
        if not turn.settings.derived(_reflects):
            return False
        key = (turn.message.character, turn.message.room)
        since = self._since.get(key)
        if since is not None:
            since += 1 + max(1, len(turn.responses))
        self._since[key] = since
        self._since.move_to_end(key)
        while len(self._since) > _ROOMS:
            self._since.popitem(last=False)
        if since is not None and since <= interval(turn):
            return False
        return not self._busy() and self._thinks(turn)

    async def _wanted(self, turn: Turn) -> bool:
        key = (turn.message.character, turn.message.room)
        if self._since.get(key) is None:
            past = await self._store.read(lambda unit: _said(unit, *key, self._clock))
            self._since[key] = len(past)
        return (self._since[key] or 0) > interval(turn)

    # --- what ----------------------------------------------------------------------------------

    async def _look_back(self, turn: Turn) -> None:
        character, room = turn.message.character, turn.message.room
        self._since[character, room] = 0  # also when it fails: not again at every message
        past = await self._store.read(lambda unit: _past(unit, character, room, self._clock))
        if not past.said:
            return
        values, labels = scene_of(turn.character, past.said, past.known, past.speakers)
        asked = prompt_for("reflectionTemplate", turn.character.templates)
        answer = await prompt_exec(
            _asking(turn, self._clock),
            values=values,
            template=asked.template,
            rows=asked.rows,
            options=Options(format="json", level=0, max_retries=0, clock=self._clock),
        )
        if answer is None:
            return  # the marker stays where it is
        found = noted(answer, labels)
        learned = await self._store.write(lambda unit: self._write(unit, turn, past, found))
        if learned:
            self._told(character, room)

    def _write(self, unit: Unit, turn: Turn, past: _Past, found: Noted) -> int:
        """Facts that nobody knew, bonds grown stronger, and how far it was looked."""
        now, message = self._clock.now(), turn.message
        character, room = message.character, message.room
        known = [set(words(one.content.text)) for one in past.known]
        facts: list[Memory] = []
        for fact in found.facts:
            said = set(words(fact.claim))
            if not said or any(_same(said, other) for other in known):
                continue
            known.append(said)
            name = f"fact:{room}:{' '.join(sorted(said))}"
            facts.append(
                Memory(
                    id=MemoryId(unique_uuid(character, name)),
                    character=character,
                    room=room,
                    author=fact.about or EntityId(character),
                    content=Content(text=fact.claim),
                    created_at=now,
                    world=message.world,
                    table="facts",
                    metadata={
                        "type": "fact",
                        "kind": fact.kind,
                        "about": fact.about or "",
                        "source": "reflection",
                        "sourceId": room,
                        "sources": [one.id for one in past.said],
                    },
                )
            )
        unit.memories.add(facts)
        _bind(unit, character, room, found, now)
        unit.cache.put(character, MARKER.format(room), past.said[-1].id)
        return len(facts)


def interval(turn: Turn) -> int:
    """Messages that may pass unreflected: a quarter of the conversation's length (R-83)."""
    return ceil((turn.settings.number("CONVERSATION_LENGTH") or 32) / 4)


def _bind(unit: Unit, character: CharacterId, room: RoomId, found: Noted, now: datetime) -> None:
    if not found.bonds:
        return
    since = unit.rooms.forgotten_before(character, room)
    sources = {bond.source for bond in found.bonds}
    there = {
        (one.source, one.target): one
        for source in sources
        for one in unit.bonds.relationships(character, source)
    }
    for bond in found.bonds:
        before = there.get((bond.source, bond.target)) or Relationship(
            id=unique_uuid(character, f"bond:{bond.source}:{bond.target}"),
            character=character,
            source=bond.source,
            target=bond.target,
            created_at=now,
        )
        after = noticed(before, room, bond.tags, now, since)
        there[bond.source, bond.target] = after
        unit.bonds.put_relationship(after)


def _asking(turn: Turn, clock: Clock) -> Callable[[ModelRequest], AsyncGenerator[str, None]]:
    async def ask(request: ModelRequest) -> AsyncGenerator[str, None]:
        question = "\n".join(one.text for one in request.messages)
        answer = await turn.ask(
            question, role="TEXT_SMALL", system=request.system, max_tokens=request.max_tokens
        )
        yield answer

    return ask


def _said(unit: Unit, character: CharacterId, room: RoomId, clock: Clock) -> list[Memory]:
    """What was said since the last look, oldest first, at most a batch."""
    # By their order, not by their times: platforms tell those by whole seconds.
    marker = unit.cache.get(character, MARKER.format(room), clock.now())
    found = unit.memories.find(character, rooms=(room,), limit=_BATCH)
    new = list(takewhile(lambda one: one.id != marker, found))
    return [one for one in reversed(new) if _is_talk(one)]


def _past(unit: Unit, character: CharacterId, room: RoomId, clock: Clock) -> _Past:
    said = _said(unit, character, room, clock)
    known = unit.memories.find(character, table="facts", rooms=(room,), limit=_KNOWN)
    ids = dict.fromkeys(one.author for one in said if one.author != EntityId(character))
    names = {one.id: display_name(one) for one in unit.people.known(character, list(ids))}
    return _Past(said, known, [Speaker(one, names.get(one, "Somebody")) for one in ids])


def _is_talk(memory: Memory) -> bool:
    return bool(memory.content.text.strip()) and memory.metadata.get("type") != "action_result"


def _same(one: set[str], other: set[str]) -> bool:
    return len(one & other) >= _ALIKE * len(one | other)


def _reflects(settings: Settings) -> bool:
    remembers = not settings.flag("DISABLE_MEMORY_CREATION")
    return remembers and settings.flag("TROUPE_REFLECTION", True)
