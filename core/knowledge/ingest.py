"""The librarian: takes in what characters are to know, keeps up with it, forgets what is gone."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.casting import LoadedCharacter
from core.clock import Clock
from core.errors import BadInput, StoreUnavailable
from core.ids import CharacterId, EntityId, MemoryId, RoomId, WorldId
from core.knowledge import sources
from core.knowledge.documents import (
    SHARED,
    Document,
)
from core.knowledge.learning import Learning, enriches, recipe
from core.knowledge.reading import UnreadableDocument
from core.knowledge.records import id_of, of_file, of_text
from core.knowledge.sources import Place, Seen, Wanted, Written
from core.ports import Store, Unit
from core.settings.layers import Settings

log = logging.getLogger(__name__)

_EVERY = 10.0
_NOTED = "knowledge:files"
"""In an owner's cache: what files looked like when they were read. A hint only; without it they are
read again, and found to be known."""
_EVERYBODY = "Everybody"


@dataclass(frozen=True, slots=True)
class _Known:
    """A file as it was when it was read last."""

    stat: tuple[int, int]
    document: MemoryId | None
    """None where nothing could be read."""
    recipe: str


@dataclass(frozen=True, slots=True)
class _Job:
    owner: CharacterId
    source: Written | Place
    path: Path | None = None
    stat: tuple[int, int] = (0, 0)

    @property
    def key(self) -> tuple[CharacterId, Path | str]:
        return self.owner, self.path or self.source.text  # type: ignore[union-attr]  # a Written has no path

    @property
    def name(self) -> str:
        return self.path.name if self.path else self.source.title  # type: ignore[union-attr]


@dataclass(slots=True)
class Progress:
    """Of one owner, since there was last nothing to do."""

    done: int = 0
    all: int = 0
    title: str = ""
    """Of what is read now."""


class Librarian:
    """Nothing of it is on the way of an answer. One document at a time is taken in, beside it one
    of those about which a model is asked: that may take an hour and must hold up nobody else's."""

    def __init__(
        self, store: Store, learning: Learning, clock: Clock, process: Settings, data: Path
    ) -> None:
        """`process` are the settings of the house."""
        self._store = store
        self._learning = learning
        self._clock = clock
        self._process = process
        self._data = data
        self._wanted = Wanted()
        self._settings: dict[CharacterId, Settings] = {}
        self._names: dict[CharacterId, str] = {}
        self._documents: dict[CharacterId, dict[MemoryId, Document]] = {}
        self._known: defaultdict[CharacterId, dict[Path, _Known]] = defaultdict(dict)
        self._noted: dict[CharacterId, dict[str, list[Any]]] = {}
        self._now = Seen()
        self._queued: set[tuple[CharacterId, Path | str]] = set()
        self._open: Counter[CharacterId] = Counter()
        self._plain: asyncio.Queue[_Job] = asyncio.Queue()
        self._enriched: asyncio.Queue[_Job] = asyncio.Queue()
        self._progress: dict[CharacterId, Progress] = {}
        self._looking = asyncio.Lock()
        self._running = False
        self._at_work = 0
        self._idle = asyncio.Event()
        self._complained: set[str] = set()
        self._failed: set[tuple[CharacterId, Path | str]] = set()

    # --- who there is ----------------------------------------------------------------------------

    async def tend(self, everybody: Iterable[tuple[LoadedCharacter, Settings]]) -> None:
        """These play from now on: at the start, before anybody is asked, and at each reload."""
        playing = list(everybody)
        loaded = [one for one, _ in playing]
        library = self._process.flag("LOAD_DOCS_ON_STARTUP")
        docs = Path(self._process.text("KNOWLEDGE_PATH", "./docs")) if library else None
        wanted = await asyncio.to_thread(sources.wanted, loaded, self._data, docs)
        for finding in wanted.findings:
            self._complain(str(finding))
        async with self._looking:
            self._names = {one.id: one.name for one in loaded} | {SHARED: _EVERYBODY}
            self._settings = {one.id: settings for one, settings in playing}
            self._settings[SHARED] = self._process
            if new := [one for one in self._settings if one not in self._documents]:
                await self._recall(new)
            self._wanted = wanted
            self._failed.clear()
            if self._documents[SHARED]:  # everybody else is woken by whoever plays them
                self._learning.wake(SHARED, self._process)
        if self._running:
            await self.look()

    async def _recall(self, owners: Sequence[CharacterId]) -> None:
        """What they know already, as it was written down."""
        for owner in owners:
            self._documents[owner] = {}
        for one in await self._learning.shelf.mend(owners):
            self._documents[one.owner][one.id] = one
        known = [one for one in owners if self._documents[one]]
        now = self._clock.now()

        def look(unit: Unit) -> list[Any]:
            return [unit.cache.get(one, _NOTED, now) for one in known]

        for owner, noted in zip(known, await self._store.read(look) if known else (), strict=True):
            self._noted[owner] = noted or {}
            for path, (mtime, size, document, made) in (noted or {}).items():
                if document in self._documents[owner]:
                    self._known[owner][Path(path)] = _Known((mtime, size), document, made)

    # --- keeping up ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._running = True
            for lane in (self._plain, self._enriched):
                group.create_task(self._serve(lane))
            while True:
                try:
                    await self.look()
                except Exception:  # the wall round one look: the next one may go better
                    log.exception("what characters are to know could not be looked over")
                await self._clock.sleep(_EVERY)

    async def look(self) -> None:
        """Have whatever is new taken in, and forget what is gone."""
        async with self._looking:
            wanted = self._wanted
            self._now = now = await asyncio.to_thread(sources.seen, wanted)
            for ending, count in now.skipped.items():
                if f"skipped {ending}" not in self._complained:
                    self._complained.add(f"skipped {ending}")
                    log.info("%d files (%s) are no documents, and are left out", count, ending)
            for (owner, path), (place, stat) in now.files.items():
                known = self._known[owner].get(path)
                made = _recipe_of(self._settings[owner])
                if known is None or (known.stat, known.recipe) != (stat, made):
                    self._queue(_Job(owner, place, path, stat))
            for written in wanted.written:
                there = self._documents[written.owner].get(id_of(written))
                if there is None or there.recipe != _recipe_of(self._settings[written.owner]):
                    self._queue(_Job(written.owner, written))
            await self._drop(now.forget)
            for owner in list(self._documents):
                if not self._open[owner] and owner in self._settings:
                    await self._settle(owner)

    def _queue(self, job: _Job) -> None:
        if job.key in self._queued or job.key in self._failed:
            return
        self._queued.add(job.key)
        progress = self._progress.setdefault(job.owner, Progress())
        if not self._open[job.owner]:
            self._progress[job.owner] = progress = Progress()
        self._open[job.owner] += 1
        self._at_work += 1
        self._idle.clear()
        progress.all += 1
        lane = self._enriched if enriches(self._settings[job.owner]) else self._plain
        lane.put_nowait(job)

    async def _serve(self, lane: asyncio.Queue[_Job]) -> None:
        while True:
            job = await lane.get()
            progress = self._progress[job.owner]
            progress.title = job.name
            try:
                if job.owner in self._settings:
                    await self._take(job)
            except (UnreadableDocument, BadInput, OSError) as error:
                self._cannot(job, error)
            except StoreUnavailable as error:
                log.warning("%s waits: %s", job.name, error)
            except Exception:  # the wall round one document
                log.exception("%s is left out", job.name)
                self._cannot(job, None)
            finally:
                self._queued.discard(job.key)
                self._open[job.owner] -= 1
                progress.done += 1
            if not self._open[job.owner]:
                progress.title = ""
                await self._finish(job.owner)
            self._at_work -= 1
            if not self._at_work:
                self._idle.set()

    async def idle(self) -> None:
        """Wait until everything that was found new is taken in."""
        if self._at_work:
            await self._idle.wait()

    async def _finish(self, owner: CharacterId) -> None:
        try:
            async with self._looking:
                await self._settle(owner)
        except StoreUnavailable as error:
            log.warning("what %s knows is looked over again later: %s", self._names[owner], error)
            return
        ours = [one for one in self._documents[owner].values() if one.is_tended]
        log.info(
            "%s knows %d documents (%d pieces)",
            self._names.get(owner, owner),
            len(ours),
            sum(one.pieces for one in ours),
        )

    async def _take(self, job: _Job) -> None:
        settings, source = self._settings[job.owner], job.source
        content: str | Path
        if isinstance(source, Written):
            document, content = of_text(source), source.text
        else:
            assert job.path is not None
            document, content = (
                await asyncio.to_thread(of_file, job.path, source, job.stat, self._wanted),
                job.path,
            )
        document = replace(document, recipe=_recipe_of(settings))
        ours = self._documents[job.owner]
        there = ours.get(document.id)
        if there is None or there.recipe != document.recipe:
            there, _ = await self._learning.learn(document, content, settings, before=there)
            ours[there.id] = there
        if job.path is not None:
            self._known[job.owner][job.path] = _Known(job.stat, there.id, document.recipe)

    def _cannot(self, job: _Job, error: Exception | None) -> None:
        """Say so once, and try again when the file has changed or the characters are read anew."""
        if error is not None:
            why = str(error)
            if isinstance(error, OSError):
                why = f"{job.name} cannot be opened ({type(error).__name__})"
            self._complain(f"{self._names.get(job.owner, job.owner)}: {why}")
        if job.path is None:
            self._failed.add(job.key)
            return
        if (settings := self._settings.get(job.owner)) is None:
            return
        before = self._known[job.owner].get(job.path)
        document = before.document if before is not None else None
        self._known[job.owner][job.path] = _Known(job.stat, document, _recipe_of(settings))

    def _complain(self, sentence: str) -> None:
        if sentence not in self._complained:
            self._complained.add(sentence)
            log.warning("%s", sentence)

    # --- forgetting ------------------------------------------------------------------------------

    async def _settle(self, owner: CharacterId) -> None:
        """Forget what comes from nowhere any more, once all that is new was taken in."""
        known, ours = self._known[owner], self._documents[owner]
        if not known and not ours:
            return
        there = self._now.files
        for path in [one for one in known if (owner, one) not in there]:
            if not self._is_unseen(path):
                del known[path]
        named = {one.document for one in known.values()}
        named |= {id_of(one) for one in self._wanted.written if one.owner == owner}
        for one in [one for one in ours.values() if one.is_tended and one.id not in named]:
            # Whoever does not play today has not taken anything back.
            if one.shared_by and one.shared_by not in self._settings:
                continue
            await self._learning.shelf.remove([one])
            del ours[one.id]
            log.info("%s forgets %s", self._names.get(owner, owner), one.title)
        await self._note(owner)

    async def _drop(self, asked: Mapping[MemoryId, Path]) -> None:
        """What an operator wants forgotten that was sent by somebody."""
        for document, note in asked.items():
            for ours in self._documents.values():
                if (found := ours.get(document)) is not None and not found.is_tended:
                    await self._learning.shelf.remove([found])
                    del ours[document]
            await asyncio.to_thread(note.unlink, missing_ok=True)

    def _is_unseen(self, path: Path) -> bool:
        """It lies where nobody can look just now; that does not mean that it is gone."""
        return any(path.is_relative_to(one) for one in self._now.unseen)

    async def _note(self, owner: CharacterId) -> None:
        noted = {
            str(path): [*known.stat, known.document, known.recipe]
            for path, known in self._known[owner].items()
            if known.document is not None
        }
        if noted != self._noted.get(owner, {}):
            await self._store.write(lambda unit: unit.cache.put(owner, _NOTED, noted))
            self._noted[owner] = noted

    # --- telling ---------------------------------------------------------------------------------

    def progress(self) -> Mapping[str, Progress]:
        """By character's name, of those for whom something is being taken in."""
        return {
            self._names.get(owner, owner): self._progress[owner]
            for owner, left in self._open.items()
            if left
        }

    def knows(self, character: CharacterId) -> bool:
        """Whether there is anything at all that she could look up."""
        return bool(self._documents.get(character) or self._documents.get(SHARED))

    async def sent(
        self,
        character: CharacterId,
        room: RoomId,
        world: WorldId,
        by: EntityId,
        platform: str,
        content: bytes | str,
        name: str,
        settings: Settings,
    ) -> tuple[Document, bool]:
        """See `Learning.sent`."""
        kept, new = await self._learning.sent(
            character, room, world, by, platform, content, name, settings
        )
        self._documents.setdefault(character, {})[kept.id] = kept
        return kept, new


def _recipe_of(settings: Settings) -> str:
    return settings.derived(recipe)
