"""Words of a text as the full-text index knows them: the same for what is kept and what is asked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_LONGEST = 40
_MOST = 4_000
"""Words of one text; a page has five hundred."""
_RUN = re.compile(r"[^\W_]+")
# Scripts that put no spaces between words: Thai to Khmer, kana, ideographs, Hangul is not one.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
                       r"\uf900-\ufaff\U00020000-\U0003ffff]+")  # fmt: skip


def words(text: str) -> list[str]:
    """In order, with repetitions: small letters without accents, English plurals as singulars.

    Of scripts without spaces every two neighbouring characters are a word.
    """
    found: list[str] = []
    for run in _RUN.findall(_plain(text)):
        found.extend(_parts(run))
        if len(found) >= _MOST:
            return found[:_MOST]
    return found


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))


def _parts(run: str) -> Iterator[str]:
    if run.isascii():
        yield _singular(run[:_LONGEST])
        return
    start = 0
    for unspaced in _UNSPACED.finditer(run):
        if start < unspaced.start():
            yield run[start : unspaced.start()][:_LONGEST]
        signs = unspaced[0]
        yield from (signs[at : at + 2] for at in range(max(len(signs) - 1, 1)))
        start = unspaced.end()
    if start < len(run):
        yield run[start:][:_LONGEST]


def _singular(word: str) -> str:
    """Harman's three rules: enough to find "dogs" by "dog", and never two words made one."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us")):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    return word[:-1]
