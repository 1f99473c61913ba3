"""How a template is read: text, names and blocks, each with its line for whoever must mend it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

MOST_TEMPLATE = 64 * 1024
"""Characters."""
_DEEPEST = 16
_MOST_PARTS = 16
_BLOCKS = frozenset({"if", "unless", "each", "with"})
_LOOP = frozenset({"index", "key", "first", "last", "root"})

_PART = r"[^\s!\"#%&'()*+,./;<=>@\[\\\]^`{|}~]+"
_NAME = re.compile(
    rf"(?P<up>(?:\.\./)*)(?:@(?P<at>\w+)|(?P<this>this\b|\.(?!\w))|(?P<first>{_PART}|\[[^\]]*\]))?"
    rf"(?P<rest>(?:[./](?:{_PART}|\[[^\]]*\]))*)"
)
_STEP = re.compile(rf"{_PART}|\[[^\]]*\]")
_OPENER = re.compile(r"(\\{0,2})\{\{")


class TemplateError(ValueError):
    """A template cannot be used: where, what, and how to mend it, in one sentence."""


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Name:
    path: tuple[str, ...]
    up: int = 0
    """How many blocks further out: `../`."""
    at: str = ""
    """index, key, first, last or root, as in {{@index}}."""


@dataclass(frozen=True, slots=True)
class Block:
    kind: str
    subject: Name
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...] = ()


Node = Text | Name | Block


@dataclass(slots=True)
class _Piece:
    """Text, or what stands between braces."""

    line: int
    text: str
    tag: bool = False
    raw: str = ""
    """A tag as it was written, shortened."""
    before: bool = False
    """{{~: blanks before it go."""
    after: bool = False


@dataclass(slots=True)
class _Open:
    """A block whose end has not come yet."""

    piece: _Piece
    kind: str
    subject: Name | None
    body: list[Node] = field(default_factory=list)
    otherwise: list[Node] | None = None
    chained: bool = False
    """Begun by {{else if}}: it ends where the block around it ends."""

    @property
    def nodes(self) -> list[Node]:
        return self.body if self.otherwise is None else self.otherwise


@lru_cache(maxsize=256)
def parse(template: str) -> tuple[Node, ...]:
    """Raises TemplateError; a template that was read before costs nothing."""
    if len(template) > MOST_TEMPLATE:
        raise TemplateError(
            f"the template has {len(template)} characters; make it shorter than {MOST_TEMPLATE}"
        )
    pieces = _pieces(template)
    _trim(pieces)
    return _built(pieces)


# --- cutting -----------------------------------------------------------------------------------


def _pieces(template: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    at, line = 0, 1
    literal = ""
    while found := _OPENER.search(template, at):
        slashes = len(found[1])
        literal += template[at : found.start()]
        if slashes == 1:
            # \{{ is how an author writes two braces; \\{{ is a backslash before a name.
            literal += "{{"
            at = found.end()
            continue
        literal += "\\" * (slashes // 2)
        pieces.append(_Piece(line, literal))
        line += literal.count("\n")
        literal = ""
        piece, at, extra = _tag(template, found.end() - 2, line)
        if extra:
            pieces[-1].text += "{"
        pieces.append(piece)
        line += template.count("\n", found.end(), at)
    pieces.append(_Piece(line, literal + template[at:]))
    return pieces


def _tag(template: str, start: int, line: int) -> tuple[_Piece, int, bool]:
    """The tag, where it ends, and whether its first brace was a brace before it."""
    shown = _short(template[start : start + 60])
    if template.startswith(("{{!--", "{{~!--"), start):
        end = template.find("--", template.index("--", start) + 2)
        while end >= 0 and not template.startswith(("--}}", "--~}}"), end):
            end = template.find("--", end + 1)
        close = template.find("}}", end) if end >= 0 else -1
        if close < 0:
            raise _wrong(line, f"the comment {shown} is never closed", "write --}} behind it")
        body = template[start + 2 : close]
        return _Piece(line, "!", True, shown, body[0] == "~", body[-1] == "~"), close + 2, False
    triple = template.startswith("{{{", start)
    close = template.find("}}}" if triple else "}}", start)
    extra = False
    short = template.find("}}", start) if triple else -1
    if triple and (close < 0 or short < close):
        triple, close, extra = False, short, True
    if close < 0:
        raise _wrong(line, f"{shown} is never closed", "write }} behind it, or \\{{ for braces")
    opener = 3 if triple or extra else 2
    body = template[start + opener : close]
    before, after = body.startswith("~"), body.endswith("~") and len(body) > 1
    inner = body[before : len(body) - after].strip()
    end = close + (3 if triple else 2)
    return _Piece(line, inner, True, shown, before, after), end, extra


def _trim(pieces: list[_Piece]) -> None:
    """Blanks go where ~ says so, and a line with nothing on it but a block's tag goes whole."""
    alone = [at for at in range(1, len(pieces), 2) if _stands_alone(pieces, at)]
    for at in alone:
        before, after = pieces[at - 1], pieces[at + 1]
        before.text = before.text[: len(before.text) - len(_tail(before.text))]
        cut = after.text.find("\n")
        after.text = after.text[cut + 1 :] if cut >= 0 else ""
    for at in range(1, len(pieces), 2):
        if pieces[at].before:
            pieces[at - 1].text = pieces[at - 1].text.rstrip()
        if pieces[at].after:
            pieces[at + 1].text = pieces[at + 1].text.lstrip()


def _stands_alone(pieces: list[_Piece], at: int) -> bool:
    text = pieces[at].text
    if not text.startswith(("#", "/", "!", "^")) and text.split(maxsplit=1)[:1] != ["else"]:
        return False
    before, after = pieces[at - 1].text, pieces[at + 1].text
    head = after.partition("\n")
    starts = not _tail(before).strip() and ("\n" in before or at == 1)
    ends = not head[0].strip() and (head[1] or at + 2 == len(pieces))
    return starts and bool(ends)


def _tail(text: str) -> str:
    return text[text.rfind("\n") + 1 :]


# --- building ----------------------------------------------------------------------------------


def _built(pieces: list[_Piece]) -> tuple[Node, ...]:
    top = _Open(_Piece(1, ""), "", None)
    stack = [top]
    for piece in pieces:
        if not piece.tag:
            if piece.text:
                stack[-1].nodes.append(Text(piece.text))
            continue
        text = piece.text
        if text.startswith("!"):
            continue
        if text.startswith("#"):
            stack.append(_opened(piece, text[1:], len(stack)))
        elif text == "^" or text.split(maxsplit=1)[:1] == ["else"]:
            _otherwise(stack, piece)
        elif text.startswith("/"):
            _close(stack, piece, text[1:].strip())
        else:
            stack[-1].nodes.append(_name(piece, text.removeprefix("&").strip()))
    if len(stack) > 1:
        left = stack[-1]
        raise _wrong(
            left.piece.line, f"{left.piece.raw} is never closed", f"write {{{{/{left.kind}}}}}"
        )
    return tuple(top.body)


def _opened(piece: _Piece, text: str, depth: int) -> _Open:
    kind, _, subject = text.strip().partition(" ")
    if kind not in _BLOCKS:
        raise _wrong(piece.line, f"{piece.raw} is unknown", "there are #if, #unless, #each, #with")
    if depth > _DEEPEST:
        raise _wrong(piece.line, f"{piece.raw} lies too deep", f"nest at most {_DEEPEST} blocks")
    if not subject.strip():
        raise _wrong(piece.line, f"{piece.raw} names nothing", f"write {{{{#{kind} name}}}}")
    return _Open(piece, kind, _name(piece, subject.strip()))


def _otherwise(stack: list[_Open], piece: _Piece) -> None:
    left = stack[-1]
    if not left.kind or left.otherwise is not None:
        raise _wrong(piece.line, f"{piece.raw} stands in no block", "take it out")
    left.otherwise = []
    chained = piece.text.removeprefix("else").removeprefix("^").strip()
    if chained:
        block = _opened(piece, chained, len(stack))
        block.chained = True
        stack.append(block)


def _close(stack: list[_Open], piece: _Piece, kind: str) -> None:
    while True:
        left = stack[-1]
        if not left.kind or left.subject is None:
            raise _wrong(piece.line, f"{piece.raw} closes nothing", "take it out")
        if not left.chained and left.kind != kind:
            opened = f"{left.piece.raw} from line {left.piece.line}"
            mend = f"write {{{{/{left.kind}}}}} first"
            raise _wrong(piece.line, f"{piece.raw} comes while {opened} is open", mend)
        stack.pop()
        block = Block(left.kind, left.subject, tuple(left.body), tuple(left.otherwise or ()))
        stack[-1].nodes.append(block)
        if not left.chained:
            return


def _name(piece: _Piece, text: str) -> Name:
    found = _NAME.fullmatch(text)
    if found is None or not text:
        raise _wrong(
            piece.line,
            f"{piece.raw} is no name",
            "write {{name}} or {{name.part}}, without calls, or \\{{ for two braces",
        )
    path = [step.strip("[]") for step in _STEP.findall(found["rest"])]
    if found["first"]:
        path.insert(0, found["first"].strip("[]"))
    at = found["at"] or ""
    if at and at not in _LOOP:
        raise _wrong(piece.line, f"{piece.raw} is unknown", "there are @index, @key, @first, @last")
    up = len(found["up"]) // 3
    if len(path) > _MOST_PARTS or up > _DEEPEST:
        raise _wrong(piece.line, f"{piece.raw} has too many parts", f"use at most {_MOST_PARTS}")
    return Name(tuple(path), up, at)


def _wrong(line: int, what: str, mend: str) -> TemplateError:
    return TemplateError(f"line {line}: {what}; {mend}")


def _short(text: str) -> str:
    end = text.find("}}")
    return text[: end + 2] if end >= 0 else " ".join(text.split())[:40] + "…"
