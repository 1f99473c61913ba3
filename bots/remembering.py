"""`troupe memory`: search and show what characters remember; forget and hand out what is somebody's."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import orjson
from rich.console import Console

from bots import orders
from bots.bars import bar, one_line
from bots.knowing import House
from bots.lock import hold
from core.clock import SystemClock
from core.errors import AlreadyRunning, BadInput, Finding
from core.files import Files
from core.ids import CharacterId, EntityId, MemoryId, RoomId, string_to_uuid
from core.messages import Memory
from core.ports import Scope, Unit
from core.ports.persons import Forgotten
from core.settings.layers import Settings
from core.store.engine import open_store
from core.store.looking import looking
from core.words import words

_TABLES = ("messages", "facts", "knowledge")
_BEST = 10
_NEWEST = 50
_LONGEST = 300
"""Signs of a text in a list."""
_SCRUBS = 5

Person = tuple[CharacterId, EntityId, str]


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for; a name or an id each, empty for any."""

    words: str = ""
    memory: str = ""
    character: str = ""
    person: str = ""
    room: str = ""


# --- search and show -------------------------------------------------------------------------------


def searched(house: House, sought: Sought, console: Console) -> Iterator[str]:
    """The best of what shares words with what is asked, of every character or of one."""
    asked = list(dict.fromkeys(words(sought.words)))
    if not asked:
        raise BadInput(Finding("WORDS", "there is no word in it"))
    found: list[tuple[float, Memory]] = []
    with looking(house.url, house.own) as unit:
        whose = _characters(house, sought.character)
        people = _people(unit, house, sought) if sought.person else []
        with bar(console, "Searching", len(whose)) as show:
            for number, character in enumerate(whose):
                show(number, len(whose), house.names.get(character, ""))
                entities = [entity for one, entity, _ in people if one == character]
                if people and not entities:
                    continue
                for scope in _scopes(unit, character, entities):
                    hits = unit.passages.find(scope, asked, _BEST)
                    found += [(one.score, one.memory) for one in hits]
        behind = unit.passages.waiting()
    found.sort(key=lambda one: -one[0])
    for _, memory in found[:_BEST]:
        yield from _listed(house, memory)
    if not found:
        yield "Nothing was found."
    if behind:
        yield f"{behind:,} memories are not indexed yet: a running gateway is about to."


def shown(house: House, sought: Sought) -> Iterator[str]:
    """One memory as it is stored, or the newest of a room or a person, oldest first."""
    with looking(house.url, house.own) as unit:
        whose = _characters(house, sought.character)
        if sought.memory:
            for character in whose:
                for memory in unit.memories.get(character, [MemoryId(sought.memory)]):
                    yield _whole(house, memory)
                    return
            raise BadInput(Finding("ID", f"there is no memory {sought.memory}"))
        rooms = [RoomId(sought.room)] if sought.room else []
        who: Sequence[tuple[CharacterId, EntityId | None]] = [(one, None) for one in whose]
        if sought.person:
            who = [(one, entity) for one, entity, _ in _people(unit, house, sought)]
        newest = [
            memory
            for character, entity in who
            for memory in unit.memories.find(character, rooms=rooms, entity=entity, limit=_NEWEST)
        ]
    newest.sort(key=lambda one: one.created_at)
    for memory in newest[-_NEWEST:]:
        yield from _listed(house, memory)
    if not newest:
        yield "Nothing was found."


def _scopes(unit: Unit, character: CharacterId, entities: Sequence[EntityId]) -> Iterator[Scope]:
    rooms = tuple(room.id for room in unit.rooms.within(character))
    for table in _TABLES if rooms else ():
        for entity in entities or (None,):
            yield Scope(character, rooms, table, entity)


def _listed(house: House, memory: Memory) -> Iterator[str]:
    """Who has said it is told by an id: names are for those whom the operator asks for."""
    who = "herself" if memory.author == EntityId(memory.character) else memory.author
    character = house.names.get(memory.character, memory.character)
    yield f"{memory.created_at:%Y-%m-%d %H:%M}  {character}  {memory.table}  {memory.id}  {who}"
    yield f"    {one_line(memory.content.text, _LONGEST)}"


def _whole(house: House, memory: Memory) -> str:
    told = {
        "id": memory.id,
        "character": house.names.get(memory.character, memory.character),
        "table": memory.table,
        "room": memory.room,
        "author": memory.author,
        "at": memory.created_at.isoformat(),
        "text": memory.content.text,
        "actions": memory.content.actions,
        "inReplyTo": memory.content.in_reply_to,
        "attachments": memory.content.attachments,
        "metadata": memory.metadata,
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()


# --- forget and hand out ---------------------------------------------------------------------------


def forgotten(
    house: House, sought: Sought, sure: Callable[[str], bool], console: Console
) -> Iterator[str]:
    """Erase somebody; `sure` is asked before. By the gateway where one runs, else by ourselves."""
    with looking(house.url, house.own) as unit:
        people = _people(unit, house, sought)
    named = ", ".join(
        f"{one_line(name) or 'somebody'} ({entity}) of {house.names.get(one, one)}"
        for one, entity, name in people
    )
    if not sure(f"Forget {named}? This cannot be undone."):
        yield "Nothing was done; with --yes nobody is asked."
        return
    with bar(console, "Forgetting", len(people)) as show:
        try:
            with hold(house.data):
                gone = asyncio.run(_by_ourselves(house, people, show))
        except AlreadyRunning:
            gone = []
            for number, (character, entity, _) in enumerate(people):
                show(number, len(people), "")
                gone.append(orders.give(house.own, character, entity).answer())
    for (character, _, _), counts in zip(people, gone, strict=True):
        listed = ", ".join(f"{number:,} {kind}" for kind, number in counts.items())
        yield f"{house.names.get(character, character)}: {listed or 'there was nothing'}"


async def _by_ourselves(
    house: House, people: Sequence[Person], show: Callable[[int, int, str], None]
) -> list[Mapping[str, int]]:
    settings, now = Settings(house.environment), SystemClock().now()
    files, gone = Files(house.own / "files"), list[Mapping[str, int]]()
    async with open_store(house.url, house.own, key=settings.secret("TROUPE_SECRET_KEY")) as store:
        for number, (character, entity, _) in enumerate(people):
            show(number, len(people), "")
            done = await store.write(partial(_erased, who=character, whom=entity, now=now))
            for ref in done.files:
                await files.drop(ref)
            gone.append(done.counts)
        show(len(people), len(people), "overwriting what is left in the file")
        for _ in range(_SCRUBS):
            if await store.scrub(whole=True):
                break
            await asyncio.sleep(0.5)  # somebody reads in it
    return gone


def _erased(unit: Unit, *, who: CharacterId, whom: EntityId, now: datetime) -> Forgotten:
    return unit.persons.forget(who, whom, now)


def handed_out(house: House, sought: Sought, out: Path | None, console: Console) -> Iterator[str]:
    """Everything of somebody's as JSON, to be read on the terminal or in a file of its own."""
    key = Settings(house.environment).secret("TROUPE_SECRET_KEY")
    with looking(house.url, house.own, key=key) as unit:
        people, found = _people(unit, house, sought), []
        with bar(console, "Collecting", len(people)) as show:
            for number, (character, entity, _) in enumerate(people):
                name = house.names.get(character, character)
                show(number, len(people), name)
                found.append({"character": name, **unit.persons.export(character, entity)})
    told = orjson.dumps(found, option=orjson.OPT_INDENT_2)
    if out is None:
        yield told.decode()
        return
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BadInput(Finding("--out", f"{out} cannot be made ({error.strerror})")) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(told)
    yield f"Written to {out}; nobody but you can read it."


# --- who is meant ----------------------------------------------------------------------------------


def _characters(house: House, name: str) -> list[CharacterId]:
    """One by name, also one whose file is gone: ids are made of names; else all there are."""
    if not name:
        return [one.id for one in house.roster.loaded]
    try:
        return [house.character(name).id]
    except BadInput:
        return [CharacterId(string_to_uuid(name))]


def _people(unit: Unit, house: House, sought: Sought) -> list[Person]:
    """One for each character who knows them; raises BadInput where it is not clear who is meant."""
    character = _characters(house, sought.character)[0] if sought.character else None
    found = list(unit.persons.named(sought.person, character))
    if not found:
        raise BadInput(Finding("--person", f"nobody here is called {sought.person}"))
    if len({one for one, _, _ in found}) == len(found):
        return found
    there = ", ".join(
        f"{one_line(name)} {entity} ({house.names.get(one, one)})" for one, entity, name in found
    )
    mend = f"Give an id instead: {there}"
    raise BadInput(Finding("--person", f"{len(found)} people are called that", mend))
