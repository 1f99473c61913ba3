"""Names in what was heard, as they are written: "aida, what is the time" is for Ada.

A recogniser writes words that it knows, and knows few names. What sounds like a name of somebody who
is there becomes that name; words that everybody uses do so only where somebody is called.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.speech.usual_words import AFTER_A_CALL, COMMON, GREETINGS, NEVER

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_OWNING = re.compile(r"['’]s?$")
_LONGEST = 40
_MOST_NAMES = 200
_MOST_WORDS = 2_000
_SHORTEST = 3
_LONG_NAME = 6

_SOUNDS: tuple[tuple[str, str], ...] = (
    ("tch", "X"), ("sch", "X"), ("dge", "X"), ("sh", "X"), ("ch", "X"), ("ph", "F"), ("th", "T"),
    ("ck", "K"), ("ce", "S"), ("ci", "S"), ("cy", "S"), ("wh", ""), ("kn", "N"), ("gh", ""),
)  # fmt: skip
_LETTERS = {
    **dict.fromkeys("bp", "B"), **dict.fromkeys("dt", "T"), **dict.fromkeys("fv", "F"),
    **dict.fromkeys("ckgqx", "K"), **dict.fromkeys("sz", "S"), "j": "X", "l": "L", "m": "M",
    "n": "N", "r": "R",
}  # fmt: skip
_VOWELS = "aeiouy"
# A single e behind a consonant is silent; an r behind a vowel is, for half of the world.
_ENDS_IN_A_VOWEL = re.compile(r"(?:[aiouyw]|[aeiouy]e|[aeiouy]h|[aeiou]re?)$")


@dataclass(frozen=True, slots=True)
class _Name:
    written: str
    plain: str
    sound: str


@dataclass(frozen=True, slots=True)
class _Heard:
    """One word, or two that stand side by side."""

    start: int
    end: int
    plain: str
    common: bool
    called: bool
    """It stands where somebody is called."""


def resolved(text: str, names: Sequence[str]) -> str:
    """The same text with the names of these that were meant; all else is left as it is."""
    known = _known(tuple(names[:_MOST_NAMES]))
    if not known or not text:
        return text
    pieces: list[str] = []
    done = 0
    for heard in _heard(text):
        if heard.start < done or (name := _meant(heard, known)) is None:
            continue
        pieces += (text[done : heard.start], name)
        done = heard.end
    return "".join((*pieces, text[done:]))


@lru_cache(maxsize=64)
def _known(names: tuple[str, ...]) -> tuple[_Name, ...]:
    found: dict[str, _Name] = {}
    for written in names:
        written = " ".join(written.split())
        words = _WORD.findall(written.replace("_", " "))
        if not words:
            continue
        forms = [(written, "".join(words))]
        if len(words) > 1 and not written.startswith("@"):
            forms.append((words[0], words[0]))  # who has two names is called by the first
        for form, spoken in forms:
            plain = _plain(spoken)
            if 1 < len(plain) <= _LONGEST:
                found.setdefault(plain, _Name(form, plain, _sound(plain)))
    return tuple(found.values())


def _heard(text: str) -> Iterator[_Heard]:
    """Two words together before the first of them alone."""
    words = list(_WORD.finditer(text))[:_MOST_WORDS]
    for at, word in enumerate(words):
        # What somebody owns stays theirs: only the name in "aida's" is looked at.
        owning = _OWNING.search(word[0])
        end = word.start() + owning.start() if owning else word.end()
        first = _plain(text[word.start() : end])
        if not owning and at + 1 < len(words):
            other = words[at + 1]
            between = text[word.end() : other.start()]
            if between in (" ", "-", "_"):
                second = _plain(other[0])
                both = first in COMMON and second in COMMON
                yield _Heard(word.start(), other.end(), first + second, both, called=False)
        called = _is_called(text, words, at)
        yield _Heard(word.start(), end, first, first in COMMON, called)


def _is_called(text: str, words: Sequence[re.Match[str]], at: int) -> bool:
    before = words[at - 1][0].lower() if at else ""
    after = words[at + 1][0].lower() if at + 1 < len(words) else ""
    begins = not at or text[words[at - 1].end() : words[at].start()].strip() in (".", "!", "?")
    if begins:
        comma = text[words[at].end() : words[at].end() + 1] == ","
        return comma or not after or after in AFTER_A_CALL or after in GREETINGS
    if before in GREETINGS and at <= 2:
        return True
    last = at + 1 == len(words)
    return last and text[words[at - 1].end() : words[at].start()].strip() == ","


def _meant(heard: _Heard, known: Iterable[_Name]) -> str | None:
    """The one name that is near enough; None for none, and for two that are equally near."""
    if not 1 < len(heard.plain) <= _LONGEST:
        return None
    near: list[tuple[int, str]] = []
    sound = _sound(heard.plain)
    for name in known:
        if heard.plain == name.plain:
            return name.written if heard.called or not heard.common else None
        if len(name.plain) < _SHORTEST or sound != name.sound or len(sound) < 2:
            continue
        if heard.common and (heard.plain in NEVER or not heard.called):
            continue
        apart = _apart(heard.plain, name.plain)
        most = 2 if len(name.plain) >= _LONG_NAME else 1
        if heard.called or apart <= most:
            near.append((apart, name.written))
    near.sort()
    if not near or (len(near) > 1 and near[0][0] == near[1][0]):
        return None
    return near[0][1]


@lru_cache(maxsize=4096)
def _sound(plain: str) -> str:
    """Roughly what is heard of it: its consonants by kind, a vowel at its beginning or its end."""
    made = ["A"] if plain[:1] in tuple(_VOWELS) else []
    at = 0
    while at < len(plain):
        for letters, as_one in _SOUNDS:
            if plain.startswith(letters, at):
                sound = as_one
                at += len(letters) - (letters[-1] in _VOWELS)
                break
        else:
            letter, sound = plain[at], _LETTERS.get(plain[at], "")
            if letter == "r" and at and plain[at - 1] in _VOWELS:
                # Half of the world does not say it there.
                behind = plain[at + 1 : at + 2]
                sound = "R" if behind and behind in _VOWELS else ""
            at += 1
        if sound and made[-1:] != [sound]:
            made.append(sound)
    return "".join(made) + ("A" if _ENDS_IN_A_VOWEL.search(plain) else "")


def _plain(text: str) -> str:
    """Small letters without accents, and nothing else."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in apart if char.isalpha())


def _apart(one: str, other: str) -> int:
    """Letters that must be changed, added or left out."""
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        corner, row[0] = row[0], at
        for place, facing in enumerate(other, 1):
            step = min(row[place] + 1, row[place - 1] + 1, corner + (letter != facing))
            corner, row[place] = row[place], step
    return row[-1]
