"""What a reader sees of HTML and XML, with headings and lists as lines that say what they are."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.parsers import expat

from core.knowledge.formats import Document, Found
from core.knowledge.wire import Refused, Why

_UNSEEN = frozenset(
    {"script", "style", "noscript", "template", "svg", "math", "iframe", "object", "canvas",
     "select", "textarea", "button", "audio", "video", "map", "dialog"}
)  # fmt: skip
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
     "wbr"}
)  # fmt: skip
_APART = frozenset(
    {"p", "div", "section", "article", "header", "footer", "main", "aside", "nav", "blockquote",
     "ul", "ol", "dl", "table", "figure", "figcaption", "address", "details", "summary", "form",
     "fieldset", "pre", "body", "title", "center"}
)  # fmt: skip
_LINES = frozenset({"li", "dt", "dd", "tr", "br", "hr", "caption", "option"})
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_SPACE = re.compile(r"\s+")
_BLANK = re.compile(r"\n{3,}")
_STEP = 1 << 16
_DEEPEST = 200


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.length = 0
        self._said: list[str] = []
        self._unseen: list[str] = []
        """What is open inside of something that nobody sees, and that itself."""
        self._pre = 0
        self._in_title = False
        self._fresh = True
        """At the beginning of a line."""

    @property
    def text(self) -> str:
        lines = "".join(self._said).split("\n")
        return _BLANK.sub("\n\n", "\n".join(line.rstrip() for line in lines)).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._unseen:
            if tag not in _VOID and len(self._unseen) < _DEEPEST:
                self._unseen.append(tag)
            return
        if tag not in _VOID and (tag in _UNSEEN or _is_hidden(dict(attrs))):
            self._unseen.append(tag)
        elif tag == "title":
            self._in_title = True
        elif tag in _HEADINGS:
            self._break("\n\n")
            self._mark(_HEADINGS[tag])
        elif tag in _APART:
            self._break("\n\n")
            if tag == "pre":
                self._pre += 1
                self._say("```\n")
        elif tag in _LINES:
            self._break("\n")
            self._mark("- " if tag == "li" else "")
        elif tag in ("td", "th") and not self._fresh:
            self._say(" | ")

    def handle_endtag(self, tag: str) -> None:
        if self._unseen:
            if tag in self._unseen:
                while self._unseen.pop() != tag:
                    pass
            return
        if tag == "title":
            self._in_title = False
        elif tag == "pre" and self._pre:
            self._pre -= 1
            self._break("\n")
            self._say("```")
            self._break("\n\n")
        elif tag in _APART or tag in _HEADINGS:
            self._break("\n\n")
        elif tag in _LINES:
            self._break("\n")

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._in_title:
            self.title += data[: 300 - len(self.title)]
        elif self._pre:
            self._say(data)
        else:
            shown = _SPACE.sub(" ", data)
            shown = shown.lstrip() if self._fresh else shown
            if shown:
                self._say(shown)

    def _say(self, text: str) -> None:
        self._said.append(text)
        self.length += len(text)
        self._fresh = text.endswith((" ", "\n"))

    def _mark(self, sign: str) -> None:
        if sign:
            self._say(sign)

    def _break(self, lines: str) -> None:
        if not self._said or not self._said[-1].endswith(lines):
            self._say(lines)


def _is_hidden(said: dict[str, str | None]) -> bool:
    return "hidden" in said or _HIDDEN.search(said.get("style") or "") is not None


def text_of_html(document: Document, text: str) -> Found:
    page = _Page()
    truncated = False
    for start in range(0, len(text), _STEP):
        page.feed(text[start : start + _STEP])
        if page.length > 2 * document.most or document.is_late:
            truncated = True
            break
    else:
        page.close()
    return Found("html", page.text, page.title, truncated=truncated)


def text_of_xml(document: Document, text: str) -> Found:
    """A line for each element with words: its name, and what it says; as it is where it is no XML."""
    tree = _Tree(document)
    try:
        tree.read(text)
    except expat.ExpatError:
        return Found("xml", text)
    return Found("xml", "\n".join(tree.lines), truncated=tree.truncated)


class _Enough(Exception):
    """More is not wanted."""


class _Tree:
    def __init__(self, document: Document) -> None:
        self.lines: list[str] = []
        self.truncated = False
        self._document = document
        self._length = 0
        self._names: list[str] = []
        self._words: list[str] = []

    def read(self, text: str) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        parser.CharacterDataHandler = self._words.append
        parser.EntityDeclHandler = self._declared
        data = text.encode("utf-8", "replace")
        try:
            for start in range(0, len(data), _STEP):
                parser.Parse(data[start : start + _STEP], False)
                if self._document.is_late:
                    raise _Enough
            parser.Parse(b"", True)
        except _Enough:
            self.truncated = True

    def _declared(self, *told: object) -> None:
        raise Refused(Why.ENTITIES)

    def _open(self, name: str, said: dict[str, str]) -> None:
        self._tell()
        self._names.append(name.rpartition(":")[2])
        if said:
            self._add(", ".join(f"{key}={value}" for key, value in said.items()))

    def _close(self, name: str) -> None:
        self._tell()
        self._names.pop()

    def _tell(self) -> None:
        words = " ".join("".join(self._words).split())
        self._words.clear()
        if words:
            self._add(words)

    def _add(self, words: str) -> None:
        name = self._names[-1] if self._names else ""
        self.lines.append(f"{name}: {words}" if name else words)
        self._length += len(self.lines[-1]) + 1
        if self._length > self._document.most:
            raise _Enough
