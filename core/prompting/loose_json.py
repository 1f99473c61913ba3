"""Objects as models write them: JSON, JSON5, quotation marks nobody escaped, ends that are missing."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from core.text import clean

_DEEPEST = 64
_MOST_STEPS = 40_000
"""Values, keys, signs and odd quotation marks; the longest sensible answer has a few hundred."""
_MOST_TRIES = 200

_BEGIN = re.compile(r"\{(?=\s{0,200}(?:[\"'}A-Za-z_$]|/[/*]))")
_BLANK = re.compile(r"[\s\ufeff]*")
_LONGEST_NOTE = 2000
_PLAIN = {'"': re.compile(r'[^"\\]+'), "'": re.compile(r"[^'\\]+")}
_BARE = re.compile(r"[^\s,:{}\[\]\"']{1,256}")
_LINE = re.compile(r"[^,{}\[\]\n]{1,2000}")
_WORDS: dict[str, Any] = {
    "true": True, "false": False, "null": None, "none": None, "undefined": None,
    "nan": None, "infinity": None, "-infinity": None,
}  # fmt: skip
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_BROKEN = re.compile(r"[+-]?(?:\d{1,300}\.?\d{0,300}|\.\d{1,300})(?:[eE][+-]?\d{1,4})?")
_HEX = re.compile(r"0[xX][0-9a-fA-F]{1,15}")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "", "\n": ""}
_UNICODE = re.compile(r"u([0-9a-fA-F]{4})")
_HALF_UNICODE = re.compile(r"u[0-9a-fA-F]{0,3}\Z")

# Whether a quotation mark ends its string is seen by what follows: nobody escapes those in speech.
_KEY = r"(?:\"[^\"\n]{1,64}\"|'[^'\n]{1,64}'|[A-Za-z_$][\w$-]{0,63})\s{0,16}(?::|\Z)"
_HALF_KEY = r"[\"'][^\"'\n]{0,64}\Z"
_NOTE = r"/[/*]"
_ENDS = {
    "key": re.compile(r"\s{0,64}(?::|\Z)"),
    "{": re.compile(
        rf"\s{{0,64}}(?:[}}\]]|\Z|{_NOTE}"
        rf"|,\s{{0,64}}(?:\}}|\Z|{_NOTE}|{_KEY}|{_HALF_KEY})|(?<=\n)[^\S\n]{{0,32}}{_KEY})"
    ),
    "[": re.compile(
        rf"\s{{0,64}}(?:[\]}}]|\Z|{_NOTE}|,\s{{0,64}}(?:[\"'{{\[\]\d-]|\Z|{_NOTE}|true|false|null))"
    ),
}


class _Enough(Exception):
    """All steps are used up."""


def find(text: str) -> tuple[dict[str, Any], bool] | None:
    """The first object in the text that says something, and whether it is complete."""
    stripped = text.strip()
    strict = _strict(stripped)
    if isinstance(strict, str):
        return find_once(strict)
    if isinstance(strict, dict):
        return (strict, True) if strict else None
    return find_once(text)


def find_once(text: str) -> tuple[dict[str, Any], bool] | None:
    reader = _Reader(text)
    tries, half = 0, None
    for start in _BEGIN.finditer(text):
        if start.start() < reader.at:
            continue  # inside of what was looked at already
        tries += 1
        if tries > _MOST_TRIES or reader.spent:
            break
        found, complete = reader.object_at(start.start())
        if found and complete:
            return found, True
        if found and half is None:
            half = found
    return (half, False) if half else None


def _strict(text: str) -> Any:
    """As any parser would have it, where it is proper JSON and not too deep."""
    if not text.startswith(("{", '"')) or not text.endswith(("}", '"')):
        return None
    try:
        value = json.loads(text, object_pairs_hook=_first, parse_constant=lambda _: None)
        return _cleaned(value, 0)
    except (ValueError, RecursionError):
        return None


def _first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        _put(found, key, value)
    return found


def _put(found: dict[str, Any], key: str, value: Any) -> None:
    """Of two with one name, the first that says anything stays."""
    if key not in found or found[key] in (None, ""):
        found[key] = value


def _cleaned(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {clean(key): _cleaned(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_cleaned(one, depth + 1) for one in value]
    return value


class _Reader:
    """One walk over the text; it recurses as deep as 64 objects and no deeper."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._left = _MOST_STEPS
        self._cut = False
        self.at = 0

    @property
    def spent(self) -> bool:
        return self._left <= 0

    def object_at(self, start: int) -> tuple[dict[str, Any], bool]:
        self.at = start
        self._cut = False
        found: dict[str, Any] = {}
        try:
            self._object(found, 1)
        except _Enough:
            self._cut = True
        return found, not self._cut

    def _step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise _Enough

    def _descend(self, depth: int) -> None:
        if depth >= _DEEPEST:
            self._left = 0  # nobody answers like this; what lies deeper is not looked for either
            raise _Enough

    def _sign(self) -> str:
        """The next sign that means something; empty at the end."""
        text = self._text
        while True:
            self._step()
            if blank := _BLANK.match(text, self.at):
                self.at = blank.end()
            opener = text[self.at : self.at + 2]
            if opener not in ("//", "/*"):
                return opener[:1]
            closer = "\n" if opener == "//" else "*/"
            end = text.find(closer, self.at + 2, self.at + _LONGEST_NOTE)
            self.at = end + len(closer) if end >= 0 else self.at + 2

    def _object(self, found: dict[str, Any], depth: int) -> None:
        """Fills `found` as it goes, so that what was read is there also when the end is not."""
        self.at += 1
        while sign := self._sign():
            if sign == "}":
                self.at += 1
                return
            if sign == "]":
                return  # a bracket of somebody further out: this one was never closed
            if sign in ",;:[{":
                self.at += 1
                continue
            key = self._string("key") if sign in "\"'" else self._word()
            if self._sign() != ":":
                if key and self.at < len(self._text) and self._text[self.at] in ",}":
                    continue  # a word without a value
                if not key:
                    self.at += 1
                continue
            self.at += 1
            self._value_into(found, key, depth)
        self._cut = True

    def _value_into(self, found: dict[str, Any], key: str, depth: int) -> None:
        sign = self._sign()
        if sign == "{":
            inner: dict[str, Any] = {}
            self._descend(depth)
            _put(found, key, inner)
            self._object(inner, depth + 1)
        elif sign == "[":
            several: list[Any] = []
            self._descend(depth)
            _put(found, key, several)
            self._list(several, depth + 1)
        elif not sign:
            self._cut = True
        elif sign not in ",}":
            _put(found, key, self._string("{") if sign in "\"'" else self._bare())

    def _list(self, found: list[Any], depth: int) -> None:
        self.at += 1
        while sign := self._sign():
            if sign == "]":
                self.at += 1
                return
            if sign == "}":
                return
            if sign in ",;:":
                self.at += 1
                continue
            holder: dict[str, Any] = {}
            try:
                self._value_into(holder, "", depth)
            finally:
                found.extend(holder.values())
        self._cut = True

    def _word(self) -> str:
        word = _BARE.match(self._text, self.at)
        if word is None:
            self.at += 1
            return ""
        self.at = word.end()
        return word[0]

    def _bare(self) -> Any:
        """A number, true, null, or words that stand there without quotation marks."""
        line = _LINE.match(self._text, self.at)
        if line is None:
            self.at += 1
            return None
        self.at = line.end()
        word = line[0].partition("//")[0].strip()
        if word.lower() in _WORDS:
            return _WORDS[word.lower()]
        if _WHOLE.fullmatch(word):
            return int(word)
        if _HEX.fullmatch(word):
            return int(word, 16)
        if _BROKEN.fullmatch(word):
            number = float(word)
            return number if math.isfinite(number) else None
        return clean(word)

    def _string(self, place: str) -> str:
        text, quote = self._text, self._text[self.at]
        plain, ends = _PLAIN[quote], _ENDS[place]
        self.at += 1
        pieces: list[str] = []
        while self.at < len(text):
            self._step()
            if chunk := plain.match(text, self.at):
                pieces.append(chunk[0])
                self.at = chunk.end()
            elif text[self.at] == "\\":
                pieces.append(self._escape())
            else:
                self.at += 1
                if ends.match(text, self.at):
                    return clean("".join(pieces))
                pieces.append(quote)
        self._cut = True
        return clean("".join(pieces))

    def _escape(self) -> str:
        """Halves of a pair become one sign when `clean` sees them side by side."""
        sign = self._text[self.at + 1 : self.at + 2]
        if sign != "u":
            self.at += 2
            return _ESCAPES.get(sign, sign)
        code = _UNICODE.match(self._text, self.at + 1)
        if code is None and _HALF_UNICODE.match(self._text, self.at + 1):
            self.at = len(self._text)  # cut off in the middle of it
            return ""
        self.at = code.end() if code else self.at + 2
        return chr(int(code[1], 16)) if code else ""
