"""The gateway, with its commits counted: says at its end how many there were, and for how much."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from bots.cli import command
from core.store.writer import Writer


class Counts:
    """Every commit, and how many functions shared it."""

    def __init__(self) -> None:
        self.commits = 0
        self.writes = 0

    def watch(self) -> None:
        commit = Writer._commit

        def counted(writer: Writer, batch: Sequence[Any]) -> None:
            self.commits += 1
            self.writes += len(batch)
            commit(writer, batch)

        Writer._commit = counted  # type: ignore[method-assign, assignment]  # a count needs no port of its own


if __name__ == "__main__":
    counts = Counts()
    counts.watch()
    code = command(sys.argv[1:])
    print(json.dumps({"commits": counts.commits, "writes": counts.writes}), flush=True)
    sys.exit(code)
