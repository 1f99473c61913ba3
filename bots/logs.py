"""Where lines about the work go, and what never stands in one."""

from __future__ import annotations

import contextlib
import copy
import json
import logging
import queue
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TextIO

from core.secrets import taught

log = logging.getLogger(__name__)

_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "fatal": logging.CRITICAL,
}
_SHOWN = {10: "debug", 20: "info", 30: "warn", 40: "error", 50: "fatal"}
_COLOURS = {10: "\x1b[2m", 20: "\x1b[36m", 30: "\x1b[33m", 40: "\x1b[31m", 50: "\x1b[1;31m"}
_PLAIN = "\x1b[0m"
_CHATTY = ("httpx", "httpcore", "openai", "telegram", "alembic", "aiohttp.access", "discord")
# It writes a traceback for each line that breaks; whoever keeps the line up says so in a sentence.
_TOLD_BY_US = ("discord.voice_state",)
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
# Everything that some viewer takes for the end of a line, and what moves a cursor.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_FILE_SIZE, _FILES = 10_000_000, 5
_LONGEST_PROMPT = 8_000
_OFF = logging.CRITICAL + 10

_chat = logging.getLogger("troupe.chat")
_prompts = logging.getLogger("troupe.prompts")
for _words in (_chat, _prompts):
    # What people write stays out of the ordinary log, also before anything is set up.
    _words.propagate = False
    _words.setLevel(_OFF)

_scope: ContextVar[Mapping[str, str]] = ContextVar("log_scope", default=MappingProxyType({}))


@contextlib.contextmanager
def log_scope(**fields: str) -> Iterator[None]:
    """Lines from inside, and from tasks started inside, carry these values."""
    token = _scope.set({**_scope.get(), **fields})
    try:
        yield
    finally:
        _scope.reset(token)


def one_line(text: str) -> str:
    """Without colours, and with every line end visible as \\n and the like."""
    return _CONTROL.sub(lambda found: json.dumps(found[0])[1:-1], _ANSI.sub("", text))


class RedactingFormatter(logging.Formatter):
    """Masks the finished line, so arguments, tracebacks and vendors' lines are covered alike."""

    def __init__(self, *, timestamps: bool = True, colour: bool = False) -> None:
        super().__init__()
        self._timestamps = timestamps
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        return taught.mask(self._line(record))

    def _line(self, record: logging.LogRecord) -> str:
        level = _SHOWN.get(record.levelno, record.levelname.lower())
        if self._colour:
            level = f"{_COLOURS.get(record.levelno, '')}{level:<5}{_PLAIN}"
        scope = getattr(record, "scope", None) or _scope.get()
        parts = [self._time(record)] if self._timestamps else []
        parts += [level, record.name]
        parts += [f"[{one_line(' '.join(scope.values()))}]"] if scope else []
        line = " ".join((*parts, one_line(record.getMessage())))
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        return f"{line}\n{_ANSI.sub('', record.exc_text)}" if record.exc_text else line

    def _time(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC)
        if self._colour:
            return when.astimezone().strftime("%H:%M:%S")
        return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _WordsFormatter(RedactingFormatter):
    """A line of chat.log or an entry of prompts.log: masked first, cut afterwards."""

    def _line(self, record: logging.LogRecord) -> str:
        return f"{self._time(record)} {record.getMessage()}"

    def format(self, record: logging.LogRecord) -> str:
        entry = getattr(record, "entry", None)
        if entry is None:
            return super().format(record)
        slug, request, reply = entry
        # A secret that is cut in the middle would no longer be known for one.
        parts = (_shortened(taught.mask(_ANSI.sub("", text))) for text in (request, reply))
        head = f"===== {self._time(record)} {one_line(taught.mask(slug))}"
        return "\n".join(
            (
                head,
                *(
                    f"--- {title}\n{text}"
                    for title, text in zip(("asked", "answered"), parts, strict=True)
                ),
                "",
            )
        )


class _Queue(QueueHandler):
    """Hands records to the writing thread, finished as far as they depend on the moment."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        record = copy.copy(record)
        try:
            record.msg = record.getMessage()
        except Exception:  # noqa: BLE001 - anything can be wrong with arguments
            # One wall: a wrong log call must not cost the turn, nor show its arguments on stderr.
            record.msg = f"a log line of {record.filename}:{record.lineno} has wrong arguments"
        record.args = None
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        record.scope = _scope.get()
        return record


class _Complaining:
    """Says once that lines cannot be written, instead of showing them on stderr."""

    _said = False

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[0]
        if not self._said:
            self._said = True
            name = error.__name__ if error else "unknown"
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(f"log lines cannot be written ({name})\n")


class _Screen(_Complaining, logging.StreamHandler[TextIO]):
    pass


class _File(_Complaining, RotatingFileHandler):
    pass


def set_up_logs(
    level: str = "info",
    file: str = "",
    *,
    timestamps: bool = True,
    data_dir: Path = Path("data"),
    stream: TextIO | None = None,
) -> contextlib.ExitStack:
    """Send all lines to the screen, and to LOG_FILE where it names one; close it at the end.

    Another thread writes, so a slow disk never holds up the loop; closing waits for it.
    """
    screen_to = stream or sys.stderr
    number = _LEVELS.get(level.strip().lower(), logging.INFO)
    screen = _Screen(screen_to)
    screen.setFormatter(RedactingFormatter(timestamps=timestamps, colour=screen_to.isatty()))
    screen.addFilter(_only(None))
    handlers: list[logging.Handler] = [screen]
    path = log_path(file, data_dir)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handlers += [
            _file(path, RedactingFormatter(timestamps=timestamps), None),
            _file(path.with_name("chat.log"), _WordsFormatter(), _chat.name),
            _file(path.with_name("prompts.log"), _WordsFormatter(), _prompts.name),
        ]
    lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    to_thread = _Queue(lines)
    listener = QueueListener(lines, *handlers)
    opened = contextlib.ExitStack()
    for handler in handlers:
        opened.callback(handler.close)
    opened.callback(listener.stop)
    _attach(opened, to_thread, number, words=path is not None)
    listener.start()
    if level.strip().lower() not in _LEVELS:
        log.warning("LOG_LEVEL is none of debug, info, warn and error; info it is")
    return opened


def log_path(file: str, data_dir: Path) -> Path | None:
    """What LOG_FILE means: true or 1 for troupe.log in the data directory, a path, or nothing."""
    word = file.strip()
    if word.lower() in ("", "false", "0"):
        return None
    path = data_dir if word.lower() in ("true", "1") else Path(word)
    return path / "troupe.log" if path == data_dir or path.is_dir() else path


def chat_line(
    direction: Literal["in", "out"],
    character: str,
    who: str,
    room: str,
    text: str,
    action: str = "",
) -> None:
    """One line for one message, into chat.log only, and only where LOG_FILE is set."""
    if _chat.isEnabledFor(logging.INFO):
        fields = (direction, character, who, room, action or "-", text)
        _chat.info("%s", "\t".join(one_line(field).replace("\t", "\\t") for field in fields))


def prompt_entry(slug: str, request_text: str, reply_text: str) -> None:
    """One whole entry in prompts.log, found by its slug; only where LOG_FILE is set."""
    if _prompts.isEnabledFor(logging.INFO):
        _prompts.info("", extra={"entry": (slug, request_text, reply_text)})


def _attach(
    until: contextlib.ExitStack, handler: logging.Handler, level: int, *, words: bool
) -> None:
    """Put the handler in the way of all loggers, until the stack closes."""
    root = logging.getLogger()
    levels = {root: level}
    levels |= {logging.getLogger(name): max(level, logging.WARNING) for name in _CHATTY}
    levels |= {logging.getLogger(name): logging.CRITICAL for name in _TOLD_BY_US}
    heard = [root]
    if words:
        levels |= {_chat: logging.INFO, _prompts: logging.INFO}
        heard += [_chat, _prompts]
    for logger, wanted in levels.items():
        until.callback(logger.setLevel, logger.level)
        logger.setLevel(wanted)
    for logger in heard:
        until.callback(logger.removeHandler, handler)
        logger.addHandler(handler)
    until.callback(logging.captureWarnings, False)
    logging.captureWarnings(True)


def _file(path: Path, formatter: logging.Formatter, of: str | None) -> _File:
    handler = _File(path, maxBytes=_FILE_SIZE, backupCount=_FILES, encoding="utf-8", delay=True)
    handler.setFormatter(formatter)
    handler.addFilter(_only(of))
    return handler


def _only(name: str | None) -> Callable[[logging.LogRecord], bool]:
    """Records of one logger; without a name, of all but those with people's words."""
    if name is None:
        return lambda record: record.name not in (_chat.name, _prompts.name)
    return lambda record: record.name == name


def _shortened(text: str) -> str:
    rest = len(text) - _LONGEST_PROMPT
    return text if rest <= 0 else f"{text[:_LONGEST_PROMPT]}… ({rest} more characters)"
