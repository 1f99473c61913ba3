"""A text that still grows, as sentences worth speaking: each as soon as it is certain."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from core.flow.speakable import speakable

_CLAUSE: Final = 25
"""Characters from which on the very first words may go at a comma already."""
_SHORT: Final = 12
"""What is shorter goes with what follows it, but for the first: each call of a voice takes time."""
_LONG: Final = 240
"""Nobody waits for the end of a longer one."""
_LINK: Final = 600
"""The longest link that is waited for."""

_ENDS = ".!?…"
_WIDE_ENDS = "。！？｡"
_WIDE = 8
"""Characters of Chinese or Japanese that are as much as a clause."""
_PAUSES = ",;:–—"
_WIDE_PAUSES = "，、；："
_CLOSERS = "\"'”’»›)]}*_~`|」』）】"
_FENCES = ("```", "~~~")
_MARKED = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)]|#{1,6}|>)[ \t]+")
_SHORTENED = (
    "mr mrs ms dr prof jr sr vs etc eg ie e.g i.e approx dept est inc ltd nos vol pp ca cf al "
    "mt gen sgt capt rev hon z.b d.h u.a bzw usw ggf evtl nr str hr fr abb sog "
    "p.ej ej sra dra av p.ex mme mlle т.е т.д т.п др г ул им"
)
_ABBREVIATIONS = frozenset(_SHORTENED.split())
_WORD_BEFORE = re.compile(r"[\w.]*\Z")
_LINKED = re.compile(r"!?\[[^\[\]\n]{0,300}\]\([^()\s]{0,300}(?:\([^()\s]{0,60}\))?[^()\s]{0,60}\)")
_HALF_LINK = re.compile(
    r"!?\[[^\[\]\n]{0,300}(?:\](?:\([^()\s]{0,300}(?:\([^()\s]{0,60}\)?)?[^()\s]{0,60})?)?\Z|!\Z"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """`written` of all of them in a row is the text itself."""

    written: str
    said: str
    """Empty where nothing of it can be spoken: code, a table, a smiley."""


class Sentences:
    """However a text comes in pieces, its sentences are the same."""

    def __init__(self) -> None:
        self._done = 0
        """So much of the text was given out."""
        self._before = ""
        """What stands before the next sentence, and is not spoken."""
        self._fence = ""
        self._first = True
        self.shows = False
        """Something in it can only be seen: code, a table, an address."""

    def feed(self, text: str) -> list[Sentence]:
        """What is certain of the whole text so far, and was not given before."""
        return self._take(text, final=False)

    def finish(self, text: str) -> list[Sentence]:
        """The rest. What was given out already stays, whatever the whole text is now."""
        found = self._take(text, final=True)
        if self._before:
            found.append(Sentence(self._before, ""))
            self._before = ""
        return found

    def _take(self, text: str, *, final: bool) -> list[Sentence]:
        found: list[Sentence] = []
        while self._done < len(text):
            end = self._next(text, final=final)
            if end is None:
                break
            written = text[self._done : end]
            self._done = end
            self._give(written, found)
        return found

    def _give(self, written: str, found: list[Sentence]) -> None:
        said = "" if self._unsaid(written) else speakable(written)
        self.shows = self.shows or "://" in written
        if not said:
            self._before += written
            return
        found.append(Sentence(self._before + written, said))
        self._before, self._first = "", False

    def _unsaid(self, written: str) -> bool:
        """A line of code, or of a table."""
        mark = written.lstrip()[:3]
        if self._fence:
            self.shows = True
            if written.strip().startswith(self._fence) and not written.strip().strip(mark[:1]):
                self._fence = ""
            return True
        if mark in _FENCES:
            self._fence = mark
            return True
        if mark.startswith("|") and not mark.startswith("||"):
            self.shows = True
            return True
        return False

    def _next(self, text: str, *, final: bool) -> int | None:
        """Where the next piece ends; None as long as that may still change."""
        at = self._done
        begins_line = at == 0 or text[at - 1] == "\n"
        if self._fence or (begins_line and (whole := _is_block(text, at, final=final))):
            return _line_end(text, at, final=final)
        if begins_line and whole is None:
            return None
        if text[at].isspace():
            return at + 1  # however many come in a piece makes no difference
        return self._sentence(text, at, final=final)

    def _sentence(self, text: str, start: int, *, final: bool) -> int | None:
        at = start
        if (start == 0 or text[start - 1] == "\n") and (marked := _MARKED.match(text, start)):
            at = marked.end()
        space = 0
        while at < len(text):
            char = text[at]
            if char == "\n":
                return at + 1
            if char in "[!" and (linked := _linked(text, at, final=final)) != at:
                if linked is None:
                    return None
                at = linked
                continue
            if self._may_end(text, start, at):
                after = self._after(text, start, at, final=final)
                if after is None:
                    return None
                if after > 0:
                    return after
            if char.isspace():
                space = at + 1
            at += 1
            if at - start >= _LONG:
                return space or at
        return at if final else None

    def _may_end(self, text: str, start: int, at: int) -> bool:
        """The first words of all go at a comma, once there are enough of them."""
        if text[at] in _ENDS or text[at] in _WIDE_ENDS:
            return at == start or text[at - 1] not in _ENDS  # of several dots the first counts
        if not self._first:
            return False
        if text[at] in _WIDE_PAUSES:
            return at - start >= _WIDE
        return text[at] in _PAUSES and at - start >= _CLAUSE

    def _after(self, text: str, start: int, at: int, *, final: bool) -> int | None:
        """Behind the mark at `at`, if a sentence ends there; 0 if none does, None if nobody knows."""
        end = at + 1
        while end < len(text) and text[end] in _ENDS + _WIDE_ENDS:
            end += 1
        while end < len(text) and text[end] in _CLOSERS:
            end += 1
        if end == len(text) and not final:
            return None
        wide = text[at] in _WIDE_ENDS + _WIDE_PAUSES
        if end < len(text) and not wide and not text[end].isspace():
            return 0
        if text[at] == "." and end - at == 1 and _is_short_for(text, start, at):
            return 0
        if not self._first and not wide and end - start < _SHORT and text[end : end + 1] != "\n":
            return 0
        if text[at] == "…" or text.startswith("...", at):
            return self._trails_off(text, end, final=final)
        return end

    def _trails_off(self, text: str, end: int, *, final: bool) -> int | None:
        """Behind dots a sentence may go on."""
        at = end
        while at < len(text) and text[at] in " \t":
            at += 1
        if at == len(text):
            return end if final else None
        return 0 if text[at].islower() else end


def _is_block(text: str, at: int, *, final: bool) -> bool | None:
    """Whether a line begins that is taken whole: code or a table; None if that may still be."""
    while at < len(text) and text[at] in " \t":
        at += 1
    head = text[at : at + 3]
    if head in _FENCES or (head.startswith("|") and len(head) > 1 and head[1] != "|"):
        return True
    if final or len(head) == 3:
        return head == "|"
    return None if any(one.startswith(head) for one in (*_FENCES, "|")) else False


def _line_end(text: str, at: int, *, final: bool) -> int | None:
    end = text.find("\n", at)
    if end >= 0:
        return end + 1
    return len(text) if final else None


def _linked(text: str, at: int, *, final: bool) -> int | None:
    """Behind the link that begins here; `at` itself for none, None if that may still become one."""
    if found := _LINKED.match(text, at):
        return found.end()
    if final or len(text) - at > _LINK or not _HALF_LINK.match(text, at):
        return at
    return None


def _is_short_for(text: str, start: int, at: int) -> bool:
    """A dot behind an abbreviation, an initial or the number of a day or of an item."""
    word = _WORD_BEFORE.search(text[max(start, at - 12) : at])
    before = word[0] if word else ""
    if before.isdigit():
        return len(before) <= 2
    if before.lower() in _ABBREVIATIONS:
        return True
    return len(before) == 1 and before.isalpha() and before.isupper() and before != "I"
