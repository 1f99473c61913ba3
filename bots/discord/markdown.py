"""Markdown as a model writes it -> Markdown that Discord shows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

_FENCE = re.compile(
    r"(?P<before>[> \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?)(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)"
)
_LATE_FENCE = re.compile(
    r"(?P<before>[^`]*[^`\s][ \t]*)(?P<mark>`{3,})(?P<info>[\w+\-.#]{0,20})\s*"
)
_LANGUAGE = re.compile(r"[A-Za-z0-9_+\-.#]{1,20}")
_DEEP = re.compile(r"^(\s{0,3}#{3})#{1,3}(?=\s)")
_RULE = re.compile(r"^\s{0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_PLUS = re.compile(r"^(\s*)\+(?=\s)")
_TASK = re.compile(r"^(\s*[-*] )\[([ xX])\](?=\s)")
_TICKS = re.compile(r"`{3,}")
_SAME_LINE = re.compile(r"`{3,}([^`\n]+)`{3,}")
_INLINE = re.compile(
    r"(?P<code>``[^\n]+?``|`[^`\n]+`)"
    r"|(?P<image>!)?\[(?P<words>[^\[\]\n]{0,500})\]"
    r"\((?P<url>(?:[^\s()<>]|\([^\s()<>]*\)){0,1000})(?P<title>[ \t]+\"[^\"\n]*\")?\)"
)
_MARKS = re.compile(r"\*\*|__|~~|\|\||`|(?<!\w)[*_]|[*_](?!\w)")
_BAR = re.compile(r"(?<!\\)\|")
_LINE = "─" * 12
_WIDEST = 60  # columns of a table that a narrow window still shows side by side


@dataclass(frozen=True, slots=True)
class Block:
    """Where code stands in a text, with its fences."""

    start: int
    body: int
    body_end: int
    end: int
    fence: str
    """The line that opens it."""


def shown(markdown: str) -> tuple[str, tuple[Block, ...]]:
    """What Discord knows stays; headings, tables, images and rules that it does not are changed."""
    pieces: list[str] = []
    blocks: list[Block] = []
    at = 0
    for language, text in _pieces(markdown.replace("\r\n", "\n").split("\n")):
        if language is not None:
            fence = f"```{language}\n"
            blocks.append(
                Block(
                    at,
                    at + len(fence),
                    at + len(fence) + len(text),
                    at + len(fence + text) + 4,
                    fence,
                )
            )
            text = f"{fence}{text}\n```"
        pieces.append(text)
        at += len(text) + 1
    return "\n".join(pieces), tuple(blocks)


def _pieces(lines: list[str]) -> Iterator[tuple[str | None, str]]:
    """Lines of text, and whole blocks of code with their language."""
    at = 0
    while at < len(lines):
        opened = _FENCE.fullmatch(lines[at]) or _LATE_FENCE.fullmatch(lines[at])
        if opened:
            before = opened["before"]
            if before.strip("> \t-*+"):
                yield None, _line(before.rstrip())
            code, at = _code(lines, at + 1, opened["mark"], before)
            if code.strip():  # Discord shows the fences where nothing stands between them
                language = _LANGUAGE.match(opened["info"])
                yield language[0] if language else "", held(code).strip("\n")
        elif at + 1 < len(lines) and "|" in lines[at] and _is_under_head(lines[at + 1]):
            end = at + 2
            while end < len(lines) and "|" in lines[end]:
                end += 1
            yield from _table([_cells(lines[n]) for n in range(at, end) if n != at + 1])
            at = end
        else:
            yield None, _line(lines[at])
            at += 1


def _code(lines: list[str], at: int, mark: str, before: str) -> tuple[str, int]:
    """The code behind a fence, and the line after it; one that nobody closes goes to the end."""
    code: list[str] = []
    for n in range(at, len(lines)):
        line = lines[n].rstrip()
        bare = line.strip("> \t")
        if len(bare) >= len(mark) and not bare.strip(mark[0]):
            return "\n".join(code), n + 1
        if mark == "```" and line.endswith(mark) and line.count(mark) == 1:
            return "\n".join([*code, _inside(line.removesuffix(mark), before)]), n + 1
        code.append(_inside(lines[n], before))
    return "\n".join(code), len(lines)


def _inside(line: str, before: str) -> str:
    """A line of code without the indent of the list or the quote that its fence stands in."""
    if not line.strip("> \t"):
        return line.strip("> \t")
    for char in before if before[:1] in "> \t-*+0123456789" else "":
        if char == ">":
            line = line.removeprefix(">")
        elif line[:1] not in (" ", "\t"):
            break
        else:
            line = line[1:]
    return line


def held(text: str) -> str:
    """Three backticks would begin code, or end it, wherever they stand."""
    return _TICKS.sub(lambda run: "\u200b".join(run[0]), text) if "```" in text else text


def _line(line: str) -> str:
    if _RULE.match(line):
        return _LINE
    line = _DEEP.sub(r"\1", line)
    line = _PLUS.sub(r"\1-", line)
    line = _TASK.sub(lambda found: f"{found[1]}{'☐' if found[2] == ' ' else '☑'}", line)
    if "```" in line:
        line = held(_SAME_LINE.sub(r"`\1`", line))
    return _INLINE.sub(_link, line) if "](" in line else line


def _link(found: re.Match[str]) -> str:
    """Discord shows no image in a text, and links to the web alone."""
    if found["code"]:
        return found[0]
    words, url = found["words"], found["url"]
    if not url.lower().startswith(("https://", "http://")):
        return words if words.strip() else found[0]
    if found["image"]:
        return f"[{words}]({url})" if words.strip() else url
    return found[0]


# --- tables ------------------------------------------------------------------------------------


def _is_under_head(line: str) -> bool:
    return "-" in line and "|" in line and not line.strip("|-: ")


def _cells(line: str) -> list[str]:
    line = line.strip().removeprefix("|")
    line = line.removesuffix("|") if not line.endswith("\\|") else line
    cells = (held(cell).strip() for cell in _BAR.split(line))
    return [re.sub(r"<br\s*/?>", " ", cell).replace("\\|", "|") for cell in cells]


def _table(rows: list[list[str]]) -> Iterator[tuple[str | None, str]]:
    """In columns where they are narrow and hold no link, else a line for each row."""
    plain = [[_MARKS.sub("", cell) for cell in row] for row in rows]
    widths = [
        max(_columns(row[n]) if n < len(row) else 0 for row in plain)
        for n in range(min(_WIDEST, max(map(len, plain))))
    ]
    linked = any("](" in cell for row in rows for cell in row)
    if sum(widths) + 2 * len(widths) <= _WIDEST and not linked and any(widths):
        lines = [_padded(row, widths) for row in plain]
        lines.insert(1, "  ".join("-" * width for width in widths))
        yield "", "\n".join(lines)
        return
    head = rows[0]
    for row in rows[1:] or [head]:
        named = [
            f"{head[n]}: {cell}" if 0 < n < len(head) and head[n] and cell else cell
            for n, cell in enumerate(row)
        ]
        yield None, _line("- " + "; ".join(filter(None, named)))


def _padded(row: list[str], widths: list[int]) -> str:
    cells = (
        cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=False)
    )
    return "  ".join(cells).rstrip()


def _columns(text: str) -> int:
    """How wide a text is where every letter is as wide as the next."""
    return sum(
        2 if unicodedata.east_asian_width(char) in "WF" else not unicodedata.combining(char)
        for char in text
    )


def units_of(text: str) -> list[int]:
    """At each place of the text, how much stands before it, in UTF-16 units."""
    return [0, *accumulate(2 if char > "\uffff" else 1 for char in text)]
