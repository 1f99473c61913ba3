"""Vectors of a conversation, made by a model on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.models.local import Folders, name_of
from core.settings.layers import Settings
from core.store.engine import SqlStore
from tests.recall.asking import SHE

_AT_ONCE = 200


class Local:
    """core.memory.recall.Asking without an allowance; `asks` off leaves vectors to be lent."""

    def __init__(self, folder: Path, *, asks: bool = True, name: str = "") -> None:
        self.folder = str(folder)
        self.folders = Folders()
        self.asks = asks
        self.asked = 0
        self.name = name or name_of(self.folder)

    def model(self, settings: Settings) -> str:
        return self.name

    async def query(
        self, settings: Settings, text: str, *, force: bool = False
    ) -> Sequence[float] | None:
        if not self.asks:
            return None
        self.asked += 1
        return await self.folders.embed(self.folder, text, None)  # type: ignore[no-any-return]

    async def learn(self, store: SqlStore) -> None:
        """Vectors of everything she has heard."""
        after, more = 0, True
        while more:
            rows, after = await store.read(
                lambda unit, start=after: unit.vectors.missing(SHE, self.name, start, _AT_ONCE)
            )
            more = bool(rows)
            made = await self.folders.embed(
                self.folder, [memory.content.text for _, memory in rows], None
            )
            kept = [(seq, memory, one) for (seq, memory), one in zip(rows, made, strict=True)]
            await store.write(lambda unit, kept=kept: unit.vectors.put(self.name, kept))
