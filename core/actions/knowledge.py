"""PROCESS_KNOWLEDGE and SEARCH_KNOWLEDGE: read a document for good, look something up in those read.

What is read comes from the chat alone. No argument names a file of the house: whoever may talk a
model into an argument could read every file of the server with it (KN-15).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pydantic import BaseModel, Field

from core.actions.desk import Desk, Refused, failed
from core.errors import BadInput, FetchFailed
from core.knowledge.documents import Document
from core.knowledge.learning import MOST_SENT
from core.knowledge.passages import passages
from core.knowledge.reading import UnreadableDocument
from core.messages import Attachment, Rank
from core.plugins.records import Action, ActionResult, Arguments, Turn
from core.prompting.words import harmless, quoted

_MOST = 5
"""Documents of one message."""
_FOUND = 3
_LONGEST_NAME = 100
_WORDLESS = ("image/", "audio/", "video/", "application/x-tgsticker")
_ASKS = re.compile(
    r"\b(?:remember|memori[sz]e|learn|know|knowledge|read|add|keep|note|save|store|document|file)",
    re.IGNORECASE,
)


class Remember(BaseModel):
    text: str = Field("", max_length=20_000, description="what to remember, if nothing is attached")
    title: str = Field("", max_length=_LONGEST_NAME)


class Question(BaseModel):
    query: str = Field(min_length=1, max_length=500)


async def _remember(turn: Turn, arguments: Arguments) -> ActionResult:
    given = arguments if isinstance(arguments, Remember) else Remember()
    desk = turn.use(Desk)
    documents = [one for one in await desk.attached() if is_document(one)][:_MOST]
    text = given.text.strip()
    if not (documents or text):
        return failed("There is no document here, and no text to remember.", "nothing-there")
    known: list[Document] = []
    told: list[str] = []
    for one in documents:
        try:
            content = await _fetched(desk, one)
            await _learn(desk, content, file_name(one.name), known, told)
        except (FetchFailed, Refused, UnreadableDocument, BadInput) as error:
            why = error.reason if isinstance(error, UnreadableDocument) else str(error)
            told.append(f"“{quoted(file_name(one.name))}” was not read: {why}.")
    if not documents:
        try:
            await _learn(desk, text, file_name(given.title or text), known, told)
        except (Refused, BadInput) as error:
            told.append(f"It was not kept: {error}.")
    if not known:
        return failed(" ".join(told), "not-read")
    data = {"documents": [{"id": one.id, "title": one.title} for one in known]}
    return ActionResult(text=" ".join(told), data=data)


async def _fetched(desk: Desk, one: Attachment) -> bytes:
    if one.size > MOST_SENT:
        raise FetchFailed(f"it is larger than {MOST_SENT >> 20} MB")
    return await desk.fetch(one, MOST_SENT)


async def _learn(
    desk: Desk, content: bytes | str, name: str, known: list[Document], told: list[str]
) -> None:
    document, new = await desk.learn(content, name)
    known.append(document)
    size = "1 piece" if document.pieces == 1 else f"{document.pieces} pieces"
    how = f"is known now, in {size}" if new else "was known already"
    if document.truncated:
        how += "; it is so long that only its beginning is"
    told.append(f"“{quoted(name)}” {how}.")


async def _search(turn: Turn, arguments: Arguments) -> ActionResult:
    assert isinstance(arguments, Question)
    found = (await turn.use(Desk).look_up(arguments.query))[:_FOUND]
    if not found:
        return ActionResult(text="Nothing about that stands in the documents that you know.")
    text = "\n".join(("Found in documents:", *passages(found)))
    return ActionResult(text=text, data={"fragments": [one.memory.id for one in found]})


def is_document(one: Attachment) -> bool:
    """Something that may hold words; what it really is shows when it is read."""
    return not one.mime.lower().startswith(_WORDLESS)


def file_name(name: str) -> str:
    """The last part of a name, on one line: a title, and never a path."""
    last = re.split(r"[/\\]", name.strip())[-1] if "\n" not in name else name
    line = "".join(_printable(last.strip().partition("\n")[0]))[:_LONGEST_NAME].strip(". ")
    return harmless(line) or "document"


def _printable(text: str) -> Iterator[str]:
    yield from (sign for sign in text if sign.isprintable())


def _may_remember(turn: Turn) -> bool:
    """Where somebody has sent something or speaks of remembering; elsewhere it is not named."""
    if not turn.use(Desk).learns:
        return False
    attached: Sequence[Attachment] = turn.inbound.attachments
    return bool(
        any(map(is_document, attached)) or turn.inbound.reply_to or _ASKS.search(turn.inbound.text)
    )


PROCESS_KNOWLEDGE = Action(
    "PROCESS_KNOWLEDGE",
    "Read an attached document, or a text, and know it from now on.",
    _remember,
    similes=(
        "REMEMBER_THIS",
        "ADD_KNOWLEDGE",
        "LEARN",
        "INGEST",
        "STORE_KNOWLEDGE",
        "READ_DOCUMENT",
    ),
    arguments=Remember,
    offered=_may_remember,
    who=Rank.ADMIN,
    idempotent=True,
    tells=True,
)
SEARCH_KNOWLEDGE = Action(
    "SEARCH_KNOWLEDGE",
    "Look something up in your documents, where those passages are not enough.",
    _search,
    similes=("LOOK_UP", "FIND_KNOWLEDGE", "FIND_INFORMATION", "QUERY_KNOWLEDGE"),
    arguments=Question,
    offered=lambda turn: turn.use(Desk).knows(),
    who=Rank.MEMBER,
    idempotent=True,
    tells=True,
)
