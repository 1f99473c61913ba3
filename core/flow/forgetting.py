"""/forget me and /export me: what a character keeps of somebody is theirs to dispose of (GAP-17)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from core.clock import Clock
from core.files import MOST, Files, TooLarge
from core.flow.floor import Floor
from core.flow.janitor import Janitor
from core.flow.presence import Presence
from core.flow.speaking import Spoken
from core.flow.tally import Tally
from core.flow.wishes import Wishes
from core.flow.work import Work
from core.flow.writing import bury
from core.ids import CharacterId, EntityId, turn_of
from core.memory.recent import Recent
from core.messages import Attachment, Content, Delivery, InboundStatus, Outcome, Reply
from core.ports import Store, Unit
from core.ports.persons import Forgotten, Traced
from core.state import StateCache

FORGET, EXPORT = "forget", "export"
COMMANDS = frozenset({FORGET, EXPORT})

_NAMED = {
    "messages": ("message", "messages"),
    "answers": ("answer to you", "answers to you"),
    "facts": ("fact about you", "facts about you"),
    "documents": ("document", "documents"),
    "deeds": ("thing done for you", "things done for you"),
    "notes": ("note", "notes"),
    "relationships": ("relationship", "relationships"),
    "details": ("detail about you", "details about you"),
    "settings": ("setting", "settings"),
    "tasks": ("task", "tasks"),
}
_EXPLAINED = {
    FORGET: "{how} makes me forget everything of you, here and everywhere else.",
    EXPORT: "{how} gives you a file with everything of yours that I keep.",
}
_PART = MOST - 1024 * 1024
"""Bytes of one file; what is larger comes in several."""
_MOST_PARTS = 10
_SIGNS = re.compile(r"[^a-z0-9]+")


class Forgetting:
    """Carries out both commands, and an operator's wish; whoever holds words in memory is told."""

    def __init__(
        self,
        store: Store,
        files: Files,
        recent: Recent,
        presence: Presence,
        wishes: Wishes,
        states: StateCache,
        floor: Floor,
        janitor: Janitor,
        tally: Tally,
        clock: Clock,
        told: Sequence[Callable[[Forgotten], None]] = (),
    ) -> None:
        """`told` hear of everybody who was forgotten."""
        self._store = store
        self._files = files
        self._recent = recent
        self._presence = presence
        self._wishes = wishes
        self._states = states
        self._floor = floor
        self._janitor = janitor
        self._tally = tally
        self._clock = clock
        self._told = tuple(told)

    async def command(self, work: Work) -> None:
        """Do what a person asks for about themselves, and answer."""
        lead = work.lead
        work.decided()
        if lead.arguments.strip().lower() != "me":
            how = f"/{lead.command} {'whom:' if lead.waits else ''}me"
            await self._answer(work, _EXPLAINED[lead.command].format(how=how))
        elif lead.command == FORGET:
            forgotten, traced = await self._forget(work.part.id, work.person)
            copies = await self._janitor.copies_until()
            await self._answer(work, _gone(forgotten, copies), traced=traced)
            self._janitor.scrub_soon()  # the question is gone by now, too
        elif lead.is_direct:
            await self._export(work)
        else:
            await self._answer(work, "Write to me directly for that: it is for your eyes alone.")

    async def forget(self, character: CharacterId, entity: EntityId) -> Forgotten:
        """What an operator asks for: in one transaction, and the file is scrubbed soon after."""
        forgotten, _ = await self._forget(character, entity)
        self._janitor.scrub_soon()
        return forgotten

    async def _forget(self, character: CharacterId, entity: EntityId) -> tuple[Forgotten, Traced]:
        now = self._clock.now()
        traced = await self._store.read(lambda unit: unit.persons.traced(character, entity))
        forgotten = await self._store.write(
            lambda unit: unit.persons.forget(character, entity, now, traced)
        )
        self._tell(character, entity, forgotten)
        await self._janitor.drop(forgotten.files)
        return forgotten, traced

    def _tell(self, character: CharacterId, entity: EntityId, forgotten: Forgotten) -> None:
        for room in forgotten.rooms:
            self._recent.forget(character, room)
            self._store.evict(character, room)
        for address in self._presence.forgotten(character, entity, forgotten.rooms):
            self._floor.hush(address)
        self._wishes.forget(entity)
        self._states.clear()
        for one in self._told:
            one(forgotten)

    # --- what is kept, as a file -----------------------------------------------------------------

    async def _export(self, work: Work) -> None:
        part, person = work.part, work.person
        kept = await self._store.read(lambda unit: unit.persons.export(part.id, person))
        parts = await asyncio.to_thread(in_files, kept)
        going = []
        for number, data in enumerate(parts[:_MOST_PARTS], 1):
            key = f"{turn_of(work.lead.id)}:export:{number}"
            try:
                file = await self._files.keep(data, key=key, private=True)
            except TooLarge:  # a single thing of theirs that no platform takes
                continue
            behind = f"-{number}" if len(parts) > 1 else ""
            name = f"{_plain(part.character.name)}-export{behind}.json"
            going.append(Attachment(file.ref, "application/json", file.size, name))
        left_out = len(parts) - len(going)
        say = "Everything of yours that I keep."
        if left_out:
            say += f" {left_out} parts are too large to be sent; whoever runs me can hand them out."
        await self._answer(work, say, attachments=tuple(going))

    # --- the answer ------------------------------------------------------------------------------

    async def _answer(
        self,
        work: Work,
        text: str,
        *,
        attachments: tuple[Attachment, ...] = (),
        traced: Traced | None = None,
    ) -> None:
        """It ends the turn; neither the question nor the answer is remembered."""
        part, lead, now = work.part, work.lead, self._clock.now()
        rule = f"command-{lead.command}"
        spoken = Spoken(
            where=work.here,
            say=Reply(
                text,
                None if lead.is_direct else lead.message or None,
                attachments=attachments,
                via=lead.via,
                only_for=lead.author.id if lead.waits else "",
            ),
            content=Content(text=text),
            key="",
            turn=turn_of(lead.id),
            private=True,
        )
        rows = spoken.rows(part, work.batch.items[-1].event_key)

        def end(unit: Unit) -> list[Delivery]:
            bury(unit, work.dead, now)
            if earlier := work.earlier:
                by = Outcome(InboundStatus.SUPERSEDED, rule, successor=lead.id)
                unit.inbox.close(earlier, by, now, private=True)
            unit.inbox.close([lead.id], Outcome(InboundStatus.ANSWERED, rule), now, private=True)
            if traced is not None:
                # Once more: this message itself, and what other turns have written meanwhile.
                unit.persons.forget(part.id, work.person, now, traced)
            return unit.deliveries.add(rows, now)

        await work.batch.stored()
        part.outbox.accept(await self._store.write(end))
        work.spot.heard.difference_update(one.id for one in work.inbound)
        self._tally.ended(part.character.name, lead.address.platform, "answered", rule)
        self._tally.answered_in(part.character.name, self._clock.monotonic() - work.started)


def in_files(kept: Mapping[str, Any], most: int = _PART) -> list[bytes]:
    """JSON for people; long lists go on in a further file under the same name."""
    whole = _json(kept)
    if len(whole) <= most:
        return [whole]
    files, at_hand, size = [], dict[str, Any](), 0
    for name, value in kept.items():
        pieces = value if isinstance(value, list) else [value]
        for piece in pieces:
            length = len(_json(piece)) + len(name) + 8
            if at_hand and size + 2 * length > most:
                files.append(_json(at_hand))
                at_hand, size = {}, 0
            if isinstance(value, list):
                at_hand.setdefault(name, []).append(piece)
            else:
                at_hand[name] = piece
            size += length
    return [*files, _json(at_hand)]


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


def _plain(name: str) -> str:
    return _SIGNS.sub("-", name.lower()).strip("-") or "character"


def _gone(forgotten: Forgotten, copies: datetime | None) -> str:
    """In words for the person."""
    told = [
        f"{number} {_NAMED.get(kind, (kind, kind))[number != 1]}"
        for kind, number in forgotten.counts.items()
    ]
    if not told:
        said = "There was nothing of you that I kept; from here on you are new to me."
    else:
        listed = ", ".join(told[:-1]) + (" and " if told[:-1] else "") + told[-1]
        is_one = sum(forgotten.counts.values()) == 1
        said = f"I have forgotten you: {listed} {'is' if is_one else 'are'} gone."
        said += " What is left of it on the disk is overwritten within a day."
    if copies is not None:
        said += (
            " A copy of everything, made before an update, is kept until "
            f"{copies.day} {copies:%B %Y}."
        )
    return said
