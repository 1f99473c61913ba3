"""A turn without a gateway: for tests of a plugin's own functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from core.character import Character
from core.ids import Account, EntityId, MemoryId, RoomId
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
from core.state import State

R = TypeVar("R")

_ADA = Character.model_validate({"name": "Ada", "bio": "Ada is made for a test."})
_NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def settings_for(name: str = "Ada", **values: Any) -> Settings:
    """Settings of a character who has these of her own, and nobody else's."""
    return Settings(Environment.of({}), name, plain=values)


@dataclass
class ImaginedTurn:
    """core.plugins.Turn: Bob has written something to Ada, alone with her.

    What your code says lands in `said`; `things` are what `use` finds, by their classes;
    `answer` is what a model would answer.
    """

    text: str = "Hello"
    settings: Settings = field(default_factory=settings_for)
    things: Sequence[Any] = ()
    rank: Rank = Rank.MEMBER
    answer: str = ""
    character: Character = _ADA
    state: State = field(default_factory=State)
    deeds: Sequence[Deed] = ()
    runtime: Any = None
    said: list[str] = field(default_factory=list)
    responses: list[Memory] = field(default_factory=list)
    given: Mapping[str, str] = field(default_factory=dict)
    """What was said for the options of a command."""

    @property
    def inbound(self) -> Inbound:
        return Inbound(
            id=1,
            address=Address("telegram", Account("telegram:1"), "7"),
            kind=Kind.MESSAGE,
            author=Author("7", "Bob"),
            place=Place(ChannelType.DM),
            message="1",
            text=self.text,
            sent_at=_NOON,
            is_direct=True,
            given=self.given,
        )

    @property
    def message(self) -> Memory:
        return self._memory("m1", "bob", self.text)

    async def say(
        self,
        content: str | Mapping[str, Any],
        *,
        buttons: Sequence[Button] = (),
        attachments: Sequence[Attachment] = (),
    ) -> Memory:
        text = content if isinstance(content, str) else str(content.get("text", ""))
        self.said.append(text)
        self.responses.append(self._memory(f"said{len(self.said)}", "ada", text))
        return self.responses[-1]

    async def ask(self, question: str, *, role: ModelRole = "TEXT_SMALL", **params: Any) -> str:
        return self.answer

    def use(self, kind: type[R]) -> R:
        for thing in self.things:
            if isinstance(thing, kind):
                return thing
        raise LookupError(f"no plugin of this character has opened a {kind.__qualname__}")

    def _memory(self, number: str, author: str, text: str) -> Memory:
        return Memory(
            MemoryId(number),
            self.character.agent_id,
            RoomId("r1"),
            EntityId(author),
            Content(text),
            _NOON,
        )
