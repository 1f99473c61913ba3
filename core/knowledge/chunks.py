"""A text cut into overlapping pieces where a reader would pause."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import BadInput, Finding
from core.text import joined, pause

TOKENS = 500
OVERLAP = 100
LETTERS = 3.5
"""Characters that make a token, about, in European languages."""


@dataclass(frozen=True, slots=True)
class Piece:
    """`text` is what stands from `start` to `end`, nothing added and nothing left out."""

    start: int
    end: int
    text: str
    under: str = ""
    """The headings above its beginning, outermost first: "Setup > Linux"; empty where it is one."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How long pieces are, in tokens; made by `cut_of` from what a person has set."""

    tokens: int = TOKENS
    overlap: int = OVERLAP


def cut_of(tokens: int, overlap: int) -> Cut:
    """Raises BadInput for sizes that make no pieces."""
    if tokens < 20:
        raise BadInput(
            Finding("EMBEDDING_CHUNK_SIZE", f"{tokens} tokens are no piece", "At least 20.")
        )
    if not 0 <= overlap < tokens:
        raise BadInput(
            Finding(
                "EMBEDDING_OVERLAP_SIZE",
                f"{overlap} tokens of overlap do not fit in pieces of {tokens}",
                f"Choose from 0 to {tokens - 1}.",
            )
        )
    return Cut(tokens, overlap)


def pieces(text: str, cut: Cut | None = None) -> list[Piece]:
    """Every character is in some piece; a second for 10 MB, so not on the loop for long texts."""
    cut = cut or Cut()
    return _pieces(text, int(cut.tokens * LETTERS), int(cut.overlap * LETTERS))


def _pieces(text: str, size: int, overlap: int) -> list[Piece]:
    found: list[Piece] = []
    start = 0
    while start < len(text):
        hard = start + size
        end = len(text) if hard >= len(text) else _between(text, start, pause(text, start, hard))
        found.append(Piece(start, end, text[start:end]))
        if end == len(text):
            break
        start = _between(text, start, max(end - overlap, start + size // 4))
    return found


def _between(text: str, start: int, end: int) -> int:
    while end > start + 1 and joined(text, end):
        end -= 1
    return end
