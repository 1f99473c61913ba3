"""What the built-in actions may reach beyond their turn, each thing for itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from core.errors import TroupeError
from core.ids import CharacterId, EntityId, RoomId, WorldId
from core.kept import Task
from core.knowledge.documents import Document
from core.messages import Attachment, Entity, Memory, Rank, Room, World
from core.plugins.records import ActionResult, Worker
from core.ports import ModelType, Unit
from core.state import Recollection

T = TypeVar("T")


class Refused(TroupeError):
    """Policy says no; the text is for the character to tell."""


class Door(Protocol):
    async def __call__(self, work: Callable[[Unit], T], /) -> T: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """`turn.use(Desk)` gives it. Whoever asks has no more reach than their rank."""

    character: CharacterId
    room: RoomId
    world: WorldId
    asker: EntityId
    operator: bool
    """The asker may do everything everywhere."""
    read: Door
    write: Door
    state: Callable[[], str]
    """FOLLOWED, MUTED or empty: how the character takes part here."""
    set_state: Callable[[str], Awaitable[None]]
    place: Callable[[], Awaitable[World | None]]
    """The world here, with its roles and settings."""
    change_place: Callable[[Callable[[Mapping[str, Any]], Mapping[str, Any]]], Awaitable[None]]
    """Takes what makes new metadata of the world's old."""
    rank: Callable[[], Awaitable[Rank]]
    """Of the asker; the platform is asked where that is not known."""
    rank_of: Callable[[Entity], Awaitable[Rank]]
    post: Callable[[Room, str], Awaitable[Memory]]
    """Say something in another room. Raises Refused."""
    make: Callable[[ModelType, Mapping[str, Any]], Awaitable[Any]]
    """One call of a model that does not write. Raises ModelError."""
    can_make: Callable[[ModelType], bool]
    choices: Callable[[], Sequence[Mapping[str, Any]]]
    """What somebody here is still to choose."""
    chosen: Callable[[Task], object]
    """It has been chosen: its row goes with what is written down next."""
    worker: Callable[[str], Worker | None]
    learns: bool
    """Whether anything may be learned here: where nothing is kept, no document is."""
    attached: Callable[[], Awaitable[Sequence[Attachment]]]
    """What hangs on the messages that are answered, and on the one that they answer to."""
    fetch: Callable[[Attachment, int], Awaitable[bytes]]
    """Its bytes, at most so many. Raises FetchFailed."""
    learn: Callable[[bytes | str, str], Awaitable[tuple[Document, bool]]]
    """Know a content of that name in this room; its record, and whether it is new. Raises Refused,
    UnreadableDocument, BadInput."""
    knows: Callable[[], bool]
    """Whether the character knows any documents at all."""
    look_up: Callable[[str], Awaitable[Sequence[Recollection]]]
    """Passages of documents that fit a question, the best first."""
    speaks: bool = False
    """What is answered here may be a voice message, and is none already."""


def failed(text: str, code: str) -> ActionResult:
    """What could not be done, in words for the character to tell."""
    return ActionResult(success=False, text=text, error=code)
