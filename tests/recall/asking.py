"""A character who is asked about a long conversation: recall as a turn has it, and its score."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from core.ids import EntityId
from core.memory.recall import Asking, Recall
from core.memory.recent import Recent
from core.messages import Author, Inbound, Kind
from core.settings.layers import Environment, Settings
from core.state import Remembered, Scene
from core.store.engine import SqlStore, open_store
from tests.core.scenes import ELIZA, GROUP
from tests.fakes.clock import FakeClock
from tests.recall.conversation import ENDED, Question, furnish, held_questions, place, questions

SHE = ELIZA.agent_id
LINES = 32


@dataclass
class Asked:
    store: SqlStore
    recent: Recent
    recall: Recall
    settings: Mapping[str, str]

    async def scene(self, text: str) -> Scene:
        """Kim's cousin, who is new, asks; the prompt shows the last lines."""
        _, room = place(SHE)
        inbound = Inbound(
            id=1,
            address=room.address,
            kind=Kind.MESSAGE,
            author=Author("77", "Sol"),
            place=GROUP,
            message="1",
            text=text,
            sent_at=ENDED,
        )
        return Scene(
            character=ELIZA,
            settings=Settings(Environment.of(dict(self.settings)), ELIZA.name, SHE),
            inbound=(inbound,),
            history=tuple(await self.recent.lines(SHE, room.id, LINES)),
            place=GROUP,
            now=ENDED,
            room=room.id,
            person=EntityId("sol"),
            read=self.store.read,
            remember=self.recall,
        )

    async def remembers(self, text: str, *, deep: bool = False) -> Remembered:
        return await self.recall(await self.scene(text), deep=deep)

    async def missed(self, asked: Sequence[Question], *, most: int = 5) -> list[Question]:
        """Those whose answer is not among the first so many things that came to mind."""
        missed = []
        for one in asked:
            talk = (await self.remembers(one.text)).talk
            found = [hit.memory.id for hit in talk if hit.why != "beside"]
            if one.answer not in found[:most]:
                missed.append(one)
        return missed

    async def score(self) -> Score:
        every, held = questions(), held_questions()
        missed = await self.missed(every)

        def hit(asked: Sequence[Question]) -> float:
            return 1 - sum(one in missed for one in asked) / len(asked)

        return Score(
            same=hit([one for one in every if one.same_words]),
            other=hit([one for one in every if not one.same_words]),
            all=hit(every),
            held=1 - len(await self.missed(held)) / len(held),
        )


@dataclass(frozen=True)
class Score:
    """hit@5: of questions in the same words as the answer, of those in other words, of all of
    these; and of those in other words that were held back."""

    same: float
    other: float
    all: float
    held: float


@asynccontextmanager
async def asked(
    folder: Path, embedder: Asking | None = None, **settings: str
) -> AsyncIterator[Asked]:
    """The conversation is in the index; vectors are up to the caller."""
    async with open_store(None, folder) as store:
        await store.write(lambda unit: furnish(unit, SHE))
        while await store.write(lambda unit: unit.passages.behind(500)):
            pass
        recent = Recent(store)
        recall = Recall(store, embedder, recent, FakeClock())
        yield Asked(store, recent, recall, settings)


def again(asked: Asked, embedder: Asking | None, **settings: str) -> Asked:
    """The same conversation, recalled in another way."""
    recall = Recall(asked.store, embedder, asked.recent, FakeClock())
    return replace(asked, recall=recall, settings={**asked.settings, **settings})
