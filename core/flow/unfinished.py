"""Markdown that is still being written, so that nothing of it is seen half open.

Two marks that are not closed yet would be shown as marks, and become bold a moment later. What is
open is closed for the time being; what nobody can read yet waits.
"""

from __future__ import annotations

import re

_FENCE = re.compile(r"^[ ]{0,3}(```+|~~~+)(.*)$")
_MARKS = re.compile(r"\\.|`+|\*+|_+|~~|\|\|", re.DOTALL)
_LAST_MARKS = re.compile(r"(?<!\\)[`*_~|\\]+\Z")
_HALF_MARK = re.compile(r"(?<![~|\\])[~|]\Z|(?<!\\)\\\Z")
_LISTED = re.compile(r"^[ \t]*(?:[-+*>#]+|\d{1,9}[.)]?)?[ \t]*\Z")
_BEFORE = frozenset(" \t\n([{\"'«„“‘>*_~|-–—/:")
"""Behind one of these a mark may open; elsewhere it is more likely 2*3 or a_name."""
_SEEN = 5_000
"""Characters of an answer that are seen while it grows, and more: its first message."""
_ROWS = 2
"""Lines of a table before it is one: its head and what separates it."""


def seemly(text: str) -> str:
    """What of a growing text may be seen by now; it is the text itself where nothing is open."""
    if len(text) > _SEEN:
        return text
    fence, begins = _open_fence(text)
    if fence:
        return _in_fence(text, fence, begins)
    start = max(text.rfind("\n\n") + 2, begins) if "\n\n" in text[begins:] else begins
    block = text[start:]
    if _LISTED.match(block.rpartition("\n")[2]):
        block = block[: len(block) - len(block.rpartition("\n")[2])]
    if block.lstrip().startswith("|"):
        return text[:start] + _table(block)
    return text[:start] + _closed(block)


def _open_fence(text: str) -> tuple[str, int]:
    """The fence that is open at the end, and where; or "" and where the last one has ended."""
    if "```" not in text and "~~~" not in text:
        return "", 0
    fence, at, begins = "", 0, 0
    for line in text.splitlines(keepends=True):
        found = _FENCE.match(line.rstrip("\n"))
        if found and not fence:
            fence, begins = found[1], at
        elif found and found[1].startswith(fence) and not found[2].strip():
            fence, begins = "", at + len(line)
        at += len(line)
    return fence, begins


def _in_fence(text: str, fence: str, begins: int) -> str:
    """Code is shown as soon as there is a line of it; a fence in the making is not."""
    head, newline, code = text[begins:].partition("\n")
    whole, _, last = code.rpartition("\n")
    if last and not last.strip(fence[0]):
        code = whole
    if not newline or not code.strip():
        return text[:begins].rstrip("\n")
    return f"{text[:begins]}{head}\n{code.rstrip()}\n{fence}"


def _table(block: str) -> str:
    rows = block.split("\n")[:-1]
    return "\n".join(rows) if len(rows) > _ROWS else ""


def _closed(block: str) -> str:
    """Whatever is open in a paragraph, closed; what is open with nothing in it is left out."""
    opened: list[tuple[str, int]] = []
    done = 0
    for found in _MARKS.finditer(block):
        mark, at, end = found[0], found.start(), found.end()
        if mark[0] == "\\":
            continue
        if opened and opened[-1][0][0] == "`":
            if mark == opened[-1][0]:
                opened.pop()
                done = end
            continue
        held = _held(opened, mark) if not block[at - 1].isspace() else None
        if held is not None:
            if end == len(block) and held < len(opened) - 1 and len(mark) < 3:
                continue  # the first half of what closes more than this
            del opened[held:]
            done = end
        elif end == len(block) or (not block[end].isspace() and _may_open(block, at, mark)):
            opened.append((mark, at))
    while opened:
        mark, at = opened[-1]
        if block[at + len(mark) :].strip("*_~|` \t\n"):
            break
        block = block[:at].rstrip(" \t")
        opened.pop()
    if not opened:
        return block if done == len(block) else _HALF_MARK.sub("", block)
    # The first half of what closes it must not stand there as a mark.
    mark, at = opened[-1]
    half = _LAST_MARKS.search(block, max(done, at + len(mark)))
    if half and mark[0] != "`":
        block = block[: half.start()]
    return block.rstrip() + "".join(mark for mark, _ in reversed(opened))


def _held(opened: list[tuple[str, int]], mark: str) -> int | None:
    """Where what this closes was opened; three may close one and two."""
    marks = [one for one, _ in opened]
    if len(mark) == 3 and mark not in marks:
        both = [at for at, one in enumerate(marks) if one in (mark[0], mark[:2])]
        return both[-2] if len(both) > 1 else None
    return len(marks) - 1 - marks[::-1].index(mark) if mark in marks else None


def _may_open(block: str, at: int, mark: str) -> bool:
    return mark[0] == "`" or at == 0 or block[at - 1] in _BEFORE
