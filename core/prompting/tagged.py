"""Reading an answer in tags while it streams: elizaOS' <response>, and what models make of it."""

from __future__ import annotations

import html
import re

from core.prompting.marks import (
    BONES,
    ENTITY,
    FIELDS,
    HALF_TAG,
    HALF_TOKEN,
    LISTS,
    MARKUP,
    OPENERS,
    TAG,
    THINKING,
    TOKEN,
    over,
    passed,
    unfinished,
)
from core.prompting.names import declines, names_in
from core.prompting.params import Written
from core.prompting.saying import Mouth
from core.prompting.steps import Step, walk

_CDATA = "<![CDATA["
_HALF_ENTITY = re.compile(r"&#?\w{0,8}\Z")
_SPECIAL = re.compile(r"<(?=[A-Za-z/!|｜]|\Z)|&(?=[#\w]|\Z)")
_MOST_KEPT = 16 * 1024
_DEEPEST = 8
_IN_LISTS = frozenset({"name", "item", "provider"})
_MOST_WRITTEN = 16


class Kept:
    """Text kept aside up to a cap, whatever the pieces it comes in."""

    __slots__ = ("_pieces", "_room")

    def __init__(self, most: int = _MOST_KEPT) -> None:
        self._pieces: list[str] = []
        self._room = most

    def add(self, text: str) -> None:
        if self._room > 0 and text:
            self._pieces.append(text[: self._room])
            self._room -= len(text)

    def __str__(self) -> str:
        return "".join(self._pieces)


class Tagged:
    """Fields between tags. The text goes to the mouth at once, everything else is kept aside."""

    def __init__(
        self, mouth: Mouth, *, said: str = "text", also: frozenset[str] = frozenset()
    ) -> None:
        self._mouth = mouth
        self._said = said
        self._fields = FIELDS | also | {said}
        self._openers = OPENERS | self._fields
        self._said_over = re.compile(rf"</{re.escape(said)}[^<>]{{0,16}}>", re.IGNORECASE)
        self._read: Step = self._outside
        self._after_aside: Step = self._outside
        self._closer = self._said_over
        self._after_params: Step = self._outside
        self._field = ""
        self._depth = 0
        self._last = ""
        self._loose = Kept()
        self._kept: dict[str, Kept] = {}
        self._had_text = False
        self._written = Written()
        self.params: list[Written] = []
        """What stood in <params>, unread."""
        self.done = False
        self.complete = False

    def read(self, text: str, at: int, final: bool) -> int:
        """Use what can be used from `at` on; returns the place up to which it was."""
        return walk(self, text, at, final)

    def field(self, name: str) -> str:
        """The first of that name that says anything."""
        return str(self._kept.get(name, "")).strip()

    def close(self) -> None:
        """Where no text field came, what stood between the tags is the text."""
        if not self._had_text:
            self._mouth.say(html.unescape(str(self._loose)))

    # --- between fields ------------------------------------------------------------------------

    def _outside(self, text: str, at: int, final: bool) -> int:
        markup = MARKUP.search(text, at)
        end = markup.start() if markup else len(text)
        if end > at:
            self._loose.add(text[at:end])
            return end
        if text.startswith("<!--", at):
            end = text.find("-->", at, at + 1024)
            return end + 3 if end >= 0 else (at if self._short(text, at, final) else at + 4)
        if token := TOKEN.match(text, at):
            return token.end()
        tag = TAG.match(text, at)
        if tag is None:
            half = not final and ("<!--".startswith(text[at : at + 4]) or HALF_TAG.match(text, at))
            if half or (not final and HALF_TOKEN.match(text, at)):
                return at
            self._loose.add("<")
            return at + 1
        self._open_or_close(tag)
        return tag.end()

    def _open_or_close(self, tag: re.Match[str]) -> None:
        closing, name = bool(tag[1]), tag[2].lower()
        if closing:
            if name == "response" and (self._had_text or self._kept or str(self._loose).strip()):
                self.done = self.complete = True
        elif closer := over(tag):
            self._pass(closer)
        elif name in self._fields and not (tag[3] or "").endswith("/"):
            self._enter(name)

    def _enter(self, name: str) -> None:
        if name == "params":
            self._write()
            return
        self._field = name
        if name != self._said:
            self._kept.setdefault(name, Kept())
            self._read = self._aside
        elif self._had_text or declines(self.field("actions") or self.field("action")):
            self._read = self._again
        else:
            self._depth = 0
            self._read = self._spoken

    def _leave(self) -> None:
        if self._field == self._said:
            self._mouth.settle()
            self._had_text = self._had_text or self._mouth.begun
        self._field = ""
        self._read = self._outside

    def _pass(self, closer: re.Pattern[str]) -> None:
        self._after_aside = self._read
        self._closer = closer
        self._read = self._passing

    def _passing(self, text: str, at: int, final: bool) -> int:
        at, ended = passed(text, at, self._closer)
        if ended:
            self._read = self._after_aside
        return at

    # --- arguments -----------------------------------------------------------------------------

    def _write(self) -> None:
        """Begin to take down arguments: of the action just named, or of all of them."""
        named = names_in(str(self._kept[self._field])) if self._field in LISTS else ()
        written = Written(named[-1] if named else "")
        if len(self.params) < _MOST_WRITTEN:
            self.params.append(written)
        self._written = written
        self._after_params = self._read
        self._read = self._arguments

    def _arguments(self, text: str, at: int, final: bool) -> int:
        markup = MARKUP.search(text, at)
        end = markup.start() if markup else len(text)
        if end > at:
            self._written.add(text[at:end])
            return end
        tag = TAG.match(text, at)
        if tag is None:
            if not final and HALF_TAG.match(text, at):
                return at
            self._written.add("<")
            return at + 1
        closing, name = bool(tag[1]), tag[2].lower()
        if closing and name == "params":
            self._read = self._after_params
            return tag.end()
        if (closing and name == "response") or (
            not closing and name in self._fields and not self._written.inside
        ):
            self._read = self._after_params
            return at
        self._written.tag(tag)
        return tag.end()

    # --- inside a field ------------------------------------------------------------------------

    def _aside(self, text: str, at: int, final: bool) -> int:
        kept = self._kept[self._field]
        markup = MARKUP.search(text, at)
        end = markup.start() if markup else len(text)
        if end > at:
            kept.add(text[at:end])
            return end
        tag = TAG.match(text, at)
        if tag is None:
            if not final and unfinished(text, at, self._openers | _IN_LISTS):
                return at
            kept.add("<")
            return at + 1
        closing, name = bool(tag[1]), tag[2].lower()
        if name == "params" and self._field in LISTS:
            if not closing:
                self._write()
            return tag.end()
        inner = self._field in LISTS and name in ("action", "name", "provider", "item")
        if inner and self._field != name:
            kept.add(",")
            return tag.end()
        if closing and name in (self._field, "response"):
            self._leave()
            # The end of the whole is for _outside to see.
            return tag.end() if name == self._field else at
        if not closing and name in self._fields:
            self._leave()
            return at
        kept.add(tag[0])
        return tag.end()

    def _again(self, text: str, at: int, final: bool) -> int:
        """Text that goes nowhere: there was one before, or the model chose to be silent."""
        at, ended = passed(text, at, self._said_over)
        if ended:
            self._leave()
        return at

    def _spoken(self, text: str, at: int, final: bool) -> int:
        special = _SPECIAL.search(text, at)
        end = special.start() if special else len(text)
        if end > at:
            return self._say(text, at, end)
        if text[at] == "&":
            entity = ENTITY.match(text, at)
            if entity is None:
                half = not final and _HALF_ENTITY.match(text, at)
                return at if half else self._say(text, at, at + 1)
            self._mouth.say(html.unescape(entity[0]).replace("\xa0", " "))
            self._last = ";"
            return entity.end()
        if token := TOKEN.match(text, at):
            return token.end()
        if text.startswith(_CDATA, at):
            self._read = self._raw
            return at + len(_CDATA)
        tag = TAG.match(text, at)
        if tag is not None:
            return self._tag_in_text(text, at, tag)
        half_cdata = _CDATA.startswith(text[at : at + len(_CDATA)])
        if half_cdata or unfinished(text, at, self._openers):
            return len(text) if final else at  # an answer that was cut off in the middle of it
        return self._say(text, at, at + 1)

    def _tag_in_text(self, text: str, at: int, tag: re.Match[str]) -> int:
        closing, name = bool(tag[1]), tag[2].lower()
        if closing and name == self._said:
            if self._depth == 0:
                self.complete = True
                self._leave()
                return tag.end()
            self._depth -= 1
        elif closing and name == "response":
            self._leave()
            return at
        elif name == self._said and not (tag[3] or "").endswith("/"):
            if not self._mouth.begun:
                return tag.end()
            self._depth = min(self._depth + 1, _DEEPEST)
        elif not closing and self._last != "`":
            # In backticks a tag is spoken of; elsewhere it means that the text was never closed.
            if name in THINKING and (closer := over(tag)):
                self._pass(closer)
                return tag.end()
            if name in self._fields:
                self._leave()
                return at
        if name in BONES and self._last != "`":
            return tag.end()
        # Of a tag that is none of ours nothing is held back, so its parts are words like others.
        return self._say(text, at, tag.end() if name in self._openers else at + 1)

    def _raw(self, text: str, at: int, final: bool) -> int:
        end = text.find("]]>", at)
        if end >= 0:
            self._say(text, at, end)
            self._read = self._spoken
            return end + 3
        held = 0 if final else len(text) - len(text.rstrip("]"))
        return self._say(text, at, max(at, len(text) - min(held, 2)))

    def _say(self, text: str, at: int, end: int) -> int:
        if end > at:
            self._mouth.say(text[at:end])
            self._last = text[end - 1]
        return end

    @staticmethod
    def _short(text: str, at: int, final: bool) -> bool:
        return not final and len(text) - at < 1024
