"""Reading a model's answer while it streams; forgiving on purpose, bounded on purpose.

What arrives is text from outside: tags, JSON, plain talk, or rubbish. Only what the character says
ever comes out of `feed`; the cuts between pieces make no difference to the result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.prompting import loose_json
from core.prompting.braces import Braces
from core.prompting.marks import (
    BONES,
    FIELDS,
    MARKUP,
    OPENERS,
    TAG,
    TOKEN,
    WRAPPERS,
    over,
    passed,
    unfinished,
)
from core.prompting.names import SILENT, declines, names_in
from core.prompting.params import Params, params_in, params_of
from core.prompting.saying import Mouth
from core.prompting.tagged import Tagged

MOST_READ = 256 * 1024
"""Characters of one answer, thoughts and markup included; the rest is not looked at."""

_SPACE = re.compile(r"[\s\ufeff]+")
_XML = re.compile(r"<\?xml[^<>]{0,100}\?>")
_HALF_XML = re.compile(r"<(?:\?(?:x(?:m(?:l[^<>]{0,101})?)?)?)?\Z")
_FENCE = re.compile(r"```[ \t]{0,4}(?:xml|json5?|html|text)?[ \t]{0,4}\r?\n?\s{0,32}(?=[<{])", re.I)
_HALF_FENCE = re.compile(r"`{1,3}\Z|```[ \t]{0,4}[a-z5]{0,6}[ \t]{0,4}\r?\n?\s{0,32}\Z", re.I)
_ROLE = re.compile(r"(?:assistant|model)[ \t]{0,4}(?:\r?\n|(?=<\|))", re.I)
_HALF_ROLE = re.compile(r"([a-z]{1,9})[ \t]{0,4}[\r<]?\Z", re.I)
_NEVER = re.compile(r"(?!)")
# An error page, a line of the wire, a call of a tool in another format: nothing for people.
_NO_ANSWER = ("<!doctype html", "<html", "data: {", "data:{", "data: [done]", "[tool_calls]")
_NO_ANSWER_KEYS = frozenset(
    {"error", "errors", "arguments", "parameters", "tool_calls", "function_call", "choices"}
)

# "Sure! Here is my answer:" before the answer. Held back for a line at most, and only where it
# begins with such a word, so that ordinary talk flows at once.
_PREAMBLE_WORDS = (
    "here", "sure", "ok", "okay", "certainly", "of course", "response", "output", "answer",
    "my ", "the ", "xml", "json",
)  # fmt: skip
_PREAMBLE = re.compile(
    r"[^\n<{]{0,80}[:.!][\s`a-z]{0,24}(?=<(?:response|thought|actions|text)>|\{\s{0,32}[\"'])",
    re.I,
)
_HALF_PREAMBLE = re.compile(
    r"[^\n<{]{0,80}(?:[:.!][\s`a-z]{0,24}(?:<[a-z]{0,8}|\{\s{0,32})?)?\Z", re.I
)

_GAP = r"(?:\s|//[^\n]{0,120}\n){0,32}"
_OBJECT = re.compile(
    rf"\{{{_GAP}(?:([\"'])[A-Za-z_][\w -]{{0,31}}\1|[A-Za-z_]\w{{0,31}})\s{{0,8}}:"
)
_HALF_OBJECT = re.compile(
    rf"\{{{_GAP}(?:([\"'])(?:[A-Za-z_][\w -]{{0,31}})?(?:\1\s{{0,8}})?"
    r"|[A-Za-z_]\w{0,31}\s{0,8}|/(?:/[^\n]{0,120})?)?\Z"
)
_VERDICT = re.compile(r"\W{0,3}(IGNORE|NONE|STOP)\W{0,3}\Z")
_HALF_VERDICT = re.compile(r"\W{0,3}([A-Z]{0,6})\W{0,3}\Z")
_IN_TALK = frozenset({"response", "thought", "actions", "params"})
_NOBODY = frozenset({"", "none", "nobody", "no one", "null", "-"})
_LONGEST_NEXT = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model has answered, as far as it could be understood."""

    thought: str = ""
    actions: tuple[str, ...] = ()
    """Upper case, in the model's order. Words without an action mean REPLY."""
    providers: tuple[str, ...] = ()
    text: str = ""
    """Empty where the model chose silence before it wrote any words; where it chose silence after
    them, the words stand and the silence is left out of the actions."""
    complete: bool = False
    """It came to its proper end; False for one that was cut off."""
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Arguments by action, in upper case; text from outside, to be validated."""
    params_bad: bool = False
    """There were arguments that nobody could read."""
    next: str = ""
    """Who the model thinks should speak next."""


class AnswerReader:
    """Feed it the pieces as they come; `names` are those that may stand before the words.

    `said` is the field that holds the words, `also` are fields to keep beside our own.
    """

    def __init__(self, *names: str, said: str = "text", also: frozenset[str] = frozenset()) -> None:
        self._mouth = Mouth(names)
        self._said = said.lower()
        self._also = frozenset(map(str.lower, also)) | {self._said}
        self._openers = OPENERS | self._also
        self._buffer = ""
        self._left = MOST_READ
        self._read: Callable[[str, int, bool], int] = self._start
        self._after_aside: Callable[[str, int, bool], int] = self._start
        self._closer = _NEVER
        self._fence = ""
        self._form: Tagged | Braces | None = None
        self._raw: list[str] = []
        self._verdict = ""
        self._last = ""

    @property
    def waiting(self) -> int:
        """How much is held back because it may be the beginning of something; always little."""
        return len(self._buffer)

    @property
    def full(self) -> bool:
        """Nothing more will be read; the call may be closed."""
        return self._left <= 0 or self._mouth.full

    @property
    def in_form(self) -> bool:
        """What comes stands in fields; False while it is plain talk, or nobody can know."""
        return self._form is not None

    def field(self, name: str) -> str:
        """What stands in a field so far."""
        return self._form.field(name) if self._form else ""

    def feed(self, piece: str) -> str:
        """The text that has become sayable, often none."""
        piece = piece[: self._left]
        self._left -= len(piece)
        if isinstance(self._form, Braces):
            self._raw.append(piece)
        self._buffer += piece
        self._advance(final=False)
        return self._mouth.take()

    def end(self) -> Answer:
        """The answer; its text begins with all that `feed` gave, in that order."""
        answer = self._answer()
        if self._form is None:
            return answer
        after = " ".join(self._form.field("next").split())[:_LONGEST_NEXT]
        params, bad = self._params(answer.actions)
        if not (params or bad or after):
            return answer
        after = "" if after.lower() in _NOBODY else after
        return replace(answer, params=params, params_bad=bad, next=after)

    def _params(self, actions: tuple[str, ...]) -> tuple[Params, bool]:
        if isinstance(self._form, Tagged):
            return params_of(self._form.params, actions)
        if self._form is None or not self._form.has_params:
            return {}, False
        whole = loose_json.find("".join(self._raw))
        inside = whole[0] if whole else {}
        for name in WRAPPERS & inside.keys():
            inner = inside[name]
            inside = inner if isinstance(inner, dict) else inside
        return params_in(inside, actions)

    def _answer(self) -> Answer:
        self._advance(final=True)
        form = self._form
        listed = (form.field("actions") or form.field("action")) if form else self._verdict
        actions = names_in(listed)
        providers = names_in(form.field("providers")) if form else ()
        thought = (form.field("thought") or form.field("reasoning")) if form else ""
        complete = form is None or form.complete
        if declines(listed) and not self._mouth.begun:
            return Answer(thought, actions, providers, "", complete)
        if form is not None:
            form.close()
        text = self._mouth.close()
        if isinstance(form, Braces) and not text and not actions and not thought:
            raw = "".join(self._raw)
            keys = loose_json.find(raw)
            if keys is None or _NO_ANSWER_KEYS.isdisjoint(map(str.lower, keys[0])):
                # An object that is no answer of ours was meant to be seen.
                self._mouth.say(self._fence + raw)
                text = self._mouth.close()
        if text:
            actions = tuple(name for name in actions if name not in SILENT) or ("REPLY",)
        return Answer(thought, actions, providers, text, complete and bool(text or actions))

    def _advance(self, *, final: bool) -> None:
        text, at = self._buffer, 0
        while at < len(text):
            before = self._read
            step = before(text, at, final)
            if step == at and self._read == before:
                break
            at = step
        self._buffer = text[at:]

    # --- the beginning -------------------------------------------------------------------------

    def _start(self, text: str, at: int, final: bool) -> int:
        """Skip what stands before an answer and see which form it has."""
        for skipped in (_SPACE, TOKEN, _ROLE, _FENCE, _XML):
            if found := skipped.match(text, at):
                closer = over(found) if skipped is TOKEN else None
                self._fence = found[0] if skipped is _FENCE else self._fence
                return self._pass(at, closer) if closer else found.end()
        low = text[at : at + 16].lower()
        if not self._fence and low.startswith(_NO_ANSWER):
            return self._pass(at, _NEVER)
        if not final and any(sign.startswith(low) for sign in _NO_ANSWER):
            return at
        if text[at] == "<":
            tag = TAG.match(text, at)
            if tag is not None:
                return self._first_tag(tag, at)
            if unfinished(text, at, self._openers) or _HALF_XML.match(text, at):
                return self._half(text, at, final)
        elif text[at] == "{":
            if _OBJECT.match(text, at):
                self._raw.append(text[at:])
                return self._become(Braces(self._mouth, said=self._said, also=self._also), at)
            if not final and _HALF_OBJECT.match(text, at):
                return at
        elif words := self._before_words(text, at, final):
            return at if words < 0 else words
        self._talk()
        return at

    def _before_words(self, text: str, at: int, final: bool) -> int:
        """Where a preamble or a bare verdict ends; -1 while nobody can know, 0 if there is none."""
        if final:
            if verdict := _VERDICT.match(text, at):
                self._verdict = verdict[1]
                return len(text)
            return 0
        if _HALF_FENCE.match(text, at):
            return -1
        half = _HALF_ROLE.match(text, at)
        if half and any(role.startswith(half[1].lower()) for role in ("assistant", "model")):
            return -1
        half = _HALF_VERDICT.match(text, at)
        if half and any(word.startswith(half[1]) for word in SILENT):
            return -1
        low = text[at : at + 10].lower()
        if any(low.startswith(word) for word in _PREAMBLE_WORDS):
            if preamble := _PREAMBLE.match(text, at):
                return preamble.end()
            return -1 if _HALF_PREAMBLE.match(text, at) else 0
        return -1 if any(word.startswith(low) for word in _PREAMBLE_WORDS) else 0

    def _first_tag(self, tag: re.Match[str], at: int) -> int:
        closing, name = bool(tag[1]), tag[2].lower()
        if closing and name in OPENERS:
            return tag.end()
        if closer := over(tag):
            return self._pass(tag.end(), closer)
        if name in FIELDS or name in WRAPPERS or name in self._also:
            return self._become(Tagged(self._mouth, said=self._said, also=self._also), at)
        self._talk()
        return at

    def _become(self, form: Tagged | Braces, at: int) -> int:
        self._form = form
        self._read = form.read
        return at

    # --- a model that just talks ---------------------------------------------------------------

    def _talk(self) -> None:
        self._mouth.say(self._fence)  # it was around no answer, so it belongs to the words
        self._read = self._plain

    def _plain(self, text: str, at: int, final: bool) -> int:
        markup = MARKUP.search(text, at)
        end = markup.start() if markup else len(text)
        if end > at:
            return self._say(text, at, end)
        if token := TOKEN.match(text, at):
            closer = over(token)
            return self._pass(at, closer) if closer else token.end()
        tag = TAG.match(text, at)
        if tag is None:
            if unfinished(text, at, self._openers):
                return self._half(text, at, final)
            return self._say(text, at, at + 1)
        closing, name = bool(tag[1]), tag[2].lower()
        if self._last != "`":  # in backticks a tag is spoken of, not used
            if closing and name in BONES:
                return tag.end()
            if closer := over(tag):
                return self._pass(tag.end(), closer)
            if not closing and name in _IN_TALK:
                self._mouth.say("\n\n")
                return self._become(Tagged(self._mouth, said=self._said, also=self._also), at)
        return self._say(text, at, tag.end())

    def _half(self, text: str, at: int, final: bool) -> int:
        """What may become a tag; of an answer that was cut off there, it is not said."""
        if not final:
            return at
        return len(text) if len(text) - at > 2 else self._say(text, at, at + 1)

    def _say(self, text: str, at: int, end: int) -> int:
        self._mouth.say(text[at:end])
        self._last = text[end - 1]
        return end

    def _pass(self, at: int, closer: re.Pattern[str]) -> int:
        self._after_aside = self._read
        self._closer = closer
        self._read = self._passing
        return at

    def _passing(self, text: str, at: int, final: bool) -> int:
        at, ended = passed(text, at, self._closer)
        if ended:
            self._read = self._after_aside
        return at
