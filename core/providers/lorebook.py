"""LOREBOOK: what her author has written to be told when its keywords are said."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.ids import CharacterId, EntityId, RoomId
from core.lore import (
    ALWAYS,
    Moment,
    Reader,
    Speaking,
    Told,
    after,
    made_ready,
    readers_at_hand,
    settled_texts,
)
from core.lore.past import greeting_key, past_key
from core.ports import Unit
from core.prompting.custom import templates_of
from core.prompting.lore import POSITION
from core.prompting.talk import speaker
from core.state import Provider, Scene, Section

_PROMPT = 12_000
"""Tokens of a prompt, where the settings do not say."""
_USUAL = 2_000
_COUNTED = 500
"""Answers that are counted at once; what is counted already is not counted again."""


def _get(scene: Scene) -> Section | Awaitable[Section | None] | None:
    if scene.character.lorebook is None and not scene.character.card:
        return None
    readers = readers_at_hand(scene.character)
    if readers is None or any(map(_needs_rows, readers)):
        return _later(scene)
    return _section(scene, readers, _moment(scene))


async def _later(scene: Scene) -> Section | None:
    readers = await made_ready(scene.character)
    moment, room, read = _moment(scene), scene.room, scene.read
    if room is None or read is None or not any(map(_needs_rows, readers)):
        return _section(scene, readers, moment)
    character, now = scene.character.agent_id, scene.now
    kept = await read(lambda unit: _Kept.read(unit, character, room, now, readers))
    moment = replace(
        moment,
        answers=kept.answers,
        messages=kept.messages + len(scene.inbound),
        greeting=kept.greeting,
        past=kept.past,
    )
    return _section(scene, readers, moment, kept)


class _Kept:
    """What of the past decides, as the room's rows have it."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        told = row.get("told")
        self.past: dict[str, int] = dict(told) if isinstance(told, Mapping) else {}
        self.answers: int = row.get("answers", 0)
        self.until: str = row.get("until", "")
        self.messages = 0
        self.greeting: int | None = None

    @classmethod
    def read(
        cls,
        unit: Unit,
        character: CharacterId,
        room: RoomId,
        now: datetime,
        readers: Sequence[Reader],
    ) -> _Kept:
        row = unit.cache.get(character, past_key(room), now)
        kept = cls(row if isinstance(row, Mapping) else {})
        if any(one.needs_greeting for one in readers):
            said = unit.cache.get(character, greeting_key(room), now)
            kept.greeting = said if isinstance(said, int) else None
        if any(one.needs_messages or one.needs_past for one in readers):
            kept.messages = unit.memories.count(character, room)
        if any(one.needs_answers for one in readers):
            kept._count(unit, character, room)
        return kept

    def _count(self, unit: Unit, character: CharacterId, room: RoomId) -> None:
        """Her answers since they were counted last."""
        start = datetime.fromisoformat(self.until) if self.until else None
        said = unit.memories.find(
            character, rooms=(room,), entity=EntityId(character), start=start, limit=_COUNTED
        )
        new = [one for one in said if start is None or one.created_at > start]
        if new:
            self.answers += len(new)
            self.until = max(one.created_at for one in new).isoformat()

    def row(self, past: Mapping[str, int]) -> dict[str, Any]:
        return {"told": dict(past), "answers": self.answers, "until": self.until}


def _section(
    scene: Scene, readers: Sequence[Reader], moment: Moment, kept: _Kept | None = None
) -> Section | None:
    lines = [line.text for line in scene.history]
    lines += [one.text for one in scene.inbound]
    prompt = int(scene.settings.number("TROUPE_PROMPT_TOKENS", 0.0)) or _PROMPT
    left = prompt // 2
    told: list[Told] = []
    past = dict(moment.past)
    for reader in readers:
        budget = min(reader.book.token_budget or min(prompt // 4, _USUAL), left)
        speaking = reader.speaking(lines, moment, budget)
        left -= speaking.spent
        told += speaking.told
        past = _remembered(past, speaking, moment)
    if kept is not None:
        _keep(scene, kept.row(past), changed=past != moment.past or bool(kept.until))
    if not told:
        return None
    told.sort(key=lambda one: one.entry.order)
    now = [one for one in told if not one.settled]
    text = "\n".join(one.text for one in now)
    return Section(
        "LOREBOOK",
        text,
        POSITION,
        {"lorebook": _whole(scene, readers, moment, text)},
        {
            "told": [one.trace for one in told],
            "recalled": [{"table": "lorebook", **one.trace} for one in told if one.why != ALWAYS],
            "entries": tuple(now),
        },
    )


def _whole(scene: Scene, readers: Sequence[Reader], moment: Moment, text: str) -> str:
    """For templates of her own, which show all of it in one place."""
    if not templates_of(scene.character):
        return text
    standing = (words for _, words in settled_texts(readers, moment.user))
    return "\n".join(filter(None, (*standing, text)))


def _remembered(past: dict[str, int], speaking: Speaking, moment: Moment) -> dict[str, int]:
    return after(past, speaking, moment.messages) if speaking.triggered else past


def _keep(scene: Scene, row: dict[str, Any], *, changed: bool) -> None:
    """With the turn's own rows, so that a turn that comes to nothing has told nothing."""
    character, room = scene.character.agent_id, scene.room
    if changed and scene.note is not None and room is not None:
        scene.note(lambda unit: unit.cache.put(character, past_key(room), row))


def _moment(scene: Scene) -> Moment:
    return Moment(
        user=speaker(scene),
        now=scene.now,
        seed=scene.inbound[-1].id if scene.inbound else 0,
        answers=sum(line.ours for line in scene.history),
        messages=len(scene.history) + len(scene.inbound),
    )


def _needs_rows(reader: Reader) -> bool:
    return (
        reader.needs_past or reader.needs_greeting or reader.needs_answers or reader.needs_messages
    )


lorebook = Provider("LOREBOOK", POSITION, _get, builds=False)
