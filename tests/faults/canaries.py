"""Rooms of many kinds in which every message holds a word that nobody must hear elsewhere."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bots.sandbox import Bot, Person
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.ids import MemoryId, RoomId
from core.messages import ChannelType, Content, Memory
from core.plugins import Plugin, Turn
from core.ports import Unit
from tests.fakes.model_server import ModelServer
from tests.flows.on_discord import Server
from tests.flows.talk import playing, reply

CANARY = re.compile(r"\bz[a-z]*\d+q\b")
COMMON = ("boat", "soup", "harbour", "lantern", "cousin", "winter", "garden", "letter")
"""All of them stand in every question, some in everything that is said, learned and known."""
CAST = ("Ada", "Bob")
DEEPER, SEARCHING, PROBING = "think hard", "look that up", "probe it"
"""Words of a question that make the model do more before it answers."""
_PROVIDERS = "MEMORIES, FACTS, KNOWLEDGE, RELATIONSHIPS, WORLD, ENTITIES, RECENT_MESSAGES, RECALL"


@dataclass(eq=False, slots=True)
class Spot:
    """A chat as its platform sees it, and the characters who hear it."""

    key: str
    platform: str
    chat: Chat
    people: tuple[Person, ...]
    hearers: tuple[str, ...]
    server: str = ""
    """Of a channel on Discord."""

    @property
    def is_direct(self) -> bool:
        return len(self.people) == 1


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a canary comes from; without a spot it is a character's everywhere, without a
    character everybody's."""

    characters: tuple[str, ...]
    spot: Spot | None
    person: str = ""
    kind: str = "talk"


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt that a model got, or what a plugin has found, and for whom it was."""

    character: str
    spot: Spot | None
    person: str
    text: str
    canaries: frozenset[str]


@dataclass(slots=True)
class Aviary:
    """Who has which canary; the model writes down each prompt and breeds canaries of its own."""

    chance: random.Random
    origins: dict[str, Origin] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    probed: list[Asked] = field(default_factory=list)
    """What plugins have found; without a spot in all of their character's rooms."""
    _known: set[tuple[str, str]] = field(default_factory=set)

    def breed(
        self, characters: Iterable[str], spot: Spot | None, person: str = "", kind: str = "talk"
    ) -> str:
        canary = f"z{kind[0]}{len(self.origins)}q"
        self.origins[canary] = Origin(tuple(characters), spot, person, kind)
        return canary

    def words(self) -> str:
        return " ".join(self.chance.sample(COMMON, 3))

    # --- the model -----------------------------------------------------------------------------

    def answer(self, request: Mapping[str, Any]) -> str:
        texts = [str(one["content"]) for one in request["messages"]]
        whole = "\n".join(texts)
        canaries = frozenset(CANARY.findall(whole))
        if "Look back at this conversation" in whole:
            return self._look_back(whole, canaries)
        character = next(name for name in CAST if f"# About {name}\n" in texts[0])
        last = texts[-1].rpartition("</context>\n")[2]
        *_, tag = CANARY.findall(last)
        origin = self.origins[tag]
        assert origin.spot is not None
        self.asked.append(Asked(character, origin.spot, origin.person, whole, canaries))
        again = (character, tag) in self._known
        self._known.add((character, tag))
        if not again and DEEPER in last:
            return f"<response><providers>{_PROVIDERS}</providers></response>"
        if not again and SEARCHING in last:
            question = json.dumps({"SEARCH_KNOWLEDGE": {"query": " ".join(COMMON)}})
            return _deed("SEARCH_KNOWLEDGE", f"<params>{question}</params>")
        if not again and PROBING in last:
            return _deed("PROBE")
        if not again and "remember this" in last:
            return _deed("PROCESS_KNOWLEDGE")
        own = self.breed(origin.spot.hearers, origin.spot, origin.person, "answer")
        return reply(f"The {self.words()} of {own}.")

    def _look_back(self, whole: str, canaries: frozenset[str]) -> str:
        character = next(name for name in CAST if f"ME: {name}\n" in whole)
        spot = next(spot for one in sorted(canaries) if (spot := self.origins[one].spot))
        self.asked.append(Asked(character, spot, "", whole, canaries))
        fact = self.breed([character], spot, kind="fact")
        bond = self.breed([character], spot, kind="bond")
        return json.dumps(
            {
                "thought": "so it is",
                "facts": [
                    {"claim": f"{fact} is the {self.words()}", "about": "P1", "type": "fact"}
                ],
                "relationships": [
                    {"sourceEntityId": "P1", "targetEntityId": other, "tags": [bond]}
                    for other in ("ME", "P2")
                ],
            }
        )


def _deed(name: str, more: str = "") -> str:
    return f"<response><actions>{name}</actions>{more}</response>"


# --- plugins' searches -------------------------------------------------------------------------


def probe(aviary: Aviary) -> Plugin:
    """Searches its room, by words and by a vector, and everything that its character has."""
    plugin = Plugin("probe")

    @plugin.action(name="PROBE", tells=True)
    async def look(turn: Turn) -> str:
        """Search all memories."""
        *_, tag = CANARY.findall(turn.inbound.text)
        spot = aviary.origins[tag].spot
        assert spot is not None
        question = " ".join(COMMON)
        for table in ("messages", "facts", "knowledge"):
            wish = {"query": question, "tableName": table, "count": 100, "match_threshold": 0.0}
            here = await turn.runtime.search_memories({**wish, "roomId": turn.message.room})
            everything = await turn.runtime.search_memories(wish)
            name = turn.character.name
            aviary.probed.append(Asked(name, spot, "", table, _of(here)))
            aviary.probed.append(Asked(name, None, "", table, _of(everything)))
        return "That was all."

    return plugin


def _of(memories: Iterable[Any]) -> frozenset[str]:
    return frozenset(one for memory in memories for one in CANARY.findall(str(memory)))


# --- the house ---------------------------------------------------------------------------------


@dataclass(slots=True)
class House:
    play: Play
    aviary: Aviary
    spots: list[Spot]
    data: Path

    @property
    def store(self) -> Any:
        house = self.play.gateway._house
        assert house is not None
        return house.store

    def bot(self, name: str, spot: Spot) -> Bot:
        bots = self.play.bots if spot.platform == "telegram" else self.play.discord_bots
        return bots[name]

    async def everybody_says(self, *more: str) -> None:
        """In every room one of the people says something to each character; all at once."""
        async with asyncio.TaskGroup() as group:
            for spot in self.spots:
                group.create_task(self._said(spot, *more))

    async def _said(self, spot: Spot, *more: str) -> None:
        chance = self.aviary.chance
        for name in spot.hearers:
            person = chance.choice(spot.people)
            canary = self.aviary.breed(spot.hearers, spot, person.name)
            words = " ".join((*more, canary)) if more else f"{self.aviary.words()} {canary}"
            call = (
                ""
                if spot.is_direct
                else f"@{name}: "
                if spot.platform == "discord"
                else f"{name}, "
            )
            person.says(spot.chat, f"{call}{words}")
            await self.play.stage.next_from(self.bot(name, spot), spot.chat, timeout=30)

    async def documents(self) -> None:
        """Whoever may sends a document to be remembered: in direct chats, and on their server."""
        for spot in self.spots:
            if spot.is_direct or spot.server:
                name, person = spot.hearers[0], spot.people[0]
                canary = self.aviary.breed([name], spot, person.name, "knowledge")
                tag = self.aviary.breed(spot.hearers, spot, person.name)
                text = f"Of the {' and the '.join(COMMON)} it says {canary}."
                asks = f"{'' if spot.is_direct else f'@{name} '}remember this {tag}"
                person.sends(spot.chat, f"{spot.key}.txt", text.encode(), asks)
                await self.play.stage.next_from(self.bot(name, spot), spot.chat, timeout=30)

    async def elsewhere(self) -> None:
        """Everybody has a second direct chat with the same character, as a plugin can open one."""
        await self.store.write(self._put_elsewhere)

    def _put_elsewhere(self, unit: Unit) -> None:
        known = [
            (one, room) for one in self.play.roster.loaded for room in unit.rooms.within(one.id)
        ]
        for loaded, room in known:
            spot = next((one for one in self.spots if str(one.chat.id) == room.address.room), None)
            if room.channel is not ChannelType.DM or spot is None:
                continue
            other = replace(
                room,
                id=RoomId(f"other-{room.id}"),
                address=room.address._replace(thread="other"),
                name="another",
            )
            there = replace(spot, key=f"{spot.key}, once more")
            (person,) = unit.people.here(loaded.id, room.id)
            unit.rooms.ensure([], [other])
            unit.people.join(loaded.id, other.id, [person.id])
            for number in range(3):
                canary = self.aviary.breed([loaded.name], there, spot.people[0].name)
                memory = Memory(
                    id=MemoryId(f"{number}-{other.id}"),
                    character=loaded.id,
                    room=other.id,
                    author=person.id,
                    content=Content(text=f"{self.aviary.words()} {canary}"),
                    created_at=datetime.now(UTC) - timedelta(days=number + 1),
                    world=room.world,
                )
                unit.memories.add([memory])

    async def taken_in(self, *, by_meaning: bool) -> None:
        """Wait until everything can be found."""
        embedder = self.play.gateway._house.mind.embedder  # type: ignore[union-attr]
        everybody = {one.character.id: one.settings for one in self.play.gateway.links}

        def left(unit: Unit) -> int:
            waiting = unit.passages.waiting()
            if by_meaning and not waiting:
                for character, settings in everybody.items():
                    have, should = unit.vectors.count(character, embedder.model(settings))
                    waiting += should - have
            return waiting

        async with asyncio.timeout(60):
            while await self.store.read(left):
                for character, settings in everybody.items():
                    embedder.wake(character, settings, soon=True)
                await asyncio.sleep(0.05)


def character(name: str, aviary: Aviary) -> dict[str, Any]:
    entry = {
        "keys": list(COMMON),
        "content": f"It is told: {aviary.breed([name], None, kind='lore')}",
    }
    return {
        "name": name,
        "bio": f"{name} is made for a test.",
        "plugins": ["probe"],
        "lorebook": {"entries": [{**entry, "enabled": True, "insertion_order": 1}]},
    }


def shelve(data: Path, aviary: Aviary) -> None:
    """Files of each character, and one for both."""
    for owner in (*CAST, "shared"):
        whose = CAST if owner == "shared" else [owner]
        canary = aviary.breed(whose, None, kind="knowledge")
        place = data / "knowledge" / owner.lower()
        place.mkdir(parents=True)
        (place / "book.txt").write_text(f"Of the {' and the '.join(COMMON)} it says {canary}.")


def places(play: Play) -> list[Spot]:
    """Direct chats of three people, two groups on Telegram, three channels of two servers."""
    stage = play.stage
    robin, kim, lee = (stage.person(name) for name in ("Robin", "Kim", "Lee"))
    ada, bob = play.bots["Ada"], play.bots["Bob"]
    there, his = play.discord_bots["Ada"], play.discord_bots["Bob"]
    rowers = stage.group("Rowers", [robin, kim, lee], [ada])
    cooks = stage.group("Cooks", [robin, lee], [ada, bob])
    found = [
        *(Spot(f"ada-{one.name}", "telegram", stage.dm(one, ada), (one,), ("Ada",))
          for one in (robin, kim, lee)),
        Spot("bob-Robin", "telegram", stage.dm(robin, bob), (robin,), ("Bob",)),
        Spot("rowers", "telegram", rowers, (robin, kim, lee), ("Ada",)),
        Spot("cooks", "telegram", cooks, (robin, lee), CAST),
        Spot("d-ada-Robin", "discord", stage.discord.dm(robin, there), (robin,), ("Ada",)),
        Spot("d-bob-Kim", "discord", stage.discord.dm(kim, his), (kim,), ("Bob",)),
    ]  # fmt: skip
    for name, bots in (("Harbour", (there, his)), ("Hills", (there,))):
        server = Server.of(stage, bots, robin, kim, name=name)
        channels = [server.general, *([server.channel("boats")] if name == "Harbour" else [])]
        hearers = CAST[: len(bots)]
        found += [
            Spot(f"{name}-{at}", "discord", one, (robin, kim), hearers, name)
            for at, one in enumerate(channels)
        ]
    return found


@asynccontextmanager
async def aviary(seed: int, data: Path, **settings: str) -> AsyncIterator[House]:
    """A gateway with everything in it whereof a prompt could hold too much."""
    birds = Aviary(random.Random(seed))
    shelve(data, birds)
    async with ModelServer(birds.answer, keep_calls=False) as server:
        variables = {
            "OPENAI_API_KEY": "a-key-for-nothing",
            "OPENAI_BASE_URL": server.base_url,
            "OPENAI_EMBEDDING_DIMENSIONS": "64",
            "CONVERSATION_LENGTH": "4",
            "TROUPE_REFLECTION": "true",
            "TROUPE_EMBEDDINGS_PER_MESSAGE": "10",
            "TROUPE_RECALL_PATIENCE": "5",
            **settings,
        }
        async with playing(
            *(character(name, birds) for name in CAST),
            data=data,
            settings=variables,
            platforms=("telegram", "discord"),
            plugins=[probe(birds)],
        ) as play:
            yield House(play, birds, places(play), data)
