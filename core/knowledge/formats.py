"""What kind of document some bytes are, by how they begin and then by name, and their text."""

from __future__ import annotations

import codecs
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from core.knowledge.wire import Kind, Refused, Why

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 8192
_DECLARED = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?([\w.:-]{2,40})", re.I)
_REFUSED: tuple[tuple[bytes, Why], ...] = (
    (b"\x89PNG\r\n\x1a\n", Why.PICTURE),
    (b"\xff\xd8\xff", Why.PICTURE),
    (b"GIF8", Why.PICTURE),
    (b"BM", Why.PICTURE),
    (b"II*\0", Why.PICTURE),
    (b"MM\0*", Why.PICTURE),
    (b"OggS", Why.SOUND),
    (b"ID3", Why.SOUND),
    (b"fLaC", Why.SOUND),
    (b"\xff\xfb", Why.SOUND),
    (b"\x1aE\xdf\xa3", Why.SOUND),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Why.OLD_WORD),
    (b"{\\rtf", Why.RICH_TEXT),
    (b"%!PS", Why.RICH_TEXT),
    (b"\x1f\x8b", Why.ARCHIVE),
    (b"BZh", Why.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", Why.ARCHIVE),
    (b"Rar!", Why.ARCHIVE),
    (b"\xfd7zXZ", Why.ARCHIVE),
)
# Short marks that a text may begin with as well.
_PERHAPS_TEXT = frozenset({b"BM", b"ID3", b"GIF8", b"BZh", b"OggS", b"Rar!", b"fLaC"})
_ENDINGS: dict[str, Kind] = {
    "md": "markdown", "markdown": "markdown", "mdx": "markdown", "rst": "text",
    "htm": "html", "html": "html", "xhtml": "html", "xml": "xml", "rss": "xml", "atom": "xml",
    "csv": "csv", "tsv": "csv", "json": "json", "jsonl": "text", "ndjson": "text",
    "yaml": "yaml", "yml": "yaml", "txt": "text", "text": "text", "log": "text",
}  # fmt: skip
_CODE = frozenset(
    """
    py pyi js mjs cjs jsx ts tsx java kt kts scala c h cc cpp cxx hpp cs go rs rb php swift m mm lua
    pl pm r jl sh bash zsh fish ps1 bat sql graphql proto css scss sass less vue svelte toml ini cfg
    conf dockerfile makefile cmake gradle groovy dart ex exs erl hs clj lisp scm ml fs asm s tex
    diff patch
    """.split()  # noqa: SIM905 - sixty quotation marks would hide the words
)


@dataclass(frozen=True, slots=True)
class Document:
    data: bytes
    name: str
    most: int
    """Characters that anybody wants of it."""
    until: float
    """When reading has to end with what there is, on the monotonic clock."""

    @property
    def is_late(self) -> bool:
        return time.monotonic() >= self.until

    @property
    def ending(self) -> str:
        name = PurePath(self.name.lower())
        return name.suffix[1:] or name.name


@dataclass(frozen=True, slots=True)
class Found:
    kind: Kind
    text: str
    title: str = ""
    pages: int = 0
    truncated: bool = False


def text_of(document: Document) -> Found:
    """Raises Refused, or whatever a parser raises."""
    data = document.data
    if b"%PDF-" in data[:1024]:
        from core.knowledge.pdf import text_of_pdf

        return text_of_pdf(document)
    if data.startswith(b"PK\x03\x04"):
        from core.knowledge.word import text_of_docx

        return text_of_docx(document)
    _refuse(data)
    text = decoded(data)
    return _written(document, text)


def _refuse(data: bytes) -> None:
    mark, why = next(((m, w) for m, w in _REFUSED if data.startswith(m)), (b"", Why.READ))
    if mark and (mark not in _PERHAPS_TEXT or _control(data[:_SAMPLE])):
        raise Refused(why)
    if data.startswith(b"RIFF") and data[8:12] in (b"WEBP", b"WAVE", b"AVI "):
        raise Refused(Why.PICTURE if data[8:12] == b"WEBP" else Why.SOUND)
    if data[4:8] == b"ftyp":
        heif = data[8:12] in (b"avif", b"heic", b"heix", b"mif1")
        raise Refused(Why.PICTURE if heif else Why.SOUND)


def decoded(data: bytes) -> str:
    """As its mark says, as UTF-8, as it declares itself, as Windows' Latin; or Refused."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    sample = data[:_SAMPLE]
    if b"\0" in sample and _control(sample):
        return _wide(data, sample)
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    # One broken byte among good ones is a fault in a text of UTF-8, not another encoding.
    mended = data.decode("utf-8", "replace")
    if mended.count("\ufffd") * 20 < sum(byte >= 0x80 for byte in data[:1_000_000]):
        return mended
    if _control(sample):
        raise Refused(Why.UNKNOWN)
    if sample.lstrip().startswith(b"<") and (said := _DECLARED.search(sample)):
        try:
            return data.decode(said[1].decode(), "replace")
        except LookupError:  # no encoding that anybody knows, or none of texts
            pass
    return data.decode("cp1252", "replace")


def _wide(data: bytes, sample: bytes) -> str:
    """Every second byte of a European text in UTF-16 is zero."""
    half = len(sample) // 2
    for name, zeros, others in (
        ("utf-16-le", sample[1::2], sample[::2]),
        ("utf-16-be", sample[::2], sample[1::2]),
    ):
        if half and zeros.count(0) > half * 0.7 and others.count(0) == 0:
            return data.decode(name, "replace")
    raise Refused(Why.UNKNOWN)


def _control(sample: bytes) -> bool:
    """More signs than a text has that no text has."""
    odd = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in sample) + sample.count(127)
    return odd * 100 > len(sample)


def _written(document: Document, text: str) -> Found:
    if _control(document.data[:_SAMPLE]) and "\0" in text:
        raise Refused(Why.UNKNOWN)
    kind = _kind_of(document, text)
    make = _MAKERS.get(kind)
    return make(document, text) if make else Found(kind, text)


def _kind_of(document: Document, text: str) -> Kind:
    start = text[:500].lstrip().lower()
    if start.startswith(("<!doctype html", "<html")):
        return "html"
    if start.startswith("<?xml") and document.ending not in ("htm", "html", "xhtml"):
        return "xml"
    return _ENDINGS.get(document.ending, "code" if document.ending in _CODE else "text")


def _markdown(document: Document, text: str) -> Found:
    titles = (line[2:] for line in text[:5000].splitlines() if line.startswith("# "))
    return Found("markdown", text, next(titles, "").strip(" #"))


def _json(document: Document, text: str) -> Found:
    """One thing a line, as far as it is JSON; some files only look like it."""
    try:
        laid_out = json.dumps(json.loads(text), ensure_ascii=False, indent=1)
    except (ValueError, RecursionError):
        laid_out = text
    return Found("json", laid_out)


def _html(document: Document, text: str) -> Found:
    from core.knowledge.markup import text_of_html

    return text_of_html(document, text)


def _xml(document: Document, text: str) -> Found:
    from core.knowledge.markup import text_of_xml

    return text_of_xml(document, text)


def _csv(document: Document, text: str) -> Found:
    from core.knowledge.tables import text_of_csv

    return text_of_csv(document, text)


_MAKERS: dict[Kind, Callable[[Document, str], Found]] = {
    "markdown": _markdown,
    "json": _json,
    "html": _html,
    "xml": _xml,
    "csv": _csv,
}
