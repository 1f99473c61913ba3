"""Keys of lorebook entries, made ready: plain ones to be found together, patterns within bounds."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import regex

_SLASHES = re.compile(r"/(?P<body>(?:[^/\\]|\\.)+)/(?P<flags>[dgimsuvy]*)", re.DOTALL)
_LONGEST_PATTERN = 2_000
_LARGEST_PATTERN = 5_000
"""Parts, counted as often as they must come: making it ready takes memory for each of them."""
_COUNT = re.compile(r"\{(\d+)(?:,\d*)?\}")
_PLAIN = re.compile(r"(?:[^\W_]|[ '’_-])+")
_EDGES = re.compile(r"\\b(?:\((?:\?:)?(?P<inner>[^()]*)\)|(?P<bare>[^()|]*))\\b")
_CODE_POINT = re.compile(r"(?<!\\)((?:\\\\)*)\\u\{([0-9A-Fa-f]{1,6})\}")
# What ECMAScript writes otherwise.
_ANYTHING, _BACK = re.compile(r"\[\^\]"), re.compile(r"\\k<(\w+)>")

Gram = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Needle:
    """A plain key; `text` is folded unless its case matters."""

    text: str
    cased: bool = False
    whole: bool = False
    shown: str = field(default="", compare=False)


@dataclass(slots=True, eq=False)
class Pattern:
    """A regular expression of a stranger; off for good once it has taken too long."""

    shown: str
    compiled: regex.Pattern[str]
    off: bool = False

    def within(self, text: str, patience: float) -> bool:
        """Raises TimeoutError."""
        return self.compiled.search(text, timeout=patience) is not None


Key = Needle | Pattern


def keys_of(text: str, *, patterns: bool, cased: bool | None, whole: bool) -> tuple[Key, ...]:
    """What one written key means: any of these. None at all where it is no valid pattern."""
    slashes = _SLASHES.fullmatch(text)
    if slashes is not None:
        return _of_pattern(slashes["body"], slashes["flags"], text)
    if patterns:
        return _of_pattern(text, "i" if cased is False else "", text)
    return (_needle(text, cased=bool(cased), whole=whole),)


def folded(text: str) -> str:
    """As keys are compared whose case does not matter."""
    text = text if text.isascii() or unicodedata.is_normalized("NFC", text) else _composed(text)
    return text.lower() if text.isascii() else text.casefold()


def holds(text: str, needle: Needle) -> bool:
    """Whether a text that is folded if the needle is holds it."""
    start = text.find(needle.text)
    if not needle.whole:
        return start >= 0
    while start >= 0:
        end = start + len(needle.text)
        before, after = text[start - 1 : start], text[end : end + 1]
        if not (_joined(before, needle.text[0]) or _joined(needle.text[-1], after)):
            return True
        start = text.find(needle.text, start + 1)
    return False


class Needles:
    """Many plain keys, looked up in one pass: by three letters that few others hold."""

    def __init__(self, needles: Iterable[Needle]) -> None:
        listed = list(dict.fromkeys(needles))
        grams = {one: set(_grams(folded(one.text))) for one in listed}
        common = Counter(gram for found in grams.values() for gram in found)
        self._short = [one for one in listed if not grams[one]]
        self._by_gram: dict[Gram, list[Needle]] = {}
        for one in listed:
            if grams[one]:
                rarest = min(grams[one], key=lambda gram: (common[gram], gram))
                self._by_gram.setdefault(rarest, []).append(one)

    def within(self, text: str, as_written: str) -> Iterator[Needle]:
        """Those that a text holds; `text` is the folded one."""
        for gram in self._by_gram.keys() & set(_grams(text)):
            for one in self._by_gram[gram]:
                if holds(as_written if one.cased else text, one):
                    yield one
        for one in self._short:
            if holds(as_written if one.cased else text, one):
                yield one


def _grams(text: str) -> Iterator[Gram]:
    return zip(text, text[1:], text[2:], strict=False)


def _needle(text: str, *, cased: bool, whole: bool) -> Needle:
    plain = _composed(" ".join(text.split()))
    return Needle(plain if cased else folded(plain), cased, whole, text)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _joined(left: str, right: str) -> bool:
    """Whether no word ends between two characters; scripts without spaces end one everywhere."""
    return bool(left and right) and _letter(left) and _letter(right)


@lru_cache(maxsize=4096)
def _letter(char: str) -> bool:
    unspaced = "\u0e00" <= char <= "\u0eff" or "\u1000" <= char <= "\u109f"
    unspaced = unspaced or "\u1780" <= char <= "\u17ff" or "\u2e80" <= char <= "\u9fff"
    return (char.isalnum() or char == "_") and not unspaced


# --- patterns ------------------------------------------------------------------------------------


def _of_pattern(body: str, flags: str, shown: str) -> tuple[Key, ...]:
    if alike := _plainly(body, cased="i" not in flags, shown=shown):
        return alike
    if len(body) > _LONGEST_PATTERN or _size(body) > _LARGEST_PATTERN:
        return ()
    body = _CODE_POINT.sub(lambda found: found[1] + _char(found[2]), body)
    body = _BACK.sub(r"\\g<\1>", _ANYTHING.sub(r"[\\s\\S]", body))
    # Each message is a text of its own, so it is the lines that ^ and $ mean.
    given = regex.V0 | regex.MULTILINE
    given |= regex.IGNORECASE if "i" in flags else 0
    given |= regex.DOTALL if "s" in flags else 0
    try:
        return (Pattern(shown, regex.compile(body, given, cache_pattern=False)),)
    except (regex.error, LookupError, RecursionError, OverflowError, TypeError, ValueError):
        return ()


def _plainly(body: str, *, cased: bool, shown: str) -> tuple[Key, ...]:
    r"""Most patterns are `\bword\b` or `one|two`: those are found with the plain keys."""
    edges = _EDGES.fullmatch(body)
    inner = (edges["inner"] if edges["inner"] is not None else edges["bare"]) if edges else body
    parts = inner.split("|")
    if not all(part.strip() == part and _PLAIN.fullmatch(part) for part in parts):
        return ()
    found = (_needle(part, cased=cased, whole=edges is not None) for part in parts)
    return tuple(Needle(one.text, one.cased, one.whole, shown) for one in found)


def _char(number: str) -> str:
    code = int(number, 16)
    return re.escape(chr(code)) if code < 0x110000 and not 0xD800 <= code < 0xE000 else ""


def _size(body: str) -> int:
    """How many parts it has once counted repetitions are written out."""
    sums, last, at = [0], 0, 0
    while at < len(body):
        char = body[at]
        if char == "(":
            sums.append(0)
        elif char == ")" and len(sums) > 1:
            last = sums.pop() + 1
            sums[-1] += last
        elif char == "{" and (count := _COUNT.match(body, at)):
            sums[-1] += last * (min(int(count[1][:6]), 100_000) - 1) if int(count[1][:6]) > 1 else 0
            last *= max(min(int(count[1][:6]), 100_000), 1)
            at = count.end() - 1
        elif char not in "|*+?":
            at = _end(body, at)
            last = 1
            sums[-1] += 1
        at += 1
    return sum(sums)


def _end(body: str, at: int) -> int:
    """The last character of what begins here: one sign, an escape, or a class."""
    if body[at] == "\\":
        return at + 1
    if body[at] == "[":
        inside = at + 2 if body[at + 1 : at + 2] in ("]", "^") else at + 1
        while inside < len(body) and body[inside] != "]":
            inside += 2 if body[inside] == "\\" else 1
        return inside
    return at
