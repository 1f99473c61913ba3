"""A PDF as text, page by page, with the words that a line's end has cut made whole."""

from __future__ import annotations

import logging
import re
from io import BytesIO

import pypdf
from pypdf.errors import FileNotDecryptedError, LimitReachedError

from core.knowledge.formats import Document, Found
from core.knowledge.wire import Refused, Why

_MOST_PAGES = 20_000
# "know-\nledge" is one word; "Anna-\nMaria" and "1990-\n1995" keep their hyphen.
_CUT_WORD = re.compile(r"(?<=[^\W\d_])[-\u2010\u00ad][ \t]*\n[ \t]*(?=[^\W\d_])")
_SOFT_HYPHEN = re.compile("\u00ad")
_SPACES = re.compile(r"[ \t\u00a0]+\n")

logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def text_of_pdf(document: Document) -> Found:
    try:
        reader = pypdf.PdfReader(BytesIO(document.data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused(Why.LOCKED)
        count = len(reader.pages)
    except FileNotDecryptedError:
        raise Refused(Why.LOCKED) from None
    except LimitReachedError:
        raise Refused(Why.UNPACKS) from None
    told: list[str] = []
    length, read, failed = 0, 0, 0
    for number in range(min(count, _MOST_PAGES)):
        if length > document.most or document.is_late:
            break
        page = _page(reader, number)
        read += 1
        failed += page is None
        if page:
            told.append(page)
            length += len(page) + 2
    if failed and not told:
        raise Refused(Why.DAMAGED)
    return Found("pdf", "\n\n".join(told), _title(reader), min(count, 0xFFFFFFFF), read < count)


def _page(reader: pypdf.PdfReader, number: int) -> str | None:
    """None for a page that makes no sense: the others may."""
    try:
        text = reader.pages[number].extract_text()
    except MemoryError:
        raise
    except LimitReachedError:
        raise Refused(Why.UNPACKS) from None
    except Exception:  # noqa: BLE001 - the wall round one page
        return None
    return joined_lines(text).strip()


def joined_lines(text: str) -> str:
    """A hyphen goes where the word goes on in a small letter on the next line."""

    def whole(cut: re.Match[str]) -> str:
        following = text[cut.end()]
        return "" if following.islower() else cut[0].rstrip()[0] + "\n"

    text = _SPACES.sub("\n", text)
    return _SOFT_HYPHEN.sub("", _CUT_WORD.sub(whole, text))


def _title(reader: pypdf.PdfReader) -> str:
    try:
        told = reader.metadata
        return str(told.title or "") if told is not None else ""
    except Exception:  # noqa: BLE001 - a title that makes no sense is none
        return ""
