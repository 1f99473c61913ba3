"""A turn for tests of plugins: what an author's code may see, without a gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from core.character import Character
from core.ids import Account, CharacterId, EntityId, MemoryId, RoomId
from core.messages import (
    Address,
    Attachment,
    Author,
    Button,
    ChannelType,
    Content,
    Inbound,
    Kind,
    Memory,
    Place,
    Rank,
)
from core.plugins.records import Deed
from core.ports import ModelRole
from core.settings.layers import Environment, Settings
from core.state import Scene, State

R = TypeVar("R")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADA = Character.model_validate({"name": "Ada", "bio": "Ada counts."})


def settings(name: str = "Ada", **values: str) -> Settings:
    return Settings(Environment.of(values), name)


def memory(text: str, number: int = 1) -> Memory:
    return Memory(
        MemoryId(f"m{number}"),
        CharacterId("ada"),
        RoomId("r1"),
        EntityId("bob"),
        Content(text),
        NOON,
    )


@dataclass
class ATurn:
    """Implements core.plugins.records.Turn."""

    text: str = "How is the weather?"
    character: Character = ADA
    settings: Settings = field(default_factory=settings)
    state: State = field(default_factory=State)
    rank: Rank = Rank.MEMBER
    deeds: Sequence[Deed] = ()
    responses: Sequence[Memory] = ()
    runtime: Any = None
    things: tuple[Any, ...] = ()
    said: list[str] = field(default_factory=list)

    @property
    def inbound(self) -> Inbound:
        return Inbound(
            id=1,
            address=Address("telegram", Account("telegram:1"), "42"),
            kind=Kind.MESSAGE,
            author=Author("7", "Bob"),
            place=Place(ChannelType.DM),
            message="9",
            text=self.text,
            sent_at=NOON,
            is_direct=True,
        )

    @property
    def message(self) -> Memory:
        return memory(self.text)

    async def say(
        self,
        content: str | Mapping[str, Any],
        *,
        buttons: Sequence[Button] = (),
        attachments: Sequence[Attachment] = (),
    ) -> Memory:
        text = content if isinstance(content, str) else str(content["text"])
        self.said.append(text)
        return memory(text, len(self.said))

    async def ask(self, question: str, *, role: ModelRole = "TEXT_SMALL", **params: Any) -> str:
        return f"an answer to {question}"

    def use(self, kind: type[R]) -> R:
        for thing in self.things:
            if isinstance(thing, kind):
                return thing
        raise LookupError(kind.__name__)

    def scene(self) -> Scene:
        return Scene(
            character=self.character,
            settings=self.settings,
            inbound=(self.inbound,),
            history=(),
            place=self.inbound.place,
            now=NOON,
            turn=self,
        )
