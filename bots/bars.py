"""How far long work has come, on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn


@contextmanager
def bar(console: Console, title: str, total: int) -> Iterator[Callable[[int, int, str], None]]:
    """Where nobody looks at a terminal, nothing is shown."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as shown:
        task = shown.add_task(title, total=total or None)

        def show(done: int, all_of_them: int, now: str) -> None:
            described = f"{title}: {one_line(now)}" if now else title
            shown.update(task, completed=done, total=all_of_them, description=described)

        yield show


def one_line(text: str, most: int = 80) -> str:
    """Whatever people call their things, it stays on its line."""
    return "".join(sign for sign in text if sign.isprintable())[:most]
