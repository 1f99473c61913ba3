"""A turn for tests of the classic door: what was said, what was done, what is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from core.character import Character
from core.ids import CharacterId, EntityId, MemoryId, RoomId
from core.messages import Attachment, Button, Content, Inbound, Memory, Rank
from core.plugins.records import Deed, Turn
from core.ports import ModelRole
from core.settings.layers import Settings
from core.state import Scene, State
from tests.core import scenes

R = TypeVar("R")

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def memory(text: str = "hello", **content: Any) -> Memory:
    return Memory(
        id=MemoryId("m1"),
        character=CharacterId("ada"),
        room=RoomId("r1"),
        author=EntityId("robin"),
        content=Content(text, **content),
        created_at=NOON,
        metadata={"type": "message", "source": "telegram", "sourceId": "9"},
    )


@dataclass
class ATurn:
    """core.plugins.records.Turn; keeps what was said."""

    message: Memory = field(default_factory=memory)
    state: State = field(default_factory=State)
    deeds: Sequence[Deed] = ()
    responses: Sequence[Memory] = ()
    runtime: Any = field(default_factory=SimpleNamespace)
    character: Character = scenes.ELIZA
    settings: Settings = field(default_factory=scenes.settings)
    inbound: Inbound = field(default_factory=lambda: scenes.message("hello"))
    rank: Rank = Rank.MEMBER
    said: list[dict[str, Any]] = field(default_factory=list)

    async def say(
        self,
        content: str | Mapping[str, Any],
        *,
        buttons: Sequence[Button] = (),
        attachments: Sequence[Attachment] = (),
    ) -> Memory:
        given = {"text": content} if isinstance(content, str) else dict(content)
        self.said.append({**given, "buttons": tuple(buttons), "files": tuple(attachments)})
        return memory(given["text"])

    async def ask(self, question: str, *, role: ModelRole = "TEXT_SMALL", **params: Any) -> str:
        return ""

    def use(self, kind: type[R]) -> R:
        raise LookupError(kind.__name__)

    @property
    def as_turn(self) -> Turn:
        return cast(Turn, self)


def scene(turn: ATurn) -> Scene:
    """As a provider of a plugin sees it."""
    return scenes.direct(turn=turn.as_turn)
