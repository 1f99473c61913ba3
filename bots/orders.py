"""An operator's wish, handed to the gateway that runs by a file, and answered by another.

A database has one writer. Whoever finds a gateway at work puts a file into `<data>/orders`; the
gateway takes it up, does it with everything it holds in memory told, and writes down what came
of it. Files name ids alone, and no person.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from core.clock import Clock
from core.errors import BadInput, Finding
from core.ids import CharacterId, EntityId

log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds for a gateway that is busy."""
_LOOK = 0.1
_STALE = 3600.0
"""Seconds after which nobody waits for an answer any more."""
_GIVEN, _TAKEN, _DONE = ".order", ".taken", ".done"

FORGET, LET_IN, KEEP_OUT, REMOVE = "forget", "let in", "keep out", "remove"
DROP_BOT, RENEW_TOKEN = "drop bot", "renew token"
_NOBODY = EntityId("")
Do = Callable[[CharacterId, EntityId], Awaitable[Mapping[str, int]]]
"""Carries one order out; what has come of it, by kind."""


def folder_of(data: Path) -> Path:
    return data / "orders"


# --- the command's side ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Given:
    """An order that waits to be taken up."""

    file: Path

    def answer(self, patience: float = PATIENCE) -> Mapping[str, int]:
        """What came of it, by kind. Blocks; raises BadInput where nobody has done it."""
        until = time.monotonic() + patience
        done = self.file.with_suffix(_DONE)
        while not done.exists():
            if time.monotonic() >= until and self._withdrawn():
                mend = "Stop the gateway, and say it again"
                raise BadInput(Finding("the gateway", "has not taken it up", mend))
            time.sleep(_LOOK)
        told = orjson.loads(done.read_bytes())
        done.unlink(missing_ok=True)
        if trouble := told.get("trouble"):
            raise BadInput(Finding("the gateway", trouble, "Its log says more"))
        counts: Mapping[str, int] = told["counts"]
        return counts

    def _withdrawn(self) -> bool:
        """False where it is being carried out: then it is waited for."""
        try:
            self.file.unlink()
        except FileNotFoundError:
            return False
        return True


def give(data: Path, character: CharacterId, entity: EntityId = _NOBODY, do: str = FORGET) -> Given:
    """Ask the gateway that runs on this directory to do something about somebody."""
    folder = folder_of(data)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{uuid4().hex}{_GIVEN}"
    _write(file, {"do": do, "character": character, "entity": entity})
    return Given(file)


# --- the gateway's side ----------------------------------------------------------------------------


async def take_up(data: Path, does: Mapping[str, Do], clock: Clock) -> None:
    """Carry out what was ordered, also what an earlier process was killed in the midst of."""
    try:
        for file in await asyncio.to_thread(_taken, folder_of(data), clock.now().timestamp()):
            await _carry_out(file, does)
    except OSError as error:
        log.warning("orders cannot be read now (%s)", type(error).__name__)


async def _carry_out(file: Path, does: Mapping[str, Do]) -> None:
    try:
        told = orjson.loads(await asyncio.to_thread(file.read_bytes))
        do = does[told["do"]]
        counts = await do(CharacterId(told["character"]), EntityId(told["entity"]))
        said: dict[str, Any] = {"counts": dict(counts)}
    except Exception:  # the wall round one order: the gateway goes on
        log.exception("an order could not be carried out")
        said = {"trouble": "could not do it"}
    await asyncio.to_thread(_write, file.with_suffix(_DONE), said)
    await asyncio.to_thread(file.unlink, missing_ok=True)


def _taken(folder: Path, now: float) -> list[Path]:
    """Orders, oldest first, each under a name that tells whoever gave it that it is too late."""
    found = []
    for file in folder.glob("*.*") if folder.is_dir() else ():
        made = file.stat().st_mtime
        if file.suffix == _GIVEN:
            found.append((made, file.rename(file.with_suffix(_TAKEN))))
        elif file.suffix == _TAKEN:
            found.append((made, file))
        elif file.suffix == _DONE and made < now - _STALE:
            file.unlink(missing_ok=True)
    return [file for _, file in sorted(found)]


def _write(file: Path, said: Mapping[str, Any]) -> None:
    """Whole or not at all."""
    part = file.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(orjson.dumps(said))
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
