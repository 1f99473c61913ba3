"""What goes to and fro between us and the child process that reads documents: bytes in few shapes.

What comes back is trusted no further than its lengths: numbers, a title, one text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Literal

Kind = Literal[
    "text", "markdown", "html", "csv", "pdf", "docx", "json", "xml", "yaml", "code"
]  # fmt: skip
KINDS: tuple[Kind, ...] = (
    "text", "markdown", "html", "csv", "pdf", "docx", "json", "xml", "yaml", "code",
)  # fmt: skip

LARGEST = 64 << 20
"""Bytes of a document; a larger one is not opened."""
LONGEST = 2_000_000
"""Characters that are kept of one."""
_LONGEST_TITLE = 300
_BYTES_OF_ONE = 4  # at most, in UTF-8

_ASK = Struct("!HHIId")
_ANSWER = Struct("!BBBBIHI")


class Why(IntEnum):
    """Why a document has no text for us."""

    READ = 0
    PICTURE = 1
    SOUND = 2
    OLD_WORD = 3
    OFFICE = 4
    ARCHIVE = 5
    RICH_TEXT = 6
    UNKNOWN = 7
    LOCKED = 8
    DAMAGED = 9
    EMPTY = 10
    SCANNED = 11
    TOO_LARGE = 12
    UNPACKS = 13
    TOO_MUCH = 14
    ENTITIES = 15
    MISSING = 16
    STUCK = 17


SENTENCES: dict[Why, str] = {
    Why.PICTURE: "it is a picture, and pictures are not read as documents",
    Why.SOUND: "it is sound or video, and only written documents are read",
    Why.OLD_WORD: "it is in Word's old format; save it as .docx or .pdf",
    Why.OFFICE: "it is a table, a presentation or a book of an office program; save it as .pdf",
    Why.ARCHIVE: "it is an archive; hand over the files in it one by one",
    Why.RICH_TEXT: "it is in RTF or PostScript; save it as .docx or .pdf",
    Why.UNKNOWN: "it is not a kind of document that can be read",
    Why.LOCKED: "it is locked with a password",
    Why.DAMAGED: "it is damaged",
    Why.EMPTY: "there are no words in it",
    Why.SCANNED: "its pages are pictures; there is no text in it",
    Why.TOO_LARGE: f"it is larger than {LARGEST >> 20} MB",
    Why.UNPACKS: "what is packed in it is too large to be unpacked",
    Why.TOO_MUCH: "reading it takes more memory than a document may",
    Why.ENTITIES: "it defines entities of its own, which can make it grow without end",
    Why.MISSING: "it cannot be opened",
    Why.STUCK: "reading it takes more time or memory than a document may",
}


class Refused(Exception):
    """In the child: this document will give no text."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.name)
        self.why = why


class Garbled(Exception):
    """The other side does not keep to the shapes."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A document by its bytes, or by its path when these are left to the child."""

    name: str
    path: str
    size: int
    most: int
    seconds: float
    """After which what has been read until then is the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    why: Why
    kind: Kind = "text"
    title: str = ""
    pages: int = 0
    truncated: bool = False
    last: bool = False
    """The child ends after this one: it has done enough."""
    text: str = ""


def put_ask(ask: Ask) -> bytes:
    """What stands before the document's bytes."""
    name, path = (one.encode("utf-8", "surrogateescape") for one in (ask.name[-300:], ask.path))
    return _ASK.pack(len(name), len(path), ask.size, ask.most, ask.seconds) + name + path


def get_ask(read: Callable[[int], bytes]) -> tuple[Ask, bytes] | None:
    """The next document; None when the other side has closed the line. `read` gives all or less."""
    head = read(_ASK.size)
    if len(head) < _ASK.size:
        return None
    names, paths, size, most, seconds = _ASK.unpack(head)
    name, path = (_all(read, n).decode("utf-8", "surrogateescape") for n in (names, paths))
    return Ask(name, path, size, most, seconds), _all(read, size)


def put_answer(answer: Answer) -> bytes:
    title = answer.title[:_LONGEST_TITLE].encode("utf-8", "replace")
    text = answer.text.encode("utf-8", "replace")
    head = _ANSWER.pack(
        answer.why,
        KINDS.index(answer.kind),
        answer.truncated,
        answer.last,
        answer.pages,
        len(title),
        len(text),
    )
    return head + title + text


def get_answer(read: Callable[[int], bytes], most: int) -> Answer:
    """Raises Garbled for anything but an answer with at most so many characters, EOFError for none."""
    head = read(_ANSWER.size)
    if not head:
        raise EOFError
    if len(head) < _ANSWER.size:
        raise Garbled
    why, kind, truncated, last, pages, titles, texts = _ANSWER.unpack(head)
    if titles > _LONGEST_TITLE * _BYTES_OF_ONE or texts > most * _BYTES_OF_ONE:
        raise Garbled
    try:
        title, text = (_all(read, n).decode() for n in (titles, texts))
        whole = Answer(Why(why), KINDS[kind], title, pages, bool(truncated), bool(last), text)
    except (ValueError, IndexError):
        raise Garbled from None
    if len(text) > most:
        raise Garbled
    return whole


def _all(read: Callable[[int], bytes], size: int) -> bytes:
    data = read(size) if size else b""
    if len(data) < size:
        raise EOFError
    return data
