"""What nobody needs any more goes: files, copies of the database, old talk, traces of who was forgotten."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.clock import Clock
from core.files import Files, is_private, refs_in
from core.ids import CharacterId
from core.messages import Delivery, DeliveryStatus
from core.ports import Store, Unit
from core.settings.layers import Settings

log = logging.getLogger(__name__)

_DAY = 24 * 3600.0
_ABANDONED = 3600.0
"""Seconds after which a private file that no row names belongs to a turn that has died."""
_COPIES_LAST = timedelta(days=7)
"""Of the database, made before its tables were changed; whoever was forgotten is in them."""
_AT_ONCE = 200
"""Memories that are dropped in one commit, so that others need not wait."""
_PAUSE = 0.05
_BETWEEN = 10.0
"""Seconds between two rewritings of the file, however many people ask to be forgotten."""
_WHOLE_EVERY = 20 * 3600.0
"""Seconds between two rewritings of a large file, for which all others wait."""
_TRIES = 10
"""Seconds for those who read in the file."""
_EVER = datetime.min.replace(tzinfo=UTC)

Characters = Callable[[], Iterable[tuple[CharacterId, Settings]]]


def _nobody() -> Iterable[tuple[CharacterId, Settings]]:
    return ()


def _nothing(character: CharacterId) -> None:
    """Nobody holds anything of it."""


class Janitor:
    def __init__(
        self,
        files: Files,
        store: Store,
        clock: Clock,
        characters: Characters = _nobody,
        *,
        database: Path | None = None,
        expired: Callable[[CharacterId], None] = _nothing,
    ) -> None:
        """`characters` are those whose settings say what grows old, `database` the file beside
        which copies lie, `expired` is told of whose talk has gone."""
        self._files = files
        self._store = store
        self._clock = clock
        self._characters = characters
        self._database = database
        self._expired = expired
        self._done: deque[str] = deque()
        self._news = asyncio.Event()
        self._traces = asyncio.Event()
        self._whole_at = float("-inf")

    def settled(self, row: Delivery, status: DeliveryStatus) -> None:
        """To be told of every delivery that has come to its end."""
        if not row.private or status not in (DeliveryStatus.SENT, DeliveryStatus.FAILED):
            return
        self._done.extend(filter(is_private, refs_in(row.payload.decode())))
        if self._done:
            self._news.set()

    def scrub_soon(self) -> None:
        """Somebody was forgotten."""
        self._traces.set()

    async def run(self) -> None:
        """Until cancelled; what it leaves behind is swept in a later life."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._drop_sent())
            group.create_task(self._scrub())

    async def drop(self, refs: Iterable[str]) -> None:
        """Drop files, but for those that are still to be sent."""
        if refs := list(refs):
            named = await self._store.read(_named)
            for ref in refs:
                if ref not in named:
                    await self._drop(ref)

    async def sweep(self) -> None:
        await self._sweep_files()
        await self._sweep_copies()
        await self._expire()
        await self._scrub_whole()

    async def copies_until(self) -> datetime | None:
        """When the last copy of the database goes; None where there is none."""
        made = await asyncio.to_thread(_copies, self._database)
        return max(made.values()) + _COPIES_LAST if made else None

    # --- files and copies ----------------------------------------------------------------------

    async def _drop_sent(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            done, self._done = self._done, deque()
            await self.drop(done)

    async def _sweep_files(self) -> None:
        now = self._clock.now().timestamp()
        named = await self._store.read(_named)
        try:
            await self._files.sweep(
                named,
                before=now - _DAY,
                private_before=now - _ABANDONED,
                lasting_before=now - self._lasts,
            )
        except OSError as error:  # a disk in trouble costs nobody the sweeping of the ledgers
            log.warning("old files could not be swept (%s)", type(error).__name__)

    @property
    def _lasts(self) -> float:
        """Seconds for which somebody still remembers what was said; for ever, where one does."""
        days = [one.number("TROUPE_RETENTION_DAYS", 0) for _, one in self._characters()]
        return max(days) * _DAY if days and min(days) > 0 else float("inf")

    async def _sweep_copies(self) -> None:
        now = self._clock.now()
        try:
            for path, made in (await asyncio.to_thread(_copies, self._database)).items():
                if made + _COPIES_LAST <= now:
                    await asyncio.to_thread(path.unlink, missing_ok=True)
                    log.info("the copy %s is a week old and was deleted", path.name)
        except OSError as error:
            log.warning("old copies could not be deleted (%s)", type(error).__name__)

    async def _drop(self, ref: str) -> None:
        try:
            await self._files.drop(ref)
        except OSError as error:
            log.warning("a file could not be dropped (%s)", type(error).__name__)

    # --- what grows old --------------------------------------------------------------------------

    async def _expire(self) -> None:
        """Talk older than TROUPE_RETENTION_DAYS, and facts above TROUPE_MOST_FACTS."""
        for who, settings in list(self._characters()):
            days = settings.number("TROUPE_RETENTION_DAYS", 0)
            most = int(settings.number("TROUPE_MOST_FACTS", 1000))
            before = self._clock.now() - timedelta(days=days) if days > 0 else _EVER
            gone = 0
            while (step := await self._step(who, before, max(0, most))) == _AT_ONCE:
                gone += step
                await self._clock.sleep(_PAUSE)
            if gone + step:
                self._expired(who)
                log.info("%d memories of a character were dropped for their age", gone + step)

    async def _step(self, who: CharacterId, before: datetime, facts: int) -> int:
        return await self._store.write(
            lambda unit: unit.persons.expire(who, before, facts=facts, limit=_AT_ONCE)
        )

    # --- traces ----------------------------------------------------------------------------------

    async def _scrub(self) -> None:
        while True:
            await self._traces.wait()
            self._traces.clear()
            try:
                for _ in range(_TRIES):
                    if await self._store.scrub():
                        break
                    await self._clock.sleep(1.0)
            except Exception:  # the wall round what is done again at the next sweep
                log.exception("traces of what was forgotten could not be overwritten yet")
            await self._clock.sleep(_BETWEEN)

    async def _scrub_whole(self) -> None:
        """What was too large to be done in passing, and what a crash has left undone."""
        now = self._clock.monotonic()
        try:
            if not await self._store.scrub() and now - self._whole_at >= _WHOLE_EVERY:
                self._whole_at = now
                await self._store.scrub(whole=True)
        except Exception:  # the wall round what is done again at the next sweep
            log.exception("traces of what was forgotten could not be overwritten yet")


def _named(unit: Unit) -> set[str]:
    rows = unit.deliveries.open()
    return {ref for row in rows for ref in refs_in(row.payload.decode())}


def _copies(database: Path | None) -> dict[Path, datetime]:
    """With the times at which they were made; half a copy is one, too."""
    if database is None:
        return {}
    found = database.parent.glob(f"{database.name}.before-*")
    return {path: datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in found}
