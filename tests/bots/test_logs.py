"""What is written where, and what is written nowhere."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import warnings
from pathlib import Path

import pytest

from bots.logs import chat_line, log_path, log_scope, prompt_entry, set_up_logs
from core.secrets import Secret

log = logging.getLogger("core.something")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(level: str = "info", *, screen: io.StringIO | None = None, timestamps: bool = True) -> str:
    """A few lines through the whole path, as a reader of stderr would see them."""
    screen = screen or io.StringIO()
    with set_up_logs(level, timestamps=timestamps, stream=screen):
        log.debug("one debug line")
        log.info("one info line")
        logging.getLogger("httpx").info("GET https://somewhere")
        logging.getLogger("httpx").warning("httpx is worried")
        logging.getLogger("discord.voice_state").error("a voice line broke")
    return screen.getvalue()


def test_the_level_decides_and_vendors_are_quiet() -> None:
    assert "one debug line" not in run()
    assert "one info line" in run()
    assert "GET" not in run("debug")
    assert "one debug line" in run("DEBUG")
    assert "worried" in run("info")
    assert "worried" not in run("error")
    assert "voice line" not in run("DEBUG"), "we say it ourselves, in a sentence"


def test_an_unknown_level_is_info_and_says_so() -> None:
    shown = run("loud")
    assert "one info line" in shown
    assert "LOG_LEVEL" in shown


def test_a_plain_line_has_time_level_logger_and_text() -> None:
    line = run().splitlines()[0]
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info core\.something one info line", line
    )
    assert run(timestamps=False).startswith("info core.something")


def test_a_terminal_gets_a_short_time_and_a_coloured_level() -> None:
    line = run(screen=Terminal()).splitlines()[0]
    assert re.match(r"\d\d:\d\d:\d\d \x1b\[36minfo \x1b\[0m core\.something", line)


def test_secrets_are_masked_in_arguments_tracebacks_and_vendors_lines(tmp_path: Path) -> None:
    secret = Secret("marked-secret-4711")
    screen = io.StringIO()
    with set_up_logs(file=str(tmp_path / "t.log"), stream=screen):
        log.info("with %s", secret.reveal())
        logging.getLogger("telegram.ext").error("token %s", "110201543:" + "q" * 35)
        try:
            raise ValueError(secret.reveal())
        except ValueError:
            log.exception("it failed")
        with log_scope(turn=secret.reveal()):
            log.info("scoped")
        chat_line("in", "Ada", "bob", "room", f"my key is {secret.reveal()}")
        prompt_entry(secret.reveal(), "x" * 7_990 + secret.reveal(), secret.reveal())
    written = screen.getvalue() + "".join(file.read_text() for file in tmp_path.iterdir())
    assert "Traceback" in written
    assert "4711" not in written
    assert "marked-" not in written
    assert "qqqq" not in written


def test_colours_and_line_ends_from_outside_do_not_reach_a_line(tmp_path: Path) -> None:
    with set_up_logs(file=str(tmp_path / "t.log"), stream=io.StringIO()):
        log.info("a \x1b[31mred\x1b[0m word\nforged info line\r\u2028more")
    (line,) = (tmp_path / "t.log").read_text(encoding="utf-8").splitlines()
    assert line.endswith("a red word\\nforged info line\\r\\u2028more")


def test_a_wrong_log_call_neither_raises_nor_shows_its_arguments(
    capsys: pytest.CaptureFixture[str],
) -> None:
    root, screen = logging.getLogger(), io.StringIO()
    # The test runner's own handlers raise on such a call; here only ours shall hear it.
    others, root.handlers = root.handlers, []
    try:
        with set_up_logs(stream=screen):
            log.info("%d", "sesame")
    finally:
        root.handlers = others
    assert "wrong arguments" in screen.getvalue()
    assert "sesame" not in screen.getvalue() + "".join(capsys.readouterr())


def test_warnings_of_libraries_become_lines() -> None:
    screen = io.StringIO()
    with set_up_logs(stream=screen), warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old ways", DeprecationWarning, stacklevel=1)
    assert "old ways" in screen.getvalue()


async def test_scopes_belong_to_their_task() -> None:
    screen = io.StringIO()

    async def turn(name: str) -> None:
        with log_scope(character=name):
            await asyncio.sleep(0)
            with log_scope(turn=f"t-{name}"):
                log.info("thinks")

    with set_up_logs(stream=screen, timestamps=False):
        async with asyncio.TaskGroup() as group:
            group.create_task(turn("Ada"))
            group.create_task(turn("Eliza"))
        log.info("rests")
    assert screen.getvalue().splitlines() == [
        "info core.something [Ada t-Ada] thinks",
        "info core.something [Eliza t-Eliza] thinks",
        "info core.something rests",
    ]


def test_what_log_file_means(tmp_path: Path) -> None:
    for off in ("", " ", "false", "False", "0"):
        assert log_path(off, tmp_path) is None
    for on in ("true", "1", "TRUE"):
        assert log_path(on, tmp_path) == tmp_path / "troupe.log"
    assert log_path(str(tmp_path), tmp_path / "x") == tmp_path / "troupe.log"
    assert log_path("some/where.log", tmp_path) == Path("some/where.log")


def test_without_log_file_no_words_are_written_anywhere(tmp_path: Path) -> None:
    screen = io.StringIO()
    with set_up_logs("debug", data_dir=tmp_path, stream=screen):
        chat_line("in", "Ada", "bob", "room", "words")
        prompt_entry("slug", "words", "words")
    assert "words" not in screen.getvalue()
    assert list(tmp_path.iterdir()) == []


def test_a_message_is_one_line_of_chat_log_whatever_it_holds(tmp_path: Path) -> None:
    screen = io.StringIO()
    text = "one\ntwo\r\nthree\u2028four\x85five\x0csix\tseven \x1b[1mbold"
    with set_up_logs(file="true", data_dir=tmp_path, stream=screen):
        chat_line("in", "Ada", "bob\nbill", "telegram:1/2", text)
        chat_line("out", "Ada", "bob", "telegram:1/2", "hello", "REPLY")
    lines = (tmp_path / "chat.log").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert len(lines[0].split("\t")) == 6
    assert lines[0].endswith("six\\tseven bold")
    assert lines[1].split(" ", 1)[1] == "out\tAda\tbob\ttelegram:1/2\tREPLY\thello"
    assert screen.getvalue() == ""
    assert not (tmp_path / "troupe.log").exists()


async def test_prompt_entries_are_whole_shortened_and_never_mixed(tmp_path: Path) -> None:
    def model(index: int) -> None:
        for _ in range(20):
            prompt_entry(f"s{index}", f"ask {index}\n" + "x" * 9_000, f"answer {index}")

    with set_up_logs(file=str(tmp_path / "t.log"), stream=io.StringIO()):
        async with asyncio.TaskGroup() as group:
            for index in range(4):
                group.create_task(asyncio.to_thread(model, index))
    written = (tmp_path / "prompts.log").read_text(encoding="utf-8")
    entries = re.findall(
        r"===== \S+ s(\d)\n--- asked\nask (\d)\nx+… \((\d+) more characters\)\n"
        r"--- answered\nanswer (\d)\n",
        written,
    )
    assert len(entries) == 80
    assert {(a == b == c, cut) for a, b, cut, c in entries} == {(True, "1006")}


def test_everything_is_as_it_was_afterwards(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers), logging.getLogger("httpx").level)
    with set_up_logs("debug", file=str(tmp_path / "t.log"), stream=io.StringIO()):
        pass
    assert (root.level, list(root.handlers), logging.getLogger("httpx").level) == before


def test_a_full_disk_is_told_once_and_costs_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = io.StringIO()
    with set_up_logs(file=str(tmp_path / "t.log"), stream=screen):
        (tmp_path / "t.log").mkdir()
        log.info("first")
        log.info("second")
    assert "first" in screen.getvalue()
    assert "second" in screen.getvalue()
    assert capsys.readouterr().err == "log lines cannot be written (IsADirectoryError)\n"
