"""elizaOS' dynamic prompt execution: ask for named fields, check what came, ask again, or give up.

The result is whole or None. A field whose codes came back right is kept when the rest has to be
asked for again, and what a person has seen is not shown twice.
"""

from __future__ import annotations

import inspect
import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal

from core.backoff import Backoff
from core.clock import Clock, SystemClock
from core.errors import ModelError
from core.ports import ModelRequest, ModelRole, Said
from core.prompting.loose import MOST_READ, find
from core.prompting.schema import Codes, Format, Row, checked, rows_of
from core.prompting.showing import Showing
from core.prompting.templates import Template, written

__all__ = ["Backoff", "Calls", "Options", "Row", "StreamEvent", "level_of", "prompt_exec"]

log = logging.getLogger(__name__)

Ask = Callable[[ModelRequest], AsyncGenerator[str, None]]
"""One streamed call of a model; raises ModelError."""

_RETRIES = (0, 2, 1, 3)
"""By level."""
_LEVELS = {"trusted": 0, "fast": 0, "progressive": 1, "strict": 3, "safe": 3}
_USUAL_LEVEL = 1
_LONGEST_DONE = 2000


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """What happens while a prompt is answered."""

    kind: Literal["chunk", "field_validated", "retry_start", "error", "complete"]
    field: str = ""
    text: str = ""
    """Of a chunk: what may be shown now, after what was shown before. Of an error: the reason."""
    attempt: int = 1
    values: Mapping[str, Any] | None = None
    """Of `complete`: the result."""


class Calls:
    """How many calls one message may still cost, whoever makes them (DP-09)."""

    def __init__(self, most: int) -> None:
        self.left = most

    def take(self) -> bool:
        if self.left <= 0:
            return False
        self.left -= 1
        return True


@dataclass(frozen=True, slots=True)
class Options:
    format: Format = "xml"
    level: int = _USUAL_LEVEL
    """0: no codes but where a row wants them. 1: around each field. 2: from three places of the
    prompt. 3: those twice. The higher, the later is anything shown."""
    max_retries: int | None = None
    """None: by level."""
    backoff: Backoff = field(default_factory=Backoff)
    role: ModelRole = "TEXT_LARGE"
    """For whoever makes `ask`."""
    calls: Calls | None = None
    """Shared by all prompts of one message."""
    on_event: Callable[[StreamEvent], Awaitable[None] | None] | None = None
    clock: Clock = field(default_factory=SystemClock)
    system: str = ""
    longest: int = 48_000
    """Characters of a prompt; of a longer one the middle is left out, never a code."""
    max_tokens: int = 4096
    temperature: float | None = None
    fresh: Callable[[], str] = lambda: secrets.token_hex(4)
    """A code that nobody can guess."""

    @property
    def retries(self) -> int:
        return _RETRIES[self.level] if self.max_retries is None else max(0, self.max_retries)

    @classmethod
    def of(cls, given: Mapping[str, Any], **more: Any) -> Options:
        """From elizaOS' options, in camelCase or snake_case; `more` are fields of ours."""

        def first(*names: str) -> Any:
            return next((given[name] for name in names if given.get(name) is not None), None)

        level = first("validationLevel", "validation_level", "contextCheckLevel", "level")
        retries = first("maxRetries", "max_retries")
        pause = first("retryBackoff", "retry_backoff", "backoff")
        options: dict[str, Any] = {
            "format": "json" if str(first("format") or "").lower() == "json" else "xml",
            "level": level_of(level),
            "max_retries": retries if isinstance(retries, int) else None,
            "role": _role(
                str(first("modelType", "model_type", "modelSize", "model", "role") or "")
            ),
            "on_event": first("onStreamEvent", "on_stream_event", "on_event"),
        }
        if isinstance(pause, Mapping):
            options["backoff"] = Backoff(
                float(pause.get("baseMs", pause.get("base_ms", 250))) / 1000,
                float(pause.get("maxMs", pause.get("max_ms", 4000))) / 1000,
                float(pause.get("factor", 2.0)),
            )
        elif isinstance(pause, Backoff):
            options["backoff"] = pause
        return cls(**{**options, **more})


def level_of(word: Any, usual: int = _USUAL_LEVEL) -> int:
    """VALIDATION_LEVEL: 0 to 3 or elizaOS' words; anything else is said in the log and ignored."""
    if word is None or word == "":
        return usual
    if isinstance(word, str):
        low = word.strip().lower()
        word = _LEVELS.get(low, int(low) if low.isdecimal() and len(low) < 4 else low)
    if isinstance(word, int) and 0 <= word <= 3:
        return int(word)
    log.warning("validation level %.40s is unknown, %d stands in; 0 to 3 are known", word, usual)
    return usual


async def prompt_exec(
    ask: Ask,
    *,
    values: Mapping[str, Any],
    template: Template,
    rows: Iterable[Row | Mapping[str, Any]],
    options: Options | None = None,
) -> dict[str, Any] | None:
    """The fields that were asked for, without those nobody required and nobody gave.

    None when no answer held, after all retries. Raises ModelError as `ask` does, TemplateError for
    the template and ValueError for the rows.
    """
    options = options or Options()
    if not 0 <= options.level <= 3:
        raise ValueError(f"validation level {options.level} is unknown; there are 0 to 3")
    asked = rows_of(rows)
    body = written(template, values)
    return await _Execution(ask, body, asked, options).run()


class _Execution:
    """One prompt until it is answered."""

    def __init__(self, ask: Ask, body: str, rows: Sequence[Row], options: Options) -> None:
        self._ask = ask
        self._body = body
        self._rows = rows
        self._options = options
        self._done: dict[str, Any] = {}
        self._shown: dict[str, str] = {}
        self._attempt = 0

    async def run(self) -> dict[str, Any] | None:
        options = self._options
        problem = ""
        for attempt in range(1, options.retries + 2):
            if options.calls is not None and not options.calls.take():
                problem = f"{problem or 'nothing was asked'}; no call is left for this message"
                break
            self._attempt = attempt
            if attempt > 1:
                await self._tell("retry_start", text=problem)
                await options.clock.sleep(options.backoff.pause(attempt - 1))
            problem = await self._try()
            if not problem:
                result = {row.field: self._done[row.field] for row in self._left(done=True)}
                log.info("structured answer after %d calls", attempt)
                await self._tell("complete", values=result)
                return result
        log.warning("no structured answer after %d calls: %s", self._attempt, problem)
        await self._tell("error", text=problem)
        return None

    async def _try(self) -> str:
        """One call; returns what is wrong with its answer."""
        options = self._options
        rows = self._left(done=False)
        codes = Codes.make(rows, options.level, options.fresh)
        showing = Showing(rows, codes, options.level) if options.on_event else None
        pieces: list[str] = []
        room = MOST_READ
        try:
            async with aclosing(self._ask(self._request(rows, codes))) as answer:
                async for piece in answer:
                    pieces.append(piece)
                    room -= len(piece)
                    for name, text in showing.feed(piece) if showing else ():
                        await self._show(name, text)
                    if room < 0:
                        break
        except ModelError as error:
            await self._tell("error", text=type(error).__name__)
            raise
        names = tuple(row.field for row in rows)
        words = tuple(row.field for row in rows if row.wordy)
        found = find(
            "".join(pieces), form=options.format, fields=(*names, *codes.names), words=words
        )
        result = checked(found, rows, codes)
        for row in rows:
            if row.field in result.good:
                self._done[row.field] = value = result.good[row.field]
                await self._tell("field_validated", row.field)
                if row.streams and isinstance(value, str):
                    await self._show(row.field, value, whole=True)
        return result.problem

    def _left(self, *, done: bool) -> list[Row]:
        return [row for row in self._rows if (row.field in self._done) == done]

    # --- asking --------------------------------------------------------------------------------

    def _request(self, rows: Sequence[Row], codes: Codes) -> ModelRequest:
        options = self._options
        form = _form(codes.shape(rows), options.format, coded=bool(codes.all))
        done = "".join(
            f"<{name}>{str(value)[:_LONGEST_DONE]}</{name}>\n" for name, value in self._done.items()
        )
        if done:
            form = f"These fields are written already, leave them out:\n{done}\n{form}"
        room = max(1000, options.longest - len(form) - len(options.system) - 200)
        return ModelRequest(
            system=options.system,
            messages=(Said("user", _laid_out(_shortened(self._body, room), form, codes)),),
            max_tokens=options.max_tokens,
            temperature=options.temperature,
        )

    # --- telling -------------------------------------------------------------------------------

    async def _show(self, name: str, text: str, *, whole: bool = False) -> None:
        """Show what is new in it. What contradicts the words a person has seen already waits for
        `complete`: taking them back piece by piece would be worse."""
        shown = self._shown.get(name, "")
        if not text.startswith(shown) or len(text) == len(shown):
            return
        if whole or text[len(shown) :].strip():
            self._shown[name] = text
            await self._tell("chunk", name, text[len(shown) :])

    async def _tell(
        self,
        kind: Literal["chunk", "field_validated", "retry_start", "error", "complete"],
        name: str = "",
        text: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> None:
        if self._options.on_event is None:
            return
        event = StreamEvent(kind, name, text, self._attempt, values)
        try:
            told = self._options.on_event(event)
            if inspect.isawaitable(told):
                await told
        except Exception as error:  # noqa: BLE001 - the wall around whoever listens
            log.warning("a listener of a structured answer failed: %s", type(error).__name__)


def _form(shape: Sequence[tuple[str, str]], form: Format, *, coded: bool) -> str:
    if form == "json":
        lines = ",\n".join(f'  "{name}": "<{wish}>"' for name, wish in shape)
        example = f"{{\n{lines}\n}}"
        what = "one JSON object with these keys in this order"
    else:
        lines = "\n".join(f"  <{name}>{wish}</{name}>" for name, wish in shape)
        example = f"<response>\n{lines}\n</response>"
        what = "this block"
    codes = " Copy every code exactly." if coded else ""
    return f"# How to answer\nAnswer with {what} and nothing else.{codes}\n{example}"


def _laid_out(body: str, form: str, codes: Codes) -> str:
    if not codes.ends:
        return f"{body}\n\n{form}"
    middle = body.find("\n", len(body) // 2) + 1 or len(body)
    first, second, last = codes.ends.values()
    return (
        f"The first code is {first}\n{body[:middle]}\nThe middle code is {second}\n"
        f"{body[middle:]}\n\n{form}\nThe last code is {last}"
    )


def _shortened(body: str, most: int) -> str:
    """The beginning says what to do and the end what about, so the middle goes."""
    if len(body) <= most:
        return body
    head = most // 3
    return f"{body[:head]}\n[…]\n{body[len(body) - (most - head - 6) :]}"


def _role(name: str) -> ModelRole:
    name = name.upper()
    if "SMALL" in name:
        return "TEXT_SMALL"
    return "TEXT_MEDIUM" if "MEDIUM" in name else "TEXT_LARGE"
