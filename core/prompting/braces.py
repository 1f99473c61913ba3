"""Reading an answer in braces while it streams: JSON, JSON5 and what comes near it."""

from __future__ import annotations

import re
from collections.abc import Callable

from core.prompting.marks import BONE, half_bone
from core.prompting.names import declines
from core.prompting.saying import Mouth
from core.prompting.steps import Step, walk
from core.prompting.tagged import Kept

_BLANK = re.compile(r"[\s\ufeff]+")
_WORD = re.compile(r"[^\s{}\[\]:,\"'/]+")
_NUMBERS = re.compile(r"(?:-?\d+(?:\.\d+)?\s*,\s*)+", re.ASCII)
_AFTER_STRING = re.compile(r"\s{0,64}")
_ESCAPES = {"n": "\n", "t": "\t", "r": "", "b": "", "f": "\n", "0": "", "\n": ""}
_UNICODE = re.compile(r"\\u([0-9a-fA-F]{4})")
_HALF_UNICODE = re.compile(r"\\u[0-9a-fA-F]{0,3}\Z")
_INSIDE = {
    ('"', False): re.compile(r'[\\"]'),
    ("'", False): re.compile(r"[\\']"),
    ('"', True): re.compile(r'[\\"]|<(?=[A-Za-z/|｜]|\Z)'),
    ("'", True): re.compile(r"[\\']|<(?=[A-Za-z/|｜]|\Z)"),
}
_DEEPEST = 64
_WRAPPERS = frozenset({"response", "content", "message", "output", "reply", "answer"})
_FIELDS = frozenset({"thought", "reasoning", "actions", "action", "providers", "next"})


class Braces:
    """Objects, keys and strings. The text goes to the mouth at once, other fields are kept aside."""

    def __init__(
        self, mouth: Mouth, *, said: str = "text", also: frozenset[str] = frozenset()
    ) -> None:
        self._mouth = mouth
        self._said = said
        self._fields = (_FIELDS | also) - {said}
        self._read: Step = self._between
        self._open: list[str] = []
        self._keys: list[str] = []
        self._value_next = False
        self._quote = ""
        self._special = _INSIDE['"', False]
        self._last = ""
        self._word = Kept(256)
        self._sink: Callable[[str], None] = self._word.add
        self._spoken = False
        self._had_text = False
        self._loose = Kept()
        self._loose_key = ""
        self._kept: dict[str, Kept] = {}
        self.has_params = False
        """There are arguments somewhere, for whoever reads the whole."""
        self.done = False
        self.complete = False

    def read(self, text: str, at: int, final: bool) -> int:
        """Use what can be used from `at` on; returns the place up to which it was."""
        return walk(self, text, at, final)

    def field(self, name: str) -> str:
        return str(self._kept.get(name, "")).strip()

    def close(self) -> None:
        """Where no "text" came, a lone "message", "reply" or the like is the text."""
        if not self._had_text and not self._spoken:
            self._mouth.say(str(self._loose))

    # --- between strings -----------------------------------------------------------------------

    def _between(self, text: str, at: int, final: bool) -> int:
        if blank := _BLANK.match(text, at):
            return blank.end()
        sign = text[at]
        if sign in "\"'":
            self._begin_string(sign)
        elif sign in "{[":
            self._descend(sign)
        elif sign in "}]":
            self._ascend()
        elif sign == ":":
            self._value_next = True
        elif sign == ",":
            self._value_next = bool(self._open) and self._open[-1] == "["
        elif sign == "/":
            return self._comment(text, at, final)
        elif (run := self._run_of_numbers(text, at)) is not None:
            return run
        elif word := _WORD.match(text, at):
            return self._bare(word, len(text), final)
        return at + 1

    def _descend(self, sign: str) -> None:
        if len(self._open) >= _DEEPEST:
            self.done = True  # nobody answers like this; what was read so far stays
            return
        self._open.append(sign)
        self._keys.append("")
        self._value_next = sign == "["

    def _ascend(self) -> None:
        if self._open:
            self._open.pop()
            self._keys.pop()
        self._value_next = bool(self._open) and self._open[-1] == "["
        if not self._open:
            self.done = self.complete = True

    @staticmethod
    def _comment(text: str, at: int, final: bool) -> int:
        opener = text[at : at + 2]
        if opener == "/" and not final:
            return at
        if opener not in ("//", "/*"):
            return at + 1
        closer = "\n" if opener == "//" else "*/"
        end = text.find(closer, at + 2, at + 2048)
        if end >= 0:
            return end + len(closer)
        return at if len(text) - at < 2048 and not final else at + 2

    def _run_of_numbers(self, text: str, at: int) -> int | None:
        """The end of numbers in a list of which nothing is kept, each with its comma: there may be
        a hundred thousand of them."""
        if not (self._value_next and self._open and self._open[-1] == "["):
            return None
        run = _NUMBERS.match(text, at)
        if run is None or self._kind():
            return None
        return run.end()

    def _bare(self, word: re.Match[str], length: int, final: bool) -> int:
        """Numbers, true, false, null, unquoted keys."""
        if word.end() == length and not final and word.end() - word.start() < 256:
            return word.start()
        if self._value_next:
            self._value_next = False
            if self._kind() in ("list", "aside") and word[0] not in ("null", "None"):
                self._aside().add(word[0])
        elif self._keys:
            self._name(word[0])
        return word.end()

    def _name(self, key: str) -> None:
        self._keys[-1] = key
        self.has_params = self.has_params or key.lower() == "params"

    # --- strings -------------------------------------------------------------------------------

    def _begin_string(self, quote: str) -> None:
        self._quote = quote
        self._read = self._inside
        self._special = _INSIDE[quote, False]
        if not self._value_next:
            self._word = Kept(256)
            self._sink = self._word.add
            return
        kind = self._kind()
        if kind == "text":
            self._spoken = True
            self._special = _INSIDE[quote, True]
            self._sink = self._mouth.say
        elif kind in ("list", "aside"):
            kept = self._aside()
            if kind == "list":
                kept.add(",")
            self._sink = kept.add
        elif kind == "loose":
            self._loose_key = self._keys[-1]
            self._sink = self._loose.add
        else:
            self._sink = _nowhere

    def _inside(self, text: str, at: int, final: bool) -> int:
        special = self._special.search(text, at)
        end = special.start() if special else len(text)
        if end > at:
            self._sink(text[at:end])
            self._last = text[end - 1]
            return end
        if text[at] == "\\":
            return self._escape(text, at, final)
        if text[at] == "<":
            return self._bone(text, at, final)
        blank = _AFTER_STRING.match(text, at + 1)
        after = blank.end() if blank else at + 1
        if after == len(text) and after - at <= 64:
            if not final:
                return at
        elif text[after] not in (",}]:/" if self._value_next else ":,}]/"):
            # A quotation mark that nobody escaped.
            self._sink(self._quote)
            return at + 1
        self._end_string()
        return at + 1

    def _bone(self, text: str, at: int, final: bool) -> int:
        """Tags of ours are no words here either, unless they are spoken of in backticks."""
        bone = BONE.match(text, at)
        if bone is not None and self._last != "`":
            return bone.end()
        if bone is None and half_bone(text, at):
            return len(text) if final else at
        self._sink("<")
        self._last = "<"
        return at + 1

    def _end_string(self) -> None:
        self._read = self._between
        if self._value_next:
            self._value_next = False
            if self._spoken:
                self._spoken = False
                self._mouth.settle()
                self._had_text = self._mouth.begun
        elif self._keys:
            self._name(str(self._word))

    def _escape(self, text: str, at: int, final: bool) -> int:
        if at + 1 == len(text):
            return at + 1 if final else at
        if text[at + 1] != "u":
            self._sink(_ESCAPES.get(text[at + 1], text[at + 1]))
            return at + 2
        code = _UNICODE.match(text, at)
        if code is None:
            if _HALF_UNICODE.match(text, at):
                return len(text) if final else at
            self._sink("u")
            return at + 2
        point = int(code[1], 16)
        if not 0xD800 <= point < 0xDC00:
            self._sink(chr(point))
            return code.end()
        low = _UNICODE.match(text, code.end())
        if low is None and not final and len(text) - code.end() < 6:
            rest = text[code.end() :]
            if rest in ("", "\\") or _HALF_UNICODE.match(rest):
                return at
        if low is not None and 0xDC00 <= int(low[1], 16) < 0xE000:
            self._sink(chr(0x10000 + ((point - 0xD800) << 10) + int(low[1], 16) - 0xDC00))
            return low.end()
        return code.end()  # half a pair says nothing

    # --- where we are --------------------------------------------------------------------------

    def _kind(self) -> str:
        """What a value at this place is: text, list, aside, loose or nothing."""
        path = self._keys
        if not path or len(path) > 4:
            return ""
        top = 1 if len(path) > 1 and path[0].lower() in _WRAPPERS and self._open[1] == "{" else 0
        name = path[top].lower()
        if name in ("actions", "action", "providers"):
            named = len(path) == top + 1 or path[-1].lower() in ("", "name", "action", "provider")
            return "list" if named else ""
        if len(path) != top + 1:
            return ""
        if name == self._said:
            declined = declines(self.field("actions") or self.field("action"))
            return "" if self._had_text or declined else "text"
        if name in self._fields:
            return "aside"
        free = self._loose_key in ("", name) and not str(self._loose)
        return "loose" if name in _WRAPPERS and free else ""

    def _aside(self) -> Kept:
        for key in self._keys:
            if key.lower() in self._fields:
                return self._kept.setdefault(key.lower(), Kept())
        return Kept()


def _nowhere(text: str) -> None:
    return None
