"""A Word document as text: headings with their level, lists, a line for each row of a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from core.knowledge.formats import Document, Found
from core.knowledge.wire import Refused, Why

_BODY = "word/document.xml"
_OFFICE = frozenset(
    {"xl/workbook.xml", "ppt/presentation.xml", "content.xml", "META-INF/container.xml"}
)
_MOST_PARTS = 5_000
_LARGEST_PART = 48 << 20
_LARGEST = 192 << 20
_DECLARED = 1 << 16
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_UNSEEN = frozenset(
    {f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr", f"{_W}instrText", _FALLBACK}
)
_SIGNS = {
    f"{_W}tab": "\t",
    f"{_W}br": "\n",
    f"{_W}cr": "\n",
    f"{_W}noBreakHyphen": "-",
}
_BLANK = re.compile(r"\n{3,}")
_HEADING = re.compile(r"heading ([1-9])", re.I)


def text_of_docx(document: Document) -> Found:
    _weigh(document.data)
    import docx

    whole = docx.Document(BytesIO(document.data))
    levels, lists = _styles(whole)
    told: list[str] = []
    length, truncated = 0, False
    for line in _blocks([whole.element.body, *_notes(whole)], levels, lists):
        told.append(line)
        length += len(line) + 2
        if length > document.most or document.is_late:
            truncated = True
            break
    title = whole.core_properties.title or ""
    text = _BLANK.sub("\n\n", "".join(told)).strip("\n")
    return Found("docx", text, title, truncated=truncated)


def _weigh(data: bytes) -> None:
    """Look at what is packed before any of it is unpacked; Refused where that would be too much.

    A package that lies about its sizes meets the limit of the process's memory.
    """
    try:
        with ZipFile(BytesIO(data)) as package:
            parts = package.infolist()
            names = {part.filename for part in parts}
            if _BODY not in names:
                raise Refused(Why.OFFICE if names & _OFFICE else Why.ARCHIVE)
            if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _LARGEST:
                raise Refused(Why.UNPACKS)
            for part in parts:
                if part.flag_bits & 1:
                    raise Refused(Why.LOCKED)
                if part.filename.endswith((".xml", ".rels")):
                    if part.file_size > _LARGEST_PART:
                        raise Refused(Why.UNPACKS)
                    with package.open(part) as opened:
                        # Word writes none, so whoever has put one there wants something by it.
                        if b"<!DOCTYPE" in opened.read(_DECLARED):
                            raise Refused(Why.ENTITIES)
    except BadZipFile:
        raise Refused(Why.DAMAGED) from None


def _styles(whole: Any) -> tuple[dict[str, int], set[str]]:
    """The levels of headings and which paragraphs are a list's, by the number of their style."""
    levels: dict[str, int] = {}
    lists: set[str] = set()
    for style in whole.styles.element.iterchildren(f"{_W}style"):
        number, name = style.get(f"{_W}styleId", ""), style.find(f"{_W}name")
        called = name.get(f"{_W}val", "") if name is not None else ""
        outline = style.find(f"{_W}pPr/{_W}outlineLvl")
        if found := _HEADING.fullmatch(called):
            levels[number] = int(found[1])
        elif called.lower() == "title":
            levels[number] = 1
        elif outline is not None and outline.get(f"{_W}val", "9") in "012345678":
            levels[number] = int(outline.get(f"{_W}val")) + 1
        elif called.lower().startswith("list"):
            lists.add(number)
    return levels, lists


def _notes(whole: Any) -> Iterator[Any]:
    from docx.oxml.parser import parse_xml

    for relation in whole.part.rels.values():
        if relation.reltype.endswith(("/footnotes", "/endnotes")) and not relation.is_external:
            yield from parse_xml(relation.target_part.blob).iterchildren()


def _blocks(bodies: Iterable[Any], levels: dict[str, int], lists: set[str]) -> Iterator[str]:
    """Paragraphs, and rows of tables, each with the newlines behind it."""
    for body in bodies:
        for block in body.iterchildren():
            if block.tag == f"{_W}p":
                yield _paragraph(block, levels, lists)
            elif block.tag == f"{_W}tbl":
                yield from (f"{row}\n" for row in _rows(block) if row)
                yield "\n"
            elif isinstance(block.tag, str) and block.tag not in _UNSEEN:
                yield from _blocks([block], levels, lists)  # what is grouped or inserted


def _paragraph(paragraph: Any, levels: dict[str, int], lists: set[str]) -> str:
    text = "".join(_words(paragraph)).strip()
    if not text:
        return ""
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    number = style.get(f"{_W}val", "") if style is not None else ""
    if number in levels:
        return f"\n{'#' * min(levels[number], 6)} {' '.join(text.split())}\n\n"
    listed = paragraph.find(f"{_W}pPr/{_W}numPr") is not None or number in lists
    return f"- {text}\n" if listed else f"{text}\n\n"


def _rows(table: Any) -> Iterator[str]:
    for row in table.iter(f"{_W}tr"):
        cells = (" ".join("".join(_words(cell)).split()) for cell in row.iterchildren(f"{_W}tc"))
        yield " | ".join(cells).strip(" |")


def _words(element: Any) -> Iterator[str]:
    for part in element.iterchildren():
        if part.tag == f"{_W}t":
            yield part.text or ""
        elif part.tag in _SIGNS:
            yield _SIGNS[part.tag]
        elif part.tag not in _UNSEEN:
            yield from _words(part)
            if part.tag == f"{_W}p":
                yield "\n"  # in a cell or a text box
