"""Telegram's HTML and MarkdownV2: marked-up text in, plain text and entities out."""

import html
import re
from dataclasses import dataclass, field
from typing import Any

from bots.sandbox.text import units

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
}
_TAG = re.compile(
    r"<(/?)([A-Za-z][A-Za-z0-9-]*)((?:\s+[\w-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[\w.-]+))?)*)\s*/?>"
)
_ATTRIBUTE = re.compile(r"([\w-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([\w.-]+)))?")
_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9A-Fa-f]{1,6});")
_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_NAMES = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "code": "Code",
    "pre": "Pre",
    "text_link": "TextUrl",
    "custom_emoji": "CustomEmoji",
}


class Broken(Exception):
    """The markup does not parse; the text says where."""


@dataclass(slots=True)
class _Out:
    """Plain text so far, measured in UTF-16 units as it grows."""

    parts: list[str] = field(default_factory=list)
    at: int = 0
    entities: list[dict[str, Any]] = field(default_factory=list)

    def write(self, text: str) -> None:
        self.parts.append(text)
        self.at += units(text)

    def mark(self, kind: str, start: int, **more: Any) -> None:
        if self.at > start:
            self.entities.append({"type": kind, "offset": start, "length": self.at - start, **more})

    def result(self) -> tuple[str, list[dict[str, Any]]]:
        self.entities.sort(key=lambda e: (e["offset"], -e["length"]))
        return "".join(self.parts), self.entities


def parse(text: str, mode: str) -> tuple[str, list[dict[str, Any]]]:
    """Read marked-up text; raises Broken with Telegram's explanation."""
    lowered = mode.lower()
    if lowered == "html":
        return _html(text)
    if lowered == "markdownv2":
        return _markdown(text)
    raise Broken("unsupported parse_mode")


def _byte(text: str, index: int) -> int:
    return len(text[:index].encode("utf-8", "surrogatepass"))


def _html(text: str) -> tuple[str, list[dict[str, Any]]]:
    out, at = _Out(), 0
    open_tags: list[tuple[str, str, int, dict[str, str], int]] = []
    while at < len(text):
        if text[at] == "&":
            reference = _REFERENCE.match(text, at)
            out.write(html.unescape(reference.group()) if reference else "&")
            at = reference.end() if reference else at + 1
            continue
        if text[at] != "<":
            stop = min(
                (p for p in (text.find("<", at), text.find("&", at)) if p >= 0), default=len(text)
            )
            out.write(text[at:stop])
            at = stop
            continue
        tag = _TAG.match(text, at)
        if tag is None:
            if re.match(r"</?[A-Za-z]", text[at:]) is None:
                raise Broken(
                    f'Unsupported start tag "{text[at + 1 : at + 2]}" at byte offset {_byte(text, at)}'
                )
            raise Broken(f"Unclosed start tag at byte offset {_byte(text, at)}")
        name = tag.group(2).lower()
        if tag.group(1):
            _close(out, open_tags, name, _byte(text, at))
        else:
            given = {
                m[0].lower(): html.unescape(m[1] or m[2] or m[3])
                for m in _ATTRIBUTE.findall(tag.group(3))
            }
            _check_tag(name, given, _byte(text, at))
            open_tags.append((name, _TAGS[name], out.at, given, len("".join(out.parts))))
        at = tag.end()
    if open_tags:
        raise Broken(f'Can\'t find end tag corresponding to start tag "{open_tags[-1][0]}"')
    return out.result()


def _check_tag(name: str, given: dict[str, str], where: int) -> None:
    if name not in _TAGS:
        raise Broken(f'Unsupported start tag "{name}" at byte offset {where}')
    if name == "span" and given.get("class") != "tg-spoiler":
        raise Broken(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')


def _close(
    out: _Out, open_tags: list[tuple[str, str, int, dict[str, str], int]], name: str, where: int
) -> None:
    if not open_tags:
        raise Broken(f"Unexpected end tag at byte offset {where}")
    opened, kind, start, given, written = open_tags.pop()
    if opened != name:
        raise Broken(
            f'Unmatched end tag at byte offset {where}, expected "</{opened}>", found "</{name}>"'
        )
    if kind == "text_link":
        url = given.get("href") or "".join(out.parts)[written:]
        if "." in url or "://" in url:
            out.mark(kind, start, url=url)
    elif kind == "custom_emoji":
        out.mark(kind, start, custom_emoji_id=given.get("emoji-id", ""))
    elif kind == "blockquote" and "expandable" in given:
        out.mark("expandable_blockquote", start)
    elif kind == "code" and open_tags and open_tags[-1][1] == "pre" and open_tags[-1][2] == start:
        language = given.get("class", "")
        if language.startswith("language-"):
            open_tags[-1][3]["language"] = language.removeprefix("language-")
    elif kind == "pre" and given.get("language"):
        out.mark(kind, start, language=given["language"])
    else:
        out.mark(kind, start)


class _Markdown:
    """Reads MarkdownV2 once, left to right, with a stack of open entities."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.out = text, 0, _Out()
        self.open: list[tuple[str, int, int, str]] = []  # kind, start, byte offset, argument
        self.quote: int | None = None
        self.line_start = True

    def read(self) -> tuple[str, list[dict[str, Any]]]:
        text = self.text
        while self.at < len(text):
            character = text[self.at]
            if character == "\\" and self.at + 1 < len(text) and 0 < ord(text[self.at + 1]) <= 126:
                self._plain(text[self.at + 1], 2)
            elif self._inside_code():
                self._in_code(character)
            elif character not in _RESERVED:
                self._plain(character, 1)
            else:
                self._mark(character)
        if self.open:
            kind, _, where, _ = self.open[-1]
            raise Broken(f"Can't find end of {_NAMES[kind]} entity at byte offset {where}")
        self._end_quote()
        return self.out.result()

    def _inside_code(self) -> bool:
        return bool(self.open) and self.open[-1][0] in {"code", "pre"}

    def _plain(self, character: str, width: int) -> None:
        if self.line_start and self.quote is not None:
            self._end_quote()
        self.out.write(character)
        self.line_start = character == "\n" and width == 1
        self.at += width

    def _in_code(self, character: str) -> None:
        kind = self.open[-1][0]
        end = "```" if kind == "pre" else "`"
        if self.text.startswith(end, self.at):
            self._end(len(end))
        elif character == "`":
            raise Broken("Character '`' is reserved and must be escaped with the preceding '\\'")
        else:
            self.out.write(character)
            self.at += 1

    def _mark(self, character: str) -> None:
        text, at = self.text, self.at
        if character == ">" and self.line_start:
            if self.quote is None:
                self.quote = self.out.at
            self.line_start = False
            self.at += 1
            return
        if self.line_start and self.quote is not None:
            self._end_quote()
        self.line_start = False
        for sign, kind in (
            ("__", "underline"),
            ("_", "italic"),
            ("*", "bold"),
            ("~", "strikethrough"),
            ("||", "spoiler"),
        ):
            if text.startswith(sign, at):
                if (
                    sign == "||"
                    and self.quote is not None
                    and text[at + 2 : at + 3] in {"", "\n"}
                    and not self._is_open(kind)
                ):
                    self._end_quote(expandable=True)
                    self.at += 2
                elif self.open and self.open[-1][0] == kind:
                    self._end(len(sign))
                else:
                    self._start(kind, len(sign))
                return
        if character == "]" and self.open and self.open[-1][0] in {"text_link", "custom_emoji"}:
            self._end_link()
        elif text.startswith("```", at):
            language = re.match(r"[^\s`]*", text[at + 3 :])
            word = (
                language.group()
                if language and text[at + 3 + language.end() :][:1] in {"\n", " "}
                else ""
            )
            skip = 3 + len(word)
            self._start("pre", skip + (1 if text[at + skip : at + skip + 1] == "\n" else 0), word)
        elif character == "`":
            self._start("code", 1)
        elif character == "[":
            self._start("text_link", 1)
        elif text.startswith("![", at):
            self._start("custom_emoji", 2)
        else:
            raise Broken(
                f"Character '{character}' is reserved and must be escaped with the preceding '\\'"
            )

    def _is_open(self, kind: str) -> bool:
        return any(opened[0] == kind for opened in self.open)

    def _start(self, kind: str, width: int, argument: str = "") -> None:
        self.open.append((kind, self.out.at, _byte(self.text, self.at), argument))
        self.at += width

    def _end(self, width: int) -> None:
        kind, start, _, argument = self.open.pop()
        more = {"language": argument} if argument else {}
        self.out.mark(kind, start, **more)
        self.at += width

    def _end_link(self) -> None:
        kind, start, _, _ = self.open.pop()
        self.at += 1
        if not self.text.startswith("(", self.at):
            return
        end = re.compile(r"(?:\\.|[^)\\])*\)", re.DOTALL).match(self.text, self.at + 1)
        if end is None:
            raise Broken(f"Can't find end of a URL at byte offset {_byte(self.text, self.at)}")
        url = re.sub(r"\\(.)", r"\1", end.group()[:-1])
        self.at = end.end()
        if kind == "custom_emoji":
            self.out.mark(kind, start, custom_emoji_id=url.partition("id=")[2])
        elif url:
            self.out.mark(kind, start, url=url)

    def _end_quote(self, expandable: bool = False) -> None:
        if self.quote is not None:
            self.out.mark("expandable_blockquote" if expandable else "blockquote", self.quote)
            self.quote = None


def _markdown(text: str) -> tuple[str, list[dict[str, Any]]]:
    return _Markdown(text).read()
